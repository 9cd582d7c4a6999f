"""Laws of the merge: an unchanged side gives the other, sides are alike, again is no change, and nothing is lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gitml.records.canonical import dump
from gitml.records.edit import changed
from gitml.records.merging.conflict import hunks
from gitml.records.merging.merge import Merged
from gitml.records.reader import read
from gitml.records.record import MISSING, differences, leaves, same
from merging import chosen, merged, rules

RULES = rules(
    {("owners",): {"merge": "set"}, ("ended",): {"merge": "max"}, ("columns",): {"key": "name"},
     ("note",): {"origin": "curated"}, ("whole",): {"merge": "replace"}},
    {("pointer",): frozenset(["md5", "size"])},
)  # fmt: skip
SCALARS = st.one_of(
    st.integers(-3, 3), st.booleans(), st.none(),
    st.sampled_from([0.5, float("nan"), float("inf"), 1.0, "x", "no", "1", ""]),
)  # fmt: skip
TEXTS = st.lists(st.sampled_from(["one", "two", "three # no comment", "  four", "a: b"]), min_size=2, max_size=6).map(
    "\n".join
)
MAPS = st.dictionaries(
    st.sampled_from("abcd"), st.one_of(SCALARS, st.dictionaries(st.sampled_from("ef"), SCALARS)), max_size=4
)
COLUMNS = st.lists(
    st.fixed_dictionaries({"name": st.sampled_from("pqrs")}, optional={"type": SCALARS, "unit": SCALARS}),
    unique_by=lambda item: item["name"], max_size=4,
)  # fmt: skip
FIELDS: Mapping[str, st.SearchStrategy[Any]] = {
    "metrics": MAPS, "owners": st.lists(st.sampled_from("tuvw"), unique=True), "columns": COLUMNS, "whole": MAPS,
    "ended": st.integers(0, 9), "note": st.one_of(SCALARS, TEXTS), "text": TEXTS,
    "plain": st.lists(SCALARS, max_size=3),
    "pointer": st.dictionaries(st.sampled_from(["md5", "size", "path"]), SCALARS), "x": SCALARS,
}  # fmt: skip
RECORDS = st.fixed_dictionaries({"schema": st.just("thing/1")}, optional=dict(FIELDS))


@st.composite
def _versions(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """A record, and what two people made of it."""
    base = draw(RECORDS)
    return base, draw(_after(base)), draw(_after(base))


@st.composite
def _after(draw: st.DrawFn, base: dict[str, Any]) -> dict[str, Any]:
    """A few fields of a record set, or removed; of a mapping perhaps one entry."""
    result = base
    for _ in range(draw(st.integers(0, 3))):
        field = draw(st.sampled_from(sorted(FIELDS)))
        held = result.get(field)
        if isinstance(held, dict) and held and draw(st.booleans()):
            key = draw(st.sampled_from([*held, "new"]))
            result = changed(result, {(field, key): draw(st.one_of(SCALARS, st.just(MISSING)))})
        else:
            result = changed(result, {(field,): draw(st.one_of(FIELDS[field], st.just(MISSING)))})
    return result


@st.composite
def _texts(draw: st.DrawFn, versions: st.SearchStrategy[Any]) -> list[bytes]:
    """Their texts, with comments here and there."""
    return [_commented(dump(data), draw(st.lists(st.integers(0, 12), max_size=2)), side)
            for side, data in zip("bot", draw(versions), strict=True)]  # fmt: skip


def _commented(raw: bytes, places: list[int], side: str) -> bytes:
    lines = raw.decode().splitlines(keepends=True)
    for place in sorted({place for place in places if place < len(lines)}, reverse=True):
        with_one = [*lines[:place], f"# {side} {place}\n", *lines[place:]]
        if same(read("".join(with_one).encode()).data, read(raw).data):
            lines = with_one
    return "".join(lines).encode()


VERSIONS = _texts(_versions())


def fields(found: Merged) -> list[str]:
    return sorted(clash.field for clash in found.clashes)


@given(VERSIONS)
@settings(max_examples=60)
def test_an_unchanged_side_gives_the_other_byte_for_byte(texts: list[bytes]) -> None:
    base, ours, _theirs = texts
    assert merged(base, base, ours, RULES).content == ours
    assert merged(base, ours, base, RULES).content == ours


@given(VERSIONS)
@settings(max_examples=60)
def test_both_sides_are_alike(texts: list[bytes]) -> None:
    base, ours, theirs = texts
    one, two = merged(base, ours, theirs, RULES), merged(base, theirs, ours, RULES)
    assert fields(one) == fields(two)
    assert same(chosen(one.content, "ours"), chosen(two.content, "theirs"))
    assert same(chosen(one.content, "theirs"), chosen(two.content, "ours"))


@given(VERSIONS)
@settings(max_examples=60)
def test_a_clean_merge_can_be_read_and_a_conflict_cannot(texts: list[bytes]) -> None:
    found = merged(*texts, RULES)
    parsed = read(found.content)
    assert (parsed.data is not None) == found.clean
    if not found.clean:
        assert {problem.code for problem in parsed.problems} == {"merge.conflict"}
        marked = hunks(found.content.decode())
        assert marked
        assert [problem.line for problem in parsed.problems] == [hunk.line for hunk in marked[0]]


@given(VERSIONS)
@settings(max_examples=60)
def test_to_merge_again_changes_nothing(texts: list[bytes]) -> None:
    base, ours, theirs = texts
    found = merged(base, ours, theirs, RULES)
    if found.clean:
        for side in (ours, theirs):
            again = merged(base, found.content, side, RULES)
            assert again.clean
            assert same(read(again.content).data, read(found.content).data)


@given(VERSIONS)
@settings(max_examples=60)
def test_no_value_is_lost_silently(texts: list[bytes]) -> None:
    base, ours, theirs = (read(raw).data for raw in texts)
    found = merged(*texts, RULES)
    results = [leaves(chosen(found.content, side)) for side in ("ours", "theirs")]
    named = fields(found)
    for mine in (ours, theirs):
        for one in differences(base, mine):
            if one.after is MISSING or one.after == {}:
                continue  # nothing is set; an empty mapping and another one are the other one
            if one.field in ("owners", "columns", "text", "ended", "note"):
                continue  # what the next test is about
            stands = any(one.field in result and same(result[one.field], one.after) for result in results)
            assert stands or any(one.field.startswith(name) or name.startswith(one.field) for name in named), one


@given(VERSIONS)
@settings(max_examples=60)
def test_nor_is_an_item_of_a_set_or_list(texts: list[bytes]) -> None:
    base, ours, theirs = ((read(raw).data or {}) for raw in texts)
    found = merged(*texts, RULES)
    sides = [chosen(found.content, side) for side in ("ours", "theirs")]
    for mine in (ours, theirs):
        added = set(mine.get("owners", ())) - set(base.get("owners", ()))
        held = {item for side in sides for item in side.get("owners", ())}
        assert added <= held
        new = {item["name"] for item in mine.get("columns", ())} - {item["name"] for item in base.get("columns", ())}
        assert new <= {item["name"] for side in sides for item in side.get("columns", ())}
        if mine.get("text") != base.get("text") and "text" in mine and "text" not in fields(found):
            lines = set(mine["text"].split("\n")) - set(base.get("text", "").split("\n"))
            assert lines <= set(sides[0]["text"].split("\n"))


@given(VERSIONS)
@settings(max_examples=60)
def test_comments_that_one_side_wrote_stay(texts: list[bytes]) -> None:
    base, ours, theirs = (raw.decode() for raw in texts)
    found = merged(*texts, RULES).content.decode()
    for text in (ours, theirs):
        for line in text.splitlines():
            if line.startswith(("# o ", "# t ")):
                assert line in found
    del base


SETS = st.lists(st.sampled_from("tuvw"), unique=True)
LISTS = st.tuples(*[st.fixed_dictionaries({"owners": SETS, "columns": COLUMNS, "plain": st.just([1])})] * 3)


@given(LISTS)
@settings(max_examples=100)
def test_sets_and_lists_of_both_sides_are_alike_and_whole(versions: tuple[dict[str, Any], ...]) -> None:
    base, ours, theirs = versions
    texts = [dump(data) for data in versions]
    one, two = merged(*texts, RULES), merged(texts[0], texts[2], texts[1], RULES)
    assert fields(one) == fields(two)
    assert same(chosen(one.content, "ours"), chosen(two.content, "theirs"))
    sides = [chosen(one.content, side) for side in ("ours", "theirs")]
    added = {item for mine in (ours, theirs) for item in set(mine["owners"]) - set(base["owners"])}
    kept = set(base["owners"]) & set(ours["owners"]) & set(theirs["owners"])
    assert set(sides[0]["owners"]) == added | kept
    for mine, side in zip((ours, theirs), sides, strict=True):
        if not one.clashes and [item["name"] for item in base["columns"]] == [
            item["name"] for item in theirs["columns"]
        ]:
            assert [item["name"] for item in side["columns"]] == [item["name"] for item in ours["columns"]]
        new = {item["name"] for item in mine["columns"]} - {item["name"] for item in base["columns"]}
        assert new <= {item["name"] for each in sides for item in each["columns"]}
