"""Lineage out of the index: what reading every record gives, whole or around one, whatever became of the cache."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from gitml.records.canonical import dump
from gitml.records.reader import read
from gitml.records.ref import Ref
from gitml.repo import packaged
from gitml.repo.index import block, portions, tables
from gitml.repo.repository import Repository
from gitml.repo.snapshot import Snapshot
from gitml.views.lineage import reach
from gitml.views.lineage.build import after, build, in_git, lineage, whole
from gitml.views.lineage.graph import Graph
from gitrepo import commit, git, init, write
from in_memory import snapshot, store
from indexed import emptied, scribbled, without

EXPERIMENTS = ("wine", "churn")
PATHS = ("data/a.csv", "data/b.csv", "data", "model.pkl", "data/raw/c.csv")
HASHES = tuple(letter * 32 for letter in "ab")


def told(graph: Graph) -> tuple[Any, ...]:
    """All that a graph says."""
    return graph.root, [(node, graph.depth(node.ref), node.origin) for node in graph.nodes], graph.edges


def anew(one: Snapshot) -> Graph:
    """The graph of records that are all read."""
    return build(one.records(), one.schemas, in_git(one))


# ── around one record ─────────────────────────────────────────────────────────────────────────────────────────────


def world(draw: random.Random) -> Snapshot:
    """A small store of everything that can lead to something, named at random, and DVC's files beside it."""
    runs = [f"run/{draw.choice(EXPERIMENTS)}/01JD7K000000000000000000{number:X}0" for number in range(1, 6)]
    versions = [f"{kind}/{name}@{number}" for kind in ("dataset", "model") for name in ("a", "b") for number in (1, 2)]
    heads = ["dataset/a", "dataset/b", "model/a", "model/b"]
    names = [*runs, *versions, *heads]
    records: dict[str, Mapping[str, Any]] = {}
    for ref in runs:
        records[ref] = {
            "created": f"2026-01-0{draw.randint(1, 5)}T00:00:00Z",
            **_some(draw, "inputs", lambda: {"train": _bytes(draw, names)}),
            **_some(draw, "outputs", lambda: {"out": _bytes(draw, names)}),
            **_some(draw, "code", lambda: {"path": draw.choice(["train.py", "src/a.py"]), "commit": "c" * 40}),
            **_some(draw, "environment", lambda: "environment/e1"),
        }
    for ref in draw.sample(versions, 5):
        pointer = {"type": draw.choice(["dvc", "uri"]), "path": draw.choice(PATHS), "md5": draw.choice(HASHES)}
        records[ref] = {
            **_some(draw, "pointer", lambda pointer=pointer: pointer),
            **_some(draw, "run", lambda: draw.choice(runs)),
            **_some(draw, "inputs", lambda: {"previous": _bytes(draw, names)}),
        }
    for ref in draw.sample(heads, 3):
        records[ref] = _some(draw, "derived_from", lambda: [draw.choice(names)])
    records["evaluation/wine/01JD7K000000000000000000F0"] = {"of": {"ref": draw.choice(names)}}
    records["alias/model/a/production"] = {"version": "1"}
    records["deployment/d"] = {"model": {"ref": draw.choice(versions)}}
    held = store(records)
    files = {path: held.contents[entry.oid] for path, entry in held.entries.items()}
    return snapshot({**files, **_of_dvc(draw)})


def _some(draw: random.Random, name: str, value: Callable[[], Any]) -> dict[str, Any]:
    return {name: value()} if draw.random() < 0.7 else {}


def _bytes(draw: random.Random, names: list[str]) -> dict[str, str]:
    named = {"ref": draw.choice(names)}
    place = {"path": draw.choice(PATHS), "md5": draw.choice(HASHES)}
    return draw.choice([named, place, {**named, **place}])


