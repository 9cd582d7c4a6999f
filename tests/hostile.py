"""What people, tools and attackers put where a record should be; and what a refused command must leave as it was."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from command_line import Said, ml
from gitrepo import git, write

DATASET = "schema: dataset/1\ndescription: Wines.\n"
PLACE = "metadata/datasets/x.yaml"
BOMB = "schema: dataset/1\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9) if n else 'lol'}]\n" for n in range(9)
)


@dataclass(frozen=True, slots=True)
class Bad:
    """The bytes of a file, and what is said of it: the code, line and column of its first problem, and a word of it."""

    name: str
    content: bytes
    code: str
    line: int | None
    column: int | None
    told: str

    def __str__(self) -> str:
        return self.name


def _bad(name: str, content: str | bytes, code: str, place: tuple[int, int] | tuple[None, None], told: str) -> Bad:
    return Bad(name, content if isinstance(content, bytes) else content.encode(), code, *place, told)


CONTENTS = [
    _bad("not YAML", "what: is: this\n", "yaml.syntax", (1, 9), "mapping values are not allowed"),
    _bad("prose", "Dear all,\nthe wine is good.\n", "schema.type", (1, 1), "expected a mapping of fields"),
    _bad("binary", bytes(range(256)), "yaml.encoding", (2, 118), "0x80 is not UTF-8"),
    _bad("two documents", f"{DATASET}---\n{DATASET}", "yaml.documents", (3, 1), "a second document"),
    _bad("empty", "", "yaml.empty", (None, None), "the file is empty"),
    _bad("a comment alone", "# later\n", "yaml.empty", (None, None), "the file is empty"),
    _bad("a list", "- schema: dataset/1\n", "schema.type", (1, 1), "found a list"),
    _bad("a list in a field", f"{DATASET}owners: {{a: b}}\n", "schema.type", (3, 9), "expected a list"),
    _bad("a mapping wanted", "schema: dataset/1\ncustom: []\n", "schema.type", (2, 9), "expected a mapping"),
    _bad("duplicate keys", f"{DATASET}description: again\n", "yaml.duplicate-key", (3, 1), "stands twice"),
    _bad("deep duplicate", f"{DATASET}custom:\n  a: 1\n  a: 1\n", "yaml.duplicate-key", (5, 3), "'a' stands twice"),
    _bad("alias bomb", BOMB, "yaml.alias", (2, 5), "&a0 is an anchor"),
    _bad("200,000 brackets", "[" * 200_000, "yaml.depth", (1, 51), "nested deeper than 50"),
    _bad("200,000 closed", f"a: {'[' * 100_000}{']' * 100_000}\n", "yaml.depth", (1, 53), "nested deeper than 50"),
    _bad("braces", "{a: " * 100_000, "yaml.depth", (1, 201), "nested deeper than 50"),
    _bad("dashes", "- " * 100_000, "yaml.depth", (1, 101), "nested deeper than 50"),
    _bad("5 MiB", f"{DATASET}title: {'x' * (5 << 20)}\n", "yaml.size", (None, None), "1,048,576"),
    _bad("20 MiB", f"{DATASET}title: {'x' * (20 << 20)}\n", "yaml.size", (None, None), "larger than 16 MiB"),
    _bad("5,000 digits", f"{DATASET}custom:\n  n: {'9' * 5000}\n", "yaml.integer", (4, 6), "beyond 64 bits"),
    _bad("65 bits", f"{DATASET}custom:\n  n: 18446744073709551616\n", "yaml.integer", (4, 6), "beyond 64 bits"),
    _bad("not UTF-8", b"schema: dataset/1\ndescription: caf\xe9\n", "yaml.encoding", (2, 17), "0xe9 is not UTF-8"),
    _bad("UTF-16", DATASET.encode("utf-16"), "yaml.encoding", (1, 1), "0xff is not UTF-8"),
    _bad("BOM", b"\xef\xbb\xbf" + DATASET.encode(), "yaml.encoding", (1, 1), "byte order mark"),
    _bad("a tab", "schema: dataset/1\ncustom:\n\ta: 1\n", "yaml.syntax", (3, 1), "not tabs"),
    _bad("NUL", "schema: dataset/1\ndescription: a\0b\n", "yaml.encoding", (2, 15), "U+0000"),
    _bad("escape sequence", f"{DATASET}title: \x1b[31m\n", "yaml.encoding", (3, 8), "U+001B"),
    _bad("an anchor", "schema: dataset/1\ndescription: &d x\n", "yaml.alias", (2, 14), "&d is an anchor"),
    _bad("a tag", "schema: dataset/1\ntitle: !!python/object:os.x y\n", "yaml.tag", (2, 8), "is a tag"),
    _bad("a key that is no text", f"{DATASET}custom:\n  1: a\n", "yaml.key", (4, 3), "the key 1 is no text"),
    _bad("conflict", f"<<<<<<< HEAD\n{DATASET}=======\n>>>>>>> o\n", "merge.conflict", (1, 1), "resolve the merge"),
    _bad("unknown kind", "schema: datset/1\n", "path.unknown-kind", (1, 1), "did you mean dataset?"),
    _bad("another kind", "schema: model/1\n", "path.mismatch", (1, 1), "a model record lies where dataset records lie"),
    _bad("a major to come", "schema: dataset/99\n", "schema.const", (1, 9), 'expected "dataset/1"'),
    _bad("unknown field", f"{DATASET}ownrs: []\n", "schema.additionalProperties", (3, 1), "did you mean `owners`?"),
]  # fmt: skip


def add(repo: Path, bad: Bad, path: str = PLACE) -> None:
    """Put a bad file where a record should be."""
    write(repo, {path: bad.content})


def held(repo: Path) -> dict[str, Any]:
    """All that a person could lose: every file of the work tree, the index, every ref and what is checked out."""
    files: dict[str, Any] = {}
    for folder, folders, names in os.walk(repo):
        folders[:] = [name for name in folders if name != ".git"]
        for name in (*names, *(each for each in folders if (Path(folder) / each).is_symlink())):
            file = Path(folder) / name
            files[str(file)] = file.readlink() if file.is_symlink() else file.is_file() and file.read_bytes()
    asked = ("ls-files -s -z", "for-each-ref", "rev-parse --symbolic-full-name HEAD", "stash list")
    return files | {args: git(repo, *args.split(), check=False) for args in asked}


def line(said: Said, code: int = 1) -> str:
    """The one line of a known error: nothing on standard output, no traceback, no control character."""
    assert said.code == code, said
    assert said.out == "", said
    assert said.err.endswith("\n"), said
    text = said.err.removesuffix("\n")
    assert text.startswith("git ml: "), said
    assert text.isprintable(), said
    assert "Traceback" not in text
    assert "a bug in gitml" not in text
    return text


def refused(place: Path, *argv: str) -> str:
    """A command line that ends with a known error and leaves everything as it was; what it said."""
    was = held(place)
    text = line(ml(place, *argv))
    assert held(place) == was
    return text
