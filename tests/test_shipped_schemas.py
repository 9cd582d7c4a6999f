"""The schemas that gitml ships: complete, documented, one text per thing, and as the contract writes its records."""

from __future__ import annotations

import copy
import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from jsonschema import Draft202012Validator

from gitml.records.annotations import annotated, key_order
from gitml.records.canonical import dump
from gitml.records.edit import is_canonical
from gitml.records.explain import explain
from gitml.records.reader import read, read_slowly
from gitml.records.schema import Kind, Shape, read_kind
from gitml.records.template import Template
from gitml.records.ulid import is_ulid
from gitml.repo.kinds import shipped

SCHEMAS = Path(__file__).parents[1] / "schemas"
META = "meta-schema"
FOLDERS = {
    "alias": "aliases", "status": "statuses", "policy": "policies", "use-case": "use-cases", "kpi": "kpis",
    "usage": "usages", "saved-query": "saved-queries",
}  # fmt: skip
HEADS = ("dataset", "feature-set", "model")
VERSIONS = tuple(f"{head}-version" for head in HEADS)
SLOTS = ("alias", "status")
RUNS = ("run", "evaluation", "logged-model")
EVENTS = ("rollout", "approval", "observation", "incident", "usage")
NAMED = (
    "experiment", "environment", "artifact", "source", "pipeline", "deployment", "use-case", "kpi", "metric", "term",
    "saved-query", "policy", "decision", "note", "store",
)  # fmt: skip
SAME_EVERYWHERE = (
    "owners", "watchers", "certified", "tags", "labels", "custom", "classifications", "terms", "policies", "retention",
    "host", "utilization", "seeds", "metrics", "impacts",
)  # fmt: skip


def load(path: Path) -> dict[str, Any]:
    """One schema file, as gitml reads it."""
    parsed = read_slowly(path.read_bytes(), path.name)
    assert parsed.data is not None, parsed.problems
    return parsed.data


ALL = {path.stem: load(path) for path in sorted(SCHEMAS.glob("*.yaml"))}
DERIVED = {name: schema for name, schema in ALL.items() if schema.get("x-gitml", {}).get("addressing") == "derived"}
KINDS = {name: schema for name, schema in ALL.items() if name != META and name not in DERIVED}
each_kind = pytest.mark.parametrize("kind", sorted(KINDS))
each_schema = pytest.mark.parametrize("name", sorted(ALL.keys() - {META}))


@each_schema
def test_a_shipped_schema_is_sound_and_read_from_its_head(name: str) -> None:
    path = f"schemas/{name}.yaml"
    kind = read_kind(ALL[name], path, "", Shape(ALL[META]))
    assert isinstance(kind, Kind), kind
    found = next(file for file in shipped(None) if file.path == path)
    assert found.data is not None
    assert {word: found.data[word] for word in ("$id", "x-gitml")} == {
        word: ALL[name][word] for word in ("$id", "x-gitml")
    }
    assert dict(found.data) == ALL[name]


def verdict(schema: Mapping[str, Any], data: Any) -> bool:
    """Whether the data fits, on which both validators must agree."""
    slow = not explain(schema, data)
    assert jsonschema_rs.Draft202012Validator(schema).is_valid(data) is slow
    return slow


def resolve(node: Any, schema: Mapping[str, Any]) -> Any:
    """A sub-schema with its `$ref` followed; what stands beside the `$ref` wins."""
    if not isinstance(node, Mapping) or "$ref" not in node:
        return node
    target = pointed(schema, node["$ref"].removeprefix("#"))
    return {**resolve(target, schema), **{word: value for word, value in node.items() if word != "$ref"}}


def pointed(schema: Mapping[str, Any], pointer: str) -> Any:
    """What a JSON pointer names."""
    found: Any = schema
    for part in pointer.split("/")[1:]:
        found = found[part.replace("~1", "/").replace("~0", "~")]
    return found


