"""Files that are no records, through the real command line and git's hook: one clear problem each, nothing lost."""

from __future__ import annotations

from pathlib import Path
from time import monotonic

import pytest

from command_line import fine, ml, process
from gitrepo import commit, git, write
from hostile import CONTENTS, DATASET, PLACE, Bad, add, held, line, refused

LINES = {None: ""} | {number: f":{number}" for number in range(1, 300)}


def place(bad: Bad, path: str = PLACE) -> str:
    """How its first problem's place is printed."""
    return f"{path}{LINES[bad.line]}{LINES[bad.column]}"


@pytest.mark.parametrize("bad", CONTENTS, ids=str)
def test_validate_names_the_place_and_what_to_do(store: Path, bad: Bad) -> None:
    add(store, bad)
    was = held(store)
    began = monotonic()
    said = ml(store, "validate", "--format", "json")
    assert monotonic() - began < 5
    assert (said.code, said.err) == (1, "")
    problems = [problem for problem in said.json["problems"] if problem["severity"] == "error"]
    assert {problem["path"] for problem in problems} == {PLACE}
    first = problems[0]
    assert [first[key] for key in ("code", "line", "column")] == [bad.code, bad.line, bad.column]
    assert bad.told in f"{first['message']}; {first['hint']}"
    assert first["hint"] or bad.code == "schema.type"
    assert max(len(problem["message"]) for problem in problems) < 300
    assert len(problems) <= 100
    text = ml(store, "validate")
    assert (text.code, text.err) == (1, "")
    assert any(told.startswith(f"{place(bad)}: error {bad.code}") for told in text.out.splitlines())
    assert text.out.replace("\n", "").isprintable()
    assert held(store) == was


@pytest.mark.parametrize(
    "bad", [bad for bad in CONTENTS if not bad.code.startswith("schema.") or bad.line == 1], ids=str
)
def test_every_other_verb_says_it_in_one_line_and_the_rest_is_there(store: Path, bad: Bad) -> None:
    commit(store, {"metadata/datasets/wine.yaml": DATASET})
    add(store, bad)
    if bad.name == "a major to come":  # it can be read, though it is not right
        assert fine(store, "show", "dataset/x").out.count(f"# {PLACE}:1:9: error schema.const") == 1
        return
    for argv in (["show"], ["set", "title=x"], ["rm"], ["get"], ["compare", "dataset/wine"]):
        told = refused(store, argv[0], "dataset/x", *argv[1:])
        assert told.startswith(f"git ml: dataset/x cannot be read: {place(bad)}: "), told
        assert len(told) < 500
    assert "is there already" in refused(store, "new", "dataset", "x")
    listed = fine(store, "list", "dataset")
    assert listed.out.splitlines()[1:] == ["dataset/wine  Wines."]
    told = "1 dataset record cannot be read and so not shown; git ml validate says why"
    if bad.code == "merge.conflict":
        told = f"1 file unmerged, so records are missing: {PLACE}; git ml validate shows both sides"
    assert listed.err == f"git ml: warning: {told}\n"
    assert [row["records"] for row in fine(store, "list", "--format", "json").json["rows"] if row["kind"] == "dataset"]
    assert fine(store, "show", "dataset/wine").err == ""


def test_a_known_error_has_the_contracts_json(store: Path) -> None:
    add(store, CONTENTS[0])
    said = ml(store, "show", "dataset/x", "--format", "json")
    assert said.code == 1
    assert said.error == {
        "code": "not-found",
        "message": f"dataset/x cannot be read: {PLACE}:1:9: mapping values are not allowed in this context; quote a "
        "text that holds `: `, or mend the indentation",
        "hint": "git ml validate shows all problems",
        "near": [],
    }


def test_the_hook_refuses_every_one_of_them_and_nothing_is_lost(store: Path, shell: dict[str, str]) -> None:
    assert process(store, "git", "ml", "init", "--hooks", env=shell).code == 0
    git(store, "add", "-A")
    git(store, "commit", "-q", "--no-verify", "-m", "a store")
    paths = {f"metadata/datasets/x{number}.yaml": bad for number, bad in enumerate(CONTENTS)}
    for path, bad in paths.items():
        add(store, bad, path)
    git(store, "add", "-A")
    was = held(store)
    for argv in (["-m", "all"], ["-a", "-m", "all"], ["-m", "one", "--", "metadata/datasets/x0.yaml"]):
        said = process(store, "git", "commit", "-q", *argv, env=shell)
        assert said.code == 1
        assert said.out == ""
        assert "Traceback" not in said.err
        assert said.err.splitlines()[-1] == "git ml: nothing was committed; what is wrong stands above"
        assert held(store) == was
        if argv[-1] != "all":
            assert said.err.startswith("metadata/datasets/x0.yaml:1:9: error yaml.syntax: ")
            continue
        for path, bad in paths.items():
            # 20 MiB are read from git as they are, and found to be too large as a record is
            assert f"{place(bad, path)}: error {bad.code}" in said.err
    git(store, "rm", "-q", "-f", *paths)
    write(store, {"metadata/datasets/good.yaml": DATASET})
    git(store, "add", "-A")
    assert process(store, "git", "commit", "-q", "-m", "good", env=shell).code == 0
    assert fine(store, "validate").out.endswith("no problems\n")


