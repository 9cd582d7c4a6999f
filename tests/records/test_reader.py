"""Reading: the fast path accepts, the slow path explains, and no bytes at all bring either down."""

from __future__ import annotations

import time
import unicodedata
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gitml.records.canonical import ALPHABETICAL, in_order
from gitml.records.edit import fix, is_canonical
from gitml.records.fast import read_canonical
from gitml.records.reader import marks, read, read_slowly, value_marks
from gitml.records.record import same
from yaml_strategies import Layout, layouts, mutants

BOMB = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (at, at, b",".join([b"*%c" % (at - 1)] * 9)) for at in range(ord("b"), ord("j"))
)


def nested(levels: int) -> bytes:
    """So many mappings in one another."""
    lines = ["  " * level + "k:" for level in range(levels - 1)]
    return "\n".join([*lines, "  " * (levels - 1) + "k: 1\n"]).encode()


# ── the two paths hold the same ───────────────────────────────────────────────────────────────────────────────────


@given(mutants())
@example("# no\u2028b: 2\na: 1\n")
@example("# no\x00\na: 1\n")
@example("a: |-\n  x\n# c\n  y\nb: 1\n")
@example("a: |+\n  x\n# c\n\nb: 1\n")
@example("a: |\n  x\n  \n  y\n")
@example('a: "one\\ntwo"\n')
@example("k" * 1025 + ": 1\n")
@example("a: 1.0e+161_0\n")
@example("a: 0.1\n" * 2)
def test_what_the_fast_path_accepts_the_slow_path_reads_alike(text: str) -> None:
    fast, slow = read_canonical(text), read_slowly(text.encode())
    if fast is not None:
        assert slow.problems == ()
        assert same(fast, slow.data)
        assert is_canonical(text.encode(), fast, ALPHABETICAL) is in_order(fast, ALPHABETICAL)
    elif slow.data is not None and "#" not in text:
        assert not is_canonical(text.encode(), slow.data, ALPHABETICAL)


@given(st.one_of(st.binary(max_size=200), st.text(max_size=80).map(str.encode), mutants().map(str.encode)))
def test_no_bytes_bring_reading_down(raw: bytes) -> None:
    parsed = read(raw, "metadata/x.yaml")
    assert (parsed.data is None) is bool(parsed.problems)
    assert all(problem.path == "metadata/x.yaml" and problem.hint for problem in parsed.problems)
    assert {problem.code.partition(".")[0] for problem in parsed.problems} <= {"yaml", "schema"}
    marks(raw)
    value_marks(raw)
    fixed = fix(raw, ALPHABETICAL)
    assert fixed == raw or same(read(fixed).data, read(raw.removeprefix(b"\xef\xbb\xbf")).data)


@given(mutants(), st.binary(max_size=3), st.integers(0, 100))
def test_canonical_bytes_with_a_few_foreign_ones(text: str, bit: bytes, at: int) -> None:
    raw = text.encode()
    raw = raw[:at] + bit + raw[at:]
    assert read(raw).problems == read_slowly(raw).problems


@given(layouts)
def test_however_it_is_laid_out_it_is_read(layout: Layout) -> None:
    data = layout.record()
    parsed = read(layout.text(data).encode())
    if parsed.data is not None:  # a careless person also makes mistakes
        assert parsed.problems == ()


# ── what is wrong, by the contract's codes, with its place ────────────────────────────────────────────────────────

