"""The work tree is what `git add -A` would stage: each situation is held against git itself, on a copy of the index."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitml.repo.git import Git
from gitml.repo.git.objects import Entry, blob_id
from gitml.repo.git.worktree import Worktree
from gitrepo import commit, git, init, write
from worktrees import added, frozen, read

START = {"a": "one\n", "b": "two\n", "d/c": "three\n", "d/e f": "four\n", "crlf": "1\r\n2\r\n"}


def same(repo: Path, place: Path) -> Worktree:
    """The work tree, held against git with everything wanted, something, and nothing."""
    expected = added(repo, place)
    seen = read(repo)
    assert seen.entries == expected
    assert seen.problems == []
    nothing = read(repo, lambda _path: False)
    assert (nothing.entries, nothing.contents) == (expected, {})
    assert read(repo, lambda path: path.startswith("d")).entries == expected
    unread = read(repo, lambda _path: False, hashed=False).entries
    assert set(unread) == set(expected)
    assert all(entry.oid in (expected[path].oid, "0" * 40) for path, entry in unread.items())
    return seen


def _edit(repo: Path) -> None:
    write(repo, {"a": "changed\n", "d/c": "", "new": "new\n", "d/deep/er": "x"})


def _strange(repo: Path) -> None:
    names = ["a b", "q\"'", "ü/ñ", "new\nline", "tab\t", "back\\slash", ":(top)", "*", "cr\r", '"', "-n", " "]
    write(repo, {name: name.encode() for name in names})
    (repo / os.fsdecode(b"latin-\xe9\xff")).write_bytes(b"latin")
    git(repo, "add", "-A")
    for name in names:
        (repo / name).write_bytes(b"again " + name.encode())
    write(repo, {f"{name}2": "\r\n" for name in names} | {".gitattributes": "* text=auto\n"})


def _delete(repo: Path) -> None:
    (repo / "a").unlink()
    shutil.rmtree(repo / "d")


def _rename(repo: Path) -> None:
    (repo / "a").rename(repo / "z")


def _ignore(repo: Path) -> None:
    write(
        repo, {".gitignore": "*.log\nhidden/\n!kept.log\n", "x.log": "", "kept.log": "", "hidden/h": "", "d/y.log": ""}
    )
    git(repo, "add", "-f", "d/y.log")
    write(repo, {"d/y.log": "tracked though ignored", ".git/info/exclude": "b2\n", "b2": "excluded"})


def _links(repo: Path) -> None:
    (repo / "link").symlink_to("a")
    (repo / "odd").symlink_to("./d//c/")
    (repo / "dangling").symlink_to("nowhere\nat all")
    (repo / "out").symlink_to("/etc")
    (repo / "a").unlink()
    (repo / "a").symlink_to("b")


def _unlinks(repo: Path) -> None:
    _links(repo)
    git(repo, "add", "-A")
    (repo / "link").unlink()
    (repo / "link").write_bytes(b"a file now\r\n")
    (repo / "odd").unlink()
    (repo / "odd").symlink_to("elsewhere")


def _folder_becomes_link(repo: Path) -> None:
    shutil.move(repo / "d", repo / "moved")
    (repo / "d").symlink_to("moved")


def _folder_becomes_file(repo: Path) -> None:
    shutil.rmtree(repo / "d")
    write(repo, {"d": "a file\n"})


def _file_becomes_folder(repo: Path) -> None:
    (repo / "a").unlink()
    write(repo, {"a/b/c": "x\n", "a/d": "\r\n", ".gitattributes": "a/* text\n"})


def _executable(repo: Path) -> None:
    write(repo, {"run": "#!/bin/sh\n", "run2": "#!/bin/sh\r\n", ".gitattributes": "run* text\n"})
    for name in ("a", "run", "run2"):
        (repo / name).chmod(0o755)
    (repo / "b").chmod(0o600)


def _no_file_mode(repo: Path) -> None:
    git(repo, "config", "core.fileMode", "false")
    git(repo, "update-index", "--chmod=+x", "a")
    _executable(repo)
    write(repo, {"a": "edited"})


def _attributes(repo: Path) -> None:
    git(repo, "config", "filter.shout.clean", "tr a-z A-Z")
    git(repo, "config", "filter.broken.clean", "false")
    rules = "*.txt text\n*.sh text eol=lf\n*.id ident\n*.loud filter=shout\n*.broken filter=broken\n*.bin -text\n"
    rules += "*.u16 text working-tree-encoding=UTF-16LE eol=lf\n"
    files = {
        name: f"x\r\n$Id: 123 $\r\n{name}\r\n" for name in ("a.txt", "d/b.sh", "c.id", "d.loud", "d/e.bin", "z.broken")
    }
    write(repo, files | {"w.u16": "ü\r\n".encode("utf-16-le"), "lone.txt": "cr\ronly", ".gitattributes": rules})


def _auto_keeps_crlf_that_is_in_the_index(repo: Path) -> None:
    write(repo, {".gitattributes": "* text=auto\n", "crlf": "1\r\n2\r\n3\r\n", "d/new": "1\r\n", "a": "now\r\n"})


def _autocrlf(repo: Path) -> None:
    git(repo, "config", "core.autocrlf", "true")
    write(repo, {"crlf": "1\r\n2\r\n3\r\n", "d/new": "1\r\n", "a": "now\r\n", "binary": b"\0\r\n"})


def _intent_to_add(repo: Path) -> None:
    write(repo, {"d/announced": "x", "d/gone": "x", "d/empty": ""})
    git(repo, "add", "-N", "d/announced", "d/gone", "d/empty")
    (repo / "d/gone").unlink()


def _flags(repo: Path) -> None:
    git(repo, "update-index", "--assume-unchanged", "a")
    git(repo, "update-index", "--skip-worktree", "b", "d/c")
    write(repo, {"a": "unseen\n", "b": "unseen\n", "crlf": "seen\n"})
    (repo / "d/c").unlink()


def _sparse(repo: Path) -> None:
    git(repo, "sparse-checkout", "set", "--no-cone", "/a", "/crlf")
    write(repo, {"a": "changed\n", "d/outside": "x\n"})


def _submodules(repo: Path) -> None:
    for name in ("sub", "d/sub", "gone", "empty"):
        commit(init(repo / name), {"f": name})
    git(repo, "-c", "advice.addEmbeddedRepo=false", "add", "-A")
    git(repo, "config", "-f", ".gitmodules", "submodule.sub.path", "sub")
    commit(repo / "sub", {"f": "moved on"})
    write(repo, {"d/sub/f": "changed inside", "d/sub/untracked": "inside"})
    shutil.rmtree(repo / "gone")
    shutil.rmtree(repo / "empty")
    (repo / "empty").mkdir()
    commit(init(repo / "embedded"), {"f": "new"})
    commit(init(repo / "d" / "embedded too"), {"f": "new"})


def _same_size_and_time(repo: Path) -> None:
    """Written within the index's own tick, as long as before: only its content tells."""
    write(repo, {"a": "ONE\n"})
    index = (repo / ".git/index").stat()
    os.utime(repo / "a", ns=(index.st_mtime_ns, index.st_mtime_ns))
    git(repo, "update-index", "-q", "--refresh", check=False)


