"""A notebook as code: by the digest of what its author wrote, whatever the cells printed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any


def digest(path: Path) -> str | None:
    """SHA-256 of a notebook without outputs and counts, as canonical JSON; None for what is no notebook."""
    try:
        found = json.loads(path.read_bytes())
        stripped = {"nbformat": found.get("nbformat"), "cells": [_written(cell) for cell in found["cells"]]}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return hashlib.sha256(json.dumps(stripped, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _written(cell: dict[str, Any]) -> dict[str, Any]:
    """What a cell says: its type and source, one text however its lines are kept."""
    source = cell.get("source", "")
    return {"type": cell.get("cell_type"), "source": source if isinstance(source, str) else "".join(source)}
