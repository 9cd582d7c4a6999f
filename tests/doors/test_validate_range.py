"""`validate --range A..B` and `--merge A B`: on real histories, in every form that they come in."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import gitml
from command_line import fine, ml
from gitml.errors import GitFailed
from gitml.repo.git import Git
from gitml.repo.git.merging import merge_tree
from gitrepo import commit, git, init, write

STORE = "schema: store/1\nmain: main\n"
IDS = {number: f"01JD7M000000000000000000{number}0" for number in "1234"}
ALIAS = "metadata/aliases/model/wine/production.yaml"
BAD = "schema: dataset/1\nowners: me\n"


def version(number: str, auc: float) -> str:
    return f'schema: model-version/1\nid: {IDS[number]}\ncreated: "2026-02-10T09:12:00Z"\nmetrics:\n  auc: {auc}\n'


def alias(number: str) -> str:
    return f'schema: alias/1\nversion: "{number}"\nid: {IDS[number]}\n'


def status(number: str, word: str = "retired") -> str:
    return f"schema: status/1\nstatus: {word}\nid: {IDS[number]}\n"


def retire(number: str, word: str = "retired") -> dict[str, str]:
    return {f"metadata/statuses/model/wine/{number}.yaml": status(number, word)}


GOOD = {
    "metadata/store.yaml": STORE,
    "metadata/models/wine.yaml": "schema: model/1\ndescription: Price band.\nowners:\n- a\n- b\n",
    "metadata/models/wine/1.yaml": version("1", 0.9),
    "metadata/models/wine/2.yaml": version("2", 0.92),
    "metadata/models/wine/3.yaml": version("3", 0.8),
    "metadata/metrics/auc.yaml": "schema: metric/1\ndirection: higher\ntolerance:\n  absolute: 0.005\n",
    "metadata/datasets/grapes.yaml": "schema: dataset/1\ndescription: Grapes.\n",
    "metadata/decisions/one.yaml": "schema: decision/1\ndecision: One.\n",
    ALIAS: alias("1"),
    "train.py": "a\nb\nc\n",
}


@pytest.fixture
def forked(repo: Path) -> Path:
    """A store with a branch `side` where main is."""
    commit(repo, GOOD)
    git(repo, "branch", "side")
    return repo


def on(repo: Path, branch: str, files: Mapping[str, str | None], message: str = "change") -> str:
    """A commit on a branch; a file without content is removed. Main is checked out afterwards."""
    git(repo, "checkout", "-q", branch)
    for name in [name for name, text in files.items() if text is None]:
        (repo / name).unlink()
    made = commit(repo, {name: text for name, text in files.items() if text is not None}, message)
    git(repo, "checkout", "-q", "main")
    return made


def problems(repo: Path, *question: str) -> list[tuple[str, str]]:
    said = ml(repo, "validate", *question, "--format", "json")
    assert said.err == ""
    found = said.json["problems"]
    assert said.code == any(one["severity"] == "error" for one in found)
    return [(one["code"], one["path"]) for one in found]


# ── --range ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_range_tells_what_is_new_and_not_what_was_there(forked: Path) -> None:
    on(forked, "main", {"metadata/datasets/old.yaml": BAD})
    git(forked, "branch", "-f", "side", "main")
    tip = on(forked, "side", {"metadata/datasets/new.yaml": BAD})
    said = ml(forked, "validate", "--range", "main..side", "--format", "json")
    assert said.code == 1
    assert said.json["at"] == {"kind": "commit", "commit": tip, "events": None}
    assert said.json["base"] == git(forked, "rev-parse", "main")
    assert [one["path"] for one in said.json["problems"]] == ["metadata/datasets/new.yaml"]
    assert ml(forked, "validate", "--range", "main...side").out.startswith("metadata/datasets/new.yaml:2:9: error ")
    assert [one.code for one in gitml.open(forked).validate_range("main", "side").problems] == ["schema.type"]


def test_what_main_broke_since_is_none_of_the_branch_s(forked: Path) -> None:
    on(forked, "side", {"metadata/decisions/two.yaml": "schema: decision/1\ndecision: Two.\n"})
    on(forked, "main", {"metadata/datasets/old.yaml": BAD})
    assert problems(forked, "--range", "main..side") == []
    assert problems(forked, "--range", "side..main") == [("schema.type", "metadata/datasets/old.yaml")]


def test_an_old_problem_that_has_moved_down_its_file_is_still_an_old_one(forked: Path) -> None:
    old = "metadata/datasets/old.yaml"
    on(forked, "main", {old: BAD})
    git(forked, "branch", "-f", "side", "main")
    on(forked, "side", {old: "schema: dataset/1\ndescription: Old.\nowners: me\n"})
    assert problems(forked, "--range", "main..side") == []
    on(forked, "side", {old: "schema: dataset/1\ndescription: Old.\nowners: me\ntags: 3\n"})
    assert problems(forked, "--range", "main..side") == [("schema.type", old)]


def test_a_range_ends_at_head_unless_it_says_otherwise(forked: Path) -> None:
    on(forked, "side", {"metadata/datasets/new.yaml": BAD})
    git(forked, "checkout", "-q", "side")
    assert problems(forked, "--range", "main..") == [("schema.type", "metadata/datasets/new.yaml")]
    assert problems(forked, "--range", "..main") == []


def test_a_worse_promotion_fails_and_a_better_one_passes(forked: Path) -> None:
    on(forked, "side", {ALIAS: alias("2")})
    assert problems(forked, "--range", "main..side") == []
    on(forked, "side", {ALIAS: alias("3")})
    assert problems(forked, "--range", "main..side") == [("metric.worse", ALIAS)]
    said = ml(forked, "validate", "--range", "main..side")
    assert "error metric.worse version: model/wine@3 is worse than model/wine@1" in said.out
    assert "auc 0.9 -> 0.8 (higher is better, tolerance 0.005)" in said.out
    assert problems(forked, "--merge", "main", "side") == [("metric.worse", ALIAS)]


def test_a_landed_version_stays_and_one_of_a_branch_below_may_change(forked: Path) -> None:
    on(forked, "side", {"metadata/models/wine/1.yaml": version("1", 0.99)})
    assert problems(forked, "--range", "main..side") == [("immutable.changed", "metadata/models/wine/1.yaml")]
    git(forked, "branch", "-f", "side", "main")
    on(forked, "side", {"metadata/models/wine/4.yaml": version("4", 0.5)})
    git(forked, "branch", "stacked", "side")
    on(forked, "stacked", {"metadata/models/wine/4.yaml": version("4", 0.6)})
    assert problems(forked, "--range", "side..stacked") == []


def test_merges_that_cross_have_two_bases(forked: Path) -> None:
    on(forked, "main", {"metadata/datasets/m.yaml": BAD})
    on(forked, "side", {"metadata/datasets/s.yaml": BAD})
    main, side = git(forked, "rev-parse", "main"), git(forked, "rev-parse", "side")
    git(forked, "merge", "-q", "--no-ff", "-m", "one", side)
    git(forked, "checkout", "-q", "side")
    git(forked, "merge", "-q", "--no-ff", "-m", "other", main)
    git(forked, "checkout", "-q", "main")
    on(forked, "side", {"metadata/datasets/new.yaml": BAD, "metadata/models/wine/2.yaml": version("2", 0.1)})
    assert len(git(forked, "merge-base", "--all", "main", "side").split()) == 2
    wanted = [("schema.type", "metadata/datasets/new.yaml"), ("immutable.changed", "metadata/models/wine/2.yaml")]
    assert problems(forked, "--range", "main..side") == wanted
    assert {code for code, _path in problems(forked, "--merge", "main", "side")} == {"schema.type", "immutable.changed"}


def test_an_octopus_is_a_merge_like_others(forked: Path) -> None:
    for name in ("x", "y"):
        git(forked, "branch", name)
        on(forked, name, {f"metadata/datasets/{name}.yaml": BAD})
    git(forked, "checkout", "-q", "side")
    commit(forked, {"metadata/decisions/two.yaml": "schema: decision/1\ndecision: Two.\n"})
    git(forked, "merge", "-q", "-m", "octopus", "x", "y")
    git(forked, "checkout", "-q", "main")
    wanted = [("schema.type", f"metadata/datasets/{name}.yaml") for name in ("x", "y")]
    assert problems(forked, "--range", "main..side") == wanted
    assert problems(forked, "--merge", "main", "side") == wanted


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("--range main..nowhere", "no revision 'nowhere'"),
        ("--range nowhere..main", "no revision 'nowhere'"),
        ("--merge main nowhere", "no revision 'nowhere'"),
        ("--range main..orphan", "have no commit in common; name two commits of one history"),
        ("--merge main orphan", "have no commit in common"),
        ("--range main..worktree", "worktree is no commit"),
        ("--range -x..main", "no revision '-x'"),
        ("--range main..2001-01-01", "no commit by 2001-01-01"),
    ],
)
def test_what_cannot_be_compared_is_one_line(forked: Path, question: str, told: str) -> None:
    git(forked, "checkout", "-q", "--orphan", "orphan")
    git(forked, "commit", "-q", "-m", "another history")
    git(forked, "checkout", "-q", "main")
    option, _, value = question.partition(" ")
    said = ml(forked, "validate", *([f"{option}={value}"] if option == "--range" else question.split()))
    assert (said.code, said.out) == (1, "")
    assert told in said.err
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    "question", ["--range main", "--range main..side --staged", "--merge main side metadata", "--merge main side --fix",
                 "--range main..side --at main", "--merge main"],
)  # fmt: skip
def test_questions_that_do_not_go_together_are_wrong_usage(forked: Path, question: str) -> None:
    said = ml(forked, "validate", *question.split())
    assert (said.code, said.out) == (2, "")


def test_a_shallow_clone_says_what_it_lacks(forked: Path, tmp_path: Path) -> None:
    on(forked, "main", {"train.py": "1\n"})
    on(forked, "side", {"metadata/datasets/new.yaml": BAD})
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--depth=1", "--no-single-branch", f"file://{forked}", str(clone))
    for question in (["--range", "main..origin/side"], ["--merge", "main", "origin/side"]):
        said = ml(clone, "validate", *question)
        assert (said.code, said.out) == (1, "")
        assert "have no commit in common in this clone, which is shallow; git fetch --unshallow" in said.err
    said = ml(clone, "validate", "--range", f"{git(forked, 'rev-parse', 'main~1')}..origin/side")
    assert "this clone is shallow; git fetch --unshallow" in said.err
    git(clone, "fetch", "-q", "--unshallow")
    assert problems(clone, "--range", "main..origin/side") == [("schema.type", "metadata/datasets/new.yaml")]
    assert problems(clone, "--merge", "main", "origin/side") == [("schema.type", "metadata/datasets/new.yaml")]


def test_a_clone_that_is_deep_enough_serves(forked: Path, tmp_path: Path) -> None:
    for number in range(3):
        on(forked, "main", {"train.py": f"{number}\n"})
    git(forked, "branch", "-f", "side", "main~1")
    on(forked, "side", {"metadata/datasets/new.yaml": BAD})
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--depth=3", "--no-single-branch", f"file://{forked}", str(clone))
    assert problems(clone, "--merge", "main", "origin/side") == [("schema.type", "metadata/datasets/new.yaml")]


def test_what_a_partial_clone_lacks_is_an_error_and_no_pass(forked: Path, tmp_path: Path) -> None:
    on(forked, "side", {ALIAS: alias("3")})
    git(forked, "config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--filter=blob:none", "--branch=side", f"file://{forked}", str(clone))
    # The branch is here, and what the alias chose on main is not: whether 3 is worse than that nobody can say.
    wanted = [("path.unreadable", ALIAS)]
    assert problems(clone, "--range", "origin/main..side") == wanted
    assert problems(clone, "--merge", "origin/main", "side") == wanted


# ── --merge ──────────────────────────────────────────────────────────────────────────────────────────────────────


def written(repo: Path) -> list[str]:
    """Git's own files; what we keep beside them for the next time is no change."""
    files = (path.relative_to(repo / ".git") for path in (repo / ".git").rglob("*") if path.is_file())
    return sorted(str(path) for path in files if path.parts[0] != "gitml")


