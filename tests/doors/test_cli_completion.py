"""Completion in a real bash: as git-ml, and as `git ml` under git's own completion."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from cellar import RUN_A
from command_line import ml, on_terminal, process
from gitrepo import git

GITS_OWN = Path("/usr/share/bash-completion/completions/git")
pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")

# What readline does: the line, its words (broken at : @ = as well), the cursor behind them, then the function that
# `complete` names. What is offered replaces what stands behind the last break (an @ included).
OFFER = """
{source}
COMP_LINE={line}
COMP_POINT=${{#COMP_LINE}}
COMP_WORDS=({words})
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
COMP_TYPE=9
compopt() {{ :; }}
{call}
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
ALONE = "_gitml_complete git-ml"
UNDER_GIT = "__git_wrap__git_main 2> /dev/null || __git_wrap_git_main"


def completion(place: Path, line: str, sources: list[Path], call: str) -> str:
    """A shell script that asks for what fits behind a line."""
    source = "\n".join(f"source {shlex.quote(str(file))}" for file in sources)
    words = " ".join(map(shlex.quote, [word for word in re.split(r"\s+|([:@=])", line) if word is not None]))
    return OFFER.format(source=source, line=shlex.quote(line), words=words, call=call)


def offered(place: Path, shell: dict[str, str], line: str, *, git: bool = False) -> set[str]:
    script = place / ".git/completion.bash"
    script.parent.mkdir(exist_ok=True)
    script.write_text(ml(place, "--print-completion", "bash").out)
    sources = [GITS_OWN, script] if git else [script]
    said = process(place, "bash", "-c", completion(place, line, sources, UNDER_GIT if git else ALONE), env=shell)
    assert said.err == ""
    return {found.rstrip() for found in said.out.splitlines() if found}


@pytest.mark.parametrize(
    ("line", "wanted", "unwanted"),
    [
        ("git-ml re", {"register", "retire"}, {"run", "rm"}),
        ("git-ml list --fo", {"--format"}, {"--sort"}),
        ("git-ml list --format ", {"table", "json", "csv", "md"}, {"auto"}),
        ("git-ml list mo", {"model", "model-version"}, {"metric"}),
        ("git-ml new dec", {"decision"}, {"deployment"}),
        ("git-ml show mod", {"model/"}, {"metric/"}),
        ("git-ml show model/", {"model/wine"}, {"metric/auc"}),
        ("git-ml show run/wine/01", {f"run/wine/{RUN_A}"}, {"model/wine"}),
        ("git-ml show model/wine@", {"@1", "@2"}, {"model/wine@1"}),
        ("git-ml compare model/wine@1 model/wi", {"model/wine", "model/wine@2"}, {"metric/auc"}),
        ("git-ml list run 'metrics.auc > 0.9' --so", {"--sort"}, {"--at"}),
        ("git-ml list run --at v", {"v1"}, {"main"}),
        ("git-ml rm metric/auc --branch ma", {"main"}, {"v1"}),
        ("git-ml validate meta", {"metadata"}, {"code"}),
        ("git-ml retire model/wine@1 --as re", {"retired", "rejected"}, {"deprecated"}),
    ],
)  # fmt: skip
def test_bash_offers_what_fits(
    store: Path, shell: dict[str, str], line: str, wanted: set[str], unwanted: set[str]
) -> None:
    found = offered(store, shell, line)
    assert wanted <= found
    assert not unwanted & found


def test_outside_of_a_repository_kinds_are_offered_and_nothing_is_said(tmp_path: Path, shell: dict[str, str]) -> None:
    assert {"model", "model-version"} <= offered(tmp_path, shell, "git-ml list mo")


@pytest.mark.skipif(not GITS_OWN.is_file(), reason="git's own completion is not installed")
@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("git ml re", {"register", "retire"}),
        ("git ml list mo", {"model", "model-version"}),
        ("git -C . ml list --fo", {"--format"}),
        ("git ml show model/", {"model/wine"}),
        ("git ml ", {"init", "list", "version"}),
    ],
)
def test_gits_own_completion_asks_us(store: Path, shell: dict[str, str], line: str, wanted: set[str]) -> None:
    assert wanted <= offered(store, shell, line, git=True)


def test_a_person_at_a_terminal_gets_the_version(store: Path, shell: dict[str, str]) -> None:
    """All of readline, once: what stands before the @ stays, what stands behind it is completed."""
    script = store / ".git/completion.bash"
    script.write_text(ml(store, "--print-completion", "bash").out)
    git(store, "rm", "-q", "metadata/models/wine/2.yaml", "metadata/aliases/model/wine/production.yaml")
    typed = f"source {script}\ngit-ml show model/wine@\t --format csv\nexit\n"
    shown = on_terminal(store, "bash", "--norc", "--noprofile", "-i", env=shell, typed=typed)[1]
    assert "id,01JD7M00000000000000000010" in shown


@pytest.mark.parametrize("shell_name", ["bash", "zsh", "tcsh"])
def test_each_shell_has_its_script(tmp_path: Path, shell_name: str) -> None:
    said = ml(tmp_path, "--print-completion", shell_name)
    assert (said.code, said.err) == (0, "")
    assert "validate" in said.out
    assert "--pushed" not in said.out


def test_another_shell_is_told(tmp_path: Path) -> None:
    said = ml(tmp_path, "--print-completion", "fish")
    assert (said.code, said.out) == (2, "")
    assert "--print-completion has no 'fish'; choose from bash, zsh, tcsh" in said.err


@pytest.mark.parametrize("shell_name", ["bash", "zsh", "tcsh"])
def test_a_shell_that_is_here_can_read_it(tmp_path: Path, shell: dict[str, str], shell_name: str) -> None:
    if shutil.which(shell_name) is None:
        pytest.skip(f"{shell_name} is not installed")
    script = tmp_path / "completion"
    script.write_text(ml(tmp_path, "--print-completion", shell_name).out)
    assert process(tmp_path, shell_name, "-n", str(script), env=shell).err == ""
