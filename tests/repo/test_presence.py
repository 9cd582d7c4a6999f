"""Where bytes are, as DVC itself would say it: cache, remote, work tree; and who cannot be asked."""

from __future__ import annotations

import hashlib
import http.server
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from dvc_world import WINE, dvc, objects, push, settled, world
from gitml.errors import GitmlError
from gitml.repo.data.dvc import file_digest, is_what, legacy_digest
from gitml.repo.data.listing import Hash, pieces
from gitml.repo.data.presence import Asked, Presence, bring, listed, presence
from gitml.repo.data.storage import Storage
from gitml.repo.git import Git
from gitrepo import commit, environment, git, init, write


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The world, made once; some of its data are pushed."""
    place = tmp_path_factory.mktemp("world")
    site = {"DVC_SITE_CACHE_DIR": str(place / "site"), "DVC_NO_ANALYTICS": "1"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(site).items():
            patch.setenv(name, value)
        push(world(place))
    return place


@pytest.fixture
def repo(made: Path, tmp_path: Path) -> Path:
    return settled(Path(shutil.copytree(made, tmp_path / "world", symlinks=True)) / "repo")


def md5(place: Path, path: str) -> str:
    return file_digest(place / path)[0]


def asked(place: Path, path: str, **how: object) -> Presence:
    one = Asked(path, md5(place, path), **{"legacy": False, "here": True, **how})  # type: ignore[arg-type]
    return presence(Git.find(place), [one])[0]


def states(found: Presence) -> tuple[str | None, str | None, str | None]:
    return found.worktree, found.cache, found.remote


def of_remote(place: Path, name: str) -> Path:
    return objects(place.parent / "remote")[name]


def dvc_lacks(place: Path, *, refresh: bool, granular: bool = False) -> set[str]:
    """What DVC says that its remote lacks."""
    with dvc(place) as opened:
        return set(opened.data_status(not_in_remote=True, remote_refresh=refresh, granular=granular)["not_in_remote"])


def configure(place: Path, url: str) -> None:
    (place / ".dvc/config.local").write_text(f"[core]\n    remote = r\n['remote \"r\"']\n    url = {url}\n")


# ── what is there ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_pushed_and_then_gone_from_the_remote_although_dvc_remembers_it(repo: Path) -> None:
    assert states(asked(repo, "data/wine.csv")) == states(asked(repo, "images")) == ("same", "yes", "yes")
    assert dvc_lacks(repo, refresh=True) == set()
    of_remote(repo, md5(repo, "data/wine.csv")).unlink()
    assert dvc_lacks(repo, refresh=False) == set()  # the trap: an index answers
    assert dvc_lacks(repo, refresh=True) == {"data/wine.csv"}
    found = asked(repo, "data/wine.csv")
    assert states(found) == ("same", "yes", "no")
    assert found.remote_name == "local"
    push(repo)
    assert asked(repo, "data/wine.csv").remote == "yes"


def test_a_folder_that_lacks_a_file_which_dvc_pushes_never_again(repo: Path) -> None:
    of_remote(repo, md5(repo, "images/deep/b.png")).unlink()
    assert dvc_lacks(repo, refresh=True) == set()
    assert dvc_lacks(repo, refresh=True, granular=True) == {"images/deep/b.png"}
    found = asked(repo, "images")
    assert (found.remote, found.lacking, found.files, found.listed) == ("partly", 1, 2, True)
    push(repo)
    assert asked(repo, "images").remote == "partly"  # "Everything is up to date"
    of_remote(repo, md5(repo, "images")).unlink()  # what our hint says
    found = asked(repo, "images")
    assert (found.remote, found.lacking, found.listed) == ("partly", 1, False)
    push(repo)
    assert asked(repo, "images").remote == "yes"


def test_a_folder_whose_listing_is_not_in_the_cache(repo: Path) -> None:
    folder = md5(repo, "images")
    objects(repo / ".dvc/cache")[folder].unlink()
    assert states(asked(repo, "images")) == ("same", "no", "yes")
    of_remote(repo, md5(repo, "images/a.png")).unlink()
    assert (found := asked(repo, "images")).remote == "partly"
    assert found.lacking == 1
    of_remote(repo, folder).unlink()
    assert states(asked(repo, "images")) == ("same", "no", "no")
    assert listed(Git.find(repo), "images", folder) is None


def test_a_folder_of_which_the_cache_has_a_part(repo: Path) -> None:
    objects(repo / ".dvc/cache")[md5(repo, "images/a.png")].unlink()
    assert states(asked(repo, "images")) == ("same", "partly", "yes")


@pytest.mark.parametrize(
    "text", ["", "[", "{}", "[1]", '[{"relpath": "../x", "md5": "a"}]', '[{"md5": "a"}]', "[" * 9999]
)
def test_a_listing_that_is_none(repo: Path, text: str) -> None:
    assert not pieces(text.encode(), Hash("x.dir"))
    listing = objects(repo / ".dvc/cache")[md5(repo, "images")]
    listing.chmod(0o644)
    listing.write_text(text)
    of_remote(repo, md5(repo, "images")).chmod(0o644)
    of_remote(repo, md5(repo, "images")).write_text(text)
    assert states(asked(repo, "images")) == ("same", "no", "no")


def test_an_empty_folder(repo: Path) -> None:
    (repo / "none").mkdir()
    with dvc(repo) as opened:
        opened.add("none")
    assert states(asked(repo, "none")) == ("same", "yes", "no")
    push(repo)
    assert states(asked(repo, "none")) == ("same", "yes", "yes")


def test_the_work_tree(repo: Path) -> None:
    write(repo, {".dvcignore": "*.tmp\n", "images/c.tmp": "left out"})
    assert asked(repo, "images").worktree == "same"
    one = Asked("data/wine.csv", md5(repo, "data/wine.csv"), legacy=False, here=True)
    write(repo, {"data/wine.csv": "changed"})
    assert presence(Git.find(repo), [one])[0].worktree == "changed"
    (repo / "data/wine.csv").unlink()
    found = presence(Git.find(repo), [one, one._replace(here=False), one._replace(pushed=False)])
    assert [states(each) for each in found] == [
        ("missing", "yes", "yes"), (None, "yes", "yes"), ("missing", "yes", None),
    ]  # fmt: skip


def test_any_version_by_its_hash(repo: Path) -> None:
    old = md5(repo, "data/wine.csv")
    write(repo, {"data/wine.csv": WINE + "9.0,\n"})
    with dvc(repo) as opened:
        opened.add("data/wine.csv")
    new = md5(repo, "data/wine.csv")
    found = presence(Git.find(repo), [Asked("data/wine.csv", one) for one in (old, new, "0" * 32, f"{'0' * 32}.dir")])
    assert [(one.cache, one.remote) for one in found] == [("yes", "yes"), ("yes", "no"), ("no", "no"), ("no", "no")]
    assert bring(Git.find(repo), "data/wine.csv", new) == "local does not have it"


# ── DVC 2 ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_data_of_dvc_2_lie_elsewhere_and_are_hashed_otherwise(repo: Path) -> None:
    text = b"a,b\r\n1,2\r\n"
    old = hashlib.md5(text.replace(b"\r\n", b"\n"), usedforsecurity=False).hexdigest()
    write(repo, {
        "old.csv": text, "old.csv.dvc": f"outs:\n- md5: {old}\n  size: 10\n  path: old.csv\n",
        f".dvc/cache/{old[:2]}/{old[2:]}": text,
    })  # fmt: skip
    one = Asked("old.csv", old, legacy=True, here=True)
    assert states(presence(Git.find(repo), [one])[0]) == ("same", "yes", "no")
    push(repo)
    assert (repo.parent / "remote" / old[:2] / old[2:]).is_file()
    assert states(presence(Git.find(repo), [one])[0]) == ("same", "yes", "yes")
    shutil.rmtree(repo / ".dvc/cache")
    assert bring(Git.find(repo), "old.csv", old) == ""
    assert presence(Git.find(repo), [one._replace(legacy=None)])[0].cache == "yes"


@pytest.mark.parametrize(
    "content", [b"", b"a\r\nb", b"\0\r\n", b"\xff" * 100 + b"\r\n", b"a" * 1048575 + b"\r\nb", b"\r\n" * 600000]
)
def test_the_hash_of_dvc_2_is_dvc_s(tmp_path: Path, content: bytes) -> None:
    from dvc_data.hashfile.hash import file_md5

    (tmp_path / "x").write_bytes(content)
    assert legacy_digest(tmp_path / "x") == file_md5(str(tmp_path / "x"), name="md5-dos2unix")
    assert is_what(tmp_path / "x", legacy_digest(tmp_path / "x"))
    assert is_what(tmp_path / "x", file_digest(tmp_path / "x")[0])
    assert not is_what(tmp_path / "x", "0" * 32)
    assert not is_what(tmp_path, file_digest(tmp_path / "x")[0])


# ── who cannot be asked ────────────────────────────────────────────────────────────────────────────────────────────


def test_without_a_remote(repo: Path) -> None:
    for name in ("config", "config.local"):
        (repo / ".dvc" / name).write_text("")
    found = asked(repo, "images")
    assert (found.cache, found.remote, found.fault, found.hint) == (
        "yes", None, "no remote is set up", "dvc remote add -d NAME URL",
    )  # fmt: skip
    (repo / ".dvc/config").write_text("['remote \"far\"']\n    url = ../../remote\n")
    assert asked(repo, "images").fault == "no default remote is set up"
    assert asked(repo, "images", remote="far").remote == "yes"
    assert asked(repo, "images", remote="none").fault.startswith("the remote none cannot be opened: ")


def test_a_remote_whose_folder_is_not_there_has_nothing(repo: Path) -> None:
    configure(repo, "../../nowhere")
    assert states(asked(repo, "images")) == ("same", "yes", "no")


@pytest.mark.parametrize("url", ["s3://cellar/x", "ssh://example.org/x"])
def test_a_remote_that_dvc_cannot_open(repo: Path, url: str) -> None:
    configure(repo, url)
    found = asked(repo, "data/wine.csv")
    assert (found.cache, found.remote, found.remote_name) == ("yes", None, None)
    assert "\n" not in found.fault
    assert found.fault


def test_a_remote_that_does_not_answer_is_not_one_that_has_nothing(repo: Path) -> None:
    configure(repo, "http://127.0.0.1:9/x")
    found = asked(repo, "data/wine.csv")
    assert (found.cache, found.remote) == ("yes", None)
    assert found.fault.startswith("r does not answer: ")


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A server of files that says nothing."""

    def log_message(self, *_words: object) -> None:
        return