def _of_dvc(draw: random.Random) -> dict[str, bytes]:
    """A file that is tracked, one that is imported, a stage with its lock, and some code."""
    found = {"train.py": b"1\n"}
    if draw.random() < 0.7:
        found["data/a.csv.dvc"] = f"outs:\n- md5: {draw.choice(HASHES)}\n  path: a.csv\n".encode()
    if draw.random() < 0.5:
        deps = f"deps:\n- path: {draw.choice(PATHS)}\n  md5: {HASHES[0]}\n"
        found["imported.csv.dvc"] = f"{deps}outs:\n- md5: {HASHES[1]}\n  path: imported.csv\n".encode()
    if draw.random() < 0.7:
        dep, out = draw.sample(PATHS[1:], 2)
        sides = f"    deps:\n    - {dep}\n    - train.py\n    outs:\n    - {out}\n"
        found["dvc.yaml"] = f"stages:\n  train:\n    cmd: python train.py\n{sides}".encode()
        pairs = (("deps", dep, HASHES[0]), ("outs", out, HASHES[1]))
        locked = "".join(f"    {side}:\n    - path: {path}\n      md5: {md5}\n" for side, path, md5 in pairs)
        found["dvc.lock"] = f"schema: '2.0'\nstages:\n  train:\n    cmd: python train.py\n{locked}".encode()
    return found


@pytest.mark.parametrize("seed", range(12))
def test_around_one_record_is_that_part_of_the_whole(seed: int) -> None:
    here = world(random.Random(seed))  # noqa: S311
    everything = anew(here)
    assert told(whole(here)) == told(everything)
    assert len(everything) > len(EXPERIMENTS)
    for ref in everything.refs:
        found, wanted = lineage(here, ref), everything.around(ref)
        assert told(found) == told(wanted)
        for one, other in ((found.upstream(), wanted.upstream()), (found.downstream(), wanted.downstream())):
            assert told(one) == told(other)


@pytest.mark.parametrize("seed", range(6))
def test_what_several_lead_to_is_that_part_of_the_whole(seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311
    here = world(draw)
    everything = anew(here)
    for _time in range(12):
        refs = draw.sample(list(everything.refs), 3)
        found = after(here, refs)
        assert {ref: told(found.downstream(ref)) for ref in refs if ref in found} == {
            ref: told(everything.downstream(ref)) for ref in refs if ref in found
        }
        assert all(not everything.downstream(ref).edges for ref in refs if ref not in found)
    assert not after(here, []).nodes


def test_who_reaches_very_much_has_all_of_it_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "_MANY", 3)
    here = world(random.Random(2))  # noqa: S311
    everything = anew(here)
    assert {ref: told(lineage(here, ref)) for ref in everything.refs} == {
        ref: told(everything.around(ref)) for ref in everything.refs
    }


# ── out of the index ──────────────────────────────────────────────────────────────────────────────────────────────


def run(number: int, **more: Any) -> tuple[str, bytes]:
    """A run's path and bytes."""
    data = {"schema": "run/1", "status": "finished", "inputs": {"train": {"ref": f"dataset/wine@{number % 7}"}}, **more}
    if number % 5 == 0:
        data["outputs"] = {"model": {"path": "model.pkl", "md5": HASHES[0]}}
    made = f"01JD7K000000000000000{number:05}"
    return snapshot({}).path(Ref("run", ("wine", made))), dump(data)


