"""The last change of each field: committed or not, under this name or another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import gitml
from gitml.errors import NotFound
from gitrepo import commit, git, write

MODEL = "metadata/models/wine.yaml"
TEXT = "schema: model/1\ndescription: Price band of a wine.\nowners:\n- '@a'\ntags:\n  one: x\n  two: y\n"
DATA = "metadata/datasets/wine/1.yaml"
COLUMNS = 'schema: dataset-version/1\nid: 01JD7M5B2R8V0K4T6N9C1Q3W7Y\ncreated: "2026-02-16T18:20:00Z"\ncolumns:\n'


def blame(repo: Path, ref: str = "model/wine", at: str | None = None) -> dict[str, Any]:
    store = gitml.open(repo)
    return {one.field: one.commit for one in (store.at(at) if at else store).blame(ref).fields}


def test_the_fields_stand_in_the_order_of_the_record(repo: Path) -> None:
    first = commit(repo, {MODEL: TEXT})
    found = gitml.open(repo).blame("model/wine")
    assert [one.field for one in found.fields] == ["schema", "description", "owners", "tags.one", "tags.two"]
    assert {(one.commit, one.time, one.author) for one in found.fields} == {
        (first, "2026-03-01T12:00:00Z", "Mona <mona@example.org>")
    }
    assert (found.ref, found.complete, found.ends) == ("model/wine", True, ())


def test_what_came_back_to_a_value_of_before_changed_last_then(repo: Path) -> None:
    commit(repo, {MODEL: TEXT})
    commit(repo, {MODEL: TEXT.replace("one: x", "one: w")})
    third = commit(repo, {MODEL: TEXT})
    assert blame(repo)["tags.one"] == third


def test_what_is_not_committed_has_no_commit(repo: Path) -> None:
    first = commit(repo, {MODEL: TEXT})
    write(repo, {MODEL: TEXT.replace("one: x", "one: w") + "  three: z\n"})
    assert blame(repo)["tags.one"] is None
    assert blame(repo)["tags.three"] is None
    assert blame(repo)["tags.two"] == first
    assert blame(repo, at="staged")["tags.one"] == first
    git(repo, "add", "-A")
    assert blame(repo, at="staged")["tags.one"] is None
    assert blame(repo, at="HEAD")["tags.one"] == first


def test_before_the_first_commit_and_new_records(repo: Path) -> None:
    write(repo, {MODEL: TEXT})
    assert set(blame(repo).values()) == {None}
    commit(repo, {})
    write(repo, {"metadata/models/red.yaml": "schema: model/1\ndescription: other\n"})
    assert set(blame(repo, "model/red").values()) == {None}


def test_a_rename_that_is_not_committed(repo: Path) -> None:
    first = commit(repo, {MODEL: TEXT})
    (repo / MODEL).rename(repo / "metadata/models/red.yaml")
    write(repo, {"metadata/models/red.yaml": TEXT.replace("one: x", "one: w")})
    assert blame(repo, "model/red")["tags.two"] == first
    assert blame(repo, "model/red")["tags.one"] is None


def test_keyed_lists_go_by_their_keys(repo: Path) -> None:
    first = commit(repo, {DATA: COLUMNS + "- name: age\n  type: int\n- name: hue\n  type: int\n"})
    second = commit(repo, {DATA: COLUMNS + "- name: hue\n  type: int\n- name: age\n  type: float\n"})
    found = blame(repo, "dataset/wine@1")
    assert (found["columns[name=hue].type"], found["columns[name=age].type"]) == (first, second)
    assert found["columns[name=age].name"] == first


def test_a_list_that_a_schema_has_since_given_keys(repo: Path) -> None:
    place = 'x-gitml: {addressing: named, path: "metadata/grapes/{name}.yaml"}\n'
    head = f"$schema: https://json-schema.org/draft/2020-12/schema\n$id: grape/1\n{place}type: object\n"
    schema = (
        f"{head}required: [schema]\nproperties:\n  schema: {{type: string, const: grape/1}}\n  of:\n    type: array\n"
    )
    path = "metadata/grapes/red.yaml"
    text = "schema: grape/1\nof:\n- name: a\n  size: 1\n- name: b\n  size: 1\n"
    first = commit(repo, {"schemas/grape.yaml": schema, path: text})
    keyed = schema + "    items: {type: object}\n    x-gitml: {key: name}\n"
    commit(repo, {"schemas/grape.yaml": keyed})
    third = commit(repo, {path: text.replace("name: b\n  size: 1", "name: b\n  size: 2")})
    found = blame(repo, "grape/red")
    assert (found["of[name=a].size"], found["of[name=b].size"]) == (first, third)


def test_at_a_revision(repo: Path) -> None:
    first = commit(repo, {MODEL: TEXT}, date="2026-03-01T12:00:00+00:00")
    commit(repo, {MODEL: TEXT.replace("one: x", "one: w")}, date="2026-03-03T12:00:00+00:00")
    assert set(blame(repo, f"{first}:model/wine").values()) == {first}
    assert set(blame(repo, at="2026-03-02").values()) == {first}


def test_what_was_invalid_in_between(repo: Path) -> None:
    first = commit(repo, {MODEL: TEXT})
    commit(repo, {MODEL: "schema: [\n"})
    third = commit(repo, {MODEL: TEXT.replace("one: x", "one: w")})
    assert (blame(repo)["tags.one"], blame(repo)["tags.two"]) == (third, first)


def test_a_record_that_is_not_there(repo: Path) -> None:
    commit(repo, {MODEL: TEXT})
    with pytest.raises(NotFound, match="nearest: model/wine"):
        gitml.open(repo).blame("model/wein")
