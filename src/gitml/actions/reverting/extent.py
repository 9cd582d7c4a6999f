"""What is to be undone: a record or a kind as of a revision, what a commit did, what a range of commits did.

All four are one question: what led from one snapshot to another is undone in today's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from gitml.actions.apply import Plan
from gitml.actions.derived import no_kind_to_revert
from gitml.errors import BadRef, BadValue, NotFound
from gitml.records.nearest import nearest
from gitml.records.ref import Ref
from gitml.records.schema import DERIVED

if TYPE_CHECKING:
    from gitml.records.record import Record
    from gitml.repo.repository import Repository
    from gitml.repo.snapshot import Snapshot

_SHORT = 12
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class Asked:
    """What to undo: what led from `before` to `after`, and how to name that; `ref` or `kind` where it is not all.

    `head` is the commit's subject, `trailer` names what is undone. `to` says that a state is gone back to.
    """

    before: Snapshot
    after: Snapshot
    head: str
    trailer: tuple[str, str]
    body: str = ""
    notes: tuple[str, ...] = ()
    ref: Ref | None = None
    kind: str | None = None
    field: str | None = None
    to: str | None = None

    @property
    def message(self) -> str:
        """The commit's message, where nobody has written one."""
        return f"{self.head}\n\n{self.body}" if self.body else self.head


@dataclass(frozen=True, slots=True)
class Undone:
    """A plan, the records it is about as they will be, the paths that are in question, and what was asked."""

    asked: Asked
    plan: Plan
    named: tuple[Record, ...] = field(default=())
    touched: tuple[str, ...] = ()


def asked(
    repository: Repository, today: Snapshot, what: str | None, *, to: str | None, kind: str | None, within: str | None
) -> Asked:
    """What somebody wants undone: `what` is a ref (with `to`), a commit or a range; NotFound, BadValue, BadRef.

    A word whose part before the first `/` is a known kind is a ref.
    """
    if kind is not None:
        known = today.schemas.kind(kind)
        if known.addressing == DERIVED:
            raise no_kind_to_revert(known.name)
        kind = known.name
    if what is None or _is_ref(today, what):
        return _as_of(repository, today, what, to, kind, within)
    if to is not None:
        raise _no_ref(repository, today, what)
    sides = _range(repository, today, what) if ".." in what else _commit(repository, today, what)
    told = "".join(f", {word} alone" for word in (kind and f"of kind {kind}", within) if word)
    return replace(sides, kind=kind, field=within, head=f"{sides.head}{told}")


def _is_ref(today: Snapshot, what: str) -> bool:
    word, slash, _rest = what.partition("/")
    return bool(slash) and word in today.schemas.latest


def _no_ref(repository: Repository, today: Snapshot, what: str) -> Exception:
    """Why what stands before `--to` is no record."""
    if repository.git.commit_or_none(what) is not None or ".." in what:
        return BadValue(f"{what} is a revision, and --to goes with a record", hint=f"git ml revert {what} undoes it")
    word = what.partition("/")[0]
    near = nearest(word, today.schemas.latest)
    return NotFound(f"{what}: no kind {word!r} is known here", near=near, hint="git ml list shows the kinds")


def _as_of(
    repository: Repository, today: Snapshot, what: str | None, to: str | None, kind: str | None, within: str | None
) -> Asked:
    """A record, or all of a kind, as of a revision."""
    ref = Ref.parse(what) if what is not None else None
    if ref is not None and kind not in (None, ref.kind):
        raise BadValue(f"{ref} is not of kind {kind}", hint="name one of them")
    name = str(ref.bare) if ref else f"every {kind}"
    if to is None:
        if ref is None and kind is None:
            raise BadValue("say what is to be undone", hint="git ml revert COMMIT, A..B, or REF --to REV")
        raise BadValue(f"say what {name} goes back to", hint=f"git ml revert {ref or f'--kind {kind}'} --to REV")
    if ref is None and kind is None:
        raise BadValue(
            f"say which records go back to {to}", hint=f"name a ref or a --kind; all: git ml revert {to}..HEAD"
        )
    then = repository.at(to, today.settings.main, today.own_schemas)
    point = (then.at.commit or then.at.kind)[:_SHORT]
    told = f"{name} {within}" if within else name
    trailer = ("Gitml-Reverts-To", then.at.commit or then.at.kind)
    return Asked(then, today, f"revert: {told} to {point}", trailer, ref=ref and ref.bare, kind=kind, field=within,
                 to=to)  # fmt: skip


def _commit(repository: Repository, today: Snapshot, what: str) -> Asked:
    """What one commit did, against its first parent."""
    oid = _resolved(repository, today, what)
    made = repository.git.commit_info(oid)
    notes = (
        (f"{oid[:_SHORT]} is a merge: undone is what it brought in against its first parent (git revert -m 1)",)
        if len(made.parents) > 1
        else ()
    )
    before = repository.made_on(oid, today.own_schemas)
    after = repository.commit(oid, today.own_schemas)
    body = f"This reverts commit {oid}."
    return Asked(before, after, f"revert: {made.subject or oid[:_SHORT]}", ("Gitml-Reverts", oid), body, notes)


def _range(repository: Repository, today: Snapshot, what: str) -> Asked:
    """What all commits of a range did together: from where its ends parted to its end."""
    names = [side or "HEAD" for side in what.split("..." if "..." in what else "..", 1)]
    a, b = (_resolved(repository, today, name) for name in names)
    begin = repository.parted(a, b)
    if begin == b != a and "..." not in what:
        told = f"{what} holds no commit, for {names[1]} comes before {names[0]}"
        raise BadValue(told, hint=f"git ml revert {names[1]}..{names[0]}")
    notes = (
        (f"{a[:_SHORT]} does not lead to {b[:_SHORT]}: undone is what came after {begin[:_SHORT]}, where they parted",)
        if begin != a
        else ()
    )
    before, after = (repository.commit(oid, today.own_schemas) for oid in (begin, b))
    head = f"revert: {begin[:_SHORT]}..{b[:_SHORT]}"
    return Asked(before, after, head, ("Gitml-Reverts", f"{begin}..{b}"), f"This reverts {begin}..{b}.", notes)


def _resolved(repository: Repository, today: Snapshot, what: str) -> str:
    """The commit that a revision names; what looks like a ref is told apart."""
    try:
        return repository.git.resolve(what)
    except NotFound as error:
        if _DATE.match(what):
            raise NotFound(error.message, hint="a date goes with --to: git ml revert REF --to DATE") from None
        try:
            ref = Ref.parse(what)
        except BadRef:
            raise error from None
        if ref.rev and ref.kind in today.schemas.latest:
            raise NotFound(error.message, hint=f"git ml revert {ref.bare} --to {ref.rev}") from None
        kinds = nearest(ref.kind, today.schemas.latest)
        raise NotFound(error.message, near=(*error.near, *(f"{kind}/…" for kind in kinds)), hint=error.hint) from None
