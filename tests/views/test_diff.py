"""What changed between two snapshots: by meaning, by name and identity, both ways alike."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import gitml
from gitml.records.canonical import dump
from gitml.records.record import MISSING
from gitml.repo.diff import diff as blobs
from gitml.repo.snapshot import Snapshot
from gitml.views.changes import Difference
from gitml.views.diff import Diff, diff
from gitml.views.renames import kinship
from gitrepo import commit, git, write
from in_memory import snapshot, store

ID_A, ID_B = "01JD7M00000000000000000010", "01JD7M00000000000000000020"
MODEL = "metadata/models/wine.yaml"


def told(found: Diff) -> list[tuple[str, str | None, str | None]]:
    return [(one.op, one.old_ref, one.ref or one.path) for one in found]


def fields(one: Difference) -> dict[str, tuple[Any, Any]]:
    return {field.field: (field.before, field.after) for field in one.fields}


def changed(before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]]) -> Diff:
    return diff(store(before), store(after))


def test_what_came_and_went_lists_every_leaf() -> None:
    found = changed({"term/a": {"definition": "x"}}, {"metric/auc": {"direction": "higher", "unit": "1"}})
    assert told(found) == [("added", None, "metric/auc"), ("removed", None, "term/a")]
    assert fields(found[0]) == {
        "schema": (MISSING, "metric/1"),
        "direction": (MISSING, "higher"),
        "unit": (MISSING, "1"),
    }
    assert fields(found[1]) == {"schema": ("term/1", MISSING), "definition": ("x", MISSING)}


def test_values_keep_their_types_and_lists_are_matched_by_key() -> None:
    age, sex = {"name": "age", "type": "int"}, {"name": "sex", "type": "string"}
    before = {"dataset/wine@1": {"id": ID_A, "rows": 1, "format": "2025", "columns": [age, sex]}}
    after = {"dataset/wine@1": {"id": ID_A, "rows": 1.0, "format": 2025, "columns": [sex, {**age, "type": "float"}]}}
    (one,) = changed(before, after)
    assert fields(one) == {
        "rows": (1, 1.0),
        "format": ("2025", 2025),
        "columns[name=age].type": ("int", "float"),
    }


def test_a_version_is_known_by_its_id() -> None:
    before = {"model/wine@3": {"id": ID_A, "type": "GBM"}}
    after = {"model/wine@4": {"id": ID_A, "type": "SVM"}}
    (one,) = changed(before, after)
    assert (one.op, one.old_ref, one.ref) == ("renamed", "model/wine@3", "model/wine@4")
    assert (one.old_path, one.path) == ("metadata/models/wine/3.yaml", "metadata/models/wine/4.yaml")
    assert fields(one) == {"type": ("GBM", "SVM")}


def test_a_version_that_made_room_for_another_has_moved() -> None:
    before = {"model/wine@3": {"id": ID_A, "type": "GBM"}}
    after = {"model/wine@3": {"id": ID_B, "type": "SVM"}, "model/wine@4": {"id": ID_A, "type": "GBM"}}
    found = changed(before, after)
    assert told(found) == [("added", None, "model/wine@3"), ("renamed", "model/wine@3", "model/wine@4")]
    assert told(diff(found.after, found.before)) == [
        ("removed", None, "model/wine@3"),
        ("renamed", "model/wine@4", "model/wine@3"),
    ]


def test_a_version_whose_id_alone_is_another_has_changed() -> None:
    (one,) = changed({"model/wine@3": {"id": ID_A}}, {"model/wine@3": {"id": ID_B}})
    assert (one.op, fields(one)) == ("changed", {"id": (ID_A, ID_B)})


def test_two_versions_that_look_alike_are_two() -> None:
    same = {"type": "GBM", "framework": {"name": "x", "version": "1"}, "by": "@mona", "reason": "y"}
    found = changed({"model/wine@1": {"id": ID_A, **same}}, {"model/wine@2": {"id": ID_B, **same}})
    assert [one.op for one in found] == ["removed", "added"]


def test_an_event_is_known_by_its_id() -> None:
    run = {"status": "finished", "created": "2026-03-01T12:00:00Z"}
    found = changed({f"run/wine/{ID_A}": run}, {f"run/beer/{ID_A}": {**run, "status": "failed"}})
    assert told(found) == [("renamed", f"run/wine/{ID_A}", f"run/beer/{ID_A}")]
    assert fields(found[0]) == {"status": ("finished", "failed")}
    other = changed({f"run/wine/{ID_A}": run}, {f"run/wine/{ID_B}": {**run, "type": "train"}})
    assert [one.op for one in other] == ["removed", "added"]


def test_equal_content_under_another_name_is_a_rename_without_fields() -> None:
    (one,) = changed({"term/alcohol": {"definition": "by volume"}}, {"term/abv": {"definition": "by volume"}})
    assert (one.op, one.old_ref, one.fields) == ("renamed", "term/alcohol", ())


def test_likeness_takes_the_likest_and_needs_enough_to_go_by() -> None:
    head = {"description": "Price of a wine.", "owners": ["@a"], "tags": {"x": "1"}, "links": {"wiki": "w"}}
    other = {**head, "owners": ["@b"]}
    before = {"model/wine": head, "model/beer": {"description": "Price of a beer."}}
    after = {"model/wines": other, "model/win": {**other, "tags": {"x": "2"}}}
    found = changed(before, after)
    assert told(found) == [
        ("removed", None, "model/beer"),
        ("added", None, "model/win"),
        ("renamed", "model/wine", "model/wines"),
    ]
    few = changed({"metric/auc": {"direction": "higher"}}, {"metric/ks": {"direction": "higher", "unit": "1"}})
    assert [one.op for one in few] == ["removed", "added"]


def test_of_twins_the_names_tell_which_is_which_or_nobody_does() -> None:
    twin = {"definition": "x"}
    old, new = (["auto", "glass"], ["old-glass", "old-auto"])
    found = changed({f"term/{name}": twin for name in old}, {f"term/{name}": twin for name in new})
    assert told(found) == [
        ("renamed", "term/auto", "term/old-auto"),
        ("renamed", "term/glass", "term/old-glass"),
    ]
    strangers = changed({"term/a": twin, "term/b": twin}, {"term/c": twin})
    assert [one.op for one in strangers] == ["removed", "removed", "added"]


@pytest.mark.parametrize(
    ("one", "other", "kin"),
    [("a", "a", 1.0), ("auto", "old_auto", 0.75), ("wine-eu", "wine-us", 5 / 7), ("aa", "aba", 2 / 3), ("x", "y", 0.0)],
)
def test_names_are_kin(one: str, other: str, kin: float) -> None:
    assert kinship(one, other) == kinship(other, one) == pytest.approx(kin)


def test_thousands_that_went_are_not_held_against_thousands_that_came() -> None:
    data = {"definition": "x", "description": "y", "unit": "z"}
    sides = [{f"term/{side}{n}": {**data, "definition": f"{side}{n}"} for n in range(110)} for side in "ab"]
    assert {one.op for one in changed(*sides)} == {"added", "removed"}


@pytest.mark.parametrize(
    "text",
    [
        b"schema: term/1\r\ndefinition: x\r\n",
        b"# why\nschema: term/1\ndefinition: x\n",
        b"{definition: 'x', schema: term/1}\n",
        b'schema: term/1\n\ndefinition:   "x"\n',
    ],
)
def test_form_alone_is_no_change(text: bytes) -> None:
    path = "metadata/terms/a.yaml"
    plain = snapshot({path: b"schema: term/1\ndefinition: x\n"})
    assert not diff(plain, snapshot({path: text}))
    assert not diff(snapshot({path: text}), plain)


def test_settings_and_schemas_are_told_by_field_and_their_form_not_at_all() -> None:
    path = "metadata/store.yaml"
    sides = [(b"main", b"{}"), (b"trunk", b" {}")]
    (one,) = diff(
        *(
            snapshot({path: b"schema: store/1\nmain: " + main, "schemas/x.yaml": b"$id: x/1\nx-gitml: " + word})
            for main, word in sides
        )
    )
    assert (one.ref, one.kind, one.path, one.op) == (None, None, path, "changed")
    assert fields(one) == {"main": ("main", "trunk")}


def test_other_files_of_the_store_are_told_by_path() -> None:
    series = "metadata/series/runs/wine/7c/x.csv"
    found = diff(snapshot({series: b"a,b\n"}), snapshot({series: b"a,b\n1,2\n", "README.md": b"x"}))
    assert [(one.op, one.path, one.fields) for one in found] == [("changed", series, ())]


BROKEN = b"schema: model/1\ndescription: [\n"


@pytest.mark.parametrize("is_before", [True, False])
def test_what_cannot_be_read_keeps_its_name_and_is_a_problem(is_before: bool) -> None:  # noqa: FBT001
    sides = [snapshot({MODEL: BROKEN}), store({"model/wine": {"description": "x"}})]
    found = diff(*(sides if is_before else reversed(sides)))
    (one,) = found
    assert (one.op, one.ref, one.kind, one.fields) == ("changed", "model/wine", "model", ())
    assert [(problem.code, problem.path) for problem in found.problems] == [("yaml.syntax", MODEL)]
    assert found.complete


def test_what_cannot_be_read_on_either_side_is_told_once_a_side() -> None:
    found = diff(snapshot({MODEL: BROKEN}), snapshot({MODEL: BROKEN + b"["}))
    assert told(found) == [("changed", None, "model/wine")]
    assert len(found.problems) == 2
    assert not diff(snapshot({MODEL: BROKEN}), snapshot({MODEL: BROKEN})).problems


def test_a_name_that_stands_inside_is_not_made_up() -> None:
    path = "metadata/models/wine~0123abcd.yaml"
    (one,) = diff(snapshot({}), snapshot({path: BROKEN}))
    assert (one.ref, one.kind, one.path) == (None, "model", path)


def test_what_broke_its_schema_is_shown_as_it_was() -> None:
    before = {"run/wine/01JD7M00000000000000000010": {"status": "dreaming", "created": "2026-03-01T12:00:00Z"}}
    after = {"run/wine/01JD7M00000000000000000010": {"status": "finished", "created": "2026-03-01T12:00:00Z"}}
    found = changed(before, after)
    assert fields(found[0]) == {"status": ("dreaming", "finished")}
    (problem,) = found.problems
    assert (problem.code, problem.field, problem.ref) == ("schema.enum", "status", found[0].ref)
    assert not diff(found.after, found.before).problems


def test_a_record_replaced_by_a_folder() -> None:
    found = diff(store({"model/wine": {"description": "x"}}), snapshot({f"{MODEL}/x.yaml": b"a: 1\n"}))
    assert told(found) == [("removed", None, "model/wine"), ("added", None, f"{MODEL}/x.yaml")]
    assert [problem.code for problem in found.problems] == ["path.not-a-file"]


OWN = """\
$schema: https://json-schema.org/draft/2020-12/schema
$id: animal/1
x-gitml: {addressing: named, path: "animals/{name}/metadata.yaml", canonical: false}
type: object
properties:
  legs:
    type: array
    items: {type: object, properties: {side: {type: string}, long: {type: boolean}}}
    x-gitml: {key: side}
