"""`git ml compare` as a person types it: fields, and below them data, code, environment and duration."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import gitml
from cellar import RUN_A, RUN_B, RUN_C
from command_line import fine, ml, on_terminal
from gitml.records.canonical import dump
from gitrepo import commit, git, write

ONE, TWO = "01JD7M000000000000000000A0", "01JD7M000000000000000000B0"
REFS = (f"run/wine/{ONE}", f"run/wine/{TWO}")


def record(kind: str, data: Mapping[str, Any]) -> bytes:
    return dump({"schema": f"{kind}/1", **data})


def place(name: str) -> str:
    return f"metadata/runs/wine/{hashlib.sha256(name.encode()).hexdigest()[:2]}/{name}.yaml"


@pytest.fixture
def two(repo: Path) -> Path:
    """Two runs that differ in all that there is."""
    first = commit(repo, {"train.py": "a\nb\n"})
    last = commit(repo, {"train.py": "a\nc\nd\n", "prepare.py": "x\n"})
    for number, (name, at, auc, packages, ended) in enumerate(
        (
            (ONE, first, 0.912, {"numpy": "1.26.4", "old": "1.0.0"}, "12:06:52"),
            (TWO, last, 0.897, {"numpy": "2.0.1", "new": "1.0.0"}, "12:07:55"),
        ),
        start=1,
    ):
        columns = [{"name": "age", "type": "int" if number == 1 else "float"}, {"name": f"c{number}", "type": "string"}]
        pointer = {"type": "dvc", "path": "wine.csv", "md5": f"{number}" * 32}
        created = "2026-03-01T12:00:00Z"
        data = {"id": ONE, "created": created, "pointer": pointer, "rows": 100 + number * 3, "columns": columns}
        run = {
            "status": "finished",
            "created": created,
            "ended": f"2026-03-01T{ended}Z",
            "code": {"commit": at},
            "inputs": {"train": {"ref": f"dataset/wine@{number}"}},
            "metrics": {"auc": auc},
            "environment": f"environment/{number}",
        }
        files = {
            f"metadata/datasets/wine/{number}.yaml": record("dataset-version", data),
            f"metadata/environments/{number}.yaml": record("environment", {"packages": packages}),
            place(name): record("run", run),
        }
        write(repo, files)
    return repo


def test_what_stands_below_the_fields(two: Path) -> None:
    lines = fine(two, "compare", *REFS).out.splitlines()
    begin = lines.index("data")
    first, last = (git(two, "rev-parse", "--short=8", rev) for rev in ("HEAD~1", "HEAD"))
    assert any(line.split() == ["metrics.auc", "0.912", "0.897", "(-0.015", "worse)"] for line in lines[:begin])
    assert lines[begin:] == [
        "data",
        "  inputs.train: dataset/wine@1 (md5 11111111) -> dataset/wine@2 (md5 22222222)",
        "    columns: + c2 string, - c1",
        "    age: type int -> float",
        "    rows 103 -> 106 (+3, +2.9 %)",
        "code",
        f"  {first} -> {last}: 1 commit ahead, 2 files",
        "    prepare.py  +1 -0",
        "    train.py    +2 -1",
        "environment",
        "  environment/1 -> environment/2: 3 differences",
        "    packages.numpy 1.26.4 -> 2.0.1",
        "    - packages.old 1.0.0",
        "    + packages.new 1.0.0",
        "duration",
        "  6 min 52 s -> 7 min 55 s (+63 s, +15.3 %)",
        "3 fields the same",
    ]


def test_json_has_the_parts_beside_the_fields(two: Path) -> None:
    found = fine(two, "compare", *REFS, "--format", "json").json
    assert list(found) == ["format", "records", "fields", "data", "code", "environment", "duration"]
    assert set(found["fields"][0]) == {"field", "same", "present", "values", "delta", "relative", "verdict"}
    (data,) = found["data"]
    assert {name: data[name] for name in ("name", "same", "refs", "hashes")} == {
        "name": "inputs.train",
        "same": False,
        "refs": ["dataset/wine@1", "dataset/wine@2"],
        "hashes": [f"md5:{'1' * 32}", f"md5:{'2' * 32}"],
    }
    first, version = data["versions"]
    assert first is None
    assert [(one["name"], one["op"]) for one in version["columns"]] == [
        ("age", "changed"),
        ("c1", "removed"),
        ("c2", "added"),
    ]
    assert version["figures"] == [{"field": "rows", "op": "changed", "before": 103, "after": 106}]
    assert found["code"] == {
        "same": False,
        "commits": git(two, "rev-parse", "HEAD~1", "HEAD").split(),
        "dirty": [None, None],
        "unreachable": [],
        "shallow": False,
        "ranges": [
            None,
            {
                "ahead": 1,
                "behind": 0,
                "files": [
                    {"path": "prepare.py", "added": 1, "removed": 0},
                    {"path": "train.py", "added": 2, "removed": 1},
                ],
            },
        ],
    }
    assert found["environment"]["changes"][1][0] == {
        "field": "packages.numpy",
        "op": "changed",
        "before": "1.26.4",
        "after": "2.0.1",
    }
    assert found["duration"] == {"seconds": [412.0, 475.0], "delta": [None, 63.0], "relative": [None, 63 / 412]}


def test_what_is_the_same_is_counted_and_shown_on_request(two: Path) -> None:
    assert fine(two, "compare", REFS[0], REFS[0]).out == "nothing differs: 8 fields, data, code, environment the same\n"
    lines = fine(two, "compare", REFS[0], REFS[0], "--all").out.splitlines()
    assert "  inputs.train: dataset/wine@1 (md5 11111111) (the same)" in lines
    assert lines[-1] == "  6 min 52 s -> 6 min 52 s"


def test_of_three_each_is_told_against_the_first(two: Path) -> None:
    lines = fine(two, "compare", *REFS, REFS[0]).out.splitlines()
    assert f"  {REFS[1]}: 6 min 52 s -> 7 min 55 s (+63 s, +15.3 %)" in lines


def test_a_commit_that_is_not_here_is_said(two: Path) -> None:
    path = two / place(TWO)
    path.write_text(path.read_text().replace(git(two, "rev-parse", "HEAD"), "f" * 40))
    said = fine(two, "compare", *REFS).out
    assert "  not in this clone: ffffffff; no branch or tag here leads to them\n" in said


def test_a_thing_with_itself_at_another_commit(store: Path) -> None:
    fine(store, "set", "metric/auc", "tolerance.absolute=0.01")
    said = fine(store, "compare", "v1:metric/auc", "metric/auc").out
    assert said.splitlines()[1].split() == ["tolerance.absolute", "0.005", "0.01", "(+0.005)"]


def test_the_frame_is_as_it_was(two: Path) -> None:
    frame = gitml.open(two).compare(*REFS)
    assert list(frame.columns)[:2] == ["field", "same"]
    assert not any(name in frame.columns for name in ("data", "code"))


def test_csv_has_the_fields(two: Path) -> None:
    head = fine(two, "compare", *REFS, "--format", "csv").out.splitlines()[0]
    assert head == f"field,same,{REFS[0]},{REFS[1]},{REFS[1]} delta,{REFS[1]} relative,{REFS[1]} verdict"


@pytest.mark.parametrize(
    ("refs", "words"),
    [
        (("model/wine@2",), "nothing to be compared with"),
        (("model/wine@2", "model/wine@7"), "model/wine@7"),
        (("nowhere:model/wine@2", "model/wine@2"), "no revision 'nowhere'"),
        (("model/wine@2", "v1:model/wine@2"), "there is no model/wine@2 at"),
    ],
)
def test_what_is_not_there_is_one_line(store: Path, refs: tuple[str, ...], words: str) -> None:
    said = ml(store, "compare", *refs)
    assert (said.code, said.out, len(said.err.splitlines())) == (1, "", 1)
    assert words in said.err


def test_a_terminal_is_not_overrun(two: Path, shell: dict[str, str]) -> None:
    code, shown = on_terminal(two, "git-ml", "compare", *REFS, "--color", "never", env=shell, columns=70)
    assert code == 0
    assert max(map(len, shown.splitlines())) <= 70


def test_runs_of_the_cellar(store: Path) -> None:
    lines = fine(store, "compare", *(f"run/wine/{name}" for name in (RUN_A, RUN_B, RUN_C))).out.splitlines()
    assert "data" not in lines
    assert lines[-1].endswith("the same")
