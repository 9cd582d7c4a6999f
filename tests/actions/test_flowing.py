"""Writing where events flow on a line of their own: one commit there, and nothing anywhere else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import gitml
from flowing import LINE, STORE, laid, run, run_id, run_path
from gitml.actions.run import RunWarning
from gitml.errors import Conflict, Refused
from gitrepo import commit, environment, git, init, write

KEEP = "refs/gitml/keep/"
NOTE = f"schema: note/1\nof:\n  ref: run/wine/{run_id(1)}\ntext: well done\n"


@pytest.fixture
def store(repo: Path) -> Path:
    """A store whose events flow, with a script."""
    commit(repo, {"metadata/store.yaml": STORE, "train.py": "lr = 0.1\n"})
    return repo


def standing(repo: Path) -> tuple[str, ...]:
    """All that a run on the line must leave as it is."""
    files = sorted(str(path) for path in repo.rglob("*") if ".git" not in path.parts)
    return (git(repo, "rev-parse", "HEAD"), git(repo, "status", "--porcelain"), git(repo, "write-tree"), *files)


def line(repo: Path) -> list[str]:
    """The line's commits after its root, newest first."""
    return git(repo, "rev-list", "--first-parent", LINE).split()[:-1]


def recorded(repo: Path, auc: float = 0.9) -> str:
    with gitml.run("wine", path=repo, params={"lr": 0.1}) as done:
        done.log({"auc": auc}, step=1)
        done.log({"auc": auc}, step=2)
    assert done.applied is not None
    assert done.applied.commit == git(repo, "rev-parse", LINE)
    return done.ref


def test_a_run_is_one_commit_on_the_line_and_nothing_else(store: Path) -> None:
    before = standing(store)
    ref = recorded(store)
    assert standing(store) == before
    (made,) = line(store)
    assert f"Gitml-Ref: {ref}" in git(store, "log", "-1", "--format=%B", made)
    folders = {path.split("/")[1] for path in git(store, "ls-tree", "-r", "--name-only", LINE).splitlines()}
    assert folders == {"runs", "series", "environments"}
    assert gitml.open(store).show(ref).data["metrics"] == {"auc": 0.9}
    recorded(store)
    assert len(line(store)) == 2
    assert not gitml.open(store).validate().problems


