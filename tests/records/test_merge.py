"""The three-way merge of records: fields, texts, markers."""

from __future__ import annotations

import pytest

from gitml.records.merging.conflict import MARKER, Labels, hunks, marked, problems
from gitml.records.merging.merge import Merged, Unmergeable
from gitml.records.merging.rules import Rules, dvc_rules, rules_of
from gitml.records.reader import read
from in_memory import snapshot
from merging import chosen, merged, rules

BASE = """\
schema: thing/1
# about the metrics
metrics:
  auc: 0.9
  f1: 0.8
owners:
- a
- b
tags:
  team: red
text: |
  one
  two
  three
  four
  five
"""
SETS = rules({("owners",): {"merge": "set"}, ("ended",): {"merge": "max"}, ("first",): {"merge": "min"},
              ("columns",): {"key": "name"}, ("note",): {"origin": "curated"}},
             {("pointer",): frozenset(["md5", "size"])})  # fmt: skip


def clean(found: Merged) -> str:
    assert found.clean
    return found.content.decode()


def told(found: Merged) -> list[str]:
    return [clash.field for clash in found.clashes]


def edited(text: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text


# ── what git alone cannot ───────────────────────────────────────────────────────────────────────────────────────────


def test_neighbouring_lines_are_no_conflict() -> None:
    ours = edited(BASE, ("auc: 0.9", "auc: 0.91"))
    theirs = edited(BASE, ("f1: 0.8", "f1: 0.81"))
    assert clean(merged(BASE, ours, theirs)) == edited(ours, ("f1: 0.8", "f1: 0.81"))


def test_both_add_fields_at_one_place() -> None:
    ours = edited(BASE, ("  f1: 0.8\n", "  f1: 0.8\n  loss: 1\n"))
    theirs = edited(BASE, ("  f1: 0.8\n", "  f1: 0.8\n  mae: 2\n"))
    assert clean(merged(BASE, ours, theirs)) == edited(ours, ("  loss: 1\n", "  loss: 1\n  mae: 2\n"))


def test_both_add_the_same_mapping() -> None:
    ours, theirs = BASE + "z:\n  a: 1\n", BASE + "z:\n  b: 2\n"
    assert clean(merged(BASE, ours, theirs)) == BASE + "z:\n  a: 1\n  b: 2\n"


def test_sets_are_merged_as_sets() -> None:
    ours = edited(BASE, ("- a\n- b\n", "- a\n- b\n- d\n"))
    theirs = edited(BASE, ("- a\n- b\n", "- b\n- c\n"))
    assert read(merged(BASE, ours, theirs, SETS).content).data["owners"] == ["b", "c", "d"]
    assert told(merged(BASE, ours, theirs)) == ["owners"]  # unless nobody has said that it is one


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "result"),
    [
        ("[a, b]", "[b, a]", "[a, b, c]", ["a", "b", "c"]),
        ("[a, b]", "[b, a]", "[a, b]", ["b", "a"]),
        ("[b, a]", "[b, a, z]", "[b, a, c]", ["b", "a", "c", "z"]),
        ("[a]", "[]", "[a, b]", ["b"]),
        ('["1"]', '["1", 1]', '["1", 1.5]', ["1", 1, 1.5]),
        ("null", "[a]", "[b]", ["a", "b"]),
    ],
)
def test_the_order_of_a_set(base: str, ours: str, theirs: str, result: list[object]) -> None:
    texts = [f"owners: {each}\n" for each in (base, ours, theirs)]
    for one, two in ((1, 2), (2, 1)):
        found = merged(texts[0], texts[one], texts[two], SETS)
        assert found.clean
        assert read(found.content).data == {"owners": result}


