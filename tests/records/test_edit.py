"""The machine edit touches only its own lines; `fix` changes the form alone; neither loses a comment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gitml.errors import BadValue
from gitml.records.canonical import ALPHABETICAL, KeyOrder, dump, text_scalar
from gitml.records.edit import changed, edit, fix, is_canonical
from gitml.records.nodes import Node, tree, walk
from gitml.records.reader import read
from gitml.records.record import MISSING, same
from yaml_strategies import Layout, layouts, mutants, records, scalars

ORDER = KeyOrder({"schema": 0, "name": 1, "gamma": 2})
KEYS = ("alpha", "beta", "a b", "no", "schema", "new", "é")
_NUMBERED = re.compile(r"c\d+c")


def comments_of(text: bytes | str) -> list[str]:
    return sorted(_NUMBERED.findall(text.decode() if isinstance(text, bytes) else text))


def laid_out(layout: Layout) -> tuple[bytes, dict[str, Any]]:
    """A record's text in some layout, with its data."""
    data = layout.record()
    raw = layout.text(data).encode()
    assume(same(read(raw).data, data))
    return raw, data


def fields(data: dict[str, Any], at: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, value in data.items():
        yield (*at, key)
        if isinstance(value, dict):
            yield from fields(value, (*at, key))


def some_field(layout: Layout, data: dict[str, Any]) -> tuple[str, ...]:
    """A field of the record, one beside it, or one inside it."""
    path = layout.random.choice(list(fields(data)))
    kind = layout.random.randint(0, 5)
    if kind == 0:
        return (*path[:-1], layout.random.choice(KEYS))
    return (*path, layout.random.choice(KEYS)) if kind == 1 else path


def entry_at(raw: bytes, path: tuple[str, ...]) -> tuple[Node, Node] | None:
    """The nodes of a field's key and value."""
    return next(((name, value) for at, name, value in walk(tree(raw)) if at == path), None)


# ── edit ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@given(layouts, st.sampled_from([ALPHABETICAL, ORDER]))
def test_an_edit_sets_the_field_and_nothing_else(layout: Layout, order: KeyOrder) -> None:
    raw, data = laid_out(layout)
    path = some_field(layout, data)
    value = MISSING if layout.chance(0.25) else layout.value()
    try:
        wanted = changed(data, {path: value})
    except BadValue:
        with pytest.raises(BadValue):
            edit(raw, {path: value}, order)
        return
    edited = edit(raw, {path: value}, order)
    assert same(read(edited).data, wanted)
    if same(wanted, data):
        assert edited == raw


@given(layouts)
def test_other_lines_stay_byte_for_byte_and_other_comments_stay(layout: Layout) -> None:
    raw, data = laid_out(layout)
    path = layout.random.choice(list(fields(data)))
    value = MISSING if layout.chance(0.25) else layout.value()
    assume(not (isinstance(value, str) and value.endswith("\n\n")))  # takes the empty lines below it for its own
    around = [node for at, _name, node in walk(tree(raw)) if at == path[: len(at)] and len(at) < len(path)]
    assume(not any(node.flow for node in [tree(raw), *around]))
    name, old = entry_at(raw, path) or pytest.fail("no such field")
    edited = edit(raw, {path: value})
    before, after = raw.decode().split("\n"), edited.decode().split("\n")
    first, last = name.line - 1, raw.decode().count("\n", 0, old.content_end)
    if value is MISSING and len(around[-1].entries if around else tree(raw).entries) == 1:
        holder = entry_at(raw, path[:-1])  # becomes {}
        assume(holder is not None)
        first = holder[0].line - 1 if holder else 0
    assert after[:first] == before[:first]
    tail = before[last + 1 :]
    assert tail == after[len(after) - len(tail) :]
    if value is not MISSING:
        kept = comments_of("\n".join(before[:first] + tail))
        assert set(kept) <= set(comments_of(edited))


@given(layouts, scalars)
def test_comments_survive_a_new_value(layout: Layout, value: Any) -> None:
    raw, data = laid_out(layout)
    path = layout.random.choice(list(fields(data)))
    assert comments_of(edit(raw, {path: value})) == comments_of(raw)


@given(layouts)
def test_setting_a_field_to_what_it_is_changes_nothing(layout: Layout) -> None:
    raw, data = laid_out(layout)
    assert edit(raw, {(key,): value for key, value in data.items()}) == raw


@given(layouts, st.one_of(st.integers(0, 9), st.text("abc", min_size=1), st.none(), st.floats()))
def test_set_and_set_back_gives_the_same_bytes(layout: Layout, value: Any) -> None:
    raw, _data = laid_out(layout)
    leaves = [(at, node) for at, _name, node in walk(tree(raw)) if not (node.items or node.entries or node.flow)]
    text = raw.decode()
    written = [
        (at, node.value)
        for at, node in leaves
        if all(isinstance(key, str) for key in at) and text[node.start : node.end] == _written(node.value)
    ]
    assume(written)
    path, old = layout.random.choice(written)
    assert edit(edit(raw, {path: value}), {path: old}) == raw


def _written(value: Any) -> str:
    return dump({"k": value}).decode().removeprefix("k: ").removesuffix("\n")


@given(records, records)
def test_any_record_becomes_any_other(before: dict[str, Any], after: dict[str, Any]) -> None:
    changes = {(key,): after.get(key, MISSING) for key in {**before, **after}}
    edited = edit(dump(before), changes)
    assert same(read(edited).data, after)


@given(records, st.sampled_from([ALPHABETICAL, ORDER]), st.data())
def test_an_edit_of_a_canonical_record_is_canonical(data: dict[str, Any], order: KeyOrder, draw: st.DataObject) -> None:
    key = draw.draw(st.sampled_from([*data, "new"]))
    wanted = changed(data, {(key,): draw.draw(scalars)})
    assert edit(dump(data, order), {(key,): wanted[key]}, order) == dump(wanted, order)


EDITS: dict[str, tuple[str, tuple[str, ...], Any, str]] = {
    "a number, beside a comment": ("a: 1   # why\nb: 2\n", ("a",), 3, "a: 3   # why\nb: 2\n"),
    "quotes go with the value": ("a: 'x'\n", ("a",), "no", 'a: "no"\n'),
    "a quoted key stays": ('"a": 1\n', ("a",), 2, '"a": 2\n'),
    "an empty value": ("a:\nb: 2\n", ("a",), 1, "a: 1\nb: 2\n"),
    "an empty value with a comment": ("a:  # c\nb: 2\n", ("a",), 1, "a: 1  # c\nb: 2\n"),
    "no newline at the end": ("a: 1\nb: 2", ("b",), 3, "a: 1\nb: 3"),
    "CRLF": ("a: 1\r\nb: 2\r\n", ("a",), [3], "a:\r\n- 3\r\nb: 2\r\n"),
    "a list for a number": ("a: 1  # c\nb: 2\n", ("a",), [3, 4], "a:  # c\n- 3\n- 4\nb: 2\n"),
    "a number for an indented list": ("a:\n    - 1\n    - 2\nb: 2\n", ("a",), 3, "a: 3\nb: 2\n"),
    "comments inside what goes": ("a:  # x\n# y\n- 1  # z\n# t\nb: 2\n", ("a",), 3, "# y\n# z\na: 3  # x\n# t\nb: 2\n"),
    "lines for a line": ("a: 1\nb: 2\n", ("a",), "x\ny\n", "a: |\n  x\n  y\nb: 2\n"),
    "a line for lines": ("a: |\n  x\n\n  y\nb: 2\n", ("a",), "z", "a: z\nb: 2\n"),
    "a line for folded lines": ("a: >-\n  x\n  y\n\nb: 2\n", ("a",), "z", "a: z\n\nb: 2\n"),
    "a plain text over lines": ("a: x\n  y  # c\nb: 2\n", ("a",), "z", "a: z  # c\nb: 2\n"),
    "in braces": ("a: {x: 1, y: [2]}  # c\nb: 2\n", ("a", "x"), 3, "a: {x: 3, y: [2]}  # c\nb: 2\n"),
    "new in braces": ("a: {x: 1}  # c\nb: 2\n", ("a", "z"), 3, "a:  # c\n  x: 1\n  z: 3\nb: 2\n"),
    "new, in the schema's order": ("schema: a/1\nzeta: 1\n", ("name",), "x", "schema: a/1\nname: x\nzeta: 1\n"),
    "new, first": ("# c\nname: x\n", ("schema",), "a/1", "# c\nschema: a/1\nname: x\n"),
    "new, last, after no newline": ("schema: a/1", ("x",), 1, "schema: a/1\nx: 1\n"),
    "new, inside": ("a:\n    x: 1\nb: 2\n", ("a", "z"), {"t": 1}, "a:\n    x: 1\n    z:\n      t: 1\nb: 2\n"),
    "new, where nothing was": ("a: 1\n", ("p", "q", "r"), 1, "a: 1\np:\n  q:\n    r: 1\n"),
    "new, in a null": ("a:\nb: 1\n", ("a", "x"), 1, "a:\n  x: 1\nb: 1\n"),
    "new, in an empty mapping": ("a: {}  # c\n", ("a", "x"), 1, "a:  # c\n  x: 1\n"),
    "removed with its comment": ("a: 1\n# of b\nb: 2  # c\nd: 3\n", ("b",), MISSING, "a: 1\n# of b\nd: 3\n"),
    "removed, the last one inside": ("a:\n  # c\n  x: 1\nb: 2\n", ("a", "x"), MISSING, "# c\na: {}\nb: 2\n"),
    "removed, all": ("# c\na: 1\n", ("a",), MISSING, "{}\n# c\n"),
    "removed, what is not there": ("a: 1\n", ("b", "c"), MISSING, "a: 1\n"),
    "only what differs in a mapping": (
        "a:\n  x: 0x1f  # c\n  y:  2\n  z: 3\nb: 2\n", ("a",), {"x": 31, "y": 5, "t": 1},
        "a:\n  t: 1\n  x: 0x1f  # c\n  y:  5\nb: 2\n",
    ),
    "kept line ends": ("a: |+\n  x\n\nb: 2\n", ("c",), 1, "a: |+\n  x\n\nb: 2\nc: 1\n"),
    "after kept line ends": ("a: |+\n  x\n\nc: 2\n", ("b",), 1, "a: |+\n  x\n\nb: 1\nc: 2\n"),
    "wide letters": ("é: 漢  # 😀\na: 😀\n", ("é",), "ü", "é: ü  # 😀\na: 😀\n"),
    "the root in braces": ("{a: 1} # c\n", ("b",), 2, "a: 1  # c\nb: 2\n"),
    "the empty record": ("{}\n", ("a",), 1, "a: 1\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", EDITS)
def test_edits(name: str) -> None:
    raw, path, value, wanted = EDITS[name]
    assert edit(raw.encode(), {path: value}, ORDER).decode() == wanted


def test_a_value_inside_a_list_can_be_set_by_its_index() -> None:
    raw = b"a:  # c\n- x: 1  # d\n- y\n"
    assert edit(raw, {("a", 0, "x"): 2}) == b"a:  # c\n- x: 2  # d\n- y\n"
    assert edit(raw, {("a", 1): "z"}) == b"a:  # c\n- x: 1  # d\n- z\n"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("a", "b"), 1), (("list", "x"), 1), (("list", 5), 1), (("list", -1), 1), (("list", 0), MISSING), ((), 1),
        (("new",), object()), (("new",), 2**64), (("new",), "\ud800"), (("a", "b", "c"), 1), ((1,), 1),
    ],
)  # fmt: skip
def test_what_cannot_be_set_is_refused(path: tuple[Any, ...], value: Any) -> None:
    with pytest.raises(BadValue) as caught:
        edit(b"a: 1\nlist: [x]\n", {path: value})
    assert caught.value.hint


