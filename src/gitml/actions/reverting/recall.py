"""Which of DVC's pointer files go back with records: those that said what the records name, as they were then."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from gitml.actions.reverting.stages import is_lock
from gitml.checks.data import tracked_in
from gitml.errors import Conflict, NotFound
from gitml.records.annotations import find
from gitml.records.links import links
from gitml.records.ref import VERSION, Ref
from gitml.repo.change import Change
from gitml.repo.data.lockfile import entries, spliced, texts
from gitml.repo.data.pointers import Pointer, leniently, wdirs_of
from gitml.repo.data.produced import versions_in_history
from gitml.repo.readers.dvc import STAGES
from gitml.repo.readers.dvc.locked import rooted

if TYPE_CHECKING:
    from gitml.actions.reverting.extent import Undone
    from gitml.records.record import Record
    from gitml.repo.repository import Repository
    from gitml.repo.snapshot import Snapshot

_ALIAS, _DVC = "alias", "dvc"
_DEPLOYS, _LEADS = "deploys", "points_to"
_NOTHING = "nothing was changed"


class Wanted(NamedTuple):
    """Bytes that a record names: their path, their md5, and which record does."""

    path: str
    md5: str
    ref: str


class Recall:
    """Which of DVC's files go back, beside those that are among the changes already."""

    def __init__(self, repository: Repository, today: Snapshot, undone: Undone) -> None:
        self.repository = repository
        self.today = today
        self.then = undone.asked.before
        self.after = today.overlay(undone.plan.changes)
        self.given = {change.path for change in undone.plan.changes}
        own = {one.path for one in decided(today, self.after, ())}
        self.wanted = [one for one in _one_each(self._wanted(undone)) if one.path not in own]
        self._changes: list[Change] | None = None

    @property
    def paths(self) -> list[str]:
        """The data that records name."""
        return [one.path for one in self.wanted]

    def changes(self) -> list[Change]:
        """The pointers' changes; NotFound where history has no pointer to what is wanted."""
        if self._changes is None:
            now = tracked_in(self.after).pointers
            missing = [one for one in self.wanted if one.path not in now or now[one.path].md5 != one.md5]
            self._changes = self._put([(one, *self._source(one, now)) for one in missing])
        return self._changes

    def _wanted(self, undone: Undone) -> Iterator[Wanted]:
        heads = undone.asked.to is not None
        for record in undone.named:
            for version in self._versions(record, heads=heads):
                yield from _data_of(self.after, version)

    def _versions(self, record: Record, *, heads: bool) -> Iterator[Record]:
        """The records whose data a record stands for: what an alias chooses, what a deployment serves, its last."""
        kind = self.after.schemas.kind(record.kind)
        yield record
        if kind.addressing == "head" and heads:
            yield from _last(self.then, record.ref)
        for link in links(record, kind):
            if link.role == _DEPLOYS or (record.kind == _ALIAS and link.role == _LEADS):
                path = self.after.find(Ref.parse(link.text).bare)
                found = self.after.load([path])[0].record if path else None
                if found is not None:
                    yield from self._versions(found, heads=False)

    def _source(self, wanted: Wanted, now: Mapping[str, Pointer]) -> tuple[str, bytes]:
        """The pointer file that said so, as it was then."""
        for path, raw in self._pasts(wanted):
            if path in self.given:
                raise Conflict(f"{path} goes back otherwise than {wanted.ref} wants it", hint="revert one of them")
            other = now.get(wanted.path)
            if other is not None and other.source != path:
                told = f"{wanted.path} is tracked by {other.source} today, and was by {path} then"
                raise Conflict(told, hint=f"dvc remove {other.source} first; {_NOTHING}")
            return path, raw
        told = f"no pointer in this clone's history says that {wanted.path} has the md5 {wanted.md5}"
        raise NotFound(told, hint=f"{wanted.ref} names it; {_NOTHING}")

    def _pasts(self, wanted: Wanted) -> Iterator[tuple[str, bytes]]:
        """Files of DVC's that ever gave the path that hash: that of then first, then the newest."""
        pointer = tracked_in(self.then).pointers.get(wanted.path)
        if pointer is not None and pointer.md5 == wanted.md5:
            yield pointer.source, self.then.bytes_at(pointer.source) or b""
        git = self.repository.git
        versions = [one for one in versions_in_history(git, "HEAD") if one.now]
        blobs = dict(git.cat(dict.fromkeys(one.now for one in versions if one.now)))
        stages = [blobs.get(one.now or "") for one in versions if one.path.endswith(STAGES)]
        for one in versions:
            raw = blobs.get(one.now or "")
            if raw is None or wanted.md5.encode() not in raw or one.path.endswith(STAGES):
                continue
            found = leniently(one.path, raw, wdirs_of([None, *stages]) if is_lock(one.path) else {})
            if any((each.path, each.md5) == (wanted.path, wanted.md5) for each in found):
                yield one.path, raw

    def _put(self, sources: Iterable[tuple[Wanted, str, bytes]]) -> list[Change]:
        files: dict[str, bytes] = {}
        stages: dict[str, dict[str, bytes | None]] = {}
        for wanted, path, raw in sources:
            if is_lock(path):
                name = _stage(path, raw, wanted, self.today)
                stages.setdefault(path, {})[name] = texts(path, raw)[name]
            else:
                files[path] = raw
        for path, put in stages.items():
            files[path] = spliced(path, self.after.bytes_at(path), put) or b""
        changes = [self._change(path, raw) for path, raw in files.items()]
        return [*changes, *_ignored(self.repository, self.today, [path for path in files if not is_lock(path)])]

    def _change(self, path: str, raw: bytes) -> Change:
        entry = self.today.entries.get(path)
        oid = self.today.git.blob_id(raw)
        return Change(path, entry and entry.oid, oid, raw, entry.mode if entry else "100644")


