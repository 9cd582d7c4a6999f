from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitml.errors import BadValue, GitFailed, NotFound
from gitml.repo.git import Git
from gitml.repo.git.commits import bound_of, iso
from gitml.repo.git.revision import At
from gitrepo import commit, git, init

DAY = 86_400


def day(number: int, time: str = "12:00:00") -> str:
    return f"2026-03-{number:02}T{time}+00:00"


def dated(repo: Path, number: int, **files: str) -> str:
    return commit(repo, files, f"day {number}", day(number))


# ── revisions ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_way_to_name_a_commit(repo: Path) -> None:
    first = dated(repo, 1)
    second = commit(repo, {"f": "1"}, "fix the thing", day(2))
    git(repo, "tag", "-m", "annotated", "v1.0", first)
    git(repo, "branch", "2026-03-01", second)
    git(repo, "branch", "-f", "a/b", first)
    git(repo, "update-ref", "refs/heads/-odd", first)
    found = Git.find(repo)
    named = {
        "HEAD": second,
        "@": second,
        "main": second,
        "main~1": first,
        "HEAD^": first,
        "v1.0": first,
        "v1.0^{}": first,
        "a/b": first,
        "refs/heads/-odd": first,
        "-odd": first,
        first: first,
        first[:7]: first,
        ":/fix the": second,
        "HEAD^{/day 1}": first,
        "2026-03-01": second,
        "main@{0}": second,
    }
    for text, expected in named.items():
        assert found.resolve(text) == expected, text
        at = found.resolve_at(text, "main")
        assert (at.kind, at.commit) == ("commit", expected)
        assert found.commit_or_none(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "nope", "--all", "--output=x", "-h", "HEAD~9", "HEAD:f", "main\nHEAD", "a b", "main@{u}", "\0", "1" * 40],
)
def test_no_such_revision(repo: Path, text: str) -> None:
    commit(repo, {"f": "1"})
    found = Git.find(repo)
    with pytest.raises(NotFound, match="no revision"):
        found.resolve(text)
    with pytest.raises(NotFound):
        found.resolve_at(text)
    assert found.commit_or_none(text) is None
    assert not (repo / "x").exists()


def test_the_nearest_names_are_told(repo: Path) -> None:
    first = dated(repo, 1)
    git(repo, "tag", "v1.0")
    git(repo, "update-ref", "refs/remotes/origin/feature", first)
    with pytest.raises(NotFound) as caught:
        Git.find(repo).resolve("v1.0.0")
    assert caught.value.near == ("v1.0",)
    with pytest.raises(NotFound) as caught:
        Git.find(repo).resolve_at("origin/featur")
    assert caught.value.near == ("origin/feature",)


def test_no_commit_yet(repo: Path, tmp_path: Path) -> None:
    for text in ("HEAD", "@"):
        with pytest.raises(NotFound, match="no commit yet"):
            Git.find(repo).resolve(text)
    with pytest.raises(NotFound, match="no commit yet"):
        Git.find(repo).resolve_at("2026-03-01")
    git(tmp_path, "init", "-q", "--bare", "bare.git")
    with pytest.raises(NotFound, match="no commit yet"):
        Git.find(tmp_path / "bare.git").resolve_at(None)


def test_a_short_id_that_several_objects_share(repo: Path) -> None:
    found = Git.find(repo)
    seen: dict[str, str] = {}
    tree = git(repo, "mktree", text=b"")
    prefix = ""
    # Two commits whose first four digits agree: a few hundred tries.
    for number in range(5000):
        oid = git(repo, "commit-tree", tree, "-m", str(number))
        if oid[:4] in seen:
            prefix = oid[:4]
            break
        seen[oid[:4]] = oid
    with pytest.raises(BadValue, match=f"{prefix}: 2 objects begin so") as caught:
        found.resolve(prefix)
    assert len(caught.value.near) == 2
    with pytest.raises(BadValue, match="write more digits"):
        found.resolve_at(f"{prefix}~1")


