"""Environment variables that change what a run computes, and those that a store's settings allow besides."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Final

_KNOWN: Final = (
    "CUBLAS_WORKSPACE_CONFIG", "CUDA_VISIBLE_DEVICES", "JAX_ENABLE_X64", "JAX_PLATFORMS", "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "PYTHONHASHSEED", "PYTORCH_CUDA_ALLOC_CONF",
    "TF_DETERMINISTIC_OPS", "TOKENIZERS_PARALLELISM", "XLA_FLAGS",
)  # fmt: skip


def variables(allowed: Iterable[str] = ()) -> dict[str, str]:
    """Those that are set; of no other anything is ever recorded."""
    return {name: os.environ[name] for name in sorted({*_KNOWN, *allowed}) if name in os.environ}