def test_a_merge_of_good_changes_is_fine_and_writes_nothing(forked: Path) -> None:
    on(forked, "main", {"metadata/datasets/grapes.yaml": GOOD["metadata/datasets/grapes.yaml"] + "license: CC0\n"})
    tip = on(forked, "side", {"metadata/decisions/two.yaml": "schema: decision/1\ndecision: Two.\n"})
    before = written(forked)
    said = ml(forked, "validate", "--merge", "main", "side", "--format", "json")
    assert (said.code, said.json["problems"]) == (0, [])
    assert said.json["merge"] == {"ours": git(forked, "rev-parse", "main"), "theirs": tip}
    assert said.json["base"] == git(forked, "merge-base", "main", "side")
    assert written(forked) == before


def test_one_retires_what_the_other_promotes(forked: Path) -> None:
    on(forked, "main", retire("2"))
    on(forked, "side", {ALIAS: alias("2")})
    assert problems(forked, "--range", "main..side") == []
    assert problems(forked, "--merge", "main", "side") == [("lifecycle.move", ALIAS)]
    assert problems(forked, "--merge", "side", "main") == [("lifecycle.move", "metadata/statuses/model/wine/2.yaml")]
    (problem,) = gitml.open(forked).merge_check("main", "side").problems
    assert problem.commit is None  # of the merge


