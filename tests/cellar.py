"""A small cellar for the tests of the doors: two commits, the same ids each time, written by the command line."""

from __future__ import annotations

from pathlib import Path

from command_line import fine
from gitrepo import git, init, write

RUN_A, RUN_B, RUN_C = (f"01JD7K000000000000000000{letter}0" for letter in "ABC")
ID_1, ID_2 = "01JD7M00000000000000000010", "01JD7M00000000000000000020"


def cellar(place: Path) -> None:
    """Two commits: the records of February, tagged v1; then a better run, and the model made of it."""
    init(place)
    # The packaged schemas serve: the ids of these commits do not hang on what a schema says today.
    write(place, {"metadata/store.yaml": "schema: store/1\nmain: main\n"})
    fine(place, "new", "metric", "auc", "direction=higher", "tolerance.absolute=0.005")
    fine(place, "new", "model", "wine", "description=Price band of a wine.", 'owners=["@cellar-ml"]')
    _run(place, RUN_A, "0.01", "0.91")
    _run(place, RUN_B, "0.1", "0.85", 'tags={year: "2025"}')
    fine(place, "new", "model-version", "wine@1", f"id={ID_1}", f"run=run/wine/{RUN_A}", "metrics.auc=0.91")
    git(place, "add", "-A")
    git(place, "commit", "-q", "-m", "February")
    git(place, "tag", "v1")
    _run(place, RUN_C, "0.001", "0.93", "tags.team=cellar", "metrics.loss=.nan")
    fine(place, "new", "model-version", "wine@2", f"id={ID_2}", f"run=run/wine/{RUN_C}", "metrics.auc=0.93")
    fine(place, "promote", "model/wine@2", "production", "--reason", "better by 0.02")
    git(place, "add", "-A")
    git(place, "commit", "-q", "-m", "March")


def _run(place: Path, name: str, rate: str, auc: str, *more: str) -> None:
    fine(place, "new", "run", f"wine/{name}", "status=finished", f"params.lr={rate}", f"metrics.auc={auc}", *more)
