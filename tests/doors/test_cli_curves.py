"""`git ml compare --curves`: what is drawn of real series, and as which file."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import gitml
from cellar import RUN_A
from command_line import fine, ml
from gitrepo import commit


@pytest.fixture
def logged(store: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Two runs, one with a series of three points, the other with one value."""
    monkeypatch.chdir(store)
    with gitml.run("wine") as run:
        for step, value in enumerate((0.7, 0.9, 0.8)):
            run.log({"auc": value}, step=step)
    commit(store, {}, "a series")
    return run.ref, f"run/wine/{RUN_A}"


def test_the_series_is_drawn(store: Path, logged: tuple[str, str]) -> None:
    said = fine(store, "compare", logged[0], "--curves", "auc")
    assert said.out.splitlines()[-1].split() == ["a", logged[0], "0.8", "2", "0.9", "1"]
    again = fine(store, "compare", logged[0], "--curves", "metrics.auc", "--at", "HEAD")
    assert again.out == said.out
    watched = fine(store, "compare", logged[0], "--curves", "auc", "--watch")
    assert watched.out == said.out


def test_a_run_that_goes_on_is_drawn_from_its_journal(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(store)
    with gitml.run("wine") as run:
        assert "still running" in fine(store, "compare", run.ref, "--curves", "auc").out
        run.log({"auc": 0.7}, step=3)
        run.flush()
        found = fine(store, "compare", run.ref, "--curves", "auc", "--format", "json").json["curves"]
        assert [(one["live"], one["points"]) for one in found] == [(True, [[3, 0.7]])]
    assert "still running" not in fine(store, "compare", run.ref, "--curves", "auc", "--watch").out


def test_the_shape_and_the_rows(store: Path, logged: tuple[str, str]) -> None:
    found = fine(store, "compare", *logged, "--curves", "auc", "--format", "json").json
    assert found.pop("curves") == [
        {"ref": logged[0], "live": False, "last": {"at": 3, "value": 0.8}, "best": {"at": 2, "value": 0.9},
         "points": [[1, 0.7], [2, 0.9], [3, 0.8]]},
        {"ref": logged[1], "live": False, "last": {"at": 1, "value": 0.91}, "best": {"at": 1, "value": 0.91},
         "points": [[1, 0.91]]},
    ]  # fmt: skip
    assert found == {"format": 1, "metric": "auc", "along": "point"}
    said = fine(store, "compare", logged[0], "--curves", "auc", "--format", "csv")
    assert said.out.splitlines()[:2] == ["ref,step,auc", f"{logged[0]},0,0.7"]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--curves", "auk"), 1, "nearest: auc"),
        (("--watch",), 2, "--watch is for --curves"),
        (("-o", "x.png"), 2, "-o is for --curves"),
        (("--curves", "auc", "-o", "x.pdf"), 2, "a picture is a .png or a .svg"),
        (("--curves", "auc", "--watch", "--format", "json"), 2, "leave -o"),
    ],
)
def test_what_is_refused(store: Path, logged: tuple[str, str], words: tuple[str, ...], code: int, told: str) -> None:
    said = ml(store, "compare", logged[0], *words)
    assert (said.code, said.out) == (code, "")
    assert told in said.err


def test_what_is_no_run_has_no_curves(store: Path) -> None:
    assert "is no run" in ml(store, "compare", "metric/auc", "--curves", "auc").err


def test_without_matplotlib_the_extra_is_named(
    store: Path, logged: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    said = ml(store, "compare", logged[0], "--curves", "auc", "-o", "auc.png")
    assert (said.code, said.err) == (1, "git ml: matplotlib is not installed; pip install 'gitml[plots]'\n")


def test_a_picture_is_drawn_the_same_each_time(store: Path, logged: tuple[str, str]) -> None:
    pytest.importorskip("matplotlib")
    for name, begin in (("auc.png", b"\x89PNG"), ("auc.svg", b"<?xml")):
        drawn = []
        for _time in range(2):
            assert fine(store, "compare", *logged, "--curves", "auc", "-o", name).err == f"git ml: drawn: {name}\n"
            drawn.append((store / name).read_bytes())
        assert drawn[0].startswith(begin)
        assert drawn[0] == drawn[1]
    assert logged[0] in (store / "auc.svg").read_text()
