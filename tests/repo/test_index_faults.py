"""What can happen to an index while nobody looks: the rows are those that reading every record gives."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

import gitml
from command_line import source
from disks import full, mounted, read_only
from gitml.errors import GitFailed
from gitml.repo import digests, upkeep, workers
from gitml.repo.cache import Cache
from gitml.repo.index import block, tables
from gitml.repo.index.block import Cells
from gitml.repo.index.tables import table
from gitrepo import commit, environment, git, write
from indexed import MANY, agree, fresh, many_runs, run

TESTS = Path(__file__).resolve().parents[1]

PRELUDE = """
import os, resource, signal, sqlite3, sys
from pathlib import Path
from gitml.actions.upkeep import gc
from gitml.repo import upkeep
from gitml.repo.index import block
from gitml.repo.index.tables import table
from gitml.repo.repository import Repository
from indexed import agree
block._CUT = 16
repo = Path(sys.argv[1])
def index():
    table(Repository.find(repo).head(), "run")
"""

# Each try is a process of its own: it dies at the given point, and the next one must find the right rows.
KILLED = """
def dies_at_size(left):
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_FSIZE, (left, left))
def dies_at_statement(left):
    connect = sqlite3.connect
    def watched(*args, **more):
        made = connect(*args, **more)
        made.set_trace_callback(die)
        return made
    def die(_statement):
        nonlocal left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
    sqlite3.connect = watched
def ended(deed):
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        deed()
        os._exit(0)
    except BaseException as error:
        print(repr(error), file=sys.stderr, flush=True)
        os._exit(1)
def again():
    one = Repository.find(repo)
    agree(one.head())
    assert (upkeep.verify(one.cache)[1], one.cache.note) == ([], "")
def clear():
    upkeep.clear(Repository.find(repo).cache)
def collect():
    gc(Repository.find(repo))
prepare, deed = {"index": (clear, index), "clear": (index, clear), "gc": (index, collect)}[sys.argv[2]]
step, dies = int(sys.argv[4]), {"size": dies_at_size, "statement": dies_at_statement}[sys.argv[3]]
for point in range(0, 10**9, step):
    prepare()
    code = ended(lambda: (dies(point), deed()))
    assert code in (0, -signal.SIGKILL, -signal.SIGXFSZ), code
    assert ended(again) == 0, point
    if code == 0:
        break
print(point // step)
"""

INDEXED = """
print("ready", flush=True)
sys.stdin.readline()
found = agree(Repository.find(repo).head())
print(found.count, found._cache.note)
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that no test changes."""
    return many_runs(tmp_path_factory.mktemp("built") / "store")


@pytest.fixture
def store(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store in blocks of about sixteen runs."""
    monkeypatch.setattr(block, "_CUT", 16)
    return shutil.copytree(built, tmp_path / "store", symlinks=True)


def start(program: str, *args: str | Path) -> subprocess.Popen[str]:
    """A process that knows these tests."""
    env = environment({"PYTHONPATH": os.pathsep.join([source(), str(TESTS)])})
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", PRELUDE + program, *map(str, args)]
    return subprocess.Popen(command, env=env, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def refuse(*_args: object, **_more: object) -> Cells:
    """Nobody should have asked."""
    raise AssertionError("a record was read")


# ── processes that die, and processes that meet ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("deed", "point", "step", "least"),
    [("index", "size", 16_000, 4), ("index", "statement", 37, 6), ("clear", "statement", 1, 8),
     ("gc", "statement", 2, 3)],
)  # fmt: skip
def test_killed_at_any_point_the_next_one_says_the_same(
    store: Path, deed: str, point: str, step: int, least: int
) -> None:
    out, err = start(KILLED, store, deed, point, step).communicate()
    assert err == ""
    assert int(out) >= least


def test_two_that_index_at_once_say_the_same(store: Path) -> None:
    started = [start(INDEXED, store) for _process in range(2)]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate() for process in started] == [(f"{MANY - 1} \n", "")] * 2
    assert upkeep.verify(Cache(store / ".git"))[1] == []