def test_a_byte_order_mark_goes_with_fix(store: Path) -> None:
    write(store, {PLACE: b"\xef\xbb\xbf" + DATASET.encode()})
    said = fine(store, "validate", "--fix")
    assert said.err == f"git ml: rewritten: {PLACE}\n"
    assert (store / PLACE).read_text() == DATASET


def test_crlf_is_git_s_business_where_attributes_say_so_else_a_matter_of_form(store: Path) -> None:
    raw = DATASET.replace("\n", "\r\n").encode()
    write(store, {PLACE: raw})
    said = ml(store, "validate", "--format", "json")
    assert said.code == 0
    assert [(one["code"], one["path"], one["severity"]) for one in said.json["problems"]] == [
        ("canonical.form", PLACE, "warning")
    ]
    assert fine(store, "show", "dataset/x", "--format", "json").json["data"]["description"] == "Wines."
    fine(store, "init")
    assert fine(store, "validate").out.endswith("no problems\n")
    assert (store / PLACE).read_bytes() == raw
    git(store, "rm", "-q", "--cached", "--ignore-unmatch", ".gitattributes")
    (store / ".gitattributes").unlink()
    fine(store, "validate", "--fix")
    assert (store / PLACE).read_text() == DATASET


def test_what_cannot_be_mended_is_left_alone_by_fix(store: Path) -> None:
    add(store, CONTENTS[0])
    was = held(store)
    assert ml(store, "validate", "--fix").code == 1
    assert held(store) == was


def test_a_thousand_broken_records_are_told_and_listed_quickly(store: Path) -> None:
    write(store, {f"metadata/datasets/d{number:04}.yaml": "a: [\n" for number in range(1000)})
    began = monotonic()
    said = ml(store, "validate")
    assert said.code == 1
    assert said.out.count("error yaml.syntax") == 1000
    assert said.out.endswith(" 1000 errors\n")
    assert ["dataset", "0", "1000"] in [line.split() for line in fine(store, "list").out.splitlines()]
    assert fine(store, "list", "dataset").err.startswith("git ml: warning: 1000 dataset records cannot be read")
    assert fine(store, "new", "metric", "loss", "direction=lower").code == 0
    assert monotonic() - began < 10


def test_a_thousand_wrong_records_are_told_with_their_places(store: Path) -> None:
    wrong = {f"metadata/datasets/d{n:04}.yaml": f"{DATASET}owners: {n}\n" for n in range(1000)}
    write(store, wrong)
    began = monotonic()
    problems = ml(store, "validate", "--format", "json").json["problems"]
    assert monotonic() - began < 10
    assert [(one["path"], one["line"], one["column"]) for one in problems] == [(path, 3, 9) for path in sorted(wrong)]


SETTINGS = [
    ("- a\n", "schema.type", 1), ("", "yaml.empty", None), ("a: b: c\n", "yaml.syntax", 1),
    ("schema: run/1\n", "schema.const", 1), ("schema: store/9\n", "schema.const", 1), ("\0", "yaml.encoding", 1),
    ("schema: store/1\nmain: 3\n", "schema.type", 2), ("schema: store/1\nreaders: x\n", "schema.type", 2),
    (b"\xff\xfe", "yaml.encoding", 1), ("[" * 9999, "yaml.depth", 1),
]  # fmt: skip


@pytest.mark.parametrize(("content", "code", "number"), SETTINGS)
def test_a_bad_store_yaml_is_a_problem_and_defaults_hold(
    store: Path, content: str | bytes, code: str, number: int | None
) -> None:
    write(store, {"metadata/store.yaml": content})
    said = ml(store, "validate", "--format", "json")
    assert said.code == 1
    problem = said.json["problems"][0]
    assert (problem["code"], problem["path"], problem["line"]) == (code, "metadata/store.yaml", number)
    assert "model/wine" in fine(store, "list", "model").out
    assert fine(store, "list", "--at", "2026-03-01").code == 0
    fine(store, "new", "metric", "loss", "direction=lower", "--commit")


@pytest.mark.parametrize(
    "main", ["--upload-pack=touch x", "-x", "a b", "main\\n", "*", "../x", "@{-1}", ":/x", "HEAD^{/x}"]
)
def test_a_main_branch_that_is_none_is_asked_for_by_name_alone(store: Path, main: str) -> None:
    write(store, {"metadata/store.yaml": f'schema: store/1\nmain: "{main}"\n'})
    git(store, "checkout", "-q", "-b", "work")
    assert fine(store, "validate", "--staged").code == 0
    assert ml(store, "validate").code == 0
    told = line(ml(store, "list", "--at", "2026-03-02"))
    assert "is not here" in told
    assert "metadata/store.yaml" in told
    assert not (store / "x").exists()