# ── snapshots by name ───────────────────────────────────────────────────────────────────────────────────────────────


def test_staged_and_the_work_tree_by_name(repo: Path, tmp_path: Path) -> None:
    first = dated(repo, 1)
    git(repo, "branch", "staged")
    found = Git.find(repo)
    assert found.resolve_at(None) == found.resolve_at("worktree") == At("worktree")
    assert found.resolve_at("staged") == At("staged")
    git(tmp_path, "clone", "-q", "--bare", str(repo), "bare.git")
    bare = Git.find(tmp_path / "bare.git")
    assert bare.resolve_at(None) == At("commit", first)
    for text in ("staged", "worktree"):
        with pytest.raises(BadValue, match="no work tree"):
            bare.resolve_at(text)


def test_a_date_is_the_end_of_its_day(repo: Path) -> None:
    oids = {number: dated(repo, number) for number in (1, 2, 4)}
    late = commit(repo, {}, "late", "2026-03-04T23:59:59+00:00")
    other = commit(repo, {}, "other zone", "2026-03-04T22:30:00-0200")
    found = Git.find(repo)
    for text, expected in {
        "2026-03-01": oids[1],
        "2026-03-02": oids[2],
        "2026-03-03": oids[2],
        "2026-03-04": late,
        "2026-03-05": other,
        "9999-12-31": other,
        "2026-03-04T12:00:00Z": oids[4],
        "2026-03-04T12:00": oids[4],
        "2026-03-04 11:59:59": oids[2],
        "2026-03-04 11:59:59.999999": oids[2],
        "2026-03-04T12:59:59+01:00": oids[2],
        "2026-03-04t13:00:00+0100": oids[4],
        "2026-03-04 13:00 +01:00": oids[4],
    }.items():
        assert found.by_date("HEAD", text) == expected, text
        at = found.resolve_at(text)
        assert (at.kind, at.commit) == ("commit", expected)
        assert at == found.resolve_at(text, "main")


def test_a_clock_set_back_does_not_let_later_commits_in(repo: Path) -> None:
    first, second = dated(repo, 1), dated(repo, 2)
    dated(repo, 9)
    dated(repo, 3)  # made after that of the 9th, with a clock set back
    found = Git.find(repo)
    assert found.by_date("main", "2026-03-05") == second
    assert found.by_date("main", "2026-03-01") == first
    assert found.by_date("main", "2026-03-09") == found.head()


def test_only_the_first_parent_line_counts(repo: Path) -> None:
    first = dated(repo, 1)
    git(repo, "checkout", "-q", "-b", "side")
    dated(repo, 2)
    git(repo, "checkout", "-q", "main")
    env = {"GIT_COMMITTER_DATE": day(5), "GIT_AUTHOR_DATE": day(5)}
    git(repo, "merge", "-q", "--no-ff", "-m", "merge", "side", env=env)
    assert Git.find(repo).by_date("main", "2026-03-04") == first


def test_the_committers_date_counts(repo: Path) -> None:
    first = dated(repo, 1)
    env = {"GIT_AUTHOR_DATE": day(2), "GIT_COMMITTER_DATE": day(8)}
    git(repo, "commit", "-q", "--allow-empty", "-m", "rebased", env=env)
    assert Git.find(repo).by_date("main", "2026-03-03") == first


def test_before_the_first_commit(repo: Path) -> None:
    dated(repo, 5)
    with pytest.raises(NotFound, match=r"no commit by 2026-03-04: the first is [0-9a-f]{12}, of 2026-03-05T12:00:00Z"):
        Git.find(repo).resolve_at("2026-03-04", "main")


