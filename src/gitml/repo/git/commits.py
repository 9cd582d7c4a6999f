"""Commits: what one says, and the walk along a first-parent line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gitml.errors import BadValue, NotFound
from gitml.repo.git.batch import cat
from gitml.repo.git.command import Command, failure

DAY = 24 * 60 * 60
_TIME = r"[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?\s?(Z|[+-]\d\d:?\d\d)?"


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit. `time` is the committer's, `authored` the author's, both ISO 8601 UTC; people are `Name <address>`.

    `signed`: it carries a signature, good or not.
    """

    oid: str
    tree: str
    parents: tuple[str, ...]
    time: str
    author: str
    subject: str
    authored: str
    committer: str
    message: str
    signed: bool = False


def commits(command: Command, oids: Iterable[str]) -> Iterator[Commit]:
    """Commits by id, in the order asked, from one process; NotFound for one that is not here."""
    for oid, content in cat(command, oids):
        if content is None:
            message = f"commit {oid} is not here"
            raise NotFound(message, hint="fetch it, or the whole history with `git fetch --unshallow`")
        yield _parse(oid, content)


def _parse(oid: str, content: bytes) -> Commit:
    # Read from the object itself: no setting (log.showSignature, log.date, i18n.logOutputEncoding) reaches it.
    head, _, body = content.partition(b"\n\n")
    fields: dict[str, list[bytes]] = {}
    for line in head.split(b"\n"):
        name, _, value = line.partition(b" ")
        fields.setdefault(name.decode("ascii", "replace"), []).append(value)
    if "tree" not in fields:
        message = f"{oid}: not a commit"
        raise BadValue(message)
    encoding = fields.get("encoding", [b"utf-8"])[0].decode("ascii", "replace")
    author, authored = _person(fields.get("author", [b""])[0], encoding)
    committer, committed = _person(fields.get("committer", [b""])[0], encoding)
    message = _decode(body, encoding)
    return Commit(
        oid=oid,
        tree=fields["tree"][0].decode(),
        parents=tuple(parent.decode() for parent in fields.get("parent", [])),
        time=iso(committed),
        author=author,
        subject=" ".join(line.strip() for line in message.strip().split("\n\n", 1)[0].splitlines()),
        authored=iso(authored),
        committer=committer,
        message=message,
        signed="gpgsig" in fields or "gpgsig-sha256" in fields,
    )


def _decode(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding, "replace")
    except LookupError:  # an encoding that nobody knows
        return content.decode("utf-8", "replace")


def _person(line: bytes, encoding: str) -> tuple[str, int]:
    """`Name <address>` and the seconds since 1970 of `Name <address> 1767225600 +0100`; 0 where there are none."""
    name, sign, stamp = line.rpartition(b"> ")
    seconds = stamp.split(b" ")[0]
    return _decode(name + sign[:1], encoding), int(seconds) if sign and seconds.isdigit() else 0


def iso(seconds: int) -> str:
    """Seconds since 1970 as ISO 8601 UTC."""
    from datetime import UTC, datetime

    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return "9999-12-31T23:59:59Z"  # a clock beyond the calendar


def first_parents(command: Command, tip: str) -> list[tuple[int, str]]:
    """The first-parent line that ends at a commit, oldest first: (committer's seconds since 1970, id)."""
    if tip.startswith("-"):
        message = f"{tip}: not a commit"
        raise BadValue(message)
    args = ("rev-list", "--first-parent", "--reverse", "--timestamp", tip, "--")
    done = command.call(*args)
    if done.code:
        raise failure(args, done)
    parted = (line.split(" ") for line in done.out.decode("ascii").splitlines())
    return [(int(seconds), oid) for seconds, oid in parted]


def merge_base(command: Command, a: str, b: str) -> str | None:
    """The best common ancestor; None where the two have none (or it lies beyond a shallow clone's boundary)."""
    return _ancestry(command, "merge-base", "--end-of-options", a, b)


def merge_bases(command: Command, a: str, b: str) -> list[str]:
    """All best common ancestors, several after merges that cross; none as in `merge_base`."""
    return (_ancestry(command, "merge-base", "--all", "--end-of-options", a, b) or "").split()


def is_ancestor(command: Command, ancestor: str, commit: str) -> bool:
    """Whether one commit is, or comes before, the other."""
    return _ancestry(command, "merge-base", "--is-ancestor", "--end-of-options", ancestor, commit) is not None


def _ancestry(command: Command, *args: str) -> str | None:
    done = command.call(*args)
    if done.code > 1:
        raise failure(args, done)
    return done.out.decode("ascii").strip() if done.code == 0 else None


def is_shallow(command: Command) -> bool:
    """Whether history ends before its beginning."""
    return command.run("rev-parse", "--is-shallow-repository").strip() == b"true"


def by_date(command: Command, tip: str, when: str) -> str:
    """The last commit on the first-parent line of `tip` before the first one later than `when`.

    Walked from the oldest, so that a commit with a clock set back does not let in what came before it. `when` is a day
    (its end, UTC) or a time (UTC unless it says otherwise).
    """
    bound = bound_of(when)
    if bound is None:
        message = f"{when!r} is neither a date nor a time"
        raise BadValue(message, hint="write 2026-03-01 or 2026-03-01T12:00:00Z")
    line = first_parents(command, tip)
    later = next((place for place, (seconds, _oid) in enumerate(line) if seconds >= bound), len(line))
    if later:
        return line[later - 1][1]
    seconds, first = line[0]
    message = f"no commit by {when}: the first is {first[:12]}, of {iso(seconds)}"
    if is_shallow(command):
        raise NotFound(f"{message}, and this clone is shallow", hint="fetch the rest with `git fetch --unshallow`")
    raise NotFound(message, hint="name that commit, or a later day")


def bound_of(when: str) -> int | None:
    """The first second (since 1970) that is later than a day or a time; None for a text that is neither.

    BadValue for one that looks like a date and is none, such as 2026-02-30.
    """
    import re
    from datetime import UTC, datetime

    if not re.fullmatch(rf"\d{{4}}-\d\d-\d\d({_TIME})?", when, re.IGNORECASE | re.ASCII):
        return None
    try:
        time = datetime.fromisoformat(when.replace(" ", "T", 1).replace(" ", "").upper())
    except ValueError as error:
        message = f"{when}: no such date"
        raise BadValue(message, hint=str(error)) from None
    seconds = int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() // 1)
    return seconds + (DAY if len(when) == len("2026-03-01") else 1)