"""


def test_a_schema_that_comes_brings_its_records_along() -> None:
    path = "animals/owl/metadata.yaml"
    before = snapshot({path: b"legs: [{side: left, long: no}]\n"})
    after = snapshot({path: b"legs: [{side: left, long: true}]\n", "schemas/animal.yaml": OWN.encode()})
    found = diff(before, after)
    assert told(found) == [("added", None, "schemas/animal.yaml"), ("changed", None, "animal/owl")]
    assert fields(found[1]) == {"legs[side=left].long": ("no", True)}
    back = diff(after, before)
    assert told(back)[-1] == ("changed", None, "animal/owl")
    assert fields(back[-1]) == {"legs[side=left].long": (True, "no")}


def test_a_mode_alone_is_no_change_and_a_link_is_one(repo: Path) -> None:
    text = "schema: term/1\ndefinition: x\n"
    commit(repo, {"metadata/terms/a.yaml": text, "schemas/x.yaml": OWN, "metadata/series/s.csv": "1\n"})
    for path in ("metadata/terms/a.yaml", "schemas/x.yaml", "metadata/series/s.csv"):
        git(repo, "update-index", "--chmod=+x", path)
    opened = gitml.open(repo)
    assert not opened.diff("HEAD", "staged")
    (repo / "metadata/terms/a.yaml").unlink()
    (repo / "metadata/terms/a.yaml").symlink_to("b.yaml")
    found = gitml.open(repo).diff()
    assert told(found) == [("changed", None, "term/a")]
    assert [problem.code for problem in found.problems] == ["path.not-a-file"]


def test_derived_records_take_part(repo: Path) -> None:
    out = "outs:\n- md5: {}\n  size: {}\n  hash: md5\n  path: data.csv\n"
    commit(repo, {"data.csv.dvc": out.format("a" * 32, 1)})
    write(repo, {"data.csv.dvc": "# a word\n" + out.format("a" * 32, 1)})
    assert not gitml.open(repo).diff()
    write(repo, {"data.csv.dvc": out.format("b" * 32, 2)})
    found = gitml.open(repo).diff()
    assert told(found) == [("changed", None, "dvc-output/data.csv")]
    assert fields(found[0]) == {"md5": ("a" * 32, "b" * 32), "size": (1, 2)}
    assert found[0].derived


def test_data_that_moved_is_renamed_as_dvc_tells_it(repo: Path) -> None:
    out = "outs:\n- md5: {}\n  size: 1\n  hash: md5\n  path: {}\n"
    commit(repo, {"a.csv.dvc": out.format("a" * 32, "a.csv"), "c.csv.dvc": out.format("c" * 32, "c.csv")})
    git(repo, "mv", "a.csv.dvc", "b.csv.dvc")
    git(repo, "mv", "c.csv.dvc", "d.csv.dvc")
    write(repo, {"b.csv.dvc": out.format("a" * 32, "b.csv"), "d.csv.dvc": out.format("d" * 32, "d.csv")})
    found = gitml.open(repo).diff()
    assert told(found) == [
        ("renamed", "dvc-output/a.csv", "dvc-output/b.csv"),
        ("removed", None, "dvc-output/c.csv"),
        ("added", None, "dvc-output/d.csv"),
    ]


def test_a_file_of_dvc_that_cannot_be_read_is_a_problem_of_its_side(repo: Path) -> None:
    commit(repo, {"a.csv.dvc": "outs: [\n"})
    write(repo, {"a.csv.dvc": "outs:\n- md5: " + "a" * 32 + "\n  path: a.csv\n"})
    found = gitml.open(repo).diff()
    assert [one.op for one in found] == ["added"]
    (problem,) = found.problems
    assert (problem.code, problem.path, problem.commit) == ("read.dvc", "a.csv.dvc", git(repo, "rev-parse", "HEAD"))


def test_what_was_derived_and_is_recorded_now_has_changed(repo: Path) -> None:
    """The tag of GTO makes an alias; whoever writes the record takes its place."""
    commit(
        repo, {"artifacts.yaml": "wine: {type: model, path: wine.pkl}\n", "metadata/store.yaml": "schema: store/1\n"}
    )
    for tag in ("wine@v1.0.0", "wine#prod#1"):
        git(repo, "tag", "-a", "-m", tag, tag)
    before = gitml.open(repo).at("HEAD")
    (alias,) = before.snapshot.records("alias")
    path = f"metadata/aliases/{alias.ref.keys[0]}/wine/prod.yaml"
    commit(repo, {path: dump({"schema": "alias/1", **alias.data, "reason": "recorded"})})
    found = gitml.open(repo).diff("HEAD~1", "HEAD")
    (one,) = found
    assert (one.op, one.ref) == ("changed", str(alias.ref))
    assert {"schema", "reason"} == set(fields(one))


def test_stores_in_sub_folders_see_what_is_theirs(repo: Path) -> None:
    files = {"sub/metadata/store.yaml": "schema: store/1\n", "metadata/store.yaml": "schema: store/1\n"}
    commit(repo, files)
    text = "schema: term/1\ndefinition: x\n"
    write(repo, {"sub/metadata/terms/a.yaml": text, "metadata/terms/b.yaml": text})
    found = gitml.open(repo / "sub").diff()
    assert [(one.ref, one.path) for one in found] == [("term/a", "sub/metadata/terms/a.yaml")]


def test_what_is_before_the_first_commit_is_nothing(repo: Path) -> None:
    write(repo, {"metadata/terms/a.yaml": "schema: term/1\ndefinition: x\n"})
    assert told(gitml.open(repo).diff()) == [("added", None, "term/a")]


def test_a_conflict_of_a_merge_is_a_problem_and_no_removal(repo: Path) -> None:
    path = "metadata/terms/a.yaml"
    commit(repo, {path: "schema: term/1\ndefinition: x\n"})
    git(repo, "checkout", "-q", "-b", "other")
    commit(repo, {path: "schema: term/1\ndefinition: y\n"})
    git(repo, "checkout", "-q", "main")
    commit(repo, {path: "schema: term/1\ndefinition: z\n"})
    git(repo, "merge", "-q", "other", check=False)
    found = gitml.open(repo).diff()
    assert "merge.conflict" in [problem.code for problem in found.problems]


names = st.sampled_from(["a", "b", "c", "d"])
values = st.one_of(st.sampled_from(["x", "y", "2025"]), st.integers(0, 2), st.floats(0, 1), st.none())
heads = st.dictionaries(st.sampled_from(["description", "purpose", "license", "by"]), values, max_size=4)
versions = st.fixed_dictionaries({"id": st.sampled_from([ID_A, ID_B]), "rows": st.integers(0, 2)})
stores = st.builds(
    lambda first, second, runs: {
        **{f"term/{name}": data for name, data in first.items()},
        **{f"dataset/wine@{name}": data for name, data in second.items()},
        **{f"run/{name}/{ID_A}": data for name, data in runs.items()},
    },
    st.dictionaries(names, heads, max_size=4),
    st.dictionaries(names, versions, max_size=3),
    st.dictionaries(names, heads, max_size=1),
)
MIRRORED = {"added": "removed", "removed": "added", "changed": "changed", "renamed": "renamed"}


def _key(one: Difference, *, back: bool = False) -> tuple[Any, ...]:
    swapped = sorted((field.field, *_sides(field.before, field.after, back=back)) for field in one.fields)
    ref, old = (one.old_ref, one.ref) if back and one.op == "renamed" else (one.ref, one.old_ref)
    op = MIRRORED[one.op] if back else one.op
    return op, ref or "", old or "", *_sides(one.before, one.after, back=back), tuple(swapped)


def _sides(before: Any, after: Any, *, back: bool) -> tuple[str, str]:
    return (repr(after), repr(before)) if back else (repr(before), repr(after))


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(stores, stores)
def test_the_way_back_mirrors_the_way_there(one: dict[str, Any], other: dict[str, Any]) -> None:
    a, b = store(one), store(other)
    assert not diff(a, a)
    assert sorted(map(_key, diff(a, b))) == sorted(_key(each, back=True) for each in diff(b, a))


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(stores, stores)
def test_the_blobs_lead_from_one_to_the_other_and_tell_of_every_change(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    a, b = store(one), store(other)
    moved = blobs(a, b)
    assert a.overlay(moved) == b
    paths = {change.path for change in moved}
    assert {path for each in diff(a, b) for path in (each.path, each.old_path) if path} <= paths


def test_fields_lead_from_one_record_to_the_other() -> None:
    before, after = {"a": {"x": 1, "y": [1]}, "b": None}, {"a": {"y": [1, 2]}, "c": 2.5}
    (one,) = diff(_custom(before), _custom(after))
    assert fields(one) == {
        "custom.a.x": (1, MISSING),
        "custom.a.y": ([1], [1, 2]),
        "custom.b": (None, MISSING),
        "custom.c": (MISSING, 2.5),
    }


def _custom(data: Mapping[str, Any]) -> Snapshot:
    return snapshot({"metadata/terms/a.yaml": dump({"schema": "term/1", "custom": dict(data)})})
