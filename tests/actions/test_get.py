"""The bytes that a record points to."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

import gitml
from acting import WINE, dvc, opened
from gitml.errors import BadValue, Conflict, DiskFailed, NotFound
from gitrepo import commit, git, write


@pytest.fixture(scope="session")
def wine_template(dvc_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two versions of a data set, and one of a folder, all committed."""
    place = tmp_path_factory.mktemp("wine") / "repo"
    shutil.copytree(dvc_template, place, symlinks=True)
    write(place, {"images/a.png": "a", "images/deep/b.png": "b"})
    dvc(place, "add", "-q", "images")
    store = gitml.open(place)
    store.new_dataset("wine", str(place / "data/wine.csv"))
    store.new_dataset("images", str(place / "images"))
    commit(place, {}, "one")
    write(place, {"data/wine.csv": WINE + "9.5,c\n"})
    dvc(place, "add", "-q", "data/wine.csv")
    store.register("dataset/wine", path=str(place / "data/wine.csv"))
    commit(place, {}, "two")
    return place


@pytest.fixture
def wine(wine_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, which is the current folder."""
    place = tmp_path / "repo"
    shutil.copytree(wine_template, place, symlinks=True)
    git(place, "status")
    monkeypatch.chdir(place)
    return place


def test_in_the_work_tree(wine: Path) -> None:
    assert opened(wine).get("dataset/wine@2") == wine / "data/wine.csv"
    assert opened(wine).get("dataset/images@1") == wine / "images"


def test_an_older_version_comes_from_the_cache(wine: Path) -> None:
    found = opened(wine).get("dataset/wine@1")
    assert found.read_text() == WINE
    assert found.is_relative_to(wine / ".dvc/cache")


def test_what_was_changed_in_the_work_tree_comes_from_the_cache(wine: Path) -> None:
    write(wine, {"data/wine.csv": "changed\n", "images/a.png": "changed"})
    assert opened(wine).get("dataset/wine@2").read_text() == WINE + "9.5,c\n"
    folder = opened(wine).get("dataset/images@1")
    assert folder.name == "images"
    assert (folder / "a.png").read_text() + (folder / "deep/b.png").read_text() == "ab"
    assert opened(wine).get("dataset/images@1") == folder
    assert git(wine, "status", "--short") == ""


def test_a_copy_into_a_folder(wine: Path, tmp_path: Path) -> None:
    store = opened(wine)
    found = store.get("dataset/wine@1", tmp_path / "out")
    assert (found, found.read_text()) == (tmp_path / "out/wine.csv", WINE)
    assert store.get("dataset/wine@1", tmp_path / "out") == found  # the same is there already
    with pytest.raises(Conflict, match=r"wine\.csv is there already, and something else"):
        store.get("dataset/wine@2", tmp_path / "out")
    assert found.read_text() == WINE
    folder = store.get("dataset/images@1", tmp_path / "out")
    assert (folder / "deep/b.png").read_text() == "b"
    (folder / "deep/b.png").write_text("mine")
    with pytest.raises(Conflict, match=r"b\.png is there already"):
        store.get("dataset/images@1", tmp_path / "out")


def test_from_the_remote_where_what_is_tracked_now_is_wanted(wine: Path, tmp_path: Path) -> None:
    dvc(wine, "remote", "add", "-q", "-d", "local", str(tmp_path / "remote"))
    dvc(wine, "push", "-q")
    shutil.rmtree(wine / ".dvc/cache")
    (wine / "data/wine.csv").unlink()
    shutil.rmtree(wine / "images")
    assert opened(wine).get("dataset/wine@2").read_text() == WINE + "9.5,c\n"
    assert (opened(wine).get("dataset/images@1") / "deep/b.png").read_text() == "b"
    with pytest.raises(
        NotFound, match=r"in DVC's cache, and no remote gave it: local does not have it; dvc push --all-commits"
    ):
        opened(wine).get("dataset/wine@1")


def test_an_older_version_from_the_remote(wine: Path, tmp_path: Path) -> None:
    dvc(wine, "remote", "add", "-q", "--local", "-d", "far", str(tmp_path / "remote"))
    dvc(wine, "push", "-q", "--all-commits")
    shutil.rmtree(wine / ".dvc/cache")
    assert opened(wine).get("dataset/wine@1").read_text() == WINE
    git(wine, "rm", "-q", "images.dvc")
    shutil.rmtree(wine / "images")
    assert (opened(wine).get("dataset/images@1") / "deep/b.png").read_text() == "b"


def test_what_dvc_tracks_by_itself(wine: Path, tmp_path: Path) -> None:
    store = opened(wine)
    assert store.get("dvc-output/data%2Fwine.csv") == wine / "data/wine.csv"
    assert store.get("HEAD~1:dvc-output/data%2Fwine.csv").read_text() == WINE
    assert (store.get("dvc-output/images", tmp_path / "out") / "deep/b.png").read_text() == "b"
    write(wine, {
        "m.json": "{}",
        "dvc.yaml": "stages:\n  s: {cmd: x, outs: [never, far.bin], metrics: [{m.json: {cache: false}}]}\n",
        "dvc.lock": (
            "schema: '2.0'\nstages:\n  s:\n    cmd: x\n    outs:\n"
            "    - {path: m.json, hash: md5, md5: 99914b932bd37a50b983c5e7c90ae93b, size: 2}\n"
        ),
    })  # fmt: skip
    commit(wine, {}, "metrics")
    assert opened(wine).get("dvc-output/m.json") == wine / "m.json"
    write(wine, {"m.json": "changed"})
    assert opened(wine).at("HEAD").get("dvc-output/m.json").read_text() == "{}"
    assert opened(wine).get("dvc-output/m.json").read_text() == "{}"
    commit(wine, {}, "other metrics")
    with pytest.raises(NotFound, match=r"m\.json with md5 \w+ is neither in the work tree nor in git at \w+"):
        opened(wine).get("dvc-output/m.json")
    with pytest.raises(BadValue, match="never is not pinned by an md5, so that nothing can be checked; dvc repro"):
        opened(wine).get("dvc-output/never")


def test_data_of_dvc_2(wine: Path) -> None:
    text = b"a,b\r\n1,2\r\n"
    old = hashlib.md5(text.replace(b"\r\n", b"\n"), usedforsecurity=False).hexdigest()
    listing = json.dumps([{"md5": old, "relpath": "x.csv"}]).encode()
    folder = f"{hashlib.md5(listing, usedforsecurity=False).hexdigest()}.dir"
    write(wine, {
        "old.csv": text, "old.csv.dvc": f"outs:\n- md5: {old}\n  size: 10\n  path: old.csv\n", "all/x.csv": text,
        "all.dvc": f"outs:\n- md5: {folder}\n  size: 10\n  nfiles: 1\n  path: all\n",
        f".dvc/cache/{old[:2]}/{old[2:]}": text, f".dvc/cache/{folder[:2]}/{folder[2:]}": listing,
    })  # fmt: skip
    store = opened(wine)
    assert store.get("dvc-output/old.csv") == wine / "old.csv"
    assert store.get("dvc-output/all") == wine / "all"
    (wine / "old.csv").unlink()
    shutil.rmtree(wine / "all")
    store.refresh()
    assert store.get("dvc-output/old.csv").read_bytes() == text
    assert (store.get("dvc-output/all") / "x.csv").read_bytes() == text


def test_what_is_nowhere_says_what_would_bring_it(wine: Path) -> None:
    shutil.rmtree(wine / ".dvc/cache")
    (wine / "data/wine.csv").unlink()
    with pytest.raises(NotFound, match=r"and no remote gave it: .*; dvc fetch data/wine\.csv"):
        opened(wine).get("dataset/wine@2")


def test_a_cache_that_lies_is_told(wine: Path) -> None:
    found = opened(wine).get("dataset/wine@1")
    found.chmod(0o644)
    found.write_text("forged")
    with pytest.raises(DiskFailed, match="holds other bytes than its name says"):
        opened(wine).get("dataset/wine@1")


def test_as_of_an_earlier_commit(wine: Path) -> None:
    assert opened(wine).get("HEAD~1:dataset/wine@1").read_text() == WINE
    assert opened(wine).at("HEAD~1").get("dataset/wine@1").read_text() == WINE


def test_what_git_holds(plain: Path, tmp_path: Path) -> None:
    commit(plain, {"data/x.csv": "a\n1\n", "images/a.png": "a", "images/deep/b.png": "b"})
    store = opened(plain)
    store.new_dataset("x", "data/x.csv")
    store.new_dataset("images", "images")
    assert store.get("dataset/x@1") == plain / "data/x.csv"
    write(plain, {"data/x.csv": "changed\n", "images/a.png": "changed"})
    found = store.get("dataset/x@1")
    assert (found.name, found.read_text()) == ("x.csv", "a\n1\n")
    folder = store.get("dataset/images@1", tmp_path / "out")
    assert (folder / "a.png").read_text() + (folder / "deep/b.png").read_text() == "ab"


def test_records_without_bytes(wine: Path) -> None:
    store = opened(wine)
    with pytest.raises(NotFound, match=r"dataset/wine points to no bytes; name a version: dataset/wine@1"):
        store.get("dataset/wine")
    store.new("metric", "auc", {"direction": "higher"})
    with pytest.raises(NotFound, match="metric/auc points to no bytes"):
        store.get("metric/auc")
    pointer = {"pointer.type": "uri", "pointer.uri": "s3://cellar/wine", "pointer.etag": "abc"}
    store.new("dataset-version", "far@1", pointer)
    with pytest.raises(BadValue, match=r"dataset/far@1 points to a uri: s3://cellar/wine; fetch it with its own tool"):
        store.get("dataset/far@1")
    others = {
        "table": {"table": "cellar.wine", "snapshot": "5"},
        "query": {"query": "select 1", "digest": f"sha256:{'0' * 64}"},
        "oci": {"uri": "oci://x/y", "digest": f"sha256:{'0' * 64}"},
        "git": {"path": "x", "blob": "0" * 40, "repository": "https://example.org/r"},
    }
    for number, (kind, pointer) in enumerate(others.items(), 2):
        store.new("dataset-version", f"far@{number}", {"pointer": {"type": kind, **pointer}})
        with pytest.raises(BadValue, match=rf"dataset/far@{number} points to .*; fetch it"):
            store.get(f"dataset/far@{number}")


@pytest.mark.parametrize("path", ["../outside", "/etc/passwd", "a/../../b", "."])
def test_a_path_that_leads_out_is_not_followed(plain: Path, path: str) -> None:
    write(plain, {"metadata/datasets/x/1.yaml": (
        'schema: dataset-version/1\nid: 01JD7H2Q0V8N4C3W9T5R6Y1KXZ\ncreated: "2026-02-10T09:12:00Z"\npointer:\n'
        f'  type: dvc\n  path: {path}\n  md5: "9c07e1d2a4b6c8d0e2f4a6b8c0d2e4f6"\n'
    )})  # fmt: skip
    with pytest.raises(BadValue, match="is no path inside the repository"):
        opened(plain).get("dataset/x@1")


def test_in_a_store_in_a_subfolder(tracked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tracked, {"team/data/x.csv": "a\n1\n"})
    gitml.init(tracked / "team")
    monkeypatch.chdir(tracked / "team")
    store = opened(tracked / "team")
    store.new_dataset("x", "data/x.csv", commit=True)
    assert store.get("dataset/x@1") == tracked / "team/data/x.csv"
    (tracked / "team/data/x.csv").unlink()
    assert store.get("dataset/x@1").read_text() == "a\n1\n"
