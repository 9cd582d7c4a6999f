"""What verbs are made of: arguments, and those that many verbs share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

FORMATS = ("table", "json", "csv", "md")
HIDDEN = "==SUPPRESS=="  # argparse's own word


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument: its flags (or the name of its place), what stands there, in a word, and what argparse is to know.

    `completes` names what a shell can offer: kind, ref, file, folder, revision, branch.
    """

    names: tuple[str, ...]
    metavar: str
    told: str
    completes: str = ""
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def is_flag(self) -> bool:
        """Whether it is a flag, and not a place."""
        return self.names[0].startswith("-")


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb; the examples are whole commands, each of which must parse."""

    name: str
    told: str
    arguments: tuple[Argument, ...]
    examples: tuple[str, ...]
    more: str = ""


def place(name: str, metavar: str, told: str, completes: str = "", **options: Any) -> Argument:
    """An argument that is known by its place."""
    return Argument((name,), metavar, told, completes, options)


def option(names: str, metavar: str, told: str, completes: str = "", **options: Any) -> Argument:
    """A flag with a value."""
    return Argument(tuple(names.split()), metavar, told, completes, options)


def switch(names: str, told: str) -> Argument:
    """A flag without a value."""
    return Argument(tuple(names.split()), "", told, options={"action": "store_true"})


def choice(name: str, choices: tuple[str, ...], told: str, **options: Any) -> Argument:
    """A flag whose value is one of some words, the first of them by default."""
    words = {"choices": choices, "default": choices[0], **options}
    return Argument((name,), "", f"{told} (default: {choices[0]})", options=words)


def many(name: str, metavar: str, told: str, completes: str = "") -> Argument:
    """A flag with a value that may be given several times."""
    return option(name, metavar, f"{told}; may be repeated", completes, action="append", default=[])


def past(flag: str, word: str, told: str) -> Argument:
    """A flag that names a part of history."""
    return Argument((flag,), "", told, options={"action": "append_const", "const": word, "dest": "over"})


def limit(text: str) -> int:
    """A number of rows; argparse's ArgumentTypeError where it is none."""
    return _number(text, 0)


def version(text: str) -> int:
    """The number of a version; argparse's ArgumentTypeError where it is none."""
    return _number(text, 1)


def _number(text: str, least: int) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) < least:
        from argparse import ArgumentTypeError  # which has been imported, where anything is parsed

        raise ArgumentTypeError(f"{text!r} is no whole number from {least} on")
    return int(text)


FORMAT = choice("--format", FORMATS, "what to print")
COLOR = choice("--color", ("auto", "always", "never"), "when to use colours; auto: on a terminal")
FOLDER = option("-C", "DIR", "run as if started in DIR", "folder", dest="folder")
AT = option("--at", "X", "as of a commit, tag, branch, date (the end of that day, UTC), staged, worktree", "revision")
SHOWS = (AT, FORMAT, COLOR)
WRITES = (
    switch("--commit", "commit what was written; without it gitml writes files, as DVC does"),
    option("-m", "TEXT", "the commit's message", dest="message"),
    option("--branch", "B", "commit to branch B, checked out or not", "branch"),
    FORMAT,
    COLOR,
)
REF = place("ref", "REF", "a record: model/wine@3, run/wine/01JD…, v1.0:model/wine@3", "ref")
REASON = option("--reason", "TEXT", "why; it stays in the record")
