"""`--format json`, field by field as format 1 has it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cellar import ID_1, ID_2, RUN_A, RUN_B, RUN_C
from command_line import CLOCK, Said, fine, ml
from gitrepo import git, write

HERE = {"kind": "worktree", "commit": None, "events": None}
NOON = "2026-03-01T12:00:00Z"


def asked(place: Path, *words: str) -> Any:
    said = fine(place, *words, "--format", "json")
    assert said.err == ""
    assert said.out.count("\n") == 1
    return said.json


def at(place: Path, rev: str) -> dict[str, Any]:
    return {"kind": "commit", "commit": git(place, "rev-parse", f"{rev}^{{commit}}"), "events": None}


def blob(place: Path, path: str) -> str:
    return git(place, "hash-object", path)


# ── list ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_list_without_a_kind(store: Path) -> None:
    assert asked(store, "list") == {
        "format": 1,
        "at": HERE,
        "kind": None,
        "total": 5,
        "complete": True,
        "columns": [
            {"name": "kind", "type": "string"},
            {"name": "records", "type": "int"},
            {"name": "problems", "type": "int"},
        ],
        "rows": [
            {"kind": "alias", "records": 1, "problems": 0},
            {"kind": "metric", "records": 1, "problems": 0},
            {"kind": "model", "records": 1, "problems": 0},
            {"kind": "model-version", "records": 2, "problems": 0},
            {"kind": "run", "records": 3, "problems": 0},
        ],
    }


def test_list_of_a_kind_filtered_sorted_and_cut(store: Path) -> None:
    words = ("list", "run", "params.lr <= 0.01 or tags.year = '2025'", "--sort", "-metrics.auc", "--limit", "2")
    assert asked(store, *words) == {
        "format": 1,
        "at": HERE,
        "kind": "run",
        "total": 3,
        "complete": True,
        "columns": [
            {"name": "ref", "type": "string"},
            {"name": "schema", "type": "string"},
            {"name": "status", "type": "string"},
            {"name": "created", "type": "string"},
            {"name": "by", "type": "string"},
            {"name": "params.lr", "type": "float"},
            {"name": "metrics.auc", "type": "float"},
            {"name": "metrics.loss", "type": "float"},
            {"name": "tags.team", "type": "string"},
        ],
        "rows": [
            {
                "ref": f"run/wine/{RUN_C}", "schema": "run/1", "status": "finished", "created": NOON, "by": "Mona",
                "params.lr": 0.001, "metrics.auc": 0.93, "metrics.loss": {"$float": "nan"}, "tags.team": "cellar",
            },
            {
                "ref": f"run/wine/{RUN_A}", "schema": "run/1", "status": "finished", "created": NOON, "by": "Mona",
                "params.lr": 0.01, "metrics.auc": 0.91,
            },
        ],
    }  # fmt: skip


def test_list_as_of_a_tag_a_date_and_what_is_staged(store: Path) -> None:
    at_tag = asked(store, "list", "run", "--at", "v1", "--columns", "ref")
    assert at_tag["at"] == at(store, "v1")
    assert at_tag["total"] == 2
    dated = fine(store, "list", "run", "--at", "2026-03-01", "--format", "json")
    assert dated.json["at"] == at(store, "HEAD")
    assert dated.err == f"git ml: 2026-03-01 is {at(store, 'HEAD')['commit'][:12]}\n"
    fine(store, "new", "run", "wine/01JD7K0000000000000000000D", "status=failed")
    assert asked(store, "list", "run", "--at", "staged")["total"] == 3
    assert asked(store, "list", "run", "--at", "worktree")["total"] == 4
    git(store, "add", "-A")
    staged = asked(store, "list", "run", "--at", "staged")
    assert (staged["total"], staged["at"]) == (4, {"kind": "staged", "commit": None, "events": None})


def test_text_and_numbers_stay_what_they_are(store: Path) -> None:
    (row,) = asked(store, "list", "run", "tags.year is not null", "--columns", "tags")["rows"]
    assert row == {"ref": f"run/wine/{RUN_B}", "tags.year": "2025"}


def test_what_mlflow_would_ask(store: Path) -> None:
    found = asked(store, "list", "run", "params.lr = '0.01' and metrics.auc > 0.9", "--dialect", "mlflow")
    assert [row["ref"] for row in found["rows"]] == [f"run/wine/{RUN_A}"]


# ── show, get ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_show(store: Path) -> None:
    path = "metadata/models/wine/2.yaml"
    assert asked(store, "show", "model/wine@2") == {
        "format": 1,
        "at": HERE,
        "ref": "model/wine@2",
        "kind": "model-version",
        "path": path,
        "blob": blob(store, path),
        "derived": False,
        "data": {
            "schema": "model-version/1",
            "id": ID_2,
            "created": NOON,
            "by": "Mona",
            "run": f"run/wine/{RUN_C}",
            "metrics": {"auc": 0.93},
        },
        "problems": [],
    }


def test_show_as_of_a_revision(store: Path) -> None:
    by_ref, by_flag = asked(store, "show", "v1:model/wine@1"), asked(store, "show", "model/wine@1", "--at", "v1")
    assert by_ref == by_flag
    assert by_ref["at"] == at(store, "v1")
    assert by_ref["data"]["id"] == ID_1


def test_show_tells_what_is_wrong_with_the_record(store: Path) -> None:
    write(store, {"metadata/metrics/auc.yaml": "schema: metric/1\ndirection: upwards\n"})
    (problem,) = asked(store, "show", "metric/auc")["problems"]
    assert (problem["code"], problem["line"], problem["column"]) == ("schema.enum", 2, 12)


def test_get_tells_where_the_bytes_are(repo: Path) -> None:
    fine(repo, "init")
    write(repo, {"rows.csv": "a,b\n1,2\n"})
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "rows")
    oid = git(repo, "rev-parse", "HEAD:rows.csv")
    pointer = f"pointer={{type: git, path: rows.csv, blob: {oid}, commit: {git(repo, 'rev-parse', 'HEAD')}}}"
    fine(repo, "new", "dataset", "rows")
    fine(repo, "new", "dataset-version", "rows@1", pointer)
    found = asked(repo, "get", "dataset/rows@1")
    assert found.keys() == {"format", "at", "ref", "path"}
    assert (found["at"], found["ref"]) == (HERE, "dataset/rows@1")
    assert Path(found["path"]).read_text() == "a,b\n1,2\n"
    copied = asked(repo, "get", "dataset/rows@1", "-o", "out")
    assert (repo / copied["path"]).resolve().is_relative_to(repo / "out")


# ── compare ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_compare(store: Path) -> None:
    found = asked(store, "compare", "model/wine@1", "model/wine@2")
    beside = {"data": [], "code": None, "environment": None, "duration": None}
    assert found.keys() == {"format", "records", "fields", *beside}
    assert {name: found[name] for name in beside} == beside
    assert found["records"] == [{"ref": "model/wine@1", "at": HERE}, {"ref": "model/wine@2", "at": HERE}]
    fields = {field["field"]: field for field in found["fields"]}
    assert fields["metrics.auc"] == {
        "field": "metrics.auc",
        "same": False,
        "present": [True, True],
        "values": [0.91, 0.93],
        "delta": [None, 0.02],
        "relative": [None, pytest.approx(0.02 / 0.91)],
        "verdict": [None, "better"],
    }
    assert fields["schema"] == {
        "field": "schema",
        "same": True,
        "present": [True, True],
        "values": ["model-version/1", "model-version/1"],
        "delta": [None, None],
        "relative": [None, None],
        "verdict": [None, None],
    }


def test_compare_across_revisions(store: Path) -> None:
    fine(store, "set", "model/wine", "description=Another.")
    found = asked(store, "compare", "v1:model/wine", "model/wine")
    assert [record["at"] for record in found["records"]] == [at(store, "v1"), HERE]
    assert [field["field"] for field in found["fields"] if not field["same"]] == ["description"]


# ── validate ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_validate(store: Path) -> None:
    head = git(store, "rev-parse", "HEAD")
    assert asked(store, "validate") == {"format": 1, "at": HERE, "base": head, "checked": 8, "problems": []}


def test_validate_tells_each_problem_with_its_place(store: Path) -> None:
    path = f"metadata/runs/wine/{run_folder(store)}/{RUN_A}.yaml"
    text = (store / path).read_text()
    write(store, {path: text.replace("auc: 0.91", "auc: 0,91")})
    said = ml(store, "validate", "--format", "json")
    assert (said.code, said.err) == (1, "")
    (problem,) = said.json["problems"]
    hint, message = problem.pop("hint"), problem.pop("message")
    assert "0,91" in message
    assert isinstance(hint, str)
    assert problem == {
        "code": "schema.type",
        "severity": "error",
        "path": path,
        "line": text.splitlines().index("  auc: 0.91") + 1,
        "column": 8,
        "ref": f"run/wine/{RUN_A}",
        "field": "metrics.auc",
        "commit": None,
    }


def run_folder(store: Path) -> str:
    return next(path.parent.name for path in (store / "metadata/runs/wine").rglob(f"{RUN_A}.yaml"))


def test_validate_staged_asks_of_the_next_commit_alone(store: Path) -> None:
    write(store, {"metadata/metrics/auc.yaml": "schema: metric/1\ndirection: upwards\n"})
    found = asked(store, "validate", "--staged")
    assert (found["at"], found["checked"], found["problems"]) == (
        {"kind": "staged", "commit": None, "events": None}, 0, [],
    )  # fmt: skip
    git(store, "add", "-A")
    said = ml(store, "validate", "--staged", "--format", "json")
    assert said.code == 1
    assert [problem["code"] for problem in said.json["problems"]] == ["schema.enum"]


def test_validate_of_paths_and_of_a_revision(store: Path) -> None:
    assert asked(store, "validate", "metadata/models")["checked"] == 3
    assert asked(store, "validate", "metadata/metrics/auc.yaml", "metadata/models/wine")["checked"] == 3
    assert asked(store, "validate", "--at", "v1")["at"] == at(store, "v1")
    assert asked(store, "validate", ".")["checked"] == 8
    assert asked(store / "metadata/models", "validate", ".")["checked"] == 3


def test_validate_fix_tells_what_it_rewrote(store: Path) -> None:
    path = "metadata/metrics/auc.yaml"
    write(store, {path: "direction: 'higher' # up\nschema: metric/1\ntolerance: {absolute: 0.005}\n"})
    said = ml(store, "validate", "--fix", "--format", "json")
    assert (said.code, said.json["problems"], said.json["fixed"]) == (0, [], [path])
    assert said.err == f"git ml: rewritten: {path}\n"
    assert git(store, "diff", "--", path).count("# up") == 1


# ── what writes ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_new_left_to_the_person(store: Path) -> None:
    path = "metadata/metrics/loss.yaml"
    assert asked(store, "new", "metric", "loss", "direction=lower") == {
        "format": 1,
        "commit": None,
        "changes": [
            {
                "op": "added",
                "ref": "metric/loss",
                "old_ref": None,
                "kind": "metric",
                "path": path,
                "before": None,
                "after": blob(store, path),
                "fields": [
                    {"field": "schema", "op": "added", "after": "metric/1"},
                    {"field": "direction", "op": "added", "after": "lower"},
                ],
            }
        ],
        "problems": [],
        "warnings": [],
    }


def test_set_and_commit(store: Path) -> None:
    path = "metadata/metrics/auc.yaml"
    before = blob(store, path)
    done = asked(store, "set", "metric/auc", "unit='1'", "--unset", "tolerance", "--commit", "-m", "auc: plain")
    assert done["commit"] == git(store, "rev-parse", "HEAD")
    assert git(store, "log", "-1", "--format=%s|%an|%at") == f"auc: plain|Mona|{int(CLOCK.timestamp())}"
    (change,) = done["changes"]
    assert (change["op"], change["before"], change["after"]) == ("changed", before, blob(store, path))
    assert sorted(change["fields"], key=lambda field: str(field["field"])) == [
        {"field": "tolerance.absolute", "op": "removed", "before": 0.005},
        {"field": "unit", "op": "added", "after": "1"},
    ]


def test_rm_on_another_branch(store: Path) -> None:
    done = asked(store, "rm", "alias/model/wine/production", "--branch", "side")
    assert done["commit"] == git(store, "rev-parse", "side")
    assert [change["op"] for change in done["changes"]] == ["removed"]
    assert git(store, "status", "--short") == ""


def test_nothing_to_change(store: Path) -> None:
    done = asked(store, "set", "metric/auc", "direction=higher", "--commit")
    assert (done["commit"], done["changes"], done["problems"]) == (None, [], [])


def test_promote_and_retire(store: Path) -> None:
    moved = asked(store, "promote", "model/wine@1", "production", "--reason", "back", "--commit")
    fields = {field["field"]: field for field in moved["changes"][0]["fields"]}
    assert fields["version"] == {"field": "version", "op": "changed", "before": "2", "after": "1"}
    retired = asked(store, "retire", "model/wine@2", "--reason", "wrong labels", "--as", "rejected", "--commit")
    assert [(change["op"], change["ref"]) for change in retired["changes"]] == [("added", "status/model/wine/2")]


def test_init_tells_files_and_hooks(repo: Path) -> None:
    done = asked_with_words(repo, "init", "--hooks", "--commit")
    assert done["commit"] == git(repo, "rev-parse", "HEAD")
    assert {"metadata/store.yaml", ".gitattributes", "schemas/run.yaml"} <= {one["path"] for one in done["changes"]}
    assert all(change["ref"] is None and change["after"] for change in done["changes"])
    assert [Path(hook).name for hook in done["hooks"]] == [
        "pre-commit", "pre-merge-commit", "pre-applypatch", "pre-push",
    ]  # fmt: skip
    again = asked(repo, "init", "--hooks", "--commit")
    assert (again["commit"], again["changes"], again["hooks"]) == (None, [], [])


def asked_with_words(place: Path, *words: str) -> Any:
    return fine(place, *words, "--format", "json").json


def test_version(tmp_path: Path) -> None:
    found = asked(tmp_path, "version")
    assert found.keys() == {"format", "at", "version", "python"}
    assert (found["format"], found["at"]) == (1, None)


# ── errors ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("words", "code", "near"),
    [
        (("show", "model/wein"), "not-found", "model/wine"),
        (("show", "modle/wine"), "not-found", "model"),
        (("show", "nothing"), "ref", None),
        (("list", "runs"), "not-found", "run"),
        (("list", "run", "metrics.acu > 1"), "filter", "metrics.auc"),
        (("list", "run", "a >"), "filter", None),
        (("list", "run", "--sort", "metrics.acu"), "not-found", "metrics.auc"),
        (("list", "--at", "v2"), "not-found", None),
        (("new", "metric", "auc", "direction=lower"), "conflict", None),
        (("set", "metric/auc", "direction=up"), "refused", None),
        (("compare", "model/wine@1"), "value", None),
        (("new", "metric", "x", "a=[1"), "value", None),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_a_known_error(store: Path, words: tuple[str, ...], code: str, near: str | None) -> None:
    said = ml(store, *words, "--format", "json")
    assert said.code == 1
    error = said.error
    assert {"code", "message", "hint", "near"} <= error.keys()
    assert error["code"] == code
    assert isinstance(error["message"], str)
    assert error["message"]
    assert isinstance(error["hint"], str)
    assert isinstance(error["near"], list)
    assert near is None or near in error["near"]


def test_a_filter_error_holds_its_column(store: Path) -> None:
    assert ml(store, "list", "run", "metrics.auc >> 1", "--format", "json").error["column"] == 14


def test_a_refusal_holds_its_problems(store: Path) -> None:
    error = ml(store, "set", "metric/auc", "direction=up", "--format", "json").error
    assert [problem["code"] for problem in error["problems"]] == ["schema.enum"]
    assert error["problems"][0].keys() == {
        "code", "severity", "path", "line", "column", "ref", "field", "message", "hint", "commit",
    }  # fmt: skip


def test_json_is_utf_8_as_it_stands(store: Path) -> None:
    fine(store, "set", "model/wine", "description=Küche 厨 \u2028 end")
    said: Said = fine(store, "show", "model/wine", "--format", "json")
    assert "Küche 厨 \\u2028 end" in said.out
    assert json.loads(said.out)["data"]["description"] == "Küche 厨 \u2028 end"