class Closed(Quiet):
    """One that lets nobody in."""

    def send_head(self) -> None:
        self.send_error(403)


@contextmanager
def served(handler: object) -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:  # type: ignore[arg-type]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_a_remote_over_http(repo: Path) -> None:
    with served(partial(Quiet, directory=str(repo.parent / "remote"))) as url:
        configure(repo, url)
        assert asked(repo, "images").remote == asked(repo, "data/wine.csv").remote == "yes"
        of_remote(repo, md5(repo, "data/wine.csv")).unlink()
        assert asked(repo, "data/wine.csv").remote == "no"
    with served(Closed) as url:
        configure(repo, url)
        assert "403" in asked(repo, "images").fault


def test_where_dvc_is_not_set_up_or_broken(repo: Path, tmp_path: Path) -> None:
    plain = init(tmp_path / "plain")
    one = Asked("data/wine.csv", "0" * 32)
    assert presence(Git.find(plain), [one]) == [Presence(fault="DVC is not set up here", hint="dvc init")]
    with pytest.raises(GitmlError, match="DVC is not set up here; dvc init"):
        bring(Git.find(plain), "x", "0" * 32)
    assert listed(Git.find(plain), "x", "0" * 32) is None
    for text in ("[core\n", "['remote \"r\"']\n    url = what://x\n"):
        (repo / ".dvc/config").write_text(text)
        found = presence(Git.find(repo), [one])[0]
        assert found.fault.startswith("DVC in repo cannot be opened: ")
        assert "\n" not in found.fault


