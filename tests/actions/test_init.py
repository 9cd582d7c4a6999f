"""A store in a repository, new or old."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import gitml
from acting import opened
from gitml.errors import BadValue, GitFailed
from gitml.repo import packaged
from gitml.store import initialise
from gitrepo import commit, git, init, write

STORE = """\
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
"""
RECORDS, SERIES = "metadata/**/*.yaml text eol=lf -filter\n", "metadata/series/** -text -filter\n"
DRIVER = "metadata/**/*.yaml merge=gitml diff=gitml\n"
ATTRIBUTES = RECORDS + SERIES + DRIVER


def test_settings_schemas_and_attributes(repo: Path) -> None:
    done = initialise(repo)
    assert (repo / "metadata/store.yaml").read_text() == STORE
    assert (repo / ".gitattributes").read_text() == ATTRIBUTES
    assert {path.name for path in (repo / "schemas").iterdir()} == set(packaged.files())
    assert len(done.written) == len(packaged.files()) + 2
    assert done.warnings == ()
    assert gitml.open(repo).validate().problems == ()


def test_a_second_time_nothing_changes(repo: Path) -> None:
    initialise(repo)
    commit(repo, {}, "store")
    done = initialise(repo, commit=True)
    assert (done.written, done.applied.commit) == ((), None)
    assert git(repo, "status", "--short") == ""


def test_gitml_init_opens_the_store(repo: Path) -> None:
    store = gitml.init(repo)
    store.new("model", "wine")
    assert store.show("model/wine")


def test_it_can_commit_even_the_first_commit(repo: Path) -> None:
    done = initialise(repo, commit=True, message="a store")
    assert done.applied.commit == git(repo, "rev-parse", "HEAD")
    assert git(repo, "log", "--format=%s") == "a store"
    assert git(repo, "status", "--short") == ""


def test_what_is_there_stays(repo: Path) -> None:
    initialise(repo)
    run = repo / "schemas/run.yaml"
    run.write_text(run.read_text() + "# ours\n")
    (repo / "schemas/kpi.yaml").unlink()
    (repo / "metadata/store.yaml").write_text("schema: store/1\nmain: trunk\n")
    assert initialise(repo).written == ("schemas/kpi.yaml",)
    assert run.read_text().endswith("# ours\n")
    assert (repo / "metadata/store.yaml").read_text() == "schema: store/1\nmain: trunk\n"


def test_schemas_of_something_else_are_left_alone(repo: Path) -> None:
    write(
        repo, {"schemas/user.yaml": "type: object\n", "schemas/deep/run.yaml": "$id: run/1\n", "schemas/a.json": "{}\n"}
    )
    done = initialise(repo)
    assert sorted(path.name for path in (repo / "schemas").rglob("*.*")) == ["a.json", "run.yaml", "user.yaml"]
    assert done.warnings == ("schemas/ belongs to something else and is left alone: the packaged schemas serve",)
    store = gitml.open(repo)
    store.new("model", "wine")
    assert store.validate().problems == ()


def test_an_empty_folder_of_schemas_is_nobodys(repo: Path) -> None:
    (repo / "schemas").mkdir()
    assert initialise(repo).warnings == ()
    assert (repo / "schemas/run.yaml").is_file()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("*.csv binary\n", "*.csv binary\n" + ATTRIBUTES),
        ("*.csv binary", "*.csv binary\n" + ATTRIBUTES),
        (ATTRIBUTES, ATTRIBUTES),
        (ATTRIBUTES + "x\n", ATTRIBUTES + "x\n"),
        (SERIES, SERIES + ATTRIBUTES),
        (RECORDS + SERIES, ATTRIBUTES),
        (RECORDS.replace(" ", "  "), RECORDS.replace(" ", "  ") + SERIES + DRIVER),
        ("*.csv binary\r\n", "*.csv binary\r\n" + ATTRIBUTES.replace("\n", "\r\n")),
    ],
    ids=range(8),
)  # fmt: skip
def test_attributes_are_added_to_what_stands_there(repo: Path, before: str, after: str) -> None:
    (repo / ".gitattributes").write_bytes(before.encode())
    initialise(repo)
    assert (repo / ".gitattributes").read_bytes() == after.encode()
    assert git(repo, "check-attr", "text", "eol", "filter", "--", "metadata/a/b.yaml").splitlines() == [
        "metadata/a/b.yaml: text: set", "metadata/a/b.yaml: eol: lf", "metadata/a/b.yaml: filter: unset",
    ]  # fmt: skip
    assert git(repo, "check-attr", "text", "--", "metadata/series/a.yaml") == "metadata/series/a.yaml: text: unset"


def test_in_a_subfolder_it_makes_a_store_there(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    initialise(repo)
    (repo / "team").mkdir()
    monkeypatch.chdir(repo / "team")
    done = initialise()
    assert all(path.startswith("team/") for path in done.written)
    assert (repo / "team/.gitattributes").read_text() == ATTRIBUTES
    assert git(repo, "check-attr", "eol", "--", "team/metadata/a.yaml").endswith("lf")
    store = gitml.open()
    store.new("model", "wine")
    assert (repo / "team/metadata/models/wine.yaml").is_file()
    assert store.validate().problems == ()
    assert gitml.open(repo).validate().problems == ()


@pytest.mark.parametrize("place", ["metadata", "metadata/models", "schemas"])
def test_not_inside_a_stores_own_folders(repo: Path, place: str) -> None:
    initialise(repo)
    (repo / place).mkdir(exist_ok=True)
    with pytest.raises(BadValue, match="is a folder of the store"):
        initialise(repo / place)


def test_where_there_is_no_repository(tmp_path: Path) -> None:
    with pytest.raises(GitFailed, match=r"not a git repository.*git init"):
        initialise(tmp_path)
    git(tmp_path, "init", "-q", "--bare", "bare.git")
    with pytest.raises(GitFailed, match="bare"):
        initialise(tmp_path / "bare.git")


def main_of(place: Path) -> str:
    initialise(place)
    found = opened(place).snapshot.settings.main
    shutil.rmtree(place / "metadata")
    return found


def test_the_main_branch(tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    git(place, "init", "-q", "-b", "trunk2")
    assert main_of(place) == "trunk2"
    git(place, "config", "user.name", "M")
    git(place, "config", "user.email", "m@example.org")
    commit(place, {"a": "1"})
    git(place, "checkout", "-q", "-b", "feature")
    git(place, "branch", "master")
    assert main_of(place) == "master"
    clone = tmp_path / "clone"
    git(place, "checkout", "-q", "trunk2")
    git(tmp_path, "clone", "-q", str(place), str(clone))
    git(clone, "checkout", "-q", "-b", "other")
    assert main_of(clone) == "trunk2"  # as the remote's HEAD says
    git(place, "branch", "-D", "-q", "master")
    git(place, "checkout", "-q", "--detach")
    assert main_of(place) == "main"


def test_in_a_linked_worktree_and_with_hooks(tmp_path: Path) -> None:
    place = init(tmp_path / "one")
    commit(place, {"a": "1"})
    git(place, "worktree", "add", "-q", str(tmp_path / "two"), "-b", "two")
    done = initialise(tmp_path / "two", hooks=True)
    assert (tmp_path / "two/metadata/store.yaml").is_file()
    assert not (place / "metadata").exists()
    assert any(path.endswith("pre-commit") for path in done.hooks)
    assert initialise(tmp_path / "two", hooks=True).hooks == ()


def test_metadata_that_git_ignores_is_told(repo: Path) -> None:
    (repo / ".gitignore").write_text("metadata/\n")
    assert any("metadata/store.yaml is ignored by git" in one for one in initialise(repo).warnings)
