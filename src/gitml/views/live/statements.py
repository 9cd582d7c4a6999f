"""What was said of a slot, and when each of it held: no text takes away the time at which another stood there.

`since` says from when on a choice holds, and may be earlier than the commit that says so. It reaches back into the time
of the choice before it, never over the whole of that: a text that would do so was written for an earlier choice (a
revert gives it back as it was), and holds from its commit on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from gitml.errors import BadValue
from gitml.repo.git.commits import DAY, bound_of

if TYPE_CHECKING:
    from gitml.records.record import Record

ALIAS: Final = "alias"
STATUS: Final = "status"
DEPLOYMENT: Final = "deployment"
KINDS: Final = (ALIAS, STATUS, DEPLOYMENT)
ALWAYS: Final = 2**62

_CHOICES: Final = {ALIAS: ("version",), STATUS: ("status",), DEPLOYMENT: ("serves", "state")}
_SINCE: Final = "since"


class Statement(NamedTuple):
    """What was said of a slot (None: it is gone), from when on (seconds since 1970), by which commit (None: none)."""

    record: Record | None
    since: int
    commit: str | None


class Story:
    """What was said of one slot, in the order in which it was said."""

    def __init__(self) -> None:
        self._said: list[Statement] = []
        self._last = -ALWAYS

    def at(self, seconds: int | None) -> Statement | None:
        """What held at a time, of what is known the last word that was true by then; the last of all for None."""
        return next((one for one in reversed(self._said) if seconds is None or one.since <= seconds), None)

    def say(self, record: Record | None, seconds: int, commit: str | None) -> None:
        """A commit of a time moves the slot, or does away with it."""
        # A clock that was set back makes no later word an earlier one.
        self._last = max(self._last, seconds)
        self._said.append(Statement(record, self._from(record, self._last), commit))

    def amend(self, record: Record, seconds: int, commit: str | None) -> None:
        """A commit says the same choice in other words: it holds when that did."""
        for place in range(len(self._said) - 1, -1, -1):
            said = self._said[place]
            if said.record is not None and _choice_and_since(said.record) == _choice_and_since(record):
                self._said[place] = said if said.record.blob == record.blob else said._replace(
                    record=record, commit=commit)  # fmt: skip
                return
        self.say(record, seconds, commit)

    def keep(self, record: Record, commit: str | None) -> None:
        """Say what holds, whatever else was ever said."""
        self._said.append(Statement(record, seconds_of(record.data.get(_SINCE), -ALWAYS), commit))

    def end_with(self, record: Record | None) -> None:
        """The last word is a snapshot's; what no commit says was said by no time."""
        last = self._said[-1].record if self._said else None
        if record is not None and last is not None and _choice_and_since(last) == _choice_and_since(record):
            self.amend(record, ALWAYS, None)
        elif record is not None or last is not None:
            self.say(record, ALWAYS, None)

    def _from(self, record: Record | None, said: int) -> int:
        """From when on a text holds that was said at a time."""
        if record is None:
            return said
        since, start = seconds_of(record.data.get(_SINCE), said), said
        held = self.at(said)
        while held is not None and held.record is not None and _choice(held.record) == _choice(record):
            start, held = held.since, self.at(held.since - 1)
        return since if since >= said or held is None or since > held.since else start


def is_move(kind: str, field: str | None) -> bool:
    """Whether a change of a field (None: of the whole) says anew what a slot chooses, or since when."""
    return field is None or field.partition(".")[0] in (*_CHOICES[kind], _SINCE)


def _choice_and_since(record: Record) -> tuple[Any, Any]:
    return tuple(record.data.get(name) for name in _CHOICES[record.kind]), record.data.get(_SINCE)


def _choice(record: Record) -> tuple[Any, ...]:
    """What a slot chooses; by its id where that is told, for a version may get another number."""
    if record.kind == ALIAS and isinstance(record.data.get("id"), str):
        return ("id", record.data["id"])
    return tuple(record.data.get(name) for name in _CHOICES[record.kind])


def seconds_of(said: object, otherwise: int) -> int:
    """A time in a record in seconds since 1970; what is none counts as `otherwise`."""
    if not isinstance(said, str):
        return otherwise
    try:
        bound = bound_of(said)
    except BadValue:
        return otherwise
    if bound is None:
        return otherwise
    return bound - (DAY if len(said) == len("2026-03-01") else 1)