def _last(then: Snapshot, head: Ref) -> Iterator[Record]:
    """The last version of a head that a snapshot has."""
    kind = head.kind + VERSION
    records = then.records(kind) if kind in then.schemas.latest else iter(())
    versions = [one for one in records if one.ref.keys[0] == head.keys[0] and one.ref.keys[1].isdecimal()]
    if versions:
        yield max(versions, key=lambda one: int(one.ref.keys[1]))


def _data_of(snapshot: Snapshot, record: Record) -> Iterator[Wanted]:
    kind = snapshot.schemas.kind(record.kind)
    for pattern in kind.shape.pointers:
        for _at, says in find(record.data, pattern):
            path, md5 = (says.get("path"), says.get("md5")) if isinstance(says, Mapping) else (None, None)
            if isinstance(path, str) and isinstance(md5, str) and says.get("type") == _DVC and "repository" not in says:
                yield Wanted(path, md5, str(record.ref))


def _one_each(wanted: Iterable[Wanted]) -> list[Wanted]:
    """Each path once; Conflict where two records want other bytes there."""
    found: dict[str, Wanted] = {}
    for one in wanted:
        first = found.setdefault(one.path, one)
        if first.md5 != one.md5:
            told = f"{first.ref} and {one.ref} have other bytes at {one.path}, which can hold only one of them"
            raise Conflict(told, hint=f"name the record whose data are meant; {_NOTHING}")
    return list(found.values())


def decided(today: Snapshot, after: Snapshot, paths: Iterable[str]) -> list[Pointer]:
    """What is to be checked out: the pointers that are others than today's, and those of these paths."""
    now, then = tracked_in(today).pointers, tracked_in(after).pointers
    asked = set(paths)
    moved = {path for path in then if path not in now or now[path].md5 != then[path].md5}
    return [then[path] for path in sorted(moved | asked) if path in then]


def _stage(path: str, raw: bytes, wanted: Wanted, today: Snapshot) -> str:
    """The stage whose entry says what is wanted."""
    folder = posixpath.dirname(path)
    wdirs = wdirs_of([today.bytes_at(posixpath.join(folder, STAGES))])
    for name, entry in entries(path, raw).items():
        for wdir in (*wdirs.get(name, wdirs.get(name.partition("@")[0], ())), "."):
            if any(rooted(rooted(folder, wdir), out.path) == wanted.path for out in entry.outs):
                return name
    raise NotFound(f"no stage of {path} writes {wanted.path}", hint=_NOTHING)


def _ignored(repository: Repository, today: Snapshot, pointers: Iterable[str]) -> Iterator[Change]:
    """The lines of .gitignore for data that come back: DVC adds them when it adds data, not when it checks them out."""
    lines: dict[str, list[str]] = {}
    for path in pointers:
        data = path.removesuffix(".dvc")
        if path not in today.entries and not repository.git.lines0("check-ignore", "-z", "--", data, check=False):
            lines.setdefault(posixpath.join(posixpath.dirname(path), ".gitignore"), []).append(posixpath.basename(data))
    for path, names in lines.items():
        entry = today.named({path: today.entries[path]}).get(path) if path in today.entries else None
        raw = repository.file(path).read_bytes() if repository.file(path).is_file() else b""
        content = raw + (b"" if not raw or raw.endswith(b"\n") else b"\n")
        content += "".join(f"/{name}\n" for name in names).encode("utf-8", "surrogateescape")
        yield Change(path, entry and entry.oid, today.git.blob_id(content), content, entry.mode if entry else "100644")
