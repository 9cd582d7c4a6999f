"""The contents of objects by the hundred thousand: `cat-file --batch`."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import Lock
from typing import IO, NamedTuple

from gitml.errors import BadValue
from gitml.repo.git.command import Command, Done, failure, raw
from gitml.repo.git.staying import Staying, opened

# Fewer ids than this go through one call that feeds and drains by itself; more are streamed.
FEW = 256
# So many go to a process that stays, where there is one, rather than to a new one.
HANDFUL = 16
# Belt and braces for a git that does not know GIT_NO_LAZY_FETCH (before 2.39.4): it may try, and is not let out.
READING: Mapping[str, str | None] = {"GIT_ALLOW_PROTOCOL": "none"}
_UNFETCHED = (b"promisor", b"lazy fetching", b"not allowed")
_BATCH = ("cat-file", "--batch", "--buffer")
# A name that begins with an object's whole id means the same for ever: the object itself, its commit or tree, a path.
_LASTING = re.compile(r"(?:[0-9a-f]{64}|[0-9a-f]{40})(?:$|[:^])")
_LARGE, _HELD = 1 << 16, 4 << 20


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


class Found(NamedTuple):
    """An object that was asked for by some name: its id, its type, its content."""

    oid: str
    type: str
    content: bytes


class Blobs:
    """Objects one by one, as somebody finds out that he wants them: a process that stays, at 100 µs an object.

    The small ones of late are held: who logs one run after the other asks for the same. Threads may share it.
    """

    def __init__(self, command: Command) -> None:
        self._command = command
        self._git = Staying(command, "cat-file", "--batch", env=READING)
        self._turn = Lock()
        self._held: dict[str, Found] = {}
        self._size = 0

    def get(self, oid: str) -> bytes | None:
        """The content of an object; None for one that is not here. Never fetches."""
        found = self.find(oid)
        return found.content if found else None

    def cat(self, oids: Iterable[str]) -> Iterator[tuple[str, bytes | None]]:
        """The contents of objects, in the order asked: of a few by this process where it is running."""
        asked = list(oids)
        if self._git.running and len(asked) <= HANDFUL:
            return ((oid, self.get(oid)) for oid in asked)
        return cat(self._command, asked)

    def find(self, name: str) -> Found | None:
        """The object that an id, a revision or `revision:path` names now; None where none is here. Never fetches."""
        if "\n" in name:
            message = "an object's name holds a newline"
            raise BadValue(message)
        held = self._held.get(name)
        if held is not None:
            return held
        with self._turn:
            stdout = self._git.ask(listing([name]))
            answer = _next(stdout) if stdout else None
            if answer is None:  # it has ended: in a partial clone git gives up at what it may not fetch
                self.close()
                return self._again(name)
        if answer[0] is not None and _LASTING.match(name):
            self.hold(name, answer[0])
        return answer[0]

    def hold(self, name: str, found: Found) -> None:
        """Keep an object in mind, by a name that will never mean another."""
        if len(found.content) > _LARGE:
            return
        if self._size > _HELD:
            self._held, self._size = {}, 0
        self._held[name] = found
        self._size += len(found.content) + _LARGE // 64

    def _again(self, name: str) -> Found | None:
        content = next(cat(self._command, [name]))[1]
        if content is None:
            return None
        told = self._command.run("cat-file", "--batch-check", input=listing([name]), env=READING).decode().split(" ")
        return Found(told[0], told[1], content)

    def close(self) -> None:
        """Let the process go."""
        self._git.close()


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
    drain = Thread(target=lambda: errors.append(opened(process.stderr).read()), daemon=True)
    feeder.start()
    drain.start()
    ended = False
    try:
        yield from _parse(opened(process.stdout), asked)
        ended = True
    finally:
        if not ended:  # the caller wants no more: do not wait for the rest
            process.kill()
        # Closed first: a git that is still writing then ends.
        opened(process.stdout).close()
        code = process.wait()
        feeder.join()
        drain.join()
        opened(process.stderr).close()
        told.append(Done(code, b"", b"".join(errors)))


def _feed(pipe: IO[bytes], asked: list[str]) -> None:
    try:
        with pipe:
            pipe.write(listing(asked))
    except BrokenPipeError:
        return  # git has ended; the reader sees that by itself and says why


def listing(asked: list[str]) -> bytes:
    """Object ids as git reads them on standard input."""
    return raw("\n".join(asked) + "\n")


def _parse(stream: IO[bytes], asked: Iterable[str]) -> Iterator[tuple[str, bytes | None]]:
    """The contents of the objects asked for, until the stream ends."""
    for oid in asked:
        answer = _next(stream)
        if answer is None:
            return
        yield oid, answer[0].content if answer[0] else None


def _next(stream: IO[bytes]) -> tuple[Found | None] | None:
    """The next answer: a line `<oid> <type> <size>` and the content, or `<asked> missing`; None at the end."""
    header = stream.readline()
    if not header.endswith(b"\n"):
        return None
    if header.endswith((b" missing\n", b" ambiguous\n")):
        return (None,)
    oid, kind, size = header.split()
    content = stream.read(int(size))
    if len(content) < int(size) or stream.read(1) != b"\n":
        return None
    return (Found(oid.decode("ascii"), kind.decode("ascii"), content),)


def named(command: Command, names: Sequence[str]) -> list[Found | None]:
    """The objects that some names mean, in the order asked, in one process; GitFailed where it stops on the way."""
    asked = list(map(raw, names))
    zeroed = any(b"\n" in name for name in asked)  # -z came with git 2.38; only paths with a line feed need it
    separator = b"\0" if zeroed else b"\n"
    args = ("cat-file", "--batch", *(["-z"] if zeroed else []))
    answer = command.run(*args, input=separator.join([*asked, b""]))
    found: list[Found | None] = []
    place = 0
    for name in asked:
        absent = name + b" missing\n"
        if answer.startswith(absent, place):
            found.append(None)
            place += len(absent)
            continue
        start = answer.index(b"\n", place) + 1
        oid, kind, size = answer[place : start - 1].decode("ascii").split()
        place = start + int(size) + 1
        found.append(Found(oid, kind, answer[start : place - 1]))
    return found


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
