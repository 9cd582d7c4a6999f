"""Columns of CSV and Parquet files: the same as pandas says, and better where pandas guesses."""

from __future__ import annotations

import gzip
import resource
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_wine

from gitml.actions.columns import NULLS, Column, read_csv
from gitml.actions.profile import Profile, profile
from gitml.errors import BadValue, MissingExtra


def table(tmp_path: Path, text: str | bytes, name: str = "data.csv") -> Profile:
    file = tmp_path / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return profile(file)


def types(found: Profile) -> dict[str, str | None]:
    return {column.name: column.type for column in found.columns}


def as_pandas(frame: pd.DataFrame) -> list[Column]:
    """The columns that pandas sees in a CSV, in our words."""
    words = {"i": "int", "u": "int", "f": "float", "b": "bool"}
    found = []
    for name in frame.columns:
        column, kind = frame[name], frame[name].dtype.kind
        word = words.get(kind, "string")
        whole = kind == "f" and column.notna().any() and (column.dropna() % 1 == 0).all()
        if column.isna().all():
            found.append(Column(str(name), None, int(column.isna().sum())))
        else:
            # pandas turns integers with gaps into floats; we look at how they are written
            found.append(Column(str(name), "int" if whole and column.isna().any() else word, int(column.isna().sum())))
    return found


def test_the_wine_data_as_pandas_sees_it(tmp_path: Path) -> None:
    frame = load_wine(as_frame=True).frame
    frame["name"] = [f"wine {number}, {number % 3}" for number in range(len(frame))]
    frame.loc[::7, "alcohol"] = np.nan
    frame["group"] = frame["target"].where(frame["target"] > 0)
    frame.to_csv(tmp_path / "wine.csv", index=False, float_format="%.17g")
    found = profile(tmp_path / "wine.csv")
    assert found.format == "csv"
    assert found.rows == len(frame)
    assert list(found.columns) == as_pandas(pd.read_csv(tmp_path / "wine.csv"))
    assert found.notes == ()


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        (["1", "-2", "+3", "0"], "int"),
        (["1", "2.5"], "float"),
        (["1", "1e5", ".5", "2.", "-inf"], "float"),
        ([" 1", "2 "], "int"),
        (["007", "008"], "string"),
        (["1", "007"], "string"),
        (["1_000"], "string"),
        (["0,91"], "string"),
        (["true", "False"], "bool"),
        (["true", "1"], "string"),
        (["yes", "no"], "string"),
        (["2026-03-01", "2024-02-29"], "date"),
        (["2026-02-30"], "string"),
        (["2026-03-01", "2026-03-01T10:00:00Z"], "datetime"),
        (["2026-03-01 10:00", "2026-03-01 10:00:00.123+01:00"], "datetime"),
        (["2026-02-30T10:00"], "string"),
        (["9223372036854775807"], "int"),
        (["9223372036854775808"], "float"),
        (["12345678901234567890123"], "float"),
        (["1", "a"], "string"),
        (["٣"], "string"),
        (["1\n2", "3"], "string"),
        (["1", "2026-03-01"], "string"),
        (["0x10"], "string"),
        (["1e400"], "float"),
    ],
    ids=repr,
)
def test_types_by_all_values(tmp_path: Path, values: list[str], wanted: str) -> None:
    rows = [f'"{value}",x' for value in values]
    assert types(table(tmp_path, "\n".join(["a,b", *rows]) + "\n"))["a"] == wanted


def test_a_late_value_changes_the_type(tmp_path: Path) -> None:
    for last, wanted in (("7", "int"), ("7.5", "float"), ("seven", "string"), ("", "int")):
        rows = "".join(f"{number},x\n" for number in range(12_000))
        found = table(tmp_path, f"a,b\n{rows}{last},x\n")
        assert (types(found)["a"], found.rows) == (wanted, 12_001)


def test_missing_values_are_those_of_pandas(tmp_path: Path) -> None:
    rows = "".join(f"{null},1\n" for null in sorted(NULLS))
    found = table(tmp_path, f"a,b\n{rows}7,1\n")
    frame = pd.read_csv(tmp_path / "data.csv")
    assert found.columns[0] == Column("a", "int", int(frame.a.isna().sum()))
    assert found.columns[0].nulls == len(NULLS)


def test_a_column_of_nothing_has_no_type(tmp_path: Path) -> None:
    assert table(tmp_path, "a,b\n,1\nNA,2\n").columns[0].fields == {"name": "a", "nulls": 2}


