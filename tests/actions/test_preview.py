"""First rows of every format; and that nothing personal is among them."""

from __future__ import annotations

import gzip
import json
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acting import opened
from gitml.actions.first_rows import FirstRows, first_rows
from gitml.actions.preview import Preview
from gitml.checks.personal import MASK, hidden, looks_personal
from gitml.errors import BadValue, DiskFailed, GitmlError, MissingExtra, NotFound
from gitrepo import commit, write


def rows(tmp_path: Path, name: str, content: str | bytes, limit: int = 10, told: str | None = None) -> FirstRows:
    """The first rows of a file, which lies under another name, as in a cache."""
    write(tmp_path, {"file": content})
    return first_rows(tmp_path / "file", name, limit, told)


# ── formats ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_csv_and_tsv(tmp_path: Path) -> None:
    found = rows(tmp_path, "data/x.csv", "a;b;c\n1;x y;true\n2.5;;false\n;NA;\n")
    assert (found.format, found.names) == ("csv", ("a", "b", "c"))
    assert found.rows == ({"a": 1.0, "b": "x y", "c": True}, {"a": 2.5, "c": False}, {"b": "NA"})
    assert rows(tmp_path, "x.tsv", "a,b\tc\n1\t007\n", 1).rows == ({"a,b": 1, "c": "007"},)
    assert rows(tmp_path, "x", "a\tb\n1\t2\n", told="tsv").names == ("a", "b")
    assert rows(tmp_path, "x.CSV.gz", gzip.compress(b"a,b\n1,2\n3,4\n"), 1).rows == ({"a": 1, "b": 2},)
    assert rows(tmp_path, "x.csv", "a,b\n").names == ("a", "b")
    assert rows(tmp_path, "x.csv", "").notes == ("it is empty",)
    assert rows(tmp_path, "x.csv", "a,b\n1,2\n", 0) == FirstRows("csv", ("a", "b"))
    assert rows(tmp_path, "x.csv", "5,2\n3,4\n").names == ("column_1", "column_2")
    assert rows(tmp_path, "x.csv", "ü\n1\n".encode("latin-1")).notes == ("it is not UTF-8: read as Latin-1",)


def test_json_lines(tmp_path: Path) -> None:
    found = rows(tmp_path, "x.jsonl", '{"a": {"b": 1}}\n\n[1, 2]\nnot\n{"c": null}\n{"z": 1}', 5)
    assert found.rows == ({"a.b": 1}, {"value": [1, 2]}, {"c": None})
    assert (found.names, found.notes) == (("a.b", "value", "c"), ("line 4 is no JSON",))
    assert rows(tmp_path, "x.ndjson", '"' + "a" * (1 << 20) + '"').notes[0] == "line 1 is too long to be shown"
    assert rows(tmp_path, "x.jsonl.gz", gzip.compress(b'{"a": 1}\n')).rows == ({"a": 1},)


def test_json(tmp_path: Path) -> None:
    assert rows(tmp_path, "x.json", '[{"a": 1}, {"b": 2}, 3]', 2) == FirstRows(
        "json", ("a", "b"), ({"a": 1}, {"b": 2}), 3
    )
    assert rows(tmp_path, "x.json", '{"a": [1, 2], "b": [3, 4]}').rows == ({"a": 1, "b": 3}, {"a": 2, "b": 4})
    assert rows(tmp_path, "x.json", '{"a": [1], "b": [3, 4]}').rows == ({"a": [1], "b": [3, 4]},)
    assert rows(tmp_path, "x.json", '{"auc": {"test": NaN}}').names == ("auc.test",)
    assert rows(tmp_path, "x.json", "3").rows == ({"value": 3},)
    for text in ("", "{", b"\xff", "[" * 100000):
        with pytest.raises(BadValue, match=r"x\.json is no JSON"):
            rows(tmp_path, "x.json", text)


def test_a_document_too_large_to_be_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gitml.actions.first_rows._DOCUMENT", 10)
    found = rows(tmp_path, "x.json", "[\n1234567890,\n2]")
    assert (found.rows[0], found.format) == ({"line": "["}, "json")
    assert found.notes[0].startswith("larger than")


