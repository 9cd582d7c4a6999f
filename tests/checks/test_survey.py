"""A whole store is judged by the gist of its blocks, and by what differs from a commit that was judged: the same."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from gitml.checks import check, judged, validate
from gitml.checks.facts import FactBook
from gitml.checks.scope import Scope
from gitml.checks.survey import referring
from gitml.errors import Problem
from gitml.records.canonical import dump
from gitml.records.ref import Ref
from gitml.records.ulid import new_ulid
from gitml.repo.index import block
from gitml.repo.repository import Repository
from gitrepo import commit, git, init, write
from in_memory import snapshot

MANY = 150
DATASETS = 90
WHEN = "2026-02-10T09:12:00Z"
MD5 = "9c07e1d2a4b6c8d0e2f4a6b8c0d2e4f6"
FAULTS = {
    "metadata/runs/stray.yaml": "schema: run/1\n",
    "metadata/nowhere/x.yaml": "schema: run/1\n",
    "metadata/x.yaml": "schema: run/1\n",
    "metadata/datasets/d3/2.yaml": f'schema: dataset-version/1\nid: {"0" * 26}\ncreated: "2026-02-10T09:12:00Z"\n',
    "data/broken.csv.dvc": "outs: [\n",
}


def text(kind: str, **data: object) -> str:
    """A record in canonical form."""
    return dump(data, snapshot({}).schemas.kind(kind).shape.order).decode()


def version(number: int, **more: object) -> str:
    made = new_ulid(1_700_000_000_000, number.to_bytes(10, "big"))
    pointer = {"type": "uri", "uri": "s3://wine/data.csv", "sha256": "0" * 64}
    return text("dataset-version", schema="dataset-version/1", id=made, created=WHEN, pointer=pointer, **more)


def run(number: int, **more: object) -> tuple[str, str]:
    made = new_ulid(1_700_000_000_000 + number * 977, number.to_bytes(10, "big"))
    path = snapshot({}).path(Ref("run", ("wine", made)))
    return path, text("run", schema="run/1", status="finished", created=WHEN, **more)


def using(name: str, **more: str) -> dict[str, object]:
    return {"inputs": {"train": {"ref": f"dataset/{name}@1", **more}}}


def ref_of(path: str) -> str:
    return f"run/wine/{path.rpartition('/')[2].removesuffix('.yaml')}"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store in small blocks, with something wrong of nearly every sort."""
    monkeypatch.setattr(block, "_CUT", 16)
    repo = init(tmp_path / "store")
    files = dict(run(number, **using(f"d{number % DATASETS}")) for number in range(MANY))
    for number in range(DATASETS):
        files[f"metadata/datasets/d{number}.yaml"] = "schema: dataset/1\ndescription: d\n"
        files[f"metadata/datasets/d{number}/1.yaml"] = version(number)
    paths = sorted(path for path in files if "/runs/" in path)
    pointer = {"type": "dvc", "path": "data/wine.csv", "md5": MD5}
    files |= {
        paths[3]: "schema: run/1\nstatus: [\n",
        paths[5]: run(5, **using("nobody"))[1],
        paths[7]: run(7, **using("d7", id="01JD7H2Q0V8N4C3W9T5R6Y1KXZ"))[1],
        paths[9]: run(9, resumes=ref_of(paths[11]))[1],
        paths[11]: run(11, resumes=ref_of(paths[9]))[1],
        paths[13]: run(13, params={"password": "AKIAIOSFODNN7EXAMPLE"})[1],
        paths[15]: 'status: finished\nschema: run/1\ncreated: "2026-02-10T09:12:00Z"\n',
        paths[17]: run(17, outputs={"model": {"pointer": pointer}})[1],
        paths[19]: run(19, resumes="dataset/d1@1")[1],
        "metadata/datasets/d3/2.yaml": version(5),
        "metadata/datasets/big~0000000a.yaml": "schema: dataset/1\nname: D3\ndescription: d\n",
    }
    commit(repo, {"metadata/store.yaml": "schema: store/1\n", "a.py": "", **files})
    return repo


