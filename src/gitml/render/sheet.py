"""Tables in columns of text: as wide as what is in them, cut to the page where there is one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from gitml.render.page import Page, Style

GAP = "  "
_WIDE, _NARROW, _LEAST = 40, 24, 8
_ELLIPSIS = "…"
_NAME = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Strip:
    """One column, ready to print; where the page is too narrow, the one with the highest rank goes first.

    `whole` columns are never cut short; `styles` gives the colour of a cell by its row.
    """

    heading: str
    cells: Sequence[str]
    right: bool = False
    rank: int = 0
    whole: bool = False
    styles: Mapping[int, Style] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A printed table, and how many columns did not fit."""

    lines: tuple[str, ...]
    hidden: int


def sheet(strips: Sequence[Strip], page: Page) -> Sheet:
    """A heading line and a line a row; on a page the least relevant columns go until the others fit."""
    natural = [max(map(display_width, (strip.heading, *strip.cells))) for strip in strips]
    widths = dict(enumerate(natural)) if page.width is None else _fitted(strips, natural, page.width)
    printed = [_column(strips[place], width, page) for place, width in widths.items()]
    lines = tuple(GAP.join(row).rstrip() for row in zip(*printed, strict=True))
    return Sheet(lines, len(strips) - len(widths))


def _fitted(strips: Sequence[Strip], natural: Sequence[int], width: int) -> dict[int, int]:
    """The columns that fit and how wide they are: long texts are cut a little, then more, before a column goes."""
    for cap in (_WIDE, _NARROW):
        capped = [_capped(strip, wide, cap) for strip, wide in zip(strips, natural, strict=True)]
        if sum(capped) + len(GAP) * (len(capped) - 1) <= width:
            return dict(enumerate(capped))
    order = sorted(range(len(strips)), key=lambda place: (strips[place].rank, place))
    first = order[0]
    kept = {first: min(natural[first], width)}
    left = width - kept[first]
    for place in order[1:]:
        if len(GAP) + capped[place] <= left:
            kept[place] = capped[place]
            left -= len(GAP) + capped[place]
    return dict(sorted(kept.items()))


def _capped(strip: Strip, natural: int, cap: int) -> int:
    return natural if strip.whole or strip.right else min(natural, max(cap, display_width(strip.heading)))


def _column(strip: Strip, width: int, page: Page) -> Iterator[str]:
    yield page.paint(_padded(strip.heading, width, right=strip.right), "strong")
    for row, text in enumerate(strip.cells):
        yield page.paint(_padded(text, width, right=strip.right), strip.styles.get(row))


def _padded(text: str, width: int, *, right: bool) -> str:
    if text.isascii() and len(text) <= width:
        return text.rjust(width) if right else text.ljust(width)
    short = shortened(text, width)
    gap = " " * (width - display_width(short))
    return gap + short if right else short + gap


def display_width(text: str) -> int:
    """How many cells of a terminal a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # knows wide and combining letters; not imported for plain tables

    return cell_len(text)


def shortened(text: str, width: int) -> str:
    """The text in at most so many cells: of a name the middle goes, of words the end."""
    if display_width(text) <= width:
        return text
    if width < _LEAST or not _NAME.fullmatch(text):
        return _head(text, width - 1) + _ELLIPSIS
    tail = (width - 1) // 2
    return _head(text, width - 1 - tail) + _ELLIPSIS + _head(text[::-1], tail)[::-1]


def _head(text: str, width: int) -> str:
    if text.isascii():
        return text[: max(width, 0)]
    ends = accumulate(map(display_width, text))
    return text[: sum(1 for end in ends if end <= width)]


def joined(lines: Iterable[str]) -> str:
    """Lines as text: each ends with a line feed."""
    return "".join(f"{line}\n" for line in lines)
