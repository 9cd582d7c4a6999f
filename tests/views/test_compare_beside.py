"""What stands beside the fields of a comparison: data, code, environment and duration of real repositories."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import gitml
from gitml.errors import BadValue
from gitml.records.canonical import dump
from gitml.records.record import MISSING
from gitml.repo.git import Git
from gitml.repo.git.ranges import Touched
from gitml.views.beside.parts import Beside, Duration, Range
from gitrepo import commit, git, init, write

ID = "01JD7M000000000000000000{}0"
RUN_1, RUN_2 = (ID.format(letter) for letter in "AB")


def record(kind: str, data: Mapping[str, Any]) -> bytes:
    return dump({"schema": f"{kind}/1", **data})


def run(name: str, **data: Any) -> dict[str, bytes]:
    shard = hashlib.sha256(name.encode()).hexdigest()[:2]
    return {f"metadata/runs/wine/{shard}/{name}.yaml": record("run", {"status": "finished", **data})}


def dataset(version: int, md5: str, **data: Any) -> dict[str, bytes]:
    pointer = {"type": "dvc", "path": "data/wine.csv", "md5": md5 * 32, "size": 100 * version}
    data = {"id": ID.format(version), "created": "2026-03-01T12:00:00Z", "pointer": pointer, **data}
    return {f"metadata/datasets/wine/{version}.yaml": record("dataset-version", data)}


def beside(repo: Path, *refs: str) -> Beside:
    found = gitml.open(repo).comparison(*refs).beside
    assert found is not None
    return found


AGE = {"name": "age", "type": "int", "nulls": 0}
SEX = {"name": "sex", "type": "string", "nulls": 1}
PRICE = {"name": "price", "type": "float"}
DATA = {
    **dataset(1, "a", rows=100, columns=[AGE, SEX], reason="first"),
    **dataset(2, "b", rows=103, columns=[{**AGE, "type": "float", "nulls": 4}, PRICE], reason="second"),
}


def test_two_versions_of_data_column_by_column(repo: Path) -> None:
    write(repo, DATA)
    (one,) = beside(repo, "dataset/wine@1", "dataset/wine@2").data
    assert (one.name, one.same) == ("pointer", False)
    assert one.refs == ("dataset/wine@1", "dataset/wine@2")
    assert one.hashes == (f"md5:{'a' * 32}", f"md5:{'b' * 32}")
    version = one.versions[1]
    assert one.versions[0] is None
    assert version is not None
    told = {name: {one.field: (one.before, one.after) for one in fields} for name, fields in version.columns.items()}
    assert told == {
        "age": {"type": ("int", "float"), "nulls": (0, 4)},
        "sex": {"name": ("sex", MISSING), "type": ("string", MISSING), "nulls": (1, MISSING)},
        "price": {"name": (MISSING, "price"), "type": (MISSING, "float")},
    }
    assert {one.field: (one.before, one.after) for one in version.figures} == {
        "rows": (100, 103),
        "pointer.size": (100, 200),
    }


def test_figures_of_the_profiles_where_both_are_here(repo: Path) -> None:
    path = "metadata/series/datasets/wine/{}.profile.json"
    profiles = {
        path.format(1): json.dumps({"columns": [{"name": "age", "mean": 40.5, "top": "x"}], "memory": 1}),
        path.format(2): json.dumps({"memory": 2, "columns": [{"name": "age", "mean": 41.5, "top": "y"}]}),
    }
    said = {number: {"path": path.format(number), "sha256": "c" * 64} for number in (1, 2)}
    files = {**dataset(1, "a", profile=said[1]), **dataset(2, "b", profile=said[2])}
    write(repo, {**files, **profiles})
    version = beside(repo, "dataset/wine@1", "dataset/wine@2").data[0].versions[1]
    assert version is not None
    assert {one.field: (one.before, one.after) for one in version.profile} == {
        "columns[name=age].mean": (40.5, 41.5),
        "memory": (1, 2),
    }
    write(repo, {path.format(2): "{"})
    broken = beside(repo, "dataset/wine@1", "dataset/wine@2").data[0].versions[1]
    assert broken is not None
    assert broken.profile == ()


def test_runs_are_told_by_their_inputs_with_versions_found_by_ref_or_by_hash(repo: Path) -> None:
    by_ref = {"train": {"ref": "dataset/wine@1", "id": ID.format(1)}, "extra": {"path": "x.csv", "md5": "e" * 32}}
    by_hash = {"train": {"path": "data/wine.csv", "md5": "b" * 32}, "extra": {"path": "x.csv", "md5": "e" * 32}}
    write(repo, {**DATA, **run(RUN_1, inputs=by_ref), **run(RUN_2, inputs=by_hash)})
    found = {one.name: one for one in beside(repo, f"run/wine/{RUN_1}", f"run/wine/{RUN_2}").data}
    assert found["inputs.train"].refs == ("dataset/wine@1", "dataset/wine@2")
    assert found["inputs.train"].hashes == (f"md5:{'a' * 32}", f"md5:{'b' * 32}")
    version = found["inputs.train"].versions[1]
    assert version is not None
    assert list(version.columns) == ["age", "sex", "price"]
    assert (found["inputs.extra"].same, found["inputs.extra"].refs) == (True, (None, None))


def test_equal_hashes_are_equal_data_whatever_it_is_called(repo: Path) -> None:
    inputs = [{"train": {"path": path, "md5": "e" * 32}} for path in ("a.csv", "b.csv")]
    write(repo, {**run(RUN_1, inputs=inputs[0]), **run(RUN_2, inputs=inputs[1])})
    (one,) = beside(repo, f"run/wine/{RUN_1}", f"run/wine/{RUN_2}").data
    assert one.same


def model(version: int, **data: Any) -> dict[str, bytes]:
    data = {"id": ID.format(version + 4), "created": "2026-03-01T12:00:00Z", **data}
    return {f"metadata/models/wine/{version}.yaml": record("model-version", data)}


def test_models_are_told_by_their_own_words_else_by_their_runs(repo: Path) -> None:
    runs = {
        **run(RUN_1, inputs={"train": {"ref": "dataset/wine@1"}}, created="2026-03-01T12:00:00Z"),
        **run(RUN_2, inputs={"train": {"ref": "dataset/wine@2"}}, utilization={"duration_s": 30}),
    }
    models = {**model(1, run=f"run/wine/{RUN_1}"), **model(2, run=f"run/wine/{RUN_2}")}
    write(repo, {**DATA, **runs, **models})
    found = beside(repo, "model/wine@1", "model/wine@2")
    assert [(one.name, one.refs) for one in found.data] == [("inputs.train", ("dataset/wine@1", "dataset/wine@2"))]
    assert found.duration == Duration((None, 30.0), (None, None), (None, None))
    write(repo, model(1, run=f"run/wine/{RUN_1}", training_data={"ref": "dataset/wine@2"}))
    write(repo, model(2, run=f"run/wine/{RUN_2}", training_data={"ref": "dataset/wine@1"}))
    own = beside(repo, "model/wine@1", "model/wine@2")
    assert [(one.name, one.refs) for one in own.data] == [("training_data", ("dataset/wine@2", "dataset/wine@1"))]


def test_what_refs_lead_to_nothing_is_told_by_name_alone(repo: Path) -> None:
    inputs = [{"train": {"ref": ref}} for ref in ("dataset/gone@1", "no ref")]
    write(repo, {**run(RUN_1, inputs=inputs[0]), **run(RUN_2, inputs=inputs[1], environment="environment/gone")})
    found = beside(repo, f"run/wine/{RUN_1}", f"run/wine/{RUN_2}")
    (one,) = found.data
    assert (one.same, one.refs, one.hashes) == (False, ("dataset/gone@1", "no ref"), (None, None))
    assert one.versions == (None, None)
    assert found.environment is not None
    assert found.environment.missing == ("environment/gone",)
    assert found.environment.changes == (None, None)
    assert not found.environment.same


def test_environments_package_by_package(repo: Path) -> None:
    packages = [{"numpy": "1.26", "dvc": "3.67.1", "old": "1"}, {"numpy": "2.0", "dvc": "3.67.1", "new.one": "1"}]
    records = {
        f"metadata/environments/{name}.yaml": record(
            "environment", {"language": {"name": "python", "version": version}, "packages": held, "description": name}
        )
        for name, version, held in (("one", "3.11", packages[0]), ("two", "3.13", packages[1]))
    }
    runs = {**run(RUN_1, environment="environment/one"), **run(RUN_2, environment="environment/two")}
    write(repo, {**records, **runs})
    found = beside(repo, f"run/wine/{RUN_1}", f"run/wine/{RUN_2}").environment
    assert found is not None
    assert found.refs == ("environment/one", "environment/two")
    assert {one.field: (one.before, one.after) for one in found.changes[1] or ()} == {
        "language.version": ("3.11", "3.13"),
        "packages.numpy": ("1.26", "2.0"),
        "packages.old": ("1", MISSING),
        "packages.`new.one`": (MISSING, "1"),
    }
    assert not found.same


def test_durations(repo: Path) -> None:
    began = "2026-03-01T12:00:00Z"
    runs = {**run(RUN_1, created=began, ended="2026-03-01T12:10:00Z"), **run(RUN_2, created=began, ended="soon")}
    write(repo, runs)
    refs = (f"run/wine/{RUN_1}", f"run/wine/{RUN_2}")
    assert beside(repo, *refs).duration == Duration((600.0, None), (None, None), (None, None))
    write(repo, run(RUN_2, created=began, ended="2026-03-01T12:15:00+00:00"))
    assert beside(repo, *refs).duration == Duration((600.0, 900.0), (None, 300.0), (None, 0.5))
    write(repo, {"metadata/terms/a.yaml": "schema: term/1\n", "metadata/terms/b.yaml": "schema: term/1\n"})
    assert beside(repo, "term/a", "term/b") == Beside()


@pytest.fixture
def coded(repo: Path) -> tuple[Path, list[str]]:
    """Two runs, two commits of code apart."""
    first = commit(repo, {"train.py": "a\nb\n", "gone.py": "x\n"})
    commit(repo, {"train.py": "a\nc\nd\n", "data.bin": b"\0\1"})
    git(repo, "rm", "-q", "gone.py")
    last = commit(repo, {"ü ber.py": "1\n"})
    write(repo, {**run(RUN_1, code={"commit": first}), **run(RUN_2, code={"commit": last, "dirty": True})})
    return repo, [first, last]


REFS = (f"run/wine/{RUN_1}", f"run/wine/{RUN_2}")


def test_the_files_between_two_commits_are_those_of_git(coded: tuple[Path, list[str]]) -> None:
    repo, commits = coded
    found = beside(repo, *REFS).code
    assert found is not None
    assert (found.commits, found.dirty, found.unreachable) == (tuple(commits), (None, True), ())
    assert found.ranges == (
        None,
        Range(
            2,
            0,
            (
                Touched("data.bin", None, None),
                Touched("gone.py", 0, 1),
                Touched("train.py", 2, 1),
                Touched("ü ber.py", 1, 0),
            ),
        ),
    )
    stat = git(repo, "diff", "--no-renames", "--shortstat", *commits)
    assert stat == " 4 files changed, 3 insertions(+), 2 deletions(-)"
    back = beside(repo, *reversed(REFS)).code
    assert back is not None
    assert back.ranges[1] is not None
    assert (back.ranges[1].ahead, back.ranges[1].behind) == (0, 2)
    same = beside(repo, REFS[0], REFS[0]).code
    assert same is not None
    assert (same.same, same.ranges[1]) == (True, Range(0, 0))


def test_what_was_not_committed_counts_where_its_tree_is_here(coded: tuple[Path, list[str]]) -> None:
    repo, (first, _last) = coded
    write(repo, {"train.py": "quite another\n"})
    git(repo, "add", "train.py")
    tree = git(repo, "write-tree")
    code = [{"commit": first, "tree": git(repo, "rev-parse", f"{first}^{{tree}}"), "dirty": False}]
    code.append({"commit": first, "tree": tree, "dirty": True})
    write(repo, {**run(RUN_1, code=code[0]), **run(RUN_2, code=code[1])})
    found = beside(repo, *REFS).code
    assert found is not None
    assert found.ranges[1] is not None
    assert "train.py" in [one.path for one in found.ranges[1].files]
    assert not found.same


def test_commits_that_are_not_here_are_told_plainly(coded: tuple[Path, list[str]]) -> None:
    repo, (first, _last) = coded
    write(repo, run(RUN_2, code={"commit": "f" * 40}))
    found = beside(repo, *REFS).code
    assert found is not None
    assert (found.unreachable, found.shallow, found.ranges, found.same) == (("f" * 40,), False, (None, None), False)
    tree = git(repo, "rev-parse", "HEAD^{tree}")
    write(repo, run(RUN_2, code={"commit": "f" * 40, "tree": tree}))
    by_tree = beside(repo, *REFS).code
    assert by_tree is not None
    assert by_tree.ranges[1] is not None
    assert (by_tree.ranges[1].ahead, len(by_tree.ranges[1].files)) == (None, 4)
    write(repo, run(RUN_1, code={"commit": "f" * 40}))
    equal = beside(repo, f"run/wine/{RUN_1}", f"run/wine/{RUN_1}").code
    assert equal is not None
    assert equal.same
    write(repo, run(RUN_1, code={"commit": "no commit", "dirty": "perhaps"}))
    assert beside(repo, REFS[0], REFS[0]).code is None
    assert first


def test_a_shallow_clone_and_a_partial_one(coded: tuple[Path, list[str]], tmp_path: Path) -> None:
    repo, commits = coded
    commit(repo, {})
    git(repo, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{repo}", "shallow")
    cut = beside(tmp_path / "shallow", *REFS).code
    assert cut is not None
    assert (cut.unreachable, cut.shallow) == (tuple(commits), True)
    git(tmp_path, "clone", "-q", "--filter=blob:none", f"file://{repo}", "partial")
    partial = beside(tmp_path / "partial", *REFS).code
    assert partial is not None
    assert partial.ranges[1] is not None
    assert [one.path for one in partial.ranges[1].files] == ["data.bin", "gone.py", "train.py", "ü ber.py"]
    assert {one.added for one in partial.ranges[1].files} == {None}


def test_lines_that_never_met(coded: tuple[Path, list[str]]) -> None:
    repo, (first, _last) = coded
    git(repo, "checkout", "-q", "--orphan", "alone")
    alone = commit(repo, {"train.py": "z\n"})
    write(repo, {**run(RUN_1, code={"commit": first}), **run(RUN_2, code={"commit": alone})})
    found = beside(repo, *REFS).code
    assert found is not None
    assert found.ranges[1] is not None
    assert (found.ranges[1].ahead, found.ranges[1].behind) == (1, 1)


def test_a_repository_of_sha256(tmp_path: Path) -> None:
    repo = init(tmp_path / "repo", "--object-format=sha256")
    first = commit(repo, {"a.py": "1\n"})
    last = commit(repo, {"a.py": "2\n"})
    write(repo, {**run(RUN_1, code={"commit": first}), **run(RUN_2, code={"commit": last})})
    found = beside(repo, *REFS).code
    assert found is not None
    assert found.ranges[1] == Range(1, 0, (Touched("a.py", 1, 1),))


def test_only_ids_are_asked_of_git(repo: Path) -> None:
    commit(repo, {"a": "1"})
    for deed in (Git.find(repo).apart, Git.find(repo).touched):
        with pytest.raises(BadValue, match="no object id"):
            deed("--output=x", "HEAD")


def test_a_thing_with_itself_at_another_commit(repo: Path) -> None:
    commit(repo, {**DATA, **model(1, training_data={"ref": "dataset/wine@1"})})
    git(repo, "tag", "v1")
    commit(
        repo, {**dataset(1, "c", rows=7, columns=[AGE]), **model(1, training_data={"ref": "dataset/wine@1"}, by="@x")}
    )
    found = gitml.open(repo).comparison("v1:model/wine@1", "model/wine@1")
    assert [field.name for field in found.fields if not field.same] == ["by"]
    assert found.beside is not None
    (one,) = found.beside.data
    assert one.hashes == (f"md5:{'a' * 32}", f"md5:{'c' * 32}")
    assert not one.same
    assert one.versions[1] is not None
    assert list(one.versions[1].columns) == ["sex"]


def test_a_stage_of_dvc_is_told_by_its_dependencies(repo: Path) -> None:
    stages = "stages:\n  train:\n    cmd: x\n    deps: [data.csv]\n    outs: [m]\n"
    lock = "schema: '2.0'\nstages:\n  train:\n    cmd: x\n    deps:\n    - {{path: data.csv, md5: {}}}\n"
    commit(repo, {"dvc.yaml": stages, "dvc.lock": lock.format("a" * 32)})
    write(repo, {"dvc.lock": lock.format("b" * 32)})
    (one,) = beside(repo, "HEAD:dvc-stage/train", "dvc-stage/train").data
    assert (one.name, one.hashes) == ("deps[path=data.csv]", (f"md5:{'a' * 32}", f"md5:{'b' * 32}"))


def locked(made: str, read: str) -> dict[str, str]:
    return {
        "dvc.yaml": "stages:\n  train:\n    cmd: x\n    deps: [raw.csv]\n    outs: [m.pkl]\n",
        "dvc.lock": "schema: '2.0'\nstages:\n  train:\n    cmd: x\n"
        f"    deps:\n    - path: raw.csv\n      md5: {read * 32}\n"
        f"    outs:\n    - path: m.pkl\n      md5: {made * 32}\n",
    }


def test_versions_that_name_no_run_by_those_that_wrote_their_bytes(repo: Path) -> None:
    def pointer(letter: str) -> dict[str, str]:
        return {"type": "dvc", "path": "m.pkl", "md5": letter * 32}

    commit(repo, locked("a", "1") | model(1, pointer=pointer("a")))
    commit(repo, locked("b", "2") | model(2, pointer=pointer("b")))
    inputs = {"raw.csv": {"path": "raw.csv", "md5": "3" * 32}}
    outputs = {"model": {"path": "m.pkl", "md5": "c" * 32}}
    write(repo, {**run(RUN_1, inputs=inputs, outputs=outputs), **model(3, pointer=pointer("c"))})
    (one,) = beside(repo, "model/wine@1", "model/wine@2", "model/wine@3").data
    assert one.hashes == tuple(f"md5:{digit * 32}" for digit in "123")
    assert not one.same