def test_parquet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: dict[str, Any] = {"a": [1, None, 3], "b": [b"x", b"yy", None], "c": [{"k": [1]}, None, None]}
    pq.write_table(pa.table(columns), tmp_path / "t.parquet", row_group_size=1)
    found = first_rows(tmp_path / "t.parquet", "t.pq", 2)
    assert (found.names, found.total) == (("a", "b", "c"), 3)
    assert found.rows == ({"a": 1, "b": "(1 bytes)", "c": {"k": [1]}}, {"b": "(2 bytes)"})
    with pytest.raises(BadValue, match=r"x\.parquet is no Parquet file"):
        rows(tmp_path, "x.parquet", "a,b\n")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtra, match=r"pip install 'gitml\[parquet\]'"):
        first_rows(tmp_path / "t.parquet", "t.parquet", 2)


def test_text_and_bytes(tmp_path: Path) -> None:
    assert rows(tmp_path, "README", "\ufeffone\r\ntwo\nthree", 2).rows == ({"line": "one"}, {"line": "two"})
    assert rows(tmp_path, "x.txt", "one\n".encode("utf-16")).rows == ({"line": "one"},)
    assert rows(tmp_path, "x.txt", "").rows == ()
    assert rows(tmp_path, "x.txt", ("a" * 8191 + "ü").encode()).format == "text"
    for content in (b"a\0b", b"\xff\xfa\xfb", b"\x89PNG\r\n\x1a\n"):
        found = rows(tmp_path, "model.pkl", content)
        assert (found.format, found.rows) == ("binary", ())
        assert found.notes == (f"binary, {len(content)} bytes: git ml get fetches them",)


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(BadValue, match=r"x\.csv\.gz cannot be read"):
        rows(tmp_path, "x.csv.gz", "plain")
    with pytest.raises(BadValue, match=r"x\.txt\.gz cannot be read"):
        rows(tmp_path, "x.txt.gz", gzip.compress(b"a" * 1000)[:20])
    with pytest.raises(DiskFailed, match=r"y\.txt cannot be read"):
        first_rows(tmp_path / "none", "y.txt", 1)


@given(name=st.sampled_from(["x", "x.csv", "x.tsv", "x.jsonl", "x.json", "x.csv.gz", "x.pq"]), content=st.binary())
def test_no_bytes_are_a_traceback(tmp_path_factory: pytest.TempPathFactory, name: str, content: bytes) -> None:
    place = tmp_path_factory.getbasetemp() / "any"
    place.write_bytes(content)
    with suppress(GitmlError):
        found = first_rows(place, name, 3)
        assert len(found.rows) <= 3
        assert all(set(row) <= set(found.names) for row in found.rows)


# ── what is personal ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", [
    "email", "E-Mail", "customer_email", "userEmail", "Surname", "first_name", "LastName", "date_of_birth", "dob", "IP",
    "ip_address", "phone.number", "creditCardNumber", "Telefon", "client name", "SSN", "home address",
])  # fmt: skip
def test_names_that_say_it(name: str) -> None:
    assert looks_personal(name)


@pytest.mark.parametrize(
    "name", ["alcohol", "name", "zip_ratio", "tip", "recipe", "shipment", "id", "grower", "", "ssnx"]
)
def test_names_that_do_not(name: str) -> None:
    assert not looks_personal(name, ["x", 3, None, True, 12.5])


@pytest.mark.parametrize("value", [
    "a.b+c@example.org", "+49 30 901820", "(555) 123-4567", "DE89 3704 0044 0532 0130 00", "DE89370400440532013000",
    "123-45-6789", "192.168.0.17", "4111 1111 1111 1111", 4111111111111111,
])  # fmt: skip
def test_values_that_say_it(value: object) -> None:
    assert looks_personal("x", [value, value, "other", None])
    assert not looks_personal("x", [value, "a", "b", "c"])


@pytest.mark.parametrize(
    "value", ["12.5", "1.2.3", "2026-03-01", "4111111111111112", "1234567890123", "a@b", "300.1.1.1"]
)
def test_values_that_do_not(value: str) -> None:
    assert not looks_personal("x", [value])


def test_what_is_personal_inside_a_text() -> None:
    assert hidden("call +49 30 901820 or write to a@example.org, 12.5 %") == f"call {MASK} or write to {MASK}, 12.5 %"
    assert hidden("Nothing here: 2026-03-01, 84199") == "Nothing here: 2026-03-01, 84199"