def _touched(repo: Path) -> None:
    for file in ("a", "b", "d/c"):
        os.utime(repo / file, (1, 1))


def _staged_and_changed(repo: Path) -> None:
    write(repo, {"a": "staged\n", "b": "staged\n", "n": "staged\n"})
    git(repo, "add", "-A")
    git(repo, "rm", "-q", "--cached", "d/c")
    write(repo, {"a": "changed\n", "n": "changed\n"})
    (repo / "b").unlink()


def _split_index(repo: Path) -> None:
    git(repo, "config", "core.splitIndex", "true")
    git(repo, "update-index", "--split-index")
    write(repo, {"a": "x\r\n", "e": "x\r\n", ".gitattributes": "* text\n"})


def _alternates(repo: Path) -> None:
    place = repo.parent / "lender"
    if not place.exists():
        init(place)
    (repo / ".git/objects/info").mkdir(exist_ok=True)
    (repo / ".git/objects/info/alternates").write_text(f"{place}/.git/objects\n")
    _attributes(repo)


def _no_commit(repo: Path) -> None:
    shutil.rmtree(repo / ".git")
    init(repo)


def _no_index(repo: Path) -> None:
    (repo / ".git/index").unlink()
    write(repo, {"a": "x\r\n", ".gitattributes": "a text\n"})


def _large(repo: Path) -> None:
    write(repo, {"d.large": b"x" * 3_000_000, "crlf": b"y\r\n" * 1_000_000})


def _untracked_cache(repo: Path) -> None:
    git(repo, "config", "core.untrackedCache", "true")
    git(repo, "config", "status.showUntrackedFiles", "no")
    git(repo, "status")
    _edit(repo)


def _nothing(_repo: Path) -> None:
    pass


SITUATIONS = [
    _nothing,
    _edit,
    _strange,
    _delete,
    _rename,
    _ignore,
    _links,
    _unlinks,
    _folder_becomes_link,
    _folder_becomes_file,
    _file_becomes_folder,
    _executable,
    _no_file_mode,
    _attributes,
    _auto_keeps_crlf_that_is_in_the_index,
    _autocrlf,
    _intent_to_add,
    _flags,
    _sparse,
    _submodules,
    _same_size_and_time,
    _touched,
    _staged_and_changed,
    _split_index,
    _alternates,
    _no_commit,
    _no_index,
    _large,
    _untracked_cache,
]


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.__name__)
def test_the_work_tree_is_what_git_would_add(repo: Path, tmp_path: Path, situation: Callable[[Path], None]) -> None:
    commit(repo, START)
    situation(repo)
    same(repo, tmp_path / "place")


