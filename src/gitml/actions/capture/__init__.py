"""What a run is captured with: its code, its python and packages, the machine.

Here alone GITML_* variables are read. GITML_NOTEBOOK names the notebook that runs, where Python cannot know;
GITML_CONTAINER the image of the container, by digest; GITML_SPOOL and
others are those of jobs that have no repository.
"""

from __future__ import annotations

import hashlib
import json
import os
import posixpath
import re
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Generic, TypeVar

from gitml.actions.capture import gpus, notebook, packages
from gitml.actions.capture.places import is_installed
from gitml.actions.pointer import rooted
from gitml.actions.redaction import command_line
from gitml.actions.values import Tell
from gitml.records.canonical import KeyOrder, dump
from gitml.records.schema import Kind
from gitml.repo.code import Code, blob_of, code
from gitml.repo.repository import Repository

OWN = "metadata/"
RUN, OPEN = "GITML_RUN", "GITML_OPEN"
_LONGEST_COMMAND = 2000
_NAME_SIZE = 8
T = TypeVar("T")
_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_NOTEBOOK = "__vsc_ipynb_file__"
# What schedulers call the job that a process is of.
_JOBS = ("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "JOB_COMPLETION_INDEX", "AWS_BATCH_JOB_ID", "GITHUB_RUN_ID",
         "CI_JOB_ID")  # fmt: skip
# What pins packages beyond their versions.
_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pixi.lock", "conda-lock.yml", "requirements.txt")


def code_of(
    repository: Repository, argv: Sequence[str], script: Path | None, tell: Tell
) -> tuple[dict[str, Any], Code]:
    """A run's `code` (all but `dirty`, which its outputs decide), and the state of the work tree that it is from."""
    found = code(repository)
    if found.fault:
        tell(f"what is not committed was not captured: {found.fault}")
    if found.large:
        tell(f"{', '.join(found.large)}: changed, and too large to be captured with a run; let DVC track such files")
    told: dict[str, Any] = {"branch": repository.git.branch(), "commit": found.commit, "tree": found.tree}
    path = rooted(repository, script.resolve()) if script else None
    if path is not None:
        told |= {"path": path, "blob": blob_of(repository, path)}
        if path.endswith(".ipynb"):
            stripped = notebook.digest(script) if script else None
            told["notebook"] = {"path": path, **({"sha256": stripped} if stripped else {})}
    folder = rooted(repository, Path.cwd())
    if folder not in (None, "."):
        told["folder"] = folder
    if argv:
        told["command"] = command_line(_without_places(repository.file(""), argv), tell)[:_LONGEST_COMMAND]
    return {key: value for key, value in told.items() if value}, found


def spool() -> Path | None:
    """Where runs are to be journaled instead of being recorded here: GITML_SPOOL."""
    named = os.environ.get("GITML_SPOOL")
    return Path(named) if named else None


def joining() -> Path | None:
    """The journal of the run that this process was started in (`git ml run`): GITML_RUN."""
    named = os.environ.get(RUN)
    return Path(named) if named else None


def joined(place: Path) -> dict[str, str]:
    """What a command sees of the environment whose process shall join the run with this journal."""
    return {**{name: text for name, text in os.environ.items() if name != OPEN}, RUN: str(place)}


def surrounding() -> Path | None:
    """The journal of the run that a process was in when it started this one: GITML_OPEN."""
    named = os.environ.get(OPEN)
    return Path(named) if named else None


def surround(place: Path | None) -> Path | None:
    """Tell processes that are started from now on which run they are in; what they were told before."""
    before = surrounding()
    if place is None:
        os.environ.pop(OPEN, None)
    else:
        os.environ[OPEN] = str(place)
    return before


def leave() -> None:
    """Be in no other process's run any more: what this one begins from here on is a run of its own."""
    os.environ.pop(RUN, None)


def spools(given: Iterable[str | os.PathLike[str]]) -> list[Path]:
    """The spools to look into: those given, else that of GITML_SPOOL."""
    found = [Path(one) for one in given]
    named = spool()
    return found or ([named] if named else [])


def job() -> dict[str, str]:
    """What a job tells of its runs where there is no repository: GITML_COMMIT, GITML_REPOSITORY, GITML_AUTHOR."""
    names = ("commit", "repository", "author")
    return {name: text for name in names if (text := os.environ.get(f"GITML_{name.upper()}"))}


def code_apart(argv: Sequence[str], script: Path | None, tell: Tell) -> dict[str, Any]:
    """A run's `code` where there is no repository: by the job's word, and the folder that it was started in."""
    here = Path.cwd()
    told = {key: text for key, text in job().items() if key != "author"}
    if "commit" in told and not _COMMIT.fullmatch(told["commit"]):
        tell(f"GITML_COMMIT is no full commit id: {told.pop('commit')}: left out")
    if script is not None and script.is_relative_to(here):
        told["path"] = script.relative_to(here).as_posix()
    if argv:
        told["command"] = command_line(_without_places(here, argv), tell)[:_LONGEST_COMMAND]
    return told


def is_dirty(repository: Repository, changed: Collection[str], outputs: Iterable[Mapping[str, Any]]) -> bool:
    """Whether something was not committed, apart from the store's own files and declared outputs."""
    own = repository.prefix + OWN
    written = {posixpath.normpath(str(one["path"])) for one in outputs if "path" in one}
    written |= {f"{path}.dvc" for path in written}
    return any(
        not path.startswith(own) and path not in written and not any(path.startswith(f"{one}/") for one in written)
        for path in changed
    )


