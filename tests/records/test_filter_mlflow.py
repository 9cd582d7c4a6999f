"""MLflow's filter strings: what they hold of here is what MLflow 3.17.2 answered for the same runs."""

from __future__ import annotations

import math
from typing import Any

import pytest

from gitml.errors import BadFilter
from gitml.records.filter import parse
from gitml.records.record import flatten


def _run(ulid: str, **data: Any) -> dict[str, Any]:
    return {"ref": f"run/wine/{ulid}"} | flatten(data)


A = _run(
    "A",
    status="finished",
    created="2022-09-25T00:10:52.747Z",
    ended="2022-09-25T00:11:00Z",
    by="mona",
    name="calm-fox",
    params={
        "lr": 0.01,
        "depth": 5,
        "norm": True,
        "model": {"type": "tree"},
        "opt.name": "Adam",
        "gone": None,
        "dims": [1, 2],
    },
    metrics={"rmse": 0.5, "val": {"auc": 0.9}, "bad": math.nan},
    tags={"mlflow.source.name": "train.py", "team": "cellar", "quote": "it''s"},
    inputs={
        "train": {"ref": "dataset/wine@2", "md5": "9c07"},
        "test": {"ref": "dataset/beer@1", "md5": "1f3a"},
        "features": {"ref": "feature-set/grapes@1"},
    },
)
B = _run("B", status="crashed", created="2022-09-25T00:10:52.746Z", params={"depth": 10}, metrics={"rmse": 1})
C = _run("C", status="running", created="2022-09-26", metrics={})

ANSWERS = [
    ("", "ABC"),
    ("metrics.rmse < 1", "A"),
    ("metric.rmse <= 1 AND metrics.rmse > -1", "AB"),
    ("metrics.bad != 1", "A"),
    ("metrics.bad < 1e9", ""),
    ("metrics.val.auc >= .9", "A"),
    ("metrics.`val.auc` >= .9", "A"),
    ("params.lr = '0.01'", "A"),
    ("params.depth = '5'", "A"),
    ("parameter.depth != '5'", "B"),
    ("params.norm = 'True'", "A"),
    ("params.dims = '[1, 2]'", "A"),
    ('param.model.type = "tree"', "A"),
    ("params.opt.name ILIKE 'adam'", "A"),
    ("params.opt.name LIKE 'adam'", ""),
    ("params.gone IS NULL and params.lr is not null", "A"),
    ("params.depth IS NULL", "C"),
    ("params.opt.name IS NULL", "BC"),
    ("params.opt.name IS NOT NULL", "A"),
    ("tags.`mlflow.source.name` LIKE '%.py'", "A"),
    ("tags.\"mlflow.source.name\" = 'train.py'", "A"),
    ("tags.mlflow.source.name != 'x'", "A"),
    ("tag.'team' = 'cellar'", "A"),
    ("tags.quote = 'it''s'", "A"),
    ("tags.`mlflow.prompt.is_prompt` != 'true'", "ABC"),
    ("tags.`mlflow.prompt.is_prompt` = 'true'", ""),
    ("attributes.status = 'FINISHED'", "A"),
    ("status != 'FAILED'", "AC"),
    ("run.status LIKE '%I%'", "ABC"),
    ("attr.status = 'running'", ""),
    ("attribute.start_time >= 1664064652747", "AC"),
    ("start_time = 1664064652746", "B"),
    ("created < 1664064652746.5", "B"),
    ("end_time > 0", "A"),
    ("run_id IN ('A', \"C\")", "AC"),
    ("attributes.run_id NOT IN ('A')", "BC"),
    ("run_id LIKE 'a'", ""),
    ("experiment_id = 'wine'", "ABC"),
    ("attributes.`Run name` = 'calm-fox'", "A"),
    ("run_name LIKE 'calm%' and user_id = 'mona'", "A"),
    ("dataset.name = 'wine'", "A"),
    ("dataset.name != 'wine'", "A"),
    ("datasets.name IN ('beer', 'x')", "A"),
    ("dataset.name = 'grapes'", ""),
    ("dataset.digest = '1f3a' and dataset.context LIKE 'tr_in'", "A"),
]


@pytest.mark.parametrize(("text", "expected"), ANSWERS)
def test_answers_as_mlflow(text: str, expected: str) -> None:
    expr = parse(text, "mlflow")
    assert "".join(name for name, row in zip("ABC", (A, B, C), strict=True) if expr(row)) == expected
    assert parse(str(expr)) == expr


def test_models_versions_and_experiments() -> None:
    model, version = (
        {"ref": "model/wine", "tags.a": "b"},
        {"ref": "model/wine@3", "run": "run/wine/A", "created": "2022-09-26"},
    )
    experiment = {"ref": "experiment/wine", "created": "2022-09-26T00:00:00Z"}
    assert parse("name LIKE 'w%' and tags.a = 'b'", "mlflow")(model)
    assert parse("name IN ('wine') and run_id = 'A' and version_number > 2", "mlflow")(version)
    assert parse("attribute.name = 'wine' and creation_time > 5 and experiment_id = 'wine'", "mlflow")(experiment)
    assert not parse("name = 'wine'", "mlflow")(A)
    assert not parse("version_number > 2", "mlflow")(model)


@pytest.mark.parametrize(
    ("text", "at", "told"),
    [
        ("metrics.a > 1 or metrics.b > 2", 15, "AND alone"),
        ("not metrics.a > 1", 1, "AND alone"),
        ("(metrics.a > 1)", 1, "AND alone"),
        ("metrics.a > 1 metrics.b > 2", 15, "write AND"),
        ("metrics.a > 1 and", 18, "found the end"),
        ("metrics.a IS NULL", 11, "no is null for metrics.a"),
        ("end_time is null", 10, "no is null"),
        ("metrics.a > '5'", 13, "a number"),
        ("metrics.a = inf", 13, "a number"),
        ("metrics.a like 'x'", 11, "no like"),
        ("params.a = 5", 12, "write '5'"),
        ("params.a > 'x'", 10, "no > for params.a"),
        ("params.a in ('x')", 10, "no in"),
        ("params.a not like 'x'", 10, "no not like"),
        ("params.a rlike 'x'", 10, "expected an operator"),
        ("status in ('a')", 8, "no in"),
        ("start_time = 'x'", 14, "a number"),
        ("run_id in ()", 12, "a quoted text"),
        ("run_id in (5)", 12, "a quoted text"),
        ("artifact_uri = 'x'", 1, "is not kept"),
        ("last_update_time > 5", 1, "git ml log"),
        ("metrcs.a = 1", 1, "nearest: metrics"),
        ("attributes.stats = 'x'", 1, "nearest: status"),
        ("dataset.foo = 'x'", 1, "one of name, digest, context"),
        ("tags.a LIKE '" + "x" * 1000 + "'", 13, "longer than 1000"),
        ("1 < metrics.a", 1, "expected metrics.…"),
    ],
)
def test_refuses_as_mlflow(text: str, at: int, told: str) -> None:
    with pytest.raises(BadFilter) as caught:
        parse(text, "mlflow")
    assert caught.value.column == at
    assert told in str(caught.value)
