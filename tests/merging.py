"""Merges for tests: git's own merge by lines, and rules that are said in a few words."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from gitml.records.merging.conflict import Labels, hunks
from gitml.records.merging.merge import Merged, merge
from gitml.records.merging.rules import PLAIN, Rules
from gitml.records.reader import read

LABELS = Labels("HEAD", "base", "feature")


def lines(base: bytes, ours: bytes, theirs: bytes) -> bytes | None:
    """What `git merge-file` makes of three texts; None where it has a conflict."""
    with TemporaryDirectory() as folder:
        files = [Path(folder, name) for name in ("ours", "base", "theirs")]
        for file, content in zip(files, (ours, base, theirs), strict=True):
            file.write_bytes(content)
        done = subprocess.run(["git", "merge-file", "-p", *map(str, files)], capture_output=True, check=False)
    assert done.returncode < 128, done.stderr
    return None if done.returncode else done.stdout


def merged(base: str | bytes, ours: str | bytes, theirs: str | bytes, rules: Rules = PLAIN) -> Merged:
    """Three texts merged."""
    one, two, three = (each if isinstance(each, bytes) else each.encode() for each in (base, ours, theirs))
    return merge(one, two, three, lines, rules=rules, labels=LABELS)


def chosen(content: bytes, side: str) -> Any:
    """What a text with markers says where one side is chosen everywhere."""
    found = hunks(content.decode())
    text = content.decode() if found is None else found[1 if side == "ours" else 2]
    return read(text.encode()).data


def rules(words: Mapping[tuple[str, ...], Mapping[str, Any]], bound: Mapping[tuple[str, ...], frozenset[str]]) -> Rules:
    """Rules by place: annotations (`key` among them), and the keys that stand or fall together."""
    return Rules(
        word=lambda at: words.get(at, {}),
        list_key=lambda at: words.get(at, {}).get("key"),
        bound=lambda at, keys: bound.get(at, frozenset()) & keys,
    )


def changed_leaves(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The leaves that one side set."""
    from gitml.records.record import differences

    return ((one.field, one.after) for one in differences(before, after))