WRONG: dict[str, tuple[bytes, str, int | None, int | None]] = {
    "200,000 brackets": (b"a: " + b"[" * 200_000, "yaml.depth", 1, 53),
    "200,000 braces": (b"{a: " * 200_000, "yaml.depth", 1, 201),
    "200,000 dashes": (b"- " * 200_000, "yaml.depth", 1, 101),
    "200,000 question marks": (b"? " * 200_000, "yaml.depth", 1, 101),
    "51 mappings": (nested(51), "yaml.depth", 51, 101),
    "51 in brackets": (b"a: " + b"[" * 50 + b"]" * 50, "yaml.depth", 1, 53),
    "51 in dashes": (b"a:\n" + b"- " * 50 + b"x\n", "yaml.depth", 2, 99),
    "an empty list on level 51": (nested(50).replace(b"1", b"[]"), "yaml.depth", 50, 102),
    "alias bomb": (BOMB, "yaml.alias", 1, 4),
    "anchor": (b"a: 1\nb: &x 2\n", "yaml.alias", 2, 4),
    "alias": (b"a: 1\nb: *x\n", "yaml.alias", 2, 4),
    "5 MiB": (b"a: " + b"x" * (5 << 20), "yaml.size", None, None),
    "5,000 digits": (b"a: 1\nb: " + b"9" * 5000 + b"\n", "yaml.integer", 2, 4),
    "minus 5,000 digits": (b"a: -" + b"9" * 5000, "yaml.integer", 1, 4),
    "5,000 hexadecimal digits": (b"a: 0x" + b"f" * 5000, "yaml.integer", 1, 4),
    "5,000 octal digits": (b"a: 0o" + b"7" * 5000, "yaml.integer", 1, 4),
    "64 bits and one": (b"- 1\n- 9223372036854775808\n", "yaml.integer", 2, 3),
    "a key of 500 digits": (b"9" * 500 + b": 1\n", "yaml.integer", 1, 1),
    "NUL": (b"a: 1\nb: x\x00y\n", "yaml.encoding", 2, 5),
    "DEL": (b"a: x\x7f\n", "yaml.encoding", 1, 5),
    "BOM": (b"\xef\xbb\xbfa: 1\n", "yaml.encoding", 1, 1),
    "BOM inside": (b"a: 1\nb: \xef\xbb\xbf1\n", "yaml.encoding", 2, 4),
    "not UTF-8": ("a: 1\né: naïve\n".encode() + b"b: \xff\xfe\n", "yaml.encoding", 3, 4),
    "Latin-1": ("a: é\n".encode("latin-1"), "yaml.encoding", 1, 4),
    "UTF-16": ("a: 1\n".encode("utf-16"), "yaml.encoding", 1, 1),
    "a surrogate in UTF-8": (b"a: \xed\xa0\x80\n", "yaml.encoding", 1, 4),
    "line ends of YAML 1.1 in a text": ("a: é\u2028b: 2\n".encode(), "yaml.encoding", 1, 5),
    "line ends of YAML 1.1 in a comment": ("a: 1\n# \x85b: 2\n".encode(), "yaml.encoding", 2, 3),
    "a noncharacter": ("a: \uffff\n".encode(), "yaml.encoding", 1, 4),
    "tab": (b"a:\n\tb: 1\n", "yaml.syntax", 2, 1),
    "two documents": (b"a: 1\n---\nb: 2\n", "yaml.documents", 2, 1),
    "a document after its end": (b"a: 1\n...\nb: 2\n", "yaml.documents", 3, 1),
    "two empty documents": (b"---\n---\n", "yaml.empty", 1, 1),
    "empty": (b"", "yaml.empty", None, None),
    "only a comment": (b"# nothing\n", "yaml.empty", None, None),
    "duplicate key": (b"a: 1\nb: 2\na: 3\n", "yaml.duplicate-key", 3, 1),
    "duplicate key at depth": (b"a:\n  b:\n  - c: 1\n    c: 2\n", "yaml.duplicate-key", 4, 5),
    "duplicate key in braces": (b"a: {b: 1, 'b': 2}\n", "yaml.duplicate-key", 1, 11),
    "100,000 duplicate keys": (b"a: 1\n" * 100_000, "yaml.duplicate-key", 2, 1),
    "number as key": (b"a:\n  1: x\n", "yaml.key", 2, 3),
    "null as key": (b"a:\n  ~: x\n", "yaml.key", 2, 3),
    "boolean as key": (b"true: 1\n", "yaml.key", 1, 1),
    "list as key": (b"? [a]\n: x\n", "yaml.key", 1, 3),
    "mapping as key": (b"{a: 1}: x\n", "yaml.key", 1, 1),
    "a key of 1,500 characters": (b"? " + b"k" * 1500 + b"\n: x\n", "yaml.key", 1, 3),
    "tag": (b"a: 1\nb: !foo 1\n", "yaml.tag", 2, 4),
    "core tag": (b"a: !!str 1\n", "yaml.tag", 1, 4),
    "tag that runs code": (b"a: !!python/object/apply:os.system [x]\n", "yaml.tag", 1, 4),
    "tag on the root": (b"!!map\na: 1\n", "yaml.tag", 1, 1),
    "a tag of 900,000 characters": (b"a: !" + b"x" * 900_000 + b" 1\n", "yaml.tag", 1, 4),
    "not YAML": (b"a: b: c\n", "yaml.syntax", 1, 5),
    "unclosed bracket": (b"a: [1, 2\n", "yaml.syntax", 2, 1),
    "unclosed quote": (b'a: "x\n', "yaml.syntax", 2, 1),
    "reserved character": (b"a: @x\n", "yaml.syntax", 1, 4),
    "other YAML": (b"%YAML 3.0\n---\na: 1\n", "yaml.syntax", 1, 1),
    "merge conflict": (b"a: 1\n<<<<<<< HEAD\nb: 2\n=======\nb: 3\n>>>>>>> x\n", "merge.conflict", 2, 1),
    "a lone surrogate, escaped": (b'a: "\\ud800"\n', "yaml.syntax", 1, 7),
    "900,000 colons": (b"a" + b":" * 900_000 + b"\n", "yaml.syntax", 1, 900_001),
    "a key of escaped quotes": (b'"' + b'\\":' * 300_000 + b"\n", "yaml.syntax", 2, 1),
    "list": (b"- a\n", "schema.type", 1, 1),
    "list, further down": (b"# c\n\n  - a\n", "schema.type", 3, 3),
    "scalar": (b"hello\n", "schema.type", 1, 1),
    "null": (b"~\n", "schema.type", 1, 1),
    "LFS pointer": (b"version https://git-lfs.github.com/spec/v1\noid sha256:a\nsize 1\n", "schema.type", 1, 1),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_and_where(name: str) -> None:
    raw, code, line, column = WRONG[name]
    started = time.process_time()
    parsed = read(raw, "metadata/x.yaml")
    assert time.process_time() - started < 5
    assert parsed.data is None
    first = parsed.problems[0]
    assert (first.code, first.line, first.column) == (code, line, column)
    assert first.hint
    assert len(str(first)) < 300
    assert len(parsed.problems) <= 100
    assert parsed == read_slowly(raw, "metadata/x.yaml")
    assert fix(raw, ALPHABETICAL) == raw or name == "BOM"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("tab", "spaces, not tabs"),
        ("merge conflict", "merge conflict"),
        ("a document after its end", "one record in each file"),
        ("900,000 colons", "1,000 characters"),
        ("BOM", "--fix"),
        ("not YAML", "quote"),
        ("5 MiB", "DVC"),
        ("number as key", 'write "1"'),
    ],
)
def test_the_hint_says_what_to_do(name: str, words: str) -> None:
    assert words in read(WRONG[name][0]).problems[0].hint


