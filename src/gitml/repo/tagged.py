"""What tags did to the registry that they are: GTO's records change with tags, by who set them, and with no commit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

from gitml.repo.derive import Asked
from gitml.repo.git.commits import iso
from gitml.repo.git.history import Node
from gitml.repo.git.tags import Tag, tags
from gitml.repo.readers import KINDS
from gitml.repo.versions import Line, Moment, Version, ruled

if TYPE_CHECKING:
    from gitml.records.record import Record
    from gitml.records.ref import Ref
    from gitml.repo.snapshot import Snapshot

READER: Final = "gto"


class Stamp(NamedTuple):
    """Who set a tag, when, and on which commit."""

    commit: str
    time: str
    author: str


@dataclass(frozen=True, slots=True)
class Tagged:
    """The times at which tags were set, as a line of their own, and what those of each time did.

    `stamps` has who did it, by the names that stand in the line for commits.
    """

    line: Line
    moments: tuple[Moment, ...]
    stamps: dict[str, Stamp]


def tells_of(snapshot: Snapshot, ref: Ref | None) -> bool:
    """Whether tags may tell of a ref's kind (of any)."""
    return READER in snapshot.settings.readers and (ref is None or ref.kind in KINDS[READER])


def tagged(line: Line, snapshot: Snapshot, ref: Ref | None = None) -> Tagged:
    """What tags say, one time after the other, of one ref or all; as of the snapshot."""
    git = line.repository.git
    until = snapshot.at.until
    groups: dict[int, list[Tag]] = {}
    for tag in sorted(tags(git), key=lambda tag: (tag.time, tag.name)):
        seconds = int(tag.time.timestamp())
        if until is None or seconds <= until:
            groups.setdefault(seconds, []).append(tag)
    then = ruled(line, line.tip, {})
    moments, stamps = [], {}
    nodes: list[Node] = []
    before: dict[str, Version] = {}
    for seconds, told in groups.items():
        after = _records(line, snapshot, then, seconds, ref)
        changed = {key: after.get(key) for key in {**before, **after} if _blob(before, key) != _blob(after, key)}
        for tag, keys in _by_tag(changed, told):
            name = f"refs/tags/{tag.name}"
            nodes.append(Node(name, "", tuple(node.oid for node in nodes[-1:]), seconds))
            moments.append(Moment(nodes[-1], {key: changed[key] for key in keys}, then))
            stamps[name] = Stamp(tag.commit, iso(seconds), tag.author)
        before = after
    tip_name = nodes[-1].oid if nodes else ""
    return Tagged(replace(line, nodes=tuple(nodes), tip=tip_name, ends=frozenset()), tuple(moments), stamps)


def _records(line: Line, snapshot: Snapshot, then: Snapshot, seconds: int, ref: Ref | None) -> dict[str, Version]:
    asked = Asked((READER,), ref.kind if ref else None, snapshot.prefix, seconds)
    derived = line.repository.deriver.derive({}, asked)
    one = derived.get(ref) if ref else None
    records: Iterable[Record] = derived.of(None) if ref is None else [one] if one else []
    named = ((str(record.ref), record) for record in records if snapshot.find(record.ref) is None)
    return {name: Version(name, name, record.kind, record.blob, record, None, then) for name, record in named}


def _blob(versions: dict[str, Version], key: str) -> str | None:
    found = versions.get(key)
    return found.blob if found else None


def _by_tag(changed: dict[str, Version | None], told: list[Tag]) -> Iterator[tuple[Tag, list[str]]]:
    """The tags of one second with what each did: what names none of them was the last one's doing."""
    known = {tag.name: tag for tag in told}
    found: dict[str, list[str]] = {tag.name: [] for tag in told}
    for key, version in changed.items():
        custom = version.record.data.get("custom") if version and version.record else None
        gto = custom.get("gto") if isinstance(custom, dict) else None
        name = gto.get("tag") if isinstance(gto, dict) else None
        found[name if name in known else told[-1].name].append(key)
    return ((known[name], keys) for name, keys in found.items() if keys)
