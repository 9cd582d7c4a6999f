"""The contents of objects by the hundred thousand: `cat-file --batch`."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from subprocess import Popen
from threading import Lock
from typing import IO
from weakref import finalize

from gitml.errors import BadValue, GitFailed
from gitml.repo.git.command import Command, Done, failure, raw

# Fewer ids than this go through one call that feeds and drains by itself; more are streamed.
FEW = 256
# Belt and braces for a git that does not know GIT_NO_LAZY_FETCH (before 2.39.4): it may try, and is not let out.
READING: Mapping[str, str | None] = {"GIT_ALLOW_PROTOCOL": "none"}
_UNFETCHED = (b"promisor", b"lazy fetching", b"not allowed")
_BATCH = ("cat-file", "--batch", "--buffer")


def cat(
    command: Command, oids: Iterable[str], env: Mapping[str, str | None] | None = None
) -> Iterator[tuple[str, bytes | None]]:
    """The contents of objects, in the order asked; None for one that is not here. Never fetches.

    Any number of ids costs one process; in a partial clone that lacks some of them, two.
    """
    asked = list(oids)
    if any("\n" in oid for oid in asked):
        message = "an object id holds a newline"
        raise BadValue(message)
    answered = 0
    shelter: AbstractContextManager[Mapping[str, str | None]] = nullcontext(READING)
    while answered < len(asked):
        with shelter as reading:
            try:
                for answer in _answers(command, asked[answered:], {**reading, **(env or {})}):
                    answered += 1
                    yield answer
            except _StoppedError as stopped:
                # Where a promisor remote is configured, git gives up at the first object that it may not fetch.
                if not isinstance(shelter, nullcontext) or not any(word in stopped.done.err for word in _UNFETCHED):
                    raise failure(("cat-file",), stopped.done) from None
                shelter = _without_promisor(command)


class Blobs:
    """Objects one by one, as somebody finds out that he wants them: a process that stays, at 40 µs an object.

    Threads may share it.
    """

    def __init__(self, command: Command) -> None:
        self._command = command
        self._process: Popen[bytes] | None = None
        self._turn = Lock()

    def get(self, oid: str) -> bytes | None:
        """The content of an object; None for one that is not here. Never fetches."""
        with self._turn:
            if self._process is None:
                self._process = self._command.start("cat-file", "--batch", env=READING)
                finalize(self, _ended, self._process)
            answer = self._asked(self._process, oid)
            if answer is None:  # it has ended: in a partial clone git gives up at what it may not fetch
                self.close()
                answer = next(cat(self._command, [oid]))
            return answer[1]

    def _asked(self, process: Popen[bytes], oid: str) -> tuple[str, bytes | None] | None:
        try:
            stdin = _opened(process.stdin)
            stdin.write(listing([oid]))
            stdin.flush()
        except BrokenPipeError:
            return None
        return next(_parse(_opened(process.stdout), [oid]), None)

    def close(self) -> None:
        """Let the process go."""
        if self._process is not None:
            _ended(self._process)
            self._process = None


def _ended(process: Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        _closed(pipe)


def _closed(pipe: IO[bytes] | None) -> None:
    try:
        if pipe is not None:
            pipe.close()
    except BrokenPipeError:  # what it had still to read is nobody's loss
        return


class _StoppedError(Exception):
    """Git ended before it had answered everything, or called an object missing that it could not read."""

    def __init__(self, done: Done) -> None:
        super().__init__(done.err)
        self.done = done


def _answers(command: Command, asked: list[str], env: Mapping[str, str | None]) -> Iterator[tuple[str, bytes | None]]:
    told: list[Done] = []
    count, absent = 0, False
    for answer in (_at_once if len(asked) <= FEW else _stream)(command, asked, env, told):
        count += 1
        absent = absent or answer[1] is None
        yield answer
    if count < len(asked) or (absent and b"error: " in told[0].err):
        raise _StoppedError(told[0])


def _at_once(
    command: Command, asked: list[str], env: Mapping[str, str | None], told: list[Done]
) -> Iterator[tuple[str, bytes | None]]:
    told.append(command.call(*_BATCH, input=listing(asked), env=env))
    return _parse(io.BytesIO(told[0].out), asked)


def _stream(
    command: Command, asked: list[str], env: Mapping[str, str | None], told: list[Done]
) -> Iterator[tuple[str, bytes | None]]:
    """Ask from one thread and read in this one, or both pipes would fill up and stand still."""
    from threading import Thread

    process = command.start(*_BATCH, env=env)
    errors: list[bytes] = []
    feeder = Thread(target=_feed, args=(process.stdin, asked), daemon=True)
    drain = Thread(target=lambda: errors.append(_opened(process.stderr).read()), daemon=True)
    feeder.start()
    drain.start()
    ended = False
    try:
        yield from _parse(_opened(process.stdout), asked)
        ended = True
    finally:
        if not ended:  # the caller wants no more: do not wait for the rest
            process.kill()
        # Closed first: a git that is still writing then ends.
        _opened(process.stdout).close()
        code = process.wait()
        feeder.join()
        drain.join()
        _opened(process.stderr).close()
        told.append(Done(code, b"", b"".join(errors)))


def _feed(pipe: IO[bytes], asked: list[str]) -> None:
    try:
        with pipe:
            pipe.write(listing(asked))
    except BrokenPipeError:
        return  # git has ended; the reader sees that by itself and says why


def _opened(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        message = "git was started without a pipe"
        raise GitFailed(message)
    return pipe


def listing(asked: list[str]) -> bytes:
    """Object ids as git reads them on standard input."""
    return raw("\n".join(asked) + "\n")


def _parse(stream: IO[bytes], asked: Iterable[str]) -> Iterator[tuple[str, bytes | None]]:
    """Read answers until the stream ends: a line `<oid> <type> <size>` and the content, or `<asked> missing`."""
    for oid in asked:
        header = stream.readline()
        if not header.endswith(b"\n"):
            return
        if header.endswith((b" missing\n", b" ambiguous\n")):
            yield oid, None
            continue
        size = int(header[header.rindex(b" ") + 1 :])
        content = stream.read(size)
        if len(content) < size or stream.read(1) != b"\n":
            return
        yield oid, content


@contextmanager
def _without_promisor(command: Command) -> Iterator[Mapping[str, str | None]]:
    """A git directory over the same objects whose configuration knows no remote: missing is simply missing."""
    from pathlib import Path
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="gitml-") as name:
        place = Path(name)
        (place / "objects").mkdir()
        (place / "refs").mkdir()
        (place / "HEAD").write_text("ref: refs/heads/none\n")
        extension = "[extensions]\n\tobjectformat = sha256\n" if command.object_format == "sha256" else ""
        (place / "config").write_text(f"[core]\n\trepositoryformatversion = 1\n\tbare = true\n{extension}")
        yield {
            **READING,
            "GIT_DIR": name,
            "GIT_OBJECT_DIRECTORY": str(command.objects),
            "GIT_WORK_TREE": None,
            "GIT_COMMON_DIR": None,
            "GIT_INDEX_FILE": None,
        }
