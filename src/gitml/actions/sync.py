"""`sync`: what ran elsewhere or crashed becomes records, what git clean took comes back, what is committed is let go.

Each run's folder in a journal or a spool stays until its record stands in a commit; so a second `sync` changes nothing.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from gitml.actions import artifacts, capture, flow, series
from gitml.actions.apply import Applied, How, Plan
from gitml.actions.gathered import Gathered, State, gathered
from gitml.actions.landing import land
from gitml.actions.portions import SYNCED, has_first
from gitml.actions.saving import Draft
from gitml.actions.story import CRASHED, Story
from gitml.actions.sweep import Trial, decided
from gitml.actions.values import Tell
from gitml.errors import ERROR, Conflict, Refused
from gitml.records.reader import read
from gitml.records.ref import Ref
from gitml.repo.change import Change
from gitml.repo.journal import texts
from gitml.repo.journal.folder import FILES, WRITTEN, Folder
from gitml.repo.journal.lines import event_line, milliseconds
from gitml.repo.journal.process import this_process
from gitml.repo.journal.writing import Journal
from gitml.repo.repository import Repository
from gitml.repo.snapshot import Snapshot
from gitml.repo.writing.files import disk_failed
from gitml.repo.writing.lock import Lock, exclusive
from gitml.repo.writing.push import Pushed
from gitml.views.metrics import Metrics

_WAIT = 5.0


@dataclass(frozen=True, slots=True)
class Synced:
    """What a sync came to: the refs of what it recorded, of these what had crashed, and what it brought back.

    `cleared` were committed, and their journals are gone; `uncommitted` stand in the work tree; `running` go on;
    `forgotten` were not wanted.
    `refused` says why a run could not be written; it stays where it is. `pushed` is what others can have now.
    """

    applied: Applied
    recorded: tuple[str, ...] = ()
    crashed: tuple[str, ...] = ()
    restored: tuple[str, ...] = ()
    cleared: tuple[str, ...] = ()
    running: tuple[str, ...] = ()
    uncommitted: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    pushed: Pushed = field(default_factory=lambda: Pushed(None))
    forgotten: tuple[str, ...] = ()


@dataclass
class _Sync:
    """One sync at work: the runs that it found, and what it has to say."""

    repository: Repository
    how: How
    found: Sequence[Gathered]
    refused: dict[str, str] = field(default_factory=dict)
    warnings: dict[str, None] = field(default_factory=dict)
    made: dict[str, list[Change]] = field(default_factory=dict)

    def making(self, snapshot: Snapshot) -> Plan:
        """The changes of all runs that are due; an environment that several share is added once."""
        self.made = {}
        for one in self.found:
            if one.state is State.RUNNING and not has_first(one.folder):
                told = "what rank 0 says of it is not here; give its spool, too: git ml sync --spool DIR --spool DIR"
                self.warnings[f"{one.story.ref}: {told}"] = None
            self._decided(one, snapshot)
            ref = str(one.story.ref)
            wanted = one.state is State.DUE or (one.state is State.UNCOMMITTED and self.how.commit)
            if wanted and ref not in self.refused:
                self._made(one, ref, snapshot)
        whole = {change.path: change for changes in self.made.values() for change in changes}
        return Plan(tuple(whole.values()), message=f"gitml: sync {len(self.made)} runs")

    def _decided(self, one: Gathered, snapshot: Snapshot) -> None:
        """What a sweep that is to be recorded came to, by those of its trials that are at hand."""
        sweep = one.story.head.get("sweep")
        if one.state is State.DUE and one.text is None and isinstance(sweep, Mapping):
            ref = str(one.story.ref)
            parts = (part for part in self.found if part.parent == ref and str(part.story.ref) not in self.refused)
            trials = [Trial(part.story, series.tallied(part.folder.points())) for part in parts]
            one.story.head = {**one.story.head, "sweep": decided(sweep, trials, Metrics.of(snapshot))}

    def _made(self, one: Gathered, ref: str, snapshot: Snapshot) -> None:
        def tell(message: str) -> None:
            self.warnings[f"{ref}: {message}"] = None

        try:
            if one.state is State.UNCOMMITTED:
                self.made[ref] = _standing(self.repository, one, snapshot)
            else:
                self.made[ref] = _changes(self.repository, one, snapshot, self.how, tell)
        except Exception as error:  # noqa: BLE001 - a journal that cannot be read keeps none of the others back
            self.refused[ref] = str(error) or type(error).__name__

    def drop(self, error: Refused) -> bool:
        """Leave out the runs with which the checks find errors; whether there is one."""
        faults = {one.path: str(one) for one in error.problems if one.severity == ERROR}
        bad = {ref: faults[one.path] for ref, made in self.made.items() for one in made if one.path in faults}
        self.refused |= bad
        return bool(bad)


def sync(repository: Repository, how: How, spools: Iterable[Path] = (), only: Collection[str] | None = None) -> Synced:
    """Write what the journals of this store and some spools hold (GITML_SPOOL's, where none is named).

    With `only` these runs alone, and those that are part of them. Raises Conflict where another sync is at work.
    """
    with exclusive(repository.git.common_dir / "gitml" / "sync", _WAIT) as lock:
        if lock is Lock.BUSY:
            raise Conflict("another git ml sync is at work here", hint="wait for it, and repeat")
        found = gathered(repository, repository.target(how.branch), capture.spools(spools), only)
        work = _Sync(repository, how, found)
        done = _landed(work)
        _settle(work, done)
        return _told(work, done)


def _landed(work: _Sync) -> Applied:
    """Write all that can be written, in one go."""
    repeated = False
    while True:
        try:
            return land(work.repository, work.making, work.how)
        except Refused as error:
            if not work.drop(error):
                raise
        except Conflict:  # a run that ends just now may write the environment that it shares with these
            if repeated:
                raise
            repeated = True


def _changes(repository: Repository, one: Gathered, snapshot: Snapshot, how: How, tell: Tell) -> list[Change]:
    """What adds a run's record with all that belongs to it: the very text of before, where there was one."""
    points = one.folder.points
    for side, held in (("inputs", one.story.inputs), ("outputs", one.story.outputs)):
        held.update({name: flow.resolved(repository, snapshot, side, told) for name, told in held.items()})
    take_along(repository, one.folder, one.story)
    for place in one.folder.places:
        texts.take_along(place, texts.place(repository.git, one.story.ref.keys[1]))
    draft = Draft(repository, one.story, series.tallied(points()), points)
    made = draft.changes(snapshot, how, tell)
    if one.stands:
        return _instead(repository, snapshot, one, made)
    record = made[0]
    if one.text is None or one.text == record.content:
        return made
    if _beside(one.text) != _beside(record.content or b""):
        tell("is recorded anew: its series is written in another way today")
        return made
    return [Change(record.path, None, snapshot.git.blob_id(one.text), one.text, fresh=True), *made[1:]]


def _instead(repository: Repository, snapshot: Snapshot, one: Gathered, made: Iterable[Change]) -> list[Change]:
    """The same changes, which replace what stands in the work tree of this run."""
    beside = snapshot.record(one.story.ref).data.get("series")
    path = beside.get("path") if isinstance(beside, Mapping) else None
    found = {change.path: change for change in made}
    files = {name: repository.file(name) for name in (*found, *([path, f"{path}.dvc"] if path else []))}
    there = {name: snapshot.git.blob_id(file.read_bytes()) for name, file in files.items() if name in snapshot.tree}
    return [
        *(replace(change, before=there.get(name), fresh=False) for name, change in found.items()),
        *(Change(name, oid, None, None) for name, oid in there.items() if name not in found),
    ]


def take_along(repository: Repository, folder: Folder, story: Story) -> None:
    """Copy the files that a run in a spool has logged to where they belong; raises DiskFailed."""
    begun = (folder.begin or {}).get("ref")  # which its files are named by, whatever it has become
    inner = artifacts.place(Ref.parse(begun) if isinstance(begun, str) else story.ref)
    sources = [place / FILES for place in folder.places if (place / FILES).is_dir()]
    if not sources:
        return
    store = repository.file(repository.prefix)
    artifacts.ignore(store)
    try:
        for source in sources:
            shutil.copytree(source, store / inner, dirs_exist_ok=True)
    except OSError as error:
        raise disk_failed(error, store / inner) from error
    for name, told in story.outputs.items():
        if told.get("path") == f"{inner}/{name}":  # where the run was, nobody knew the store's folder
            told["path"] = f"{repository.prefix}{inner}/{name}"


def _beside(record: bytes) -> tuple[object, object]:
    """What a record says of the files that come with it: the digest of its series, its environment."""
    data = read(record).data or {}
    beside = data.get("series")
    return beside.get("sha256") if isinstance(beside, dict) else None, data.get("environment")


def _standing(repository: Repository, one: Gathered, snapshot: Snapshot) -> list[Change]:
    """The files of a run that stand in the work tree, to be in the commit as they are."""
    data = snapshot.record(one.story.ref).data
    beside = data.get("series")
    paths = [one.path]
    if isinstance(beside, dict) and isinstance(beside.get("path"), str):
        path = beside["path"]  # which is there for git to see where DVC does not track it
        paths += [path, f"{path}.dvc", f"{path.rpartition('/')[0]}/.gitignore"]
    shared = data.get("environment")
    if isinstance(shared, str):
        paths.append(snapshot.path(Ref.parse(shared)))
    if data.get("outputs"):
        paths.append(artifacts.ignoring(snapshot.prefix))
    files = ((path, repository.file(path)) for path in paths if path in snapshot.tree)
    return [_as_it_stands(snapshot, path, file.read_bytes()) for path, file in files]


def _as_it_stands(snapshot: Snapshot, path: str, content: bytes) -> Change:
    oid = snapshot.git.blob_id(content)
    return Change(path, oid, oid, content, snapshot.tree[path].mode)


def _settle(work: _Sync, done: Applied) -> None:
    """Let go of what stands in a commit, and note in the journal what was written."""
    for one in work.found:
        ref = str(one.story.ref)
        if one.state is State.LANDED or (done.commit is not None and ref in work.made):
            one.folder.remove()
        elif one.state is State.DUE and ref in work.made and one.text is None:
            _note(one, work.made[ref][0], work.how)


def _note(one: Gathered, record: Change, how: How) -> None:
    said = {"path": record.path, "text": (record.content or b"").decode(), "ref": str(one.story.ref)}
    for place in one.folder.places:
        journal = Journal(place, f"{SYNCED}{this_process()['pid']}.jsonl")
        with journal.turn:
            journal.add(event_line(milliseconds(how.now), WRITTEN, said))
        journal.close(durable=False)


def _told(work: _Sync, done: Applied) -> Synced:
    def refs(*states: State) -> list[Gathered]:
        return [one for one in work.found if one.state in states and str(one.story.ref) not in work.refused]

    def named(found: Iterable[Gathered]) -> tuple[str, ...]:
        return tuple(str(one.story.ref) for one in found)

    due = refs(State.DUE)
    return Synced(
        done,
        named(one for one in due if one.text is None),
        named(one for one in due if one.text is None and one.story.end.status == CRASHED),
        named(one for one in due if one.text is not None),
        named(refs(State.LANDED)),
        named(refs(State.RUNNING)),
        named(refs(State.UNCOMMITTED) if done.commit is None else ()),
        tuple(work.refused.items()),
        (*work.warnings, *done.warnings),
    )