# ── of a record ────────────────────────────────────────────────────────────────────────────────────────────────────


def preview(place: Path, ref: str, limit: int = 10) -> Preview:
    return opened(place).preview(ref, limit)


def test_columns_that_a_record_calls_personal_are_masked_wherever_they_are_seen(tracked: Path) -> None:
    columns = [{"name": "alcohol", "type": "float"}, {"name": "grower", "classification": "personal"}]
    opened(tracked).new_dataset("wine", "data/wine.csv", {"columns": columns})
    found = preview(tracked, "dataset/wine@1", 2)
    assert found.rows == ({"alcohol": 12.5, "grower": MASK}, {"alcohol": 13.1, "grower": MASK})
    assert (found.path, found.format, found.total, found.masked) == ("data/wine.csv", "csv", 3, ("grower",))
    assert found.notes == ("grower is personal, or looks so: masked",)
    assert preview(tracked, "dvc-output/data%2Fwine.csv").rows[2] == {"alcohol": 11.0}
    assert preview(tracked, "dvc-output/data%2Fwine.csv").masked == ("grower",)


def test_columns_that_look_personal_are_masked_unless_a_record_says_otherwise(tracked: Path) -> None:
    text = "n,email,who,note\n" + "1,a@example.org,b@example.org,write to c@example.org\n" * 3
    write(tracked, {"data/p.csv": text})
    opened(tracked).new_dataset("p", "data/p.csv", {"columns": [{"name": "email", "classification": "public"}]})
    found = preview(tracked, "dataset/p@1", 1)
    assert found.rows == ({"n": 1, "email": MASK, "who": MASK, "note": f"write to {MASK}"},)
    assert found.masked == ("who",)  # of the other only what is in it


def test_where_the_data_set_is_personal_only_what_is_declared_otherwise_is_shown(tracked: Path) -> None:
    columns = [{"name": "alcohol", "type": "float", "classification": "public"}, {"name": "grower", "type": "string"}]
    store = opened(tracked)
    store.new_dataset("wine", "data/wine.csv", {"columns": columns, "classifications": ["personal"]})
    assert preview(tracked, "dataset/wine@1").masked == ("grower",)
    write(tracked, {"data/t.txt": "secret life\n"})
    store.new_dataset("t", "data/t.txt", {"classifications": ["personal"]})
    assert preview(tracked, "dataset/t@1").rows == ({"line": MASK},)


def test_what_is_nested_or_a_secret(tracked: Path) -> None:
    lines = [{"user": {"mail": "x", "age": 3}, "tags": ["a@example.org"], "t": "ghp_" + "a" * 36, "long": "x" * 2000}]
    commit(tracked, {"p.json": json.dumps([{"list": lines, **lines[0]}])})
    opened(tracked).new_dataset("p", "p.json")
    row = preview(tracked, "dataset/p@1").rows[0]
    assert (row["user.mail"], row["user.age"], row["tags"], row["t"]) == (MASK, 3, [MASK], MASK)
    assert row["list"][0]["user"] == {"mail": MASK, "age": 3}
    assert len(row["long"]) == 1001


def test_a_folder_is_told_without_its_files(tracked: Path) -> None:
    write(tracked, {"images/a.png": "a", "images/deep/b.png": "b"})
    store = opened(tracked)
    store.new_dataset("images", "images")
    shutil.rmtree(tracked / "images")
    found = preview(tracked, "dataset/images@1", 1)
    assert (found.format, found.total, found.rows[0]["file"]) == ("folder", 2, "a.png")
    commit(tracked, {"more/c.txt": "cc"})
    store.new_dataset("more", "more")
    assert preview(tracked, "dataset/more@1").rows == ({"file": "c.txt", "size": 2},)


def test_records_without_bytes(tracked: Path) -> None:
    opened(tracked).new_dataset("wine", "data/wine.csv")
    with pytest.raises(NotFound, match=r"points to no bytes; name a version"):
        preview(tracked, "dataset/wine")
    with pytest.raises(NotFound, match="there is no dvc-output/x"):
        preview(tracked, "dvc-output/x")
