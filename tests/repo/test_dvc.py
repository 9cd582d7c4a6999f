"""Our digests, cache paths and pointers against what DVC itself does."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gitml.errors import DiskFailed, GitmlError, NotFound
from gitml.repo.data import dvc
from gitml.repo.git import Git
from gitrepo import init, write


def run(repo: Path, *args: str) -> None:
    done = subprocess.run([sys.executable, "-m", "dvc", *args], cwd=repo, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with DVC, made once."""
    place = init(tmp_path_factory.mktemp("dvc") / "repo")
    site = {"DVC_SITE_CACHE_DIR": str(place.parent / "site"), "DVC_NO_ANALYTICS": "1"}
    subprocess.run([sys.executable, "-m", "dvc", "init", "-q"], cwd=place, env={**os.environ, **site}, check=True)
    return place


@pytest.fixture
def repo(begun: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(begun, tmp_path / "repo"))


def test_a_file_is_added_as_we_would_hash_it(repo: Path) -> None:
    write(repo, {"data/wine one.csv": "a,b\r\n1,2\r\n"})
    git = Git.find(repo)
    pointer = dvc.add(git, Path("data/wine one.csv"))
    assert (pointer.md5, pointer.size) == dvc.file_digest(repo / "data/wine one.csv")
    assert (pointer.path, pointer.source) == ("data/wine one.csv", "data/wine one.csv.dvc")
    cached = dvc.cache_path(git, pointer.md5)
    assert cached is not None
    assert cached.read_bytes() == b"a,b\r\n1,2\r\n"
    assert dvc.cache_path(git, "0" * 32) is None
    assert dvc.cache_path(git, "../../config") is None


def test_a_folder_is_added_as_we_would_hash_it(repo: Path) -> None:
    names = ["b", "a/x", "a.txt", "ünï", "with space/y", "a/.hidden", "A", ".git/config", "sub/.dvc/config"]
    write(repo, {f"data/{name}": name for name in names})
    (repo / "data/empty").mkdir()
    (repo / "data/link").symlink_to("b")
    (repo / "data/links").symlink_to("a")
    pointer = dvc.add(Git.find(repo), repo / "data")
    assert (pointer.md5, pointer.size) == dvc.file_digest(repo / "data")
    cached = dvc.cache_path(Git.find(repo), pointer.md5)
    assert cached is not None
    assert cached.name.endswith(".dir")


def test_what_is_not_in_the_cache_is_fetched(repo: Path, tmp_path: Path) -> None:
    git = Git.find(repo)
    write(repo, {"data/a": "1"})
    pointer = dvc.add(git, "data")
    with pytest.raises(NotFound, match="no such file"):
        dvc.add(git, "none")
    run(repo, "remote", "add", "-d", "local", str(tmp_path / "remote"))
    run(repo, "push", "-q")
    run(repo, "remote", "remove", "local")
    shutil.rmtree(repo / ".dvc/cache")
    with pytest.raises(GitmlError, match="dvc fetch data: no remote is set up"):
        dvc.fetch(git, "data")
    with pytest.raises(GitmlError, match=r"^dvc fetch unknown: ") as caught:
        dvc.fetch(git, "unknown")
    assert "\n" not in str(caught.value)
    run(repo, "remote", "add", "-d", "local", str(tmp_path / "remote"))
    assert dvc.cache_path(git, pointer.md5) is None
    dvc.fetch(git, "data")
    assert dvc.cache_path(git, pointer.md5)
    assert dvc.cache_path(git, dvc.file_digest(repo / "data/a")[0])


def test_what_dvcignore_leaves_out(repo: Path) -> None:
    write(repo, {".dvcignore": "# rules\n*.tmp\n", "data/a": "1", "data/b.tmp": "2", "data/sub/c.tmp": "3"})
    before = dvc.file_digest(repo / "data")
    pointer = dvc.add(Git.find(repo), repo / "data")
    assert (pointer.md5, pointer.size) == before


