"""Schemas that are invalid, overlap or reach where they must not; and refs that lead nowhere or in a circle."""

from __future__ import annotations

from pathlib import Path
from time import monotonic

import pytest

from cellar import RUN_A
from command_line import fine, ml, process
from gitrepo import commit, git, write
from hostile import DATASET, held, refused

GRAPE = """$schema: https://json-schema.org/draft/2020-12/schema
$id: grape/1
x-gitml:
  addressing: named
  path: metadata/grapes/{name}.yaml
type: object
required: [schema]
properties:
  schema: {const: grape/1}
  name: {type: string}
  colour: {type: string}
additionalProperties: false
"""
PLACE = "schemas/grape.yaml"
RECORD = {"metadata/grapes/merlot.yaml": "schema: grape/1\ncolour: red\n"}


def templated(path: str, addressing: str = "named", name: str = "grape") -> str:
    """The schema with another template."""
    told = GRAPE.replace("metadata/grapes/{name}.yaml", f'"{path}"').replace("named", addressing)
    return told.replace("grape/1", f"{name}/1")


def test_a_good_one_is_a_new_kind(store: Path) -> None:
    write(store, {PLACE: GRAPE} | RECORD)
    assert fine(store, "validate").out.endswith("no problems\n")
    assert "red" in fine(store, "list", "grape").out


@pytest.mark.parametrize(
    ("content", "line", "told"),
    [
        (GRAPE.replace("named", "nmaed"), 4, '"nmaed" is none of'),
        (GRAPE.replace("  addressing: named\n", ""), 3, "the field `addressing` is missing"),
        (GRAPE.replace("type: object\n", "type: list\n"), 6, 'expected "object"'),
        (GRAPE.replace("{type: string}", "{type: strnig}", 1), 10, "is none of"),
        (GRAPE.replace("{type: string}", '{type: string, pattern: "("}', 1), None, "no regular expression"),
        (GRAPE.replace("{type: string}", '{$ref: "#/$defs/no"}', 1), None, "leads nowhere"),
        (GRAPE.replace("{type: string}", '{$ref: "https://example.org/x"}', 1), None, "does not have the form"),
        (GRAPE.replace("{type: string}", '{$ref: "#"}', 1).replace("type: object", "type: [object]"), 6, "object"),
        (GRAPE + "allOf: [{$ref: '#'}]\n", None, ""),
        (GRAPE + "x-gitml: {}\n", 13, "stands twice"),
        (GRAPE + "properties: [\n", 14, ""),
        (b"x-gitml:\n  path: \xff\n", 2, "not UTF-8"),
        ("x-gitml: &a\n  b: *a\n", 1, "anchor"),
        ("x-gitml: " + "[" * 200_000, 1, "nested deeper"),
        (GRAPE + "description: " + "x" * (2 << 20) + "\n", None, "a record has at most"),
        ("x-gitml:\n", None, "the field `$id` is missing"),
    ],
)
def test_an_invalid_schema_is_told_and_the_rest_of_the_store_is_there(
    store: Path, shell: dict[str, str], content: str | bytes, line: int | None, told: str
) -> None:
    write(store, {PLACE: content} | RECORD)
    was = held(store)
    said = ml(store, "validate", "--format", "json")
    assert (said.code, said.err) == (1, "")
    problems = [one for one in said.json["problems"] if one["path"] == PLACE]
    assert {one["code"] for one in problems} == {"schema.invalid"}
    assert any(told in one["message"] for one in problems), problems
    assert line is None or line in [one["line"] for one in problems], problems
    assert all(len(one["message"]) < 300 for one in problems)
    orphan = [one["code"] for one in said.json["problems"] if one["path"] in RECORD]
    assert orphan == ["path.unknown-kind"]
    assert refused(store, "list", "grape").startswith("git ml: there is no kind 'grape'")
    assert refused(store, "new", "grape", "pinot").startswith("git ml: there is no kind 'grape'")
    assert "model/wine" in fine(store, "list", "model").out
    fine(store, "new", "metric", "loss", "direction=lower")
    (store / "metadata/metrics/loss.yaml").unlink()
    git(store, "add", "-A")
    assert held(store).keys() == was.keys()
    assert f"{PLACE}:" in ml(store, "validate", "--staged").out


