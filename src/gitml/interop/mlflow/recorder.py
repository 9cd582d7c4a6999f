"""Runs as MLflow's clients tell them: begun, said, ended; and changed once their records stand."""

from __future__ import annotations

import atexit
import os
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Timer
from typing import Any

from gitml.actions import artifacts, series
from gitml.actions.captured import captured
from gitml.actions.curves import points
from gitml.actions.landing import land
from gitml.actions.logged import RunWarning, Source
from gitml.actions.plan import Plan
from gitml.actions.recording import Recording, begun
from gitml.actions.records import Origin, paths_of, set_fields
from gitml.actions.saving import save
from gitml.actions.series_file import beside
from gitml.actions.story import Story
from gitml.errors import GitmlError, Refused
from gitml.interop.mlflow import words
from gitml.interop.mlflow.address import BATCH
from gitml.interop.mlflow.citing import REGISTERED, cite
from gitml.interop.mlflow.live import Live, Underway, ground
from gitml.interop.mlflow.opened import Opened
from gitml.interop.mlflow.runs import LATEST, Latest, Told, latest_text
from gitml.records.record import column
from gitml.records.ref import Ref
from gitml.repo.change import Change
from gitml.repo.data.dvc import file_digest
from gitml.repo.journal.folder import WRITTEN, root
from gitml.repo.journal.lines import Point, event_line, milliseconds, named, number_text, points_line
from gitml.repo.repository import Repository
from gitml.repo.snapshot import Snapshot
from gitml.store.batch import New
from gitml.views.metrics import Metrics

_SERVER = "_MLFLOW_SERVER_FILE_STORE"
"""The variable by which MLflow's server tells its workers where their store is: who trains is somewhere else then."""
PARTED = "parted"
"""What a run says for MLflow once a part of it has ended, and waits for it."""
_OWN = ("started", "ended", "status", "models", PARTED, REGISTERED)
"""What a run says for MLflow while it goes on, and its record says otherwise."""
_RUNNING = "running"
_NOTED = "written.jsonl"
_TOGETHER, _WAIT = 100, 5.0
"""How many ended runs are written together at most, and seconds after which fewer are, where the address says batch."""


