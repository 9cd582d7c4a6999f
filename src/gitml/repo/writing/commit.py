"""One commit by plumbing: its words, its objects, and the branch moved by compare-and-swap."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gitml.errors import BadValue, GitFailed
from gitml.repo.change import Change
from gitml.repo.git.batch import Found
from gitml.repo.git.ids import object_id
from gitml.repo.git.objects import Entry
from gitml.repo.git.session import Session
from gitml.repo.writing.durable import durable, locked
from gitml.repo.writing.graft import Trees, graft
from gitml.repo.writing.pack import BLOB, Object, store

_SIGNS = ("config", "--type=bool", "--get", "commit.gpgsign")
_AUTHOR = re.compile(r"(?P<name>[^<>\n\0]+?) *<(?P<mail>[^<>\n\0]*)>")
_TRAILERS = re.compile(r"(?:[A-Za-z0-9-]+: .*(?:\n|\Z))+")


@dataclass(frozen=True, slots=True)
class Words:
    """What the commit says: message, trailers, who, when; `authored` where it was written before it is committed."""

    message: str | None
    author: str | None
    now: datetime
    trailers: tuple[tuple[str, str], ...] = ()
    authored: datetime | None = None

    def text(self, changes: Sequence[Change]) -> str:
        """The whole message, trailers in its last block."""
        message = self._message(changes)
        lines = "\n".join(f"{key}: {value}" for key, value in self.trailers)
        last = message.rpartition("\n\n")
        joined = "\n" if last[1] and _TRAILERS.fullmatch(last[2]) else "\n\n"
        return f"{message}{joined}{lines}\n" if lines else f"{message}\n"

    def subject(self, changes: Sequence[Change]) -> str:
        """The first line."""
        return self._message(changes).partition("\n")[0]

    def _message(self, changes: Sequence[Change]) -> str:
        return (self.message or "").strip() or self._default(changes)

    def _default(self, changes: Sequence[Change]) -> str:
        deeds = {"remove" if not c.after else "change" if c.before else "add" for c in changes}
        deed = deeds.pop() if len(deeds) == 1 else "write"
        refs = [value for key, value in self.trailers if key == "Gitml-Ref"]
        what = refs or [change.path for change in changes]
        return f"gitml: {deed} {what[0] if len(what) == 1 else f'{len(what)} records'}"

    def environment(self) -> dict[str, str]:
        """Author and dates for git; the committer's name is git's own configuration."""
        dates = {"GIT_AUTHOR_DATE": _date(self.authored or self.now), "GIT_COMMITTER_DATE": _date(self.now)}
        if self.author is None:
            return dates
        who = _AUTHOR.fullmatch(self.author)
        if who is None:
            raise BadValue(f"author {self.author!r} is not of the form 'Name <mail>'")
        return dates | {"GIT_AUTHOR_NAME": who["name"], "GIT_AUTHOR_EMAIL": who["mail"]}


def _date(time: datetime) -> str:
    if time.tzinfo is None:
        raise BadValue("the commit's time has no time zone")
    return f"@{int(time.timestamp())} {format(time, '%z')[:5]}"


@dataclass(frozen=True, slots=True)
class Tip:
    """Where a commit goes: a ref (HEAD itself when detached), where it is now, and the commit to build on.

    `at` is None where the ref does not exist yet, `base` where there is nothing to build on. `beside` are commits that
    shall stay reachable with the new one: its other parents.
    """

    ref: str
    at: str | None
    base: str | None
    beside: tuple[str, ...] = ()

    @property
    def parents(self) -> tuple[str, ...]:
        """What the commit comes after."""
        return (*((self.base,) if self.base else ()), *self.beside)


def build(session: Session, tip: Tip, trees: Trees, changes: Sequence[Change], words: Words) -> str | None:
    """Write blobs, trees and commit; the commit's id, or None where `tip` holds all of the changes already.

    The blobs are written in any case: a file that is staged must have its object.
    """
    git = session.git
    tree, made = graft(git, trees, {c.path: Entry(c.mode, c.after) if c.after else None for c in changes})
    objects = [*(Object(BLOB, one.content) for one in changes if one.content is not None), *made]
    if tree == trees.root:
        store(session, objects)
        return None
    signed = session.configured(*_SIGNS).out.strip() == b"true"
    text = words.text(changes).encode("utf-8", "surrogateescape")
    plain = None if signed or b"\0" in text else _plain(session, tree, tip.parents, words, text)
    store(session, objects if plain is None else [*objects, plain])
    if plain is not None:
        new = object_id(*plain, git.object_format)
        _remember(session, new, made)
        return new
    parents = [word for one in tip.parents for word in ("-p", one)]
    args = ["-c", "i18n.commitEncoding=UTF-8", "commit-tree", tree, *parents, *(["-S"] if signed else []), "-F", "-"]
    return durable(git, *args, data=text, env=words.environment()).decode().strip()


def _remember(session: Session, commit: str, trees: Sequence[Object]) -> None:
    """What the next commit on top of this one would ask for: its trees, of which the last is the whole one."""
    for number, one in enumerate(trees, 1):
        found = Found(object_id(*one, session.git.object_format), *one)
        session.objects.hold(found.oid, found)
        if number == len(trees):
            session.objects.hold(f"{commit}^{{tree}}", found)


def _plain(session: Session, tree: str, parents: Sequence[str], words: Words, text: bytes) -> Object | None:
    """The commit as `git commit-tree` writes it, people as git names them; None where git must do it, or refuse."""
    dates = words.environment()
    who = {name: dates.pop(name) for name in list(dates) if not name.endswith("_DATE")}
    lines = [f"tree {tree}".encode(), *(f"parent {one}".encode() for one in parents)]
    for role in ("author", "committer"):
        done = session.configured("var", f"GIT_{role.upper()}_IDENT", env=who)
        person, _sign, _date = done.out.rpartition(b"> ")
        date = dates[f"GIT_{role.upper()}_DATE"].removeprefix("@")
        if done.code or not person or date.startswith("-"):
            return None
        lines.append(b"%b %b> %b" % (role.encode(), person, date.encode()))
    return Object("commit", b"\n".join([*lines, b"", text]))


def move(session: Session, tip: Tip, new: str, subject: str) -> bool:
    """Move the ref to `new` if it still is where it was seen; False where it has moved or its lock is taken."""
    said = f"commit: {subject}" if tip.base else f"commit (initial): {subject}"
    try:
        durable(session.git, "update-ref", "-m", said, tip.ref, new, tip.at or "0" * session.git.hash_size)
    except GitFailed as error:
        if session.commit(tip.ref) == tip.at and not locked(error):
            raise
        return False
    return True
