"""Counts per kind: records that can be read, and problems, those of misplaced files included."""

from __future__ import annotations

from gitml.views.kinds import kinds
from gitml.views.rows import Column, Rows
from in_memory import snapshot

COLUMNS = (Column("kind", "string"), Column("records", "int"), Column("problems", "int"))


def test_an_empty_store_has_no_kinds() -> None:
    assert kinds(snapshot({})) == Rows(None, COLUMNS, (), 0)


def test_only_kinds_with_records_or_problems() -> None:
    held = snapshot(
        {
            "metadata/terms/a.yaml": b"schema: term/1\n",
            "metadata/terms/b.yaml": b"schema: term/1\n",
            "metadata/terms/c.yaml": b"- [\n",
            "metadata/models/wine.yaml": b"schema: model/1\n",
            "metadata/datasets/deeper/down/lies.yaml": b"schema: dataset/1\n",
            "metadata/rnus/x.yaml": b"schema: run/1\n",
        }
    )
    found = kinds(held)
    assert found.columns == COLUMNS
    assert found.rows == (
        {"kind": "dataset", "records": 0, "problems": 1},  # it lies in the folder of datasets
        {"kind": "model", "records": 1, "problems": 0},
        {"kind": "term", "records": 2, "problems": 1},
        {"kind": None, "records": 0, "problems": 1},
    )
    assert found.total == 4


def test_a_store_in_a_folder() -> None:
    held = snapshot(
        {"sub/metadata/terms/a.yaml": b"- [\n", "metadata/terms/b.yaml": b"schema: term/1\n"}, prefix="sub/"
    )
    assert kinds(held).rows == ({"kind": "term", "records": 0, "problems": 1},)


def test_problems_of_schemas_are_of_no_kind() -> None:
    held = snapshot({"schemas/barrel.yaml": b"$id: barrel/1\nx-gitml: {}\n"})
    assert [row["kind"] for row in kinds(held).rows] == [None]
