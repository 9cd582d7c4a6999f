"""A commit rests on commits: what a record in it refers to, or points to, must be in HEAD or in the commit itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import gitml
from acting import WINE, now, opened
from gitml.actions.run import RunWarning
from gitml.actions.swept import UNCOMMITTED
from gitml.errors import Conflict, Refused
from gitml.store import Store
from gitrepo import commit, git, write

REF = "model/wine@2"
FILE = "metadata/models/wine/2.yaml"
ALIAS = "metadata/aliases/model/wine/production.yaml"


@pytest.fixture
def wine(plain: Path) -> Path:
    """A model with version 1 committed, and version 2 that is a file alone."""
    commit(plain, {"wine.bin": "one"})
    opened(plain).register("wine", path="wine.bin", commit=True)
    opened(plain).register("wine", path="wine.bin")
    return plain


def told(caught: pytest.ExceptionInfo[Refused]) -> list[tuple[str, str, str | None, str]]:
    return [(one.code, one.path, one.field, one.message) for one in caught.value.problems if one.severity == "error"]


def test_an_alias_is_not_committed_before_its_version(wine: Path) -> None:
    tip = git(wine, "rev-parse", "HEAD")
    with pytest.raises(Refused) as caught:
        opened(wine).promote(REF, "production", commit=True)
    message = f"{REF} is not committed ({FILE}), and this commit would refer to it"
    assert told(caught) == [(UNCOMMITTED, ALIAS, "version", message)]
    assert caught.value.problems[0].hint == "commit it first, or leave --commit out"
    assert (git(wine, "rev-parse", "HEAD"), (wine / ALIAS).exists()) == (tip, False)
    assert opened(wine).promote(REF, "production").commit is None
    (wine / ALIAS).unlink()
    commit(wine, {}, "version 2")
    assert opened(wine).promote(REF, "production", commit=True).commit == git(wine, "rev-parse", "HEAD")


DEEDS: dict[str, Callable[[Store], object]] = {
    "retire": lambda store: store.retire(REF, commit=True),
    "the branch named": lambda store: store.promote(REF, "production", branch="main"),
}


@pytest.mark.parametrize("deed", DEEDS)
def test_so_it_is_with_every_verb(wine: Path, deed: str) -> None:
    with pytest.raises(Refused) as caught:
        DEEDS[deed](opened(wine))
    assert [(code, FILE in message) for code, _path, _field, message in told(caught)] == [(UNCOMMITTED, True)]


def test_staged_is_not_committed(wine: Path) -> None:
    git(wine, "add", FILE)
    with pytest.raises(Refused, match="is not committed"):
        opened(wine).promote(REF, "production", commit=True)


def test_what_the_same_commit_adds_is_there(plain: Path) -> None:
    commit(plain, {"wine.bin": "one"})
    assert opened(plain).register("wine", path="wine.bin", commit=True).commit  # the version refers to its new head
    assert opened(plain).promote("model/wine@1", "production", commit=True).commit


def test_what_dangled_before_is_not_this_change_s(wine: Path) -> None:
    opened(wine).promote(REF, "production")
    git(wine, "add", ALIAS)
    git(wine, "commit", "-qm", "by hand", "--", ALIAS)
    assert opened(wine).set("alias/model/wine/production", {"reason": "said later"}, commit=True).commit


def test_another_branch_and_a_merge_say_what_they_said(wine: Path) -> None:
    opened(wine).promote("model/wine@1", "production", branch="side")
    git(wine, "merge", "-q", "--no-ff", "--no-commit", "side")
    with pytest.raises(Conflict, match="a merge is in progress"):
        opened(wine).promote(REF, "staging", commit=True)


def test_a_run_is_written_and_told_not_to_be_committed(wine: Path) -> None:
    told = rf"written, not committed: metadata/runs/e/.*{REF} is not committed"
    with pytest.warns(RunWarning, match=told), gitml.run("e", clock=now, inputs={"model": REF}, commit=True):
        pass
    assert git(wine, "status", "--porcelain", "metadata/runs").startswith("??")


def test_data_that_only_the_work_tree_tracks_stop_the_version_s_commit(tracked: Path) -> None:
    write(tracked, {"data/more.csv": WINE + "9.5,c\n"})
    store = opened(tracked)
    store.new_dataset("more", "data/more.csv")
    commit(tracked, {}, "nothing")  # everything, as git add -A takes it
    git(tracked, "rm", "-q", "--cached", "data/more.csv.dvc", "metadata/datasets/more/1.yaml")
    git(tracked, "commit", "-qm", "neither the pointer nor the version")
    with pytest.raises(Refused) as caught:
        opened(tracked).set("dataset/more@1", {"description": "x"}, commit=True)
    message = "data/more.csv is not committed (data/more.csv.dvc), and this commit would point to it"
    assert told(caught) == [(UNCOMMITTED, "metadata/datasets/more/1.yaml", "pointer", message)]


@pytest.mark.parametrize("added", [False, True])
def test_the_pointer_that_a_verb_makes_goes_with_its_record(tracked: Path, *, added: bool) -> None:
    write(tracked, {"models/m.bin": "bytes"})
    if added:
        opened(tracked).register("m", path="models/m.bin")  # dvc add, and nothing committed
    assert opened(tracked).register("n", path="models/m.bin", commit=True).commit
    assert "models/m.bin.dvc" in git(tracked, "show", "--name-only", "--format=", "HEAD")
