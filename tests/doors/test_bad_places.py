"""Records where none belong, and what stands where a record belongs: links, folders, submodules, pointers, names."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from command_line import fine, ml, process
from gitrepo import commit, git, init, write
from hostile import DATASET, PLACE, held, line, refused

LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


def symlink(store: Path) -> None:
    (store / PLACE).symlink_to("wine.yaml")


def dangling(store: Path) -> None:
    (store / PLACE).symlink_to("/nowhere/at/all")


def loop(store: Path) -> None:
    (store / PLACE).symlink_to("x.yaml")


def submodule(store: Path) -> None:
    inner = init(store.parent / "inner")
    commit(inner, {"x.yaml": DATASET})
    git(store, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner), PLACE)


def nested(store: Path) -> None:
    commit(init(store / PLACE), {"x.yaml": DATASET})


def pointer(store: Path) -> None:
    write(store, {PLACE: LFS})


@pytest.mark.parametrize(
    ("put", "code", "told"),
    [
        (symlink, "path.not-a-file", "a symlink stands where a record should be"),
        (dangling, "path.not-a-file", "a symlink stands where a record should be"),
        (loop, "path.not-a-file", "a symlink stands where a record should be"),
        (submodule, "path.not-a-file", "a submodule stands where a record should be"),
        (nested, "path.not-a-file", "a submodule stands where a record should be"),
        (pointer, "path.lfs", "a Git LFS pointer stands where a record should be"),
    ],
)
def test_what_stands_where_a_record_should_be_is_named_and_left_alone(
    store: Path, shell: dict[str, str], put: Callable[[Path], None], code: str, told: str
) -> None:
    commit(store, {"metadata/datasets/wine.yaml": DATASET})
    fine(store, "init", "--hooks", "--commit")
    put(store)
    said = ml(store, "validate", "--format", "json")
    assert (said.code, said.err) == (1, "")
    (problem,) = said.json["problems"]
    assert (problem["code"], problem["path"], problem["message"]) == (code, PLACE, told)
    assert problem["hint"]
    for argv in (["show", "dataset/x"], ["set", "dataset/x", "title=y"], ["rm", "dataset/x"], ["get", "dataset/x"]):
        assert refused(store, *argv).startswith(f"git ml: dataset/x cannot be read: {PLACE}: {told}; ")
    assert "is there already" in refused(store, "new", "dataset", "x", "--commit")
    assert fine(store, "list", "dataset").out.splitlines()[1:] == ["dataset/wine  Wines."]
    git(store, "add", "-A")
    was = held(store)
    refusal = process(store, "git", "commit", "-q", "-m", "x", env=shell)
    assert (refusal.code, refusal.out) == (1, "")
    assert refusal.err.startswith(f"{PLACE}: error {code}: {told}; ")
    assert held(store) == was
    git(store, "commit", "-q", "--no-verify", "-m", "x")
    assert [one["code"] for one in ml(store, "validate", "--at", "HEAD", "--format", "json").json["problems"]] == [code]


def test_a_folder_where_a_record_should_be(store: Path, shell: dict[str, str]) -> None:
    fine(store, "init", "--hooks", "--commit")
    inside = f"{PLACE}/readme.txt"
    write(store, {inside: "hello\n"})
    (problem,) = ml(store, "validate", "--format", "json").json["problems"]
    assert (problem["code"], problem["path"]) == ("path.not-a-file", inside)
    assert refused(store, "show", "dataset/x").startswith("git ml: there is no dataset/x in the work tree")
    told = refused(store, "new", "dataset", "x")
    assert told == f"git ml: {PLACE}: a folder stands here; nothing was written; move it away"
    git(store, "add", "-A")
    assert f"{inside}: error path.not-a-file" in process(store, "git", "commit", "-q", "-m", "x", env=shell).err


def test_an_empty_folder_and_a_pipe_are_nothing_to_git_and_stay(store: Path) -> None:
    (store / PLACE).mkdir(parents=True)
    os.mkfifo(store / "metadata/datasets/pipe.yaml")
    assert fine(store, "validate").out.endswith("no problems\n")
    assert "a folder stands here" in refused(store, "new", "dataset", "x")
    assert "no plain file stands here" in refused(store, "new", "dataset", "pipe")
    assert "there is no dataset/pipe" in refused(store, "show", "dataset/pipe")


@pytest.mark.parametrize("folder", ["metadata/models", "metadata/models/wine", "metadata"])
def test_a_folder_of_records_behind_a_link_is_not_lost_in_silence(
    store: Path, shell: dict[str, str], folder: str
) -> None:
    fine(store, "init", "--hooks")
    git(store, "add", "-A")
    git(store, "commit", "-q", "--no-verify", "-m", "a store")
    shutil.move(store / folder, store / "elsewhere")
    (store / folder).symlink_to(os.path.relpath(store / "elsewhere", (store / folder).parent))
    said = ml(store, "validate", "--format", "json")
    assert said.code == 1
    found = {(one["code"], one["path"]): one["message"] for one in said.json["problems"]}
    assert found["path.not-a-file", folder] == "a symlink stands where records should be"
    if folder == "metadata/models":
        assert "1 model record cannot be read" in fine(store, "list", "model").err
    if folder != "metadata/models/wine":
        assert "a symlink" in refused(store, "new", "model", "other")
    git(store, "add", "-A")
    refusal = process(store, "git", "commit", "-q", "-m", "x", env=shell)
    assert refusal.code == 1
    assert f"{folder}: error path.not-a-file" in refusal.err


def test_a_link_beside_records_that_hides_none_is_fine(store: Path) -> None:
    write(store, {"README.md": "hello\n"})
    (store / "metadata/README.md").symlink_to("../README.md")
    assert fine(store, "validate").out.endswith("no problems\n")


def test_a_file_where_a_folder_of_records_should_be(store: Path) -> None:
    write(store, {"metadata/datasets": "a note\n"})
    assert refused(store, "new", "dataset", "x").endswith("datasets is a file where a folder must be")
    assert fine(store, "list", "dataset").out == ""


def test_a_store_yaml_that_is_a_link_is_no_settings(store: Path) -> None:
    write(store, {"settings.yaml": (store / "metadata/store.yaml").read_text()})
    (store / "metadata/store.yaml").unlink()
    (store / "metadata/store.yaml").symlink_to("../settings.yaml")
    (problem,) = ml(store, "validate", "--format", "json").json["problems"]
    assert (problem["code"], problem["path"]) == ("path.not-a-file", "metadata/store.yaml")
    assert "model/wine" in fine(store, "list", "model").out


def test_lfs_attributes_from_before_are_overruled_by_init(store: Path) -> None:
    clean = store / "lfs-clean"
    write(
        store, {"lfs-clean": f"#!/bin/sh\ncat > /dev/null\nprintf '{LFS}'\n", ".gitattributes": "*.yaml filter=lfs\n"}
    )
    clean.chmod(0o755)
    git(store, "config", "filter.lfs.clean", str(clean))
    write(store, {PLACE: DATASET})
    assert {one["code"] for one in ml(store, "validate", "--format", "json").json["problems"]} == {"path.lfs"}
    git(store, "add", "-A")
    assert f"{PLACE}: error path.lfs" in ml(store, "validate", "--staged").out
    fine(store, "init")
    git(store, "add", "--renormalize", "-A")
    assert fine(store, "validate").out.endswith("no problems\n")
    assert fine(store, "validate", "--staged").out.endswith("no problems\n")


@pytest.mark.parametrize(
    ("path", "content", "code", "told"),
    [
        ("metadata/models/x.yaml", DATASET, "path.mismatch", "a dataset record lies where model records lie"),
        ("metadata/datasets/a/b/c.yaml", DATASET, "path.mismatch", "no record of kind dataset lies here"),
        ("metadata/datasets/x.yml", DATASET, "path.mismatch", "ends in .yml"),
        ("metadata/datasets/Wine.yaml", DATASET, "path.mismatch", "is no file name for a record's name"),
        ("metadata/datasets/wine~00000000.yaml", DATASET, "path.mismatch", "does not hold the exact name"),
        ("metadata/datasets/con.yaml", DATASET, "path.mismatch", "is no file name for a record's name"),
        ("metadata/datasts/x.yaml", DATASET, "path.unknown-kind", "no kind keeps its records in metadata/datasts"),
        ("metadata/x.yaml", DATASET, "path.unknown-kind", "no kind keeps its records in metadata/x.yaml"),
        ("metadata/runs/wine/00/01JD7K000000000000000000Z0.yaml", "schema: run/1\nstatus: finished\n", "path.mismatch",
         "does not lie here"),
    ],
)  # fmt: skip
def test_a_record_in_the_wrong_place_is_told_where_it_belongs(
    store: Path, shell: dict[str, str], path: str, content: str, code: str, told: str
) -> None:
    write(store, {path: content})
    was = held(store)
    said = ml(store, "validate", "--format", "json")
    assert said.code == 1
    (problem,) = (one for one in said.json["problems"] if one["severity"] == "error")
    assert (problem["code"], problem["path"]) == (code, path)
    assert told in problem["message"]
    assert problem["hint"]
    assert ml(store, "validate", path).code == 1
    assert held(store) == was
    git(store, "add", "-A")
    assert f"{path}: error {code}" in ml(store, "validate", "--staged").out.replace(":1:1:", ":")


def test_an_unknown_kind_or_field_is_told_with_the_nearest(store: Path) -> None:
    assert "nearest: metric" in refused(store, "new", "metrc", "x")
    assert "nearest: model" in refused(store, "list", "modl")
    assert "there is no kind 'grape'; a new kind is a new file in schemas/" in refused(store, "show", "grape/x")
    assert line(ml(store, "show", "model/wine@9", "--format", "table")).startswith("git ml: there is no model/wine@9")
    error = ml(store, "show", "model/wina", "--format", "json").error
    assert (error["code"], error["near"]) == ("not-found", ["model/wine"])


NAMES = [
    "ne\nw.yaml", "e\x1b[31mvil.yaml", "b\udcff.yaml", "q\"'u.yaml", "\u202eltr.yaml", "-rf.yaml", "é.yaml",
    "a\tb.yaml", "*.yaml", "\x07.yaml", " .yaml", ":(top)x.yaml",
]  # fmt: skip


def test_file_names_cannot_write_on_the_terminal_nor_stop_us(store: Path, shell: dict[str, str]) -> None:
    fine(store, "init", "--hooks", "--commit")
    write(store, {f"metadata/datasets/{name}": DATASET for name in NAMES})
    write(store, {f"metadata/datasets/broken-{name}": "a: [\n" for name in NAMES})
    was = held(store)
    said = ml(store, "validate")
    assert (said.code, said.err) == (1, "")
    lines = said.out.splitlines()
    assert len(lines) == 2 * len(NAMES) + 1
    assert all(one.isprintable() for one in lines)
    found = ml(store, "validate", "--format", "json").json["problems"]
    assert {one["path"] for one in found} == {
        f"metadata/datasets/{more}{name}" for name in NAMES for more in ("", "broken-")
    }
    for form in ("csv", "md"):
        assert "\x1b" not in ml(store, "validate", "--format", form).out
    for name in NAMES:
        path = f"metadata/datasets/{name}"
        assert len(ml(store, "validate", "--format", "json", "--", path).json["problems"]) == 1
    assert fine(store, "list", "dataset").err.endswith(
        "24 dataset records cannot be read and so not shown; git ml validate says why\n"
    )
    assert held(store) == was
    git(store, "add", "-A")
    refusal = process(store, "git", "commit", "-q", "-m", "x", env=shell)
    assert refusal.code == 1
    assert all(one.isprintable() for one in refusal.err.splitlines())
    assert len(refusal.err.splitlines()) == 2 * len(NAMES) + 2


@pytest.mark.parametrize("word", ["\x1b[31mred", "a\nb", "\udcff", "\u202e", "x" * 5000])
@pytest.mark.parametrize(
    "argv",
    [["show", "{}"], ["show", "dataset/{}"], ["list", "{}"], ["list", "model", "{} = 1"], ["list", "--at", "{}"],
     ["new", "{}", "x"], ["new", "dataset", "d", "--from", "{}"], ["set", "model/wine", "{}=1"], ["validate", "{}"],
     ["get", "model/{}@1"], ["promote", "model/wine@{}", "x"], ["register", "m", "--path", "{}"],
     ["compare", "{}", "{}"], ["-C", "{}", "list"]],
)  # fmt: skip
def test_words_cannot_write_on_the_terminal_either(store: Path, argv: list[str], word: str) -> None:
    was = held(store)
    said = ml(store, *(part.format(word) for part in argv))
    assert said.code in (1, 2), said
    assert said.out == ""
    assert all(each.isprintable() for each in said.err.splitlines()), said
    assert "a bug in gitml" not in said.err
    assert held(store) == was