@pytest.mark.parametrize(
    ("field", "base", "ours", "theirs", "result"),
    [
        ("ended", "1", "2", "3", 3),
        ("first", "1", "-2", "3.5", -2),
        ("ended", '"2026-01-01T00:00:00Z"', '"2026-01-02T00:00:00Z"', '"2026-01-03T00:00:00Z"', "2026-01-03T00:00:00Z"),
        ("ended", "1", "2.0", "2", 2),
    ],
)
def test_the_larger_and_the_smaller(field: str, base: str, ours: str, theirs: str, result: object) -> None:
    for one, two in ((ours, theirs), (theirs, ours)):
        found = merged(f"{field}: {base}\n", f"{field}: {one}\n", f"{field}: {two}\n", SETS)
        assert read(found.content).data == {field: result}
        assert type(read(found.content).data[field]) is type(result)


@pytest.mark.parametrize(("ours", "theirs"), [("2", "x"), (".nan", "3"), ("true", "3"), ("x", "y"), ("[1]", "[2]")])
def test_what_is_not_ordered_is_a_conflict(ours: str, theirs: str) -> None:
    assert told(merged("ended: 1\n", f"ended: {ours}\n", f"ended: {theirs}\n", SETS)) == ["ended"]


COLUMNS = """\
columns:
- name: age
  type: int
- name: zip
  type: text
"""


def test_lists_of_records_are_merged_by_key() -> None:
    ours = edited(COLUMNS, ("type: int", "type: float"), ("- name: zip", "- name: mail\n  type: text\n- name: zip"))
    theirs = edited(COLUMNS, ("  type: int\n", "  type: int\n  unit: years\n")) + "- name: sex\n  type: text\n"
    for one, two in ((ours, theirs), (theirs, ours)):
        assert clean(merged(COLUMNS, one, two, SETS)) == (
            "columns:\n- name: age\n  type: float\n  unit: years\n- name: mail\n  type: text\n"
            "- name: zip\n  type: text\n- name: sex\n  type: text\n"
        )


def test_a_conflict_in_a_keyed_list_stands_at_its_field() -> None:
    ours = "columns:\n- name: new\n  type: int\n" + edited(COLUMNS, ("type: int", "type: float")).removeprefix(
        "columns:\n"
    )
    found = merged(COLUMNS, ours, edited(COLUMNS, ("type: int", "type: text")), SETS)
    assert told(found) == ["columns[name=age].type"]
    assert found.content.decode() == (
        "columns:\n- name: new\n  type: int\n- name: age\n<<<<<<< HEAD\n  type: float\n=======\n  type: text\n"
        ">>>>>>> feature\n- name: zip\n  type: text\n"
    )


def test_an_item_removed_here_and_changed_there() -> None:
    found = merged(
        COLUMNS, "columns:\n- name: zip\n  type: text\n", edited(COLUMNS, ("type: int", "type: float")), SETS
    )
    assert told(found) == ["columns[name=age]"]
    assert chosen(found.content, "ours") == {"columns": [{"name": "zip", "type": "text"}]}
    assert [item["type"] for item in chosen(found.content, "theirs")["columns"]] == ["float", "text"]


def test_two_new_orders_of_a_list_are_a_conflict() -> None:
    three = [f"- name: {name}\n" for name in "abc"]
    base, ours, theirs = (
        "columns:\n" + "".join(three[at] for at in order) for order in ((0, 1, 2), (1, 0, 2), (2, 1, 0))
    )
    assert told(merged(base, ours, theirs, SETS)) == ["columns"]
    assert clean(merged(base, ours, base, SETS)) == ours


def test_items_that_share_a_key_are_no_keyed_list() -> None:
    base = "columns:\n- name: a\n- name: a\n"
    assert told(merged(base, base + "- name: b\n", base + "- name: c\n", SETS)) == ["columns"]


def test_texts_are_merged_by_lines() -> None:
    ours = edited(BASE, ("  one\n", "  ONE\n"))
    theirs = edited(BASE, ("  five\n", "  FIVE\n"), ("auc: 0.9\n", "auc: 0.95\n"))
    assert clean(merged(BASE, ours, theirs)) == edited(theirs, ("  one\n", "  ONE\n"))
    crowded = merged(BASE, ours, edited(BASE, ("  two\n", "  TWO\n")))
    assert told(crowded) == ["text"]


