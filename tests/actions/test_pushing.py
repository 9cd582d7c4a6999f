"""Events pushed to a real remote: two clones, a main that nobody may push, and whoever comes late goes on top."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

import gitml
from command_line import fine
from flowing import LINE, STORE, laid, run, run_path
from gitml import hooks
from gitml.actions.pushing import push_events
from gitml.errors import Conflict, GitFailed, NotFound
from gitml.repo.repository import Repository
from gitml.repo.writing.push import Pushed, unpushed
from gitrepo import commit, environment, git, init, write

KEEP = "refs/gitml/keep"
NOW = datetime(2026, 4, 1, 12, tzinfo=UTC)
# An update hook: main is protected.
PROTECTED = '#!/bin/sh\ntest "$1" != refs/heads/main || { echo protected >&2; exit 1; }\n'
JOB = """
import sys, gitml
from datetime import UTC, datetime
from pathlib import Path
from gitml.actions.pushing import push_events
from gitml.repo.repository import Repository
for number in range(3):
    with gitml.run("wine") as run:
        run.log({"auc": 0.5})
    push_events(Repository.find(Path()), now=datetime.now(UTC))
"""


@pytest.fixture
def clones(tmp_path: Path) -> list[Path]:
    """Two clones of a bare remote whose main is protected."""
    first = init(tmp_path / "first")
    commit(first, {"metadata/store.yaml": STORE, "train.py": "lr = 0.1\n"})
    git(tmp_path, "clone", "-q", "--bare", str(first), "remote")
    hook = tmp_path / "remote" / "hooks" / "update"
    hook.write_text(PROTECTED)
    hook.chmod(0o755)
    found = []
    for name in ("one", "other"):
        git(tmp_path, "clone", "-q", str(tmp_path / "remote"), name)
        found.append(tmp_path / name)
        git(found[-1], "config", "user.name", name)
        git(found[-1], "config", "user.email", f"{name}@example.org")
    return found


def recorded(repo: Path) -> str:
    with gitml.run("wine", path=repo) as done:
        done.log({"auc": 0.5})
    return done.ref


def pushed(repo: Path) -> Pushed:
    return push_events(Repository.find(repo), now=NOW)


def refs(repo: Path, at: str | None = None) -> set[str]:
    store = gitml.open(repo)
    return {row["ref"] for row in (store.at(at) if at else store).rows("run").rows}


def test_who_comes_late_goes_on_top(clones: list[Path]) -> None:
    one, other = clones
    write(other, {"train.py": "lr = 0.2\n"})
    first, second, third = recorded(one), recorded(other), recorded(other)
    written = git(other, "log", "--first-parent", "--format=%an %ad %B", "-2", LINE)
    assert unpushed(Repository.find(other).session, LINE, "origin") == 2
    assert pushed(one).commits == 1
    done = pushed(other)
    assert (done.commits, done.warnings) == (2, ())
    assert git(other, "rev-parse", LINE) == git(other, "rev-parse", f"origin/{LINE}") == done.tip
    assert git(other, "log", "--first-parent", "--format=%an %ad %B", "-2", LINE) == written
    assert refs(other) == {first, second, third}
    assert pushed(one) == Pushed(git(one, "rev-parse", LINE))
    git(one, "fetch", "-q")
    assert refs(one) == {first, second, third}
    assert git(one, "show", f"{gitml.open(one).show(second).data['code']['tree']}:train.py") == "lr = 0.2"
    recorded(one)
    assert pushed(one).commits == 1
    assert pushed(one).commits == 0


def test_a_fresh_clone_has_it_all(clones: list[Path], tmp_path: Path) -> None:
    ref = recorded(clones[0])
    pushed(clones[0])
    git(tmp_path, "clone", "-q", str(tmp_path / "remote"), "fresh")
    assert refs(tmp_path / "fresh") == {ref}
    assert git(tmp_path / "fresh", "branch", "--list", LINE) == ""


def test_two_that_push_at_once_lose_nothing(clones: list[Path]) -> None:
    jobs = [subprocess.Popen([sys.executable, "-c", JOB], cwd=repo, env=environment(), stderr=subprocess.PIPE)
            for repo in clones]  # fmt: skip
    said = [job.communicate()[1].decode() for job in jobs]
    assert said == ["", ""]
    for repo in clones:
        git(repo, "fetch", "-q")
        pushed(repo)
        assert len(refs(repo)) == 6
    git(clones[0].parent / "remote", "fsck", "--strict")


def test_two_accounts_of_one_event_stop_it(clones: list[Path]) -> None:
    for number, repo in enumerate(clones):
        laid(repo, {run_path(1): run(number / 10)})
    pushed(clones[0])
    tip = git(clones[1], "rev-parse", LINE)
    with pytest.raises(Conflict, match="another account of it"):
        pushed(clones[1])
    assert git(clones[1], "rev-parse", LINE) == tip


def test_a_remote_that_takes_nothing(clones: list[Path], tmp_path: Path) -> None:
    recorded(clones[0])
    with pytest.raises(NotFound, match="there is no remote 'elsewhere'"):
        push_events(Repository.find(clones[0]), "elsewhere", now=NOW)
    (tmp_path / "remote" / "hooks" / "update").write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(GitFailed, match=f"git push origin {LINE}: "):
        pushed(clones[0])


def test_without_a_line_the_code_is_pushed(clones: list[Path], tmp_path: Path) -> None:
    one, other = clones
    commit(one, {"metadata/store.yaml": STORE.replace(LINE, "tree")})
    write(one, {"train.py": "lr = 0.3\n"})
    tree = gitml.open(one).show(recorded(one)).data["code"]["tree"]
    assert pushed(one) == Pushed(None)
    git(other, "fetch", "-q", "origin", "refs/gitml/keep/*:refs/gitml/keep/*")
    assert git(other, "show", f"{tree}:train.py") == "lr = 0.3"
    assert not git(tmp_path / "remote", "for-each-ref", f"refs/heads/{LINE}")


def test_what_keeps_code_is_pushed_once_and_goes_when_main_has_it(clones: list[Path], tmp_path: Path) -> None:
    one, remote = clones[0], tmp_path / "remote"
    commit(one, {"metadata/store.yaml": STORE.replace(LINE, "tree")})
    git(one, "push", "-q", str(remote), "HEAD:refs/heads/first")
    git(remote, "update-ref", "refs/heads/main", "refs/heads/first")
    git(one, "switch", "-q", "-c", "try")
    tried = commit(one, {"train.py": "lr = 0.3\n"})
    store = gitml.open(one)
    recorded(one)
    write(one, {"train.py": "lr = 0.4\n"})
    recorded(one)
    kept = set(git(one, "for-each-ref", "--format=%(objectname)", KEEP).split())
    assert (len(kept), tried in kept) == (2, True)
    assert store.sync().pushed.warnings == ()
    assert set(git(remote, "for-each-ref", "--format=%(objectname)", KEEP).split()) == kept
    remote.rename(tmp_path / "away")
    assert store.sync().pushed == Pushed(None)  # nothing is to be told, and so nobody is asked
    (tmp_path / "away").rename(remote)
    git(one, "push", "-q", str(remote), f"{tried}:refs/heads/merged")
    git(remote, "update-ref", "refs/heads/main", "refs/heads/merged")
    git(one, "fetch", "-q", "origin")
    assert store.sync().pushed.warnings == ()
    for place in (one, remote):
        assert set(git(place, "for-each-ref", "--format=%(objectname)", KEEP).split()) == kept - {tried}


def test_a_push_by_hand_is_no_tree_to_be_judged(clones: list[Path]) -> None:
    """A run on the line may name what only the tree has."""
    one = clones[0]
    tip = laid(one, {run_path(1): run(0.1, "inputs:\n  train:\n    ref: dataset/wine@1\n")})
    lines = hooks.read(f"refs/heads/{LINE} {tip} refs/heads/{LINE} {'0' * 40}\n")
    assert hooks.pushed(Repository.find(one), lines).problems == ()
    elsewhere = [lines[0]._replace(remote_ref="refs/heads/other")]
    assert [one.code for one in hooks.pushed(Repository.find(one), elsewhere).problems][-1:] == ["ref.missing"]


def test_sync_pushes_and_status_counts_what_it_would(clones: list[Path], tmp_path: Path) -> None:
    store = gitml.open(clones[0])
    recorded(clones[0])
    assert store.status().unpushed == 1
    assert store.sync(push=False).pushed == Pushed(None)
    assert store.status().unpushed == 1
    done = store.sync()
    assert (done.pushed.commits, done.pushed.fault) == (1, "")
    assert store.status().unpushed == 0
    assert git(tmp_path / "remote", "rev-parse", LINE) == git(clones[0], "rev-parse", LINE)


def test_status_tells_where_two_lines_have_parted(clones: list[Path]) -> None:
    one, other = clones
    recorded(other)
    gitml.open(other).sync()
    recorded(one)
    git(one, "fetch", "-q", "origin")
    found = gitml.open(one).status()
    assert (found.unpushed, found.parted, len(refs(one))) == (1, 1, 1)
    assert "1 commit of origin's events line not seen here till git ml sync joins them" in fine(one, "status").out
    gitml.open(one).sync()
    found = gitml.open(one).status()
    assert (found.unpushed, found.parted, len(refs(one))) == (0, 0, 2)


def test_sync_without_its_remote_says_so_and_keeps_what_is_here(clones: list[Path], tmp_path: Path) -> None:
    ref = recorded(clones[0])
    (tmp_path / "remote").rename(tmp_path / "gone")
    done = gitml.open(clones[0]).sync()
    assert f"git push origin {LINE}" in done.pushed.fault
    assert gitml.open(clones[0]).show(ref).data["status"] == "finished"


def test_sync_without_a_remote_pushes_nothing(clones: list[Path]) -> None:
    recorded(clones[0])
    git(clones[0], "remote", "remove", "origin")
    assert gitml.open(clones[0]).sync().pushed == Pushed(None)