@pytest.mark.parametrize("delimiter", list(",;\t|"))
def test_delimiters(tmp_path: Path, delimiter: str) -> None:
    text = "\n".join(delimiter.join(row) for row in (["a", "b c", "d"], ["1", "x, y; z", "2"], ["3", "", "4"])) + "\n"
    text = text.replace("x, y; z", '"x, y; z"')
    assert types(table(tmp_path, text)) == {"a": "int", "b c": "string", "d": "int"}


def test_one_column_and_decimal_commas(tmp_path: Path) -> None:
    assert types(table(tmp_path, "a\n1\n2\n")) == {"a": "int"}
    assert types(table(tmp_path, "a;b\n0,5;1\n0,7;2\n")) == {"a": "string", "b": "int"}


def test_tsv_and_gz(tmp_path: Path) -> None:
    found = table(tmp_path, "a\tb\n1,5\tx\n", "data.tsv")
    assert (found.format, types(found)) == ("tsv", {"a": "string", "b": "string"})
    found = table(tmp_path, gzip.compress(b"a,b\n1,x\n"), "data.csv.gz")
    assert (found.format, found.rows, types(found)) == ("csv", 1, {"a": "int", "b": "string"})
    with pytest.raises(BadValue, match="cannot be read"):
        table(tmp_path, b"no gzip", "bad.csv.gz")
    with pytest.raises(BadValue, match="cannot be read"):
        table(tmp_path, gzip.compress(b"a,b\n1,x\n" * 1000)[:-20], "cut.csv.gz")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_marks_of_byte_order(tmp_path: Path, encoding: str) -> None:
    found = table(tmp_path, "größe,b\n1,ä\n".encode(encoding))
    assert types(found) == {"größe": "int", "b": "string"}
    assert found.notes == ()


def test_what_is_not_utf8_is_told(tmp_path: Path) -> None:
    found = table(tmp_path, "größe,b\n1,ä\n".encode("latin-1"))
    assert types(found) == {"größe": "int", "b": "string"}
    assert found.notes == ("it is not UTF-8: read as Latin-1",)


def test_line_ends_quotes_and_blank_lines(tmp_path: Path) -> None:
    found = table(tmp_path, 'a,b\r\n1,"x\r\ny ""z"", w"\r\n\r\n2,\r\n')
    assert (found.rows, types(found)) == (2, {"a": "int", "b": "string"})
    assert found.columns[1].nulls == 1


def test_ragged_rows_are_counted(tmp_path: Path) -> None:
    found = table(tmp_path, "a,b,c\n1,2,3\n1,2\n1,2,3,4\n1,2,3\n")
    assert found.rows == 4
    assert found.columns[2] == Column("c", "int", 1)
    assert found.notes == ("2 rows have more or fewer values than there are columns",)


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("a,b\n1,2\n", True),
        ("name,town\nx,y\n", True),
        ("country,1999,2000,2001\nx,1,2,3\n", True),
        ("0,1,2\n5.1,3.5,1.4\n", True),
        ("id,2026-01-01\n1,3\n", True),
        ("1,14.23,1.71\n1,13.2,1.78\n", False),
        ("5.1,3.5,1.4,0.2,Iris-setosa\n4.9,3.0,1.4,0.2,Iris-setosa\n", False),
        ("a,b\n", True),
        ("1,2.5\n", False),
    ],
)
def test_whether_there_is_a_header(tmp_path: Path, text: str, header: bool) -> None:  # noqa: FBT001
    found = table(tmp_path, text)
    lines = text.count("\n")
    assert found.rows == lines - header
    assert (found.columns[0].name == "column_1") is not header
    assert bool(found.notes) is not header


def test_names_are_made_unique(tmp_path: Path) -> None:
    found = table(tmp_path, "a,a, b ,\nx,y,z,w\n")
    assert [column.name for column in found.columns] == ["a", "a.1", "b", "column_4"]
    assert "twice" in found.notes[0]