@pytest.mark.parametrize("raw", [b"a: [", b"", b"- a\n", b"a: 1\na: 2\n", b"\xff"])
def test_what_cannot_be_read_cannot_be_edited(raw: bytes) -> None:
    with pytest.raises(BadValue, match="cannot be read"):
        edit(raw, {("a",): 1})


def test_changed_leaves_the_data_alone() -> None:
    data = {"a": {"b": [1, {"c": 2}]}}
    assert changed(data, {("a", "b", 1, "c"): 3, ("d",): 4}) == {"a": {"b": [1, {"c": 3}]}, "d": 4}
    assert data == {"a": {"b": [1, {"c": 2}]}}


# ── fix ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@given(layouts, st.sampled_from([ALPHABETICAL, ORDER]))
def test_fix_changes_the_form_alone(layout: Layout, order: KeyOrder) -> None:
    raw, data = laid_out(layout)
    fixed = fix(raw, order)
    assert same(read(fixed).data, data)
    assert is_canonical(fixed, data, order)
    assert fix(fixed, order) == fixed
    assert comments_of(fixed) == comments_of(raw)
    if not comments_of(raw):
        assert fixed == dump(data, order)


@given(mutants().map(str.encode))
def test_fix_of_anything(raw: bytes) -> None:
    data = read(raw).data
    fixed = fix(raw, ALPHABETICAL)
    if data is None:
        assert fixed == raw or raw.startswith(b"\xef\xbb\xbf")
    else:
        assert is_canonical(fixed, data, ALPHABETICAL)
        assert fix(fixed, ALPHABETICAL) == fixed


