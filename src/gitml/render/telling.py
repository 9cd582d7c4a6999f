"""What a record says, in a few words: its metrics, then what is short and plain."""

from __future__ import annotations

import re
from collections.abc import Iterator
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
    for _rank, name, value in sorted(_candidates(change), key=lambda one: one[0]):
        word = f"{name} {value}"
        if len(words) < _MOST and display_width(", ".join([*words, word])) <= room:
            words.append(word)
    return ", ".join(words)


def _candidates(change: Difference) -> Iterator[tuple[int, str, str]]:
    record = change.new or change.old
    known = {*(record.ref.keys if record else ()), change.path}
    for field in change.fields:
        value = field.before if field.after is MISSING else field.after
        path = segments(field.field)
        is_metric = path[0] == _METRICS and isinstance(value, int | float)
        if (is_metric or _is_near(path)) and _is_plain(value) and value not in known:
            name = field.field.removeprefix(f"{_METRICS}.") if is_metric else field.field
            yield 0 if is_metric else len(path), printable(name), typed(value)


def _is_near(path: tuple[str, ...]) -> bool:
    """Whether a field is about the record itself; what something is, of a part of it, goes without saying."""
    return len(path) <= _NEAR and path[-1] not in _SILENT and (len(path) == 1 or path[-1] != "type")


def _is_plain(value: Any) -> bool:
    """Whether a value says something by itself: no digest, no time, nothing long."""
    if isinstance(value, str):
        return 0 < len(value) <= _LONG and not _DIGEST.fullmatch(value) and "\n" not in value
    return isinstance(value, bool | int | float)
