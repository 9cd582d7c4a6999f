"""`revert` as it is typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from command_line import fine, ml
from gitrepo import commit, git, init

SLOT = "alias/model/wine/production"
PATH = "metadata/aliases/model/wine/production.yaml"
ID_1, ID_2 = "01JD7M00000000000000000010", "01JD7M00000000000000000020"


@pytest.fixture
def moved(store: Path) -> Path:
    """The cellar after a promotion that was a mistake."""
    fine(store, "promote", "model/wine@1", "production", "--reason", "a mistake", "--commit", "-m", "down")
    return store


def test_a_bad_promotion(moved: Path) -> None:
    said = fine(moved, "revert", SLOT, "--to", "HEAD~1", "--commit")
    head = git(moved, "rev-parse", "HEAD")
    assert said.out == (
        f"~ {SLOT}  {PATH}\n"
        '    version: "1" -> "2"\n'
        f"    id: {ID_1} -> {ID_2}\n"
        "    reason: a mistake -> better by 0.02\n"
        f"committed {head[:12]}\n"
    )
    assert said.err == ""
    assert git(moved, "diff", "HEAD~2") == ""


def test_json(moved: Path) -> None:
    found = fine(moved, "revert", "HEAD", "--commit", "--format", "json").json
    assert found.keys() == {"format", "commit", "changes", "problems", "warnings", "data"}
    assert (found["commit"], found["warnings"], found["data"]) == (git(moved, "rev-parse", "HEAD"), [], [])
    assert [one["field"] for one in found["changes"][0]["fields"]] == ["version", "id", "reason"]
    again = fine(moved, "revert", "HEAD~1", "--format", "json").json
    assert (again["commit"], again["changes"]) == (None, [])
    assert again["warnings"] == ["nothing to revert: all of it is undone already"]


def test_a_dry_run_is_a_diff(moved: Path) -> None:
    said = fine(moved, "revert", "HEAD", "--dry-run")
    assert said.out.startswith(f"~ {SLOT}\n")
    assert "a mistake -> better by 0.02" in said.out
    assert git(moved, "status", "--short") == ""
    found = fine(moved, "revert", "HEAD", "--dry-run", "--format", "json").json
    wanted = fine(moved, "diff", "HEAD", "HEAD~1", "--format", "json").json
    assert found["changes"] == wanted["changes"]
    assert found.keys() == wanted.keys() | {"warnings", "data"}
    assert fine(moved, "revert", "HEAD", "--dry-run", "--format", "csv").out.startswith("op,")


def test_conflicts_are_told_with_all_values(moved: Path) -> None:
    fine(moved, "set", SLOT, "reason=on purpose", "--commit")
    said = ml(moved, "revert", "HEAD~1")
    assert (said.code, said.out) == (1, "")
    assert said.err == (
        f"{PATH}:6:9: error revert.conflict reason: was better by 0.02, was made a mistake, and is on purpose today; "
        "set it by hand, or leave it out (--field, --kind)\n"
        "git ml: 1 conflict with what has been changed since; nothing was written\n"
    )
    error = ml(moved, "revert", "HEAD~1", "--format", "json").error
    assert (error["code"], error["hint"]) == ("conflict", "nothing was written")
    assert [(one["code"], one["field"]) for one in error["problems"]] == [("revert.conflict", "reason")]


def test_what_stops_it_is_told_with_the_way_out(moved: Path) -> None:
    fine(moved, "new", "deployment", "shop", f"serves.ref={SLOT}", "--commit")
    said = ml(moved, "revert", "HEAD~1")
    told = f"error revert.depends: serves {SLOT}, which moves from model/wine@1 to model/wine@2"
    assert said.err.splitlines() == [
        f"metadata/deployments/shop.yaml: {told}; say so to who runs it, then --force",
        "git ml: refused for 1 error; nothing was written; --force does it all the same",
    ]
    said = fine(moved, "revert", "HEAD~1", "--force")
    assert "warning revert.depends" in said.out
    assert "written, not committed" in said.out


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["HEAD~9"], "no revision 'HEAD~9' here"),
        (["metric/acu", "--to", "v1"], "there is no metric/acu at "),
        (["metric/acu", "--to", "v1"], "(nearest: metric/auc)"),
        (["metric/auc", "--to", "v9"], "no revision 'v9' here"),
        (["metric/auc"], "say what metric/auc goes back to; git ml revert metric/auc --to REV"),
        ([], "say what is to be undone; git ml revert COMMIT, A..B, or REF --to REV"),
        (["--kind", "metrics", "--to", "v1"], "no kind"),
        (["HEAD", "--to", "v1"], "HEAD is a revision, and --to goes with a record"),
        (["HEAD", "--data", "--branch", "side"], "data are checked out here, and side is not; git switch side first"),
        (["metric/auc", "--to", "1999-01-01"], "no commit by 1999-01-01"),
    ],
)
def test_wrong_words_are_one_line(moved: Path, argv: list[str], told: str) -> None:
    said = ml(moved, "revert", *argv)
    assert (said.code, said.out, len(said.err.splitlines())) == (1, "", 1)
    assert told in said.err


def test_wrong_flags(moved: Path) -> None:
    assert ml(moved, "revert", "HEAD", "--dry-run", "--commit").code == 2
    assert ml(moved, "revert", "HEAD", "-m", "x").code == 2


def test_in_a_merge_it_writes_and_commits_not(moved: Path) -> None:
    git(moved, "checkout", "-qb", "side", "HEAD~1")
    commit(moved, {"a": "1"})
    git(moved, "checkout", "-q", "main")
    commit(moved, {"a": "2"})
    git(moved, "merge", "-q", "side", check=False)
    said = ml(moved, "revert", SLOT, "--to", "v1", "--commit")
    assert said.code == 1
    assert "merge" in said.err
    assert len(said.err.splitlines()) == 1


def test_a_bare_clone_takes_a_branch(moved: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(moved), "bare.git")
    fine(tmp_path / "bare.git", "revert", "HEAD", "--branch", "main")
    assert git(tmp_path / "bare.git", "rev-parse", f"main:{PATH}") == git(moved, "rev-parse", f"HEAD~1:{PATH}")


@pytest.mark.parametrize("force", [(), ("--force",)])
def test_a_bare_clone_is_told_of_the_branch_alone(moved: Path, tmp_path: Path, force: tuple[str, ...]) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(moved), "bare.git")
    said = ml(tmp_path / "bare.git", "revert", "HEAD", *force)
    assert said.err.endswith("there is no work tree here; name a branch to commit to (--branch)\n")


def test_force_says_what_it_does_not_cover(moved: Path) -> None:
    fine(moved, "set", SLOT, "reason=on purpose", "--commit")
    assert "--force" not in ml(moved, "revert", "HEAD~1").err
    said = ml(moved, "revert", "HEAD~1", "--force")
    assert said.err.splitlines()[-1].endswith("nothing was written; --force does not cover this")


def test_a_repository_without_a_store(tmp_path: Path) -> None:
    place = init(tmp_path / "plain")
    commit(place, {"train.py": "1\n"})
    said = fine(place, "revert", "HEAD")
    assert said.out == "nothing to change\n"
    assert "changed no record and no pointer" in said.err
