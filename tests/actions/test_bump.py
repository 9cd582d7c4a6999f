"""The next version of data that have changed, and the warning that asks for it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from acting import WINE, dvc, opened
from gitml.actions.bump import Dependent
from gitml.errors import BadRef, BadValue, Conflict, NotFound
from gitrepo import commit, git, write

MORE = "alcohol,sugar,mail\n12,1.5,a@example.org\n13,2.5,b@example.org\n11,0.5,c@example.org\n9,0.1,d@example.org\n"


@pytest.fixture(scope="session")
def landed_template(dvc_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Version 1 of a data set with what people say of its columns, a model that rests on it, all committed."""
    place = tmp_path_factory.mktemp("landed") / "repo"
    shutil.copytree(dvc_template, place, symlinks=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        store = opened(place)
        columns = [
            {"name": "alcohol", "type": "float", "unit": "%", "nulls": 0},
            {"name": "grower", "type": "string", "nulls": 1, "classification": "personal"},
        ]
        store.new_dataset("wine", "data/wine.csv", {"columns": columns})
        store.set("dataset/wine@1", {"classifications": ["internal"], "description": "Of 2025."})
        held = store.show("dataset/wine@1").data["id"]
        store.new("model", "wine", {"description": "Price band."})
        training = {"training_data.ref": "dataset/wine@1", "training_data.id": held}
        store.new("model-version", "wine@1", training)
        store.promote("dataset/wine@1", "current")
    commit(place, {}, "one")
    return place


@pytest.fixture
def landed(landed_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "repo"
    shutil.copytree(landed_template, place, symlinks=True)
    git(place, "status")
    monkeypatch.chdir(place)
    return place


def change(place: Path, text: str = MORE) -> None:
    write(place, {"data/wine.csv": text})
    dvc(place, "add", "-q", "data/wine.csv")


def data(place: Path, ref: str) -> dict[str, Any]:
    return dict(opened(place).show(ref).data)


def problems(place: Path) -> list[str]:
    return [str(one) for one in opened(place).validate().problems]


def test_what_is_new_is_said_and_what_people_said_goes_along(landed: Path) -> None:
    change(landed)
    done = opened(landed).bump("dataset/wine", reason="harvest of 2026")
    assert [one.ref for one in done.applied.changes] == ["dataset/wine@2"]
    assert (done.previous, done.note) == ("dataset/wine@1", "")
    before, after = data(landed, "dataset/wine@1"), data(landed, "dataset/wine@2")
    assert after["reason"] == "harvest of 2026"
    assert after["pointer"]["md5"] != before["pointer"]["md5"]
    assert after["inputs"] == {
        "previous": {"ref": "dataset/wine@1", "id": before["id"], "md5": before["pointer"]["md5"]}
    }
    assert after["rows"] == 4
    assert after["columns"] == [
        {"name": "alcohol", "type": "int", "unit": "%", "nulls": 0},
        {"name": "sugar", "type": "float", "nulls": 0},
        {"name": "mail", "type": "string", "nulls": 0},
    ]
    assert after["changes"] == {
        "rows": 1, "added": ["sugar", "mail"], "removed": ["grower"],
        "changed": [{"name": "alcohol", "before": "float", "after": "int"}],
    }  # fmt: skip
    assert after["classifications"] == ["internal"]
    assert "description" not in after
    assert problems(landed) == []


def test_who_rests_on_the_last_version_is_told(landed: Path) -> None:
    change(landed)
    assert opened(landed).bump("wine").dependents == (
        Dependent("alias/dataset/wine/current", "version", "points_to"),
        Dependent("model/wine@1", "training_data.ref", "trained_on"),
    )


def test_a_personal_column_stays_one(landed: Path) -> None:
    change(landed, WINE + "9.5,c\n")
    opened(landed).bump("wine", fields={"tags.season": "2026"}, commit=True, message="more wine")
    after = data(landed, "dataset/wine@2")
    assert after["columns"][1] == {"name": "grower", "type": "string", "nulls": 1, "classification": "personal"}
    assert after["changes"] == {"rows": 1}
    assert after["tags"] == {"season": "2026"}
    landed_files = git(landed, "show", "--name-only", "--format=", "HEAD").split()
    assert sorted(landed_files) == ["data/wine.csv.dvc", "metadata/datasets/wine/2.yaml"]


def test_where_nothing_has_changed_nothing_is_written(landed: Path) -> None:
    head = git(landed, "rev-parse", "HEAD")
    done = opened(landed).bump("dataset/wine", reason="again", commit=True)
    assert done.note == "nothing has changed: data/wine.csv is what dataset/wine@1 says"
    assert (done.applied.changes, done.applied.commit, done.dependents) == ((), None, ())
    assert (git(landed, "rev-parse", "HEAD"), git(landed, "status", "--short")) == (head, "")


def test_data_that_are_again_what_an_older_version_says(landed: Path) -> None:
    change(landed)
    opened(landed).bump("wine", commit=True)
    change(landed, WINE)
    assert opened(landed).bump("wine").note == "nothing has changed: data/wine.csv is what dataset/wine@1 says"
    assert problems(landed) == []


def test_changes_that_dvc_does_not_know_yet_are_a_conflict(landed: Path) -> None:
    write(landed, {"data/wine.csv": MORE})
    with pytest.raises(Conflict, match=r"data/wine\.csv is not what DVC tracks.*dvc add data/wine\.csv, then repeat"):
        opened(landed).bump("wine")


def test_data_that_are_not_here_say_how_to_bring_them(landed: Path) -> None:
    change(landed)
    (landed / "data/wine.csv").unlink()
    with pytest.raises(NotFound, match=r"wine\.csv is not here; dvc pull data/wine\.csv"):
        opened(landed).bump("wine")
    (landed / "data/wine.csv.dvc").unlink()
    with pytest.raises(NotFound, match="no such file"):
        opened(landed).bump("wine")


def test_what_cannot_be_bumped(landed: Path) -> None:
    store = opened(landed)
    with pytest.raises(BadValue, match=r"model/wine is made by a run.*git ml register wine --run REF --path FILE"):
        store.bump("model/wine")
    with pytest.raises(NotFound, match=r"there is no dataset/wien"):
        store.bump("wien")
    with pytest.raises(BadRef, match=r"wine@1 names a version.*write wine"):
        store.bump("dataset/wine@1")
    store.new("dataset", "empty", {"description": "x"})
    with pytest.raises(NotFound, match=r"dataset/empty has no version yet; git ml register dataset/empty --path PATH"):
        store.bump("empty")
    store.new("dataset-version", "far@1", {"pointer.type": "uri", "pointer.uri": "s3://x", "pointer.etag": "a"})
    with pytest.raises(BadValue, match="dataset/far@1 points to no file that DVC or git tracks here, but to a uri"):
        store.bump("far")


def test_a_feature_set(landed: Path) -> None:
    store = opened(landed)
    store.register("feature-set/wine", path="data/wine.csv", commit=True)
    change(landed)
    assert store.bump("feature-set/wine").previous == "feature-set/wine@1"
    after = data(landed, "feature-set/wine@2")
    assert after["rows"] == 4
    assert after["inputs"]["previous"]["ref"] == "feature-set/wine@1"
    assert "changes" not in after


def test_a_folder_and_what_git_tracks(landed: Path) -> None:
    commit(landed, {"images/a.png": "a", "small.csv": "a\n1\n"})
    store = opened(landed)
    columns = [{"name": "pixels", "type": "image", "description": "of a bottle", "nulls": 3}]
    store.new_dataset("images", "images", {"columns": columns})
    store.new_dataset("small", "small.csv")
    commit(landed, {"other": "x"})
    assert "images is what dataset/images@1 says" in opened(landed).bump("images").note
    commit(landed, {"images/b.png": "b", "small.csv": "a\n1\n2\n"})
    assert [one.split(";")[1] for one in problems(landed)] == [" git ml bump dataset/small --reason …"]
    opened(landed).bump("images")
    opened(landed).bump("small")
    assert data(landed, "dataset/images@2")["pointer"]["files"] == 2
    assert data(landed, "dataset/images@2")["columns"] == [
        {"name": "pixels", "type": "image", "description": "of a bottle"}
    ]
    assert data(landed, "dataset/small@2")["changes"] == {"rows": 1}
    assert problems(landed) == []


def test_from_another_folder_and_to_another_branch(landed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change(landed)
    write(landed, {"sub/data/wine.csv": "another\n"})
    monkeypatch.chdir(landed / "sub")
    done = opened(landed).bump("wine", branch="more")
    assert done.applied.commit == git(landed, "rev-parse", "more")
    assert opened(landed).at("more").show("dataset/wine@2").data["rows"] == 4


# ── the warning ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_data_that_no_version_has_are_warned_of(landed: Path) -> None:
    change(landed)
    found = opened(landed).validate().problems
    assert [(one.code, one.severity, one.path, one.ref, one.field) for one in found] == [
        ("pointer.moved", "warning", "metadata/datasets/wine/1.yaml", "dataset/wine@1", "pointer.md5")
    ]
    assert "data/wine.csv has changed: DVC tracks" in found[0].message
    assert found[0].hint == "git ml bump dataset/wine --reason …"
    assert found[0].line
    git(landed, "add", "-A")
    assert [one.code for one in opened(landed).validate(staged=True).problems] == ["pointer.moved"]
    git(landed, "commit", "-q", "-m", "data")
    assert [one.code for one in opened(landed).at("HEAD").validate().problems] == ["pointer.moved"]
    assert opened(landed).validate(["metadata/models"]).problems == ()
    assert [one.code for one in opened(landed).validate(["metadata/datasets"]).problems] == ["pointer.moved"]
    opened(landed).bump("wine", commit=True)
    assert problems(landed) == []


def test_a_version_that_has_not_landed_is_told_by_its_hash_alone(landed: Path) -> None:
    change(landed)
    opened(landed).bump("wine")
    change(landed, WINE + "1.0,z\n")
    assert [one.code for one in opened(landed).validate().problems] == ["pointer.hash"]
