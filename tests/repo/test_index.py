"""The index: a table holds what reading every record gives, however it came by it."""

from __future__ import annotations

import math
import random
import shutil
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from gitml.repo import packaged, workers
from gitml.repo.git.objects import Entry
from gitml.repo.git.trees import Tree
from gitml.repo.index import belonging, block, nearby, tables
from gitml.repo.index.tables import table
from gitml.repo.index.underived import derived, everything
from gitml.repo.readers.derived import Derived
from gitml.repo.readers.dvc import is_pointer_file
from gitml.repo.snapshot import Snapshot
from gitrepo import commit, git, init, write
from indexed import MANY, Rows, agree, cut, emptied, fresh, held, many_runs, read, run, scribbled, told, without


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store in blocks of about sixteen runs."""
    monkeypatch.setattr(block, "_CUT", 16)
    return many_runs(tmp_path / "store")


# ── the same rows, whichever way ──────────────────────────────────────────────────────────────────────────────────


def test_a_table_says_what_the_records_say(store: Path) -> None:
    first = agree(fresh(store).head())
    assert len(first.blocks) > MANY // 32
    assert len(first.lost) == 1
    agree(fresh(store).head())  # out of the cache
    agree(fresh(store).worktree())
    agree(fresh(store).staged())


def test_without_a_cache_too(store: Path) -> None:
    snapshot = fresh(store).head()
    snapshot.cache = None
    agree(snapshot)


def test_an_unchanged_store_opens_without_a_listing_and_without_a_record(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = held(everything(fresh(store).head(), "run"))

    def refuse(*_args: object, **_more: object) -> Any:
        raise AssertionError("nobody should have asked")

    monkeypatch.setattr(tables, "load_each", refuse)
    monkeypatch.setattr("gitml.repo.git.trees.tree", refuse)
    for one in (fresh(store).head(), fresh(store).worktree()):
        assert held(everything(one, "run")).keys() == wanted.keys()


def test_a_change_of_the_work_tree_stands_in_the_place_of_what_it_replaces(store: Path) -> None:
    agree(fresh(store).head())
    paths = sorted(dict(run(number) for number in range(MANY)))
    (store / paths[3]).unlink()
    (store / paths[40]).write_bytes(run(40, by="@ines")[1])
    (store / paths[41]).write_bytes(b"status: [\n")
    write(store, dict([run(MANY + 1), run(MANY + 2)]))
    agree(fresh(store).worktree())
    git(store, "add", "-A")
    agree(fresh(store).worktree())
    agree(fresh(store).staged())


def test_a_new_commit_is_made_from_the_table_before_it(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(3)  # noqa: S311
    agree(fresh(store).head())
    listed: list[str] = []
    whole = belonging.all_of

    def counted(one: Snapshot, kind: str, entries: Mapping[str, Entry]) -> block.Files:
        listed.append(kind)
        return whole(one, kind, entries)

    for room in (belonging, tables):
        monkeypatch.setattr(room, "all_of", counted)
    files = dict(run(number) for number in range(MANY))
    for step in range(12):
        for path in draw.sample(sorted(files), draw.randint(0, 9)):
            del files[path]
            (store / path).unlink(missing_ok=True)
        added = dict(run(MANY + 20 * step + number, by="@mona") for number in range(draw.randint(0, 7)))
        files |= added
        commit(store, added, f"step {step}")
        agree(fresh(store).head())
    assert listed == []


def test_after_a_commit_only_what_it_changed_is_read(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    agree(fresh(store).head())
    asked: list[str] = []
    load = tables.load_each

    def counted(wanted: Sequence[tuple[Any, str, Entry]], **how: Any) -> Any:
        asked.extend(path for _source, path, _entry in wanted)
        return load(wanted, **how)

    monkeypatch.setattr(tables, "load_each", counted)
    paths = sorted(dict(run(number) for number in range(MANY)))
    (store / paths[5]).unlink()
    changed = {**dict([run(MANY + 1)]), paths[60]: b"status: [\n", **dict([run(40, by="@ines", note="new")])}
    commit(store, changed, "a few")
    found = held(table(fresh(store).head(), "run"))
    assert sorted(asked) == sorted(changed)
    monkeypatch.undo()
    assert told(found) == told(read_anew(fresh(store).head()))


def read_anew(one: Snapshot) -> Rows:
    """What reading every record gives, whatever is kept."""
    one.cache = None
    return read(one)


def _blocks_kept(repo: Path) -> int:
    with sqlite3.connect(fresh(repo).cache.path) as connection:
        (count,) = connection.execute("SELECT COUNT(*) FROM kept WHERE key GLOB 'block/*'").fetchone()
    connection.close()
    return int(count)


def test_a_commit_that_differs_everywhere_a_little_makes_no_block_anew(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agree(fresh(store).head())
    monkeypatch.setattr(nearby, "_NEAR", 2)
    before = _blocks_kept(store)
    paths = sorted(dict(run(number) for number in range(MANY)))
    for path in paths[7::60]:
        (store / path).unlink()
    edited = dict(run(number, by="@ines") for number in range(3, MANY, 40))
    commit(store, {**edited, paths[50]: b"status: [\n", **dict([run(MANY + 1)])}, "here and there")
    for _again in range(2):
        agree(fresh(store).head())
    (store / paths[90]).unlink()
    write(store, dict([run(3, by="@mona"), run(MANY + 2)]))
    agree(fresh(store).worktree())
    assert _blocks_kept(store) == before
    without("files/*")(fresh(store).cache.path)
    agree(fresh(store).head())


def test_all_records_of_a_kind_may_go_and_come_back(store: Path) -> None:
    agree(fresh(store).head())
    shutil.rmtree(store / "metadata/runs")
    gone = commit(store, {}, "gone")
    assert agree(fresh(store).commit(gone)).count == 0
    back = commit(store, dict(run(number) for number in range(MANY)), "back")
    assert agree(fresh(store).commit(back)).count == MANY


def test_what_lies_wrong_is_lost_and_told(store: Path) -> None:
    write(store, {"metadata/runs/wine/notes.yml": "a: 1\n"})
    misplaced = commit(store, {}, "wrong")
    assert "metadata/runs/wine/notes.yml" in table(fresh(store).commit(misplaced), "run").lost
    shutil.rmtree(store / "metadata/runs")
    (store / "metadata/runs").symlink_to("elsewhere")
    link = commit(store, {}, "a link")
    for _again in range(2):
        assert table(fresh(store).commit(link), "run").lost == ["metadata/runs"]


def test_another_template_is_another_table(store: Path) -> None:
    agree(fresh(store).head())
    _digest, shipped = packaged.files()["run.yaml"]
    schema = shipped.replace(b"{experiment}/{id|shard}/{id}.yaml", b"{experiment}/{id}.yaml")
    assert schema != shipped
    other = commit(store, {"schemas/run.yaml": schema}, "elsewhere")
    assert table(fresh(store).commit(other), "run").count == 0


def test_a_schema_that_asks_for_a_tag_is_another_table(store: Path) -> None:
    schema = """$id: thing/1
