"""Many writers at once, locks that others hold, and a writer killed at every point."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gitml.repo.change import Change
from gitml.repo.git import Git
from gitml.repo.writing import lock, writer
from gitml.repo.writing.writer import Written
from gitrepo import commit, git, write

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
SOURCES = Path(__file__).resolve().parents[2] / "src"
CHANGED, REMOVED, ADDED = "metadata/models/wine.yaml", "metadata/old/o.yaml", "metadata/runs/wine/7c/01JD.yaml"

PRELUDE = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from gitml.repo.change import Change
from gitml.repo.git import Git
from gitml.repo.writing.lock import exclusive
from gitml.repo.writing.writer import write
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
repo = Git.find(Path(sys.argv[1]))
def change(path, before, after):
    old, new = (text and repo.blob_id(text.encode()) for text in (before, after))
    return Change(path, old, new, after and after.encode())
"""

FIFTY = """
who, commit, branch = sys.argv[2:5]
for number in range(int(sys.argv[5])):
    path = f"metadata/runs/wine/{number % 7}/{who}-{number}.yaml"
    told = write(repo, [change(path, None, f"n: {number}\\n")], now=NOW, commit=commit == "yes",
                 branch=branch or None, wait=120)
    assert bool(told.commit) == (commit == "yes") and not told.warnings, told
"""

KILLED = f"""
left = int(sys.argv[2])
acts = {{"os.rename", "os.link", "os.remove", "os.rmdir", "os.mkdir", "subprocess.Popen"}}
def die(event, args):
    global left
    if event in acts or (event == "open" and args[2] & os.O_CREAT):
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
sys.addaudithook(die)
write(repo, [change("{CHANGED}", "a\\n", "b\\n"), change("{REMOVED}", "o\\n", None), change("{ADDED}", None, "n\\n")],
      commit=sys.argv[3] == "yes", branch=sys.argv[4] or None, now=NOW)
"""

HOLDING = """
with exclusive(repo.common_dir / "gitml" / "lock", 0) as got:
    print(got.value, flush=True)
    sys.stdin.read()
"""


def start(program: str, *args: str | Path) -> subprocess.Popen[bytes]:
    """A python process of its own."""
    places = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), str(SOURCES)]))
    env = {**os.environ, "PYTHONPATH": places, "PYTHONDONTWRITEBYTECODE": "1"}
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", PRELUDE + program, *map(str, args)]
    return subprocess.Popen(command, env=env, stdin=pipe, stdout=pipe, stderr=pipe)


def put(repo: Path, path: str, text: str = "n: 1\n", *, commit: bool = True, wait: float = 5.0) -> Written:
    found = Git.find(repo)
    change = Change(path, None, found.blob_id(text.encode()), text.encode())
    return writer.write(found, [change], commit=commit, now=NOW, wait=wait)