def nodes(node: Any, at: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every mapping of a schema file, with its JSON pointer; examples are data and left out."""
    if isinstance(node, dict):
        yield at, node
        for key, value in node.items():
            if key != "examples":
                yield from nodes(value, f"{at}/{key.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from nodes(value, f"{at}/{index}")


def fields(schema: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field that a schema names, at every depth, with its JSON pointer."""
    for at, node in nodes(schema):
        if isinstance(node.get("properties"), dict) and node.get("type") == "object":
            for name, inner in node["properties"].items():
                yield f"{at}/properties/{name}", inner


def part(schema: Mapping[str, Any], node: Mapping[str, Any]) -> dict[str, Any]:
    """A sub-schema that stands by itself."""
    return {**node, "$defs": schema.get("$defs", {})}


def example(node: Mapping[str, Any], schema: Mapping[str, Any], *, deep: bool) -> Any:
    """The value that a sub-schema's examples make; `deep` assembles mappings from their fields' examples alone."""
    whole = resolve(node, schema)
    if "properties" in whole and (deep or "examples" not in whole):
        return {name: example(inner, schema, deep=deep) for name, inner in whole["properties"].items()}
    return copy.deepcopy(whole["examples"][0])


# ── the files ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_all_kinds_are_there_and_no_other() -> None:
    assert set(KINDS) == {*HEADS, *VERSIONS, *SLOTS, *RUNS, *EVENTS, *NAMED}
    assert set(DERIVED) == {"dvc-pipeline", "dvc-stage", "dvc-output", "model-collection"}


@pytest.mark.parametrize("kind", sorted(DERIVED))
def test_a_derived_kind_is_named_and_described_and_lies_nowhere(kind: str) -> None:
    schema = DERIVED[kind]
    assert explain(ALL[META], schema) == []
    assert schema["x-gitml"]["keys"]
    assert not {"path", "canonical", "immutable"} & schema["x-gitml"].keys()
    assert "required" not in schema  # a reader gives what its file has
    for at, node in fields(schema):
        assert {"description", "examples"} <= node.keys(), at
    for pattern, word in annotated(schema):
        assert set(word.get("ref", ())) <= {*KINDS, *DERIVED}, pattern


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_yaml_reader_reads_the_same(name: str) -> None:
    raw = (SCHEMAS / f"{name}.yaml").read_bytes()
    assert yaml.safe_load(raw) == ALL[name]
    assert raw.endswith(b"\n")
    assert b"\t" not in raw
    assert b"\r" not in raw


@pytest.mark.parametrize("name", sorted(ALL))
def test_is_valid_draft_2020_12(name: str) -> None:
    Draft202012Validator.check_schema(ALL[name])
    assert ALL[name]["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert ALL[name]["$id"] == f"{name}/1"


@each_kind
def test_satisfies_the_meta_schema(kind: str) -> None:
    assert explain(ALL[META], KINDS[kind]) == []
    assert verdict(ALL[META], KINDS[kind])


def test_the_meta_schema_is_no_kind() -> None:
    assert "x-gitml" not in ALL[META]
    assert not verdict(ALL[META], ALL[META])


# ── the meta-schema ────────────────────────────────────────────────────────────────────────────────────────────────

SMALL: dict[str, Any] = {
    "$id": "wine/1",
    "x-gitml": {"addressing": "named", "path": "metadata/wines/{name}.yaml"},
    "type": "object",
    "required": ["schema"],
    "properties": {
        "schema": {"const": "wine/1"},
        "grapes": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}}}},
        "of": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/x"}]},
    },
    "$defs": {"x": {"type": "object", "additionalProperties": {"type": "number"}}},
}
ADOPTED: dict[str, Any] = {
    "$id": "pmlb/1",
    "x-gitml": {"addressing": "named", "path": "datasets/{name}/metadata.yaml", "canonical": False},
    "type": "object",
}
VERSION = {"addressing": "version", "path": "metadata/wines/{name}/{version}.yaml"}
GRAPES = ("properties", "grapes")
WORDS_ALLOWED: list[tuple[tuple[str, ...], Any]] = [
    (("x-gitml",), {**VERSION, "immutable": True, "lifecycle": {"statuses": {"none": []}, "promotable": ["none"]}}),
    (("x-gitml",), {"addressing": "slot", "path": "metadata/labels/{kind}/{name}.yaml"}),
    (("x-gitml",), {"addressing": "event", "path": "metadata/tastings/{id|shard}/{id}.yaml", "plural": "tastings"}),
    (("$schema",), "https://json-schema.org/draft/2020-12/schema"),
    ((*GRAPES, "x-gitml"), {"key": "name"}),
    ((*GRAPES, "items", "properties", "name", "x-gitml"), {"ref": ["*"], "role": "input"}),
    ((*GRAPES, "items", "x-gitml"), {"pointer": True}),
    ((*GRAPES, "x-gitml"), {"merge": "set", "origin": "curated", "unit": "s", "sensitive": True}),
    ((*GRAPES, "items"), True),
    ((*GRAPES, "examples"), [{"x-gitml": {"anything": 1}, "$ref": "elsewhere"}]),
    (("properties", "x-gitml"), {"type": "string"}),
    (("properties", "$ref"), {"type": "string"}),
    (("unevaluatedProperties",), False),
]
WORDS_REFUSED: list[tuple[tuple[str, ...], Any]] = [
    (("$id",), "wine"),
    (("$id",), "Wine/1"),
    (("$id",), "wine/0"),
    (("$id",), "https://example.org/wine/1"),
    (("$schema",), "http://json-schema.org/draft-07/schema#"),
    (("type",), "array"),
    (("required",), []),
    (("properties",), {}),
    (("properties", "schema"), {"type": "string"}),
    (("x-gitml",), {"addressing": "named"}),
    (("x-gitml",), {"path": "metadata/wines/{name}.yaml"}),
    (("x-gitml",), {"addressing": "nmaed", "path": "metadata/wines/{name}.yaml"}),
    (("x-gitml",), {"addressing": "head", "path": "metadata/wine.yaml"}),
    (("x-gitml",), {"addressing": "version", "path": "metadata/wines/{name}.yaml"}),
    (("x-gitml",), {"addressing": "slot", "path": "metadata/wines/{name}.yaml"}),
    (("x-gitml",), {"addressing": "event", "path": "metadata/wines/{name}.yaml"}),
    (("x-gitml",), {**VERSION, "immutible": True}),
    (("x-gitml",), {**VERSION, "lifecycle": {"moves": {}}}),
    (("x-gitml",), {**VERSION, "lifecycle": {"statuses": {"none": "approved"}}}),
    (("x-gitml", "ref"), ["run"]),
    ((*GRAPES, "x-gitml"), {}),
    ((*GRAPES, "x-gitml"), {"keys": "name"}),
    ((*GRAPES, "x-gitml"), {"addressing": "named"}),
    ((*GRAPES, "x-gitml"), {"role": "input"}),
    ((*GRAPES, "x-gitml"), {"ref": "run"}),
    ((*GRAPES, "x-gitml"), {"ref": []}),
    ((*GRAPES, "x-gitml"), {"merge": "union"}),
    ((*GRAPES, "items", "x-gitml"), {"pointer": "yes"}),
    ((*GRAPES, "items", "properties", "name", "x-gitml"), {"refs": ["run"]}),
    ((*GRAPES, "items"), {"$ref": "other.yaml"}),
    ((*GRAPES, "items"), {"$ref": "https://example.org/x"}),
    ((*GRAPES, "items"), {"$ref": "#"}),
    ((*GRAPES, "items"), {"$id": "grape/1"}),
    ((*GRAPES, "items"), {"$dynamicRef": "#x"}),
    ((*GRAPES, "items"), {"type": "strng"}),
    ((*GRAPES, "items"), {"type": []}),
    ((*GRAPES, "items"), {"minLength": -1}),
    ((*GRAPES, "items"), {"required": "name"}),
    (("properties", "of", "anyOf"), [{"x-gitml": {"refs": ["run"]}}]),
    (("$defs", "x", "additionalProperties"), {"$ref": "x.yaml"}),
    (("$defs", "x", "if"), {"x-gitml": {"role": "input"}}),
]


