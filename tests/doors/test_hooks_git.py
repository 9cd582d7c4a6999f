"""Real git with our hooks: what is wrong is not committed, merged, applied or pushed; what is right is."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from command_line import Said, fine, ml, process, source
from gitrepo import git, init, write

GOOD = "schema: metric/1\ndirection: higher\n"
BETTER = "schema: metric/1\ndirection: lower\n"
BAD = "schema: metric/1\ndirection: upwards\n"
AUC, LOSS = "metadata/metrics/auc.yaml", "metadata/metrics/loss.yaml"
TOLD = f'{AUC}:2:12: error schema.enum direction: "upwards" is none of higher, lower, none'
REFUSED = "git ml: nothing was committed; what is wrong stands above\n"


@pytest.fixture
def guarded(repo: Path) -> Path:
    """A store with its hooks, and one good record committed."""
    write(repo, {"metadata/store.yaml": "schema: store/1\nmain: main\n", AUC: GOOD, "code.py": "1\n"})
    fine(repo, "init", "--hooks")
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "--no-verify", "-m", "first")
    return repo


def asked(place: Path, shell: Mapping[str, str], *words: str) -> Said:
    return process(place, "git", *words, env=shell)


def refused(said: Said, head: str, place: Path) -> None:
    assert said.code == 1
    assert TOLD in said.err
    assert REFUSED in said.err
    assert git(place, "rev-parse", "HEAD") == head


# ── commit ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("how", [("-a",), (AUC,), ("-i", AUC), ("-o", AUC)], ids=" ".join)
def test_commit_a_and_commit_path_refuse_what_is_wrong(
    guarded: Path, shell: dict[str, str], how: tuple[str, ...]
) -> None:
    head = git(guarded, "rev-parse", "HEAD")
    write(guarded, {AUC: BAD})
    refused(asked(guarded, shell, "commit", "-m", "x", *how), head, guarded)
    write(guarded, {AUC: BETTER})
    said = asked(guarded, shell, "commit", "-q", "-m", "x", *how)
    assert (said.code, said.out, said.err) == (0, "", "")
    assert git(guarded, "show", f"HEAD:{AUC}") == BETTER.strip()


def test_only_what_is_committed_counts(guarded: Path, shell: dict[str, str]) -> None:
    """With `commit PATH` the index of the hook holds that path alone, and not what else is staged."""
    write(guarded, {AUC: BAD, "code.py": "2\n"})
    git(guarded, "add", AUC)
    assert asked(guarded, shell, "commit", "-m", "code", "code.py").code == 0
    assert git(guarded, "diff", "--cached", "--name-only") == AUC
    head = git(guarded, "rev-parse", "HEAD")
    write(guarded, {AUC: GOOD, "code.py": "3\n"})
    refused(asked(guarded, shell, "commit", "-m", "staged"), head, guarded)


def test_a_file_of_the_work_tree_does_not_count(guarded: Path, shell: dict[str, str]) -> None:
    write(guarded, {"code.py": "2\n", AUC: BAD, LOSS: BAD})
    assert asked(guarded, shell, "commit", "-m", "code", "code.py").code == 0


def test_from_a_sub_folder(guarded: Path, shell: dict[str, str]) -> None:
    head = git(guarded, "rev-parse", "HEAD")
    write(guarded, {AUC: BAD})
    refused(asked(guarded / "metadata/metrics", shell, "commit", "-m", "x", "auc.yaml"), head, guarded)
    assert asked(guarded, shell, "-C", "metadata", "commit", "-qm", "x", "--allow-empty").code == 0


def test_in_a_linked_worktree(guarded: Path, shell: dict[str, str], tmp_path: Path) -> None:
    side = tmp_path / "side"
    git(guarded, "worktree", "add", "-q", str(side))
    head = git(side, "rev-parse", "HEAD")
    write(side, {AUC: BAD})
    refused(asked(side, shell, "commit", "-a", "-m", "x"), head, side)
    write(side, {AUC: BETTER})
    assert asked(side, shell, "commit", "-a", "-q", "-m", "x").code == 0


def test_the_first_commit_of_all(repo: Path, shell: dict[str, str]) -> None:
    fine(repo, "init", "--hooks")
    write(repo, {AUC: BAD})
    git(repo, "add", "-A")
    said = asked(repo, shell, "commit", "-m", "x")
    assert said.code == 1
    assert TOLD in said.err
    write(repo, {AUC: GOOD})
    git(repo, "add", "-A")
    assert asked(repo, shell, "commit", "-q", "-m", "x").code == 0


def test_a_deletion_is_looked_at_too(guarded: Path, shell: dict[str, str]) -> None:
    fine(guarded, "new", "run", "wine/01JD7K000000000000000000A0", "status=finished")
    fine(guarded, "new", "model", "wine")
    fine(guarded, "new", "model-version", "wine@1", "run=run/wine/01JD7K000000000000000000A0")
    git(guarded, "add", "-A")
    assert asked(guarded, shell, "commit", "-q", "-m", "a model").code == 0
    git(guarded, "rm", "-q", "-r", "metadata/runs")
    said = asked(guarded, shell, "commit", "-m", "without its run")
    assert said.code == 1
    assert "metadata/models/wine/1.yaml:" in said.err
    assert "error ref.missing run: there is no run/wine/01JD7K000000000000000000A0" in said.err


def test_a_store_in_a_sub_folder_is_guarded_from_anywhere(repo: Path, shell: dict[str, str]) -> None:
    (repo / "models").mkdir()
    fine(repo / "models", "init", "--hooks")
    write(repo, {"code.py": "1\n", f"models/{AUC}": BAD})
    git(repo, "add", "-A")
    said = asked(repo, shell, "commit", "-m", "x")
    assert said.code == 1
    assert f"models/{TOLD}" in said.err
    write(repo, {f"models/{AUC}": GOOD})
    git(repo, "add", "-A")
    assert asked(repo, shell, "commit", "-q", "-m", "x").code == 0


def test_two_stores_are_both_guarded(guarded: Path, shell: dict[str, str]) -> None:
    write(guarded, {"sub/metadata/store.yaml": "schema: store/1\nmain: main\n", f"sub/{AUC}": BAD, AUC: BAD})
    git(guarded, "add", "-A")
    said = asked(guarded, shell, "commit", "-m", "x")
    assert said.code == 1
    assert f"\n{TOLD}" in f"\n{said.err}"
    assert f"sub/{TOLD}" in said.err


def test_a_repository_without_a_store_is_left_in_peace(repo: Path, shell: dict[str, str], tmp_path: Path) -> None:
    """Hooks of a folder that all repositories of a person share (core.hooksPath) meet such."""
    git(repo, "config", "core.hooksPath", str(tmp_path / "hooks"))
    fine(repo, "init", "--hooks")
    other = init(tmp_path / "other")
    git(other, "config", "core.hooksPath", str(tmp_path / "hooks"))
    write(other, {"schemas/orders.yaml": "a: [", "x.yaml": "a: ["})
    git(other, "add", "-A")
    said = asked(other, shell, "commit", "-q", "-m", "x")
    assert (said.code, said.err) == (0, "")


def test_warnings_are_shown_and_do_not_block(guarded: Path, shell: dict[str, str]) -> None:
    write(guarded, {AUC: "direction: higher\nschema: metric/1\n"})
    said = asked(guarded, shell, "commit", "-a", "-q", "-m", "x")
    assert said.code == 0
    assert f"{AUC}: warning canonical.form" in said.err


def test_core_hooks_path_is_honoured(repo: Path, shell: dict[str, str]) -> None:
    git(repo, "config", "core.hooksPath", "tools/hooks")
    fine(repo, "init", "--hooks")
    write(repo, {AUC: BAD})
    git(repo, "add", "-A")
    assert TOLD in asked(repo, shell, "commit", "-m", "x").err


def test_gits_own_index_of_another_name(guarded: Path, shell: dict[str, str], tmp_path: Path) -> None:
    index = str(tmp_path / "index")
    git(guarded, "read-tree", "HEAD", env={"GIT_INDEX_FILE": index})
    oid = git(guarded, "hash-object", "-w", "--stdin", text=BAD.encode())
    git(guarded, "update-index", "--cacheinfo", f"100644,{oid},{AUC}", env={"GIT_INDEX_FILE": index})
    said = asked(guarded, {**shell, "GIT_INDEX_FILE": index}, "commit", "-m", "x")
    assert TOLD in said.err


# ── the hook that was there before ────────────────────────────────────────────────────────────────────────────────


def before(place: Path, name: str, text: str) -> None:
    file = place / ".git/hooks" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)


def test_the_hook_before_comes_first_and_its_failure_counts(repo: Path, shell: dict[str, str]) -> None:
    before(repo, "pre-commit", 'echo "before: $# $0" >&2; [ ! -e stop ] || exit 7')
    fine(repo, "init", "--hooks")
    write(repo, {AUC: GOOD})
    git(repo, "add", "-A")
    said = asked(repo, shell, "commit", "-q", "-m", "x")
    assert (said.code, said.err) == (0, "before: 0 .git/hooks/pre-commit.before-gitml\n")
    write(repo, {"stop": "", AUC: BAD})
    said = asked(repo, shell, "commit", "-a", "-m", "x")
    assert said.code == 1
    assert "before: " in said.err
    assert TOLD not in said.err


def test_the_hook_before_push_reads_what_is_pushed(guarded: Path, shell: dict[str, str], tmp_path: Path) -> None:
    (guarded / ".git/hooks/pre-push").unlink()
    before(guarded, "pre-push", f'echo "$@" > {tmp_path}/args; cat > {tmp_path}/stdin')
    fine(guarded, "init", "--hooks")
    remote = init(tmp_path / "remote.git", "--bare")
    git(guarded, "remote", "add", "origin", str(remote))
    assert asked(guarded, shell, "push", "-q", "origin", "main").code == 0
    assert (tmp_path / "args").read_text() == f"origin {remote}\n"
    head = git(guarded, "rev-parse", "HEAD")
    assert (tmp_path / "stdin").read_text() == f"refs/heads/main {head} refs/heads/main {'0' * 40}\n"


def test_a_push_of_nothing_gives_the_hook_before_nothing_to_read(
    guarded: Path, shell: dict[str, str], tmp_path: Path
) -> None:
    (guarded / ".git/hooks/pre-push").unlink()
    before(guarded, "pre-push", f"cat > {tmp_path}/stdin")
    fine(guarded, "init", "--hooks")
    remote = init(tmp_path / "remote.git", "--bare")
    git(guarded, "push", "-q", "--no-verify", str(remote), "main")
    assert asked(guarded, shell, "push", "-q", str(remote), "main").code == 0
    assert (tmp_path / "stdin").read_text() == ""


# ── merge, am, rebase ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def diverged(guarded: Path) -> Path:
    """On main and on `side` one commit each, which merge without a conflict; that of `side` is wrong."""
    git(guarded, "checkout", "-q", "-b", "side")
    write(guarded, {AUC: BAD})
    git(guarded, "commit", "-q", "--no-verify", "-a", "-m", "wrong")
    git(guarded, "checkout", "-q", "main")
    write(guarded, {"code.py": "2\n"})
    git(guarded, "commit", "-q", "--no-verify", "-a", "-m", "code")
    return guarded


def test_a_merge_of_what_is_wrong_is_refused(diverged: Path, shell: dict[str, str]) -> None:
    head = git(diverged, "rev-parse", "HEAD")
    refused(asked(diverged, shell, "merge", "-q", "-m", "merge", "side"), head, diverged)
    write(diverged, {AUC: BETTER})
    git(diverged, "add", AUC)
    assert asked(diverged, shell, "commit", "-q", "-m", "merge, mended").code == 0
    assert len(git(diverged, "rev-list", "--parents", "-1", "HEAD").split()) == 3


def test_a_patch_that_is_wrong_is_refused(diverged: Path, shell: dict[str, str], tmp_path: Path) -> None:
    head = git(diverged, "rev-parse", "HEAD")
    patch = tmp_path / "patch"
    patch.write_text(git(diverged, "format-patch", "-1", "--stdout", "side") + "\n")
    said = asked(diverged, shell, "am", "-q", str(patch))
    assert said.code != 0
    assert TOLD in said.err
    assert git(diverged, "rev-parse", "HEAD") == head
    git(diverged, "am", "--abort")


def test_conflicts_are_problems(guarded: Path, shell: dict[str, str]) -> None:
    git(guarded, "checkout", "-q", "-b", "side")
    write(guarded, {AUC: BETTER})
    git(guarded, "commit", "-q", "-a", "-m", "lower")
    git(guarded, "checkout", "-q", "main")
    write(guarded, {AUC: "schema: metric/1\ndirection: none\n"})
    git(guarded, "commit", "-q", "-a", "-m", "none")
    git(guarded, "merge", "-q", "side", check=False)
    said = ml(guarded, "validate", "--staged")
    assert said.code == 1
    assert f"{AUC}: error merge.conflict" in said.out
    git(guarded, "add", "-A")
    said = asked(guarded, shell, "commit", "-m", "with its marks")
    assert said.code == 1
    assert f"{AUC}:" in said.err


# ── push ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def shared(guarded: Path, tmp_path: Path) -> Path:
    """The store, with a remote that has its first commit."""
    remote = init(tmp_path / "remote.git", "--bare")
    git(guarded, "remote", "add", "origin", str(remote))
    git(guarded, "push", "-q", "--no-verify", "-u", "origin", "main")
    return guarded


def pushed(place: Path, shell: Mapping[str, str], *words: str) -> Said:
    return asked(place, shell, "push", "-q", *(words or ("origin", "main")))


def wrongly(place: Path, content: str = BAD, path: str = AUC) -> None:
    write(place, {path: content})
    git(place, "add", "-A")
    git(place, "commit", "-q", "--no-verify", "-m", "wrong")


def test_what_is_wrong_is_not_pushed(shared: Path, shell: dict[str, str]) -> None:
    wrongly(shared)
    said = pushed(shared, shell)
    assert said.code == 1
    tip = git(shared, "rev-parse", "HEAD")
    assert f"{TOLD}; use one of: higher, lower, none (in {tip[:12]})" in said.err
    assert "git ml: nothing was pushed; what is wrong stands above\n" in said.err
    assert git(shared, "ls-remote", "origin", "main").split()[0] != tip
    wrongly(shared, BETTER)
    said = pushed(shared, shell)
    assert (said.code, said.err) == (0, "")


def test_a_new_branch_is_judged_by_what_it_adds(shared: Path, shell: dict[str, str]) -> None:
    git(shared, "checkout", "-q", "-b", "side")
    wrongly(shared, path=LOSS)
    said = pushed(shared, shell, "origin", "side")
    assert said.code == 1
    assert LOSS in said.err
    assert AUC not in said.err


def test_what_is_there_already_is_not_held_against_a_push(shared: Path, shell: dict[str, str]) -> None:
    wrongly(shared)
    git(shared, "push", "-q", "--no-verify", "origin", "main")
    wrongly(shared, "2\n", "code.py")
    assert pushed(shared, shell).code == 0


def test_all_refs_that_are_pushed_are_looked_at(shared: Path, shell: dict[str, str]) -> None:
    git(shared, "branch", "good")
    git(shared, "checkout", "-q", "-b", "bad")
    wrongly(shared, path=LOSS)
    assert pushed(shared, shell, "origin", "good", "bad").code == 1
    assert pushed(shared, shell, "origin", "good").code == 0


def test_deleting_a_branch_and_pushing_tags(shared: Path, shell: dict[str, str]) -> None:
    git(shared, "push", "-q", "--no-verify", "origin", "main:old")
    assert pushed(shared, shell, "origin", ":old").code == 0
    git(shared, "tag", "-m", "one", "v1")
    git(shared, "tag", "blob", git(shared, "rev-parse", "HEAD:code.py"))
    said = pushed(shared, shell, "origin", "v1", "blob")
    assert (said.code, said.err) == (0, "")
    wrongly(shared)
    git(shared, "tag", "-m", "two", "v2")
    assert pushed(shared, shell, "origin", "v2").code == 1


def test_the_first_push_of_all_looks_at_everything(guarded: Path, shell: dict[str, str], tmp_path: Path) -> None:
    remote = init(tmp_path / "remote.git", "--bare")
    wrongly(guarded)
    said = pushed(guarded, shell, str(remote), "main")
    assert said.code == 1
    assert TOLD in said.err
    assert "base.unknown" not in said.err
    wrongly(guarded, BETTER)
    said = pushed(guarded, shell, str(remote), "main")
    assert (said.code, said.err) == (0, "")


def test_a_forced_push_and_one_of_a_clone_that_is_behind(shared: Path, shell: dict[str, str], tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", str(tmp_path / "remote.git"), "other")
    other = tmp_path / "other"
    wrongly(other, "2\n", "code.py")
    git(other, "push", "-q", "origin", "main")
    git(shared, "commit", "-q", "--amend", "--allow-empty", "-m", "again")
    said = pushed(shared, shell, "-f", "origin", "main")
    assert said.code == 0
    assert "error" not in said.err


def test_an_immutable_version_is_not_changed_by_a_push(shared: Path, shell: dict[str, str]) -> None:
    fine(shared, "new", "model", "wine")
    fine(shared, "new", "model-version", "wine@1", "type=forest")
    wrongly(shared, GOOD)
    assert pushed(shared, shell).code == 0
    path = "metadata/models/wine/1.yaml"
    wrongly(shared, (shared / path).read_text().replace("forest", "boosting"), path)
    said = pushed(shared, shell)
    assert said.code == 1
    assert f"{path}:1:1: error immutable.changed: model/wine@1 has landed and is changed here" in said.err


@pytest.mark.parametrize("text", ["what is this\n", "a b c d e\n"])
def test_what_no_push_says_is_an_error(guarded: Path, shell: dict[str, str], text: str) -> None:
    said = process(guarded, "git-ml", "validate", "--pushed", env=shell, text=text)
    assert (said.code, said.out) == (1, "")
    assert "is no line of a pre-push hook" in said.err


def test_git_finds_the_hooks_by_the_python_that_wrote_them(guarded: Path) -> None:
    """Programs that commit for a person (editors, desktop clients) may not have git-ml on their PATH."""
    write(guarded, {AUC: BAD})
    done = subprocess.run(
        ["git", "commit", "-a", "-m", "x"], cwd=guarded, capture_output=True, text=True, check=False,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": source(), "HOME": str(guarded)},
    )  # fmt: skip
    assert done.returncode == 1
    assert TOLD in done.stderr
