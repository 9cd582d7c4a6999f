"""Rows: which columns, of which types, in which order; what is refused, with the nearest names."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from operator import itemgetter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filter_strategies import cells, exprs
from gitml.errors import BadFilter, BadValue, NotFound
from gitml.records.filter import Expr, parse
from gitml.records.record import flatten
from gitml.repo.snapshot import Snapshot
from gitml.views.listing import rows
from gitml.views.rows import Rows
from in_memory import loose, snapshot, store

RUNS: Mapping[str, Mapping[str, Any]] = {
    "run/wine/a": {
        "status": "finished",
        "created": "2026-02-16T18:03:11Z",
        "params": {"lr": 0.01, "depth": 3, "year": "2025", "name": "a.b"},
        "inputs": {"train": {"ref": "dataset/wine@2"}},
        "metrics": {"auc": 0.91, "validation": {"auc": 0.9}},
        "labels": ["x"],
    },
    "run/wine/b": {
        "status": "failed",
        "created": "2026-02-17T18:03:11Z",
        "params": {"lr": 1, "depth": 4, "year": 2025, "a.b": True, "none": None},
        "metrics": {"auc": math.nan},
        "tags": {},
    },
    "run/wine/c": {
        "status": "finished",
        "created": "2026-02-18T18:03:11Z",
        "metrics": {"auc": 0.95},
        "custom": {"zeta": 1, "alpha": {"deep": 2}},
    },
    "run/other/d": {"status": "finished", "created": "2026-02-19T18:03:11Z"},
}


@cache
def runs() -> Snapshot:
    return store(RUNS)


first = itemgetter(0)


def names(found: Rows) -> list[str]:
    return [column.name for column in found.columns]


def refs(found: Rows) -> list[str]:
    return [row["ref"] for row in found.rows]


def types(found: Rows) -> dict[str, str]:
    return {column.name: column.type for column in found.columns}


# ── columns ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_ref_then_the_schemas_order_then_the_alphabet() -> None:
    found = names(rows(runs(), "run"))
    assert found[:4] == ["ref", "schema", "status", "created"]
    assert found.index("inputs.train.ref") < found.index("params.`a.b`") < found.index("metrics.auc")
    assert found[-2:] == ["custom.alpha.deep", "custom.zeta"]


def test_types_are_those_of_the_values() -> None:
    found = types(rows(runs(), "run"))
    assert found["params.depth"] == "int"
    assert found["params.lr"] == "float"  # 0.01 and 1
    assert found["params.year"] == "mixed"  # "2025" and 2025
    assert found["params.`a.b`"] == "bool"
    assert found["labels"] == "list"
    assert found["tags"] == "mapping"
    assert found["metrics.auc"] == "float"
    assert found["ref"] == found["created"] == "string"


def test_values_keep_their_own_types() -> None:
    first, second = rows(runs(), "run", "params.lr is not null", columns="params.lr,params.year").rows
    assert [type(value) for value in (*first.values(), *second.values())] == [str, float, str, str, int, int]


def test_a_missing_field_has_no_key_and_a_null_one_has() -> None:
    by_ref = {row["ref"]: row for row in rows(runs(), "run").rows}
    assert "params.none" not in by_ref["run/wine/a"]
    assert by_ref["run/wine/b"]["params.none"] is None


def test_columns_and_types_are_those_of_the_rows_that_are_shown() -> None:
    assert types(rows(runs(), "run", "params.year is not null"))["params.year"] == "mixed"
    assert types(rows(runs(), "run", "params.year is not null", limit=1))["params.year"] == "string"
    assert "params.year" not in types(rows(runs(), "run", limit=1))


def test_a_column_of_nulls_has_the_schemas_type_and_a_free_one_is_mixed() -> None:
    held = store({"run/wine/a": {"status": "finished", "by": None, "params": {"x": None}, "ended": None}})
    found = types(rows(held, "run"))
    assert (found["by"], found["params.x"]) == ("string", "mixed")
    assert (
        types(rows(held, "run", columns="utilization.duration_s,code.dirty,labels,metrics.x"))["code.dirty"] == "bool"
    )
    asked = types(rows(held, "run", columns=["utilization.duration_s", "labels", "tags", "metrics.x"]))
    assert asked == {
        "ref": "string",
        "utilization.duration_s": "float",
        "labels": "list",
        "tags": "mapping",
        "metrics.x": "mixed",
    }


def test_columns_may_be_named_by_the_mapping_they_are_in() -> None:
    found = rows(runs(), "run", columns="status,metrics")
    assert names(found) == ["ref", "status", "metrics.auc", "metrics.validation.auc"]
    assert found.rows[0] == {"ref": "run/other/d", "status": "finished"}


def test_columns_stand_as_asked_for_and_once() -> None:
    asked = rows(runs(), "run", columns=["metrics.validation", "ref", "metrics"])
    assert names(asked) == ["metrics.validation.auc", "ref", "metrics.auc"]


def test_a_name_with_a_dot_is_backticked() -> None:
    assert names(rows(runs(), "run", columns="params.`a.b`"))[1] == "params.`a.b`"
    assert refs(rows(runs(), "run", "params.`a.b` = true")) == ["run/wine/b"]
    assert refs(rows(runs(), "run", sort="`status`,-ref")) == ["run/wine/b", "run/wine/c", "run/wine/a", "run/other/d"]


def test_where_nothing_matches_the_columns_are_those_of_the_kind() -> None:
    found = rows(runs(), "run", "metrics.auc > 2")
    assert (found.total, found.rows) == (0, ())
    assert names(found) == names(rows(runs(), "run"))


def test_a_kind_without_records_has_its_name_column() -> None:
    found = rows(runs(), "dataset", "license = 'MIT'", sort="owners")
    assert (names(found), found.rows, found.total) == (["ref"], (), 0)


def test_a_field_named_ref_gives_way_to_the_records_name() -> None:
    assert rows(loose({"ref": "x", "a": 1}), "thing").rows == ({"ref": "thing/000", "a": 1},)
    assert refs(rows(loose({"ref": "x"}), "thing", "ref = 'thing/000'", columns="ref")) == ["thing/000"]


# ── filter, sort, limit ───────────────────────────────────────────────────────────────────────────────────────────


def test_filters_are_texts_or_expressions() -> None:
    assert refs(rows(runs(), "run", "metrics.auc > 0.9 and params.lr < 1e-1")) == ["run/wine/a"]
    assert refs(rows(runs(), "run", parse("inputs.train.ref = 'dataset/wine@2'"))) == ["run/wine/a"]
    assert refs(rows(runs(), "run", "metrics is null")) == ["run/other/d"]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("metrics.auc", "acbd"),
        ("-metrics.auc", "cabd"),  # NaN, then missing, last both ways
        ("status,-created", "bdca"),
        (["-status", "metrics.auc"], "acdb"),
        ("tags.team", "dabc"),
        (None, "dabc"),
    ],
)
def test_sorting(sort: Any, expected: str) -> None:
    held = (
        store({**RUNS, "run/wine/a": {**RUNS["run/wine/a"], "tags": {"team": "x"}}}) if sort == "tags.team" else runs()
    )
    wanted = "adbc" if sort == "tags.team" else expected
    assert "".join(ref[-1] for ref in refs(rows(held, "run", sort=sort))) == wanted


def test_the_limit_comes_after_sorting_and_the_total_before_it() -> None:
    found = rows(runs(), "run", "status = 'finished'", sort="-metrics.auc", limit=1)
    assert (refs(found), found.total) == (["run/wine/c"], 3)
    assert rows(runs(), "run", limit=0).rows == ()


@pytest.mark.parametrize("limit", [-1, True])
def test_a_limit_is_a_number(limit: int) -> None:
    with pytest.raises(BadValue, match="limit"):
        rows(runs(), "run", limit=limit)


def test_mlflows_filters_find_nothing_where_a_name_is_unknown() -> None:
    assert rows(runs(), "run", "metrics.nonsense > 1", dialect="mlflow").total == 0
    assert refs(rows(runs(), "run", "params.depth = '3'", dialect="mlflow")) == ["run/wine/a"]


@given(st.lists(st.dictionaries(st.sampled_from(["a", "b", "m", "a.b"]), cells), max_size=6), exprs)
def test_rows_are_the_records_that_the_filter_holds_of(data: list[dict[str, Any]], expr: Expr) -> None:
    nested = [{**each, "m": {"x": each["m"]}} if "m" in each else each for each in data]
    nested.append(dict.fromkeys(["a", "b", "a.b"], 1) | {"m": {"x": 1, "y": 2}})  # every name stands somewhere
    found = rows(loose(*nested), "thing", expr)
    kept = [{"ref": f"thing/{n:03}"} | flatten(each) for n, each in enumerate(nested) if expr(flatten(each))]
    # NaN is not equal to itself, but it reads the same.
    assert [repr(sorted(row.items(), key=first)) for row in found.rows] == [
        repr(sorted(row.items(), key=first)) for row in kept
    ]
    assert found.total == len(kept)


# ── names that are not there ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("metrics.acu", "metrics.auc"),
        ("auc", "metrics.auc"),
        ("staus", "status"),  # in the schema
        ("code.comit", "code.commit"),  # in the schema only
        ("params.Depth", "params.depth"),
        ("inputs.train.reff", "inputs.train.ref"),
        ("inputs.tran.ref", "inputs.train.ref"),
        ("metrics.auc.train", "metrics.auc"),
    ],
)
def test_a_field_in_neither_schema_nor_records_is_refused(name: str, near: str) -> None:
    with pytest.raises(BadFilter, match=f"no run has a field {name}") as refused:
        rows(runs(), "run", f"created > 2026-01-01 and {name} is null")
    assert near in refused.value.near
    assert refused.value.column == 26
    for how in ({"sort": f"-{name}"}, {"columns": name}):
        with pytest.raises(NotFound) as missing:
            rows(runs(), "run", **how)  # type: ignore[arg-type]
        assert near in missing.value.near


def test_names_that_the_schema_knows_are_fine_in_any_records() -> None:
    for name in ("code.commit", "code", "metrics", "host.memory_gb", "ref", "series.summary"):
        assert rows(runs(), "run", f"{name} is null", sort="code.commit", columns=name).columns


def test_of_a_free_map_the_records_know_the_names_unless_it_is_empty_everywhere() -> None:
    assert rows(runs(), "run", "seeds.numpy = 42").total == 0  # no run has seeds
    assert rows(store({}), "run", "metrics.auc > 0.9", sort="-metrics.auc", columns="metrics.auc").total == 0
    with pytest.raises(BadFilter):
        rows(runs(), "run", "params.seed = 42")


def test_the_column_of_a_wrong_name_is_not_that_of_another_word() -> None:
    with pytest.raises(BadFilter) as refused:
        rows(runs(), "run", "status = 'auc' and metrics.auc > 0 and auc > 1")
    assert refused.value.column == 40


@pytest.mark.parametrize("text", ["", "a..b", ".a", "a.", "`a", "a`b`"])
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(BadValue, match="names no field"):
        rows(runs(), "run", columns=[text])


def test_a_mapping_has_no_order() -> None:
    with pytest.raises(BadValue, match="metrics is a mapping"):
        rows(runs(), "run", sort="metrics")


def test_an_unknown_kind_is_told_with_the_nearest() -> None:
    with pytest.raises(NotFound) as missing:
        rows(runs(), "rnu")
    assert "run" in missing.value.near


def test_a_record_that_cannot_be_read_is_no_row() -> None:
    held = snapshot({"metadata/terms/a.yaml": b"schema: term/1\n", "metadata/terms/b.yaml": b"- [\n"})
    assert refs(rows(held, "term")) == ["term/a"]


def test_a_kind_of_ones_own_needs_a_schema_and_no_code() -> None:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "barrel/1",
        "description": "A barrel.",
        "x-gitml": {"addressing": "named", "path": "barrels/{name}.yaml", "canonical": False},
        "type": "object",
        "properties": {
            "volume": {"description": "Litres.", "type": ["number", "null"]},
            "age": {"description": "Years.", "type": "integer"},
        },
    }
    held = snapshot({"schemas/barrel.yaml": schema, "barrels/a.yaml": b"age: 3\nwood: oak\nvolume:\n"})
    found = rows(held, "barrel")
    assert types(found) == {"ref": "string", "volume": "float", "age": "int", "wood": "string"}
    assert found.rows == ({"ref": "barrel/a", "age": 3, "wood": "oak", "volume": None},)


def test_a_listing_does_not_import_pandas() -> None:
    code = "import sys, gitml.views.rows, gitml.views.kinds, gitml.views.compare; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