def with_word(place: tuple[str, ...], value: Any) -> dict[str, Any]:
    """The small schema with one word set."""
    schema: dict[str, Any] = copy.deepcopy(SMALL)
    node: Any = schema
    for key in place[:-1]:
        node = node[key]
    node[place[-1]] = value
    return schema


@pytest.mark.parametrize("schema", [SMALL, ADOPTED])
def test_small_schemas_satisfy_the_meta_schema(schema: dict[str, Any]) -> None:
    assert explain(ALL[META], schema) == []
    assert verdict(ALL[META], schema)


@pytest.mark.parametrize(("place", "value"), WORDS_ALLOWED)
def test_the_meta_schema_allows(place: tuple[str, ...], value: Any) -> None:
    assert verdict(ALL[META], with_word(place, value))


@pytest.mark.parametrize(("place", "value"), WORDS_REFUSED)
def test_the_meta_schema_refuses(place: tuple[str, ...], value: Any) -> None:
    assert not verdict(ALL[META], with_word(place, value))


@pytest.mark.parametrize("missing", ["$id", "x-gitml", "type", "required", "properties"])
def test_the_meta_schema_misses(missing: str) -> None:
    assert not verdict(ALL[META], {key: value for key, value in SMALL.items() if key != missing})


# ── names and places ───────────────────────────────────────────────────────────────────────────────────────────────


def folder(kind: str) -> str:
    """The folder word of a kind, as the contract says it."""
    head = kind.removesuffix("-version")
    return FOLDERS.get(head, f"{head}s")


def wanted_place(kind: str) -> tuple[str, str]:
    """Addressing and template of a kind, as the contract says them."""
    top = f"metadata/{folder(kind)}"
    if kind == "store":
        return "named", "metadata/store.yaml"
    if kind in VERSIONS:
        return "version", f"{top}/{{name}}/{{version}}.yaml"
    if kind in SLOTS:
        return "slot", f"{top}/{{kind}}/{{name}}/{{{'slot' if kind == 'alias' else 'version'}}}.yaml"
    if kind in RUNS:
        return "event", f"{top}/{{experiment}}/{{id|shard}}/{{id}}.yaml"
    if kind in EVENTS:
        return "event", f"{top}/{{id|shard}}/{{id}}.yaml"
    return ("head" if kind in HEADS else "named"), f"{top}/{{name}}.yaml"


