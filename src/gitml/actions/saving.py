"""How a run's record is saved at its end: checked, retried once, kept aside, never lost."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gitml.actions import artifacts, capture, series
from gitml.actions.apply import Applied, How
from gitml.actions.batch import Batch
from gitml.actions.ground import InRepository
from gitml.actions.landing import land
from gitml.actions.recording import Recording
from gitml.actions.records import adding
from gitml.actions.redaction import redacted
from gitml.actions.series_file import Points, beside
from gitml.actions.story import Story
from gitml.actions.swept import UNCOMMITTED
from gitml.actions.values import Tell
from gitml.errors import ERROR, Conflict, GitmlError, Refused
from gitml.records.canonical import dump
from gitml.records.ref import Ref
from gitml.repo.change import Change
from gitml.repo.repository import Repository
from gitml.repo.snapshot import Snapshot
from gitml.repo.writing import unsaved
from gitml.views.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Draft:
    """A run to be written: its story, its metrics counted, and its points, to be read as often as they are needed."""

    repository: Repository
    story: Story
    tallies: series.Tallies
    points: Points

    def changes(self, snapshot: Snapshot, how: How, tell: Tell) -> list[Change]:
        """The record, its series where there is one, and its environment where nobody has recorded that yet."""
        data = self.story.data(snapshot, self.tallies, tell)
        name, shared = self._environment(snapshot, how)
        bulk: tuple[Change, ...] = ()
        if series.is_series(self.tallies):
            told, bulk = beside(self.repository, snapshot, self.story.ref, self.points)
            count = sum(one.count for one in self.tallies.values())
            data["series"] = {**told, "points": count, "summary": series.summary(self.tallies, Metrics.of(snapshot))}
        if name:
            data["environment"] = name
        shared += self._ignoring(snapshot, how)
        return [adding(snapshot, self.story.ref, data, fresh=True), *bulk, *shared]

    def _environment(self, snapshot: Snapshot, how: How) -> tuple[str | None, list[Change]]:
        """The ref of the environment's record, and the change that adds it."""
        if not self.story.environment:
            return None, []
        name, content = capture.environment_of(snapshot.schemas.kind("environment"), self.story.environment)
        ref = Ref("environment", (name,))
        return str(ref), self._shared(snapshot, how, snapshot.path(ref), content)

    def _ignoring(self, snapshot: Snapshot, how: How) -> list[Change]:
        """What has git ignore the files of runs, where this one has logged some."""
        folder = f"{snapshot.prefix}{artifacts.FOLDER}/"
        if not any(str(one.get("path")).startswith(folder) for one in self.story.outputs.values()):
            return []
        path = artifacts.ignoring(snapshot.prefix)
        if snapshot.at.kind == "worktree" and path not in snapshot.tree and self.repository.file(path).exists():
            return []  # it stands there, and git's own rules for this repository pass it by with all of the folder
        return self._shared(snapshot, how, path, artifacts.IGNORING)

    def _shared(self, snapshot: Snapshot, how: How, path: str, content: bytes) -> list[Change]:
        """The change that adds a file that runs share, where it is to be added with this one."""
        entry = snapshot.tree.file(path)
        if entry is None:
            return [Change(path, None, snapshot.git.blob_id(content), content)]
        is_here = how.commit and snapshot.at.kind != "commit"
        # By the HEAD that the write is judged by, not by one to which somebody has just committed it.
        if not is_here or self.repository.stood_on(snapshot).tree.file(path) is not None:
            return []
        # Another run has written it and nobody has committed it: it lands with the first record that needs it.
        there = snapshot.bytes_at(path) or self.repository.file(path).read_bytes()
        oid = snapshot.git.blob_id(there)
        return [Change(path, oid, oid, there, entry.mode)]


def save(recording: Recording, ground: InRepository, how: How, batch: Batch | None = None) -> Applied:
    """Write a run's record, with its environment and series; what cannot be written is kept aside, and told.

    In a batch it waits for the batch's end, which writes it or keeps it aside. The journal goes when there is a commit.
    """
    tell = recording.tell
    draft = Draft(ground.repository, recording.story, recording.counted(), recording.points)
    try:
        done = _persistently(recording, draft, how) if batch is None else _joined(recording, draft, how, batch)
    except KeyboardInterrupt:
        tell(
            f"{recording.story.ref} was interrupted while it was written; {_kept_aside(recording, ground, draft, how)}"
        )
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not take the place of the training's own result
        said = str(error) or type(error).__name__
        told = f"{recording.story.ref} could not be written: {said}; {_kept_aside(recording, ground, draft, how)}"
        tell(told)
        recording.journal.close(durable=True)
        return Applied(None, (), (), (told,))
    for warning in done.warnings:
        tell(f"{recording.story.ref}: {warning}")
    return done


def _persistently(recording: Recording, draft: Draft, how: How) -> Applied:
    """Write it; once more after a Conflict, and as files where it cannot be committed."""
    try:
        try:
            return _landed(recording, draft, how)
        except Conflict:  # another run may have written the environment that both share
            return _landed(recording, draft, how)
    except Refused as error:
        if {one.code for one in error.problems if one.severity == ERROR} != {UNCOMMITTED}:
            raise
        return _as_files(recording, draft, how, error.message)
    except GitmlError as error:
        if not how.commit or how.branch is not None:
            raise
        return _as_files(recording, draft, how, str(error))


def _as_files(recording: Recording, draft: Draft, how: How, why: str) -> Applied:
    """Write it to the work tree alone, for a reason."""
    done = _landed(recording, draft, replace(how, commit=False, branch=None))
    return replace(done, warnings=(*done.warnings, f"written, not committed: {why}"))


def _landed(recording: Recording, draft: Draft, how: How) -> Applied:
    made: list[Change] = []

    def making(snapshot: Snapshot) -> list[Change]:
        made[:] = draft.changes(snapshot, how, recording.tell)
        return made

    done = land(draft.repository, making, how)
    _settled(recording, made[0], done, how)
    return done


def _joined(recording: Recording, draft: Draft, how: How, batch: Batch) -> Applied:
    changes = draft.changes(batch.snapshot, replace(batch.how(), now=how.now), recording.tell)
    recording.journal.flush()
    run = recording.story.ref.keys[1]
    return batch.take(changes, run=run, then=lambda done: _settled(recording, changes[0], done, how))


def _settled(recording: Recording, record: Change, done: Applied, how: How) -> None:
    """End the journal of a run that was written: it goes with the commit, and else holds the record's very text."""
    if done.commit is None:
        recording.written(record.path, (record.content or b"").decode(), how.now)
    recording.journal.close(durable=False)
    if done.commit is not None:
        recording.folder.remove()


def _kept_aside(recording: Recording, ground: InRepository, draft: Draft, how: How) -> str:
    """Keep what would have been written below the Git directory; where that is."""
    story, tell = recording.story, recording.tell
    name = story.ref.keys[1]
    try:
        changes = draft.changes(ground.snapshot, how, tell)
        files = {one.path: one.content for one in changes if one.content is not None}
        path = changes[0].path
    except Exception:  # noqa: BLE001 - what made the first attempt fail may do so again: what is known, then, as it is
        path, known = f"{name}.yaml", {**story.head, "params": story.params, "status": story.end.status}
        known |= {"metrics": series.last_values(draft.tallies), "created": story.origin.time}
        files = {path: dump(redacted({key: one for key, one in known.items() if one}, tell))}
    place = unsaved.keep(ground.repository.git, name, files)
    if place is None:
        return f"no disk takes it, so here it is:\n{files[path].decode()}"
    return f"it is kept in {place / path}"
