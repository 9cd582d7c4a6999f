"""Two versions of one number: the later gets another, with every ref that meant it."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import gitml
from gitml.errors import BadRef, BadValue, Conflict, GitFailed, GitmlError, NotFound, Refused
from gitml.store import Store
from gitrepo import commit, git, write

RUN = "run/wine/01JD7K00000000000000000A00"
THREE, FOUR = "metadata/models/wine/3.yaml", "metadata/models/wine/4.yaml"


def at(place: Path, day: int) -> Store:
    """The store in a folder, on a day of March."""
    return gitml.open(place, clock=lambda: datetime(2026, 3, day, tzinfo=UTC))


def version(place: Path, day: int, auc: float) -> str:
    """One more version of the model, with an evaluation of it, an alias and a status; its id."""
    store = at(place, day)
    store.register("wine", run=RUN, fields={"metrics.auc": auc})
    number = len(list((place / "metadata/models/wine").iterdir()))
    held = str(store.show(f"model/wine@{number}").data["id"])
    of = {"ref": f"model/wine@{number}", "id": held}
    store.new("evaluation", f"wine/01JD7K00000000000000000E{day:02}", {"of": of, "metrics.auc": auc})
    store.promote(f"model/wine@{number}", f"slot{day}")
    return held


@pytest.fixture(scope="module")
def _two(plain_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two clones: version 3 was registered in both, on main on the fifth, on the branch on the fourth."""
    folder = tmp_path_factory.mktemp("two")
    main, mine = folder / "main", folder / "mine"
    shutil.copytree(plain_template, main, symlinks=True)
    store = at(main, 1)
    store.new("run", RUN.removeprefix("run/"), {"status": "finished", "metrics.auc": 0.9})
    for _number in range(2):
        store.register("wine", run=RUN)
    commit(main, {}, "two versions")
    shutil.copytree(main, mine, symlinks=True)
    git(mine, "remote", "add", "origin", str(main))
    git(mine, "checkout", "-q", "-b", "feature")
    version(mine, 4, 0.94)
    commit(mine, {}, "mine")
    version(main, 5, 0.95)
    commit(main, {}, "theirs")
    return folder


