from __future__ import annotations

from pathlib import Path

import pytest

from gitml.errors import BadValue, GitFailed, NotFound
from gitml.repo.git import Git
from gitrepo import commit, git, write

DAY = 86_400


def day(number: int, time: str = "12:00:00") -> str:
    return f"2026-03-{number:02}T{time}+00:00"


def dated(repo: Path, number: int, **files: str) -> str:
    return commit(repo, files, f"day {number}", day(number))


# ── commits ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_a_commit_says(repo: Path) -> None:
    first = dated(repo, 1)
    env = {
        "GIT_AUTHOR_NAME": "Ana Ñu",
        "GIT_AUTHOR_EMAIL": "ana@example.org",
        "GIT_AUTHOR_DATE": "2026-03-02T23:30:00-0200",
        "GIT_COMMITTER_DATE": "2026-03-04T00:30:00+0530",
    }
    message = "subject\non two lines\n\nbody\n\nGitml-Ref: run/wine/1"
    git(repo, "commit", "-q", "--allow-empty", "-m", message, env=env)
    found = Git.find(repo)
    second = found.resolve("HEAD")
    said = found.commit_info(second)
    assert (said.oid, said.parents) == (second, (first,))
    assert said.tree == git(repo, "rev-parse", "HEAD^{tree}")
    assert (said.time, said.authored) == ("2026-03-03T19:00:00Z", "2026-03-03T01:30:00Z")
    assert (said.author, said.committer) == ("Ana Ñu <ana@example.org>", "Mona <mona@example.org>")
    assert said.subject == "subject on two lines"
    assert said.message.endswith("\n\nGitml-Ref: run/wine/1\n")
    assert [c.oid for c in found.commits([second, first])] == [second, first]


def test_a_commit_in_another_encoding_signed_or_odd(repo: Path) -> None:
    tree = git(repo, "mktree", text=b"")
    latin = (
        f"tree {tree}\nauthor J\xfcrgen <j@x> 1772366400 +0100\ncommitter nobody\nencoding ISO-8859-1\n"
        "gpgsig -----BEGIN-----\n tree of lies\n -----END-----\n\nGr\xfc\xdfe\n"
    ).encode("latin-1")
    unknown = f"tree {tree}\nauthor A <> 99999999999999 +0000\ncommitter A <> x\nencoding klingon\n\nü\n".encode()
    found = Git.find(repo)
    first, second = (
        git(repo, "hash-object", "-t", "commit", "-w", "--literally", "--stdin", text=content)
        for content in (latin, unknown)
    )
    said = found.commit_info(first)
    assert (said.author, said.subject, said.authored) == ("Jürgen <j@x>", "Grüße", "2026-03-01T12:00:00Z")
    assert said.time == "1970-01-01T00:00:00Z"
    said = found.commit_info(second)
    assert (said.subject, said.authored) == ("ü", "9999-12-31T23:59:59Z")


def test_no_such_commit(repo: Path) -> None:
    commit(repo, {"f": "1"})
    found = Git.find(repo)
    with pytest.raises(NotFound, match="is not here"):
        found.commit_info("1" * 40)
    with pytest.raises(BadValue, match="not a commit"):
        found.commit_info(found.tree("HEAD")["f"].oid)


def test_merge_bases(repo: Path) -> None:
    first = dated(repo, 1)
    git(repo, "checkout", "-q", "-b", "side")
    side = dated(repo, 2)
    git(repo, "checkout", "-q", "main")
    main = dated(repo, 3)
    git(repo, "checkout", "-q", "--orphan", "other")
    other = dated(repo, 4)
    found = Git.find(repo)
    assert found.merge_base(side, main) == first
    assert found.merge_base(side, other) is None
    assert found.is_ancestor(first, main)
    assert not found.is_ancestor(main, first)
    with pytest.raises(GitFailed, match="merge-base"):
        found.merge_base("--all", main)


# ── refs ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_head_and_branch(repo: Path) -> None:
    first = dated(repo, 1)
    git(repo, "tag", "odd")
    git(repo, "checkout", "-q", "-b", "feature/odd")
    git(repo, "branch", "odd")
    found = Git.find(repo)
    assert (found.head(), found.branch()) == (first, "feature/odd")
    git(repo, "checkout", "-q", "refs/heads/odd")
    assert found.branch() is None
    git(repo, "checkout", "-q", "odd", "--")
    git(repo, "symbolic-ref", "HEAD", "refs/heads/odd")
    assert found.branch() == "odd"
    git(repo, "checkout", "-q", "--orphan", "fresh")
    assert (found.head(), found.branch()) == (None, "fresh")