def test_all_that_is_wrong_is_told_at_once() -> None:
    raw = b"a: &x 1\nb: *x\nc: !t 2\nd: 99999999999999999999\nb: 3\n5: x\n"
    assert [problem.code for problem in read(raw).problems] == [
        "yaml.alias", "yaml.alias", "yaml.tag", "yaml.integer", "yaml.duplicate-key", "yaml.key",
    ]  # fmt: skip


# ── what is right, if odd ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("raw", "data"),
    [
        (b"a: no\nb: on\nc: y\n", {"a": "no", "b": "on", "c": "y"}),
        (b"a: 1e-3\nb: 1e3\nc: 1.\nd: .5\n", {"a": 0.001, "b": 1000.0, "c": 1.0, "d": 0.5}),
        (b"a: 2026-01-01\nb: 1:30\nc: 1_000\n", {"a": "2026-01-01", "b": "1:30", "c": "1_000"}),
        (b"a: 012\nb: 0o14\nc: 0x1F\nd: +7\ne: 0b1\n", {"a": 12, "b": 12, "c": 31, "d": 7, "e": "0b1"}),
        (b"a: \nb: ~\nc: Null\nd: nUll\n", {"a": None, "b": None, "c": None, "d": "nUll"}),
        (b"a: True\nb: FALSE\nc: tRue\n", {"a": True, "b": False, "c": "tRue"}),
        (b"a: .inf\nb: -.INF\nc: +.Inf\nd: .nan\n", {"a": 1e999, "b": -1e999, "c": 1e999, "d": float("nan")}),
        (b"a: inf\nb: nan\nc: -x\nd: .\n", {"a": "inf", "b": "nan", "c": "-x", "d": "."}),
        (b"a: 1e999\n", {"a": float("inf")}),
        (b"a: 9223372036854775807\nb: -9223372036854775808\n", {"a": 2**63 - 1, "b": -(2**63)}),
        (b"a: " + b"0" * 5000 + b"7\n", {"a": 7}),
        (b"a: 0x" + b"0" * 5000 + b"f\n", {"a": 15}),
        (b"<<: {a: 1}\n=: =\n", {"<<": {"a": 1}, "=": "="}),
        (b"no: 1\non: 2\n2026-01-01: 3\n", {"no": 1, "on": 2, "2026-01-01": 3}),
        (b"? a\n: 1\n? b\n", {"a": 1, "b": None}),
        (b"a: 1\r\nb:\r\n- x\r\n", {"a": 1, "b": ["x"]}),
        (b"a: 1\rb: 2\r", {"a": 1, "b": 2}),
        (b"---\na: 1\n...\n", {"a": 1}),
        (b"%YAML 1.1\n---\na: no\n", {"a": "no"}),
        (b'{"a": [1, {"b": null}]}', {"a": [1, {"b": None}]}),
        (b"a:\t1\t\n", {"a": 1}),
        (b"a: 1", {"a": 1}),
        (b"{}\n", {}),
        (b"a: >\n  one\n  two\n", {"a": "one two\n"}),
        (b"a: |2\n   x\n", {"a": " x\n"}),
        (b'a: "\\x41\\u0042\\U00000043\\t\\/\\e"\n', {"a": "ABC\t/\x1b"}),
        (b"# a\n\na: 1 # b\n# c\n", {"a": 1}),
    ],
    ids=lambda given: repr(given)[:30] if isinstance(given, bytes) else "",
)  # fmt: skip
def test_yaml_is_read_as_1_2_core(raw: bytes, data: dict[str, Any]) -> None:
    parsed = read(raw)
    assert parsed.problems == ()
    assert same(parsed.data, data)