def told(repo: Path) -> list[Problem]:
    """What is wrong, as a process of its own finds it."""
    repository = Repository.find(repo)
    return list(validate.everything(repository, repository.here()).problems)


def read(repo: Path) -> list[Problem]:
    """What is wrong where every record is read."""
    repository = Repository.find(repo)
    here = repository.here()
    here.cache = None
    found = validate.everything(repository, here)
    assert found.checked == len(here.paths)
    return list(found.problems)


def test_a_store_is_judged_as_if_every_record_were_read(store: Path) -> None:
    wanted = read(store)
    assert {problem.code for problem in wanted} >= {
        "yaml.syntax", "ref.missing", "ref.id", "ref.cycle", "ref.kind", "id.duplicate", "secret.found",
    }  # fmt: skip
    assert told(store) == wanted  # nothing is kept yet
    assert told(store) == wanted
    write(store, FAULTS)
    assert told(store) == read(store)
    commit(store, FAULTS)
    assert told(store) == told(store) == read(store)


def test_what_is_built_on_a_judged_commit_is_judged_as_if_every_record_were_read(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = random.Random(7)  # noqa: S311
    assert told(store) == read(store)
    steps: list[object] = []
    known = judged.step
    monkeypatch.setattr(judged, "step", lambda *asked: steps.append(known(*asked)) or steps[-1])
    paths = sorted(path.relative_to(store).as_posix() for path in (store / "metadata").rglob("*.yaml"))
    paths.remove("metadata/store.yaml")
    for turn in range(10):
        for path in draw.sample(paths, 4):
            deed = draw.choice(["remove", "break", "refer", "copy", "restore"])
            target = store / path
            if deed == "remove":
                target.unlink(missing_ok=True)
            elif deed == "break":
                write(store, {path: "schema: run/1\nparams: {a: [}\n"})
            elif deed == "refer":
                write(store, {path: run(turn, resumes=ref_of(draw.choice(paths)))[1]})
            elif deed == "copy":
                write(store, {path: version(draw.randrange(DATASETS), derived_from=["dataset/d1@1"])})
            else:
                git(store, "checkout", "-q", "HEAD~0", "--", path, check=False)
        write(store, {"a.py": f"# {turn}\n"})
        assert told(store) == read(store)
        if turn % 3 == 2:
            git(store, "add", "-A")
            git(store, "commit", "-q", "-m", "more")
            assert told(store) == read(store)
    assert [one for one in steps if one is not None], "no step was ever taken"


@pytest.mark.parametrize("path", ["dvc.yaml", "data/wine.csv.dvc", "model-index.yml", "schemas/run.yaml"])
def test_files_that_may_tell_more_are_no_step(store: Path, path: str) -> None:
    told(store)
    repository = Repository.find(store)
    assert judged.step(repository, repository.here()) is not None
    write(store, {path: "x: 1\n"})
    repository = Repository.find(store)
    assert judged.step(repository, repository.here()) is None


def test_who_refers_to_something_is_found_without_reading_every_record(store: Path) -> None:
    told(store)
    book = FactBook(Repository.find(store).head())
    found = dict(referring(book, ["dataset/d20@1"]))
    texts = {path: (store / path).read_text() for path in book.snapshot.paths}
    assert set(found) == {path for path, text in texts.items() if "dataset/d20@1\n" in text}
    assert len(found) == len(book._known) < len(texts) / 2


def test_a_new_version_does_not_take_the_id_of_one_that_has_landed(store: Path) -> None:
    write(store, {"metadata/datasets/d10/2.yaml": version(40)})
    git(store, "add", "-A")
    repository = Repository.find(store)
    after, before = repository.staged_on_head()
    found = check.check(check.changed(after, before, before))
    assert [(one.code, one.path) for one in found] == [("id.duplicate", "metadata/datasets/d10/2.yaml")]
    assert "dataset/d40@1" in found[0].message


def test_whole_names_no_paths(store: Path) -> None:
    head = Repository.find(store).head()
    scope = Scope(head, head, frozenset(), whole=True)
    assert scope.count == len(head.paths)
    assert scope.asks("metadata/datasets/d1.yaml")