@each_kind
def test_lies_where_the_contract_says(kind: str) -> None:
    word = KINDS[kind]["x-gitml"]
    assert (word["addressing"], word["path"]) == wanted_place(kind)
    assert Template.read(word["path"]).fault() is None


@each_kind
def test_each_placeholder_but_kind_has_an_optional_text(kind: str) -> None:
    schema = KINDS[kind]
    for key in Template.read(schema["x-gitml"]["path"]).keys:
        if key != "kind":
            assert schema["properties"][key]["type"] == "string"
            assert key not in schema["required"]


@each_kind
def test_begins_with_its_kind_and_is_closed_but_for_custom(kind: str) -> None:
    schema = KINDS[kind]
    assert next(iter(schema["properties"])) == "schema"
    assert schema["properties"]["schema"]["const"] == schema["$id"]
    assert schema["required"][0] == "schema"
    assert list(schema["properties"])[-1] == "custom"
    assert schema["additionalProperties"] is (kind == "store")


@each_kind
def test_mappings_inside_are_closed_or_typed(kind: str) -> None:
    for at, node in nodes(KINDS[kind]):
        if node.get("type") == "object" and at and not at.endswith(("/custom", "/if")):
            inner = node.get("additionalProperties")
            assert inner is False or isinstance(inner, dict) or kind == "store", at


@each_kind
def test_only_versions_and_facts_are_immutable(kind: str) -> None:
    facts = {*VERSIONS, "environment", "approval", "observation"}
    assert KINDS[kind]["x-gitml"].get("immutable", False) is (kind in facts)


@pytest.mark.parametrize("kind", VERSIONS)
def test_lifecycle_names_the_statuses_that_there_are(kind: str) -> None:
    life = KINDS[kind]["x-gitml"]["lifecycle"]
    statuses = KINDS["status"]["properties"]["status"]["enum"]
    assert set(life["statuses"]) == {"none", *statuses}
    assert {status for moves in life["statuses"].values() for status in moves} <= set(statuses)
    assert life["statuses"]["retired"] == []
    assert set(life["promotable"]) <= set(life["statuses"])


# ── documentation ──────────────────────────────────────────────────────────────────────────────────────────────────


@each_kind
def test_every_field_has_a_description_and_an_example_that_fits(kind: str) -> None:
    schema = KINDS[kind]
    for at, node in fields(schema):
        assert isinstance(node.get("description"), str), at
        assert node["description"].strip(), at
        assert "\n" not in node["description"], at
        assert node.get("examples"), at
        for value in node["examples"]:
            assert verdict(part(schema, node), value), (at, value)


@pytest.mark.parametrize("name", sorted(ALL))
def test_schemas_and_their_definitions_are_described(name: str) -> None:
    assert ALL[name]["description"]
    if name != META:
        for definition, node in ALL[name].get("$defs", {}).items():
            assert node["description"], definition
            assert verdict(part(ALL[name], node), node["examples"][0]), definition


@each_kind
@pytest.mark.parametrize("deep", [False, True])
def test_the_examples_together_are_a_record(kind: str, deep: bool) -> None:  # noqa: FBT001  a parametrized test
    schema = KINDS[kind]
    record = example({"properties": schema["properties"]}, schema, deep=deep)
    assert explain(schema, record) == []
    assert verdict(schema, record)


@each_kind
def test_the_examples_together_survive_the_trip_to_a_file(kind: str) -> None:
    schema = KINDS[kind]
    record = example({"properties": schema["properties"]}, schema, deep=True)
    raw = dump(record, key_order(schema))
    assert read(raw).data == record
    assert is_canonical(raw, record, key_order(schema))


@each_kind
def test_the_examples_inside_lists_and_maps_fit_together(kind: str) -> None:
    schema = KINDS[kind]
    for at, node in nodes(schema):
        if at and node.get("type") == "object" and "properties" in node:
            assert verdict(part(schema, node), example(node, schema, deep=True)), at


@each_kind
def test_examples_of_event_ids_are_ulids(kind: str) -> None:
    schema = KINDS[kind]
    if schema["x-gitml"]["addressing"] == "event":
        assert is_ulid(schema["properties"]["id"]["examples"][0])


# ── annotations ────────────────────────────────────────────────────────────────────────────────────────────────────


@each_kind
def test_refs_point_to_kinds_that_exist_and_have_a_role(kind: str) -> None:
    for pattern, word in annotated(KINDS[kind]):
        if "ref" in word:
            assert word["ref"] == ["*"] or set(word["ref"]) <= set(KINDS), pattern
            assert word["role"], pattern


@each_kind
def test_every_ref_is_annotated(kind: str) -> None:
    for at, node in fields(KINDS[kind]):
        if at.endswith("/properties/ref"):
            assert "ref" in node["x-gitml"], at


