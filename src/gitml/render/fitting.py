"""A page of at most so many characters: the least important goes first, and what is gone is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

_NOTE = 600
_NAMED = 8


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a page: rows between a beginning and an end, which go with the last row. `rank` 0 matters most.

    `whole` parts, such as a drawing, go as a whole. `what` is what the rows are, `stays` what is left without any.
    """

    rank: int
    what: str
    begin: str
    rows: tuple[str, ...]
    end: str = ""
    whole: bool = False
    stays: str = ""

    @property
    def text(self) -> str:
        """It as it stands on the page."""
        return f"{self.begin}{''.join(self.rows)}{self.end}" if self.rows else self.stays


def size(text: str) -> int:
    """How long a text is to a forge, which counts as JavaScript does: an emoji is two."""
    return len(text) + sum(1 for letter in text if letter > "\uffff")


def fitted(head: str, parts: Sequence[Part], tail: str, limit: int) -> str:
    """Head, parts and tail in at most `limit` characters; of the parts, where they are too long, as much as fits."""
    left = list(parts)
    over = size(head) + size(tail) + sum(size(part.text) for part in left) - limit
    if over > 0:
        over += _NOTE
    gone: dict[str, int | None] = {}
    for place in sorted(range(len(left)), key=lambda place: (-left[place].rank, -place)):
        if over <= 0:
            break
        before = left[place]
        left[place] = _shorter(before, over)
        over -= size(before.text) - size(left[place].text)
        count = len(before.rows) - len(left[place].rows)
        if count:
            lost = gone.pop(before.what, 0) or 0
            gone[before.what] = None if before.whole else lost + count
    return head + "".join(part.text for part in left) + _note(gone, limit) + tail


def _shorter(part: Part, over: int) -> Part:
    """A part that has lost rows from its end until it is shorter by so much, or none is left."""
    kept = 0 if part.whole else len(part.rows)
    saved = 0
    while kept and saved < over:
        kept -= 1
        saved += size(part.rows[kept])
    return replace(part, rows=part.rows[:kept])


def _note(gone: dict[str, int | None], limit: int) -> str:
    """What is gone, and how much of it (None: the whole), the most important first."""
    if not gone:
        return ""
    told = [what if count is None else f"{count:,} {what}" for what, count in reversed(gone.items())]
    named = [*told[:_NAMED], *(["more"] if len(told) > _NAMED else [])]
    return f"\nCut, to stay within {limit:,} characters: {', '.join(named)}.\n"