def test_a_dvc_below_the_top_answers_for_its_own(repo: Path) -> None:
    from dvc.repo import Repo

    (repo / "sub").mkdir()
    Repo.init(str(repo / "sub"), subdir=True).close()
    write(repo, {"sub/a": "1"})
    with dvc(repo / "sub") as opened:
        opened.add("a")
    commit(repo, {})
    git(repo, "status")
    found = presence(
        Git.find(repo), [Asked("sub/a", md5(repo, "sub/a"), here=True), Asked("images", md5(repo, "images"))]
    )
    assert [one.cache for one in found] == ["yes", "yes"]
    assert [one.remote for one in found] == [None, "yes"]


# ── what is brought ────────────────────────────────────────────────────────────────────────────────────────────────


def test_bytes_come_from_any_remote_by_their_hash(repo: Path) -> None:
    one, folder = md5(repo, "data/wine.csv"), md5(repo, "images")
    shutil.rmtree(repo / ".dvc/cache")
    shutil.move(repo.parent / "remote", repo.parent / "other")
    with (repo / ".dvc/config.local").open("a") as config:
        config.write("['remote \"far\"']\n    url = ../../other\n")
    assert listed(Git.find(repo), "images", folder) == (
        ("a.png", (md5(repo, "images/a.png"), None)), ("deep/b.png", (md5(repo, "images/deep/b.png"), None)),
    )  # fmt: skip
    assert bring(Git.find(repo), "gone/since.csv", one) == bring(Git.find(repo), "images", folder) == ""
    assert set(objects(repo / ".dvc/cache")) == set(objects(repo.parent / "other"))
    with Storage(repo) as storage:
        assert storage.remotes == ("local", "far")
        assert storage.digest(repo / "none") is None