title: Thing
description: What lies in a repository already.
x-gitml: {addressing: named, path: "things/{name}.yaml", canonical: false}
type: object
properties:
"""
    plain, tagged = f"{schema}  a: {{}}\n", f"{schema}  a: {{}}\n  schema: {{type: string}}\n"
    files: dict[str, str | bytes] = {f"things/{number:03}.yaml": "schema: model/1\na: 1\n" for number in range(80)}
    before = fresh(store).commit(commit(store, {"schemas/thing.yaml": plain, **files}, "things"))
    assert (before.schemas.problems, table(before, "thing").lost) == ((), [])
    after = fresh(store).commit(commit(store, {"schemas/thing.yaml": tagged}, "tagged"))
    assert (after.schemas.problems, table(after, "thing").lost) == ((), sorted(files))


def test_rows_on_all_cores_are_the_same(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "WORTH_SPREADING", 10)
    monkeypatch.setattr(tables, "cores", lambda: 3)
    spread: list[int] = []
    one = fresh(store)

    def counted(deed: Callable[..., Any], common: Any, shares: Sequence[Any], here: Callable[[Any], Any]) -> list[Any]:
        spread.append(len(shares))
        found = workers.spread(deed, common, shares, here)
        spread.append(one.progress.done)
        return found

    monkeypatch.setattr(tables, "spread", counted)
    agree(one.head())
    assert spread == [
        3,
        3 * sum(map(len, list(block.cut(belonging.all_of(one.head(), "run", one.head().entries)))[::3])),
    ]
    assert one.progress.whole == 0


def test_any_value_comes_back_out_of_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(block, "_CUT", 16)
    draw = random.Random(5)  # noqa: S311
    values = [
        *(0, 1, -1, 2**53 + 1, 2**63 - 1, -(2**63)),
        *(0.0, -0.0, 0.1, 1.0, math.nan, math.inf, -math.inf, True, False, None, [], [1, [0.5]], {}),
        *("", "1", "nan", "adam", "需求", "a\nb", "é" * 40),
    ]
    alike = {"i": values[:6], "f": values[6:13], "n": [1, 0.5, 2], "b": values[13:15], "t": values[19:], "x": values}
    mixed = {f"{name}{share}": (of, share) for name, of in alike.items() for share in (1, 2, 5, 30)}
    files = dict(
        run(number, params={name: draw.choice(of) for name, (of, share) in mixed.items() if not draw.randrange(share)})
        for number in range(MANY)
    )
    repo = init(tmp_path / "mixed")
    commit(repo, {"metadata/store.yaml": "schema: store/1\n", **files})
    for _again in range(2):
        agree(fresh(repo).head())


# ── faults ────────────────────────────────────────────────────────────────────────────────────────────────────────


PATTERNS = ("column/*", "shelf/*", "files/*", "block/*", "table/*", "column/*/params*")


@pytest.mark.parametrize(
    "fault",
    [emptied, scribbled, cut, *map(without, PATTERNS)],
    ids=["emptied", "scribbled", "cut", *PATTERNS],
)
def test_a_damaged_cache_changes_no_answer(store: Path, fault: Callable[[Path], None]) -> None:
    repository = fresh(store)
    agree(repository.head())
    repository.cache.close()
    fault(repository.cache.path)
    agree(fresh(store).head())
    write(store, dict([run(MANY + 1)]))
    agree(fresh(store).worktree())


def test_what_the_cache_has_lost_is_read_once_and_kept_again(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = fresh(store)
    agree(repository.head())
    repository.cache.close()
    without("column/*/params*")(repository.cache.path)
    wanted = held(table(fresh(store).head(), "run"))

    def refuse(*_args: object, **_more: object) -> Any:
        raise AssertionError("nobody should have asked")

    monkeypatch.setattr(tables, "load_each", refuse)
    assert held(table(fresh(store).head(), "run")).keys() == wanted.keys()


def test_columns_and_files_lost_together(store: Path) -> None:
    repository = fresh(store)
    agree(repository.head())
    repository.cache.close()
    for pattern in ("column/*", "files/*"):
        without(pattern)(repository.cache.path)
    agree(fresh(store).head())


@pytest.fixture
def partial(store: Path, tmp_path: Path) -> Path:
    """A clone that has none of the blobs."""
    git(store, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--no-checkout", "--filter=blob:none", f"file://{store}", "clone")
    return tmp_path / "clone"


def test_what_is_absent_is_not_kept_as_lost(partial: Path) -> None:
    assert table(fresh(partial).head(), "run").count == 0
    head = fresh(partial).head()
    fresh(partial).git.fetch_missing(entry.oid for entry in head.entries.values())
    agree(fresh(partial).head())


# ── what other tools' files give ──────────────────────────────────────────────────────────────────────────────────


def test_that_nothing_is_derived_is_known_until_something_may_be(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(store, {"data/wine.csv.dvc": "outs:\n- md5: 0123456789abcdef0123456789abcdef\n  path: wine.csv\n"}, "data")
    everything(fresh(store).head(), "run")
    asked: list[str | None] = []
    whole = Snapshot.derived

    def counted(self: Snapshot, kind: str | None = None) -> Derived:
        asked.append(kind)
        return whole(self, kind)

    monkeypatch.setattr(Snapshot, "derived", counted)

    def look() -> list[str | None]:
        del asked[:]
        for one in (fresh(store).head(), fresh(store).worktree()):
            everything(one, "run")
            told, there = (
                {str(made.ref) for made in found.of("run")} for found in (derived(one, "run"), whole(one, "run"))
            )
            assert told == there
        return asked

    assert look() == []
    commit(store, dict([run(MANY + 1)]), "one more run")
    assert look() == []
    write(store, {"train.py": "print()\n", "metrics.json": '{"auc": 1}\n'})
    assert look() == []
    stage = "stages:\n  train:\n    cmd: python train.py\n    metrics: [metrics.json]\n"
    lock = "schema: '2.0'\nstages:\n  train:\n    cmd: python train.py\n    outs: [{path: metrics.json, md5: 9a}]\n"
    write(store, {"dvc.yaml": stage, "dvc.lock": lock})
    assert look() == ["run"]
    commit(store, {}, "a pipeline")
    assert look() == ["run", "run"]
    git(store, "rm", "-q", "dvc.yaml", "dvc.lock")
    among = "outs:\n- md5: 0123456789abcdef0123456789abcdef\n  path: x.bin\n"
    commit(store, {"metadata/runs/wine/x.bin.dvc": among}, "a file of DVC's among the records")
    assert "run" in look()
    assert "run" in look()


# ── DVC's files ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_dvcs_files_are_found_without_a_listing_of_the_runs(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(store, {"data/a.csv.dvc": "outs: []\n", "deep/er/dvc.yaml": "stages: {}\n", "metadata/x.dvc": ""})

    def told() -> set[str]:
        return set(filter(is_pointer_file, fresh(store).here().seen.starts))

    wanted = {"data/a.csv.dvc", "deep/er/dvc.yaml", "metadata/x.dvc"}
    assert told() == wanted  # nothing is kept yet
    agree(fresh(store).head())
    monkeypatch.setattr(Tree, "below", property(lambda _tree: pytest.fail("a listing of all")))
    assert told() == wanted
    among = f"{Path(run(3)[0]).parent.as_posix()}/y.dvc"
    write(store, {among: "outs: []\n"})
    assert told() == {*wanted, among}
    git(store, "add", "-A")
    git(store, "commit", "-q", "-m", "among the runs")
    git(store, "rm", "-q", "data/a.csv.dvc")
    monkeypatch.undo()
    monkeypatch.setattr(block, "_CUT", 16)
    assert told() == {"deep/er/dvc.yaml", "metadata/x.dvc", among}
    agree(fresh(store).head())
    assert told() == {"deep/er/dvc.yaml", "metadata/x.dvc", among}