MANY = 120


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store of runs in blocks of about sixteen, with a model from one of them and what DVC tracks."""
    monkeypatch.setattr(block, "_CUT", 16)
    files = dict(run(number) for number in range(MANY))
    pointer = {"type": "dvc", "path": "model.pkl", "md5": HASHES[0]}
    model = dump({"schema": "model-version/1", "pointer": pointer})
    tracked = f"outs:\n- md5: {HASHES[0]}\n  path: model.pkl\n".encode()
    made = init(tmp_path / "store")
    broken = {"metadata/runs/wine/00/broken.yaml": b"status: [\n"}
    commit(made, {"metadata/store.yaml": "schema: store/1\n", **files, **broken})
    commit(made, {"metadata/models/wine/1.yaml": model, "model.pkl.dvc": tracked})
    return made


def agree(one: Snapshot) -> None:
    """What is kept says what is read anew, of everything and of a few."""
    other = Repository.find(one.git.root or one.git.git_dir)
    again = other.commit(one.at.commit) if one.at.commit else other.at(one.at.kind)
    again.cache = None
    wanted = anew(again)
    assert told(whole(one)) == told(wanted)
    assert len(wanted.edges) > 1
    for ref in wanted.refs[:: len(wanted) // 5]:
        assert told(lineage(one, ref)) == told(wanted.around(ref))


def fresh(repo: Path) -> Repository:
    """The store as another process finds it."""
    return Repository.find(repo)


def _unread(*_args: object, **_more: object) -> Any:
    raise AssertionError("no record need be read")


def test_what_is_kept_is_what_is_read(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for one in (fresh(repo).head(), fresh(repo).head(), fresh(repo).worktree(), fresh(repo).staged()):
        agree(one)
    monkeypatch.setattr("gitml.repo.load.read_blob", lambda raw: _unread() if b"run/1" in raw else read(raw))
    assert "model/wine@1" in lineage(fresh(repo).head(), "model/wine@1")


def test_what_differs_from_the_commit_is_read(repo: Path) -> None:
    agree(fresh(repo).head())
    paths = sorted(dict(run(number) for number in range(MANY)))
    (repo / paths[3]).unlink()
    (repo / paths[40]).write_bytes(run(40, inputs={"train": {"ref": "dataset/other@1"}})[1])
    (repo / paths[41]).write_bytes(b"status: [\n")
    (repo / "model.pkl.dvc").write_text(f"outs:\n- md5: {HASHES[1]}\n  path: model.pkl\n")
    write(repo, dict([run(MANY + 1)]))
    agree(fresh(repo).worktree())
    git(repo, "add", "-A")
    agree(fresh(repo).staged())
    agree(fresh(repo).commit(commit(repo, {}, "all of it")))


def test_a_schema_of_its_own_draws_its_own_edges(repo: Path) -> None:
    agree(fresh(repo).head())
    before = whole(fresh(repo).head())
    _digest, shipped = packaged.files()["run.yaml"]
    schema = shipped.replace(b"role: input", b"role: about")
    assert schema != shipped
    after = fresh(repo).commit(commit(repo, {"schemas/run.yaml": schema}, "nothing is made of it"))
    agree(after)
    assert len(whole(after).edges) < len(before.edges)


FAULTS = {
    "emptied": emptied,
    "scribbled": scribbled,
    **{pattern: without(pattern) for pattern in ("trace/*", "files/*", "block/*", "trace/*[0-7]", "apart/*")},
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_damaged_cache_changes_no_answer(repo: Path, fault: Callable[[Path], None]) -> None:
    repository = fresh(repo)
    agree(repository.head())
    repository.cache.close()
    fault(repository.cache.path)
    agree(fresh(repo).head())
    write(repo, dict([run(MANY + 1)]))
    agree(fresh(repo).worktree())


def test_on_all_cores_it_is_the_same(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portions, "WORTH_SPREADING", 10)
    for room in (portions, tables):
        monkeypatch.setattr(room, "cores", lambda: 2)
    agree(fresh(repo).head())


# ── where readers begin ───────────────────────────────────────────────────────────────────────────────────────────


def derived(one: Snapshot) -> list[tuple[str, str]]:
    """What readers make of a snapshot."""
    return [(str(record.ref), record.blob) for record in one.derived().of(None)]


def _steps(repo: Path) -> Iterator[Snapshot]:
    """A store in which readers find more and more among records."""
    yield fresh(repo).head()
    tracked = f"outs:\n- md5: {HASHES[1]}\n  path: x.csv\n"
    write(repo, dict([run(MANY + 1)]))
    yield fresh(repo).worktree()
    yield fresh(repo).commit(commit(repo, {}, "one more run"))
    write(repo, {"metadata/runs/wine/x.csv.dvc": tracked})
    yield fresh(repo).worktree()
    yield fresh(repo).commit(commit(repo, {}, "data among records"))
    stage = "stages:\n  a:\n    cmd: a\n    deps:\n    - metadata/runs/wine\n    outs:\n    - a\n"
    yield fresh(repo).commit(commit(repo, {"dvc.yaml": stage}, "a stage that reads records"))


def test_what_readers_make_does_not_depend_on_what_is_listed(repo: Path) -> None:
    for one in _steps(repo):
        for again in (one, fresh(repo).commit(one.at.commit) if one.at.commit else fresh(repo).worktree()):
            plain = fresh(repo).commit(one.at.commit) if one.at.commit else fresh(repo).worktree()
            plain.cache = None
            assert derived(again) == derived(plain)