@each_kind
def test_keyed_lists_require_their_key(kind: str) -> None:
    schema = KINDS[kind]
    for at, node in nodes(schema):
        key = node.get("x-gitml", {}).get("key") if node.get("type") == "array" else None
        if key:
            assert key in resolve(node["items"], schema)["required"], at


@each_kind
def test_patterns_mean_the_same_to_every_engine(kind: str) -> None:
    for at, node in nodes(KINDS[kind]):
        pattern = node.get("pattern") if isinstance(node.get("pattern"), str) else None
        if pattern is not None:
            assert pattern.startswith("^"), at
            assert pattern.endswith("$"), at
            assert not re.search(r"\\[^.]|\(\?", pattern), at


# ── one text per thing ─────────────────────────────────────────────────────────────────────────────────────────────


def test_definitions_of_one_name_are_equal_everywhere() -> None:
    texts: dict[str, list[tuple[str, Any]]] = defaultdict(list)
    for kind, schema in KINDS.items():
        for name, node in schema.get("$defs", {}).items():
            texts[name].append((kind, node))
    for name, found in texts.items():
        for (kind, one), (other, two) in pairwise(found):
            assert one == two, (name, kind, other)
    assert {"pointer", "column", "input", "output"} <= set(texts)


@pytest.mark.parametrize("name", SAME_EVERYWHERE)
def test_fields_that_mean_the_same_are_equal_everywhere(name: str) -> None:
    found = {kind: schema["properties"][name] for kind, schema in KINDS.items() if name in schema["properties"]}
    apart = {"description"} if name in {"metrics", "seeds"} else set()
    texts = [{word: text for word, text in node.items() if word not in apart} for node in found.values()]
    if name == "metrics":
        texts = [text for text in texts if "direction" not in text]
    assert found
    assert all(one == two for one, two in pairwise(texts))


@each_kind
def test_the_id_beside_a_ref_is_the_same_thing_everywhere(kind: str) -> None:
    for at, node in nodes(KINDS[kind]):
        beside = node.get("properties")
        if isinstance(beside, dict) and {"ref", "id"} <= set(beside):
            assert beside["id"]["$ref"] == "#/$defs/ulid", at
            assert beside["id"]["description"] == "Id of the version, so that a renumbered ref is noticed.", at


@each_kind
def test_every_definition_is_used(kind: str) -> None:
    schema = KINDS[kind]
    used = {node["$ref"] for _at, node in nodes(schema) if isinstance(node.get("$ref"), str)}
    assert used == {f"#/$defs/{name}" for name in schema.get("$defs", {})}


# ── the contract's records ─────────────────────────────────────────────────────────────────────────────────────────

