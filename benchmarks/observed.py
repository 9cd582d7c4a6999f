"""Figures as records: what a bench measured, on what machine and commit, is an `observation` in our own store."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import gitml
from gitml.actions import capture

ROOT = Path(__file__).parents[1]
_KIND, _TYPE = "observation", "bench"


def keep(command: str, rows: Sequence[Mapping[str, Any]], *, commit: str | None = None, time: str = "") -> str:
    """Write an observation of what a command measured, not committed; its ref.

    Each row has `what` was measured, its numbers, and words about them; the numbers become metrics, by the words of
    `what` and, where there is one, by `size`. Commit and time are these, unless others are given.
    """
    store = gitml.open(ROOT)
    metrics: dict[str, dict[str, float]] = {}
    for row in rows:
        name = _slug(f"{row['what']} {row.get('size') or ''}")
        name = _slug(f"{name} {row.get('against', '')}") if name in metrics else name
        metrics[name] = {key: _rounded(value) for key, value in row.items() if isinstance(value, float)}
    edited = [one.path for one in store.repository.git.status() if not one.path.startswith(("metadata/", "docs/"))]
    fields = {
        "type": _TYPE,
        "created": time or datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "by": command,
        "metrics": metrics,
        "code": {"commit": commit or store.repository.git.head(), "dirty": bool(edited), "command": command},
        "host": dict(capture.host()),
        "custom": {"rows": [{key: _rounded(value) for key, value in row.items() if value is not None} for row in rows]},
    }
    return str(store.new(_KIND, None, fields).changes[0].ref)


def latest(command: str) -> Mapping[str, Any] | None:
    """What was observed of a command last; None where nothing was."""
    found = [
        record.data
        for record in gitml.open(ROOT).snapshot.records(_KIND)
        if record.data.get("type") == _TYPE and record.data.get("by") == command
    ]
    return max(found, key=lambda data: str(data["created"]), default=None)


def _slug(words: str) -> str:
    """Words as a name that needs no quotes in a filter."""
    return re.sub(r"[^a-z0-9]+", "_", words.casefold().replace(",", "")).strip("_")


def _rounded(value: Any) -> Any:
    """A figure to four digits: the fifth is noise."""
    return float(f"{value:.4g}") if isinstance(value, float) else value
