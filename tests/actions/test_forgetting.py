"""A run that nobody wants is not brought back."""

from __future__ import annotations

from pathlib import Path

import pytest

import gitml
from command_line import ml
from gitml.errors import BadValue, NotFound


def test_a_run_that_was_removed_is_forgotten_when_asked(plain: Path) -> None:
    with gitml.run("wine") as kept, gitml.run("wine") as gone:
        pass
    store = gitml.open()
    for run in (kept, gone):
        Path(store.show(run.ref).path).unlink()
    said = ml(plain, "sync", "--forget", gone.ref)
    assert said.code == 0
    assert said.out.endswith("runs: 1 restored, 1 forgotten\n")
    assert [row["ref"] for row in gitml.open().rows("run").rows] == [kept.ref]
    assert "1 uncommitted" in ml(plain, "sync").out


def test_what_goes_on_stands_there_or_is_unknown_is_not_forgotten(plain: Path) -> None:
    store = gitml.open()
    with gitml.run("wine") as run, pytest.raises(BadValue, match="goes on"):
        store.sync(forget=[run.ref])
    with pytest.raises(BadValue, match="stands in the work tree"):
        store.sync(forget=[run.ref])
    with pytest.raises(NotFound, match="is in no journal"):
        store.sync(forget=["run/wine/01JD7K0000000000000000000A"])


def test_a_run_that_is_removed_by_force_does_not_come_back(plain: Path) -> None:
    with gitml.run("wine") as gone, gitml.run("wine") as kept:
        pass
    store = gitml.open()
    assert f"git ml sync --forget {gone.ref}" in ml(plain, "rm", gone.ref).err
    store.rm(gone.ref, force=True)
    assert store.sync().restored == ()
    assert [row["ref"] for row in gitml.open().rows("run").rows] == [kept.ref]
