"""Tags with what they say: who set them, when, on which commit. One git process, however many there are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from gitml.repo.git.command import Command, text
from gitml.repo.git.commits import commits

_FIELDS = (
    "refname:strip=2",
    "objecttype",
    "*objecttype",
    "objectname",
    "*objectname",
    "tag",
    "taggername",
    "taggeremail",
    "taggerdate:unix",
    "authorname",
    "authoremail",
    "committerdate:unix",
    "*authorname",
    "*authoremail",
    "*committerdate:unix",
    "contents",
    "contents:signature",
)
_FORMAT = "".join(f"%({name})%00" for name in _FIELDS)


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag that names a commit. `time` and `author` are the tagger's, of a lightweight tag the commit's.

    `inner` is the name inside the tag's own object, which outlives a renamed ref; a lightweight tag has none.
    `committed` is the time of the commit.
    """

    name: str
    commit: str
    time: datetime
    author: str
    message: str
    inner: str
    committed: datetime

    @property
    def annotated(self) -> bool:
        """Whether it is an object of its own, with a tagger and a message."""
        return bool(self.inner)


def tags(command: Command) -> list[Tag]:
    """All tags that name a commit, by name."""
    parts = command.run("for-each-ref", f"--format={_FORMAT}", "refs/tags").split(b"\0")
    rows = zip(*[iter(parts)] * len(_FIELDS), strict=False)  # after the last NUL there is a line feed
    found = (_tag(command, dict(zip(_FIELDS, row, strict=True))) for row in rows)
    return sorted((tag for tag in found if tag), key=lambda tag: tag.name)


def _tag(command: Command, said: dict[str, bytes]) -> Tag | None:
    commit = _commit(command, said)
    if commit is None:
        return None
    oid, author, committed = commit
    message = said["contents"].removesuffix(said["contents:signature"])
    dated = said["taggerdate:unix"]
    return Tag(
        name=text(said["refname:strip=2"].lstrip(b"\n")),
        commit=oid,
        time=moment(dated) if dated else committed,
        author=_person(said, "tagger") or author,
        message=message.decode("utf-8", "replace").strip(),
        inner=text(said["tag"]),
        committed=committed,
    )


def _commit(command: Command, said: dict[str, bytes]) -> tuple[str, str, datetime] | None:
    """The id, the author and the time of the commit that a tag names; None where it names anything else."""
    for star in ("", "*"):
        if said[f"{star}objecttype"] == b"commit":
            person = _person(said, f"{star}author")
            return said[f"{star}objectname"].decode(), person, moment(said[f"{star}committerdate:unix"])
    if said["*objecttype"] == b"tag":  # a tag of a tag: git before 2.45 looks one step far
        oid = said["objectname"].decode()
        for found in _peeled(command, oid):
            return found
    return None


def _peeled(command: Command, oid: str) -> Iterator[tuple[str, str, datetime]]:
    peeled = command.run("rev-parse", "--verify", "--quiet", f"{oid}^{{commit}}", check=False).decode().split()
    for commit in commits(command, peeled):
        yield commit.oid, commit.author, datetime.fromisoformat(commit.time)


def _person(said: dict[str, bytes], role: str) -> str:
    parts = (said[f"{role}name"], said[f"{role}email"])
    return " ".join(part.decode("utf-8", "replace") for part in parts if part)


def moment(seconds: bytes) -> datetime:
    """Seconds since 1970 in digits as a time in UTC; the calendar's end for a clock beyond it."""
    try:
        return datetime.fromtimestamp(int(seconds or b"0"), UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.max.replace(microsecond=0, tzinfo=UTC)