def test_one_deletes_what_the_other_refers_to(forked: Path) -> None:
    pricing, wine = "metadata/use-cases/pricing.yaml", "metadata/models/wine.yaml"
    on(forked, "main", {pricing: "schema: use-case/1\n"})
    git(forked, "branch", "-f", "side", "main")
    git(forked, "branch", "fork", "main")
    on(forked, "main", {pricing: None})
    on(forked, "side", {wine: GOOD[wine] + "use_case: use-case/pricing\n"})
    assert problems(forked, "--range", "fork..main") == problems(forked, "--range", "fork..side") == []
    assert problems(forked, "--merge", "main", "side") == [("ref.missing", wine)]


def test_what_one_side_has_wrong_alone_names_its_commit(forked: Path) -> None:
    ours = on(forked, "main", {"metadata/datasets/m.yaml": BAD, **retire("2")})
    theirs = on(forked, "side", {"metadata/datasets/s.yaml": BAD, ALIAS: alias("2")})
    found = gitml.open(forked).merge_check("main", "side").problems
    assert [(one.code, one.commit) for one in found] == [
        ("lifecycle.move", None),
        ("schema.type", ours),
        ("schema.type", theirs),
    ]
    assert f"(in {ours[:12]})" in ml(forked, "validate", "--merge", "main", "side").out