def test_what_names_one_thing_stands_or_falls_together() -> None:
    base = "pointer:\n  md5: a\n  path: x\n  size: 1\n"
    ours, theirs = edited(base, ("md5: a", "md5: b")), edited(base, ("size: 1", "size: 2"))
    found = merged(base, ours, theirs, SETS)
    assert told(found) == ["pointer.md5", "pointer.size"]
    assert chosen(found.content, "ours") == {"pointer": {"md5": "b", "path": "x", "size": 1}}
    assert clean(merged(base, ours, edited(base, ("path: x", "path: z")), SETS)) == edited(ours, ("path: x", "path: z"))


def test_a_persons_word_stays_where_a_program_dropped_it() -> None:
    base = "a: 1\nnote: x\n"
    found = merged(base, "a: 2\n", "a: 1\nnote: better\n", SETS)
    assert (clean(found), found.kept) == ("a: 2\nnote: better\n", ("note",))
    assert told(merged("a: 1\nb: x\n", "a: 2\n", "a: 1\nb: y\n", SETS)) == ["b"]


# ── the text ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_unchanged_side_gives_the_other_byte_for_byte() -> None:
    odd = b'{"schema": thing/1,   x: 1} # odd\r\n'
    for base, other in ((BASE.encode(), odd), (odd, b"\xff broken"), (b"", odd)):
        assert merged(base, base, other) == Merged(other)
        assert merged(base, other, base) == Merged(other)
        assert merged(base, other, other) == Merged(other)


def test_comments_of_both_sides_stay() -> None:
    ours = edited(BASE, ("auc: 0.9\n", "auc: 0.9  # on the holdout\n"))
    theirs = edited(BASE, ("auc: 0.9\n", "auc: 0.91\n"), ("# about the metrics\n", ""), ("tags:", "# tags\ntags:"))
    assert clean(merged(BASE, ours, theirs)) == edited(
        BASE, ("auc: 0.9\n", "auc: 0.91  # on the holdout\n"), ("# about the metrics\n", ""), ("tags:", "# tags\ntags:")
    )


def test_formatting_stays_where_only_one_side_changed() -> None:
    ours = "b:   'x'   # odd\na: {c: 1, d: 2}\n\n\n"
    theirs = edited(ours, ("d: 2", "d: 3"))
    assert clean(merged(ours, edited(ours, ("c: 1", "c: 9")), theirs)) == edited(ours, ("c: 1, d: 2", "c: 9, d: 3"))


def test_formatting_alone_is_no_conflict() -> None:
    ours = 'schema: thing/1\nauc: 0.90\nname: "x"\n'
    theirs = "schema: thing/1\nauc: 9.0e-1\nname: 'x'\nmore: 1\n"
    assert read(clean(merged("schema: thing/1\nauc: 0.9\nname: x\n", ours, theirs)).encode()).data == {
        "schema": "thing/1", "auc": 0.9, "name": "x", "more": 1,
    }  # fmt: skip


def test_crlf_on_one_side_is_no_change() -> None:
    ours = edited(BASE, ("auc: 0.9", "auc: 0.91")).replace("\n", "\r\n")
    theirs = edited(BASE, ("f1: 0.8", "f1: 0.81"))
    wanted = edited(BASE, ("auc: 0.9", "auc: 0.91"), ("f1: 0.8", "f1: 0.81"))
    assert clean(merged(BASE, ours, theirs)) == wanted
    assert clean(merged(BASE, theirs, ours)) == wanted
    crlf = [text.replace("\n", "\r\n") for text in (BASE, edited(BASE, ("auc: 0.9", "auc: 0.91")), theirs)]
    assert clean(merged(*crlf)) == wanted.replace("\n", "\r\n")