def test_refs_name_commits(repo: Path) -> None:
    first = dated(repo, 1, f="1")
    git(repo, "tag", "-m", "annotated", "v1")
    git(repo, "tag", "a-tree", "HEAD^{tree}")
    git(repo, "tag", "-m", "annotated", "a-tagged-tree", "HEAD^{tree}")
    git(repo, "tag", "-m", "nested", "a-tree-again", "a-tagged-tree")
    git(repo, "tag", "-m", "nested", "v1.again", "v1")
    git(repo, "update-ref", "refs/heads/ünï", first)
    found = Git.find(repo)
    assert found.refs() == {
        "refs/heads/main": first,
        "refs/heads/ünï": first,
        "refs/tags/v1": first,
        "refs/tags/v1.again": first,
    }
    assert set(found.refs("refs/tags/")) == {"refs/tags/v1", "refs/tags/v1.again"}
    assert found.refs("refs/none") == {}


def test_the_main_line_is_the_remotes_first(repo: Path) -> None:
    first = dated(repo, 1)
    found = Git.find(repo)
    assert found.main_ref("main") == found.main_ref("refs/heads/main") == "refs/heads/main"
    assert found.main_ref("trunk") is None
    git(repo, "update-ref", "refs/remotes/fork/main", first)
    assert found.main_ref("main") == "refs/remotes/fork/main"
    git(repo, "update-ref", "refs/remotes/alike/main/x", first)
    git(repo, "update-ref", "refs/remotes/origin/main", first)
    git(repo, "update-ref", "refs/remotes/fork/only", first)
    git(repo, "update-ref", "refs/remotes/origin/not/only", first)
    assert found.main_ref("main") == "refs/remotes/origin/main"
    assert found.main_ref("only") == "refs/remotes/fork/only"
    git(repo, "config", "branch.main.remote", "fork")
    git(repo, "config", "branch.main.merge", "refs/heads/main")
    git(repo, "config", "remote.fork.url", "nowhere")
    git(repo, "config", "remote.fork.fetch", "+refs/heads/*:refs/remotes/fork/*")
    assert found.main_ref("main") == "refs/remotes/fork/main"
    git(repo, "config", "branch.main.merge", "refs/heads/only")
    assert found.main_ref("main") == "refs/remotes/fork/only"
    git(repo, "config", "branch.main.merge", "refs/heads/gone")
    assert found.main_ref("main") == "refs/remotes/origin/main"


@pytest.mark.parametrize("name", ["merge", "cherry-pick", "revert", "rebase", "rebase --apply", "am"])
def test_what_git_is_in_the_middle_of(repo: Path, name: str) -> None:
    commit(repo, {"f": "1"})
    git(repo, "checkout", "-q", "-b", "side")
    commit(repo, {"f": "2"})
    patch = git(repo, "format-patch", "-1", "--stdout").encode()
    git(repo, "checkout", "-q", "main")
    commit(repo, {"f": "3"})
    found = Git.find(repo)
    assert found.operation_in_progress() is None
    if name == "am":
        git(repo, "am", "-3", text=patch, check=False)
    else:
        git(repo, *name.split(), "side" if name != "revert" else "HEAD~1", check=False)
    assert found.operation_in_progress() == name.split(maxsplit=1)[0]
    if name not in ("merge", "revert"):
        git(repo, name.split(maxsplit=1)[0], "--abort")
        assert found.operation_in_progress() is None


@pytest.mark.parametrize("name", ["cherry-pick", "revert"])
def test_between_two_picks_git_is_still_in_the_middle(repo: Path, name: str) -> None:
    commit(repo, {"f": "1"})
    for text in "23":
        commit(repo, {"f": text})
    git(repo, "checkout", "-q", "-b", "side", "HEAD~2")
    commit(repo, {"f": "other"})
    git(repo, name, "main~1", "main", check=False)
    write(repo, {"f": "settled"})
    git(repo, "commit", "-q", "-a", "-m", "settled")
    found = Git.find(repo)
    assert not (repo / ".git/CHERRY_PICK_HEAD").exists()
    assert found.operation_in_progress() == name
