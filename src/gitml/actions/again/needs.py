"""What it takes to run a run again, and how much of that is there: said before anything runs."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from gitml.actions.again.data import NOWHERE, Datum, inputs
from gitml.actions.redaction import REDACTED
from gitml.errors import BadRef, BadValue, NotFound
from gitml.records.record import Record
from gitml.records.ref import Ref
from gitml.repo.recorded import Code, blob_at, find
from gitml.repo.repository import Repository
from gitml.repo.snapshot import Snapshot

RUN: Final = "run"
_LONGEST: Final = 2000  # so much of a command is recorded
_SHORT: Final = 12


class Need(NamedTuple):
    """One thing that is needed: how much of it there is, from 0 to 1, and what to say of it.

    Without a `fatal` one nothing can be run.
    """

    name: str
    share: float
    told: str
    fatal: bool = False


@dataclass(frozen=True, slots=True)
class Needs:
    """Everything that a run needs; `argv` is its command, `environment` what it ran in, `data` what it read."""

    run: Record
    needs: tuple[Need, ...]
    code: Code | None
    argv: tuple[str, ...]
    environment: Mapping[str, Any] | None
    data: tuple[Datum, ...]

    @property
    def completeness(self) -> float:
        """The mean of all shares, from 0 to 1."""
        return round(sum(need.share for need in self.needs) / len(self.needs), 3)

    @property
    def missing(self) -> list[str]:
        """What is not all there, in words."""
        return [f"{need.name}: {need.told}" for need in self.needs if need.share < 1]

    def check(self) -> Code:
        """The code, where there is enough to run; raises NotFound with what there is not."""
        fatal = [need for need in self.needs if need.fatal]
        if self.code is None or fatal:
            told = "; ".join(f"{need.name}: {need.told}" for need in fatal)
            raise NotFound(f"{self.run.ref} cannot be run again: {told}", hint="git ml show prints what was recorded")
        return self.code


def needs(repository: Repository, snapshot: Snapshot, ref: Ref) -> Needs:
    """What a run needs, and how much of it is there; NotFound, BadValue for what is no run."""
    run = snapshot.record(ref)
    if run.kind != RUN:
        raise BadValue(f"{ref} is no run", hint="git ml list run shows the runs")
    if run.derived:  # it goes when dvc.lock goes on, and no record may refer to it
        raise BadValue(
            f"{ref} is an entry of dvc.lock, which DVC runs again", hint="git checkout its commit, dvc repro"
        )
    said = run.data.get("code")
    recorded: Mapping[str, Any] = said if isinstance(said, Mapping) else {}
    code = find(repository.git, recorded, ref.keys[-1])
    data = inputs(repository, snapshot, run, code.tree if code else None)
    argv, command = _command(recorded)
    environment = _environment(snapshot, run)
    found = (
        _code(recorded, code), *_script(repository, recorded, code), command, _data(data), _packages(run, environment),
        _seeds(run),
    )  # fmt: skip
    return Needs(run, found, code, argv, environment, tuple(data))


def _code(recorded: Mapping[str, Any], code: Code | None) -> Need:
    if code is None:
        named = str(recorded.get("commit") or "")[:_SHORT]
        told = (
            f"unreachable: neither commit {named} nor its tree nor its script is here" if named else "none was recorded"
        )
        return Need("code", 0, told, fatal=True)
    if code.how == "equivalent":
        return Need("code", 0.5, f"equivalent: {str(code.commit)[:_SHORT]} has the same script, other files may differ")
    if code.how == "committed":
        return Need("code", 0.5, "what was not committed is lost: its commit is run")
    if recorded.get("dirty") and code.whole:  # what differed was in no file that git tracks
        return Need("code", 0.5, "files that git did not track were there, and are not kept")
    kept = ", what was not committed included" if recorded.get("dirty") else ""
    return Need("code", 1, f"tree {code.tree[:_SHORT]}{kept}")


def _script(repository: Repository, recorded: Mapping[str, Any], code: Code | None) -> list[Need]:
    path, blob = recorded.get("path"), recorded.get("blob")
    if code is None or not isinstance(path, str):
        return []
    found = blob_at(repository.git, code.tree, path)
    if found is None:
        return [Need("script", 0, f"{path} was not tracked by git, so its content was not kept", fatal=True)]
    if blob is not None and found != blob:
        return [Need("script", 0, f"{path} is not what ran: {found[:_SHORT]}, recorded {str(blob)[:_SHORT]}")]
    return [Need("script", 1, path)]


def _command(recorded: Mapping[str, Any]) -> tuple[tuple[str, ...], Need]:
    line = recorded.get("command")
    if not isinstance(line, str) or not line:
        return (), Need("command", 0, "none was recorded", fatal=True)
    if REDACTED in line:
        return (), Need("command", 0, f"it held a secret, which is not kept: {line}", fatal=True)
    try:
        argv = tuple(shlex.split(line))
    except ValueError:
        argv = ()
    if not argv or len(line) >= _LONGEST:
        return (), Need("command", 0, "it is cut off: it was too long to be kept", fatal=True)
    return argv, Need("command", 1, line)


def _data(data: list[Datum]) -> Need:
    if not data:
        return Need("data", 0.5, "no input was recorded, so what it read is not known")
    lost = [one for one in data if one.share < 1]
    share = round(sum(one.share for one in data) / len(data), 3)
    told = "; ".join(f"{_named(one)}: {_why(one)}" for one in lost)
    return Need("data", share, told or f"{len(data)} of {len(data)}", fatal=any(one.place == NOWHERE for one in data))


def _named(one: Datum) -> str:
    return one.name if one.path in (None, one.name) else f"{one.name} ({one.path})"


def _why(one: Datum) -> str:
    if one.place == NOWHERE:
        return f"md5 {one.md5} is in no cache and no remote" + (f", {one.told}" if one.told else "")
    return one.told


def _environment(snapshot: Snapshot, run: Record) -> Mapping[str, Any] | None:
    ref = run.data.get("environment")
    try:
        return snapshot.record(Ref.parse(ref).bare).data if isinstance(ref, str) else None
    except (BadRef, NotFound):
        return None


def _packages(run: Record, environment: Mapping[str, Any] | None) -> Need:
    if environment is None:
        ref = run.data.get("environment")
        return Need("environment", 0, f"{ref} is not in the store" if ref else "none was recorded")
    packages = environment.get("packages")
    if not isinstance(packages, Mapping) or not packages:
        return Need("environment", 0.5, "no packages were recorded")
    return Need("environment", 1, f"{len(packages)} packages pinned")


def _seeds(run: Record) -> Need:
    seeds = run.data.get("seeds")
    if not isinstance(seeds, Mapping) or not seeds:
        return Need("seed", 0, "none was recorded")
    return Need("seed", 1, ", ".join(f"{name} {value}" for name, value in seeds.items()))
