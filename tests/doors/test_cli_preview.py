"""`git ml preview`, `git ml get` and `git ml bump` as they are typed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from command_line import fine, ml
from dvc_world import WINE, dvc, settled, world
from gitrepo import commit, environment, git, write


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The world with a store and a data set, committed."""
    place = tmp_path_factory.mktemp("preview")
    site = {"DVC_SITE_CACHE_DIR": str(place / "site"), "DVC_NO_ANALYTICS": "1"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(site).items():
            patch.setenv(name, value)
        repo = world(place)
        write(repo, {"metadata/store.yaml": "schema: store/1\nmain: main\n"})
        fine(repo, "new", "dataset", "wine", "--from", "data/wine.csv")
        fine(repo, "new", "model", "wine", "description=Price band.")
        fine(repo, "new", "model-version", "wine@1", "training_data={ref: dataset/wine@1}")
        commit(repo, {}, "one")
    return place


@pytest.fixture
def repo(made: Path, tmp_path: Path) -> Path:
    return settled(Path(shutil.copytree(made, tmp_path / "world", symlinks=True)) / "repo")


def test_preview_as_a_table_and_in_other_formats(repo: Path) -> None:
    said = fine(repo, "preview", "dataset/wine@1", "--limit", "2")
    assert said.out.splitlines() == ["alcohol  mail", "   12.5  ***", "   13.1  ***"]
    assert said.err == "git ml: mail is personal, or looks so: masked\n"
    assert fine(repo, "preview", "dataset/wine@1", "--format", "csv").out == "alcohol,mail\n12.5,***\n13.1,***\n11.0,\n"
    assert "| 13.1 | \\*\\*\\* |" in fine(repo, "preview", "dataset/wine@1", "--format", "md").out
    shape = fine(repo, "preview", "dvc-output/data%2Fwine.csv", "--format", "json", "--limit", "1").json
    assert shape == {
        "format": 1, "at": {"kind": "worktree", "commit": None, "events": None}, "ref": "dvc-output/data%2Fwine.csv",
        "path": "data/wine.csv", "type": "csv", "total": None,
        "columns": [{"name": "alcohol", "type": "float"}, {"name": "mail", "type": "string"}],
        "rows": [{"alcohol": 12.5, "mail": "***"}], "masked": ["mail"],
        "notes": ["mail is personal, or looks so: masked"],
    }  # fmt: skip
    assert fine(repo, "preview", "HEAD:dataset/wine@1", "--format", "json").json["at"]["kind"] == "commit"


def test_preview_of_a_folder_a_text_and_bytes(repo: Path) -> None:
    lines = fine(repo, "preview", "dvc-output/images").out.splitlines()
    assert lines[0].split() == ["file", "md5"]
    assert [line.split()[0] for line in lines[1:]] == ["a.png", "deep/b.png"]
    write(repo, {"t.txt": "one \x1b[31mred\nsecond\n", "b.bin": b"\0\1", "e.csv": ""})
    for name in ("t.txt", "b.bin", "e.csv"):
        fine(repo, "new", "dataset", name.partition(".")[0], "--from", name)
    text = fine(repo, "preview", "dataset/t@1").out
    assert text.splitlines()[1] == "second"
    assert "\x1b" not in text
    said = fine(repo, "preview", "dataset/b@1")
    assert (said.out, said.err) == ("", "git ml: binary, 2 bytes: git ml get fetches them\n")
    assert fine(repo, "preview", "dataset/e@1").out == ""
    assert fine(repo, "preview", "dataset/wine@1", "--limit", "0").out == "alcohol  mail\n"


def test_preview_of_what_cannot_be_shown(repo: Path) -> None:
    for ref in ("dataset/wine", "model/wine@1", "dataset/none@1", "nonsense"):
        said = ml(repo, "preview", ref)
        assert said.code == 1
        assert said.err.count("\n") == 1
    assert ml(repo, "preview", "dataset/wine@1", "--limit", "-1").code == 2


def test_get_what_dvc_tracks(repo: Path, tmp_path: Path) -> None:
    assert fine(repo, "get", "dvc-output/data%2Fwine.csv").out == f"{repo / 'data/wine.csv'}\n"
    fine(repo, "get", "dvc-output/images", "-o", str(tmp_path / "out"))
    assert (tmp_path / "out/images/deep/b.png").read_text() == "b"


def test_bump_says_what_is_new_and_who_rests_on_the_last_version(repo: Path) -> None:
    assert fine(repo, "bump", "dataset/wine", "--reason", "x").out == (
        "nothing has changed: data/wine.csv is what dataset/wine@1 says\n"
    )
    write(repo, {"data/wine.csv": WINE.replace("mail", "grower") + "9.5,z\n"})
    with dvc(repo) as opened:
        opened.add("data/wine.csv")
    said = ml(repo, "validate")
    assert said.code == 0
    assert "warning pointer.moved" in said.out
    assert "git ml bump dataset/wine --reason …" in said.out
    said = fine(repo, "bump", "dataset/wine", "--reason", "harvest of 2026", "--commit", "--format", "json")
    assert (said.json["previous"], said.json["note"]) == ("dataset/wine@1", None)
    assert said.json["dependents"] == [{"ref": "model/wine@1", "field": "training_data.ref", "role": "trained_on"}]
    fields = {one["field"]: one["after"] for one in said.json["changes"][0]["fields"]}
    assert fields["changes.added"] == ["grower"]
    assert fields["changes.removed"] == ["mail"]
    assert fields["reason"] == "harvest of 2026"
    assert said.json["commit"] == git(repo, "rev-parse", "HEAD")
    write(repo, {"data/wine.csv": WINE + "1.0,\n"})
    with dvc(repo) as opened:
        opened.add("data/wine.csv")
    assert fine(repo, "bump", "dataset/wine").out.splitlines() == [
        "+ dataset/wine@3  metadata/datasets/wine/3.yaml", "written, not committed",
        "nothing refers to dataset/wine@2",
    ]  # fmt: skip


def test_bump_refuses_in_one_line(repo: Path) -> None:
    for name, told in {"model/wine": "is made by a run", "none": "there is no dataset/none"}.items():
        said = ml(repo, "bump", name)
        assert (said.code, said.out, said.err.count("\n")) == (1, "", 1)
        assert told in said.err