def test_nan_is_itself() -> None:
    base = "a: .nan\nb: 1\n"
    assert clean(merged(base, "a: .nan\nb: 2\n", "a: .nan\nb: 1\nc: .inf\n")) == "a: .nan\nb: 2\nc: .inf\n"
    assert clean(merged("a: 1\n", "a: .nan\n", "a: .nan  # same\n")) in ("a: .nan\n", "a: .nan  # same\n")
    assert told(merged("a: 1\n", "a: .nan\n", "a: .inf\n")) == ["a"]


def test_types_differ() -> None:
    found = merged('y: "2024"\n', 'y: "2025"\n', "y: 2025\n")
    assert found.content.decode() == '<<<<<<< HEAD\ny: "2025"\n=======\ny: 2025\n>>>>>>> feature\n'


# ── conflicts ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_conflict_stands_around_the_field_and_the_rest_is_merged() -> None:
    ours = edited(BASE, ("auc: 0.9", "auc: 0.91"), ("team: red", "team: blue"))
    theirs = edited(BASE, ("auc: 0.9", "auc: 0.92"), ("f1: 0.8", "f1: 0.81"), ("- b", "- c"))
    assert merged(BASE, ours, theirs).content.decode() == edited(
        BASE,
        ("  auc: 0.9\n", "<<<<<<< HEAD\n  auc: 0.91\n=======\n  auc: 0.92\n>>>>>>> feature\n"),
        ("f1: 0.8", "f1: 0.81"), ("- b", "- c"), ("team: red", "team: blue"),
    )  # fmt: skip


def test_neighbouring_conflicts_are_one() -> None:
    found = merged("a: 1\nb: 1\n", "a: 2\nb: 2\n", "a: 3\nb: 3\n")
    assert told(found) == ["a", "b"]
    assert found.content == b"<<<<<<< HEAD\na: 2\nb: 2\n=======\na: 3\nb: 3\n>>>>>>> feature\n"


def test_removed_here_and_changed_there() -> None:
    found = merged("a: 1\nb: 1\n", "a: 1\n", "a: 1\nb: 2\n")
    assert found.content == b"a: 1\n<<<<<<< HEAD\n=======\nb: 2\n>>>>>>> feature\n"


def test_what_both_added_is_never_blended() -> None:
    one, two = "schema: x-version/1\nid: A\nauc: 1\n", "schema: x-version/1\nid: B\nf1: 2\n"
    found = merged("", one, two)
    assert (found.whole, found.clean, found.clashes) == (True, False, ())
    assert found.content.decode() == f"<<<<<<< HEAD\n{one}=======\n{two}>>>>>>> feature\n"
    assert merged("", one, one).content.decode() == one


