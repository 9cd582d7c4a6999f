"""A change in one sentence: what moves, how much better or worse it is, which data are new, what is affected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gitml.records.ref import VERSION, Ref
from gitml.render.cells import cell
from gitml.render.escaped import code, word
from gitml.views.review import DEPLOYMENT, short

if TYPE_CHECKING:
    from gitml.views.changes import Difference
    from gitml.views.merits import Merit
    from gitml.views.review import DataStep, Promoted, Review

ARROWS: Final = {"better": "▲", "worse": "▼"}
_MOST: Final = 4
_METRICS: Final = 3
_ALIAS, _STATUS, _OUTPUT = "alias", "status", "dvc-output"
_HASHES: Final = frozenset(["md5", "etag", "version_id"])


def headline(review: Review) -> str:
    """The sentence, in Markdown: parts with semicolons between them, the most important first."""
    parts = [
        *_some([_promotion(one) for one in review.promoted], "promotion"),
        *_some(list(_statuses(review)), "status change"),
        *_some(list(_versions(review)), "version"),
        *_some([_data(one, alone=len(review.data) == 1) for one in review.data], "data version"),
        *_some(list(_outputs(review)), "data file"),
    ]
    if review.deployments:
        parts.append(f"{len(review.deployments)} deployment{'s' * (len(review.deployments) > 1)} affected")
    parts += _some(list(_others(review)), "kind")
    return "; ".join(parts) or "no record changes"


def _some(parts: list[str], what: str) -> list[str]:
    more = len(parts) - _MOST
    return [*parts[:_MOST], f"{more:,} more {what}{'s' * (more > 1)}"] if more > 0 else parts


def _promotion(one: Promoted) -> str:
    what = one.what
    name = word(what.record.ref.keys[-1])
    old, new = (None if ref is None else word(short(ref)) for ref in (what.old, what.new))
    if what.record.kind == DEPLOYMENT:
        moved = f"{name} serves {new}" + (f" instead of {old}" if old else "") if new else f"{name} serves nothing"
    elif old and new:
        moved = f"{name} moves from {old} to {new}"
    else:
        moved = f"{name} is given to {new}" if new else f"{name} is taken from {old}"
    return "; ".join([moved, *([", ".join(map(_merit, one.telling[:_METRICS]))] if one.telling else [])])


def _merit(one: Merit) -> str:
    arrow = f" {ARROWS[one.verdict]}" if one.verdict in ARROWS else ""
    split = f" on {word(one.split)}" if one.split else ""
    return f"{word(one.short)} {cell(one.before)} -> {cell(one.after)}{arrow}{split}"


def _statuses(review: Review) -> Iterator[str]:
    for change in review.diff:
        if change.kind == _STATUS and change.new is not None and any(one.field == "status" for one in change.fields):
            kind, name, number = change.new.ref.keys
            version = Ref(kind + VERSION, (name, number))
            yield f"{word(short(version))} is {word(str(change.new.data.get('status')))}"


def _versions(review: Review) -> Iterator[str]:
    """New versions of models and the like, which nothing above has named."""
    told = {str(one.what.new) for one in review.promoted} | {str(one.new) for one in review.data}
    for change in review.diff:
        if change.op == "added" and change.new is not None and _is_version(change) and change.ref not in told:
            yield f"{word(short(change.new.ref))} is new"


def _is_version(change: Difference) -> bool:
    return bool(change.kind and change.kind.endswith(VERSION))


def _data(step: DataStep, *, alone: bool) -> str:
    name = "data" if alone else word(str(step.new))
    if step.old is None:
        return f"{word(str(step.new))} is new"
    told = [*_rows(step), *(f"{code(column)} {word(a)} -> {word(b)}" for column, a, b in step.retyped[:_MOST])]
    told += [f"{code(column)} added" for column in step.added[:_MOST]]
    told += [f"{code(column)} removed" for column in step.removed[:_MOST]]
    more = sum(max(0, len(columns) - _MOST) for columns in (step.retyped, step.added, step.removed))
    told += [f"{more} more columns"] if more else []
    return f"{name} {', '.join(told)}" if told else f"{word(str(step.new))} is new"


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


def _outputs(review: Review) -> Iterator[str]:
    """Files that DVC tracks with other bytes than before; where a version of data tells of them, that is enough."""
    for change in review.diff:
        is_data = change.kind == _OUTPUT and change.op == "changed" and not review.data
        if is_data and any(one.field in _HASHES for one in change.fields):
            yield f"{code(change.path if change.new is None else change.new.ref.keys[0])} has other bytes"


def _others(review: Review) -> Iterator[str]:
    """How many records there are of all else; of derived ones only where there are no others to tell of."""
    told = {str(one.what.record.ref) for one in review.promoted}
    recorded = any(change.kind and not change.derived for change in review.diff)
    counts = Counter(
        (change.kind, change.op)
        for change in review.diff
        if change.kind and change.ref not in told and not _is_told(change) and not (recorded and change.derived)
    )
    for (kind, op), count in sorted(counts.items(), key=lambda one: (-one[1], one[0])):
        yield f"{count:,} {plural(kind) if count > 1 else word(kind)} {op}"
    files = sum(1 for change in review.diff if not change.kind)
    if files:
        yield f"{files:,} other file{'s' * (files > 1)} changed"


def _is_told(change: Difference) -> bool:
    named = change.kind == _STATUS or (_is_version(change) and change.op == "added")
    return (named and change.new is not None) or (change.kind == _OUTPUT and change.op == "changed")


def plural(kind: str) -> str:
    """A kind's name for several: aliases, policies, runs."""
    if kind.endswith("y"):
        return word(f"{kind[:-1]}ies")
    return word(f"{kind}es" if kind.endswith("s") else f"{kind}s")
