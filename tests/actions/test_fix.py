"""Records rewritten in canonical form: what they say stays, and comments do."""

from __future__ import annotations

from pathlib import Path

import pytest

from acting import opened
from gitrepo import commit, git, write

MESSY = b"""# the best we have
tags: {b: "1", a: 'x'}   # both
schema:   model/1
description: "plain"
"""
CLEAN = b"""schema: model/1
description: plain
# the best we have
tags:  # both
  a: x
  b: "1"
"""


def fixed(place: Path, name: str = "metadata/models/wine.yaml") -> bytes:
    return (place / name).read_bytes()


def test_form_changes_and_content_does_not(plain: Path) -> None:
    write(plain, {"metadata/models/wine.yaml": MESSY})
    before = opened(plain).show("model/wine").data
    done = opened(plain).fix()
    assert [(one.op, one.ref, one.fields) for one in done.changes] == [("changed", "model/wine", ())]
    assert fixed(plain) == CLEAN
    assert opened(plain).show("model/wine").data == before
    assert opened(plain).fix().changes == ()
    assert opened(plain).validate().problems == ()


@pytest.mark.parametrize(
    "raw", [b"\xef\xbb\xbf" + CLEAN, CLEAN.replace(b"\n", b"\r\n"), b"\xef\xbb\xbf" + MESSY.replace(b"\n", b"\r\n")]
)
def test_marks_of_byte_order_and_line_ends(plain: Path, raw: bytes) -> None:
    (plain / ".gitattributes").write_text("")  # git itself is to leave line ends alone here
    write(plain, {"metadata/models/wine.yaml": raw})
    opened(plain).fix()
    assert fixed(plain) == CLEAN


def test_only_the_paths_that_were_asked_for(plain: Path) -> None:
    write(plain, {"metadata/models/wine.yaml": MESSY, "metadata/models/beer.yaml": MESSY, "metadata/datasets/w.yaml": (
        MESSY.replace(b"model/1", b"dataset/1"))})  # fmt: skip
    assert len(opened(plain).fix(["metadata/models/beer.yaml"]).changes) == 1
    assert fixed(plain) == MESSY
    assert len(opened(plain).fix(["metadata/models/"]).changes) == 1
    assert len(opened(plain).fix().changes) == 1


def test_what_cannot_be_read_and_what_is_adopted_stay_as_they_are(plain: Path) -> None:
    schema = (
        "$schema: https://json-schema.org/draft/2020-12/schema\n$id: card/1\n"
        'x-gitml: {addressing: named, path: "cards/{name}.yaml", canonical: false}\ntype: object\nproperties: {}\n'
    )
    broken = b"schema: model/1\ndescription: [\n"
    write(plain, {"schemas/card.yaml": schema, "cards/a.yaml": "b:   1\na:  2\n", "metadata/models/bad.yaml": broken,
                  "metadata/models/twice.yaml": "schema: model/1\nschema: model/1\n"})  # fmt: skip
    assert opened(plain).fix().changes == ()
    assert fixed(plain, "metadata/models/bad.yaml") == broken


def test_other_faults_do_not_keep_the_form_from_being_mended(plain: Path) -> None:
    write(plain, {"metadata/models/wine.yaml": b'colour:   red\nschema: "model/1"\n'})
    opened(plain).fix()
    assert fixed(plain) == b"schema: model/1\ncolour: red\n"


def test_the_users_index_is_left_alone(plain: Path) -> None:
    commit(plain, {"metadata/models/wine.yaml": MESSY})
    opened(plain).fix()
    assert git(plain, "status", "--short") == " M metadata/models/wine.yaml"
