"""How git is called for one repository: arguments, environment, output, and failures told in one line."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from gitml.errors import DiskFailed, GitFailed, GitmlError
from gitml.repo.git.environment import outside

# Replacement objects would show another history than the one that is pushed and reviewed.
GIT = ("git", "--no-replace-objects")

PARTIAL = "a partial clone, and nothing is fetched unasked: run `git fetch --refetch`"

# Parts of a complaint that are repeated.
_TOLD = 3
_DISK = ("No space left on device", "Read-only file system", "Disk quota exceeded", "Input/output error",
         "Out of diskspace", "couldn't write '")  # fmt: skip


class Done(NamedTuple):
    """A git process that has ended."""

    code: int
    out: bytes
    err: bytes


@dataclass(frozen=True, slots=True)
class Command:
    """A repository as git sees it, and the one way to run git in it.

    `root` is the top of the work tree, None where there is none (a bare repository, a hook of the receiving side).
    `settings` are git's own variables for this repository, made absolute (environment.py).
    """

    root: Path | None
    git_dir: Path
    common_dir: Path
    bare: bool
    object_format: str
    settings: tuple[tuple[str, str], ...] = ()

    @property
    def hash_size(self) -> int:
        """Hexadecimal digits of an object id."""
        return 64 if self.object_format == "sha256" else 40

    @property
    def folder(self) -> Path:
        """Where git is run."""
        return self.root or self.git_dir

    @property
    def objects(self) -> Path:
        """The object database that git writes to."""
        return Path(dict(self.settings).get("GIT_OBJECT_DIRECTORY") or self.common_dir / "objects")

    @property
    def index_file(self) -> Path:
        """The index in force: the hook's own where git gave one."""
        return Path(dict(self.settings).get("GIT_INDEX_FILE") or self.git_dir / "index")

    def environment(self, env: Mapping[str, str | None] | None = None) -> dict[str, str]:
        """What a git process of this repository sees; `env` comes last, None takes a variable away."""
        full: dict[str, str | None] = {**outside(os.environ), **dict(self.settings), **(env or {})}
        return {name: value for name, value in full.items() if value is not None}

    def call(
        self,
        *args: str,
        input: bytes | None = None,  # noqa: A002 - subprocess's own word
        env: Mapping[str, str | None] | None = None,
    ) -> Done:
        """Run git to its end, whatever its exit code."""
        return execute(args, self.folder, self.environment(env), input)

    def run(
        self,
        *args: str,
        input: bytes | None = None,  # noqa: A002 - subprocess's own word
        env: Mapping[str, str | None] | None = None,
        check: bool = True,
    ) -> bytes:
        """Standard output of a git command; GitFailed or DiskFailed where it fails, unless `check` is False."""
        done = self.call(*args, input=input, env=env)
        if check and done.code:
            raise failure(args, done)
        return done.out

    def lines0(
        self,
        *args: str,
        input: bytes | None = None,  # noqa: A002 - subprocess's own word
        env: Mapping[str, str | None] | None = None,
        check: bool = True,
    ) -> list[str]:
        """The NUL-ended items that a command given `-z` prints."""
        return items(self.run(*args, input=input, env=env, check=check))

    def start(self, *args: str, env: Mapping[str, str | None] | None = None) -> subprocess.Popen[bytes]:
        """A git process with three pipes; whoever starts it ends it."""
        command = [*map(raw, (*GIT, *args))]
        full, pipe = self.environment(env), subprocess.PIPE
        try:
            return subprocess.Popen(command, cwd=self.folder, env=full, stdin=pipe, stdout=pipe, stderr=pipe)
        except OSError as error:
            raise unstartable(error, self.folder) from error

    def full(self, path: str) -> Path:
        """The file of a path of this repository."""
        return self.folder / os.fsdecode(raw(path))


def execute(args: tuple[str, ...], folder: Path, environ: Mapping[str, str], data: bytes | None = None) -> Done:
    """Run git in a folder; GitFailed where it cannot even start."""
    command = [*map(raw, (*GIT, *args))]
    stdin = subprocess.DEVNULL if data is None else None
    try:
        done = subprocess.run(
            command, cwd=folder, env=environ, input=data, stdin=stdin, capture_output=True, check=False
        )
    except OSError as error:
        raise unstartable(error, folder) from error
    return Done(done.returncode, done.stdout, done.stderr)


def text(path: bytes) -> str:
    """Bytes of git as text; what is not UTF-8 survives the way back."""
    return path.decode("utf-8", "surrogateescape")


def raw(path: str) -> bytes:
    """The inverse of `text`."""
    return path.encode("utf-8", "surrogateescape")


def items(out: bytes) -> list[str]:
    """The parts of a NUL-ended listing."""
    parts = text(out).split("\0")
    parts.pop()
    return parts


def unstartable(error: OSError, folder: Path) -> GitmlError:
    """Why git did not start: no git, no such folder, or the system's own reason."""
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        return GitFailed(f"git cannot be run: {error.strerror or error}")
    if folder.is_dir():
        return GitFailed("git is not on the PATH", hint="install git 2.25 or later")
    return GitFailed(f"{folder}: the folder is gone")


def failure(args: tuple[str, ...], done: Done) -> GitmlError:
    """A failed command as a known error: git's own word for it, and what to do."""
    told = done.err.decode("utf-8", "replace")
    lines = [line.strip() for line in told.splitlines()]
    line = complaint(done)
    message = f"git {_verb(args)}: {line}"
    if any(word in told for word in _DISK):
        return DiskFailed(message)
    if "dubious ownership" in told or "unsafe repository" in told:
        advice = next((part for part in lines if part.startswith("git config")), "see safe.directory in git's manual")
        return GitFailed(f"git does not trust this repository: {line.rstrip(':')}", hint=advice)
    if "not a git repository" in told:
        return GitFailed(line, hint="go to a folder inside a repository, or run `git init`")
    if "promisor remote" in told:
        return GitFailed(message, hint=PARTIAL)
    return GitFailed(message)


def complaint(done: Done) -> str:
    """What a failed git said, in one line."""
    lines = [line.strip() for line in done.err.decode("utf-8", "replace").splitlines() if line.strip()]
    said = [line for line in lines if line.startswith(("fatal:", "error:"))] or lines or [f"exit code {done.code}"]
    parts = [part.removeprefix("fatal:").removeprefix("error:").strip() for part in said]
    return "; ".join(list(dict.fromkeys(parts))[:_TOLD])


def _verb(args: tuple[str, ...]) -> str:
    """The first argument that is neither an option nor the value of `-c`."""
    rest = iter(args)
    for arg in rest:
        if arg == "-c":
            next(rest, None)
        elif not arg.startswith("-"):
            return arg
    return ""