@pytest.mark.parametrize(
    ("raw", "fixed"),
    [
        ("\ufeffa: 1\r\nb: 'x'\r\n", "a: 1\nb: x\n"),
        ("# file\n\nname: x # n\n# of schema\nschema:  a/1\n", "# of schema\nschema: a/1\n# file\nname: x  # n\n"),
        ("b: {x: 1, # one\n  y: 2} # two\n# end\n", 'b:  # one\n  x: 1\n  "y": 2  # two\n# end\n'),
        ("a:\n    -   1 # one\n    # of two\n    -   2\n", "a:\n- 1  # one\n# of two\n- 2\n"),
        ("a:\n- # of x\n  x: 1\n", "a:\n- x: 1  # of x\n"),
        ("a: > # folded\n  x\n  y\n", "a: |  # folded\n  x y\n"),
        ("a: 1 # c\r# d\rb: 2\r", "a: 1  # c\n# d\nb: 2\n"),
        ("a: |\n  # text\n\n# c\nb: 1\n", "a: |\n  # text\n# c\nb: 1\n"),
        ('a: "# no comment"\nb: 1\n', 'a: "# no comment"\nb: 1\n'),
        ("a: x#y\n", "a: x#y\n"),
    ],
)
def test_fix_by_example(raw: str, fixed: str) -> None:
    assert fix(raw.encode(), ORDER).decode() == fixed


