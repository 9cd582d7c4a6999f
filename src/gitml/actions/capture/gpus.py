"""Graphics processors, by NVIDIA's management library where its Python bindings (nvidia-ml-py) are installed."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import Any, Final, NamedTuple

# What a driver shows on Linux, and on Windows' own Linux: without it the bindings need not be loaded (25 ms).
_DRIVERS: Final = ("/dev/nvidiactl", "/proc/driver/nvidia", "/dev/dxg")
_GIGA: Final = 1e9
_MILLI: Final = 1e-3


class Load(NamedTuple):
    """The use of one graphics processor: percent, memory in bytes, joules since its driver was loaded."""

    percent: int
    memory: int
    joules: float


def named() -> list[Mapping[str, Any]]:
    """Name, memory and driver of each, as a `host` has them."""
    found: list[Mapping[str, Any]] = []
    for nvml, one in _devices():
        with suppress(nvml.NVMLError):
            size = round(nvml.nvmlDeviceGetMemoryInfo(one).total / _GIGA, 1)
            found.append({
                "name": _text(nvml.nvmlDeviceGetName(one)),
                "memory_gb": int(size) if size.is_integer() else size,
                "driver": _text(nvml.nvmlSystemGetDriverVersion()),
            })  # fmt: skip
    return found


def load() -> Sequence[Load]:
    """What each is doing now."""
    found = []
    for nvml, one in _devices():
        with suppress(nvml.NVMLError):
            used, memory = nvml.nvmlDeviceGetUtilizationRates(one).gpu, nvml.nvmlDeviceGetMemoryInfo(one).used
            found.append(Load(used, memory, _joules(nvml, one)))
    return found


def _joules(nvml: Any, device: Any) -> float:
    try:
        return float(nvml.nvmlDeviceGetTotalEnergyConsumption(device)) * _MILLI
    except nvml.NVMLError:  # before Volta
        return 0.0


def _devices() -> Iterator[tuple[Any, Any]]:
    nvml = _library()
    if nvml is not None:
        with suppress(nvml.NVMLError):
            for number in range(nvml.nvmlDeviceGetCount()):
                yield nvml, nvml.nvmlDeviceGetHandleByIndex(number)


@cache
def _library() -> Any:
    """The bindings, ready for use; None where there are none, or no driver."""
    if sys.platform == "linux" and "pynvml" not in sys.modules and not any(map(os.path.exists, _DRIVERS)):
        return None
    try:
        import pynvml
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return None
    return pynvml


def _text(name: str | bytes) -> str:
    return name.decode(errors="replace") if isinstance(name, bytes) else name
