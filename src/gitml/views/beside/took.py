"""How long it took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gitml.views.beside.parts import Duration
from gitml.views.deltas import delta, is_number, relative

if TYPE_CHECKING:
    from gitml.records.record import Record
    from gitml.views.beside.parts import Subject


def duration(subjects: Sequence[Subject]) -> Duration | None:
    """The time that each record, or the run that made it, tells, or from `created` to `ended`; None without any."""
    seconds = tuple(next((took for one in each.told if (took := _seconds(one)) is not None), None) for each in subjects)
    if all(each is None for each in seconds):
        return None
    first = seconds[0]
    moved = (None, *(delta(first, each) for each in seconds[1:]))
    return Duration(seconds, moved, tuple(None if each is None else relative(each, first or 0) for each in moved))


def _seconds(record: Record) -> float | None:
    used = record.data.get("utilization")
    told = used.get("duration_s") if isinstance(used, Mapping) else None
    if told is not None and is_number(told):
        return float(told)
    began, ended = _time(record.data.get("created")), _time(record.data.get("ended"))
    return None if began is None or ended is None else (ended - began).total_seconds()


def _time(text: Any) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