@contextmanager
def held(repo: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that holds the lock."""
    holder = start(HOLDING, repo)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    try:
        yield holder
    finally:
        holder.communicate()


@pytest.mark.slow
@pytest.mark.parametrize(("commits", "branch"), [("yes", ""), ("no", ""), ("yes", "events")])
def test_four_processes_of_fifty_records_lose_none(repo: Path, commits: str, branch: str) -> None:
    commit(repo, {"a.py": "1\n"})
    write(repo, {"a.py": "unstaged\n", "staged.py": "s\n"})
    git(repo, "add", "staged.py")
    writers = [start(FIFTY, repo, f"w{who}", commits, branch, "50") for who in range(4)]
    for one in writers:
        _out, err = one.communicate()
        assert one.returncode == 0, err.decode()
    names = {f"metadata/runs/wine/{n % 7}/w{who}-{n}.yaml" for n in range(50) for who in range(4)}
    if commits == "yes":
        tip = branch or "main"
        assert set(git(repo, "ls-tree", "-r", "--name-only", tip).split()) == names | {"a.py"}
        assert git(repo, "rev-list", "--count", tip) == "201"
        assert git(repo, "status", "--porcelain") == " M a.py\nA  staged.py"
    else:
        listed = git(repo, "ls-files", "--others").split()
        assert set(listed) == names
    assert git(repo, "fsck", "--strict", "--no-dangling") == ""


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with a commit, and staged, unstaged and untracked work."""
    place = tmp_path_factory.mktemp("begun") / "repo"
    git(place.parent, "init", "-q", "-b", "main", "repo")
    commit(place, {CHANGED: "a\n", REMOVED: "o\n", "kept.py": "1\n", "staged.py": "1\n", "both.py": "1\n"})
    git(place, "branch", "events")
    write(place, {"staged.py": "2\n", "both.py": "staged\n", "new.py": "new\n"})
    git(place, "add", "-A")
    write(place, {"both.py": "unstaged\n", "kept.py": "unstaged\n", "untracked.txt": "u\n"})
    return place


@pytest.mark.slow
@pytest.mark.parametrize(("commits", "branch"), [("yes", ""), ("no", ""), ("yes", "events")])
def test_killed_at_any_point_nothing_worse_is_left_than_a_staged_record(
    begun: Path, tmp_path: Path, commits: str, branch: str
) -> None:
    users = [":(exclude)metadata"]
    work = git(begun, "diff", "--", ".", *users), git(begun, "diff", "--cached", "--", ".", *users)
    head = git(begun, "rev-parse", "HEAD")
    for gap in range(200):
        repo = tmp_path / str(gap)
        shutil.copytree(begun, repo)
        writing = start(KILLED, repo, str(gap), commits, branch)
        _out, err = writing.communicate()
        if writing.returncode == 0:
            break
        assert writing.returncode == -signal.SIGKILL, err.decode()
        check_survived(repo, head, commits)
        assert (git(repo, "diff", "--", ".", *users), git(repo, "diff", "--cached", "--", ".", *users)) == work
        told = put(repo, "metadata/next.yaml")
        assert told.commit == git(repo, "rev-parse", "HEAD")
        assert told.warnings == ()
        assert git(repo, "status", "--porcelain", "metadata/next.yaml") == ""
        shutil.rmtree(repo)
    assert gap >= 10
    assert git(repo, "log", "-1", "--format=%s", branch or "HEAD") == (
        "gitml: write 3 records" if commits == "yes" else "change"
    )


def check_survived(repo: Path, head: str, commits: str) -> None:
    """History stands; files, index and commits hold old or new, whole; nothing that stays is staged as deleted."""
    assert git(repo, "fsck", "--strict", "--no-dangling") == ""
    assert git(repo, "merge-base", head, "HEAD") == head
    deleted = git(repo, "diff", "--cached", "--diff-filter=D", "--name-only").split()
    assert set(deleted) <= {REMOVED}
    whole = {CHANGED: {"a\n", "b\n"}, REMOVED: {"o\n"}, ADDED: {"n\n"}}
    for path, texts in whole.items():
        if (repo / path).exists():
            assert (repo / path).read_text() in texts
        else:
            assert path != CHANGED
    untracked = git(repo, "ls-files", "--others", "--exclude-standard").split()
    assert set(untracked) <= {"untracked.txt", ADDED}
    if commits == "no":
        assert git(repo, "diff", "--cached", "--name-only", "metadata") == ""
    # What has been committed is in the index too, and what is in the index in the work tree.
    landed = git(repo, "diff", "--name-only", head, "HEAD").split()
    assert git(repo, "diff", "HEAD", "--name-only", "--", *(landed or ["none"])) == ""
    staged = git(repo, "diff", "--cached", "--name-only", "metadata").split()
    assert git(repo, "diff", "--name-only", "--", *(staged or ["none"])) == ""


def test_drafts_of_a_killed_writer_go_when_they_are_a_day_old(repo: Path) -> None:
    old, young = repo / ".git/gitml/drafts/old", repo / ".git/gitml/drafts/young"
    old.parent.mkdir(parents=True, exist_ok=True)
    for file in (old, young):
        file.write_text("left")
    os.utime(old, (1, 1))
    put(repo, ADDED)
    assert [file.name for file in (repo / ".git/gitml/drafts").iterdir()] == ["young"]


def test_a_lock_that_another_process_keeps_leaves_the_record_uncommitted_and_says_so(repo: Path) -> None:
    with held(repo):
        told = put(repo, ADDED, wait=0.05)
        assert told.commit is None
        assert told.warnings[0].startswith("written, not committed: another gitml process held ")
        assert git(repo, "status", "--porcelain", "-uall") == f"?? {ADDED}"
        assert put(repo, "metadata/2.yaml", commit=False, wait=0).warnings == ()
    assert put(repo, "metadata/3.yaml").commit


def test_a_lock_dies_with_its_process(repo: Path) -> None:
    with held(repo) as holder:
        holder.kill()
        holder.wait()
        assert put(repo, ADDED, wait=0).commit


def test_on_a_disk_without_locks_it_commits_and_says_so(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(_handle: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(lock, "_try", none)
    told = put(repo, ADDED)
    assert told.commit
    assert "this disk gives no locks" in told.warnings[0]
    assert put(repo, "metadata/2.yaml", commit=False).warnings == ()


def test_gits_own_lock_on_the_index_is_waited_for_and_never_removed(repo: Path) -> None:
    commit(repo, {"a.py": "1\n"})
    left = repo / ".git/index.lock"
    left.write_text("")
    told = put(repo, ADDED, wait=0.05)
    assert told.commit is None
    assert told.warnings == (f"written, not committed: git's index is locked; if no git is running, remove {left}",)
    assert left.exists()
    left.unlink()
    assert git(repo, "status", "--porcelain", "-uall") == f"?? {ADDED}"
    assert put(repo, "metadata/2.yaml").commit


def test_a_locked_branch_leaves_the_record_staged_and_says_so(repo: Path) -> None:
    commit(repo, {"a.py": "1\n"})
    left = repo / ".git/refs/heads/main.lock"
    left.write_text("")
    told = put(repo, ADDED, wait=0.05)
    assert told.commit is None
    assert told.warnings[0].startswith("staged, not committed: refs/heads/main is locked")
    assert git(repo, "status", "--porcelain") == f"A  {ADDED}"
    assert left.exists()