def test_the_hook_refuses_an_invalid_schema(store: Path, shell: dict[str, str]) -> None:
    fine(store, "init", "--hooks", "--commit")
    write(store, {PLACE: GRAPE.replace("named", "nmaed")})
    git(store, "add", "-A")
    was = held(store)
    said = process(store, "git", "commit", "-q", "-m", "grapes", env=shell)
    assert said.code == 1
    assert f"{PLACE}:4:3: error schema.invalid" in said.err
    assert held(store) == was


TEMPLATES = [
    ("../out/{name}.yaml", "leaves the repository"), ("a/../../b/{name}.yaml", "leaves the repository"),
    ("./{name}.yaml", "leaves the repository"), ("a//{name}.yaml", "leaves the repository"),
    ("/etc/{name}.yaml", "not a relative path"), ("C:/x/{name}.yaml", "not a relative path"),
    ("a\\\\b/{name}.yaml", "not a relative path"), (".git/{name}", "Git's, GitHub's or DVC's own files"),
    ("a/.GIT/{name}", "Git's, GitHub's or DVC's own files"), ("git~1/{name}", "Git's, GitHub's or DVC's own files"),
    (".github/workflows/{name}.yaml", "Git's, GitHub's or DVC's own files"),
    (".dvc/{name}", "Git's, GitHub's or DVC's own files"), ("{name}/dvc.lock", "Git's, GitHub's or DVC's own files"),
    ("data/{name}.dvc", "Git's, GitHub's or DVC's own files"), ("{name}/.gitattributes", "Git's, GitHub's or DVC's"),
    ("metadata/series/{name}.yaml", "lies among the series"), ("schemas/{name}.yaml", "lies among the schemas"),
    ("x/{a}{b}.yaml", "one {placeholder}"), ("x/{a.yaml", "one {placeholder}"), ("x/{A}.yaml", "one {placeholder}"),
    ("x/fixed.yaml", "holds no {placeholder}"), ("x/{name|shard}/x.yaml", "shards by what it does not hold"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "told"), TEMPLATES)
def test_a_template_that_reaches_where_it_must_not_is_no_kind_and_nothing_is_written_there(
    store: Path, path: str, told: str
) -> None:
    write(store, {PLACE: templated(path)})
    said = ml(store, "validate", "--format", "json")
    assert said.code == 1
    (problem,) = said.json["problems"]
    assert (problem["code"], problem["path"], problem["line"], problem["column"]) == ("schema.invalid", PLACE, 5, 3)
    assert told in problem["message"]
    assert refused(store, "new", "grape", "x").startswith("git ml: there is no kind 'grape'")
    assert not list(store.parent.glob("out*"))


@pytest.mark.parametrize(
    ("path", "addressing", "name"),
    [
        ("metadata/aliases/{name}.yaml", "named", "alias"), ("metadata/aliases/{a}/{b}/{c}.yaml", "slot", "alias"),
        ("metadata/statuses/{kind}/{name}.yaml", "slot", "status"), ("mv/{name}.yaml", "named", "model-version"),
        ("mv/{version}/{name}.yaml", "named", "model-version"), ("g/{a}/{b}/{c}.yaml", "named", "grape-version"),
        ("g/{name}.yaml", "event", "grape"),
        ("g/{name}.yaml", "version", "grape-version"), ("g/{version}/{name}.yaml", "version", "grape-version"),
    ],
)  # fmt: skip
def test_a_template_whose_keys_are_not_those_of_its_refs_is_invalid(
    store: Path, path: str, addressing: str, name: str
) -> None:
    write(store, {f"schemas/{name}.yaml": templated(path, addressing, name)})
    said = ml(store, "validate", "--format", "json")
    assert said.code == 1
    assert "schema.invalid" in {one["code"] for one in said.json["problems"]}
    for argv in (["list"], ["list", name], ["show", "alias/model/wine/production"], ["show", "model/wine@1"],
                 ["promote", "model/wine@1", "staging"], ["retire", "model/wine@1", "--reason", "x"],
                 ["register", "wine"], ["validate", "--staged"]):  # fmt: skip
        tried = ml(store, *argv)
        assert tried.code in (0, 1)
        assert "a bug in gitml" not in tried.err, tried