def test_the_slot_moved_twice_is_a_conflict_with_both_values(forked: Path) -> None:
    on(forked, "main", {ALIAS: alias("2")})
    on(forked, "side", {ALIAS: alias("3")})
    said = ml(forked, "validate", "--merge", "main", "side", "--format", "json")
    (problem,) = said.json["problems"]
    assert said.code == 1
    assert (problem["code"], problem["path"]) == ("merge.conflict", ALIAS)
    assert (problem["ref"], problem["field"]) == ("alias/model/wine/production", "version")
    assert problem["message"].startswith("both sides changed it: version ('2' | '3'), id (")


@pytest.mark.parametrize(
    ("ours", "theirs", "told"),
    [
        ({"train.py": "A\nb\nc\n"}, {"train.py": "X\nb\nc\n"}, "train.py: error merge.conflict: both sides changed it"),
        ({"new.txt": "1\n"}, {"new.txt": "2\n"}, "new.txt: error merge.conflict: both sides added it"),
        ({"train.py": None}, {"train.py": "A\nb\nc\n"}, "one side removed or renamed it, and the side that comes in"),
        ({"train.py": "A\nb\nc\n"}, {"train.py": None}, "one side changed it, and the side that comes in removed"),
        ({"d": "1\n"}, {"d/e": "2\n"}, "d: error merge.conflict: "),
        (
            {"metadata/models/wine/4.yaml": version("4", 0.9)},
            {"metadata/models/wine/4.yaml": version("4", 0.9).replace(IDS["4"], IDS["4"][:-1] + "9")},
            "git ml renumber model/wine@4",
        ),
        (
            {"metadata/models/wine.yaml": GOOD["metadata/models/wine.yaml"].replace("- b", "- b\n- c")},
            {"metadata/models/wine.yaml": GOOD["metadata/models/wine.yaml"].replace("- b", "- b\n- d")},
            "wine.yaml: error merge.conflict owners: both sides changed it: owners (['a', 'b', 'c'] | ['a', 'b', 'd'])",
        ),
    ],
)
def test_conflicts_are_told_by_path(forked: Path, ours: Any, theirs: Any, told: str) -> None:
    on(forked, "main", ours)
    on(forked, "side", theirs)
    said = ml(forked, "validate", "--merge", "main", "side")
    assert said.code == 1
    assert told in said.out
    assert said.out.splitlines()[-1].endswith("checked: 1 error")


