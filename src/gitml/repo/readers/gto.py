"""GTO's registry: what annotated tags say of versions and stages, folded from the tags alone.

`name@v1.2.0` registers a version and `name@v1.2.0!` takes it back; `name#prod` gives the version at that commit a stage
and `name#prod!` ends that; `name@deprecated` retires the whole artifact. `#4` at the end only makes a tag's name
unique. In tags `dir=name` stands for `dir:name`. `gto show` is the measure: the order of events that share a second
and what a stage means on a commit without a version are its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from gitml.repo.git.tags import Tag

REGISTER, DEREGISTER, ASSIGN, UNASSIGN, DEPRECATE = "register", "deregister", "assign", "unassign", "deprecate"

_NAME = r"[a-zA-Z0-9](?:[a-zA-Z0-9/_-]*[a-zA-Z0-9])?"
_NUMBER = r"(?:0|[1-9]\d*)"
_WORD = rf"(?:{_NUMBER}|\d*[a-zA-Z-][0-9a-zA-Z-]*)"
_SEMVER = rf"{_NUMBER}(?:\.{_NUMBER}){{2}}(?:-{_WORD}(?:\.{_WORD})*)?(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?"
_TAG = re.compile(
    rf"(?P<artifact>(?:[a-zA-Z0-9_./-]+=)?{_NAME})"
    rf"(?:(?:#(?P<stage>{_NAME})|@(?P<version>v{_SEMVER}))(?P<end>!?)|@deprecated)(?:#\d+)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Event:
    """What one tag says. `version` of a stage's event is that of its commit, or the commit's id where it has none."""

    action: str
    artifact: str
    version: str
    stage: str
    commit: str
    time: datetime
    by: str
    message: str
    tag: str
    committed: datetime


@dataclass(frozen=True, slots=True)
class Version:
    """A version that was registered, or a commit that was given a stage without one (`registered` is False).

    `ended` is what took it out: its own deregistration, or the deprecation of the artifact.
    """

    artifact: str
    version: str
    commit: str
    time: datetime
    by: str
    message: str
    tag: str
    registered: bool
    ended: Event | None

    @property
    def active(self) -> bool:
        """Whether `gto show` lists it."""
        return self.ended is None

    @property
    def deprecated(self) -> bool:
        """Whether its whole artifact is deprecated."""
        return self.ended is not None and self.ended.action == DEPRECATE


@dataclass(frozen=True, slots=True)
class Slot:
    """The version that has a stage now; `history` is all that was ever said of that stage, oldest first."""

    artifact: str
    stage: str
    version: str
    commit: str
    since: datetime
    by: str
    reason: str
    tag: str
    history: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Artifact:
    """One name in the registry: versions (greatest first), stages by name, all events in their order.

    `registered` is False for one that an annotation names and no tag does.
    """

    name: str
    active: bool
    registered: bool
    versions: tuple[Version, ...]
    slots: Mapping[str, Slot]
    events: tuple[Event, ...]

    @property
    def latest(self) -> Version | None:
        """The greatest version that is registered and was not taken back."""
        return next((found for found in self.versions if found.registered and (found.active or found.deprecated)), None)


@dataclass(frozen=True, slots=True)
class Registry:
    """All artifacts by name."""

    artifacts: Mapping[str, Artifact]


@dataclass(slots=True)
class _Standing:
    """A version while its events come in: registrations and their ends, and events by stage."""

    version: str
    commit: str
    direct: list[Event] = field(default_factory=list)
    stages: dict[str, list[Event]] = field(default_factory=dict)

    @property
    def active(self) -> bool:
        return not self.direct or _last(self.direct).action == REGISTER

    @property
    def registered(self) -> bool:
        return any(event.action == REGISTER for event in self.direct)

    @property
    def made(self) -> Event | None:
        """The last registration; of a commit without a version the first stage that it was given."""
        if self.direct:
            return next((event for event in reversed(self.direct) if event.action == REGISTER), None)
        given = (event for events in self.stages.values() for event in events if event.action == ASSIGN)
        return next(given, None)

    @property
    def created(self) -> datetime:
        """What GTO takes for its time when it orders versions."""
        if self.direct and self.made:
            return self.made.time
        return max(max(event.time, event.committed) for events in self.stages.values() for event in events)


def event_of(tag: Tag) -> Event | None:
    """What a tag says; None where it is none of GTO's. Lightweight tags say nothing to GTO."""
    # The name inside the tag's own object is the one that was signed; the ref may be a later copy.
    match = _TAG.fullmatch(tag.inner) if _TAG.fullmatch(tag.name) else None
    if match is None:
        return None
    stage, version = match["stage"] or "", match["version"] or ""
    begins, ends = (REGISTER, DEREGISTER) if version else (ASSIGN, UNASSIGN)
    action = DEPRECATE if not version and not stage else ends if match["end"] else begins
    artifact = match["artifact"].replace("=", ":")
    said = (tag.commit, tag.time, tag.author, tag.message, tag.inner, tag.committed)
    return Event(action, artifact, version, stage, *said)


def place(artifact: str) -> tuple[str, str]:
    """The folder whose dvc.yaml or artifacts.yaml describes an artifact, and its name there: `dir:name`."""
    folder, _colon, name = artifact.rpartition(":")
    return folder, name