@pytest.mark.parametrize("text", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_an_empty_file(tmp_path: Path, text: bytes) -> None:
    found = table(tmp_path, text)
    assert (found.rows, found.columns) == (0, ())
    assert found.fields == {"format": "csv", "rows": 0}


def test_a_value_as_long_as_a_document(tmp_path: Path) -> None:
    import csv

    before = csv.field_size_limit()
    found = table(tmp_path, f'a,b\n1,"{"x" * 300_000}"\n')
    assert found.rows == 1
    assert csv.field_size_limit() == before


def test_no_value_is_kept(tmp_path: Path) -> None:
    found = table(tmp_path, "name,age\nMona Lisa,51\n")
    assert "Mona" not in repr(found)
    assert "51" not in repr(found)


def test_other_files_have_a_format_and_no_columns(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    assert profile(tmp_path / "images") == Profile()
    assert table(tmp_path, b"x", "model.pkl") == Profile("pkl")
    assert table(tmp_path, b"x", "README") == Profile()
    assert table(tmp_path, b"x", "x.gz") == Profile()


@given(st.binary(max_size=200))
def test_any_bytes_give_a_table_or_a_known_error(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "any.csv"
    file.write_bytes(raw)
    try:
        found = read_csv(file)
    except BadValue:
        return
    assert all(column.nulls is not None and column.nulls <= found.rows for column in found.columns)


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    row = ",".join(str(number / 7) for number in range(20))
    (tmp_path / "small.csv").write_text("\n".join([",".join("abcdefghijklmnopqrst"), *[row] * 10_000]))
    profile(tmp_path / "small.csv")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (tmp_path / "large.csv").write_text("\n".join([",".join("abcdefghijklmnopqrst"), *[row] * 60_000]))
    written = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert profile(tmp_path / "large.csv").rows == 60_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - max(before, written) < 20_000


# ── Parquet ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def arrow() -> pa.Table:
    columns: dict[str, Any] = {
        "i": pa.array([1, None, 3], pa.int16()),
        "f": pa.array([1.0, 2.0, None]),
        "s": pa.array(["a", None, None]),
        "b": pa.array([True, False, None]),
        "d": pa.array([1, 2, 3], pa.date32()),
        "t": pa.array([1, 2, None], pa.timestamp("us", tz="UTC")),
        "x": pa.array([1, 2, 3], pa.decimal128(5, 2)),
        "c": pa.array(["a", "b", "a"]).dictionary_encode(),
        "l": pa.array([[1], None, []], pa.list_(pa.int64())),
        "m": pa.array([{"a": 1}, None, {"a": None}]),
        "n": pa.nulls(3),
        "y": pa.array([b"x", None, b"y"]),
    }
    return pa.table(columns)


@pytest.mark.parametrize("statistics", [True, False])
def test_parquet_by_its_metadata(tmp_path: Path, statistics: bool) -> None:  # noqa: FBT001
    pq.write_table(arrow(), tmp_path / "data.parquet", write_statistics=statistics, row_group_size=2)
    found = profile(tmp_path / "data.parquet")
    assert (found.format, found.rows) == ("parquet", 3)
    assert types(found) == {
        "i": "int", "f": "float", "s": "string", "b": "bool", "d": "date", "t": "datetime", "x": "decimal",
        "c": "category", "l": "list", "m": "mapping", "n": None, "y": "binary",
    }  # fmt: skip
    assert {column.name: column.nulls for column in found.columns} == {
        "i": 1, "f": 1, "s": 2, "b": 1, "d": 0, "t": 1, "x": 0, "c": 0, "l": 1, "m": 1, "n": 3, "y": 1,
    }  # fmt: skip
    assert found.columns[0].dtype == "int16"


def test_parquet_of_the_wine_data(tmp_path: Path) -> None:
    frame = load_wine(as_frame=True).frame
    frame.to_parquet(tmp_path / "wine.pq")
    found = profile(tmp_path / "wine.pq")
    assert found.rows == len(frame)
    assert [column.name for column in found.columns] == list(frame.columns)
    assert {column.type for column in found.columns} == {"float", "int"}


def test_parquet_without_pyarrow_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(MissingExtra, match=r"pyarrow is not installed; pip install 'gitml\[parquet\]'"):
        table(tmp_path, b"", "data.parquet")


def test_what_is_no_parquet_file(tmp_path: Path) -> None:
    with pytest.raises(BadValue, match=r"data\.parquet is no Parquet file"):
        table(tmp_path, b"a,b\n", "data.parquet")


def test_an_empty_parquet_file(tmp_path: Path) -> None:
    pq.write_table(arrow().slice(0, 0), tmp_path / "data.parquet")
    found = profile(tmp_path / "data.parquet")
    assert found.rows == 0
    assert {column.nulls for column in found.columns} == {0}
