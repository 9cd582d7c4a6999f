"""What the verbs say of what stands in the work tree alone, as they are typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from command_line import fine, ml
from gitrepo import commit, init, write

HEAD = "metadata/models/wine.yaml"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A store with a model, committed; its version 1 is a file alone."""
    found = init(tmp_path / "repo")
    write(found, {"metadata/store.yaml": "schema: store/1\nmain: main\n"})
    fine(found, "new", "model", "wine", "description=one")
    commit(found, {}, "begin")
    fine(found, "new", "model-version", "wine@1", "description=x")
    return found


def test_an_alias_waits_for_its_version(place: Path) -> None:
    said = ml(place, "promote", "model/wine@1", "production", "--commit")
    assert said.code == 1
    told = "model/wine@1 is not committed (metadata/models/wine/1.yaml), and this commit would refer to it"
    assert f"error write.uncommitted version: {told}; commit it first, or leave --commit out" in said.err
    assert fine(place, "promote", "model/wine@1", "production").out.endswith("written, not committed\n")
    again = fine(place, "promote", "model/wine@1", "production", "--commit")
    assert "chooses model/wine@1 already, uncommitted; git add metadata/aliases/" in again.err


def test_set_says_that_an_earlier_edit_is_uncommitted(place: Path) -> None:
    fine(place, "set", "model/wine", "description=two")
    said = fine(place, "set", "model/wine", "description=two", "--commit")
    told = f"nothing to change: model/wine says so already, uncommitted; git commit {HEAD} keeps it"
    assert (said.out, said.err) == ("nothing to change\n", f"git ml: warning: {told}\n")


def test_rm_keeps_an_edit_that_is_nowhere_else(place: Path) -> None:
    fine(place, "set", "model/wine", "description=two")
    said = ml(place, "rm", "model/wine")
    assert (said.code, (place / HEAD).exists()) == (1, True)
    assert "has changes (description) that nobody has committed, and that would be lost" in said.err
