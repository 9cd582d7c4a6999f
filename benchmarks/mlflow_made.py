"""Runs as both sides can hold them: generated, restricted to what MLflow knows, and written to a store of ours."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import generate

from gitml.records.ref import Ref

RUNS = "runs.jsonl"
KEPT = ("type", "status", "created", "ended", "by")


def made(folder: Path, count: int) -> None:
    """A store of `count` runs in `folder/store`, and the same as a JSON line each in `folder/runs.jsonl`."""
    lines: list[str] = []

    def kept(ref: Ref, data: Mapping[str, Any]) -> Mapping[str, Any]:
        experiment, run = ref.keys
        shared = restricted(data)
        # MLflow quotes an experiment's name in a search of its own, and refuses one with an apostrophe.
        lines.append(json.dumps({"id": run, "experiment": experiment.replace("'", ""), **told(shared)}))
        return shared

    files = generate.runs(count, kept=kept).files
    generate.commit(folder / "store", files, checkout=True)
    (folder / RUNS).write_text("\n".join(lines))


def restricted(data: Mapping[str, Any]) -> dict[str, Any]:
    """What MLflow can hold of a run: parameters are text of one line, metrics are finite numbers, and no provenance."""
    return {
        **{name: data[name] for name in KEPT if name in data},
        "params": _mapped(data["params"], lambda value: " ".join(str(value).split())),
        "metrics": {name: value for name, value in data["metrics"].items() if math.isfinite(value)},
        "tags": {"team": "none", **data.get("tags", {})},
    }


def _mapped(data: Mapping[str, Any], deed: Callable[[Any], Any]) -> dict[str, Any]:
    return {name: _mapped(value, deed) if isinstance(value, dict) else deed(value) for name, value in data.items()}


def told(shared: Mapping[str, Any]) -> dict[str, Any]:
    """The same run in MLflow's words: flat names with dots, milliseconds."""
    return {
        "status": shared["status"].upper(),
        "user": shared["by"],
        "start": _milliseconds(shared["created"]),
        "end": _milliseconds(shared["ended"]) if "ended" in shared else None,
        "params": flat(shared["params"]),
        "metrics": shared["metrics"],
        "tags": shared["tags"],
    }


def _milliseconds(time: str) -> int:
    return int(datetime.fromisoformat(time).timestamp()) * 1000


def flat(told: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Nested names with dots between them."""
    found: dict[str, Any] = {}
    for name, value in told.items():
        found |= flat(value, f"{before}{name}.") if isinstance(value, dict) else {before + name: value}
    return found