def test_a_slot_of_ones_own_may_speak_of_a_thing_or_of_a_version(store: Path) -> None:
    write(
        store,
        {
            "schemas/label.yaml": templated("metadata/labels/{kind}/{name}.yaml", "slot", "label"),
            "schemas/mark.yaml": templated("metadata/marks/{kind}/{name}/{slot}.yaml", "slot", "mark"),
            "metadata/labels/model/wine.yaml": "schema: label/1\n",
            "metadata/labels/model/beer.yaml": "schema: label/1\n",
            "metadata/marks/model/wine/good.yaml": "schema: mark/1\n",
        },
    )
    (problem,) = ml(store, "validate", "--format", "json").json["problems"]
    assert (problem["code"], problem["path"]) == ("ref.missing", "metadata/labels/model/beer.yaml")
    assert "there is no model/beer" in problem["message"]


@pytest.mark.parametrize(
    "path",
    ["metadata/datasets/{name}.yaml", "metadata/{name}.yaml", "metadata/{folder}/{name}.yaml", "{a}/{b}/{c}.yaml"],
)
@pytest.mark.parametrize("initialised", [False, True])
@pytest.mark.parametrize("name", ["aaa", "zzz"])
def test_a_template_that_overlaps_a_shipped_one_goes_whatever_its_name(
    store: Path, path: str, name: str, *, initialised: bool
) -> None:
    if initialised:
        fine(store, "init")
    write(store, {"metadata/datasets/wine.yaml": DATASET, f"schemas/{name}.yaml": templated(path, name=name)})
    said = ml(store, "validate", "--format", "json")
    assert said.code == 1
    problems = [one for one in said.json["problems"] if one["severity"] == "error"]
    assert {(one["code"], one["path"]) for one in problems} == {("schema.invalid", f"schemas/{name}.yaml")}
    assert "overlaps that of" in problems[0]["message"]
    assert fine(store, "show", "dataset/wine").code == 0
    assert "no kind" in refused(store, "new", name, "x")


def test_two_templates_of_ones_own_that_overlap(store: Path) -> None:
    one, two = templated("g/{name}.yaml"), templated("g/m{name}.yaml", name="must")
    write(store, {PLACE: one, "schemas/must.yaml": two, "g/merlot.yaml": "schema: grape/1\n"})
    (problem,) = ml(store, "validate", "--format", "json").json["problems"]
    assert (problem["code"], problem["path"]) == ("schema.invalid", "schemas/must.yaml")
    assert "grape/merlot" in fine(store, "list", "grape").out


def test_a_schema_broken_after_records_were_written_is_judged_by_the_shipped_one(store: Path) -> None:
    write(store, {"schemas/model.yaml": "x-gitml: [\n"})
    said = ml(store, "validate", "--format", "json")
    assert [(one["code"], one["path"]) for one in said.json["problems"]] == [("schema.invalid", "schemas/model.yaml")]
    assert "model/wine" in fine(store, "list", "model").out


@pytest.mark.parametrize(
    "ref", ["dataset/none@1", "dataset/none", "run/wine/none", "grape/x", "wine", "dataset/wine@", "a:b"]
)
def test_a_ref_to_nothing_is_refused_before_it_is_written(store: Path, ref: str) -> None:
    was = held(store)
    said = ml(store, "new", "run", "wine", "status=finished", f"inputs.train.ref={ref}")
    assert (said.code, said.out) == (1, "")
    first, last = said.err.splitlines()
    assert ": error ref." in first
    assert "inputs.train.ref" in first
    assert last == "git ml: refused for 1 error; nothing was written"
    assert held(store) == was
    error = ml(store, "new", "run", "wine", f"inputs.train.ref={ref}", "status=finished", "--format", "json").error
    assert error["code"] == "refused"
    assert error["problems"][0]["field"] == "inputs.train.ref"