@pytest.mark.parametrize("raw", [b"a: \xff\n", b"a: [", b"", b"- a\n", b"\xef\xbb\xbfa: [", b"a: &x 1\n", b"a: \x00"])
def test_what_cannot_be_read_is_not_fixed(raw: bytes) -> None:
    assert fix(raw, ALPHABETICAL) == raw


@pytest.mark.parametrize(
    ("raw", "canonical"),
    [
        (b"a: 1\nb: 2\n", True),
        (b"# c\na: 1 # d\nb: 2\t# e\n  # f\n", True),
        (b"b: 2\na: 1\n", False),
        (b"a: 1\nb: 2", False),
        (b"a: 1\n\nb: 2\n", False),
        (b"a: 1\r\nb: 2\r\n", False),
        (b"a: 1 # c\r\nb: 2 # d\r\n", False),
        (b"a:  1\nb: 2\n", False),
        (b"'a': 1\nb: 2\n", False),
        (b"\xef\xbb\xbfa: 1\nb: 2\n", False),
        (b"\xef\xbb\xbf# c\na: 1\nb: 2\n", False),
        (b"--- # c\na: 1\nb: 2\n", False),
    ],
)
def test_comments_alone_leave_a_record_canonical(raw: bytes, canonical: bool) -> None:  # noqa: FBT001
    assert is_canonical(raw, {"a": 1, "b": 2}, ALPHABETICAL) is canonical


def test_many_comments_take_no_age() -> None:
    raw = "".join(f"# c\nk{number}: {text_scalar(str(number))} # d\n" for number in range(4_000)).encode()
    assert fix(raw, ALPHABETICAL).count(b"# c") == 4_000
