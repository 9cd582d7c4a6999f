"""`renumber`: of two versions that claim one number the later moves to another, with every ref that meant it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from gitml.actions.apply import Applied, How, Plan, apply
from gitml.actions.derived import read_only
from gitml.actions.lifecycle import next_version
from gitml.checks.facts import FactBook
from gitml.checks.survey import referring
from gitml.errors import BadRef, BadValue, Conflict, GitFailed, NotFound
from gitml.records.edit import edit
from gitml.records.links import Link
from gitml.records.ref import VERSION, Ref
from gitml.repo.change import Change
from gitml.repo.claims import OURS, THEIRS, Claim, claim, in_merge, landed, of_old, settle, standing
from gitml.repo.git.index import Staged
from gitml.repo.git.objects import Entry
from gitml.repo.repository import Repository
from gitml.repo.snapshot import Snapshot
from gitml.repo.writing.pack import BLOB, Object, store

_IMMUTABLE = "immutable.changed"


@dataclass(frozen=True, slots=True)
class _Move:
    """One renumbering: the version that moves, from which ref to which, and what stays (None: nothing) at its place."""

    moved: Claim
    kept: Claim | None
    old: Ref
    new: Ref


def renumber(repository: Repository, ref: Ref, to: int | None, how: How) -> Applied:
    """Move the later of two versions with one number; that is the one not on main, else by `created`.

    In the middle of a merge that both sides added the version in, this settles the conflict, and stages what it wrote.
    Raises BadRef, NotFound, BadValue where there are no two, Conflict where the new number is taken, Refused.
    """
    if repository.git.root is None:
        raise GitFailed("this repository is bare: it has no work tree", hint="clone it and work there")
    if how.branch is not None and how.branch != repository.git.branch():
        raise BadValue("only what is checked out is renumbered", hint=f"git switch {how.branch}, then repeat")
    index = repository.git.staged()
    found = repository.worktree()
    _see_version(found, ref)
    path = found.path(ref)
    merging = path in index.unmerged
    if merging:
        kept, moved = _in_merge(repository, found, index, path)
        move = _Move(moved, kept, ref, _number(repository, found, ref, to))
    else:
        move = _settled(repository, found, ref, to)
    before = _without_conflicts(found, index, move) if merging else found
    plan = _plan(before, index, move)
    main, _tip = landed(repository, found, path)
    if move.kept is not None and main is not None and main.id == move.kept.id:
        # On main itself what is not pushed yet counts as landed; what main's remote has goes first.
        how = replace(how, allow=how.allow | {_IMMUTABLE})
    done = apply(repository, before, _on_disk(repository, plan, index), how)
    if merging:
        store(repository.session, [Object(BLOB, one.content) for one in plan.changes if one.content is not None])
        settle(repository.git, {one.path: Entry(one.mode, one.after) if one.after else None for one in plan.changes})
    return replace(done, problems=tuple(one for one in done.problems if one.code != _IMMUTABLE))


def _see_version(snapshot: Snapshot, ref: Ref) -> None:
    """Raise BadRef where a ref names no version, BadValue where it names one that a reader has made."""
    known = snapshot.schemas.latest
    made = snapshot.derived(ref.kind).get(ref) if ref.kind in known and not snapshot.find(ref) else None
    if made is not None:
        raise read_only(made)
    if not ref.kind.endswith(VERSION):
        hint = f"write {ref.kind}/NAME@VERSION" if ref.kind + VERSION in known else ""
        raise BadRef(f"{ref} names no version", hint=hint)


def _in_merge(repository: Repository, snapshot: Snapshot, index: Staged, path: str) -> tuple[Claim, Claim]:
    """What stays and what moves of two versions that a merge has brought together."""
    ours, theirs = in_merge(snapshot, index.unmerged[path], path)
    if ours.id is None or theirs.id is None or ours.id == theirs.id:
        raise BadValue(f"{path}: both sides have one version of the same id", hint="resolve the conflict by hand")
    main, _tip = landed(repository, snapshot, path)
    first = next((one for one in (ours, theirs) if main and one.id == main.id), min(ours, theirs, key=lambda c: c.age))
    return first, theirs if first is ours else ours


def _settled(repository: Repository, snapshot: Snapshot, ref: Ref, to: int | None) -> _Move:
    """The move where no merge is under way: refs mean a version that has moved before, or there is another one."""
    moved_before = _elsewhere(snapshot, ref)
    if moved_before is not None and to is None:
        there, new = moved_before
        return _Move(there, standing(snapshot, snapshot.path(ref)), ref, new)
    kept, moved = _contest(repository, snapshot, ref, to)
    return _Move(moved, kept, ref, _number(repository, snapshot, ref, to))


def _elsewhere(snapshot: Snapshot, ref: Ref) -> tuple[Claim, Ref] | None:
    """A version of another number that refs to this one mean, by its id."""
    wanted = _meant(snapshot, ref)
    folder = snapshot.path(ref).rpartition("/")[0]
    for path in snapshot.paths_of(ref.kind) if wanted else ():
        claim_there = standing(snapshot, path) if path.startswith(f"{folder}/") else None
        record = snapshot.load([path])[0].record if claim_there else None
        if claim_there and record and claim_there.id in wanted and record.ref != ref:
            return claim_there, record.ref
    return None


def _contest(repository: Repository, snapshot: Snapshot, ref: Ref, to: int | None) -> tuple[Claim | None, Claim]:
    """What stays and what moves: main has another one, or refs mean one that is in no tree any more."""
    path = snapshot.path(ref)
    here = standing(snapshot, path)
    if here is None:
        snapshot.record(ref)  # which says why not, and what is near
        raise NotFound(f"there is no {ref} {snapshot.told}")
    main, tip = landed(repository, snapshot, path)
    if main is not None and main.id != here.id:
        head = repository.git.head()
        merged = tip is not None and head is not None and repository.git.is_ancestor(tip, head)
        return (main if merged else None), here
    lost = [found for name in _meant(snapshot, ref) - {here.id} if (found := of_old(snapshot, path, name))]
    if lost:
        later = max([*lost, here], key=lambda one: one.age) if main is None else lost[0]
        return (here, later) if later is not here else (lost[0], here)
    if to is not None and main is None:
        return None, here
    told = "has landed, and there is no other" if main else "is the only version of this number, here and on main"
    raise BadValue(f"{ref} {told}: nothing is to be set right", hint="" if main else "--to N moves it all the same")


def _meant(snapshot: Snapshot, ref: Ref) -> set[str]:
    """The ids that refs to a version carry."""
    return {link.id for _path, link in _links(snapshot, ref) if link.id is not None}


def _links(snapshot: Snapshot, ref: Ref) -> Iterator[tuple[str, Link]]:
    text = str(ref)
    for path, facts in referring(FactBook(snapshot), [text]):
        yield from ((path, link) for link in facts.links if link.text == text)


def _number(repository: Repository, snapshot: Snapshot, ref: Ref, to: int | None) -> Ref:
    """The ref with the new number, which nobody has; raises Conflict, BadValue."""
    head = Ref(ref.kind.removesuffix(VERSION), ref.keys[:1])
    number = next_version(repository, snapshot, head) if to is None else to
    if number < 1:
        raise BadValue(f"--to {number}: versions are counted from 1")
    new = Ref(ref.kind, (*ref.keys[:1], str(number)))
    path = snapshot.path(new)
    main, _tip = landed(repository, snapshot, path)
    if path in snapshot.entries or main is not None or new == ref:
        raise Conflict(f"{new} is there already: {path}", hint="name another number, or leave out --to")
    return new


def _without_conflicts(snapshot: Snapshot, index: Staged, move: _Move) -> Snapshot:
    """The work tree as if what stays had been alone: the version, and its status."""
    entries = dict(snapshot.entries)
    settled = set()
    for path, stays, _goes in _contested(snapshot, index, move):
        settled.add(path)
        entries.update({path: stays} if stays else {})
    problems = [problem for problem in snapshot.tree_problems if problem.path not in settled]
    return Snapshot(snapshot.git, snapshot.at, entries, prefix=snapshot.prefix, contents=snapshot.contents,
                    cache=snapshot.cache, problems=problems, deriver=snapshot.deriver)  # fmt: skip


def _contested(snapshot: Snapshot, index: Staged, move: _Move) -> Iterator[tuple[str, Entry | None, Entry | None]]:
    """The unmerged paths that this settles: what stays there, and what goes elsewhere."""
    for ref in (move.old, _status(move.old)):
        path = snapshot.path(ref)
        if path not in index.unmerged:
            continue
        stages = index.unmerged[path]
        sides = [one for side in (OURS, THEIRS) if side in stages and (one := claim(snapshot, stages[side]))]
        stays = next((one.entry for one in sides if move.kept and one.id == move.kept.id), None)
        goes = next((one.entry for one in sides if one.id == move.moved.id), None)
        if goes is not None:
            yield path, stays, goes


def _status(ref: Ref) -> Ref:
    return Ref("status", (ref.kind.removesuffix(VERSION), *ref.keys))


def _plan(snapshot: Snapshot, index: Staged, move: _Move) -> Plan:
    """What to write, where `snapshot` is the work tree as if what stays had been alone."""
    contested = list(_contested(snapshot, index, move))
    changes = [one for path, stays, goes in contested for one in _parted(snapshot, move, path, stays, goes)]
    path = snapshot.path(move.old)
    if all(one.path != path for one in changes):
        stays, entry = move.kept, snapshot.entries[path]
        if stays is None or stays.entry.oid != entry.oid:
            changes.append(_changing(path, entry.oid, stays.content if stays else None, snapshot, entry.mode))
        if snapshot.path(move.new) not in snapshot.entries:
            changes.append(_changing(snapshot.path(move.new), None, move.moved.content, snapshot))
    edits: dict[str, list[Link]] = {}
    notes = []
    for where, link in _links(snapshot, move.old):
        if link.id == move.moved.id:
            edits.setdefault(where, []).append(link)
        elif link.id is None:
            notes.append(f"{where}: {'.'.join(map(str, link.at))} is {move.old} without an id, and stays")
    changes += [one for where, links in edits.items() for one in _rewritten(snapshot, move, where, links)]
    others = sorted(index.unmerged.keys() - {one.path for one in changes})
    notes += [f"{other}: is in conflict, too; there {move.old} of the id {move.moved.id} is {move.new} now"
              for other in others if snapshot.is_record_path(other)]  # fmt: skip
    return Plan(tuple(changes), tuple(notes))


def _parted(snapshot: Snapshot, move: _Move, path: str, stays: Entry | None, goes: Entry | None) -> Iterator[Change]:
    """Two files of one path: one stays, the other goes to the new number."""
    new = move.new if path == snapshot.path(move.old) else _status(move.new)
    for where, entry in ((path, stays), (snapshot.path(new), goes)):
        content = snapshot.read([entry.oid])[entry.oid] if entry else None
        yield _changing(where, None, content, snapshot, entry.mode if entry else "100644")


def _rewritten(snapshot: Snapshot, move: _Move, path: str, links: list[Link]) -> Iterator[Change]:
    """A record whose refs mean the version that moves; its status lies elsewhere afterwards."""
    entry = snapshot.entries[path]
    raw = snapshot.bytes_at(path) or b""
    order = snapshot.load([path])[0].record
    kind = snapshot.schemas.kind(order.kind) if order else None
    values = {link.at: move.new.keys[1] if link.at == ("version",) else str(move.new) for link in links if link.at}
    content = edit(raw, values, kind.shape.order if kind else None)
    if path != snapshot.path(_status(move.old)):
        yield _changing(path, entry.oid, content, snapshot, entry.mode)
        return
    yield Change(path, entry.oid, None, None, entry.mode)
    yield _changing(snapshot.path(_status(move.new)), None, content, snapshot, entry.mode)


def _changing(path: str, before: str | None, content: bytes | None, snapshot: Snapshot, mode: str = "100644") -> Change:
    after = None if content is None else snapshot.git.blob_id(content)
    return Change(path, before, after, content, mode)


def _on_disk(repository: Repository, plan: Plan, index: Staged) -> Plan:
    """The plan on top of what a merge has left in the files of its conflicts."""
    unmerged = [one.path for one in plan.changes if one.path in index.unmerged and repository.file(one.path).is_file()]
    held = repository.git.hash_paths(unmerged)
    return replace(plan, changes=tuple(replace(one, before=held.get(one.path, one.before)) for one in plan.changes))