RECORDS = {
    "store": """\
schema: store/1
main: main
events: tree
readers:
- dvc
- gto
series:
  dvc_above: 1 MiB
capture:
  text: false
""",
    "dataset": """\
schema: dataset/1
description: Chemical analysis of wines from three growers.
owners:
- "@cellar-data"
license: CC-BY-4.0
classifications:
- public
""",
    "dataset-version": """\
schema: dataset-version/1
id: 01JD7H2Q0V8N4C3W9T5R6Y1KXZ
created: "2026-02-10T09:12:00Z"
by: "@mona"
reason: harvest of 2025 added
pointer:
  type: dvc
  path: data/wine.csv
  md5: "9c07e1d2a4b6c8d0e2f4a6b8c0d2e4f6"
  size: 84199
  tracked_at: "4f2a91c0b1d2e3f4a5b6c7d8e9f0a1b2c3d4e5f6"
inputs:
  previous:
    ref: dataset/wine@1
rows: 6809
columns:
- name: alcohol
  type: float
  unit: "%"
  description: alcohol by volume
  nulls: 0
- name: grower_id
  type: string
  nulls: 0
  classification: personal
profile:
  path: metadata/series/datasets/wine/2.profile.json
  sha256: "c41f0a5b7e2d8c9634b1f7a0d5e8c2b96a3f4d1e7b0c8a5296d3e1f4b7a0c5d8"
""",
    "run": """\
schema: run/1
type: train
status: finished
created: "2026-02-16T18:03:11Z"
ended: "2026-02-16T18:10:03Z"
deleted: "2026-04-01T08:00:00Z"
by: "@mona"
code:
  commit: "4f2a91c0b1d2e3f4a5b6c7d8e9f0a1b2c3d4e5f6"
  tree: "77be01d90a1b2c3d4e5f60718293a4b5c6d7e8f9"
  dirty: true
  path: train.py
  blob: "1c9e40b2d3f4a5b6c7d8e9f0a1b2c3d4e5f60718"
  command: python train.py --lr 0.01
inputs:
  train:
    ref: dataset/wine@2
    id: 01JD7H2Q0V8N4C3W9T5R6Y1KXZ
    md5: "9c07e1d2a4b6c8d0e2f4a6b8c0d2e4f6"
outputs:
  model:
    path: models/wine.pkl
    md5: "5d1c88aa0b3e47f69182c5d4e7f0a1b2"
params:
  lr: 0.01
seeds:
  numpy: 42
metrics:
  train:
    auc: 0.941
  validation:
    auc: 0.918
series:
  path: metadata/series/runs/wine/7c/01JD7K3T9M5P8Q2R4S6V0W1X3Y.csv
  sha256: "77aa1c3e5b7d9f02468ace13579bdf0e2c4a6b8d0f1e3c5a7b9d2f4e6a8c0b1d"
  summary:
    validation.auc:
      count: 40
      min: 0.61
      max: 0.92
      best_step: 37
      last_step: 40
environment: environment/3fa9c2d1
host:
  os: Linux 6.1
  cpu: 2 x x86_64
  memory_gb: 24
utilization:
  cpu_percent_mean: 88.1
  memory_mb_max: 812
tags:
  team: cellar
""",
    "model": """\
schema: model/1
description: Price band of a wine from its analysis.
owners:
- "@cellar-ml"
use_case: use-case/cellar-pricing
""",
    "model-version": """\
schema: model-version/1
id: 01JD7M5B2R8V0K4T6N9C1Q3W7Y
created: "2026-02-16T18:20:00Z"
by: "@mona"
run: run/wine/01JD7K3T9M5P8Q2R4S6V0W1X3Y
type: GradientBoostingClassifier
framework:
  name: scikit-learn
  version: 1.7.2
hyperparameters:
  lr: 0.01
  n_estimators: 200
features:
  ref: feature-set/wine@1
  id: 01JD7J4M6P8R0T2V4X6Z8B0D2F
training_data:
  ref: dataset/wine@2
  id: 01JD7H2Q0V8N4C3W9T5R6Y1KXZ
metrics:
  validation:
    auc: 0.918
pointer:
  type: dvc
  path: models/wine.pkl
  md5: "5d1c88aa0b3e47f69182c5d4e7f0a1b2"
  size: 182204
intended_use: price bands, not single prices
""",
    "alias": """\
schema: alias/1
version: "3"
id: 01JD7M5B2R8V0K4T6N9C1Q3W7Y
since: "2026-03-01T06:00:00Z"
by: "@ines"
reason: beats version 2 by 0.011 auc on the holdout
""",
    "metric": """\
schema: metric/1
direction: higher
unit: "1"
tolerance:
  absolute: 0.005
""",
    "status": """\
schema: status/1
status: approved
id: 01JD7M5B2R8V0K4T6N9C1Q3W7Y
since: "2026-03-01T06:00:00Z"
by: "@ines"
reason: reviewed with the growers
""",
    "deployment": """\
schema: deployment/1
serves:
  ref: model/wine@3
  id: 01JD7M5B2R8V0K4T6N9C1Q3W7Y
target: api
environment_name: prod
""",
    "rollout": """\
schema: rollout/1
deployment: deployment/wine-prod
serves:
  ref: alias/model/wine/production
created: "2026-03-01T06:05:00Z"
by: "@ines"
status: succeeded
""",
    "approval": """\
schema: approval/1
of:
  ref: model/wine@3
  id: 01JD7M5B2R8V0K4T6N9C1Q3W7Y
created: "2026-02-28T16:00:00Z"
by: "@ines"
decision: approved
""",
}
each_record = pytest.mark.parametrize("kind", sorted(RECORDS))
MISSING = object()
FITS: list[tuple[str, tuple[str | int, ...], Any]] = [
    ("run", ("metrics",), {"auc": 0.918, "validation": {"auc": 1, "by_region": {"north": 0.9}}}),
    ("run", ("params",), {"lr": "0.01", "layers": [64, 64], "decay": None, "opt": {"beta": 0.9}, "big": 2**63 - 1}),
    ("run", ("inputs", "raw"), {"path": "data/wine.csv", "md5": "9c07e1d2a4b6c8d0e2f4a6b8c0d2e4f6.dir", "files": 3}),
    ("run", ("inputs", "mlflow"), {"name": "wine", "digest": "f3a1b2c4", "type": "local", "context": "training"}),
    ("run", ("seeds",), {"torch": "18446744073709551615", "random": -1}),
    ("run", ("utilization", "gpu1_percent_mean"), 12.5),
    ("run", ("origin",), "dvc"),
    ("run", ("unproduced",), {"auc": 0.93, "note": "by hand"}),
    ("run", ("tags",), {"mlflow.user": "mona", "": ""}),
    ("run", ("created",), "2026-02-16T18:03:11.123Z"),
    ("run", ("code", "commit"), "a" * 64),
    ("run", ("type",), "sweep"),
    ("run", ("status",), "crashed"),
    ("model-version", ("pointer",), {"type": "uri", "uri": "s3://cellar/wine.pkl", "version_id": "3HL4kqtJ"}),
    ("model-version", ("pointer",), {"type": "uri", "uri": "s3://cellar/wine.pkl"}),
    ("dataset-version", ("pointer",), {"type": "table", "table": "cellar.wine", "snapshot": "593711711"}),
    ("dataset-version", ("pointer",), {"type": "query", "query": "select 1", "as_of": "2026-02-10T09:00:00Z"}),
    ("dataset-version", ("pointer",), {"type": "oci", "uri": "reg/wine", "digest": "sha256:" + "a" * 64}),
    ("dataset-version", ("pointer",), {"type": "git", "path": "wine.csv", "commit": "a" * 40, "blob": "b" * 40}),
    ("dataset-version", ("columns", 0, "histogram"), {"edges": [8, 10.5, 15], "counts": [3, 4]}),
    ("metric", ("tolerance",), {"relative": 0.01}),
    ("metric", ("tolerance",), MISSING),
    ("deployment", ("serves",), {"ref": "alias/model/wine/production"}),
    ("status", ("status",), "retired"),
    ("store", ("events",), "gitml/events"),
    ("store", ("series", "dvc_above"), 1048576),
    ("store", ("later",), {"anything": True}),
    ("alias", ("id",), MISSING),
]
FAILS: list[tuple[str, tuple[str | int, ...], Any]] = [
    ("run", ("schema",), MISSING),
    ("run", ("schema",), "run/2"),
    ("run", ("status",), MISSING),
    ("run", ("created",), MISSING),
    ("run", ("status",), "done"),
    ("run", ("created",), "2026-02-16"),
    ("run", ("created",), "2026-02-16T18:03:11+01:00"),
    ("run", ("created",), 1771264991),
    ("run", ("deleted",), True),
    ("run", ("metrics", "auc"), "0,91"),
    ("run", ("metrics", "auc"), None),
    ("run", ("metrics", "auc"), [0.9]),
    ("run", ("metrics", "validation", "auc"), True),
    ("run", ("metrics",), 0.9),
    ("run", ("metrcs",), {"auc": 0.9}),
    ("run", ("code", "commit"), "4F2A91C0B1D2E3F4A5B6C7D8E9F0A1B2C3D4E5F6"),
    ("run", ("code", "commit"), "4f2a91c"),
    ("run", ("code", "dirty"), "no"),
    ("run", ("code", "sha"), "4f2a91c"),
    ("run", ("inputs", "train", "reff"), "dataset/wine@2"),
    ("run", ("inputs", "train", "id"), "01jd7h2q0v8n4c3w9t5r6y1kxz"),
    ("run", ("inputs", "train", "md5"), "9c07"),
    ("run", ("inputs",), [{"ref": "dataset/wine@2"}]),
    ("run", ("seeds", "numpy"), 4.2),
    ("run", ("tags", "team"), 7),
    ("run", ("utilization", "memory_mb_max"), "812"),
    ("run", ("series", "summary", "validation.auc", "count"), 1.5),
    ("run", ("host", "memory"), 24),
    ("dataset", ("owners",), "@cellar-data"),
    ("dataset", ("classifications", 0), {"name": "public"}),
    ("dataset-version", ("id",), MISSING),
    ("dataset-version", ("pointer",), MISSING),
    ("dataset-version", ("pointer", "type"), MISSING),
    ("dataset-version", ("pointer", "type"), "file"),
    ("dataset-version", ("pointer", "path"), MISSING),
    ("dataset-version", ("pointer", "type"), "table"),
    ("dataset-version", ("pointer", "size"), -1),
    ("dataset-version", ("rows",), 6809.5),
    ("dataset-version", ("rows",), True),
    ("dataset-version", ("columns", 0, "name"), MISSING),
    ("dataset-version", ("columns", 0, "type"), "double"),
    ("dataset-version", ("columns", 0, "null"), 0),
    ("dataset-version", ("columns",), {"alcohol": {"type": "float"}}),
    ("model", ("use_case",), {"ref": "use-case/cellar-pricing"}),
    ("model-version", ("framework",), "scikit-learn 1.7.2"),
    ("model-version", ("features", "ref"), MISSING),
    ("model-version", ("version",), 3),
    ("alias", ("version",), 3),
    ("alias", ("version",), MISSING),
    ("metric", ("direction",), "up"),
    ("metric", ("direction",), MISSING),
    ("metric", ("tolerance",), 0.005),
    ("status", ("status",), "production"),
    ("deployment", ("target",), "kubernetes"),
    ("deployment", ("serves",), "model/wine@3"),
    ("rollout", ("deployment",), MISSING),
    ("approval", ("of",), "model/wine@3"),
    ("approval", ("decision",), "yes"),
    ("store", ("main",), ""),
    ("store", ("series", "dvc_above"), "much"),
]


