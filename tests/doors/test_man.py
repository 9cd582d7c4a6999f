"""The manual page is that of the verbs, and man can read it."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

import gitml
from command_line import process
from gitml.cli import manpage
from gitml.cli.verbs import VERBS
from gitml.cli.words import HIDDEN
from gitrepo import environment

PAGE = Path(gitml.__file__).with_name("git-ml.1")


def test_the_page_is_written_from_the_verbs() -> None:
    """If it is not: python -m gitml.cli.manpage > src/gitml/git-ml.1 ."""
    assert PAGE.read_text(encoding="utf-8") == manpage.manpage(gitml.__version__)


def test_every_verb_and_flag_stands_in_it() -> None:
    text = PAGE.read_text(encoding="utf-8").replace("\\-", "-")
    assert re.findall(r'^\.SS "(.*)"', text, re.MULTILINE) == list(VERBS)
    for verb in VERBS.values():
        for argument in verb.arguments:
            for name in argument.names if argument.is_flag and argument.told != HIDDEN else ():
                assert rf"\fB{name}\fR" in text
    assert "--pushed" not in text


def test_no_line_is_taken_for_a_request() -> None:
    requests = re.findall(r"^[.'](\S+)", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(requests) <= {'\\"', "TH", "SH", "SS", "PP", "TP", "RS", "RE", "nf", "fi", "nh", "ad"}


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_groff_has_nothing_against_it() -> None:
    said = process(PAGE.parent, "groff", "-man", "-Tutf8", "-ww", "-z", PAGE.name, env=environment())
    assert (said.code, said.err) == (0, "")


@pytest.mark.skipif(shutil.which("man") is None, reason="man is not installed")
def test_man_shows_what_was_written(tmp_path: Path) -> None:
    said = process(tmp_path, "man", "-l", str(PAGE), env=environment({"MANWIDTH": "120", "LC_ALL": "C.UTF-8"}))
    if "No manual entry" in said.err or "minimized" in said.out:
        pytest.skip("this system has no manual pages")
    shown = re.sub(r".\x08", "", said.out)
    assert "git ml list run 'metrics.auc > 0.9 and params.lr < 1e-2' --sort -metrics.auc --limit 20" in shown
    assert "'owners=[\"@cellar-ml\"]'" in shown


@pytest.mark.skipif(shutil.which("man") is None, reason="man is not installed")
def test_git_ml_help_opens_it(tmp_path: Path, shell: dict[str, str]) -> None:
    pages = tmp_path / "share/man/man1"
    pages.mkdir(parents=True)
    shutil.copy(PAGE, pages)
    env = {**shell, "MANPATH": str(tmp_path / "share/man"), "MANWIDTH": "100", "GIT_PAGER": "cat", "MANPAGER": "cat"}
    said = process(tmp_path, "git", "ml", "--help", env=env)
    if "minimized" in said.out:
        pytest.skip("this system has no manual pages")
    assert said.code == 0, said.err
    assert "GIT-ML(1)" in re.sub(r".\x08", "", said.out)
    assert os.environ["PATH"] in env["PATH"]
