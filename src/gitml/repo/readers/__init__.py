"""Readers: what other tools have written becomes derived, read-only records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

KINDS: Mapping[str, tuple[str, ...]] = {
    "dvc": ("dvc-pipeline", "dvc-stage", "dvc-output", "run"),
    "gto": ("model-version", "alias", "status"),
    "model-index": ("model", "model-collection"),
}
"""The readers that there are, and the kinds of records that each makes."""


def making(readers: Iterable[str], kind: str | None) -> tuple[str, ...]:
    """Those of some readers that make a kind; without one all of them."""
    return tuple(name for name in readers if kind is None or kind in KINDS.get(name, ()))
