"""What a record says, in a few words: its metrics, then what is short and plain."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from gitml.records.record import MISSING, segments
from gitml.render.cells import printable, typed
from gitml.render.sheet import display_width

if TYPE_CHECKING:
    from gitml.views.changes import Difference

_MOST: Final = 4
_LONG: Final = 40
_PLAIN: Final = 80
_NEAR: Final = 2
_METRICS: Final = "metrics"
_SILENT: Final = frozenset(["schema", "id", "name", "version_id", "created", "ended", "since", "origin"])
_DIGEST: Final = re.compile(r"(?:[a-z0-9]+:)?[0-9a-f]{7,64}(?:\.dir)?|[0-9A-HJKMNP-TV-Z]{26}|\d{4}-\d\d-\d\d[T ].*")


def telling(change: Difference, width: int | None = None) -> str:
    """The fields that tell most of what was added or removed, in at most so many cells."""
    words: list[str] = []
    room = _PLAIN if width is None else width
    record = change.new or change.old
    known = {*(record.ref.keys if record else ()), change.path}
    for rank, name, value in sorted(_candidates(change), key=_rank):
        if len(words) == _MOST:
            break
        if not _is_plain(value) or value in known:
            continue
        word = f"{printable(name if rank else name.removeprefix(f'{_METRICS}.'))} {typed(value)}"
        if display_width(", ".join([*words, word])) <= room:
            words.append(word)
    return ", ".join(words)


def _rank(candidate: tuple[int, str, Any]) -> int:
    return candidate[0]


def _candidates(change: Difference) -> Iterator[tuple[int, str, Any]]:
    """Fields that may be told, each with its rank: 0 for a metric, else its depth."""
    for field in change.fields:
        is_metric, depth = _place(field.field)
        if depth or is_metric:
            value = field.before if field.after is MISSING else field.after
            if is_metric and isinstance(value, int | float):
                yield 0, field.field, value
            elif depth:
                yield depth, field.field, value


@lru_cache(maxsize=1 << 12)
def _place(name: str) -> tuple[bool, int]:
    """Whether a field is a metric's; and its depth where it is about the record itself, else 0.

    What something is, of a part of the record, goes without saying.
    """
    path = segments(name)
    is_near = len(path) <= _NEAR and path[-1] not in _SILENT and (len(path) == 1 or path[-1] != "type")
    return path[0] == _METRICS, len(path) if is_near else 0


def _is_plain(value: Any) -> bool:
    """Whether a value says something by itself: no digest, no time, nothing long."""
    if isinstance(value, str):
        return 0 < len(value) <= _LONG and not _DIGEST.fullmatch(value) and "\n" not in value
    return isinstance(value, bool | int | float)
