"""Marks: what is read off the lines of a canonical text is what the slow path's nodes say."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gitml.records.canonical import dump
from gitml.records.marks import Marks, canonical_mark, canonical_marks
from gitml.records.nodes import document, walk
from gitml.records.reader import all_marks, marks, read, value_marks
from yaml_strategies import records


def slowly(raw: bytes) -> tuple[Marks, Marks]:
    root = document(raw).root
    assert root is not None
    names: Marks = {(): (root.line, root.column)}
    names.update({path: (name.line, name.column) for path, name, _value in walk(root)})
    return names, {path: (value.line, value.column) for path, _name, value in walk(root)}


def commented(text: str, random: Random) -> str:
    """The text with comments on lines of their own, where no block of text is in the way."""
    lines = text.split("\n")
    for _comment in range(random.randint(0, 3)):
        lines.insert(random.randint(0, len(lines) - 1), " " * random.randint(0, 4) + "# why")
    return "\n".join(lines)


@given(records.filter(bool))
def test_both_ways_find_the_same_places(data: dict[str, Any]) -> None:
    raw = dump(data)
    assert canonical_marks(raw.decode()) == slowly(raw)


@given(records, st.randoms(use_true_random=False))
def test_comments_move_places_and_are_none(data: dict[str, Any], random: Random) -> None:
    raw = commented(dump(data).decode(), random).encode()
    if read(raw).data is not None:
        assert all_marks(raw) == slowly(raw)


@given(records.filter(bool), st.randoms(use_true_random=False))
def test_one_place_alone_is_where_all_of_them_say(data: dict[str, Any], random: Random) -> None:
    text = commented(dump(data).decode(), random)
    if not read(text.encode()).canonical:
        return
    names, values = canonical_marks(text)
    for on_key, found in ((True, names), (False, values)):
        alone = {at: mark for at in found if (mark := canonical_mark(text, at, on_key=on_key)) is not None}
        assert alone.items() <= found.items()


def test_one_place_is_read_off_alone_wherever_keys_lead_to_it() -> None:
    text = (
        "inputs:\n"
        "  test:\n"
        "    id: x\n"
        "# why\n"
        "  train:\n"
        "    note: |\n"
        "      ref: no\n"
        "    ref: dataset/wine@1\n"
        "outputs:\n"
        "  test:\n"
        "    ref: y\n"
        "refs: z\n"
    )
    names, values = canonical_marks(text)
    told = {at: canonical_mark(text, at) for at in values}
    scalars = {at: mark for at, mark in values.items() if at not in {at[:-1] for at in values}}
    assert {at: mark for at, mark in told.items() if mark} == scalars
    assert canonical_mark(text, ("inputs", "train", "ref")) == (8, 10)
    assert {at: canonical_mark(text, at, on_key=True) for at in names if at} == {at: names[at] for at in names if at}
    # Of the next mapping, of none at all, of an item.
    for absent in (("inputs", "test", "ref"), ("ref",), (), ("outputs", 0)):
        assert canonical_mark(text, absent) is None


def test_every_form_of_value_has_its_place() -> None:
    text = (
        "# why\n"
        "a: 1\n"
        '"b: c": "x"\n'
        "d:\n"
        "  e: |\n"
        "    - no: item\n"
        "\n"
        "    # no comment\n"
        "  f: []\n"
        "g:\n"
        "- h: 1\n"
        "  i:\n"
        "  - x\n"
        "- - |-\n"
        "    two\n"
        "    lines\n"
        '  - "k: l"\n'
        "m: {}\n"
    )
    names, values = canonical_marks(text)
    assert (names, values) == slowly(text.encode())
    assert (names[()], names["d", "f"], values["d", "e"]) == ((2, 1), (9, 3), (5, 6))
    assert (names["g", 0, "i", 0], values["g", 0, "i"], names["g", 1, 1]) == ((13, 5), (13, 3), (17, 5))


def test_what_is_not_canonical_is_placed_by_the_slow_path() -> None:
    raw = b"a:   1\nb: {c: 2}\n"
    assert marks(raw)["b", "c"] == (2, 5)
    assert value_marks(raw)["a",] == (1, 6)
    assert marks(b"a: b: c\n") == {}