def test_an_empty_folder_and_one_inside_a_tracked_folder(repo: Path) -> None:
    (repo / "none").mkdir()
    pointer = dvc.add(Git.find(repo), repo / "none")
    assert (pointer.md5, pointer.size, pointer.nfiles) == (*dvc.file_digest(repo / "none"), 0)
    write(repo, {"data/a": "1"})
    dvc.add(Git.find(repo), repo / "data")
    write(repo, {"data/b": "2"})
    pointer = dvc.add(Git.find(repo), repo / "data/b")
    assert (pointer.path, pointer.md5) == ("data", dvc.file_digest(repo / "data")[0])


@pytest.mark.parametrize("level", ["config", "config.local"])
@pytest.mark.parametrize("folder", ["../../shared cache", "{tmp}/shared"])
def test_a_cache_somewhere_else(repo: Path, tmp_path: Path, level: str, folder: str) -> None:
    where = folder.format(tmp=tmp_path)
    others = "# ours\n[core]\n    autostage = true\n['remote \"x\"']\n    url = s3://%b\n"
    (repo / ".dvc" / level).write_text(f"{others}[cache]\n    dir = {where}\n")
    write(repo, {"a": "1"})
    pointer = dvc.add(Git.find(repo), repo / "a")
    cached = dvc.cache_path(Git.find(repo), pointer.md5)
    assert cached is not None
    assert tmp_path in cached.resolve().parents
    assert repo not in cached.resolve().parents


def test_the_users_own_cache_setting(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_GLOBAL_CONFIG_DIR", str(tmp_path / "global"))
    run(repo, "config", "--global", "cache.dir", str(tmp_path / "mine"))
    write(repo, {"a": "1"})
    pointer = dvc.add(Git.find(repo), repo / "a")
    cached = dvc.cache_path(Git.find(repo), pointer.md5)
    assert cached is not None
    assert tmp_path / "mine" in cached.parents


def test_the_layout_of_dvc_2(repo: Path) -> None:
    write(repo, {f".dvc/cache/aa/{'b' * 30}": "old"})
    assert dvc.cache_path(Git.find(repo), f"aa{'b' * 30}") == repo / ".dvc/cache/aa" / ("b" * 30)


def test_a_dvc_below_the_top(tmp_path: Path) -> None:
    place = init(tmp_path / "mono")
    write(place, {"sub/a": "1", "b": "2"})
    run(place / "sub", "init", "-q", "--subdir")
    git = Git.find(place)
    assert not dvc.is_dvc(git)
    assert dvc.dvc_root(git, Path("sub/deep/er")) == place / "sub"
    pointer = dvc.add(git, Path("sub/a"))
    assert (pointer.path, pointer.source) == ("sub/a", "sub/a.dvc")
    assert dvc.cache_path(git, pointer.md5) is None
    assert dvc.cache_path(git, pointer.md5, Path("sub/a"))
    with pytest.raises(GitmlError, match="DVC is not set up here; dvc init"):
        dvc.add(git, Path("b"))


def test_errors_are_one_line(repo: Path) -> None:
    git = Git.find(repo)
    assert dvc.is_dvc(git)
    with pytest.raises(NotFound, match="no such file"):
        dvc.add(git, Path("none.csv"))
    with pytest.raises(NotFound, match="no such file"):
        dvc.file_digest(repo / "none.csv")
    write(repo, {"a": "1", "dvc.yaml": "stages:\n  s: {cmd: x, outs: [a]}\n"})
    with pytest.raises(GitmlError, match=r"^dvc add a: ") as caught:
        dvc.add(git, Path("a"))
    assert "\n" not in str(caught.value)
    (repo / ".dvc/config").write_text("no section\n")
    with pytest.raises(GitmlError, match="cannot be read"):
        dvc.cache_path(git, "0" * 32)


def test_what_cannot_be_read_is_a_disk_error(repo: Path) -> None:
    (repo / "data").mkdir()
    (repo / "data/loop").symlink_to("loop")
    with pytest.raises(DiskFailed, match="cannot be read"):
        dvc.file_digest(repo / "data")
