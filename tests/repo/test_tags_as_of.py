"""As of when GTO's tags count: at a commit, at a tag, where a branch stands; and that no way forward takes one away."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import gto.api
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import gitml
from gitml.errors import NotFound
from gitml.repo.git import Git
from gitml.repo.git.revision import At
from gitrepo import commit, git, init
from histories import START, Commit, written
from replayed import replay

MONA = "Mona <mona@example.org>"
DAYS = {number: f"2026-03-{number:02}T12:00:00+00:00" for number in range(1, 20)}


def seconds(day: int) -> int:
    return int(datetime.fromisoformat(DAYS[day]).timestamp())


def tag(repo: Path, name: str, commit: str, day: int) -> None:
    git(repo, "tag", "-a", "-m", name, name, commit, env={"GIT_COMMITTER_DATE": DAYS[day]})


@pytest.fixture
def line(repo: Path) -> list[str]:
    """Commits of days 1, 4, 7, 10; a version and a stage of each but the last, set some days after it."""
    oids = [commit(repo, {"metadata/store.yaml": "schema: store/1\n", "a": f"{day}"}, date=DAYS[day])
            for day in (1, 4, 7, 10)]  # fmt: skip
    for number, day in enumerate((2, 9, 12)):
        tag(repo, f"wine@v{number + 1}.0.0", oids[number], day)
        tag(repo, f"wine#prod#{number + 1}", oids[number], day)
    git(repo, "tag", "light", oids[1])
    return oids


def versions(repo: Path, at: str | None) -> list[str]:
    store = gitml.open(repo)
    snapshot = (store.at(at) if at else store).snapshot
    return sorted(record.ref.keys[-1] for record in snapshot.records("model-version"))


def production(repo: Path, at: str) -> str:
    return str(gitml.open(repo).at(at).show("alias/model/wine/prod").data["version"])


def test_at_a_commit_those_count_that_were_set_by_then(repo: Path, line: list[str]) -> None:
    assert [versions(repo, oid) for oid in line] == [[], ["v1.0.0"], ["v1.0.0"], ["v1.0.0", "v2.0.0"]]
    assert versions(repo, "main~2") == versions(repo, line[1][:9]) == versions(repo, "light") == ["v1.0.0"]
    assert [production(repo, oid) for oid in line[1:]] == ["v1.0.0", "v1.0.0", "v2.0.0"]


def test_where_a_branch_or_head_stands_all_count(repo: Path, line: list[str]) -> None:
    git(repo, "branch", "old", line[0])
    git(repo, "update-ref", "refs/remotes/origin/main", line[0])
    for at in (None, "HEAD", "@", "main", "old", "heads/old", "origin/main", "worktree", "staged"):
        assert versions(repo, at) == ["v1.0.0", "v2.0.0", "v3.0.0"], at
    git(repo, "checkout", "-q", line[0])
    assert versions(repo, "HEAD") == ["v1.0.0", "v2.0.0", "v3.0.0"]
    assert versions(repo, line[0]) == []  # the commit, whoever stands there


def test_at_a_tag_it_is_the_tag_s_time(repo: Path, line: list[str]) -> None:
    assert versions(repo, "wine@v1.0.0") == ["v1.0.0"]
    assert versions(repo, "refs/tags/wine@v2.0.0") == ["v1.0.0", "v2.0.0"]
    assert production(repo, "wine#prod#2") == "v2.0.0"
    assert versions(repo, "wine@v3.0.0") == ["v1.0.0", "v2.0.0", "v3.0.0"]
    assert versions(repo, "wine@v3.0.0^{}") == ["v1.0.0"]
    git(repo, "branch", "wine@v2.0.0", line[0])  # git takes the tag
    assert versions(repo, "wine@v2.0.0") == ["v1.0.0", "v2.0.0"]
    tag(repo, "early", line[3], 3)
    assert versions(repo, "early") == ["v1.0.0", "v2.0.0"]  # its commit's is later
    at = Git.find(repo).resolve_at("wine@v3.0.0")
    assert at == At("commit", line[2], until=seconds(12))


def test_at_a_date_it_is_that_day(repo: Path, line: list[str]) -> None:
    assert versions(repo, "2026-03-01") == []
    assert versions(repo, "2026-03-02") == ["v1.0.0"]
    assert versions(repo, "2026-03-09T11:59:59Z") == ["v1.0.0"]
    assert versions(repo, "2026-03-12") == ["v1.0.0", "v2.0.0", "v3.0.0"]
    for day in ("2026-03-02", "2026-03-09", "2026-03-12"):
        (slot,) = gitml.open(repo).live(day).slots
        assert slot.version == f"model/wine@{production(repo, day)}"


def test_what_looks_back_agrees(repo: Path, line: list[str]) -> None:
    store = gitml.open(repo)
    assert [one.event for one in store.at("wine@v1.0.0").log("alias/model/wine/prod").events] == ["created"]
    with pytest.raises(NotFound):
        store.at(line[0]).log("alias/model/wine/prod")
    told = store.at(line[3]).log("alias/model/wine/prod", field="version").events
    assert (told[0].before, told[0].after) == ("v1.0.0", "v2.0.0")
    for on in (None, "2026-12-31"):
        (slot,) = store.at(line[3]).live(on).slots
        assert slot.version == "model/wine@v2.0.0"
    assert [(one.op, one.ref) for one in store.diff(line[2], "main")][:2] == [
        ("changed", "alias/model/wine/prod"),
        ("added", "model/wine@v2.0.0"),
    ]
    for over in ("commits", "tags"):
        told = store.rows("model-version", over=over).rows
        assert [(one["ref"], one["commit"]) for one in told] == [
            (f"model/wine@v{number + 1}.0.0", line[number]) for number in range(3)
        ]


def test_a_tag_is_no_change_of_the_work_tree_nor_of_a_branch(repo: Path, line: list[str]) -> None:
    store = gitml.open(repo)
    assert not store.diff()
    assert not store.diff("HEAD")
    git(repo, "checkout", "-q", "-b", "side", line[2])
    commit(repo, {"metadata/terms/a.yaml": "schema: term/1\ndefinition: x\n"}, date=DAYS[18])
    for one, other in (("main", "side"), (line[3], git(repo, "rev-parse", "side"))):
        assert [change.ref for change in store.diff(one, other, parted=True)] == ["term/a"]
    assert "model/wine@v3.0.0" in [change.ref for change in store.diff(line[2], "side")]


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Commit], list[tuple[int, int]]]:
    """Merges of two, each made no earlier than its parents; and tags (commit, seconds), set no earlier than it."""
    commits: list[Commit] = []
    for number in range(draw(st.integers(2, 8))):
        parents = draw(st.lists(st.integers(0, number - 1), min_size=1, max_size=2, unique=True)) if number else []
        made = max((commits[one].seconds for one in parents), default=0) + draw(st.integers(0, 3))
        commits.append(Commit(tuple(parents), {"metadata/store.yaml": "schema: store/1\n", "a": f"{number}"}, made))
    places = draw(st.lists(st.tuples(st.integers(0, len(commits) - 1), st.integers(0, 4)), min_size=1, max_size=6))
    return commits, [(number, commits[number].seconds + after) for number, after in places]


@settings(max_examples=8, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(made=histories())
def test_going_forward_never_takes_a_version_away(
    made: tuple[list[Commit], list[tuple[int, int]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    commits, tags = made
    repo = init(tmp_path_factory.mktemp("any") / "repo")
    oids = written(repo, commits)
    text = "".join(
        f"tag wine@v{number}.0.0\nfrom {oids[at]}\ntagger {MONA} {START + after} +0000\ndata 0\n\n"
        for number, (at, after) in enumerate(tags)
    )
    git(repo, "fast-import", "--quiet", "--force", text=text.encode())
    store = gitml.open(repo)
    for number, one in enumerate(commits):
        for parent in one.parents:
            assert [change.ref for change in store.diff(oids[parent], oids[number]) if change.op == "removed"] == []
    for number, (at, _after) in enumerate(tags):
        name = f"wine@v{number}.0.0"
        assert store.at(name).show(f"model/{name}").data["code"] == {"commit": oids[at]}


def test_gto_shows_the_same_with_the_tags_of_then(tmp_path: Path, real: Path) -> None:
    """At each tag of a real registry: what GTO makes of a repository that has only the tags that were set by then."""
    repo = replay(real / "iterative+demo-bank-customer-churn", tmp_path / "bank")
    listed = git(repo, "for-each-ref", "--format=%(taggerdate:unix) %(refname:strip=2)", "refs/tags").splitlines()
    tags = sorted((int(when), name) for when, _, name in (line.partition(" ") for line in listed) if when)
    assert len(tags) > 8
    for when, name in tags[:: len(tags) // 4]:
        then = tmp_path / name.replace("/", "_")
        shutil.copytree(repo, then)
        for later in [other for time, other in tags if time > when]:
            git(then, "tag", "-d", later)
        snapshot = gitml.open(repo).at(name).snapshot
        assert snapshot.at.until is not None
        aliases = {(one.ref.keys[1], one.ref.keys[2]): one.data["version"] for one in snapshot.records("alias")}
        shown = {
            (artifact, stage): version
            for artifact, said in gto.api.show(str(then)).items()
            for stage, version in said["stage"].items()
            if version
        }
        assert aliases == shown, (name, datetime.fromtimestamp(when, UTC))


def test_along_a_real_line_no_version_goes(tmp_path: Path, real: Path) -> None:
    repo = replay(real / "iterative+demo-bank-customer-churn", tmp_path / "bank")
    oids = git(repo, "rev-list", "--first-parent", "--reverse", "main").split()
    held = [set(versions(repo, oid)) for oid in oids]
    assert all(before <= after for before, after in pairwise(held))
    assert held[-1] | set(versions(repo, "main")) == set(versions(repo, "main"))
    assert any(before < after for before, after in pairwise(held))