def test_no_driver_has_a_say(forked: Path) -> None:
    attributes = "*.yaml merge=mine\ntrain.py merge=union\n"
    commit(forked, {".gitattributes": attributes}, "drivers")
    git(forked, "branch", "-f", "side", "main")
    git(forked, "config", "merge.mine.driver", "true")
    git(forked, "config", "merge.default", "mine")
    on(forked, "main", {ALIAS: alias("2"), "train.py": "A\nb\nc\n"})
    on(forked, "side", {ALIAS: alias("3"), "train.py": "X\nb\nc\n"})
    wanted = [("merge.conflict", ALIAS), ("merge.conflict", "train.py")]
    assert problems(forked, "--merge", "main", "side") == wanted
    git(forked, "merge", "-q", "-m", "by the driver", "side")  # which is content here


def test_a_merge_is_seen_as_of_every_place(forked: Path, tmp_path: Path) -> None:
    on(forked, "main", {ALIAS: alias("2")})
    on(forked, "side", {ALIAS: alias("3")})
    bare, tree = tmp_path / "bare", tmp_path / "tree"
    git(tmp_path, "clone", "-q", "--bare", str(forked), str(bare))
    git(forked, "worktree", "add", "-q", str(tree), "side")
    for place in (bare, tree, forked / "metadata"):
        assert problems(place, "--merge", "main", "side") == [("merge.conflict", ALIAS)]


def test_sha256_and_a_store_in_a_folder(tmp_path: Path) -> None:
    repo = init(tmp_path / "repo", "--object-format=sha256")
    commit(repo, {f"sub/{name}": text for name, text in GOOD.items()} | {"other/metadata/store.yaml": STORE})
    git(repo, "branch", "side")
    on(repo, "main", {f"sub/{ALIAS}": alias("2")})
    on(repo, "side", {f"sub/{ALIAS}": alias("3"), "other/metadata/datasets/new.yaml": BAD})
    wanted = [("schema.type", "other/metadata/datasets/new.yaml"), ("merge.conflict", f"sub/{ALIAS}")]
    assert problems(repo, "--merge", "main", "side") == wanted
    assert problems(repo / "sub", "--range", "main..side") == [wanted[0], ("metric.worse", f"sub/{ALIAS}")]


def test_a_git_that_is_too_old_is_told_in_one_line(
    forked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on(forked, "side", {ALIAS: alias("2")})
    old = tmp_path / "old" / "git"
    script = (
        '#!/bin/sh\nfor word; do\n  case "$word" in\n'
        '    merge-tree) echo "usage: git merge-tree <base-tree>" >&2; exit 129;;\n'
        f'    version) echo "git version 2.25.1"; exit;;\n  esac\ndone\nexec {shutil.which("git")} "$@"\n'
    )
    write(old.parent, {"git": script})
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{old.parent}:/usr/bin:/bin")
    said = ml(forked, "validate", "--merge", "main", "side")
    assert (said.code, said.out) == (1, "")
    assert said.err == "git ml: git version 2.25.1 cannot merge without a work tree; install git 2.38 or later\n"


def test_a_merge_that_lacks_objects_says_so(forked: Path) -> None:
    on(forked, "main", {"train.py": "A\nb\nc\n"})
    on(forked, "side", {"train.py": "a\nb\nC\n"})
    blob = git(forked, "rev-parse", "side:train.py")
    (forked / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    found = Git.find(forked)
    with pytest.raises(GitFailed, match="git merge-tree"):
        merge_tree(found, found.resolve("main"), found.resolve("side"))


@pytest.mark.parametrize("sides", [("main", "side"), ("side", "main"), ("side", "side")])
def test_a_merge_that_is_none_gives_the_later_side(forked: Path, sides: tuple[str, str]) -> None:
    on(forked, "side", {"metadata/datasets/new.yaml": BAD})
    assert problems(forked, "--merge", *sides) == [("schema.type", "metadata/datasets/new.yaml")]


def test_the_merge_is_git_s_own(forked: Path) -> None:
    on(forked, "main", {"train.py": "A\nb\nc\n", "metadata/decisions/two.yaml": "schema: decision/1\ndecision: Two.\n"})
    on(forked, "side", {"train.py": None, "code/train.py": "a\nb\nc\n"})
    found = Git.find(forked)
    merged = merge_tree(found, found.resolve("main"), found.resolve("side"))
    fine(forked, "validate", "--merge", "main", "side")
    git(forked, "merge", "-q", "-m", "really", "side")
    assert dict(merged.entries) == found.tree(found.resolve("HEAD"))
    assert merged.clashes == ()