@pytest.mark.parametrize("child", ["import os; os.kill(os.getpid(), 9)", "print('no pickle')", "raise SystemExit(3)"])
def test_what_a_dead_share_has_not_read_is_read_here(store: Path, monkeypatch: pytest.MonkeyPatch, child: str) -> None:
    monkeypatch.setattr(tables, "WORTH_SPREADING", 10)
    monkeypatch.setattr(tables, "cores", lambda: 2)
    monkeypatch.setattr(workers, "_CHILD", child)
    agree(fresh(store).head())
    monkeypatch.setattr(tables, "load_each", refuse)
    table(fresh(store).head(), "run").fetch(["ref"])


# ── disks ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def disk(store: Path, tmp_path: Path) -> Iterator[Path]:
    """The store on a small disk of its own."""
    with mounted(tmp_path / "disk", "size=4m,nr_inodes=2000"):
        yield shutil.copytree(store, tmp_path / "disk/store", symlinks=True)


@pytest.mark.parametrize("free", [0, 4096, 20_000, 60_000])
def test_a_full_disk_is_told_and_what_was_kept_before_is_read(
    disk: Path, free: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with full(disk.parent, free):
        one = fresh(disk)
        agree(one.head())
        assert "is full" in one.cache.note or "No space" in one.cache.note
    agree(fresh(disk).head())
    head = commit(disk, dict([run(MANY + 1)]), "one more")
    with full(disk.parent):
        one = fresh(disk)
        agree(one.commit(head))
        assert one.cache.note.endswith("cannot be written (database or disk is full); what is new is not kept")
        with monkeypatch.context() as patch:
            patch.setattr(tables, "load_each", refuse)
            table(fresh(disk).commit(git(disk, "rev-parse", "HEAD~1")), "run").fetch(["ref"])
        assert upkeep.clear(Cache(disk / ".git")) > 10_000  # and so there is room again


def test_a_read_only_disk_is_read_from_what_was_kept(disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with read_only(disk.parent):
        one = fresh(disk)
        agree(one.head())
        assert "going on without it" in one.cache.note
    one = fresh(disk)
    agree(one.head())
    one.cache.close()
    with read_only(disk.parent), monkeypatch.context() as patch:
        patch.setattr(tables, "load_each", refuse)
        one = fresh(disk)
        table(one.head(), "run").fetch(["ref"])
        assert one.cache.note == ""
        one.cache.close()
    write(disk, dict([run(MANY + 1)]))
    with read_only(disk.parent):
        agree(fresh(disk).worktree())


# ── clocks ──────────────────────────────────────────────────────────────────────────────────────────────────────────


# Not 0: an index of that time is to git one of no time, and nothing is then suspected of having changed within it.
@pytest.mark.parametrize("seconds", [1, 86_400, 4_102_444_800], ids=["1970", "a day later", "2100"])
def test_a_clock_that_jumps_hides_no_change(store: Path, seconds: int) -> None:
    when = (seconds, seconds)
    paths = sorted(dict(run(number) for number in range(MANY)))[3:9]
    for path in paths:
        os.utime(store / path, when)
    git(store, "update-index", "-q", "--refresh")
    os.utime(store / ".git/index", when)
    agree(fresh(store).worktree())
    cache = Cache(store / ".git").path
    os.utime(cache, when)
    for path in paths[:3]:
        told = (store / path).read_bytes()
        (store / path).write_bytes(told.replace(b"finished", b"FINISHED"))
        os.utime(store / path, when)
    write(store, dict([run(MANY + 1)]))
    found = agree(fresh(store).worktree())
    found.fetch(["status"])
    assert sum(list(one.columns.get("status") or ()).count("FINISHED") for one in found.blocks) == 3
    agree(fresh(store).head())
    assert fresh(store).cache.note == ""


def test_a_file_that_is_written_while_it_is_hashed_is_not_known_by_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digests, "_LARGE", 1)
    data, cache, whole = tmp_path / "data.bin", Cache(tmp_path), digests.file_digest
    data.write_bytes(b"before")
    os.utime(data, (1000, 1000))

    def meanwhile(path: Path) -> tuple[str, int]:
        found = whole(path)
        path.write_bytes(b"after!")
        os.utime(path, (1000, 1000))
        return found

    monkeypatch.setattr(digests, "file_digest", meanwhile)
    digests.known_digest(cache, data)
    assert upkeep.info(cache) == []


# ── the repository itself ───────────────────────────────────────────────────────────────────────────────────────────


def test_moved_or_copied_with_its_cache_it_is_known_there(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    agree(fresh(store).head())
    copied = shutil.copytree(store, store.with_name("copied"), symlinks=True)
    moved = store.rename(store.with_name("moved"))
    write(moved, dict([run(MANY + 1)]))
    commit(copied, dict([run(MANY + 2)]), "in the copy")
    for place in (moved, copied):
        agree(fresh(place).head())
        agree(fresh(place).worktree())
    assert table(fresh(moved).head(), "run").count + 1 == table(fresh(copied).head(), "run").count
    monkeypatch.setattr(tables, "load_each", refuse)
    table(fresh(moved).head(), "run").fetch(["ref"])


def test_a_copy_that_was_made_in_the_middle_of_a_change_is_noticed(store: Path) -> None:
    agree(fresh(store).head())
    cache = Cache(store / ".git")
    before = cache.path.read_bytes()
    journal = cache.path.with_name(f"{cache.path.name}-journal")
    with closing(sqlite3.connect(cache.path, isolation_level=None)) as connection:
        connection.execute("PRAGMA cache_size=1")  # so that pages are written before the change ends
        connection.execute("BEGIN")
        connection.execute("UPDATE kept SET value = x'00' || value WHERE key LIKE 'column/%'")
        torn, told = cache.path.read_bytes(), journal.read_bytes()
        connection.execute("ROLLBACK")
    assert torn != before
    half = len(before) // 8192 * 4096
    for pages, tale in ((torn, b""), (torn[:half] + before[half:], b""), (torn, told), (before, told),
                        (torn, told[: len(told) // 2])):  # fmt: skip
        cache.path.write_bytes(pages)
        journal.write_bytes(tale)
        agree(fresh(store).head())
        agree(fresh(store).head())


def test_history_that_is_written_anew_and_collected(store: Path, tmp_path: Path) -> None:
    one = fresh(store)
    agree(one.head())
    git(tmp_path, "clone", "-q", str(store), "other")
    gone = commit(store, dict(run(number, by="@ines") for number in range(MANY, MANY + 30)), "will be gone")
    agree(one.head())
    git(store, "reset", "-q", "--hard", "HEAD~1")
    git(store, "reflog", "expire", "--expire=now", "--all")
    git(store, "gc", "-q", "--prune=now")
    assert gone not in git(store, "rev-list", "--all")
    for each in (one, fresh(store)):  # what was open while git moved all objects, too
        agree(each.head())
    forced = commit(tmp_path / "other", dict([run(MANY + 50)]), "another history")
    git(tmp_path / "other", "checkout", "-q", "--orphan", "new")
    (tmp_path / "other" / run(40)[0]).unlink()
    forced = commit(tmp_path / "other", {}, "all of it written anew")
    git(tmp_path / "other", "push", "-q", "--force", str(store), "new:refs/heads/pushed")
    git(store, "checkout", "-q", "pushed")
    git(store, "branch", "-q", "-D", "main")
    git(store, "reflog", "expire", "--expire=now", "--all")
    git(store, "gc", "-q", "--prune=now")
    for each in (one, fresh(store)):
        assert agree(each.head()).count == MANY - 1
        agree(each.commit(forced))


def test_a_judged_commit_that_is_gone_hinders_no_validation(repo: Path) -> None:
    metric, wrong = (f"schema: metric/1\ndirection: {word}\n" for word in ("higher", "sideways"))
    files: dict[str, str | bytes] = {f"metadata/metrics/m{number}.yaml": metric for number in range(3)}
    commit(repo, {"metadata/store.yaml": "schema: store/1\n", **files})
    good = gitml.open(repo).at("HEAD").validate().problems
    commit(repo, {"metadata/metrics/gone.yaml": wrong}, "will be gone")
    assert len(gitml.open(repo).at("HEAD").validate().problems) == len(good) + 1
    git(repo, "reset", "-q", "--hard", "HEAD~1")
    git(repo, "reflog", "expire", "--expire=now", "--all")
    git(repo, "gc", "-q", "--prune=now")
    assert gitml.open(repo).at("HEAD").validate().problems == good
    commit(repo, {"metadata/metrics/other.yaml": wrong}, "another history")
    assert len(gitml.open(repo).at("HEAD").validate().problems) == len(good) + 1


@pytest.mark.parametrize("kept_back", ["blob:none", "blob:limit=180", "tree:0"])
def test_what_a_partial_clone_lacked_is_there_once_it_was_fetched(store: Path, tmp_path: Path, kept_back: str) -> None:
    git(store, "config", "uploadpack.allowFilter", "true")
    git(store, "config", "uploadpack.allowAnySHA1InWant", "true")
    git(tmp_path, "clone", "-q", "--no-checkout", f"--filter={kept_back}", f"file://{store}", "clone")
    clone = tmp_path / "clone"
    agree(fresh(store).head())
    if kept_back == "tree:0":
        with pytest.raises(GitFailed, match="a partial clone, and nothing is fetched unasked"):
            table(fresh(clone).head(), "run")
        git(clone, "ls-tree", "-r", "HEAD")  # git fetches the trees
    table(fresh(clone).head(), "run")
    blobs = [entry.oid for entry in fresh(clone).head().entries.values()]
    for part in (blobs[:60], blobs[60:]):
        agree(fresh(clone).head())
        fresh(clone).git.fetch_missing(part)
    assert agree(fresh(clone).head()).count == table(fresh(store).head(), "run").count


def test_in_a_linked_worktree_what_was_read_is_known(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    agree(fresh(store).head())
    linked = store.with_name("linked")
    git(store, "worktree", "add", "-q", "-b", "side", str(linked))
    with monkeypatch.context() as patch:
        patch.setattr(tables, "load_each", refuse)
        table(fresh(linked).head(), "run").fetch(["ref"])
        table(fresh(linked).worktree(), "run").fetch(["ref"])
    write(linked, dict([run(MANY + 1)]))
    agree(fresh(linked).worktree())
    agree(fresh(store).worktree())
    assert not list(linked.glob(".git/*"))


def test_in_a_submodule_the_cache_is_its_own(store: Path, tmp_path: Path) -> None:
    outer = many_runs(tmp_path / "outer")
    git(outer, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(store), "parts/inner")
    commit(outer, {}, "a store in a store")
    inner = outer / "parts/inner"
    commit(inner, dict([run(MANY + 1)]), "in the submodule")
    for place, count in ((outer, MANY - 1), (inner, MANY)):
        assert agree(fresh(place).head()).count == count
        agree(fresh(place).worktree())
        assert git(place, "status", "--porcelain", "--ignored", "--ignore-submodules") == ""
    assert fresh(inner).cache.path.is_relative_to(outer / ".git/modules")


# ── other versions of gitml ─────────────────────────────────────────────────────────────────────────────────────────


def wrong(read: Callable[..., Cells]) -> Callable[..., Cells]:
    """A reader of another version, which finds something else in every record."""

    def reading(*args: object) -> Cells:
        found = read(*args)
        return found._replace(columns={f"other.{name}": column for name, column in found.columns.items()})

    return reading


@pytest.mark.parametrize("older", [True, False], ids=["older", "newer"])
@pytest.mark.parametrize(
    "what", [("tables.VERSION",), ("block.FORMAT", "tables.ASKED"), ("tables.ASKED", "tables.VERSION")], ids="+".join
)
def test_what_another_version_has_kept_is_not_believed(
    store: Path, monkeypatch: pytest.MonkeyPatch, what: tuple[str, ...], *, older: bool
) -> None:
    rooms = {"tables": tables, "block": block}
    with monkeypatch.context() as patch:
        for each in what:
            room, _, name = each.partition(".")
            now = getattr(rooms[room], name)
            patch.setattr(rooms[room], name, f"table/{older}/" if isinstance(now, str) else now + (-1 if older else 1))
        patch.setattr(tables, "_cells", wrong(tables._cells))
        there = table(fresh(store).head(), "run")
        assert "other.status" in there.names
        table(fresh(store).head(), "run").fetch(there.names)
    agree(fresh(store).head())
    agree(fresh(store).head())
    assert upkeep.verify(Cache(store / ".git"))[1] == []