@pytest.mark.parametrize("bad", ["a: [\n", "a: &x 1\n", "- 1\n", "\0", "a: 1\na: 2\n", "<<<<<<< x\na: 1\n"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_what_cannot_be_read_is_gits_business(bad: str, place: int) -> None:
    texts = ["a: 1\n", "a: 2\n", "a: 3\n"]
    texts[place] = bad
    with pytest.raises(Unmergeable):
        merged(*texts)


def test_another_major_is_gits_business() -> None:
    with pytest.raises(Unmergeable):
        merged("schema: run/1\na: 1\n", "schema: run/2\nb: 1\n", "schema: run/1\na: 2\n")


def test_markers_are_as_long_as_git_wants_them() -> None:
    text = marked("a\n", "b", Labels("x", "y", "z: 1"), 9)
    assert text == "<<<<<<<<< x\na\n=========\nb\n>>>>>>>>> z: 1\n"
    found = hunks(text)
    assert found
    assert (found[0][0].labels, found[1], found[2]) == (Labels("x", "base", "z: 1"), "a\n", "b\n")


@pytest.mark.parametrize("text", ["<<<<<<< a\nx\n", "<<<<<<< a\nx\n>>>>>>> b\n", "x\n=======\ny\n", "", "<<<<<<<< \n"])
def test_markers_that_do_not_pair_are_none(text: str) -> None:
    assert hunks(text) is None
    assert problems(text.encode()) == ()


def test_the_third_version_of_diff3_is_passed_by() -> None:
    raw = b"a: 1\n<<<<<<< x\nb: 1\n||||||| base\nb: 0\n=======\nb: 2\n>>>>>>> y\n"
    found = read(raw, "p")
    assert [(one.code, one.line, one.field, one.message) for one in found.problems] == [
        ("merge.conflict", 2, "b", "1 in x, 2 in y")
    ]


def test_each_conflict_is_named_with_its_line_and_both_values() -> None:
    ours, theirs = (
        edited(BASE, ("auc: 0.9", "auc: 1"), ("- b", "- x")),
        edited(BASE, ("auc: 0.9", "auc: 2"), ("- b", "- w")),
    )
    found = read(merged(BASE, ours, theirs).content, "metadata/x.yaml").problems
    assert [(one.code, one.path, one.line, one.field, one.message) for one in found] == [
        ("merge.conflict", "metadata/x.yaml", 4, "metrics.auc", "1 in HEAD, 2 in feature"),
        ("merge.conflict", "metadata/x.yaml", 10, "owners", "[a, x] in HEAD, [a, w] in feature"),
    ]


def test_a_conflict_by_lines_is_named_too() -> None:
    raw = b"<<<<<<< HEAD\na: [\n=======\nb: 1\n>>>>>>> x\n"
    (found,) = read(raw, "p").problems
    assert (found.code, found.line, found.message) == ("merge.conflict", 1, "HEAD and x changed the same lines")


def test_markers_inside_a_text_are_text() -> None:
    raw = b"text: |\n  <<<<<<< a\n  =======\n  >>>>>>> b\n"
    assert read(raw).data == {"text": "<<<<<<< a\n=======\n>>>>>>> b\n"}


def test_the_length_of_gits_markers() -> None:
    assert MARKER == 7


# ── the schemas' own rules, and DVC's files ─────────────────────────────────────────────────────────────────────────


def of_kind(kind: str) -> Rules:
    return rules_of(snapshot({}).schemas.kind(kind))


def test_a_slot_moved_twice_is_one_conflict() -> None:
    base = 'schema: alias/1\nversion: "1"\nid: A\nsince: "2026-01-01T00:00:00Z"\nby: m\n'
    ours = base.replace('"1"', '"2"').replace("id: A", "id: B")
    theirs = base.replace("2026-01-01", "2026-02-02").replace("by: m", "by: n\nreason: r")
    assert told(merged(base, ours, theirs, of_kind("alias"))) == ["version", "id", "since", "by", "reason"]
    tagged = base + "description: d\n"
    assert merged(base, ours, tagged, of_kind("alias")).clean


def test_a_pointer_is_never_half_of_each() -> None:
    base = "schema: dataset-version/1\npointer:\n  type: dvc\n  path: a.csv\n  md5: x\n"
    ours, theirs = base.replace("a.csv", "b.csv"), base.replace("md5: x", "md5: y")
    assert told(merged(base, ours, theirs, of_kind("dataset-version"))) == ["pointer.path", "pointer.md5"]


def test_a_ref_and_its_id_are_one() -> None:
    base = "schema: run/1\ninputs:\n  train:\n    ref: dataset/w@1\n    id: A\n"
    ours, theirs = base.replace("w@1", "w@2").replace("id: A", "id: B"), base + "    md5: z\n"
    assert told(merged(base, ours, theirs, of_kind("run"))) == [f"inputs.train.{key}" for key in ("ref", "id", "md5")]


def test_a_run_ended_when_it_ended_last() -> None:
    base = 'schema: run/1\nended: "2026-01-01T00:00:00Z"\n'
    ours, theirs = base.replace("01-01", "01-03"), base.replace("01-01", "01-02")
    assert clean(merged(base, ours, theirs, of_kind("run"))) == ours


LOCK = """\
schema: '2.0'
stages:
  prepare:
    cmd: python prepare.py
    deps:
    - path: raw.csv
      hash: md5
      md5: 0123456789abcdef0123456789abcdef
      size: 10
    outs:
    - path: clean.csv
      hash: md5
      md5: 1123456789abcdef0123456789abcdef
      size: 9
  train:
    cmd: python train.py
    deps:
    - path: clean.csv
      hash: md5
      md5: 1123456789abcdef0123456789abcdef
      size: 9
"""
MORE = (
    "  {0}:\n    cmd: python {0}.py\n    outs:\n    - path: {0}.txt\n      hash: md5\n      md5: {1}\n      size: 1\n"
)


def lock(base: str, ours: str, theirs: str) -> Merged:
    return merged(base, ours, theirs, dvc_rules("dvc.lock", read(base.encode()).data or {}))


def test_stages_of_a_lock_are_merged_line_by_line_as_dvc_wrote_them() -> None:
    ours = LOCK + MORE.format("plot", "2" + "a" * 31)
    theirs = edited(LOCK, ("prepare.py", "prepare.py --all")) + MORE.format("score", "3" + "b" * 31)
    text = clean(lock(LOCK, ours, theirs))
    for stage in (MORE.format("plot", "2" + "a" * 31), MORE.format("score", "3" + "b" * 31), "prepare.py --all\n"):
        assert stage in text
    assert '"' not in text


def test_one_stage_run_twice_is_a_conflict_around_the_stage() -> None:
    ours, theirs = edited(LOCK, ("size: 10", "size: 11")), edited(LOCK, ("md5: 11234", "md5: 91234"))
    found = lock(LOCK, ours, theirs)
    assert told(found) == ["stages.prepare"]
    lines = found.content.decode().splitlines()
    assert lines[2:4] == ["<<<<<<< HEAD", "  prepare:"]
    assert lines.index("=======") == 15
    assert lines.index("  train:") == lines.index(">>>>>>> feature") + 1
    assert chosen(found.content, "ours") == read(ours.encode()).data
    assert chosen(found.content, "theirs") == read(theirs.encode()).data


def test_old_locks_hold_their_stages_at_the_top() -> None:
    base = "a:\n  cmd: x\n  md5: p\nb:\n  cmd: y\n"
    assert told(lock(base, edited(base, ("cmd: x", "cmd: z")), edited(base, ("md5: p", "md5: q")))) == ["a"]
    assert lock(base, edited(base, ("cmd: x", "cmd: z")), edited(base, ("cmd: y", "cmd: w"))).clean


def test_digests_that_are_numbers_to_yaml_are_gits_business() -> None:
    base = LOCK.replace("0123456789abcdef0123456789abcdef", "1e460000000000000000000000000000")
    with pytest.raises(Unmergeable):
        lock(base, edited(base, ("size: 10", "size: 11")), base + MORE.format("plot", "2" + "a" * 31))


POINTER = "outs:\n- md5: a1\n  size: 1\n  hash: md5\n  path: x.csv\n- md5: b1\n  size: 2\n  hash: md5\n  path: y.csv\n"


def test_outputs_of_a_pointer_are_merged_by_path() -> None:
    held = dvc_rules("data/x.dvc", {})
    ours, theirs = edited(POINTER, ("md5: a1", "md5: a2")), edited(POINTER, ("md5: b1", "md5: b2"))
    assert clean(merged(POINTER, ours, theirs, held)) == edited(ours, ("md5: b1", "md5: b2"))
    described = edited(POINTER, ("path: x.csv\n", "path: x.csv\n  desc: wines\n"))
    assert clean(merged(POINTER, ours, described, held)) == edited(
        ours, ("path: x.csv\n", "path: x.csv\n  desc: wines\n")
    )
    sized = edited(POINTER, ("size: 1", "size: 7"))
    assert told(merged(POINTER, ours, sized, held)) == ["outs[path=x.csv].md5", "outs[path=x.csv].size"]
