"""The hook that .pre-commit-hooks.yaml offers, under pre-commit itself."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from command_line import Said, fine, process
from gitrepo import git, write

ROOT = Path(__file__).resolve().parents[2]
AUC = "metadata/metrics/auc.yaml"


def offered() -> dict[str, Any]:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert isinstance(hook, dict)
    return hook


@pytest.fixture
def guarded(repo: Path, shell: dict[str, str], tmp_path: Path) -> Path:
    """A store with pre-commit's hooks, which run the offered hook from the PATH, not from an environment."""
    hook = offered() | {"language": "system"}
    hook.pop("minimum_pre_commit_version")
    config = {"default_install_hook_types": hook["stages"], "repos": [{"repo": "local", "hooks": [hook]}]}
    write(
        repo,
        {".pre-commit-config.yaml": yaml.safe_dump(config), "metadata/store.yaml": "schema: store/1\n"},
    )
    shell["PRE_COMMIT_HOME"] = str(tmp_path / "pre-commit")
    assert process(repo, sys.executable, "-m", "pre_commit", "install", env=shell).code == 0
    git(repo, "add", "-A")
    return repo


def commit(place: Path, shell: dict[str, str], *how: str) -> Said:
    return process(place, "git", "commit", "-m", "x", *how, env=shell)


def test_what_is_offered_is_what_our_own_hook_runs() -> None:
    hook = offered()
    assert hook["entry"] == "git-ml validate --staged"
    assert (hook["pass_filenames"], hook["always_run"], hook["require_serial"]) == (False, True, True)


def test_commits_are_judged_under_pre_commit(guarded: Path, shell: dict[str, str]) -> None:
    write(guarded, {AUC: "schema: metric/1\ndirection: up\n"})
    git(guarded, "add", "-A")
    said = commit(guarded, shell)
    assert said.code == 1
    assert f'{AUC}:2:12: error schema.enum direction: "up" is none of higher, lower, none' in said.err
    write(guarded, {AUC: "schema: metric/1\ndirection: higher\n"})
    git(guarded, "add", "-A")
    assert commit(guarded, shell).code == 0


def test_commit_a_and_commit_path_under_pre_commit(guarded: Path, shell: dict[str, str]) -> None:
    write(guarded, {AUC: "schema: metric/1\ndirection: higher\n", "code.py": "1\n"})
    git(guarded, "add", "-A")
    assert commit(guarded, shell).code == 0
    write(guarded, {AUC: "schema: metric/1\ndirection: up\n", "code.py": "2\n"})
    assert commit(guarded, shell, "-a").code == 1
    assert commit(guarded, shell, AUC).code == 1
    assert commit(guarded, shell, "code.py").code == 0


def test_both_kinds_of_hooks_get_along(guarded: Path, shell: dict[str, str]) -> None:
    """Ours is put in front of pre-commit's, which goes on working; installed again, that one stands in front."""
    fine(guarded, "init", "--hooks")
    write(guarded, {AUC: "schema: metric/1\ndirection: up\n"})
    git(guarded, "add", "-A")
    assert "gitml validate" in commit(guarded, shell).err
    assert process(guarded, sys.executable, "-m", "pre_commit", "install", env=shell).code == 0
    assert fine(guarded, "init", "--hooks").out == "nothing to change\n"
    said = commit(guarded, shell)
    assert said.code == 1
    assert "git ml: nothing was committed" in said.err
    assert commit(guarded, shell, "--no-verify").code == 0