@pytest.fixture
def two(_two: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The branch's clone, which knows what is on main."""
    shutil.copytree(_two, tmp_path / "two", symlinks=True)
    place = tmp_path / "two/mine"
    git(place, "remote", "set-url", "origin", str(tmp_path / "two/main"))
    git(place, "fetch", "-q")
    git(place, "status")
    monkeypatch.chdir(place)
    return place


def ids(place: Path, rev: str, path: str = THREE) -> str:
    return next(line for line in git(place, "show", f"{rev}:{path}").splitlines() if line.startswith("id: "))


def data(place: Path, ref: str) -> Any:
    return gitml.open(place).show(ref).data


def right(place: Path, landed: str, moved: str) -> None:
    """Main's is 3, the other is 4, and whoever meant it says so."""
    store = gitml.open(place)
    assert store.validate().problems == ()
    assert f"id: {store.show('model/wine@3').data['id']}" == landed
    assert f"id: {store.show('model/wine@4').data['id']}" == moved
    assert data(place, "evaluation/wine/01JD7K00000000000000000E04")["of"]["ref"] == "model/wine@4"
    assert data(place, "evaluation/wine/01JD7K00000000000000000E05")["of"]["ref"] == "model/wine@3"
    assert data(place, "alias/model/wine/slot4")["version"] == "4"
    assert data(place, "alias/model/wine/slot5")["version"] == "3"


# ── in the middle of a merge ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("doing", ["merge origin/main", "rebase origin/main", "merge feature"])
def test_in_a_merge_mains_version_stays(two: Path, doing: str) -> None:
    landed, moved = ids(two, "origin/main"), ids(two, "feature")
    if doing == "merge feature":
        git(two, "checkout", "-q", "main")
        git(two, "reset", "-q", "--hard", "origin/main")
    git(two, *doing.split(), check=False)
    write(two, {"notes.txt": "mine", "train.py": "print(2)\n"})
    done = at(two, 9).renumber("model/wine@3")
    assert done.commit is None
    status = git(two, "status", "--porcelain").splitlines()
    assert [line for line in status if line[1] != " "] == [" M train.py", "?? notes.txt"]
    right(two, landed, moved)
    git(two, "checkout", "-q", "--", "train.py")
    (two / "notes.txt").unlink()
    ended = ["-c", "core.editor=true", "rebase", "--continue"] if "rebase" in doing else ["commit", "-q", "-m", "both"]
    git(two, *ended)
    assert ids(two, "HEAD") == landed
    assert ids(two, "HEAD", FOUR) == moved
    assert git(two, "status", "--porcelain") == ""


def test_where_neither_has_landed_the_one_created_later_moves(two: Path) -> None:
    first, later = ids(two, "feature"), ids(two, "origin/main")
    git(two, "branch", "other", "origin/main")
    git(two, "remote", "remove", "origin")
    git(two, "merge", "other", check=False)
    at(two, 9).renumber("model/wine@3")
    assert f"id: {data(two, 'model/wine@3')['id']}" == first
    assert f"id: {data(two, 'model/wine@4')['id']}" == later
    assert data(two, "alias/model/wine/slot5")["version"] == "4"
    assert {problem.code for problem in gitml.open(two).validate().problems} <= {"metric.worse"}


def test_their_statuses_part_as_well(two: Path, tmp_path: Path) -> None:
    for place, word in ((two, "approved"), (tmp_path / "two/main", "rejected")):
        for alias in (place / "metadata/aliases/model/wine").iterdir():
            alias.unlink()  # which keeps a version from being retired
        at(place, 6).retire("model/wine@3", status="deprecated", reason=word)
        commit(place, {}, word)
    git(two, "fetch", "-q")
    git(two, "merge", "origin/main", check=False)
    at(two, 9).renumber("model/wine@3")
    assert data(two, "status/model/wine/3")["reason"] == "rejected"
    assert data(two, "status/model/wine/4")["reason"] == "approved"
    assert gitml.open(two).validate().problems == ()
    assert all(line[1] == " " for line in git(two, "status", "--porcelain").splitlines())


def test_another_conflict_is_left_and_told(two: Path, tmp_path: Path) -> None:
    for place, day in ((two, 6), (tmp_path / "two/main", 7)):
        at(place, day).promote("model/wine@3", "production")
        commit(place, {}, "production")
    git(two, "fetch", "-q")
    git(two, "merge", "origin/main", check=False)
    done = at(two, 9).renumber("model/wine@3")
    (note,) = done.warnings
    assert note.startswith(
        "metadata/aliases/model/wine/production.yaml: is in conflict, too; there model/wine@3 of the id"
    )
    assert git(two, "diff", "--name-only", "--diff-filter=U") == "metadata/aliases/model/wine/production.yaml"


def test_a_merge_of_something_else_is_no_contest(two: Path) -> None:
    git(two, "merge", "origin/main", check=False)
    with pytest.raises(BadValue, match="model/wine@2 has landed"):
        at(two, 9).renumber("model/wine@2")
    with pytest.raises(GitmlError, match="a merge is in progress"):
        at(two, 9).renumber("model/wine@3", commit=True)
    assert git(two, "diff", "--name-only", "--diff-filter=U") == THREE


@pytest.mark.parametrize("bad", ["a: [\n", None])
def test_a_side_that_is_no_version(two: Path, tmp_path: Path, bad: str | None) -> None:
    other = tmp_path / "two/main"
    if bad is None:
        git(other, "rm", "-q", THREE)
        git(two, "checkout", "-q", "main")
        git(two, "reset", "-q", "--hard", "origin/main")
        commit(two, {THREE: (two / THREE).read_text() + "description: d\n"})
        git(other, "commit", "-q", "-m", "away")
    else:
        commit(other, {THREE: bad})
    git(two, "fetch", "-q")
    git(two, "merge", "origin/main", check=False)
    with pytest.raises(BadValue, match="resolve it by hand"):
        at(two, 9).renumber("model/wine@3")


# ── outside of one ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_before_the_merge_ones_own_moves(two: Path) -> None:
    landed, moved = ids(two, "origin/main"), ids(two, "feature")
    done = at(two, 9).renumber("model/wine@3", commit=True, message="three is main's")
    assert done.commit == git(two, "rev-parse", "HEAD")
    assert not (two / THREE).exists()
    git(two, "merge", "-q", "--no-edit", "origin/main")
    right(two, landed, moved)


@pytest.mark.parametrize("taken", ["--ours", "--theirs"])
def test_after_a_conflict_was_settled_by_taking_one(two: Path, taken: str) -> None:
    landed, moved = ids(two, "origin/main"), ids(two, "feature")
    git(two, "merge", "origin/main", check=False)
    git(two, "checkout", taken, "--", THREE)
    git(two, "add", "-A")
    git(two, "commit", "-q", "-m", "merged")
    assert "ref.id" in {problem.code for problem in gitml.open(two).validate().problems}
    done = at(two, 9).renumber("model/wine@3")
    assert {one.path for one in done.changes} >= {FOUR}
    right(two, landed, moved)
    assert git(two, "diff", "--cached", "--name-only") == ""


def test_refs_to_what_has_moved_before_follow_it(two: Path, tmp_path: Path) -> None:
    for place, day in ((two, 6), (tmp_path / "two/main", 7)):
        at(place, day).promote("model/wine@3", "production")
        commit(place, {}, "production")
    git(two, "fetch", "-q")
    git(two, "merge", "origin/main", check=False)
    at(two, 9).renumber("model/wine@3")
    git(two, "checkout", "--ours", "--", "metadata/aliases/model/wine/production.yaml")
    commit(two, {}, "merged")
    assert [problem.code for problem in gitml.open(two).validate().problems] == ["ref.id"]
    done = at(two, 9).renumber("model/wine@3")
    assert [one.ref for one in done.changes] == ["alias/model/wine/production"]
    assert data(two, "alias/model/wine/production")["version"] == "4"
    assert {problem.code for problem in gitml.open(two).validate().problems} <= {"metric.worse"}


def test_to_a_number_that_one_names(two: Path) -> None:
    git(two, "merge", "origin/main", check=False)
    with pytest.raises(Conflict, match="model/wine@2 is there already"):
        at(two, 9).renumber("model/wine@3", to=2)
    with pytest.raises(BadValue, match="counted from 1"):
        at(two, 9).renumber("model/wine@3", to=0)
    at(two, 9).renumber("model/wine@3", to=7)
    assert data(two, "alias/model/wine/slot4")["version"] == "7"


def test_a_number_of_ones_own_may_change_while_it_has_not_landed(two: Path) -> None:
    git(two, "remote", "remove", "origin")
    with pytest.raises(BadValue, match=r"is the only version of this number.*--to N"):
        at(two, 9).renumber("model/wine@3")
    at(two, 9).renumber("model/wine@3", to=5)
    assert gitml.open(two).validate().problems == ()
    assert data(two, "alias/model/wine/slot4")["version"] == "5"


def test_refs_without_an_id_stay_and_are_told(two: Path) -> None:
    git(two, "remote", "remove", "origin")
    at(two, 6).new("evaluation", "wine/01JD7K00000000000000000E06", {"of": {"ref": "model/wine@3"}})
    with pytest.raises(Refused, match="there is no model/wine@3"):
        at(two, 9).renumber("model/wine@3", to=5)


def test_in_a_merge_they_may_mean_either(two: Path) -> None:
    at(two, 6).new("evaluation", "wine/01JD7K00000000000000000E06", {"of": {"ref": "model/wine@3"}})
    commit(two, {}, "without an id")
    git(two, "merge", "origin/main", check=False)
    (note,) = at(two, 9).renumber("model/wine@3").warnings
    assert note.endswith("/01JD7K00000000000000000E06.yaml: of.ref is model/wine@3 without an id, and stays")


@pytest.mark.parametrize(
    ("ref", "error", "told"),
    [
        ("model/wine", BadRef, "names no version"),
        ("model/wine@33", NotFound, "there is no model/wine@33"),
        ("model/wine@2", BadValue, "has landed"),
        ("nothing/x@1", NotFound, "there is no kind"),
    ],
)
def test_what_cannot_be_renumbered(two: Path, ref: str, error: type[GitmlError], told: str) -> None:
    with pytest.raises(error, match=told):
        at(two, 9).renumber(ref)


def test_not_on_another_branch_nor_without_a_work_tree(two: Path, tmp_path: Path) -> None:
    with pytest.raises(BadValue, match="git switch other"):
        at(two, 9).renumber("model/wine@3", branch="other")
    git(tmp_path, "clone", "-q", "--bare", str(two), str(tmp_path / "bare"))
    with pytest.raises(GitFailed, match="bare"):
        gitml.open(tmp_path / "bare").renumber("model/wine@3")