def test_the_line_begins_the_same_in_every_clone(store: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", str(store), "other")
    other = tmp_path / "other"
    git(other, "config", "user.name", "Ines")
    git(other, "config", "user.email", "ines@example.org")
    for repo in (store, other):
        recorded(repo)
    roots = {git(repo, "rev-list", "--first-parent", "--max-parents=0", LINE) for repo in (store, other)}
    assert len(roots) == 1
    git(store, "fsck", "--strict")


@pytest.mark.parametrize("commits", [False, True])
def test_a_batch_is_one_commit(store: Path, *, commits: bool) -> None:
    with gitml.open(store).batch(commit=commits) as batch:
        for _number in range(3):
            with gitml.run("wine", path=store) as done:
                done.log({"auc": 0.5})
    assert batch.applied is not None
    assert batch.applied.commit == git(store, "rev-parse", LINE)
    assert len(line(store)) == 1
    assert len(gitml.open(store).rows("run").rows) == 3
    assert not git(store, "status", "--porcelain")


def test_statements_and_events_of_one_deed_are_written_together(store: Path) -> None:
    opened = gitml.open(store)
    with opened.batch(commit=True, message="both") as batch:
        batch.new("model", "wine", {"description": "a model"})
        batch.new("run", "wine/a", {"status": "finished"})
    assert batch.applied is not None
    assert batch.applied.commit == git(store, "rev-parse", "main")
    assert any(LINE in told for told in batch.applied.warnings)
    assert git(store, "show", "--format=", "--name-only", "main") == "metadata/models/wine.yaml"
    assert git(store, "log", "-1", "--format=%s", LINE) == "both"
    assert len(line(store)) == 1


def test_an_event_on_the_line_is_changed_and_removed_there(store: Path) -> None:
    ref = recorded(store)
    opened = gitml.open(store)
    opened.set(ref, {"tags.team": "cellar"})
    assert opened.show(ref).data["tags"] == {"team": "cellar"}
    opened.rm(ref)
    assert not opened.rows("run").rows
    assert len(line(store)) == 3
    assert not git(store, "status", "--porcelain")


def test_a_copy_in_the_tree_does_not_part_from_the_line(store: Path) -> None:
    laid(store, {run_path(1): run(0.1)})
    commit(store, {run_path(1): run(0.1)})
    with pytest.raises(Refused, match="differs from what the events line has"):
        gitml.open(store).set(f"run/wine/{run_id(1)}", {"tags.a": "b"})


def test_another_branch_that_is_named_gets_it_all(store: Path) -> None:
    with gitml.run("wine", path=store, branch="attempts") as done:
        done.log({"auc": 0.5})
    assert git(store, "for-each-ref", "--format=%(refname)", "refs/heads") == "refs/heads/attempts\nrefs/heads/main"
    with gitml.run("wine", path=store, branch=LINE):
        pass
    assert len(line(store)) == 1


def test_the_line_is_never_checked_out(store: Path) -> None:
    recorded(store)
    git(store, "worktree", "add", "-q", str(store.parent / "elsewhere"), LINE)
    with pytest.raises(Conflict, match="is checked out in"):
        gitml.open(store).new("run", "wine/a", {"status": "finished"})


def test_many_processes_at_once_lose_nothing(store: Path) -> None:
    code = "import gitml\nwith gitml.run('wine') as run: run.log({'auc': 0.5})\n"
    jobs = [subprocess.Popen([sys.executable, "-c", code], cwd=store, env=environment(), stderr=subprocess.PIPE)
            for _number in range(6)]  # fmt: skip
    said = [job.communicate()[1].decode() for job in jobs]
    assert said == [""] * 6
    assert len(gitml.open(store).rows("run").rows) == len(line(store)) == 6


def test_a_line_behind_its_remote_goes_on_from_there(store: Path) -> None:
    recorded(store)
    git(store, "config", "remote.origin.url", "elsewhere")
    tip = laid(store, {run_path(7): run(0.7)})
    git(store, "update-ref", f"refs/remotes/origin/{LINE}", tip)
    git(store, "update-ref", f"refs/heads/{LINE}", f"{LINE}~1")
    recorded(store)
    assert git(store, "rev-parse", f"{LINE}^") == tip


def test_the_code_of_a_run_stays_reachable(store: Path, tmp_path: Path) -> None:
    """Squash-merge, delete the branch, gc, fresh clone."""
    git(store, "checkout", "-q", "-b", "try")
    done = commit(store, {"train.py": "lr = 0.2\n"})
    clean = recorded(store)
    write(store, {"train.py": "lr = 0.3\n"})
    dirty = recorded(store)
    opened = gitml.open(store)
    trees = [opened.show(ref).data["code"]["tree"] for ref in (clean, dirty)]
    git(store, "stash", "-q")
    git(store, "stash", "drop", "-q")
    git(store, "checkout", "-q", "main")
    git(store, "merge", "-q", "--squash", "try")
    git(store, "commit", "-q", "-m", "squashed")
    git(store, "branch", "-q", "-D", "try")
    git(store, "reflog", "expire", "--expire=now", "--all")
    git(store, "gc", "-q", "--prune=now")
    git(tmp_path, "clone", "-q", "--no-local", str(store), "fresh")
    fresh = tmp_path / "fresh"
    assert git(fresh, "show", f"{trees[0]}:train.py") == "lr = 0.2"
    assert git(fresh, "show", f"{trees[1]}:train.py") == "lr = 0.3"
    assert git(fresh, "cat-file", "-t", done) == "commit"
    assert sorted(row["ref"] for row in gitml.open(fresh).rows("run").rows) == sorted([clean, dirty])


def test_in_a_tree_refs_keep_the_code(tmp_path: Path) -> None:
    repo = init(tmp_path / "repo")
    commit(repo, {"metadata/store.yaml": STORE.replace(LINE, "tree"), "train.py": "lr = 0.1\n"})
    with gitml.run("wine", path=repo):
        pass
    assert not git(repo, "for-each-ref", KEEP)  # a clean main stays without anybody's help
    write(repo, {"train.py": "lr = 0.3\n"})
    for _again in range(2):
        with gitml.run("wine", path=repo) as done:
            pass
    tree = gitml.open(repo).show(done.ref).data["code"]["tree"]
    (kept,) = git(repo, "for-each-ref", "--format=%(objectname)", KEEP).split()
    assert git(repo, "rev-parse", f"{kept}^{{tree}}", f"{kept}^").split() == [tree, git(repo, "rev-parse", "main")]


def test_what_looks_like_a_secret_is_not_kept(store: Path) -> None:
    write(store, {"train.py": "lr = 0.1\nkey = 'AKIA" + "ABCDEFGHIJKLMNOP'\n"})
    with pytest.warns(RunWarning, match=r"is not kept: train\.py holds an AWS access key"):
        recorded(store)
    git(store, "checkout", "-q", "train.py")
    git(store, "gc", "-q", "--prune=now")
    found = git(store, "grep", "-l", "AKIA", *git(store, "rev-list", "--all").split(), check=False)
    assert not found


def test_register_copies_the_runs_that_it_cites(store: Path) -> None:
    parent = recorded(store)
    ref = recorded(store)
    opened = gitml.open(store)
    opened.set(ref, {"parent": parent})
    opened.register("wine", run=ref)
    there = {git(store, "rev-parse", f"{LINE}:{path}") for path in git(store, "ls-files", "-o").splitlines()
             if not path.startswith("metadata/models")}  # fmt: skip
    copied = [path for path in git(store, "ls-files", "-o").splitlines() if not path.startswith("metadata/models")]
    assert sorted(path.split("/")[1] for path in copied) == ["environments", "runs", "runs"]
    assert {git(store, "hash-object", path) for path in copied} == there
    assert not gitml.open(store).validate().problems
    assert all(one.commit for one in gitml.open(store).blame(ref).fields)  # by the line, whatever the copy is
    git(store, "add", "-A")
    git(store, "commit", "-q", "-m", "registered")
    git(store, "branch", "-q", "-D", LINE)
    assert not gitml.open(store).validate().problems  # main alone holds all that it refers to


def test_a_statement_brings_the_event_that_it_names(store: Path) -> None:
    ref = recorded(store)
    done = gitml.open(store).new("note", "good", {"of.ref": ref, "text": "well done"}, commit=True)
    assert {one.ref for one in done.changes} >= {ref, "note/good"}
    assert git(store, "status", "--porcelain") == ""
    assert not gitml.open(store).validate_range("HEAD~1", "HEAD").problems


def test_what_is_too_large_is_told_and_not_kept(store: Path) -> None:
    commit(store, {"weights.bin": b"small"})
    write(store, {"train.py": "lr = 0.2\n"})
    with (store / "weights.bin").open("wb") as file:
        file.truncate((32 << 20) + 1)
    with pytest.warns(RunWarning, match=r"weights\.bin: changed, and too large to be captured"):
        ref = recorded(store)
    tree = gitml.open(store).show(ref).data["code"]["tree"]
    assert git(store, "show", f"{tree}:weights.bin") == "small"
    assert git(store, "show", f"{tree}:train.py") == "lr = 0.2"


def test_a_copy_is_removed_from_the_tree_unless_somebody_refers_to_it(store: Path) -> None:
    laid(store, {run_path(1): run(0.1)})
    commit(store, {run_path(1): run(0.1), "metadata/notes/good.yaml": NOTE})
    ref, opened = f"run/wine/{run_id(1)}", gitml.open(store)
    with pytest.raises(Refused, match="on the events line alone"):
        opened.rm(ref, commit=True)
    opened.rm("note/good", commit=True)
    opened.rm(ref, commit=True)
    assert not (store / run_path(1)).exists()
    assert opened.show(ref).data["metrics"] == {"auc": 0.1}
    opened.rm(ref)
    assert not opened.rows("run").rows


def test_a_revert_of_what_cites_an_event_leaves_the_event(store: Path) -> None:
    ref = recorded(store)
    opened = gitml.open(store)
    opened.register("wine", run=ref)
    git(store, "add", "-A")
    git(store, "commit", "-q", "-m", "registered, on no main yet")
    git(store, "update-ref", "refs/remotes/origin/main", "HEAD~1")
    git(store, "config", "remote.origin.url", "elsewhere")
    git(store, "checkout", "-q", "-b", "try")
    tip = git(store, "rev-parse", LINE)
    gitml.open(store).revert("HEAD", commit=True)
    assert git(store, "rev-parse", LINE) == tip
    folders = {path.split("/")[1] for path in git(store, "diff", "--name-only", "HEAD~2", "HEAD").splitlines()}
    assert folders == {"environments", "runs"}  # copies of what stands on the line do no harm
    assert gitml.open(store).show(ref)


def test_the_line_holds_the_environments_of_its_runs(store: Path) -> None:
    recorded(store)
    path = gitml.open(store).show("environment/" + gitml.open(store).rows("environment").rows[0]["ref"][12:]).path
    git(store, "checkout", "-q", LINE, "--", path)
    git(store, "commit", "-q", "-m", "the environment, in the tree")
    git(store, "update-ref", "-d", f"refs/heads/{LINE}")
    recorded(store)
    assert git(store, "rev-parse", f"{LINE}:{path}") == git(store, "rev-parse", f"HEAD:{path}")
    recorded(store)
    assert not gitml.open(store).validate().problems
