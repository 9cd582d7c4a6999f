"""A change in one sentence: what moves, how much better or worse it is, which data are new, what is affected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from gitml.records.ref import VERSION, Ref
from gitml.render.cells import cell
from gitml.render.escaped import code, word
from gitml.views.review import DEPLOYMENT, short

if TYPE_CHECKING:
    from gitml.views.changes import Difference
    from gitml.views.merits import Merit
    from gitml.views.promotions import Promotion
    from gitml.views.review import DataStep, Review

ARROWS: Final = {"better": "▲", "worse": "▼"}
_MOST: Final = 5  # parts
_FEW: Final = 2  # of one sort
_STATUS, _OUTPUT = "status", "dvc-output"
_HASHES: Final = frozenset(["md5", "etag", "version_id"])


class Said(NamedTuple):
    """A part of the sentence, and the records or files whose change it tells."""

    text: str
    told: frozenset[str] = frozenset()


def headline(review: Review) -> str:
    """The sentence, in Markdown: parts with semicolons between them, the most important first; how much is left."""
    parts = [*_promotions(review), *_data(review), *_deployments(review)][:_MOST]
    parts += [*_statuses(review), *_versions(review), *_outputs(review)][: _MOST - len(parts)]
    parts = parts or [*_kinds(review)][:_MOST]
    told = frozenset[str]().union(*(part.told for part in parts))
    left = sum(1 for change in _counted(review) if _key(change) not in told)
    more = [f"and {left:,} more change{'s' * (left > 1)}"] if left else []
    return "; ".join([*(part.text for part in parts), *more]) or "no record changes"


def _key(change: Difference) -> str:
    return change.ref or change.path


def _counted(review: Review) -> list[Difference]:
    """The changes that count: derived ones only where no others are to be told of."""
    recorded = [change for change in review.diff if not change.derived]
    return recorded or list(review.diff)


def listed(names: Sequence[str]) -> str:
    """Names in running text: `a`, `a and b`, `a, b and 3 more`."""
    shown = [*names[:_FEW], f"{len(names) - _FEW:,} more"] if len(names) > _FEW + 1 else list(names)
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))


def _promotions(review: Review) -> Iterator[Said]:
    """What is promoted, and how good it is; a deployment that moves with a slot is told with those affected."""
    for several in review.moves[:_FEW]:
        what, moved = several[0].what, [one.what.record for one in several if one.what.is_alias]
        names = [record.ref.keys[-1] for record in moved or [one.what.record for one in several]]
        text = _move(listed([word(name) for name in names]), what, s="s" * (len(names) == 1))
        merits = [_merit(one) for one in several[0].telling]
        told = frozenset(str(one.what.record.ref) for one in several) | {str(what.new)}
        yield Said("; ".join([text, *([_some(merits)] if merits else [])]), told)


def _move(names: str, what: Promotion, *, s: str) -> str:
    old, new = (None if ref is None else word(short(ref)) for ref in (what.old, what.new))
    if what.record.kind == DEPLOYMENT:
        return f"{names} serve{s} {new or 'nothing'}" + (f" instead of {old}" if old else "")
    if old and new:
        return f"{names} move{s} from {old} to {new}"
    is_ = "is" if s else "are"
    return f"{names} {is_} given to {new}" if new else f"{names} {is_} taken from {old}"


def _merit(one: Merit) -> str:
    arrow = f" {ARROWS[one.verdict]}" if one.verdict in ARROWS else ""
    split = f" on {word(one.split)}" if one.split else ""
    return f"{word(one.short)} {cell(one.before)} -> {cell(one.after)}{arrow}{split}"


def _some(parts: Sequence[str]) -> str:
    """The first of some parts, with commas between them, and how many more there are."""
    more = f" and {len(parts) - _FEW:,} more" if len(parts) > _FEW else ""
    return ", ".join(parts[:_FEW]) + more


def _data(review: Review) -> Iterator[Said]:
    for step in review.data[:_FEW]:
        name = "data" if len(review.data) == 1 else word(str(step.new))
        parts = [*_rows(step), *_columns(step)] if step.old else []
        yield Said(f"{name} {_some(parts)}" if parts else f"{word(str(step.new))} is new", frozenset([str(step.new)]))


def _columns(step: DataStep) -> Iterator[str]:
    yield from (f"{code(column)} {word(a)} -> {word(b)}" for column, a, b in step.retyped)
    yield from (f"{code(column)} added" for column in step.added)
    yield from (f"{code(column)} removed" for column in step.removed)


def _rows(step: DataStep) -> Iterator[str]:
    before, after = step.rows
    if before is None or after is None or before == after:
        return
    if not before:
        yield f"{after:,} rows instead of none"
        return
    share = 100 * (after - before) / before
    digits = 0 if abs(share) >= 1 else 2
    yield f"{share:+.{digits}f} % rows" if round(share, digits) else f"{after - before:+,} rows"


def _deployments(review: Review) -> Iterator[Said]:
    """How many are affected, but for those that a move has named."""
    named = [one for several in review.moves[:_FEW] if not several[0].what.is_alias for one in several]
    count = len(set(review.deployments) - {str(one.what.record.ref) for one in named})
    if count:
        more = "more " if named else ""
        yield Said(f"{count:,} {more}deployment{'s' * (count > 1)} affected", frozenset(review.deployments))


def _statuses(review: Review) -> Iterator[Said]:
    for change in review.diff:
        if change.kind == _STATUS and change.new is not None and any(one.field == "status" for one in change.fields):
            kind, name, number = change.new.ref.keys
            version = Ref(kind + VERSION, (name, number))
            text = f"{word(short(version))} is {word(str(change.new.data.get('status')))}"
            yield Said(text, frozenset([_key(change)]))


def _versions(review: Review) -> Iterator[Said]:
    """New versions of models and the like, which nothing above has named."""
    told = {str(one.what.new) for one in review.promoted} | {str(one.new) for one in review.data}
    for change in review.diff:
        is_version = change.op == "added" and change.kind and change.kind.endswith(VERSION)
        if is_version and change.new is not None and change.ref not in told:
            yield Said(f"{word(short(change.new.ref))} is new", frozenset([_key(change)]))


def _outputs(review: Review) -> Iterator[Said]:
    """Files that DVC tracks with other bytes than before; where a version of data tells of them, that is enough."""
    for change in review.diff:
        is_data = change.kind == _OUTPUT and change.op == "changed" and not review.data
        if is_data and any(one.field in _HASHES for one in change.fields):
            name = code(change.path if change.new is None else change.new.ref.keys[0])
            yield Said(f"{name} has other bytes", frozenset([_key(change)]))


def _kinds(review: Review) -> Iterator[Said]:
    """How many records of each kind came, went or changed, the most first; then other files."""
    found: dict[tuple[str, str], list[str]] = {}
    for change in _counted(review):
        if change.kind:
            found.setdefault((change.kind, change.op), []).append(_key(change))
    for (kind, op), keys in sorted(found.items(), key=lambda one: (-len(one[1]), one[0])):
        yield Said(f"{len(keys):,} {plural(kind) if len(keys) > 1 else word(kind)} {op}", frozenset(keys))
    files = [_key(change) for change in _counted(review) if not change.kind]
    if files:
        yield Said(f"{len(files):,} other file{'s' * (len(files) > 1)} changed", frozenset(files))


def plural(kind: str) -> str:
    """A kind's name for several: aliases, policies, runs."""
    if kind.endswith("y"):
        return word(f"{kind[:-1]}ies")
    return word(f"{kind}es" if kind.endswith("s") else f"{kind}s")
