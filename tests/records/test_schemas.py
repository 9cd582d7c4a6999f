"""All kinds of a store: which hold, where their records lie, and what is wrong with the rest."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitml.errors import BadRef, NotFound
from gitml.records.canonical import dump
from gitml.records.reader import read_slowly
from gitml.records.ref import Ref
from gitml.records.schema import Shape
from gitml.records.schemas import SchemaFile, Schemas, is_ours, is_schema_path, read_schema
from gitml.records.template import file_name
from yaml_strategies import names

META = Shape(read_slowly((Path(__file__).parents[2] / "schemas" / "meta-schema.yaml").read_bytes()).data or {})
TEMPLATES = {
    "metric": ("named", "metadata/metrics/{name}.yaml"),
    "model": ("head", "metadata/models/{name}.yaml"),
    "model-version": ("version", "metadata/models/{name}/{version}.yaml"),
    "alias": ("slot", "metadata/aliases/{kind}/{name}/{slot}.yaml"),
    "run": ("event", "metadata/runs/{experiment}/{id|shard}/{id}.yaml"),
    "rollout": ("event", "metadata/rollouts/{id|shard}/{id}.yaml"),
    "table": ("named", "datasets/{name}/metadata.yaml"),
    "card": ("named", "cards/v{name}.md.yaml"),
    "root": ("named", "{name}.record.yaml"),
    "store": ("named", "metadata/store.yaml"),
}


def file(tag: str, addressing: str, path: str, at: str = "", **more: Any) -> SchemaFile:
    """A schema file for a kind, read as those of a store are."""
    name = tag.partition("/")[0]
    written = {
        "$id": tag, "x-gitml": {"addressing": addressing, "path": path}, "type": "object", "required": ["schema"],
        "properties": {"schema": {"const": tag}}, **more,
    }  # fmt: skip
    return read_file(dump(written), at or f"schemas/{name}.yaml")


def read_file(raw: bytes, path: str = "schemas/x.yaml") -> SchemaFile:
    return read_schema(raw, path, hashlib.sha256(raw).hexdigest(), META)


FILES = [file(f"{name}/1", *how) for name, how in TEMPLATES.items()]
SCHEMAS = Schemas(FILES)
KEYED = [name for name in TEMPLATES if name != "store"]


def test_these_schemas_are_fine() -> None:
    assert SCHEMAS.problems == ()
    assert SCHEMAS.names == tuple(sorted(KEYED))


# ── ref to path and back ──────────────────────────────────────────────────────────────────────────────────────────


@given(st.sampled_from(KEYED), st.lists(names, min_size=3, max_size=3))
def test_a_ref_gives_a_path_and_the_path_the_ref(name: str, three: list[str]) -> None:
    template = SCHEMAS.kind(name).template
    ref = Ref(name, tuple(three[: len(template.keys)]))
    try:
        path = SCHEMAS.path(ref)
    except BadRef:
        assert template.adopted
        return
    place = SCHEMAS.place(path)
    assert place is not None
    assert place.kind.name == name
    assert SCHEMAS.is_record_path(path)
    assert SCHEMAS.ref(place, dict(zip(template.keys, ref.keys, strict=True))) == ref


@pytest.mark.parametrize(
    ("ref", "path"),
    [
        ("metric/auc", "metadata/metrics/auc.yaml"),
        ("model/wine@3", "metadata/models/wine/3.yaml"),
        ("alias/model/wine/production", "metadata/aliases/model/wine/production.yaml"),
        ("table/Wine data", "datasets/Wine data/metadata.yaml"),
        ("card/1", "cards/v1.md.yaml"),
        ("root/x", "x.record.yaml"),
        ("metric/o'brien", f"metadata/metrics/{file_name(chr(111) + chr(39) + 'brien')}.yaml"),
    ],
)
def test_paths_as_the_design_writes_them(ref: str, path: str) -> None:
    assert SCHEMAS.path(Ref.parse(ref)) == path
    place = SCHEMAS.place(path)
    assert place is not None
    assert SCHEMAS.ref(place, {"name": "o'brien"}) == Ref.parse(ref)


@pytest.mark.parametrize(
    "path",
    [
        "metadata/metrics/a/b.yaml", "metadata/unknown/a.yaml", "metadata/models/wine/3/x.yaml",
        "datasets/metadata.yaml",
        "datasets/a/b/metadata.yaml", "README.md", "dvc.yaml", ".dvc/config", "cards/x.md.yaml", "", "/",
    ],
)  # fmt: skip
def test_what_lies_elsewhere_has_no_place(path: str) -> None:
    assert SCHEMAS.place(path) is None


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        ("metadata/unknown/a.yaml", True), ("metadata/a.yml", True), ("metadata/series/runs/a.yaml", False),
        ("metadata/readme.md", False), ("datasets/a/metadata.yaml", True), ("datasets/a/data.csv", False),
        ("metadata/series/x.csv", False), ("schemas/run.yaml", False),
    ],
)  # fmt: skip
def test_which_files_are_records(path: str, is_one: bool) -> None:  # noqa: FBT001
    assert SCHEMAS.is_record_path(path) is is_one


def test_an_unknown_kind_is_named_with_the_nearest() -> None:
    with pytest.raises(NotFound) as caught:
        SCHEMAS.path(Ref.parse("metrc/auc"))
    assert "metric" in caught.value.near
    assert "schemas/" in caught.value.hint
    with pytest.raises(NotFound):
        SCHEMAS.kind("nothing like it")


@pytest.mark.parametrize(
    ("ref", "form"),
    [
        ("metric/a/b", "metric/NAME"), ("model-version/a", "model/NAME@VERSION"),
        ("alias/model/wine", "alias/KIND/NAME/SLOT"), ("run/wine", "run/EXPERIMENT/ID"), ("rollout/a/b", "rollout/ID"),
    ],
)  # fmt: skip
def test_a_ref_with_too_few_or_many_names_is_told_the_form(ref: str, form: str) -> None:
    with pytest.raises(BadRef) as caught:
        SCHEMAS.path(Ref.parse(ref))
    assert form in caught.value.hint


# ── which kinds hold ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_stores_own_kinds_win_and_those_of_the_asker_fill_in() -> None:
    own = file("metric/1", "named", "metadata/metrics/{name}.yaml", description="ours")
    other = file("metric/1", "named", "metadata/metrics/{name}.yaml", description="the asker's")
    extra = file("extra/1", "named", "metadata/extras/{name}.yaml")
    schemas = Schemas(FILES, [own], [other, extra])
    assert schemas.problems == ()
    assert schemas.kind("metric").schema["description"] == "ours"
    assert schemas.kind("extra").blob == extra.blob
    assert schemas.kind("run").blob == SCHEMAS.kind("run").blob


def test_old_majors_stay_valid() -> None:
    one = file("wine/1", "named", "metadata/wines/{name}.yaml", "schemas/wine-1.yaml")
    two = file("wine/2", "named", "metadata/wines/{name}.yaml", "schemas/wine.yaml")
    for files in ([one, two], [two, one]):
        schemas = Schemas(FILES, files)
        assert schemas.problems == ()
        latest = schemas.kind("wine")
        assert latest.major == 2
        assert schemas.major_of({"schema": "wine/1"}, latest).major == 1


@pytest.mark.parametrize(
    "tag", ["wine/2", "wine/3", "wine/", "wine", "", "wine/²", "wine/x", "wine/01", "wine/" + "9" * 5000, "metric/1", 5]
)
def test_any_other_tag_is_judged_by_the_newest_major(tag: Any) -> None:
    one = file("wine/1", "named", "metadata/wines/{name}.yaml", "schemas/wine-1.yaml")
    two = file("wine/2", "named", "metadata/wines/{name}.yaml", "schemas/wine.yaml")
    schemas = Schemas(FILES, [one, two])
    assert schemas.major_of({"schema": tag}, schemas.kind("wine")).major == 2
    assert schemas.major_of({}, schemas.kind("wine")).major == 2


def test_one_kind_defined_twice_is_a_problem_and_the_first_holds() -> None:
    first = file("wine/1", "named", "metadata/wines/{name}.yaml", "schemas/a.yaml")
    second = file("wine/1", "named", "metadata/bottles/{name}.yaml", "schemas/b.yaml")
    schemas = Schemas(FILES, [first, second])
    (problem,) = schemas.problems
    assert (problem.code, problem.path) == ("schema.invalid", "schemas/b.yaml")
    assert "schemas/a.yaml" in problem.message
    assert schemas.kind("wine").blob == first.blob


@pytest.mark.parametrize(
    "path",
    ["metadata/metrics/{metric}.yaml", "metadata/{folder}/{name}.yaml", "datasets/{x}/metadata.yaml", "{a}.yaml"],
)
def test_a_kind_whose_template_overlaps_goes_and_the_one_before_stays(path: str) -> None:
    new = file("newcomer/1", "named", path)
    schemas = Schemas(FILES, [new])
    assert {problem.code for problem in schemas.problems} == {"schema.invalid"}
    assert {problem.path for problem in schemas.problems} == {"schemas/newcomer.yaml"}
    assert all("overlaps" in problem.message for problem in schemas.problems)
    assert "newcomer" not in schemas.names
    assert set(schemas.names) == set(KEYED)


def test_of_three_that_overlap_in_a_row_the_two_ends_stay() -> None:
    one = file("a-one/1", "named", "x/a{name}.yaml")
    two = file("b-two/1", "named", "x/{name}.yaml")
    three = file("c-three/1", "named", "x/b{name}.yaml")
    schemas = Schemas([], [one, two, three])
    assert schemas.names == ("a-one", "c-three")
    assert [problem.path for problem in schemas.problems] == ["schemas/b-two.yaml"]


def test_schemas_of_equal_content_are_equal() -> None:
    assert Schemas(FILES) == Schemas(list(FILES))
    assert hash(Schemas(FILES)) == hash(Schemas(FILES))
    assert Schemas(FILES) != Schemas(FILES[:-1])


# ── reading schema files ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("raw", "line", "column"),
    [
        (b"$id: wine/1\ntype: object\nx-gitml:\n  addressing: nowhere\n  path: a/{name}.yaml\n", 4, 3),
        (b"$id: wine/1\ntype: object\nx-gitml: {addressing: named, path: a/b.yaml}\n", 3, 30),
        (b'$id: wine/1\ntype: object\nx-gitml: {addressing: named, path: "../{name}.yaml"}\n', 3, 30),
        (b"$id: wine/1\n$id: wine/2\n", 2, 1),
        (b"$id: 5\nx-gitml: 5\n", 1, 1),
        (b"- $id: wine/1\n", 1, 1),
        (b"$id: wine/1\nx-gitml: [\n", 3, 1),
        (b"x-gitml: &a 1\n", 1, 10),
        (
            b"$id: wine/1\ntype: object\nx-gitml:\n  addressing: named\n  path: a/{name}.yaml\nitems:\n  pattern: (\n",
            7, 3,
        ),
    ],
)  # fmt: skip
def test_a_schema_file_that_is_none_is_a_problem_with_its_place(raw: bytes, line: int, column: int) -> None:
    found = read_file(raw)
    assert found.data is None
    assert {problem.code for problem in found.problems} == {"schema.invalid"}
    assert (line, column) in {(problem.line, problem.column) for problem in found.problems}
    assert Schemas([], [found]).problems == found.problems


@given(st.one_of(st.binary(max_size=100), st.sampled_from([b"$id: ", b"x-gitml: ", b"{}", b"$id: meta-schema/1"])))
def test_any_bytes_make_a_schema_file_or_problems(raw: bytes) -> None:
    found = read_file(raw)
    assert (found.data is None) or not found.problems
    Schemas(FILES, [found])


def test_the_meta_schema_is_no_kind() -> None:
    raw = (Path(__file__).parents[2] / "schemas" / "meta-schema.yaml").read_bytes()
    assert read_file(raw) == SchemaFile("schemas/x.yaml", hashlib.sha256(raw).hexdigest(), None)


@pytest.mark.parametrize(
    ("raw", "ours"),
    [
        (b"x-gitml:\n  path: a\n", True), (b'"x-gitml": {}\n', True), (b"$id: wine/1\n", True),
        (b"$id: 'wine/1'\r\n", True),
        (b'{\n  "$id": "wine/1"\n}\n', True), (b"$id: https://example.org/wine.json\n", False), (b"", False),
        (b"type: object\n", False), (b"description: x-gitml\n", False), (b"\n" * 500_000, False),
        (b" " * 500_000, False), (b"$id:" + b" " * 500_000, False),
    ],
    ids=lambda given: repr(given)[:30],
)  # fmt: skip
def test_which_schema_files_are_ours(raw: bytes, ours: bool) -> None:  # noqa: FBT001
    assert is_ours(raw) is ours


@pytest.mark.parametrize(
    ("path", "is_one"),
    [("schemas/a.yaml", True), ("schemas/a.yml", False), ("schemas/x/a.yaml", False), ("a/schemas/a.yaml", False)],
)
def test_where_schema_files_lie(path: str, is_one: bool) -> None:  # noqa: FBT001
    assert is_schema_path(path) is is_one


def test_the_folders_below_metadata_name_their_kinds() -> None:
    folders = SCHEMAS.folders()
    assert folders["metrics"] == "metric"
    assert folders["runs"] == "run"
    assert "datasets" not in folders
