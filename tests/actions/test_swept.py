"""A commit holds what its verb wrote: what somebody has changed in the same file before stops it, and is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import gitml
from acting import now, opened
from gitml.actions.swept import UNCOMMITTED
from gitml.errors import Conflict, Refused
from gitml.store import Store
from gitrepo import commit, git, write

HEAD = "metadata/models/wine.yaml"
REF = "model/wine"


@pytest.fixture
def wine(plain: Path) -> Path:
    """A model with a description and an owner, committed."""
    opened(plain).new("model", "wine", {"description": "one", "owners": ["@a"]}, commit=True)
    return plain


def told(caught: pytest.ExceptionInfo[Refused]) -> list[tuple[str, str, str | None, str]]:
    return [(one.code, one.path, one.ref, one.message) for one in caught.value.problems if one.severity == "error"]


@pytest.mark.parametrize("staged", [False, True])
def test_what_somebody_has_changed_in_the_same_record_stops_a_commit(wine: Path, *, staged: bool) -> None:
    opened(wine).set(REF, {"description": "two", "tags": {"team": "cellar"}})
    if staged:
        git(wine, "add", HEAD)
    before, tip = (wine / HEAD).read_bytes(), git(wine, "rev-parse", "HEAD")
    with pytest.raises(Refused) as caught:
        opened(wine).set(REF, {"description": "three"}, commit=True)
    message = "has changes (tags.team) that nobody has committed, and that would go into this commit"
    assert told(caught) == [(UNCOMMITTED, HEAD, REF, message)]
    assert caught.value.problems[0].hint == "commit or stash them first, or leave --commit out"
    assert ((wine / HEAD).read_bytes(), git(wine, "rev-parse", "HEAD")) == (before, tip)
    assert opened(wine).set(REF, {"description": "three"}).commit is None
    git(wine, "commit", "-qam", "mine")
    assert opened(wine).set(REF, {"description": "four"}, commit=True).commit == git(wine, "rev-parse", "HEAD")


DEEDS: dict[str, Callable[[Store], object]] = {
    "a field reverted": lambda store: store.revert(REF, to="HEAD~1", field="description", commit=True),
    "a commit reverted": lambda store: store.revert("HEAD", commit=True),
    "the branch named": lambda store: store.set(REF, {"description": "three"}, branch="main"),
}


@pytest.mark.parametrize("deed", DEEDS)
def test_so_it_is_with_every_verb(wine: Path, deed: str) -> None:
    opened(wine).set(REF, {"description": "two"}, commit=True)
    opened(wine).set(REF, {"owners": ["@b"]})
    with pytest.raises(Refused) as caught:
        DEEDS[deed](opened(wine))
    assert [(code, path) for code, path, _ref, _message in told(caught)] == [(UNCOMMITTED, HEAD)]
    assert "(owners)" in told(caught)[0][3]


def test_what_goes_with_its_file_is_named_as_lost(wine: Path) -> None:
    opened(wine).set(REF, {"owners": ["@b"]})
    with pytest.raises(Refused) as caught:
        opened(wine).rm(REF, commit=True)
    assert told(caught)[0][3] == "has changes (owners) that nobody has committed, and that would be lost"
    assert caught.value.problems[0].hint == "commit or stash it first, or delete the file yourself"
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize("staged", [False, True])
def test_a_removal_takes_no_edit_along_that_is_nowhere_else(wine: Path, *, staged: bool) -> None:
    opened(wine).set(REF, {"owners": ["@b"]})
    if staged:
        git(wine, "add", HEAD)
    else:
        with pytest.raises(Refused) as caught:
            opened(wine).rm(REF)
        assert told(caught) == [
            (UNCOMMITTED, HEAD, REF, "has changes (owners) that nobody has committed, and that would be lost")
        ]
        assert (wine / HEAD).exists()
        git(wine, "restore", HEAD)
    assert opened(wine).rm(REF).commit is None
    assert not (wine / HEAD).exists()


@pytest.mark.parametrize("commits", [False, True])
def test_a_record_that_nobody_has_committed_is_not_removed(wine: Path, *, commits: bool) -> None:
    opened(wine).new("model", "beer", {"description": "one"})
    with pytest.raises(Refused, match="is neither committed nor staged, and would be lost"):
        opened(wine).rm("model/beer", commit=commits)
    assert (wine / "metadata/models/beer.yaml").exists()
    git(wine, "add", "metadata/models/beer.yaml")
    assert opened(wine).rm("model/beer").commit is None


def test_by_force_it_is_removed_and_told(wine: Path) -> None:
    opened(wine).new("model", "beer", {"description": "one"})
    (problem,) = opened(wine).rm("model/beer", force=True).problems
    assert (problem.code, problem.severity) == (UNCOMMITTED, "warning")
    assert not (wine / "metadata/models/beer.yaml").exists()


def test_what_stands_there_uncommitted_is_told_where_there_is_nothing_to_change(wine: Path) -> None:
    opened(wine).set(REF, {"owners": ["@b"]})
    told = f"nothing to change: {REF} says so already, uncommitted; git commit {HEAD} keeps it"
    assert opened(wine).set(REF, {"owners": ["@b"]}, commit=True).warnings == (told,)
    git(wine, "commit", "-qm", "as told", HEAD)
    assert opened(wine).set(REF, {"owners": ["@b"]}, commit=True).warnings == ()


def test_a_new_record_is_told_to_be_added_first(wine: Path) -> None:
    opened(wine).new("model", "beer", {"description": "one"})
    (said,) = opened(wine).set("model/beer", {"description": "one"}, commit=True).warnings
    path = "metadata/models/beer.yaml"
    assert said.endswith(f"says so already, uncommitted; git add {path} && git commit {path} keeps it")


def test_comments_count_too(wine: Path) -> None:
    (wine / HEAD).write_text((wine / HEAD).read_text().replace("description", "# of old\ndescription"))
    with pytest.raises(Refused) as caught:
        opened(wine).set(REF, {"owners": ["@b"]}, commit=True)
    assert told(caught)[0][3].startswith("has changes (text)")


def test_what_the_verb_writes_itself_is_its_own(wine: Path) -> None:
    opened(wine).set(REF, {"description": "two"})
    opened(wine).set(REF, {"description": "three"}, commit=True)
    assert "description: three" in git(wine, "show", f"HEAD:{HEAD}")


def test_a_record_that_nobody_has_committed_is_committed_whole(wine: Path) -> None:
    opened(wine).new("model", "beer", {"description": "one"})
    opened(wine).set("model/beer", {"owners": ["@b"]}, commit=True)
    assert "description: one" in git(wine, "show", "HEAD:metadata/models/beer.yaml")


def test_another_branch_takes_nothing_of_the_work_tree(wine: Path) -> None:
    opened(wine).set(REF, {"owners": ["@b"]})
    opened(wine).set(REF, {"description": "two"}, branch="side")
    assert "@b" not in git(wine, "show", f"side:{HEAD}")


def test_in_the_middle_of_a_merge_that_is_what_is_told(wine: Path) -> None:
    git(wine, "checkout", "-qb", "side")
    opened(wine).set(REF, {"owners": ["@b"]}, commit=True)
    git(wine, "checkout", "-q", "main")
    git(wine, "merge", "-q", "--no-ff", "--no-commit", "side")
    with pytest.raises(Conflict, match="a merge is in progress"):
        opened(wine).set(REF, {"description": "two"}, commit=True)


def test_a_revert_may_be_forced_and_says_what_goes_along(wine: Path) -> None:
    opened(wine).set(REF, {"description": "two"}, commit=True)
    opened(wine).set(REF, {"owners": ["@b"]})
    with pytest.raises(Refused, match="--force does it all the same"):
        opened(wine).revert("HEAD", commit=True)
    done = opened(wine).revert("HEAD", commit=True, force=True)
    assert [(one.code, one.severity) for one in done.problems] == [(UNCOMMITTED, "warning")]


def test_init_takes_no_attributes_of_somebody_along(repo: Path) -> None:
    commit(repo, {".gitattributes": "*.csv text\n"})
    write(repo, {".gitattributes": "*.csv -text\n"})
    with pytest.raises(Refused) as caught:
        gitml.init(repo, clock=now, commit=True)
    assert told(caught)[0][:2] == (UNCOMMITTED, ".gitattributes")
    assert not (repo / "metadata").exists()