def script() -> Path | None:
    """The script or notebook that this process runs; None in a shell, or where it is an installed tool."""
    main = sys.modules.get("__main__")
    named = (
        os.environ.get("GITML_NOTEBOOK")
        or getattr(main, _NOTEBOOK, None)
        or os.environ.get("JPY_SESSION_NAME")  # Jupyter's server says it to its kernels
        or getattr(main, "__file__", None)
    )
    return script_in([str(named)] if named else [])


def script_in(argv: Iterable[str]) -> Path | None:
    """The first argument that is a file, and no part of an installed Python."""
    for arg in argv:
        found = Path(arg)
        if arg and not arg.startswith("-") and found.is_file():
            return None if is_installed(found) else found.absolute()
    return None


def command() -> list[str]:
    """The command line of this process; empty where it is a notebook's kernel, which says nothing."""
    argv = list(sys.orig_argv)
    return [] if any("ipykernel" in arg for arg in argv) else argv


def _without_places(folder: Path, argv: Sequence[str]) -> list[str]:
    """A command without where things lie here: its program by name, files of the repository from its root."""
    root = f"{folder}{os.sep}"
    first, *rest = argv
    installed = {arg for arg in rest if Path(arg).is_absolute() and is_installed(arg)}
    return [Path(first).name, *(Path(arg).name if arg in installed else arg.removeprefix(root) for arg in rest)]


def environment_of(kind: Kind, found: Mapping[str, Any]) -> tuple[str, bytes]:
    """The name (the first hex of its digest) and the canonical text of an environment's record."""
    return _environment_of(kind.tag, _Same(kind.shape.order), _Same(found))


class _Same(Generic[T]):
    """A value that is only equal to itself: the environment of a process is the same for all of its runs."""

    def __init__(self, value: T) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.value is self.value

    def __hash__(self) -> int:
        return id(self.value)


def locked(repository: Repository, found: Mapping[str, Any]) -> Mapping[str, Any]:
    """An environment with the lock files that lie at the top of the repository, by their digests."""
    files = []
    for name in _LOCKS:
        file = repository.git.full(name)
        with suppress(OSError):
            seen = file.stat()
            files.append((name, seen.st_size, _sha256(file, seen.st_mtime_ns, seen.st_size)))
    return _with_locks(_Same(found), tuple(files)) if files else found


@lru_cache(maxsize=64)
def _sha256(file: Path, _time: int, _size: int) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


@lru_cache(maxsize=4)
def _with_locks(found: _Same[Mapping[str, Any]], files: tuple[tuple[str, int, str], ...]) -> Mapping[str, Any]:
    told = [{"path": path, "sha256": digest, "size": size} for path, size, digest in files]
    return {**found.value, "lock_files": told}


@lru_cache(maxsize=4)
def _environment_of(tag: str, order: _Same[KeyOrder], found: _Same[Mapping[str, Any]]) -> tuple[str, bytes]:
    content = dump({"schema": tag, **found.value}, order.value)
    return hashlib.sha256(content).hexdigest()[:_NAME_SIZE], content


def environment_json(found: Mapping[str, Any]) -> str:
    """An environment as JSON, as journals hold it."""
    return _environment_json(_Same(found))


@lru_cache(maxsize=4)
def _environment_json(found: _Same[Mapping[str, Any]]) -> str:
    return json.dumps(found.value)


@cache
def environment() -> Mapping[str, Any]:
    """The python and packages of this process; looked up once."""
    version = ".".join(map(str, sys.version_info[:3]))
    return {
        "language": {"name": "python", "version": version, "implementation": _implementation()},
        "packages": packages.by_name(),
    }


def _implementation() -> str:
    known = {"cpython": "CPython", "pypy": "PyPy", "graalpy": "GraalPy"}
    return known.get(sys.implementation.name, sys.implementation.name)


@cache
def host() -> Mapping[str, Any]:
    """The machine: operating system, processors, memory. Its name is nobody's business."""
    system, full, machine = _system()
    release = ".".join(full.split("-")[0].split(".")[:2])
    count = os.cpu_count() or 1
    told = {
        "os": f"{system} {release}".strip(),
        "cpu": f"{count} x {machine}",
        "memory_gb": _memory(),
        "gpus": gpus.named(),
        "container": _container(),
        "job": next((os.environ[name] for name in _JOBS if os.environ.get(name)), None),
    }
    return {key: value for key, value in told.items() if value}


def _system() -> tuple[str, str, str]:
    """The operating system, its release, the machine's architecture."""
    if hasattr(os, "uname"):
        told = os.uname()
        return told.sysname, told.release, told.machine
    import platform

    return platform.system(), platform.release(), platform.machine()


def _container() -> str | None:
    """The image of the container that this is, as GITML_CONTAINER or Podman says it; Docker tells nobody inside."""
    try:
        said = Path("/run/.containerenv").read_text(encoding="utf-8").splitlines()
    except OSError:
        said = []
    lines = dict(line.partition("=")[::2] for line in said)
    return os.environ.get("GITML_CONTAINER") or lines.get("image", "").strip('"') or None


def _memory() -> float | int | None:
    try:
        size = round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9, 1)
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf; others may not know the names
        return None
    return int(size) if size.is_integer() else size