def registry(
    tags: Iterable[Tag], until: datetime | None = None, annotated: Mapping[str, datetime] | None = None
) -> Registry:
    """The registry as of a time, from all tags of a repository; foreign and broken tags are left out.

    `annotated` holds the names in the checked-out commit's artifacts.yaml, with that commit's time: GTO shows them
    without a tag, and a deprecation older than that commit no longer counts.
    """
    found = (event_of(tag) for tag in sorted(tags, key=lambda tag: (tag.time, tag.name)))
    events = dict.fromkeys(event for event in found if event and (until is None or event.time <= until))
    named = annotated or {}
    by_artifact: dict[str, list[Event]] = {name: [] for name in named}
    for event in events:
        by_artifact.setdefault(event.artifact, []).append(event)
    return Registry({name: _artifact(name, said, named.get(name)) for name, said in sorted(by_artifact.items())})


def _artifact(name: str, events: list[Event], annotated: datetime | None) -> Artifact:
    standings, resolved = _standings(events)
    deprecation = next((event for event in reversed(events) if event.action == DEPRECATE), None)
    later = [max(event.time, event.committed) for event in events if event.action != DEPRECATE]
    if annotated is not None:
        later.append(annotated)
    gone = deprecation if deprecation and all(time < deprecation.time for time in later) else None
    versions = tuple(_version(name, standing, made, gone) for standing, made in _greatest_first(standings))
    return Artifact(name, gone is None, bool(events), versions, _slots(name, standings, resolved), resolved)


def _standings(events: list[Event]) -> tuple[list[_Standing], tuple[Event, ...]]:
    """Versions in the order in which GTO meets them, and the events with the version that each turned out to be of."""
    direct: dict[tuple[str, str], _Standing] = {}
    for event in events:
        if event.version:
            standing = direct.setdefault((event.version, event.commit), _Standing(event.version, event.commit))
            standing.direct.append(event)
    at: dict[str, list[_Standing]] = {}
    for standing in direct.values():
        at.setdefault(standing.commit, []).append(standing)
    loose: list[_Standing] = []
    resolved = []
    for event in events:
        said = event
        if event.stage:
            # GTO keeps a commit's stages apart, tag by tag, until the commit has a version: one there ends none before.
            standing = _of_commit(at.get(event.commit, [])) or _Standing(event.commit, event.commit)
            if not standing.direct:
                loose.append(standing)
            said = replace(event, version=standing.version)
            standing.stages.setdefault(event.stage, []).append(said)
        resolved.append(said)
    return [*direct.values(), *loose], tuple(resolved)


def _of_commit(standings: list[_Standing]) -> _Standing | None:
    """The version that a stage's tag means; where one commit has several, GTO gives up and we take the last one."""
    return next((found for found in reversed(standings) if found.active), standings[-1] if standings else None)


def _last(events: list[Event]) -> Event:
    """The event that holds: the newest, and of one second the one that ends."""
    return max(reversed(events), key=lambda event: (event.time, event.action in (DEREGISTER, UNASSIGN)))


def _greatest_first(standings: list[_Standing]) -> list[tuple[_Standing, Event]]:
    """Registered versions by semantic versioning, then the commits that have a stage and no version; with their makers.

    A version that was only ever taken back is none.
    """
    met: dict[tuple[str, str], tuple[_Standing, Event]] = {}
    for standing in standings:
        if made := standing.made:
            met.setdefault((standing.version, standing.commit), (standing, made))
    return sorted(met.values(), key=lambda found: (found[0].registered, _order(found[0])))[::-1]


def _order(standing: _Standing) -> tuple[Any, ...]:
    """Sorts as semantic versioning says: `1.0.0-rc.2` before `1.0.0-rc.10` before `1.0.0`, whatever follows a `+`."""
    if not standing.registered:
        return (standing.version,)
    text, _plus, _build = standing.version.removeprefix("v").partition("+")
    release, dash, rest = text.partition("-")
    return tuple(map(_part, release.split("."))), not dash, tuple(map(_part, rest.split(".")))


def _part(text: str) -> tuple[bool, int, str]:
    # By length first: Python refuses to read a number of 5,000 digits, and a tag may hold one.
    return (False, len(text), text) if text.isdigit() else (True, 0, text)


def _version(artifact: str, standing: _Standing, made: Event, gone: Event | None) -> Version:
    ended = gone if standing.active else _last(standing.direct)
    said = (made.time, made.by, made.message, made.tag)
    return Version(artifact, standing.version, standing.commit, *said, standing.registered, ended)


def _slots(artifact: str, standings: list[_Standing], events: tuple[Event, ...]) -> dict[str, Slot]:
    """By stage the assignment that came last; of one second, the one to the version that is older."""
    chosen: dict[str, Event] = {}
    listed = [standing for standing in standings if standing.active and standing.stages]
    for standing in sorted(listed, key=lambda found: found.created)[::-1]:
        for stage, said in standing.stages.items():
            last = _last(said)
            if last.action == ASSIGN and (stage not in chosen or last.time >= chosen[stage].time):
                chosen[stage] = last
    return {stage: _slot(artifact, chosen[stage], events) for stage in sorted(chosen)}


def _slot(artifact: str, said: Event, events: tuple[Event, ...]) -> Slot:
    history = tuple(event for event in events if event.stage == said.stage)
    told = (said.version, said.commit, said.time, said.by, said.message, said.tag)
    return Slot(artifact, said.stage, *told, history)