def test_a_ref_that_loses_its_record_is_found_by_the_hook(store: Path, shell: dict[str, str]) -> None:
    fine(store, "init", "--hooks", "--commit")
    commit(store, {"metadata/use-cases/cellar.yaml": "schema: use-case/1\ndescription: d\n"})
    fine(store, "set", "model/wine", "use_case=use-case/cellar", "--commit")
    told = ml(store, "rm", "use-case/cellar")
    assert told.code == 1
    assert told.err.startswith("metadata/models/wine.yaml:")
    git(store, "rm", "-q", "metadata/use-cases/cellar.yaml")
    was = held(store)
    said = process(store, "git", "commit", "-q", "-m", "gone", env=shell)
    assert said.code == 1
    assert "error ref.missing use_case: there is no use-case/cellar" in said.err
    assert held(store) == was


def version(ident: int, previous: str | None) -> str:
    told = f'schema: dataset-version/1\nid: 01JD7H2Q0V8N4C3W9T5R6Y{ident:04}\ncreated: "2026-02-10T09:12:00Z"\n'
    told += f"pointer:\n  type: uri\n  uri: s3://cellar/{ident}\n  digest: sha256:{ident:064}\n"
    return told + (f"inputs:\n  previous:\n    ref: {previous}\n" if previous else "")


@pytest.mark.parametrize("length", [1, 2, 3, 500])
def test_a_circle_of_refs_is_named_once_and_refused(store: Path, shell: dict[str, str], length: int) -> None:
    fine(store, "init", "--hooks", "--commit")
    names = [f"d{number}" for number in range(length)]
    write(store, {f"metadata/datasets/{name}.yaml": DATASET for name in names})
    circle = zip(names, [*names[1:], names[0]], strict=True)
    write(
        store,
        {
            f"metadata/datasets/{name}/1.yaml": version(n, f"dataset/{other}@1")
            for n, (name, other) in enumerate(circle)
        },
    )
    began = monotonic()
    said = ml(store, "validate", "--format", "json")
    (problem,) = (one for one in said.json["problems"] if one["severity"] == "error")
    assert problem["code"] == "ref.cycle"
    assert (problem["line"], problem["field"]) == (10, "inputs.previous.ref")
    assert monotonic() - began < 10
    assert fine(store, "show", "dataset/d0@1").code == 0
    assert fine(store, "list", "dataset-version").code == 0
    git(store, "add", "-A")
    was = held(store)
    refusal = process(store, "git", "commit", "-q", "-m", "circle", env=shell)
    assert refusal.code == 1
    assert refusal.err.count("error ref.cycle") == 1
    assert held(store) == was


def test_a_chain_of_a_thousand_versions_is_no_circle(store: Path) -> None:
    write(store, {"metadata/datasets/d.yaml": DATASET})
    chain = {n: f"dataset/d@{n - 1}" if n > 1 else None for n in range(1, 1001)}
    write(store, {f"metadata/datasets/d/{n}.yaml": version(n, previous) for n, previous in chain.items()})
    assert fine(store, "validate").out.endswith("no problems\n")


def test_an_id_that_disagrees_is_refused(store: Path) -> None:
    was = held(store)
    wrong = "inputs.model.id=01JD7M000000000000000000ZZ"
    said = ml(store, "new", "run", "wine", "status=finished", "inputs.model.ref=model/wine@1", wrong)
    assert said.code == 1
    assert "error ref.id inputs.model.ref" in said.err
    assert held(store) == was
    assert fine(store, "show", f"run/wine/{RUN_A}").code == 0