class Recorder:
    """What writes the runs of a store."""

    def __init__(self, opened: Opened, underway: Underway) -> None:
        self._opened = opened
        self._underway = underway
        self._ended: dict[str, Live] = {}
        self._timer: Timer | None = None
        self.parts: Callable[[Live], list[New]] = lambda _live: []
        """The records that are written with a run's."""
        self._is_last = False

    # ── a run that goes on ────────────────────────────────────────────────────────────────────────────────────────

    def begin(self, experiment: str, by: str, started: int, said: Mapping[str, Any]) -> Live:
        """A run begins, at a time in milliseconds; `said` are its head, tags and note."""
        place, now = ground(self._opened), self._opened.store.clock()
        origin = Origin(now, by, os.urandom)
        story = Story(Ref("run", (experiment, origin.new_id())), origin)
        story.take_all({**said, "custom": {words.CUSTOM: {"started": started}}})
        recording = begun(place, story, _warn)
        if _SERVER in os.environ:
            recording.process = {}
        else:
            captured(place, Source(), story, _warn)
        return self._underway.begin(story, recording)

    def end(self, live: Live, status: str, ended: int | None) -> None:
        """A run ends: its record is written, or, with others, a little later."""
        if ended is not None:
            live.keep(ended=ended)
        found = files_of(self._opened, live.recording.story.ref)
        inner = f"{self._opened.store.repository.prefix}{artifacts.place(live.recording.story.ref)}/"
        outputs = {one["path"].removeprefix(inner): one for one in found}
        live.say({**({"outputs": outputs} if outputs else {}), "end": {"status": status}})
        if self._opened.address.commit == BATCH:
            self._later(live)
        else:
            self.write(live)

    # ── its record ────────────────────────────────────────────────────────────────────────────────────────────────

    def write(self, live: Live) -> None:
        """Write the record of a run that has ended; raises Refused, and then its journal keeps it."""
        with self._opened.writing():
            ready = self._ready([live])
            if ready != [live] or self.parts(live) or live.kept.get(REGISTERED):
                self._together(ready)
                return
            done = save(_exactly(live), ground(self._opened), self._how())
            if not done.changes:
                raise Refused("; ".join(done.warnings), hint="git ml status shows where it is kept")
            self._opened.ended()
            self._underway.over(live)

    def _how(self) -> Any:
        return self._opened.store.how(**self._opened.how)

    def _later(self, live: Live) -> None:
        if not self._is_last:  # now that git's processes have been started, which end after it then
            atexit.register(self.flush)
            self._is_last = True
        self._ended[live.folder.id] = live
        if len(self._ended) >= _TOGETHER:
            self.flush()
        elif self._timer is None:
            self._timer = Timer(_WAIT, self.flush)
            self._timer.daemon = True
            self._timer.start()

    def flush(self) -> None:
        """Write all that waits to be written, in one commit; what is refused is told, and `git ml sync` writes it."""
        try:
            self._flush()
        except GitmlError as error:
            warnings.warn(f"runs have ended that could not be written: {error}", RunWarning, stacklevel=2)

    def _flush(self) -> None:
        with self._opened.turn:
            waiting, self._ended, self._timer = list(self._ended.values()), {}, None
            self._together(self._ready([live for live in waiting if live.catch_up()]))

    def _ready(self, ended: Sequence[Live]) -> list[Live]:
        """Of runs that have ended those that can be written, and with each its parts: they wait for the whole."""
        ids = {live.folder.id for live in ended}
        found = {live.folder.id: live for one in ended if not self._waits(one, ids) for live in self._family(one)}
        return list(found.values())

    def _waits(self, live: Live, ended: Collection[str]) -> bool:
        """Whether a run is part of one that goes on; that one is told, so that it is written with its parts."""
        parent = live.recording.story.head.get("parent")
        whole = self._underway.get(Ref.parse(parent).keys[1]) if parent else None
        if whole is None or (whole.folder.id in ended and not self._waits(whole, ended)):
            return False
        if not whole.kept.get(PARTED):
            self._underway.writing(whole).keep(**{PARTED: True})
        return self._underway.get(whole.folder.id) is not None  # another process may just have ended it

    def _family(self, live: Live) -> Iterator[Live]:
        """A run that has ended, and its parts that have."""
        yield live
        story = live.recording.story
        if live.kept.get(PARTED):
            for part in self._underway.all():
                told = part.recording.story
                if told.head.get("parent") == str(story.ref) and told.end.status != _RUNNING:
                    yield from self._family(part)

    def _together(self, ended: Sequence[Live]) -> None:
        """Write the records of some runs, and of what they logged, in one go."""
        if not ended:
            return
        with self._opened.store.batch(**self._opened.how) as batch:
            for live in ended:
                save(_exactly(live), ground(self._opened), self._how(), batch.gathered)
                for new in self.parts(live):
                    batch.new(*new)
                cite(self._opened, batch, live)
        self._opened.ended()
        for live in ended:
            self._underway.over(live)

    # ── a run whose record stands ─────────────────────────────────────────────────────────────────────────────────

    def change(self, ref: Ref, fields: Mapping[str, Any], logged: Sequence[Point] = ()) -> None:
        """Set fields of a record, by dotted name, and add points to its series."""
        with self._opened.writing():

            def making(snapshot: Snapshot) -> Plan:
                more, bulk = self._more(snapshot, ref, logged) if logged else ({}, [])
                made = set_fields(snapshot, ref, paths_of({**fields, **more}))
                texts[:] = [(one.path, one.content) for one in made if one.content is not None]
                return Plan((*made, *bulk))

            texts: list[tuple[str, bytes]] = []
            done = land(self._opened.store.repository, making, self._how())
            if done.commit is None:
                self._noted(ref.keys[1], texts, logged)
            self._opened.store.refresh()
            self._opened.ended()

    def _noted(self, run: str, texts: Iterable[tuple[str, bytes]], logged: Iterable[Point]) -> None:
        """Have the journal hold the record's new text and points, as long as nobody has committed it."""
        folder = root(self._opened.store.repository.git) / run
        if not folder.is_dir():
            return
        now = milliseconds(self._opened.store.clock())
        with (folder / _NOTED).open("ab") as file:
            for name, value, step, at in logged:
                file.write(points_line(at, step, [named(column(*name)) + number_text(value)]).encode())
            for path, content in texts:
                file.write(event_line(now, WRITTEN, {"path": path, "text": content.decode()}).encode())

    def _more(self, snapshot: Snapshot, ref: Ref, logged: Sequence[Point]) -> tuple[dict[str, Any], list[Change]]:
        """What a record says of more points, and the series with them."""
        record = snapshot.record(ref)
        every = [*self.history(snapshot, ref), *logged]
        every, latest = _ordered(every)
        tallies = series.tallied(every)
        told: dict[str, Any] = {column("metrics", *name): one.last for name, one in tallies.items()}
        told[column("custom", words.CUSTOM, LATEST)] = {key: latest_text(one) for key, one in latest.items()}
        if not any(one.count > 1 for one in tallies.values()):
            return told, []
        held = (record.data.get("series") or {}).get("path")
        said, bulk = beside(self._opened.store.repository, snapshot, ref, lambda: iter(every))
        summary = series.summary(tallies, Metrics.of(snapshot))
        told["series"] = {**said, "points": len(every), "summary": summary}
        return told, list(_replacing(self._opened.store.repository, snapshot, bulk, held))

    def history(self, snapshot: Snapshot, ref: Ref) -> Iterator[Point]:
        """Every point of a recorded run: of its series, or the latest values with their times."""
        data = snapshot.record(ref).data
        if (data.get("series") or {}).get("path"):
            yield from points(self._opened.store.repository, snapshot, ref)
            return
        for key, one in Told.of_record(snapshot.record(ref)).latest.items():
            yield Point((key,), one.value, one.step, one.timestamp)


