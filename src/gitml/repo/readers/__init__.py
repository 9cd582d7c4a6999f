"""Readers: what other tools have written becomes derived, read-only records."""

from __future__ import annotations

from collections.abc import Mapping

KINDS: Mapping[str, tuple[str, ...]] = {
    "dvc": ("dvc-pipeline", "dvc-stage", "dvc-output", "run"),
    "gto": ("model-version", "alias", "status"),
    "model-index": ("model", "model-collection"),
}
"""The readers that there are, and the kinds of records that each makes."""