def record(kind: str) -> dict[str, Any]:
    """One of the contract's records."""
    data = read_slowly(RECORDS[kind].encode()).data
    assert data is not None
    return data


def changed(kind: str, place: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    """One of the contract's records with one field set, or taken away."""
    data = record(kind)
    node: Any = data
    for key in place[:-1]:
        node = node[key]
    if value is MISSING:
        del node[place[-1]]
    else:
        node[place[-1]] = value
    return data


@each_record
def test_the_contracts_records_fit(kind: str) -> None:
    assert explain(KINDS[kind], record(kind)) == []
    assert verdict(KINDS[kind], record(kind))


@each_record
def test_the_contracts_records_are_canonical(kind: str) -> None:
    assert is_canonical(RECORDS[kind].encode(), record(kind), key_order(KINDS[kind]))


@pytest.mark.parametrize(("kind", "place", "value"), FITS)
def test_what_else_fits(kind: str, place: tuple[str | int, ...], value: Any) -> None:
    assert verdict(KINDS[kind], changed(kind, place, value))


@pytest.mark.parametrize(("kind", "place", "value"), FAILS)
def test_near_misses_do_not_fit(kind: str, place: tuple[str | int, ...], value: Any) -> None:
    assert not verdict(KINDS[kind], changed(kind, place, value))


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_nan_and_infinities_are_metrics(number: float) -> None:
    # Only the reference validator is asked: the fast one takes such a number for null, and refuses it.
    assert explain(KINDS["run"], changed("run", ("metrics", "validation", "auc"), number)) == []
    assert explain(KINDS["run"], changed("run", ("series", "summary", "validation.auc", "max"), number)) == []


def test_a_wrong_metric_is_told_as_the_contract_tells_it() -> None:
    (found,) = explain(KINDS["run"], changed("run", ("metrics",), {"auc": "0,91"}))
    assert (found.path, found.keyword) == (("metrics", "auc"), "type")
    assert found.message == 'expected a number, found "0,91"'
    assert found.hint == "write 0.91"


@each_kind
def test_only_what_is_required_is_enough_and_less_is_not(kind: str) -> None:
    schema = KINDS[kind]
    least = {name: example(schema["properties"][name], schema, deep=False) for name in schema["required"]}
    assert verdict(schema, least)
    for name in least:
        assert not verdict(schema, {key: value for key, value in least.items() if key != name})
    assert verdict(schema, {**least, "unheard_of": 1}) is (kind == "store")


@each_kind
def test_custom_takes_anything(kind: str) -> None:
    schema = KINDS[kind]
    least = {name: example(schema["properties"][name], schema, deep=False) for name in schema["required"]}
    assert verdict(schema, {**least, "custom": {"a": [1, None, {"b": "c"}], "d": {"e": 1.5}}})
    assert not verdict(schema, {**least, "custom": [1]})


def test_a_run_needs_schema_status_and_created_alone() -> None:
    assert KINDS["run"]["required"] == ["schema", "status", "created"]


# ── the requirements ───────────────────────────────────────────────────────────────────────────────────────────────

REQUIREMENTS: dict[str, dict[str, list[str]]] = load(Path(__file__).with_name("requirements.yaml"))
PLACES = [(row, thing, *place) for row, things in REQUIREMENTS.items() for thing, place in things.items()]


def typed(node: Any, schema: Mapping[str, Any]) -> bool:
    """Whether a sub-schema says what its values are: a map must say what it holds."""
    node = resolve(node, schema)
    if not isinstance(node, Mapping) or not {"type", "const", "enum", "else"} & set(node):
        return False
    if node.get("type") == "object":
        return bool(node.get("properties")) or typed(node.get("additionalProperties"), schema)
    return node.get("type") != "array" or typed(node.get("items"), schema)


def test_the_map_covers_exactly_b1_to_b40() -> None:
    assert list(REQUIREMENTS) == [f"B{number}" for number in range(1, 41)]
    assert all(REQUIREMENTS.values())


@pytest.mark.parametrize(("row", "thing", "kind", "pointer"), PLACES)
def test_each_thing_has_a_typed_place(row: str, thing: str, kind: str, pointer: str) -> None:
    assert re.match(r"/(properties|\$defs)/", pointer), (row, thing)
    assert "/custom" not in pointer
    assert typed(pointed(ALL[kind], pointer), ALL[kind])


def test_untyped_places_are_told_apart() -> None:
    assert not typed(KINDS["run"]["properties"]["custom"], KINDS["run"])
    assert not typed({"type": "object"}, {})
    assert not typed({"type": "object", "additionalProperties": True}, {})
    assert not typed({"type": "array"}, {})
    assert not typed({}, {})
