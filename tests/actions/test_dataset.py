"""A dataset from a file: what is recorded, and how its bytes are tracked."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

import pytest

import gitml
from acting import NOW, WINE, dvc, opened
from gitml.actions.apply import Applied
from gitml.errors import BadValue, Conflict, NotFound, Refused
from gitrepo import commit, git, write

PIPELINE = """\
stages:
  make:
    cmd: cp data/wine.csv out.csv
    deps: [data/wine.csv]
    outs: [out.csv]
"""


def data(place: Path, ref: str) -> dict[str, Any]:
    return dict(opened(place).show(ref).data)


def refs(done: Applied) -> list[str | None]:
    return sorted((one.ref for one in done.changes), key=str)


def errors(place: Path) -> list[str]:
    return [str(one) for one in opened(place).validate().problems]


def test_head_and_first_version(tracked: Path) -> None:
    done = opened(tracked).new_dataset("wine", "data/wine.csv", {"description": "Wines.", "rows": 3, "reason": "first"})
    assert refs(done) == ["dataset/wine", "dataset/wine@1"]
    assert done.warnings == ()
    assert data(tracked, "dataset/wine") == {"schema": "dataset/1", "description": "Wines."}
    version = data(tracked, "dataset/wine@1")
    pointer = version.pop("pointer")
    assert pointer == {"type": "dvc", "path": "data/wine.csv", "md5": pointer["md5"], "size": len(WINE)}
    assert f"md5: {pointer['md5']}" in (tracked / "data/wine.csv.dvc").read_text()
    assert len(version.pop("id")) == 26
    assert version == {
        "schema": "dataset-version/1",
        "created": NOW.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "by": "Mona",
        "reason": "first",
        "format": "csv",
        "rows": 3,
        "columns": [
            {"name": "alcohol", "type": "float", "nulls": 0},
            {"name": "grower", "type": "string", "nulls": 1},
        ],
    }
    assert errors(tracked) == []


def test_a_file_that_nobody_tracks_is_given_to_dvc_and_lands_with_it(tracked: Path) -> None:
    write(tracked, {"data/new.csv": "a,b\n1,2\n"})
    done = opened(tracked).new_dataset("new", "data/new.csv", commit=True)
    assert done.warnings == ("dvc add data/new.csv: DVC tracks it now, by data/new.csv.dvc",)
    assert refs(done) == ["dataset/new", "dataset/new@1"]
    landed = git(tracked, "show", "--name-only", "--format=", "HEAD").split()
    assert sorted(landed) == [
        "data/.gitignore", "data/new.csv.dvc", "metadata/datasets/new.yaml", "metadata/datasets/new/1.yaml",
    ]  # fmt: skip
    assert git(tracked, "show", "HEAD:data/.gitignore").split() == ["/wine.csv", "/new.csv"]
    assert git(tracked, "status", "--short") == ""
    assert errors(tracked) == []
    clone = tracked.parent / "clone"
    git(tracked.parent, "clone", "-q", str(tracked), str(clone))
    assert errors(clone) == []


def test_without_commit_everything_is_left_to_the_person(tracked: Path) -> None:
    write(tracked, {"data/new.csv": "a,b\n1,2\n"})
    head = git(tracked, "rev-parse", "HEAD")
    done = opened(tracked).new_dataset("new", "data/new.csv")
    assert (done.commit, git(tracked, "rev-parse", "HEAD")) == (None, head)
    assert git(tracked, "diff", "--cached", "--name-only") == ""
    assert {line[3:] for line in git(tracked, "status", "--short").splitlines()} == {
        "data/.gitignore", "data/new.csv.dvc", "metadata/datasets/",
    }  # fmt: skip
    assert errors(tracked) == []


def test_what_the_person_gave_to_dvc_lands_with_the_record_too(tracked: Path) -> None:
    write(tracked, {"data/new.csv": "a,b\n1,2\n", "data/other.csv": "a\n1\n"})
    dvc(tracked, "add", "-q", "data/new.csv")
    done = opened(tracked).new_dataset("new", "data/new.csv", commit=True)
    assert done.warnings == ()
    assert "data/new.csv.dvc" in git(tracked, "show", "--name-only", "--format=", "HEAD").split()
    assert git(tracked, "status", "--short") == "?? data/other.csv"


def test_the_persons_own_lines_in_gitignore_are_left_to_them(tracked: Path) -> None:
    ignore = tracked / "data/.gitignore"
    ignore.write_text(ignore.read_text() + "*.tmp\n")
    write(tracked, {"data/new.csv": "a,b\n1,2\n"})
    opened(tracked).new_dataset("new", "data/new.csv", commit=True)
    landed = git(tracked, "show", "--name-only", "--format=", "HEAD").split()
    assert "data/new.csv.dvc" in landed
    assert git(tracked, "status", "--short") == " M data/.gitignore"


def test_on_another_branch_with_all_that_it_needs(tracked: Path) -> None:
    write(tracked, {"data/new.csv": "a,b\n1,2\n"})
    done = opened(tracked).new_dataset("new", "data/new.csv", branch="more")
    assert done.commit == git(tracked, "rev-parse", "more")
    landed = git(tracked, "show", "--name-only", "--format=", "more").split()
    assert {"data/new.csv.dvc", "data/.gitignore", "metadata/datasets/new/1.yaml"} <= set(landed)
    assert errors_at(tracked, "more") == []


def errors_at(place: Path, rev: str) -> list[str]:
    return [str(one) for one in opened(place).at(rev).validate().problems]


def test_a_folder_is_data_too(tracked: Path) -> None:
    write(tracked, {f"images/{number}.png": str(number) for number in range(3)})
    opened(tracked).new_dataset("images", "images")
    pointer = data(tracked, "dataset/images@1")["pointer"]
    assert pointer["path"] == "images"
    assert pointer["md5"].endswith(".dir")
    assert (pointer["files"], pointer["size"]) == (3, 3)
    assert "columns" not in data(tracked, "dataset/images@1")
    assert errors(tracked) == []


def test_data_that_has_changed_since_is_a_conflict(tracked: Path) -> None:
    write(tracked, {"data/wine.csv": WINE + "9,c\n"})
    with pytest.raises(Conflict, match=r"data/wine\.csv is not what DVC tracks.*dvc add data/wine\.csv, then repeat"):
        opened(tracked).new_dataset("wine", "data/wine.csv")
    assert not (tracked / "metadata/datasets").exists()


def test_data_that_an_older_dvc_tracks_is_known_by_its_digest(tracked: Path) -> None:
    text = b"a,b\r\n1,2\r\n"
    md5 = hashlib.md5(text.replace(b"\r\n", b"\n"), usedforsecurity=False).hexdigest()
    write(tracked, {"data/old.csv": text, "data/old.csv.dvc": f"outs:\n- md5: {md5}\n  size: 10\n  path: old.csv\n"})
    opened(tracked).new_dataset("old", "data/old.csv")
    assert data(tracked, "dataset/old@1")["pointer"]["md5"] == md5
    write(tracked, {"data/old.csv": b"a,b\n3,4\n"})
    with pytest.raises(Conflict):
        opened(tracked).new_dataset("older", "data/old.csv")


def test_data_that_is_not_here_says_how_to_bring_it(tracked: Path) -> None:
    (tracked / "data/wine.csv").unlink()
    with pytest.raises(NotFound, match=r"wine\.csv is not here; dvc pull data/wine\.csv"):
        opened(tracked).new_dataset("wine", "data/wine.csv")
    with pytest.raises(NotFound, match=r"wine\.cvs: no such file or folder"):
        opened(tracked).new_dataset("wine", "data/wine.cvs")


def test_a_part_of_tracked_data_is_no_data_set_of_its_own(tracked: Path) -> None:
    write(tracked, {"images/a.csv": "a\n1\n"})
    dvc(tracked, "add", "-q", "images")
    with pytest.raises(BadValue, match=r"images/a\.csv lies in images, which DVC tracks as a whole; record images"):
        opened(tracked).new_dataset("part", "images/a.csv")


def test_an_output_of_a_pipeline(tracked: Path) -> None:
    write(tracked, {"dvc.yaml": PIPELINE})
    dvc(tracked, "repro", "-q")
    commit(tracked, {}, "pipeline")
    opened(tracked).new_dataset("out", "out.csv")
    assert data(tracked, "dataset/out@1")["pointer"]["path"] == "out.csv"
    assert errors(tracked) == []
    write(tracked, {"out.csv": "changed\n"})
    with pytest.raises(Conflict, match=r"dvc\.lock says .*; dvc repro, or dvc commit, then repeat"):
        opened(tracked).new_dataset("again", "out.csv")


def test_what_git_itself_tracks_is_pointed_to_by_its_blob(plain: Path) -> None:
    commit(plain, {"data/small.csv": "a,b\n1,2\n", "images/a.png": "a", "images/b.png": "b"})
    opened(plain).new_dataset("small", "data/small.csv")
    assert data(plain, "dataset/small@1")["pointer"] == {
        "type": "git", "path": "data/small.csv", "blob": git(plain, "rev-parse", "HEAD:data/small.csv"), "size": 8,
    }  # fmt: skip
    opened(plain).new_dataset("images", "images")
    assert data(plain, "dataset/images@1")["pointer"] == {
        "type": "git", "path": "images", "commit": git(plain, "rev-parse", "HEAD"), "files": 2,
    }  # fmt: skip
    assert errors(plain) == []


def test_what_git_does_not_have_yet_is_a_conflict_and_what_is_staged_lands_with_the_record(plain: Path) -> None:
    commit(plain, {"data/small.csv": "a,b\n1,2\n", "images/a.png": "a"})
    write(plain, {"data/small.csv": "a,b\n3,4\n", "images/b.png": "b"})
    with pytest.raises(Conflict, match=r"data/small\.csv is not what git has; git add data/small\.csv, then repeat"):
        opened(plain).new_dataset("small", "data/small.csv")
    with pytest.raises(Conflict, match="images is not what git has committed"):
        opened(plain).new_dataset("images", "images")
    git(plain, "add", "data/small.csv")
    opened(plain).new_dataset("small", "data/small.csv", commit=True)
    pointer = data(plain, "dataset/small@1")["pointer"]
    assert pointer["blob"] == git(plain, "rev-parse", "HEAD:data/small.csv")


def test_what_nobody_tracks_says_what_to_do(plain: Path, tmp_path: Path) -> None:
    write(plain, {"data/new.csv": "a\n1\n"})
    with pytest.raises(
        BadValue, match=r"neither DVC nor git tracks data/new\.csv; dvc init && dvc add data/new\.csv, or"
    ):
        opened(plain).new_dataset("new", "data/new.csv")
    (tmp_path / "far.csv").write_text("a\n1\n")
    with pytest.raises(BadValue, match="lies outside of the repository"):
        opened(plain).new_dataset("far", str(tmp_path / "far.csv"))


def test_a_second_one_of_the_name_is_a_conflict_before_anything_is_done(tracked: Path) -> None:
    opened(tracked).new_dataset("wine", "data/wine.csv")
    write(tracked, {"data/new.csv": "a\n1\n"})
    with pytest.raises(
        Conflict, match=r"dataset/wine has versions already, up to 1.*git ml register dataset/wine --path"
    ):
        opened(tracked).new_dataset("wine", "data/new.csv")
    assert not (tracked / "data/new.csv.dvc").exists()


def test_versions_on_another_branch_count(tracked: Path) -> None:
    opened(tracked).new_dataset("wine", "data/wine.csv", branch="elsewhere")
    with pytest.raises(Conflict, match="or on another branch"):
        opened(tracked).new_dataset("wine", "data/wine.csv")


def test_a_head_that_is_there_already_stays_as_it_is(tracked: Path) -> None:
    store = opened(tracked)
    store.new("dataset", "wine", {"description": "Mine."})
    done = store.new_dataset("wine", "data/wine.csv", {"description": "Of the version."})
    assert refs(done) == ["dataset/wine@1"]
    assert data(tracked, "dataset/wine")["description"] == "Mine."
    assert data(tracked, "dataset/wine@1")["description"] == "Of the version."


def test_fields_go_where_they_are_known(tracked: Path) -> None:
    fields = {"owners": ["@cellar"], "reason": "first", "tags.team": "cellar", "custom.x": 1}
    opened(tracked).new_dataset("wine", "data/wine.csv", fields)
    assert data(tracked, "dataset/wine") == {
        "schema": "dataset/1", "owners": ["@cellar"], "tags": {"team": "cellar"}, "custom": {"x": 1},
    }  # fmt: skip
    assert data(tracked, "dataset/wine@1")["reason"] == "first"
    with pytest.raises(BadValue, match="neither a dataset nor its versions have a field 'colour'"):
        opened(tracked).new_dataset("two", "data/wine.csv", {"colour": "red"})


@pytest.mark.parametrize("name", ["o'brien", "a b/c", "葡萄酒", "x" * 300, "con", "dataset/rosé", "dataset/a%2Fb"])
def test_any_name(tracked: Path, name: str) -> None:
    done = opened(tracked).new_dataset(name, "data/wine.csv")
    assert len(done.changes) == 2
    wanted = {"dataset/rosé": "rosé", "dataset/a%2Fb": "a/b"}.get(name, name)
    assert {opened(tracked).show(str(one.ref)).ref.keys[0] for one in done.changes} == {wanted}
    assert errors(tracked) == []


def test_from_the_current_folder(tracked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tracked / "data")
    gitml.open(".").new_dataset("wine", "wine.csv")
    assert data(tracked, "dataset/wine@1")["pointer"]["path"] == "data/wine.csv"


def test_a_store_in_a_subfolder_names_paths_from_the_root(tracked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tracked, {"team/data/x.csv": "a\n1\n"})
    gitml.init(tracked / "team")
    monkeypatch.chdir(tracked / "team")
    store = opened(tracked / "team")
    store.new_dataset("x", "data/x.csv", commit=True)
    assert data(tracked / "team", "dataset/x@1")["pointer"]["path"] == "team/data/x.csv"
    assert errors(tracked / "team") == []
    assert "team/data/x.csv.dvc" in git(tracked, "show", "--name-only", "--format=", "HEAD").split()
    store.new_dataset("wine", "../data/wine.csv")
    assert data(tracked / "team", "dataset/wine@1")["pointer"]["path"] == "data/wine.csv"


def test_parquet_and_what_is_odd_about_a_file(tracked: Path) -> None:
    import pandas as pd

    pd.DataFrame({"a": [1, None], "b": ["x", "y"]}).to_parquet(tracked / "data/t.parquet")
    opened(tracked).new_dataset("t", "data/t.parquet")
    found = data(tracked, "dataset/t@1")
    assert (found["format"], found["rows"]) == ("parquet", 2)
    assert found["columns"][0] == {"name": "a", "type": "float", "dtype": "double", "nulls": 1}
    write(tracked, {"data/odd.csv": "a,b\n1,2\n3\n"})
    done = opened(tracked).new_dataset("odd", "data/odd.csv")
    assert done.warnings[0] == "data/odd.csv: 1 rows have more or fewer values than there are columns"


def test_what_the_checks_refuse_is_not_written(tracked: Path) -> None:
    with pytest.raises(Refused):
        opened(tracked).new_dataset("wine", "data/wine.csv", {"owners": "not a list"})
    assert not (tracked / "metadata/datasets").exists()


def test_links_on_the_way(tracked: Path) -> None:
    shutil.move(tracked / "data/wine.csv", tracked / "data/real.csv")
    (tracked / "alias").symlink_to("data")
    write(tracked, {"data/wine.csv": WINE})
    opened(tracked).new_dataset("wine", "alias/wine.csv")
    assert data(tracked, "dataset/wine@1")["pointer"]["path"] == "data/wine.csv"