@pytest.mark.parametrize(
    "text",
    [
        "# above\na: 1\n",
        "a:\n# between\n  b: 1\n",
        "a:\n  # between\n  b: 1\n      # anywhere\nc: 2\n# below\n",
        "a:\n# x\n- 1\n# y\n- b: 2\n  # z\n  c: 3\n",
        "a: |\n  # no comment\n  text\n# a comment\nb: 1\n",
        "a: |+\n  x\n\n# c\nb: 1\n",
        "# 漢字 😀 é\na: 1\n",
    ],
)
def test_comments_on_lines_of_their_own_leave_a_text_to_the_fast_path(text: str) -> None:
    parsed = read(text.encode())
    assert parsed.canonical
    assert same(parsed.data, read_slowly(text.encode()).data)
    assert is_canonical(text.encode(), parsed.data or {}, ALPHABETICAL)


# ── places ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_field_has_its_place() -> None:
    raw = "# c\né: 漢\na:\n- b: 1\n  c: [x, {d: 😀, e: 2}]\n- - y\n".encode()
    assert marks(raw) == {
        (): (2, 1), ("é",): (2, 1), ("a",): (3, 1), ("a", 0): (4, 3), ("a", 0, "b"): (4, 3), ("a", 0, "c"): (5, 3),
        ("a", 0, "c", 0): (5, 7), ("a", 0, "c", 1): (5, 10), ("a", 0, "c", 1, "d"): (5, 11),
        ("a", 0, "c", 1, "e"): (5, 17), ("a", 1): (6, 3), ("a", 1, 0): (6, 5),
    }  # fmt: skip
    assert value_marks(raw)["a", 0, "c", 1, "d"] == (5, 14)
    assert value_marks(raw)["a", 0, "b"] == (4, 6)


@given(layouts)
def test_marks_name_every_field_and_point_at_it(layout: Layout) -> None:
    raw = layout.text(layout.record()).encode()
    data = read(raw).data
    if data is None:
        return
    lines = raw.decode().split("\n")
    places = marks(raw)
    for path, (line, column) in places.items():
        value: Any = data
        for key in path:
            value = value[key]
        if path and isinstance(path[-1], str):
            there = lines[line - 1][column - 1 :].lstrip("'\"")
            assert there.startswith(path[-1]) or not unicodedata.is_normalized("NFC", path[-1])
    assert len(places) == 1 + count(data)


def count(value: Any) -> int:
    """All fields and items below a value."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return sum(1 + count(item) for item in inner)


def test_what_cannot_be_read_has_no_places() -> None:
    assert marks(b"a: [") == {}
    assert value_marks(b"\xff") == {}