def files_of(opened: Opened, ref: Ref) -> list[dict[str, Any]]:
    """What a record says of the files that lie in the folder of a run, or of a model that one has logged."""
    inner = artifacts.place(ref)
    folder = opened.root / inner
    if not folder.is_dir():
        return []
    artifacts.ignore(opened.root)
    found = []
    for file in sorted(one for one in folder.rglob("*") if one.is_file() and one.suffix != ".dvc"):
        md5, size = file_digest(file)
        path = f"{opened.store.repository.prefix}{inner}/{file.relative_to(folder).as_posix()}"
        found.append({"path": path, "md5": md5, "size": size})
    return found


def _replacing(
    repository: Repository, snapshot: Snapshot, bulk: Iterable[Change], held: str | None
) -> Iterator[Change]:
    """Changes of a series' file as those of one that is there already; an old one of another name goes."""
    names = set()
    for change in bulk:
        names.add(change.path)
        yield replace(change, before=there(repository, snapshot, change.path), fresh=False)
    if held and held not in names and (old := there(repository, snapshot, held)) is not None:
        yield Change(held, old, None)


def there(repository: Repository, snapshot: Snapshot, path: str) -> str | None:
    """The blob at a path, of the work tree's own file: one that is no record nobody has looked at."""
    if snapshot.at.kind == "worktree":
        file = repository.file(path)
        return snapshot.git.blob_id(file.read_bytes()) if file.exists() else None
    entry = snapshot.tree.file(path)
    return entry.oid if entry else None


def _ordered(logged: Iterable[Point]) -> tuple[list[Point], dict[str, Latest]]:
    """Points as MLflow orders them, each once, and the latest of each metric."""
    every = sorted(dict.fromkeys(logged), key=lambda one: Latest.of(one).order)
    return every, {".".join(one.name): Latest.of(one) for one in every}


@dataclass
class Ended(Recording):
    """A run that has ended, with its points in MLflow's order."""

    every: list[Point] = field(default_factory=list)

    def counted(self) -> series.Tallies:
        """As of Recording."""
        return series.tallied(self.every)

    def points(self) -> Iterator[Point]:
        """As of Recording."""
        return iter(self.every)


def _exactly(live: Live) -> Ended:
    """A run whose record says what MLflow has said, to the millisecond, and its metrics by MLflow's rule."""
    story, recording = live.recording.story, live.recording
    every, latest = _ordered(live.history())
    kept = live.kept
    started, ended = kept.get("started") or story.began, kept.get("ended")
    own = {key: value for key, value in kept.items() if key not in _OWN}
    own |= {LATEST: {key: latest_text(one) for key, one in latest.items()}} if latest else {}
    exact = {"created": words.time_text(started), "custom": {**story.custom, words.CUSTOM: own} if own else {}}
    story.exact = exact | {"ended": None if ended is None else words.time_text(ended)}
    alone = len(every) == len(latest)  # then the record says it all, and there is no series
    shown = [one._replace(step=None) for one in every] if alone else every
    return Ended(recording.ground, story, recording.journal, recording.tell, every=shown)


def _warn(message: str) -> None:
    warnings.warn(message, RunWarning, stacklevel=4)
