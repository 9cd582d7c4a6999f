"""What is known of a run, event by event: told by the process that it is in, or read from its journal afterwards."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from gitml.actions import series
from gitml.actions.records import Origin, given
from gitml.actions.redaction import redacted
from gitml.actions.values import Tell, plain
from gitml.errors import BadRef
from gitml.records.ref import Ref
from gitml.repo.journal.folder import BEGIN, END, Folder
from gitml.repo.journal.lines import FORMAT, milliseconds, moment
from gitml.repo.snapshot import Snapshot

_TIME = "%Y-%m-%dT%H:%M:%SZ"
_MERGED = ("params", "tags", "inputs", "outputs")
_BEGUN = ("head", "code", "host", "variables", "seeds", *_MERGED, "note", "custom")
ENVIRONMENT, FAULT = "environment", "fault"
LEFT = "left"
"""What a rank says last: it is for rank 0 to end their run."""
CRASHED, FAILED, FINISHED = "crashed", "failed", "finished"


@dataclass(frozen=True, slots=True)
class End:
    """How a run ended; `text` is recorded only where the store's settings ask for texts, `dirty` where it is known."""

    status: str
    error: Mapping[str, Any] = field(default_factory=dict)
    utilization: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""
    dirty: bool | None = None


@dataclass
class Story:
    """What is known of a run so far; `origin` is its start, `head` what its record says first.

    `exact` is what who writes the record knows better than the journal, in just the words that it shall hold.
    """

    ref: Ref
    origin: Origin
    head: Mapping[str, Any] = field(default_factory=dict)
    code: dict[str, Any] = field(default_factory=dict)
    host: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    params: dict[str, Any] = field(default_factory=dict)
    seeds: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    note: str | None = None
    custom: Mapping[str, Any] = field(default_factory=dict)
    exact: Mapping[str, Any] = field(default_factory=dict)
    fault: Mapping[str, Any] = field(default_factory=dict)
    end: End = field(default_factory=lambda: End("running"))
    ended: datetime | None = None

    @classmethod
    def of(cls, folder: Folder) -> Self | None:
        """The story that a journal tells; None where it has no beginning."""
        begin = folder.begin
        try:
            ref = Ref.parse(str((begin or {})["ref"]))
        except (KeyError, BadRef):
            return None
        story = None
        for at, what, said in folder.events:
            if what == BEGIN and story is None:
                story = cls(ref, Origin(moment(at), str(said.get("by") or ""), os.urandom))
                story.take_all({key: said[key] for key in _BEGUN if key in said})
            elif what == BEGIN and story is not None:  # another rank's
                story.take_all({key: said[key] for key in (*_MERGED, "seeds") if key in said})
            elif story is not None:
                story.take(what, said)
                if what == END:
                    story.ended = moment(at)
        return story

    def begun(self) -> dict[str, Any]:
        """What the journal begins with of it; its environment is a line of its own."""
        told = {key: getattr(self, key) for key in _BEGUN}
        found = {"format": FORMAT, "ref": str(self.ref), "by": self.origin.by}
        return found | {key: value for key, value in told.items() if value or value == ""}

    @property
    def began(self) -> int:
        """When it began, as the journal has it."""
        return milliseconds(self.origin.now)

    def take_all(self, said: Mapping[str, Any]) -> None:
        """Several events at once."""
        for what, value in said.items():
            self.take(what, value)

    def take(self, what: str, said: Any) -> None:
        """One event more; one that this version knows nothing of is passed by."""
        if what in (*_MERGED, "seeds"):
            held: dict[str, Any] = getattr(self, what)
            held.update(said)
            for name in [name for name, one in said.items() if one is None] if what == "tags" else ():
                del held[name]  # taken back
        elif what == END:
            self.end = End(**said)
        elif what in (*_BEGUN, ENVIRONMENT, FAULT):
            setattr(self, what, said)

    def gather(self, folder: Folder) -> None:
        """Take over what other processes of this run have said, in order of time."""
        other = Story.of(folder)
        if other is not None:
            self.take_all({what: getattr(other, what) for what in (*_MERGED, "seeds", "note", FAULT)})

    def data(self, snapshot: Snapshot, tallies: series.Tallies, tell: Tell) -> dict[str, Any]:
        """The record's data, but for its series and environment; without what looks like a secret."""
        kind, end = snapshot.schemas.kind(self.ref.kind), self.end
        text = {"message": end.text} if end.text and snapshot.settings.capture_text else {}
        known = end.dirty if end.dirty is not None else self.code.get("dirty")
        ended = self.ended or self.origin.now
        found = {
            "status": end.status,
            "ended": ended.astimezone(UTC).strftime(_TIME),
            "description": self.note,
            "code": self.code | ({} if known is None else {"dirty": known}) if self.code else {},
            "inputs": self.inputs,
            "outputs": self.outputs,
            "params": self.params,
            "seeds": self.seeds,
            "metrics": series.last_values(tallies),
            "error": {**({} if end.status == FINISHED else self.fault), **end.error, **text},
            "variables": dict(self.variables),
            "host": dict(self.host),
            "utilization": dict(end.utilization),
            "tags": self.tags,
        }
        every = {**self.head, **found, "custom": self.custom, **self.exact}
        told = {key: one for key, one in every.items() if one or one == ""}
        return redacted({**given(kind, self.ref, self.origin), **plain(told, str(self.ref), tell)}, tell)
