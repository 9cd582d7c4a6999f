"""`git ml blame`: shape, words, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from command_line import fine, ml
from gitrepo import commit, git

REF = "alias/model/wine/production"


@pytest.fixture
def changed(store: Path) -> Path:
    """The cellar, with one field changed and committed, and one not."""
    fine(store, "set", "model/wine", "description=Another.")
    commit(store, {}, "another", "2026-03-05T12:00:00+00:00")
    fine(store, "set", "model/wine", 'owners=["@ines"]')
    return store


def test_the_shape(changed: Path) -> None:
    said = fine(changed, "blame", "model/wine", "--format", "json")
    assert said.err == ""
    first, last = (git(changed, "rev-parse", f"{rev}^{{commit}}") for rev in ("v1", "HEAD"))
    mona = {"author": "Mona <mona@example.org>", "boundary": False}
    assert said.json == {
        "format": 1,
        "at": {"kind": "worktree", "commit": None, "events": None},
        "ref": "model/wine",
        "complete": True,
        "fields": [
            {"field": "schema", "value": "model/1", "commit": first, "time": "2026-03-01T12:00:00Z", **mona},
            {"field": "description", "value": "Another.", "commit": last, "time": "2026-03-05T12:00:00Z", **mona},
            {"field": "owners", "value": ["@ines"], "commit": None, "time": None, "author": None, "boundary": False},
        ],
    }


def test_words(changed: Path) -> None:
    first, last = (git(changed, "rev-parse", f"{rev}^{{commit}}")[:8] for rev in ("v1", "HEAD"))
    lines = fine(changed, "blame", "model/wine").out.splitlines()
    assert [line.split() for line in lines] == [
        ["commit", "time", "author", "field", "value"],
        [first, "2026-03-01", "12:00", "Mona", "schema", "model/1"],
        [last, "2026-03-05", "12:00", "Mona", "description", "Another."],
        ["-", "not", "committed", "owners", '["@ines"]'],
    ]
    assert fine(changed, "blame", "model/wine", "--format", "csv").out.startswith("field,value,commit,time,author\n")
    assert fine(changed, "blame", "model/wine", "--format", "md").out.startswith("| field |")
    assert "owners" in fine(changed, "blame", "model/wine", "--at", "v1").out


def test_a_boundary_is_marked(changed: Path) -> None:
    git(changed.parent, "clone", "-q", "--depth=1", changed.as_uri(), "clone")
    said = fine(changed.parent / "clone", "blame", REF)
    assert all(line.startswith("^") for line in said.out.splitlines()[1:])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["model/wien"], "nearest: model/wine"),
        (["modle/wine"], "there is no kind 'modle'"),
        (["v9:model/wine"], "no revision 'v9'"),
        (["model/wine", "--at", "2026-02-01"], "no commit by 2026-02-01"),
    ],
)
def test_what_is_refused(store: Path, words: list[str], told: str) -> None:
    said = ml(store, "blame", *words)
    assert (said.code, said.out) == (1, "")
    assert told in said.err
    assert said.err.count("\n") == 1
    assert ml(store, "blame").code == 2
