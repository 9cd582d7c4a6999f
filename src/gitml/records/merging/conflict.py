"""Conflicts in a text: git's markers written around what differs, and what stands between them read again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from gitml.errors import Problem
from gitml.records.canonical import inline
from gitml.records.nodes import document
from gitml.records.record import MISSING, FieldChange, differences

CODE = "merge.conflict"
RENUMBER = "two versions have one number: git ml renumber keeps both"
HINT = "resolve the merge conflict: keep one side, remove the lines of <<<<<<<, ======= and >>>>>>>, then `git add` it"
MARKER = 7
Span = tuple[int, int]
_SHOWN = 3
_LONG = 40
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_VERSION = re.compile(r"^schema: [a-z0-9-]+-version/", re.MULTILINE)
_BEGIN = re.compile(r"<{7,}(?: (.*))?")


class Labels(NamedTuple):
    """What the sides are called."""

    ours: str = "ours"
    base: str = "base"
    theirs: str = "theirs"


class Hunk(NamedTuple):
    """One conflict: the line of its first marker, from 1, the labels, and the lines of both sides with their ends."""

    line: int
    labels: Labels
    ours: tuple[str, ...]
    theirs: tuple[str, ...]


def marked(
    ours: str,
    theirs: str,
    labels: Labels,
    size: int = MARKER,
    *,
    spans: tuple[Iterable[Span], Iterable[Span]] = ((), ()),
) -> str:
    """Two texts as one, with git's markers around the lines that differ; each side alone is its text again.

    `spans` are lines (from 0, the end not included) of each text that are never divided.
    """
    one, two = (_pieces(text, kept) for text, kept in zip((ours, theirs), spans, strict=True))
    out: list[str] = []
    for tag, start, end, other_start, other_end in SequenceMatcher(None, one, two, autojunk=False).get_opcodes():
        if tag == "equal":
            out += one[start:end]
            continue
        out += [f"{'<' * size} {labels.ours}\n", *map(_ended, one[start:end]), f"{'=' * size}\n"]
        out += [*map(_ended, two[other_start:other_end]), f"{'>' * size} {labels.theirs}\n"]
    return "".join(out)


def lines_of(text: str) -> list[str]:
    """The lines of a text as git counts them, with their ends."""
    return _LINE.findall(text)


def _ended(piece: str) -> str:
    return piece if piece.endswith("\n") else f"{piece}\n"


def _pieces(text: str, spans: Iterable[Span]) -> list[str]:
    """The lines of a text, those of a span as one piece."""
    lines = lines_of(text)
    pieces: list[str] = []
    at = 0
    for start, end in sorted(spans):
        if start >= at:
            pieces += [*lines[at:start], "".join(lines[start:end])]
            at = end
    return [*pieces, *lines[at:]]


def hunks(text: str) -> tuple[list[Hunk], str, str] | None:
    """The conflicts of a text with markers, and the text as each side has it; None where the markers do not pair."""
    found: list[Hunk] = []
    ours: list[str] = []
    theirs: list[str] = []
    lines = iter(enumerate(lines_of(text), start=1))
    for number, line in lines:
        begun = _BEGIN.fullmatch(line.rstrip("\r\n"))
        if begun is None:
            ours.append(line)
            theirs.append(line)
            continue
        hunk = _hunk(number, begun, lines)
        if hunk is None:
            return None
        found.append(hunk)
        ours += hunk.ours
        theirs += hunk.theirs
    return (found, "".join(ours), "".join(theirs)) if found else None


def _hunk(number: int, begun: re.Match[str], lines: Iterator[tuple[int, str]]) -> Hunk | None:
    size = len(begun[0]) - len(begun[0].lstrip("<"))
    parts: dict[str, list[str]] = {"<": [], "|": [], "=": []}
    here = "<"
    for _number, line in lines:
        bare = line.rstrip("\r\n")
        sign = next((sign for sign in "|=>" if bare == sign * size or bare.startswith(f"{sign * size} ")), "")
        if sign == ">" and here == "=":
            labels = Labels(begun[1] or "ours", "base", bare[size + 1 :] or "theirs")
            return Hunk(number, labels, tuple(parts["<"]), tuple(parts["="]))
        if (here, sign) in (("<", "|"), ("<", "="), ("|", "=")):
            here = sign
        else:
            parts[here].append(line)
    return None


def problems(raw: bytes, path: str = "") -> tuple[Problem, ...]:
    """The conflicts of a file with git's markers, with line, field and both values; none without markers."""
    if b"<<<<<<<" not in raw:
        return ()
    found = hunks(raw.decode("utf-8", "replace"))
    return () if found is None else tuple(_told(hunk, found, path) for hunk in found[0])


def _told(hunk: Hunk, found: tuple[list[Hunk], str, str], path: str) -> Problem:
    """One conflict: of the fields that the two sides of the file differ in those that stand in it."""
    labels = hunk.labels
    fields = [change for change in _fields(found[1], found[2]) if len(found[0]) == 1 or _stands_in(change, hunk)]
    if not fields:
        told = f"{labels.ours} and {labels.theirs} changed the same lines"
        return Problem(CODE, path, told, HINT, line=hunk.line, column=1)
    shown = "; ".join(f"{one.field}: {value(one.before)} in {labels.ours}, {value(one.after)} in {labels.theirs}"
                      for one in fields[:_SHOWN])  # fmt: skip
    more = f" (and {len(fields) - _SHOWN} more)" if len(fields) > _SHOWN else ""
    field = fields[0].field if len(fields) == 1 else None
    told = shown.removeprefix(f"{field}: ") + more
    hint = RENUMBER if _VERSION.search(found[1]) and any(one.field == "id" for one in fields) else HINT
    return Problem(CODE, path, told, hint, line=hunk.line, column=1, field=field)


def _fields(ours: str, theirs: str) -> Sequence[FieldChange]:
    roots = [document(side.encode()).root for side in (ours, theirs)]
    one, two = (root.value if root is not None else None for root in roots)
    return differences(one, two) if isinstance(one, dict) and isinstance(two, dict) else ()


def _stands_in(change: FieldChange, hunk: Hunk) -> bool:
    """Whether the last name of a field stands in the lines of a conflict: several in one file are told apart so."""
    name = re.split(r"[.\[\]=]", change.field.replace("`", ""))[-1]
    return any(re.match(rf'[\s-]*"?{re.escape(name)}"?\s*:', line) for line in (*hunk.ours, *hunk.theirs))


def value(held: Any) -> str:
    """A value in a message: short, and of its own type."""
    if held is MISSING:
        return "nothing"
    if isinstance(held, list | dict):
        text = f"[{', '.join(map(value, held))}]" if isinstance(held, list) else "a mapping"
    else:
        text = inline(held)
    return text if len(text) <= _LONG else f"{text[: _LONG - 1]}…"
