"""The walk over history: which commits there are, in which order, and every file of each; DVC names the same ones."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from dvc.scm import Git as DvcGit
from dvc.scm import iter_revs
from hypothesis import given, settings
from hypothesis import strategies as st

from gitml.errors import BadValue, GitFailed
from gitml.repo.git import Git
from gitml.repo.git.history import Node, Step, Walk, changes, empty_tree, nodes
from gitml.repo.git.objects import Entry
from gitml.repo.history import Ahead
from gitml.repo.over import OVER, Tips, asked, chosen
from gitrepo import commit, git, init, write
from histories import START, Commit, shapes, written


def steps(found: Git, commits: list[Node]) -> Iterator[tuple[Step, dict[str, Entry]]]:
    """Each step with its tree, as it is at that moment."""
    walk = Walk(found, commits)
    return ((step, dict(walk.tree(step))) for portion in walk.portions() for step in portion)


# ── the walk ──────────────────────────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=30)
@given(shapes(), st.data())
def test_every_tree_is_what_git_says_it_is(
    tmp_path_factory: pytest.TempPathFactory, shape: list[Commit], data: st.DataObject
) -> None:
    repo = init(tmp_path_factory.mktemp("walk") / "repo")
    oids = written(repo, shape)
    found = Git.find(repo)
    known = nodes(found, oids)
    assert sorted(node.oid for node in known) == sorted(set(oids))
    kept = data.draw(st.sets(st.sampled_from(oids), min_size=1))
    seen: set[str] = set()
    trees: dict[str | None, dict[str, Entry]] = {None: {}}
    paths: dict[str, set[str]] = {}
    for step, tree in steps(found, [node for node in known if node.oid in kept]):
        node = step.node
        assert tree == found.tree(node.oid)
        assert (node.tree, node.parents) == (found.commit_info(node.oid).tree, found.commit_info(node.oid).parents)
        assert not seen & {child.oid for child in known if node.oid in child.parents}
        base = trees[step.base]
        assert step.changed == {path: tree.get(path) for path in {*tree, *base} if tree.get(path) != base.get(path)}
        assert paths.setdefault(step.paths, set(tree)) == set(tree)
        trees[node.oid] = tree
        seen.add(node.oid)
    assert seen == kept
    shutil.rmtree(repo)


def test_order_is_parents_first_and_then_the_clock(repo: Path) -> None:
    line = [Commit((), {"a": "1"}, 50), Commit((0,), {}, 10), Commit((0,), {}, 30), Commit((), {}, 20)]
    oids = written(repo, line)
    found = nodes(Git.find(repo), reversed(oids))
    assert [oids.index(node.oid) for node in found] == [0, 1, 3, 2]
    assert [node.seconds - START for node in found] == [50, 10, 20, 30]


def test_nothing_is_walked_where_nothing_is(repo: Path) -> None:
    found = Git.find(repo)
    assert nodes(found, []) == []
    assert list(Walk(found, []).portions()) == []
    assert changes(found, []) == {}
    assert {over: chosen(found, Tips.of(found), [over]) for over in OVER} == {over: [] for over in OVER}


def test_a_tree_that_is_gone_is_not_one_that_is_the_same(repo: Path) -> None:
    oids = written(repo, [Commit((), {"a": "1"}, 0), Commit((0,), {"a": "2"}, 1)])
    found = Git.find(repo)
    there, other = (git(repo, "rev-parse", f"{oid}^{{tree}}") for oid in oids)
    gone = "1" * found.hash_size
    assert list(changes(found, [(there, other), (other, there)])) == [(there, other), (other, there)]
    for pair in ((gone, there), (there, gone)):
        for pairs in ([pair], [(there, other), pair], [pair, (other, there)]):
            with pytest.raises(GitFailed, match="one is not in this clone; git fsck tells which"):
                changes(found, pairs)


def test_only_paths_that_count_tell_trees_apart(repo: Path) -> None:
    files = {"a": "1", "b.py": "1"}
    changes = [Commit((), files, 0), Commit((0,), {"c": "1"}, 1), Commit((1,), {"d.py": "1"}, 2)]
    first, _second, third = written(repo, changes)
    found = Git.find(repo)
    walk = Walk(found, nodes(found, [third]), lambda path: path.endswith(".py"))
    (portion,) = walk.portions()
    assert [step.paths for step in portion] == [first, first, third]
    counting = [(len(walk.tree(step)), list(walk.counting)) for step in portion]
    assert counting == [(2, ["b.py"]), (3, ["b.py"]), (4, ["b.py", "d.py"])]


def test_many_commits_are_told_in_portions(repo: Path) -> None:
    count = 4100
    written(repo, [Commit((number - 1,) if number else (), {"a": str(number)}, number) for number in range(count)])
    found = Git.find(repo)
    known = nodes(found, found.refs().values())
    assert [len(portion) for portion in Walk(found, known).portions()] == [2000, 2000, 100]
    last = [tree["a"].oid for _step, tree in steps(found, known)][-1]
    assert last == found.blob_id(str(count - 1).encode())


def test_submodules_are_told_whatever_the_configuration_hides(repo: Path, tmp_path: Path) -> None:
    part = init(tmp_path / "part")
    one, two = commit(part, {"f": "1"}), commit(part, {"f": "2"})
    write(repo, {".gitmodules": '[submodule "sub"]\n\tpath = sub\n\turl = ./sub\n\tignore = all\n'})
    for oid in (one, two):
        git(repo, "update-index", "--add", "--cacheinfo", f"160000,{oid},sub")
        (repo / "sub").mkdir(exist_ok=True)
        git(repo, "add", ".gitmodules")
        git(repo, "commit", "-q", "--allow-empty", "-m", oid)
    git(repo, "config", "diff.renames", "copies")
    git(repo, "config", "diff.noprefix", "true")
    found = Git.find(repo)
    told = [tree["sub"] for _step, tree in steps(found, nodes(found, [found.resolve("HEAD")]))]
    assert told == [Entry("160000", one), Entry("160000", two)]


def test_a_repository_of_sha256(tmp_path: Path) -> None:
    repo = init(tmp_path / "long", "--object-format=sha256")
    written(repo, [Commit((), {"a": "1"}, 0), Commit((0,), {"a": "2", "b/c": "3"}, 1)])
    found = Git.find(repo)
    assert empty_tree(found.object_format) == git(repo, "hash-object", "-t", "tree", "--stdin", text=b"")
    for step, tree in steps(found, nodes(found, found.refs().values())):
        assert tree == found.tree(step.node.oid)


def test_a_clone_without_trees_says_what_to_do(repo: Path, tmp_path: Path) -> None:
    commit(repo, {"a/b": "1"})
    commit(repo, {"a/b": "2"})
    git(repo, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--filter=tree:0", "--no-checkout", f"file://{repo}", "bare-of-trees")
    found = Git.find(tmp_path / "bare-of-trees")
    known = nodes(found, [found.resolve("HEAD")])
    assert len(known) == 2
    with pytest.raises(GitFailed) as told:
        list(steps(found, known))
    assert "git fetch --refetch" in told.value.hint


# ── which commits ─────────────────────────────────────────────────────────────────────────────────────────────────


def branched(repo: Path) -> dict[str, str]:
    """Two lines that are merged, tags of both sorts, a remote's branch, a detached HEAD, experiments, other refs."""
    line = [
        Commit((), {"a": "0"}, 0),
        Commit((0,), {"a": "1"}, 1),
        Commit((0,), {"b/c": "2"}, 2),
        Commit((1, 2), {"a": "3"}, 3),
        Commit((1,), {"a": "x4"}, 4),
        Commit((4,), {"a": "x5"}, 5),
        Commit((0,), {"a": "x6"}, 6),
        Commit((), {"a": "away"}, 7),
        Commit((2,), {"a": "head"}, 8),
        Commit((0,), {"a": "gone"}, 9),
        Commit((9,), {"a": "x10"}, 10),
    ]
    oids = written(repo, line)
    for number in range(len(line)):
        git(repo, "update-ref", "-d", f"refs/heads/c{number}")
    places = {
        "refs/heads/main": 3,
        "refs/heads/side/line": 1,
        "refs/tags/v1": 1,
        "refs/remotes/origin/far": 7,
        f"refs/exps/{oids[1][:2]}/{oids[1][2:]}/loud-moth": 5,
        f"refs/exps/{oids[0][:2]}/{oids[0][2:]}/calm-crow": 6,
        f"refs/exps/{oids[9][:2]}/{oids[9][2:]}/of-nowhere": 10,
        "refs/exps/stash": 9,
        "refs/exps/exec/EXEC_HEAD": 9,
        "refs/stash": 9,
    }
    for ref, number in places.items():
        git(repo, "update-ref", ref, oids[number])
    git(repo, "tag", "-a", "-m", "two", "v2", oids[3])
    git(repo, "tag", "-a", "-m", "a tag of a tag", "v2-again", "v2")
    git(repo, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/far")
    git(repo, "update-ref", "--no-deref", "HEAD", oids[8])
    return {oid: str(number) for number, oid in enumerate(oids)}


def numbers(repo: Path, told: dict[str, str], *over: str, within: str | None = None) -> str:
    found = Git.find(repo)
    return " ".join(told[node.oid] for node in chosen(found, Tips.of(found), over, within))


def test_over_commits_branches_tags_and_experiments(repo: Path) -> None:
    told = branched(repo)
    assert numbers(repo, told, "commits") == "0 1 2 3 7 8"
    assert numbers(repo, told, "branches") == "1 3"
    assert numbers(repo, told, "tags") == "1 3"
    assert numbers(repo, told, "experiments") == "4 5 6 10"
    assert numbers(repo, told, "commits", "experiments") == "0 1 2 3 4 5 6 7 8 10"
    oids = {number: oid for oid, number in told.items()}
    assert numbers(repo, told, "commits", within=oids["4"]) == "0 1 4"
    assert numbers(repo, told, "branches", "tags", within=oids["4"]) == "1"


@pytest.mark.parametrize("over", [["commits"], ["branches"], ["tags"], ["experiments"], list(OVER), list(OVER[1:])])
def test_dvc_names_the_same_commits(repo: Path, over: list[str]) -> None:
    branched(repo)
    found = Git.find(repo)
    with DvcGit(str(repo)) as scm:
        theirs = iter_revs(scm, **{f"all_{word}": True for word in over})
    assert {node.oid for node in chosen(found, Tips.of(found), over)} == set(theirs)


def test_what_points_to_a_commit(repo: Path) -> None:
    told = branched(repo)
    oids = {number: oid for oid, number in told.items()}
    git(repo, "branch", "v1", oids["0"])
    names = {told[oid]: names for oid, names in Tips.of(Git.find(repo)).names().items()}
    assert names == {
        "0": ("heads/v1",),
        "1": ("side/line", "tags/v1"),
        "3": ("main", "v2", "v2-again"),
        "5": ("loud-moth",),
        "6": ("calm-crow",),
        "7": ("origin/far",),
        "10": ("of-nowhere",),
    }


def test_words_that_name_no_part_of_history() -> None:
    assert asked("tags") == ["tags"]
    assert asked(iter(["tags", "commits"])) == ["tags", "commits"]
    with pytest.raises(BadValue, match="'commit'") as told:
        asked("commit")
    assert told.value.near == ("commits",)
    with pytest.raises(BadValue, match="no part of history is named"):
        asked(())


# ── reading ahead ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_one_version_brings_all(repo: Path) -> None:
    written(
        repo,
        [
            Commit((), {"dvc.yaml": "0", "m.json": "m0", "x.py": "x0", "link": ">m.json"}, 0),
            Commit((0,), {"m.json": "m1", "x.py": "x1"}, 1),
            Commit((1,), {"m.json": None, "dvc.yaml": "2"}, 2),
        ],
    )
    found = Git.find(repo)
    (portion,) = Walk(found, nodes(found, found.refs().values())).portions()
    known: set[str] = set()
    ahead = Ahead(found, portion, known)
    assert [ahead.content("dvc.yaml", found.blob_id(text)) for text in (b"0", b"2")] == [b"0", b"2"]
    assert ahead.content("m.json", found.blob_id(b"m1")) == b"m1"
    shutil.rmtree(repo / ".git/objects")
    assert ahead.content("m.json", found.blob_id(b"m0")) == b"m0"
    assert known == {"dvc.yaml", "m.json"}


def test_files_that_were_asked_for_before_are_read_with_the_first(repo: Path) -> None:
    written(repo, [Commit((), {"dvc.yaml": "0", "m.json": "m0"}, 0)])
    found = Git.find(repo)
    (portion,) = Walk(found, nodes(found, found.refs().values())).portions()
    ahead = Ahead(found, portion, {"m.json"})
    assert ahead.content("dvc.yaml", found.blob_id(b"0")) == b"0"
    shutil.rmtree(repo / ".git/objects")
    assert ahead.content("m.json", found.blob_id(b"m0")) == b"m0"


def test_what_this_clone_does_not_have_is_none(repo: Path, tmp_path: Path) -> None:
    commit(repo, {"dvc.yaml": "1", "m.json": "2"})
    git(repo, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--filter=blob:none", "--no-checkout", f"file://{repo}", "partial")
    found = Git.find(tmp_path / "partial")
    (portion,) = Walk(found, nodes(found, [found.resolve("HEAD")])).portions()
    ahead = Ahead(found, portion, set())
    assert ahead.content("dvc.yaml", found.blob_id(b"1")) is None
    assert ahead.content("m.json", found.blob_id(b"2")) is None
