"""What is live, or was on a day: what each alias chooses and each deployment serves, who agreed, and on what data."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from gitml.errors import BadRef, NotFound
from gitml.records.ref import VERSION, Ref
from gitml.repo.git.commits import iso
from gitml.views.lineage.makers import Makers
from gitml.views.live.rollouts import Happened, Rollout
from gitml.views.live.slots import Slots, moment_of, slots, version_of
from gitml.views.live.statements import ALIAS, ALWAYS, DEPLOYMENT, STATUS, Statement, seconds_of
from gitml.views.live.trained import Datum, data_of, sought
from gitml.views.rows import Column, Rows

if TYPE_CHECKING:
    from gitml.errors import Problem
    from gitml.records.record import Record
    from gitml.repo.git.revision import At
    from gitml.repo.repository import Repository
    from gitml.repo.snapshot import Snapshot

_COLUMNS: Final = (
    *(Column(name, "string") for name in ("ref", "version", "since", "by", "status")),
    Column("approvals", "list"), Column("data", "list"), Column("exists", "bool"), Column("rollout", "string"),
    Column("rolled_out", "string"), Column("differs", "bool"), Column("difference", "string"),
    *(Column(name, "string") for name in ("kind", "reason", "commit", "holds_from", "serves", "target", "environment")),
    Column("state", "string"), Column("missing", "bool"),
)  # fmt: skip
_NEVER: Final = -(2**62)


class Approval(NamedTuple):
    """Who agreed to something, or did not."""

    ref: str
    by: str | None
    decision: str | None
    created: str | None


@dataclass(frozen=True, slots=True)
class Slot:
    """One alias or deployment: the version it chooses (`missing`: there is none of that name), since when, why.

    `serves` is a deployment's own word, a version or an alias; `rollout` the last one that succeeded, `last` the last
    of all. `differs` is None where one of the two is not recorded: no rollout or, of a deployment that rollouts alone
    tell of, no wish; then status, approvals and data are those of what was brought out. `holds_from` is when the words
    came to hold, later than `since` where a revert has brought that back. `commit` None: not committed, or older than
    what a shallow clone has.
    """

    ref: str
    kind: str
    version: str | None
    missing: bool
    since: str | None
    by: str | None
    reason: str | None
    commit: str | None
    holds_from: str | None
    status: str | None
    approvals: tuple[Approval, ...]
    data: tuple[Datum, ...]
    serves: str | None = None
    target: str | None = None
    environment: str | None = None
    state: str | None = None
    rollout: Rollout | None = None
    last: Rollout | None = None
    differs: bool | None = None
    difference: str | None = None


@dataclass(frozen=True, slots=True)
class Live:
    """The aliases and deployments of a snapshot, by kind and ref; `on` is the time it is about, None for now.

    `complete` is False where history or objects were missing; `ends` is where a shallow clone's history begins.
    """

    at: At
    on: str | None
    slots: tuple[Slot, ...]
    complete: bool
    ends: tuple[tuple[str, str], ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def rows(self) -> Rows:
        """One row an alias or deployment."""
        found = tuple(_row(slot) for slot in self.slots)
        return Rows(None, _COLUMNS, found, len(found), self.problems, self.complete)


def _row(slot: Slot) -> dict[str, Any]:
    known = [one.exists for one in slot.data if one.exists is not None]
    written = {
        "approvals": [f"{one.decision} by {one.by}" for one in slot.approvals],
        "data": [one.hash or one.ref or one.path for one in slot.data],
        "exists": all(known) if known else None,
        "rollout": slot.rollout.version if slot.rollout else None,
        "rolled_out": slot.rollout.created if slot.rollout else None,
    }
    return {one.name: written[one.name] if one.name in written else getattr(slot, one.name) for one in _COLUMNS}


def live(repository: Repository, snapshot: Snapshot, on: str | None = None, *, remote: bool = False) -> Live:
    """What a snapshot's aliases and deployments choose or, with `on`, chose at the end of that day or at that time.

    `remote`: DVC's remotes are asked, too, whether data exists. Raises BadValue.
    """
    seconds = moment_of(on)
    told = slots(repository, snapshot, seconds)
    makers = Makers(repository)
    then = _Then(snapshot, told, seconds, makers)
    found = [slot for kind in (ALIAS, DEPLOYMENT) for slot in then.slots(kind)]
    known = sought(repository, snapshot, [one for slot in found for one in slot.data], remote=remote)
    each = tuple(replace(slot, data=tuple(known[one] for one in slot.data)) for slot in found)
    ends = list(repository.git.commits(sorted(told.ends)))
    when = None if seconds is None else iso(seconds)
    return Live(
        snapshot.at,
        when,
        each,
        told.complete and makers.complete,
        tuple((one.oid, one.time) for one in ends),
        told.problems,
    )


class _Then:
    """A store at a time: what is known today of what held then."""

    def __init__(self, snapshot: Snapshot, slots: Slots, seconds: int | None, makers: Makers) -> None:
        self._snapshot = snapshot
        self._slots = slots
        self._seconds = seconds
        self._makers = makers
        self._approvals = sorted(self._events("approval"), key=_created)
        self._rollouts: dict[str, list[Record]] = defaultdict(list)
        for record in sorted(self._events("rollout"), key=_created):
            if (of := _parsed(record.data.get("deployment"))) is not None and of.kind == DEPLOYMENT:
                self._rollouts[str(of)].append(record)

    def _events(self, kind: str) -> Iterator[Record]:
        """The events of a kind that had happened by then."""
        if kind in self._snapshot.schemas.latest:
            for record in self._snapshot.records(kind):
                if self._seconds is None or seconds_of(record.data.get("created"), _NEVER) <= self._seconds:
                    yield record

    def slots(self, kind: str) -> Iterator[Slot]:
        """The aliases, or the deployments, that there were."""
        refs = {ref for ref in self._slots.stories if Ref.parse(ref).kind == kind}
        for ref in sorted(refs if kind == ALIAS else {*refs, *self._rollouts}):
            said = self._slots.at(ref, self._seconds)
            if kind == DEPLOYMENT:
                yield from self._deployment(ref, said)
            elif said is not None:
                yield self._slot(ref, said, self._resolved(ref, self._seconds))

    def _deployment(self, ref: str, said: Statement | None) -> Iterator[Slot]:
        """A deployment as it ought to be and as it was; where nobody had said how it ought to be, as it was."""
        rollouts = self._rollouts.get(ref, ())
        happened = Happened.of([(self._rollout(record), record.data.get("type") == "stop") for record in rollouts])
        if said is not None and said.record is not None:
            yield self._wished(ref, said, said.record.data, happened)
        elif happened.last is not None and not happened.stop:
            out = self._slot(ref, Statement(None, -ALWAYS, None), happened.done.version if happened.done else None)
            yield replace(out, version=None, missing=False, rollout=happened.done, last=happened.last,
                          difference=happened.unasked)  # fmt: skip

    def _wished(self, ref: str, said: Statement, data: Mapping[str, Any], happened: Happened) -> Slot:
        serves, stopped = _named(data.get("serves")), data.get("state") == "stopped"
        slot = self._slot(ref, said, self._resolved(serves, self._seconds))
        difference = happened.unlike(slot.version, stopped=stopped)
        return replace(
            slot, serves=serves, target=_text(data.get("target")), environment=_text(data.get("environment_name")),
            state=_text(data.get("state")), rollout=happened.done, last=happened.last,
            differs=None if happened.last is None else difference is not None, difference=difference,
        )  # fmt: skip

    def _rollout(self, record: Record) -> Rollout:
        data = record.data
        created = _text(data.get("created"))
        version = self._resolved(_named(data.get("serves")), seconds_of(created, _NEVER))
        ended = seconds_of(data.get("ended"), _NEVER)
        # How it ended was not settled yet, if it ended later.
        status = "running" if self._seconds is not None and ended > self._seconds else _text(data.get("status"))
        return Rollout(str(record.ref), version, status, created, _text(data.get("by")))

    def _resolved(self, ref: str | None, seconds: int | None) -> str | None:
        """The version behind a ref at a time: itself, or what the alias chose."""
        if ref is None or not ref.startswith(f"{ALIAS}/"):
            return ref
        said = self._slots.at(ref, seconds)
        return version_of(Ref.parse(ref), said.record) if said is not None and said.record is not None else None

    def _slot(self, ref: str, said: Statement, version: str | None) -> Slot:
        data = said.record.data if said.record else {}
        chosen = self._record(version)
        return Slot(
            ref, Ref.parse(ref).kind, version, version is not None and chosen is None,
            since=_text(data.get("since")), by=_text(data.get("by")), reason=_text(data.get("reason")),
            commit=said.commit, holds_from=iso(said.since) if abs(said.since) < ALWAYS else None,
            status=self._status(version), approvals=tuple(self._approved(ref, version, chosen)),
            data=tuple(data_of(self._snapshot, chosen, self._makers)) if chosen else (),
        )  # fmt: skip

    def _record(self, text: str | None) -> Record | None:
        ref = _parsed(text)
        try:
            return self._snapshot.record(ref) if ref else None
        except NotFound:
            return None

    def _status(self, version: str | None) -> str | None:
        if version is None:
            return None
        ref = Ref.parse(version)
        said = self._slots.at(str(Ref(STATUS, (ref.kind.removesuffix(VERSION), *ref.keys))), self._seconds)
        return _text(said.record.data.get("status")) if said is not None and said.record is not None else None

    def _approved(self, ref: str, version: str | None, chosen: Record | None) -> Iterator[Approval]:
        held = chosen.data.get("id") if chosen else None
        for record in self._approvals:
            data = record.data
            of = data.get("of")
            about = of if isinstance(of, dict) else {}
            by_id = held is not None and about.get("id") == held
            if by_id or about.get("ref") in {version, ref} - {None}:
                yield Approval(str(record.ref), *(_text(data.get(name)) for name in ("by", "decision", "created")))


def _created(record: Record) -> tuple[int, str]:
    return seconds_of(record.data.get("created"), _NEVER), str(record.ref)


def _parsed(text: Any) -> Ref | None:
    """A ref, of a record that may not be there."""
    try:
        return Ref.parse(text).bare if isinstance(text, str) else None
    except BadRef:
        return None


def _named(serves: Any) -> str | None:
    return _text(serves.get("ref")) if isinstance(serves, dict) else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