def test_in_a_linked_worktree(repo: Path, tmp_path: Path) -> None:
    commit(repo, START)
    git(repo, "worktree", "add", "-q", str(tmp_path / "side"))
    side = tmp_path / "side"
    _attributes(side)
    _edit(side)
    before = frozen(repo)
    seen = Git.find(side).worktree()
    assert frozen(repo) == before
    git(side, "add", "-A")
    expected = Git.find(side).staged().entries
    assert seen.entries == expected


def test_in_a_hook_the_index_in_force_counts(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(repo, START)
    git(repo, "read-tree", "--empty", env={"GIT_INDEX_FILE": ".git/second"})
    write(repo, {"a": "x\r\n", ".gitattributes": "a text\n"})
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/second")
    monkeypatch.chdir(repo)
    seen = read(repo)
    assert len(seen.contents) == len(START) + 1
    assert seen.entries["a"] == Entry("100644", blob_id(b"x\n"))


# ── whatever a person does ──────────────────────────────────────────────────────────────────────────────────────────

NAMES = ["a", "b", "d", "d/c", "d/e f", "n/x", "é\n"]
CONTENTS = [b"", b"one\n", b"1\r\n2\r\n", b"$Id$\n", b"\0\r\n", b"other"]
DEEDS = st.one_of(
    st.tuples(st.just("write"), st.sampled_from(NAMES), st.sampled_from(CONTENTS)),
    st.tuples(st.just("link"), st.sampled_from(NAMES), st.sampled_from([b"a", b"nowhere", b"."])),
    st.tuples(st.just("delete"), st.sampled_from(NAMES), st.just(b"")),
    st.tuples(st.just("chmod"), st.sampled_from(NAMES), st.just(b"")),
    st.tuples(st.just("add"), st.sampled_from(NAMES), st.just(b"")),
    st.tuples(st.just("announce"), st.sampled_from(NAMES), st.just(b"")),
    st.tuples(st.just("unstage"), st.sampled_from(NAMES), st.just(b"")),
    st.tuples(st.just("commit"), st.just("a"), st.just(b"")),
    st.tuples(
        st.just("attributes"),
        st.just("a"),
        st.sampled_from([b"* text=auto\n", b"* text\n", b"* ident eol=crlf\n", b""]),
    ),
    st.tuples(st.just("ignore"), st.just("a"), st.sampled_from([b"d\n", b"*\n", b"/n\n", b""])),
)


def _clear(path: Path, top: Path) -> None:
    """Make room for a file: take away what stands there or above."""
    for place in (path, *path.parents):
        if place == top:
            return
        if place.is_symlink() or place.is_file():
            place.unlink()
        elif place == path and place.is_dir():
            shutil.rmtree(place)


def _do(repo: Path, deed: str, name: str, content: bytes) -> None:
    path = repo / name
    if deed in ("write", "link"):
        _clear(path, repo)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content) if deed == "write" else path.symlink_to(content.decode())
    elif deed == "delete":
        _clear(path, repo)
    elif deed == "chmod" and path.is_file() and not path.is_symlink():
        path.chmod(0o755 if not path.stat().st_mode & 0o100 else 0o644)
    elif deed == "add":
        git(repo, "add", "-A", "--", f":(literal){name}", check=False)
    elif deed == "announce":
        git(repo, "add", "-N", "--", f":(literal){name}", check=False)
    elif deed == "unstage":
        git(repo, "rm", "-q", "-r", "--cached", "--ignore-unmatch", "--", f":(literal){name}")
    elif deed == "commit":
        git(repo, "commit", "-q", "-m", "x", check=False)
    elif deed == "attributes":
        write(repo, {".gitattributes": content})
    elif deed == "ignore":
        write(repo, {".gitignore": content})


def test_after_any_deeds_the_work_tree_is_what_git_would_add(tmp_path: Path) -> None:
    template = init(tmp_path / "template")
    commit(template, START)
    repo, place = tmp_path / "repo", tmp_path / "place"

    @settings(max_examples=25, deadline=None)
    @given(st.lists(DEEDS, min_size=1, max_size=8))
    def agrees(deeds: list[tuple[str, str, bytes]]) -> None:
        shutil.rmtree(repo, ignore_errors=True)
        shutil.copytree(template, repo, symlinks=True)
        for deed in deeds:
            _do(repo, *deed)
        assert read(repo).entries == added(repo, place)
        assert read(repo, lambda path: path.startswith("d")).entries == added(repo, place)

    agrees()
