"""What `metadata/store.yaml` says, with its defaults."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PATH = "metadata/store.yaml"
TREE = "tree"
_DVC_ABOVE = 1 << 20
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?(?:([KMGT])(i?))?B")


@dataclass(frozen=True, slots=True)
class Settings:
    """A store's settings; `present` tells whether there is a store.yaml at all."""

    main: str = "main"
    events: str = TREE
    readers: tuple[str, ...] = ("dvc", "gto")
    dvc_above: int = _DVC_ABOVE
    capture_text: bool = False
    capture_variables: tuple[str, ...] = ()
    present: bool = False

    @classmethod
    def of(cls, data: Mapping[str, Any] | None) -> Settings:
        """The settings that a store.yaml's data gives; what is missing or malformed is as by default."""
        if data is None:
            return cls()
        capture = data.get("capture")
        variables = capture.get("variables") if isinstance(capture, Mapping) else None
        readers = data.get("readers")
        return cls(
            main=_text(data.get("main"), "main"),
            events=_text(data.get("events"), TREE),
            readers=tuple(map(str, readers)) if isinstance(readers, list) else ("dvc", "gto"),
            dvc_above=_size(data.get("series")),
            capture_text=isinstance(capture, Mapping) and capture.get("text") is True,
            capture_variables=tuple(map(str, variables)) if isinstance(variables, list) else (),
            present=True,
        )


def _size(series: Any) -> int:
    """The bytes from which on DVC tracks a series: a number, or one with a unit (`1.5 MB`, `1 MiB`)."""
    above = series.get("dvc_above") if isinstance(series, Mapping) else None
    if isinstance(above, int) and not isinstance(above, bool):
        return above
    found = _SIZE.fullmatch(above) if isinstance(above, str) else None
    if found is None:
        return _DVC_ABOVE
    thousand = 1024 if found[3] else 1000
    return int(float(found[1]) * thousand ** " KMGT".index(found[2] or " "))


def _text(value: Any, default: Any) -> str:
    return value if isinstance(value, str) and value else str(default)