def test_a_shallow_clone_says_where_it_ends(repo: Path, tmp_path: Path) -> None:
    for number in (1, 3, 5):
        dated(repo, number)
    git(tmp_path, "clone", "-q", "--depth=2", f"file://{repo}", "shallow")
    found, full = Git.find(tmp_path / "shallow"), Git.find(repo)
    assert found.is_shallow()
    assert not full.is_shallow()
    assert found.by_date("HEAD", "2026-03-04") == full.resolve("HEAD~1")
    with pytest.raises(NotFound, match=r"the first is [0-9a-f]{12}, of 2026-03-03.* this clone is shallow") as caught:
        found.resolve_at("2026-03-02", "main")
    assert "--unshallow" in caught.value.hint
    assert found.commit_info(found.resolve("HEAD~1")).parents == (full.resolve("HEAD~2"),)
    assert found.merge_base("HEAD", "HEAD~1") == found.resolve("HEAD~1")


def test_dates_are_looked_up_on_main(repo: Path, tmp_path: Path) -> None:
    first = dated(repo, 1)
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(repo), "clone")
    theirs = dated(repo, 3)
    git(clone, "checkout", "-q", "-b", "side")
    side = dated(clone, 2)
    found = Git.find(clone)
    assert found.resolve_at("2026-03-09", "main").commit == first
    assert found.resolve_at("2026-03-09").commit == side
    git(clone, "fetch", "-q")
    assert found.resolve_at("2026-03-09", "main").commit == theirs  # the local main has not moved
    git(clone, "checkout", "-q", "main")
    git(clone, "merge", "-q", "--ff-only", "origin/main")
    ours = dated(clone, 4)
    assert found.resolve_at("2026-03-09", "main").commit == ours  # not pushed yet
    git(clone, "reset", "-q", "--hard", first)
    dated(clone, 5)
    assert found.resolve_at("2026-03-09", "main").commit == theirs  # gone another way
    with pytest.raises(NotFound, match="main branch 'trunk' is not here") as caught:
        found.resolve_at("2026-03-09", "trunk")
    assert "git fetch origin trunk" in caught.value.hint


@pytest.mark.parametrize(
    "text", ["2026-02-30", "2026-13-01", "2026-03-01T25:00", "0000-01-01", "2026-03-01T12:00+99:00"]
)
def test_a_date_that_is_none(repo: Path, text: str) -> None:
    dated(repo, 1)
    with pytest.raises(BadValue, match="no such date"):
        Git.find(repo).resolve_at(text)


@pytest.mark.parametrize("text", ["2026-03", "20260301", "yesterday", "2026-03-01x", "2026-W10-1", "٢٠٢٦-03-01"])
def test_what_looks_little_like_a_date(repo: Path, text: str) -> None:
    dated(repo, 1)
    found = Git.find(repo)
    with pytest.raises(NotFound, match="no revision"):
        found.resolve_at(text)
    with pytest.raises(BadValue, match="neither a date nor a time"):
        found.by_date("HEAD", text)


def test_a_line_that_looks_like_an_option(repo: Path) -> None:
    dated(repo, 1)
    with pytest.raises(BadValue, match="not a commit"):
        Git.find(repo).first_parents("--all")
    with pytest.raises(GitFailed, match="rev-list"):
        Git.find(repo).first_parents("nope")


@given(st.integers(0, 253_402_300_799))
def test_a_time_is_later_than_itself_by_a_second(seconds: int) -> None:
    assert bound_of(iso(seconds)) == seconds + 1
    assert bound_of(iso(seconds)[:10]) == seconds // DAY * DAY + DAY


def test_the_line_by_date_agrees_with_a_plain_reading(tmp_path: Path) -> None:
    """Whatever the clocks did: stop before the first commit that is later."""

    @settings(max_examples=15, deadline=None)
    @given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.integers(1, 9))
    def agrees(days: list[int], asked: int) -> None:
        place = tmp_path / "r"
        shutil.rmtree(place, ignore_errors=True)
        init(place)
        oids = [dated(place, number) for number in days]
        kept = next((n for n, number in enumerate(days) if number > asked), len(days))
        found = Git.find(place)
        if kept:
            assert found.by_date("HEAD", f"2026-03-{asked:02}") == oids[kept - 1]
        else:
            with pytest.raises(NotFound, match="no commit by"):
                found.by_date("HEAD", f"2026-03-{asked:02}")

    agrees()
