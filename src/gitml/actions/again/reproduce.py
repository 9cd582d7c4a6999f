"""A run again: its code and data in a worktree of their own, its command there, and the result as a run of this store.

What the command records itself (`gitml.run` in the script) goes to a spool beside the worktree, and becomes the record;
where it records nothing, the record says what came of the command: exit code, duration, outputs, and the metrics that
it has written to files of a known name, as under `git ml run`.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final

from gitml.actions import capture
from gitml.actions.again.data import put
from gitml.actions.again.inner import Inner, picked_up, recorded_in
from gitml.actions.again.needs import RUN, Needs, needs
from gitml.actions.again.surroundings import UV, Surroundings, as_here, rebuilt
from gitml.actions.apply import Applied, How, Plan, apply
from gitml.actions.records import Origin, adding, given
from gitml.actions.story import End
from gitml.errors import GitmlError
from gitml.records.reader import read
from gitml.records.ref import Ref
from gitml.repo.change import Change
from gitml.repo.data.dvc import checkout_all, file_digest, share_cache
from gitml.repo.git import Git
from gitml.repo.recorded import checked_out
from gitml.repo.repository import Repository
from gitml.repo.snapshot import Snapshot
from gitml.repo.writing import unsaved
from gitml.views.metrics import Metrics
from gitml.views.verification import Verification, verification
from gitml.views.verification import asked as tolerable

Tell = Callable[[str], None]
REPRODUCE, VERIFY = "reproduce", "verify"
_SPOOL: Final = "spool"
_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class Asked:
    """How to run it again: `env` check or uv, `keep` the worktree, `check` the result within `tolerances`.

    `stdout` is where the command's output goes; `first` hears what is needed before anything runs.
    """

    env: str = "check"
    keep: bool = False
    check: bool = False
    tolerances: Mapping[str, str] = field(default_factory=dict)
    stdout: IO[Any] | int | None = None
    first: Callable[[Needs], None] = lambda _needs: None


@dataclass(frozen=True, slots=True)
class Reproduced:
    """What came of it: the exit code, the new run, how it compares, how the environment differs, what was written."""

    needs: Needs
    code: int
    ref: str
    differences: tuple[str, ...]
    applied: Applied
    warnings: tuple[str, ...] = ()
    verified: str | None = None
    verification: Verification | None = None
    place: Path | None = None


@dataclass(frozen=True, slots=True)
class _Result:
    """One process that has ended, and what it left in its worktree."""

    code: int
    started: datetime
    ended: datetime
    inner: Inner | None
    outputs: Mapping[str, Any]
    around: Surroundings


def reproduce(repository: Repository, ref: Ref, asked: Asked, how: How, clock: Callable[[], datetime]) -> Reproduced:
    """Run a run again and record it; with `check` also how the two compare.

    NotFound where what is needed is not there, Refused where the record is, GitmlError where the environment cannot be
    made; nothing is recorded then.
    """
    here, snapshot = repository.here(), repository.target(how.branch)
    needed = needs(repository, here, ref)
    asked.first(needed)
    needed.check()
    tolerable(needed.run.data, asked.tolerances)
    warnings: list[str] = []
    with _folder(keep=asked.keep) as folder:
        result = _run(repository, snapshot, needed, asked, folder, clock, warnings.append)
        run, data, changes = _record(repository, snapshot, needed, result, how, warnings.append)
    verified: str | None = None
    compared: Verification | None = None
    if asked.check:
        compared = verification(needed.run.data, data, Metrics.of(here), asked.tolerances)
        origin = Origin(result.ended, how.author or repository.author(), os.urandom)
        verified, more = _verified(snapshot, needed, run, compared, origin)
        changes += more
    verdict = f": {str(compared.verdict).replace('_', ' ')}" if compared and verified else ""
    done = _applied(repository, changes, how, run, f"gitml: {ref} run again{verdict}")
    place = folder if asked.keep else None
    return Reproduced(
        needed, result.code, str(run), result.around.differences, done, tuple(warnings), verified, compared, place
    )


def _applied(repository: Repository, changes: list[Change], how: How, ref: Ref, message: str) -> Applied:
    """Write what came of it; what the checks or the disk refuse is kept aside, for it may have taken days."""
    try:
        return apply(repository, repository.target(how.branch), Plan(tuple(changes), message=message), how)
    except GitmlError as error:
        files = {one.path: one.content for one in changes if one.content is not None}
        place = unsaved.keep(repository.git, ref.keys[-1], files)
        error.hint = "; ".join(filter(None, [error.hint, f"what came of it is kept in {place}" if place else ""]))
        raise


@contextmanager
def _folder(*, keep: bool) -> Iterator[Path]:
    """A new folder, which goes with the block unless it is kept."""
    if keep:
        yield Path(tempfile.mkdtemp(prefix="gitml-"))
        return
    with tempfile.TemporaryDirectory(prefix="gitml-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def _run(
    repository: Repository, snapshot: Snapshot, needed: Needs, asked: Asked, folder: Path,
    clock: Callable[[], datetime], tell: Tell,
) -> _Result:  # fmt: skip
    place = folder / "code"
    with checked_out(repository.git, needed.check(), place, keep=asked.keep) as git:
        _data(repository, snapshot, needed, git, place, tell)
        start = _start(needed, place)
        make = rebuilt if asked.env == UV else as_here
        around = make(needed.argv, needed.environment, folder if asked.env == UV else start)
        variables = around.variables() | {"GITML_SPOOL": str(folder / _SPOOL)}
        before, since = clock(), time.time_ns()
        argv = [around.program, *_words(needed, start, place)]
        code = subprocess.run(argv, cwd=start, env=variables, stdout=asked.stdout, check=False).returncode
        after = clock()
        inner = recorded_in(folder / _SPOOL, needed.run, tell)
        result = _Result(code, before, after, inner, _outputs(needed, place), around)
        if inner is not None:
            return result
        there = Repository.find(place)
        found = picked_up(there, folder / _SPOOL, start, since, needed.run, clock, tell)
        return replace(result, inner=_ended(found, needed, result)) if found else result


def _ended(inner: Inner, needed: Needs, result: _Result) -> Inner:
    """What was picked up, as the run that the command was: of its time, with its end."""
    story, told = inner.story, _of_command(needed, result)
    story.origin, story.ended = replace(story.origin, now=result.started), result.ended
    story.end = End(told["status"], told.get("error", {}), told["utilization"])
    story.environment = result.around.environment or {}
    return inner


def _data(repository: Repository, snapshot: Snapshot, needed: Needs, git: Git, place: Path, tell: Tell) -> None:
    """Its inputs where they lay; where none was recorded, all that DVC tracks there."""
    share_cache(repository.git, git)
    put(repository, snapshot, needed.data, place)
    if not needed.data:
        try:
            checkout_all(git)
        except GitmlError as error:
            tell(f"not all data could be checked out: {error}")


def _start(needed: Needs, place: Path) -> Path:
    """The folder that it was started in; where none was recorded, the one from which its command finds its script."""
    said = needed.run.data.get("code")
    code: Mapping[str, Any] = said if isinstance(said, Mapping) else {}
    folder, path = code.get("folder"), code.get("path")
    if isinstance(folder, str):
        return place / folder
    if isinstance(path, str) and path not in needed.argv:
        for word in needed.argv[1:]:
            if path.endswith(f"/{word}"):
                return place / path.removesuffix(f"/{word}")
    return place


def _words(needed: Needs, start: Path, place: Path) -> list[str]:
    """What stands behind the program; a script that was named by its whole path is recorded by that from the root."""
    said = needed.run.data.get("code")
    path = said.get("path") if isinstance(said, Mapping) else None
    return [str(place / word) if word == path and not (start / word).exists() else word for word in needed.argv[1:]]


def _outputs(needed: Needs, place: Path) -> dict[str, Any]:
    """The recorded outputs as they are now, by their paths; what was not written is left out."""
    held = needed.run.data.get("outputs")
    found = {}
    for name, one in held.items() if isinstance(held, dict) else ():
        path = one.get("path") if isinstance(one, dict) else None
        if isinstance(path, str) and not os.path.isabs(path) and (place / path).exists():  # noqa: PTH117
            md5, size = file_digest(place / path)
            found[name] = {"path": path, "md5": md5, "size": size}
    return found


def _record(
    repository: Repository, snapshot: Snapshot, needed: Needs, result: _Result, how: How, tell: Tell
) -> tuple[Ref, Mapping[str, Any], list[Change]]:
    """The run that was made, what its record says, and the changes that add it."""
    code = needed.check()
    said = needed.run.data.get("code")
    named = {"commit": code.commit, "tree": code.tree} if code.how != "same" else {}
    recorded = {**(said if isinstance(said, Mapping) else {}), **named}
    head = {"type": REPRODUCE, "reproduces": str(needed.run.ref)}
    there = {key: value for key, value in recorded.items() if value is not None}
    if result.inner is not None:
        result.inner.becomes(head, there, result.outputs)
        changes = result.inner.changes(repository, snapshot, how, tell)
        return result.inner.story.ref, read(changes[0].content or b"").data or {}, changes
    origin = Origin(result.started, how.author or repository.author(), os.urandom)
    ref = Ref(RUN, (needed.run.ref.keys[0], origin.new_id()))
    data = {**given(snapshot.schemas.kind(RUN), ref, origin), **head, "code": there, **_of_command(needed, result)}
    data |= {"outputs": dict(result.outputs)} if result.outputs else {}
    name, shared = _environment(snapshot, result)
    data |= {"environment": name} if name else {}
    return ref, data, [adding(snapshot, ref, data, fresh=True), *shared]


def _of_command(needed: Needs, result: _Result) -> dict[str, Any]:
    seconds = round((result.ended - result.started).total_seconds(), 3)
    same = {name: needed.run.data[name] for name in ("params", "seeds", "inputs") if name in needed.run.data}
    error = {"error": {"exit_code": result.code}} if result.code > 0 else {}
    return {
        "status": "killed" if result.code < 0 else "failed" if result.code else "finished",
        "ended": result.ended.astimezone(UTC).strftime(_TIME),
        **same,
        **error,
        "utilization": {"duration_s": int(seconds) if seconds.is_integer() else seconds},
    }


def _environment(snapshot: Snapshot, result: _Result) -> tuple[str | None, list[Change]]:
    """The ref of what it ran in, and the change that adds it where nobody has recorded that yet."""
    if result.around.environment is None:
        return None, []
    name, content = capture.environment_of(snapshot.schemas.kind("environment"), result.around.environment)
    ref = Ref("environment", (name,))
    path = snapshot.path(ref)
    there = path in snapshot.tree
    return str(ref), [] if there else [Change(path, None, snapshot.git.blob_id(content), content)]


def _verified(
    snapshot: Snapshot, needed: Needs, run: Ref, compared: Verification, origin: Origin
) -> tuple[str | None, list[Change]]:
    """The record of a comparison, where there was something to compare: its ref, and the change that adds it."""
    if compared.verdict is None:
        return None, []
    made = Ref(RUN, (run.keys[0], origin.new_id()))
    told: dict[str, Any] = {
        "verdict": compared.verdict,
        "differences": {one.name: one.delta for one in compared.measured if one.delta is not None},
        "outputs": {one.name: one.same for one in compared.artifacts},
        "missing": needed.missing,
        "completeness": needed.completeness,
    }
    kept = {name: value for name, value in told.items() if value or name == "completeness"}
    record = {
        **given(snapshot.schemas.kind(RUN), made, origin), "type": VERIFY, "status": "finished", "ended": origin.time,
        "reproduces": str(needed.run.ref), "inputs": {"reproduction": {"ref": str(run)}}, "verification": kept,
    }  # fmt: skip
    return str(made), [adding(snapshot, made, record, fresh=True)]
