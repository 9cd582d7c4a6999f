"""What a reviewer wants to know of a change: what is promoted and how good it is, which data, what hangs on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from gitml.records.record import same
from gitml.records.ref import VERSION, Ref
from gitml.views.lineage.graph import Graph
from gitml.views.merits import Merit, judged, merits, that_count
from gitml.views.metrics import Metrics
from gitml.views.promotions import Promotion, promotions

if TYPE_CHECKING:
    from gitml.errors import Problem
    from gitml.records.record import Record
    from gitml.views.changes import Difference
    from gitml.views.diff import Diff

DEPLOYMENT: Final = "deployment"
_DATA: Final = frozenset(["dataset-version", "feature-set-version"])
# What is about things and not one of the steps from data to deployment: to change it changes nothing downstream.
_BESIDE: Final = frozenset(["head", "slot"])


@dataclass(frozen=True, slots=True)
class Promoted:
    """A promotion, and the metrics that the two versions share, judged."""

    what: Promotion
    merits: tuple[Merit, ...] = ()

    @property
    def telling(self) -> list[Merit]:
        """The metrics that say most: what is worse first, then what is better; those that are the same are none."""
        order = {"worse": 0, "better": 1}
        moved = [one for one in that_count(self.merits) if one.verdict != "same" and not same(one.before, one.after)]
        return sorted(moved, key=lambda one: order.get(one.verdict or "", 2))

    @property
    def order(self) -> tuple[bool, bool, bool]:
        """Sorts what a reviewer must see first: a worse version, then another one, by a slot before a deployment."""
        worse = any(one.verdict == "worse" for one in self.telling)
        return not worse, self.what.old is None or self.what.new is None, not self.what.is_alias


@dataclass(frozen=True, slots=True)
class DataStep:
    """A new version of data, and how it differs from the one before; columns by name, types as (before, after)."""

    old: Ref | None
    new: Ref
    rows: tuple[int | None, int | None]
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    retyped: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True)
class Review:
    """A diff as a reviewer wants it: what is promoted, which data are new, what is wrong, and what hangs on it all."""

    diff: Diff
    promoted: tuple[Promoted, ...]
    data: tuple[DataStep, ...]
    problems: tuple[Problem, ...] = ()

    @cached_property
    def moves(self) -> tuple[tuple[Promoted, ...], ...]:
        """The promotions from one version to the same other one together, what is worse and what slots choose first."""
        found: dict[tuple[Ref | None, Ref | None], list[Promoted]] = {}
        for one in sorted(self.promoted, key=lambda one: not one.what.is_alias):
            found.setdefault((one.what.old, one.what.new), []).append(one)
        return tuple(map(tuple, sorted(found.values(), key=lambda several: several[0].order)))

    @cached_property
    def sources(self) -> frozenset[str]:
        """The refs of what was changed, and leads on to something."""
        promoted = {str(one.what.record.ref) for one in self.promoted}
        return frozenset(
            one.ref
            for one in self.diff
            if one.ref is not None and one.op != "removed" and (one.ref in promoted or not self._is_beside(one))
        )

    def _is_beside(self, change: Difference) -> bool:
        kind = self.diff.after.schemas.latest.get(change.kind or "")
        return kind is None or kind.addressing in _BESIDE

    @cached_property
    def affected(self) -> Graph:
        """What is downstream of the changes, with them, and the versions that are promoted."""
        from gitml.views.lineage.build import after

        chosen = {str(one.what.new) for one in self.promoted}
        around = after(self.diff.after, self.sources | chosen).without_how()
        refs = {ref for ref in self.sources if ref in around}
        refs |= {found for ref in tuple(refs) for found in around.downstream(ref).refs}
        refs |= {ref for ref in chosen if ref in around}
        edges = [edge for edge in around.edges if edge.source in refs and edge.target in refs]
        ends = {ref for edge in edges for ref in (edge.source, edge.target)}
        return Graph.of((node for node in around.nodes if node.ref in ends), edges)

    @cached_property
    def deployments(self) -> tuple[str, ...]:
        """The deployments that are affected: they serve something else, or what they serve is made of it."""
        moved = {str(one.what.record.ref) for one in self.promoted if one.what.record.kind == DEPLOYMENT}
        found = {edge.target for edge in self.affected.edges if edge.target in self._deployed}
        came = {one.ref for one in self.diff if one.op == "added"}
        return tuple(sorted((moved | found) - came))

    @cached_property
    def _deployed(self) -> frozenset[str]:
        return frozenset(node.ref for node in self.affected.nodes if node.kind == DEPLOYMENT)


def review(diff: Diff, problems: Iterable[Problem] = ()) -> Review:
    """A diff for a reviewer; `problems` are those that it brings."""
    promoted = tuple(_judged(diff, one) for one in promotions(diff, diff.before, diff.after))
    return Review(diff, promoted, tuple(_data(diff)), tuple(problems))


def _judged(diff: Diff, promotion: Promotion) -> Promoted:
    old, new = promotion.old, promotion.new
    if old is None or new is None:
        return Promoted(promotion)
    before = merits(diff.after, old) or merits(diff.before, old)
    rules = (Metrics.of(diff.before), Metrics.of(diff.after))
    return Promoted(promotion, tuple(judged(before, merits(diff.after, new), rules)))


def _data(diff: Diff) -> Iterator[DataStep]:
    for change in diff:
        if change.op == "added" and change.new is not None and change.kind in _DATA:
            yield _step(_before(diff, change.new), change.new)


def _before(diff: Diff, version: Record) -> Record | None:
    """The version with the next lower number of the same thing."""
    name, number = version.ref.keys
    wanted = _number(number)
    found: dict[int, Record] = {}
    for record in diff.after.records(version.kind):
        other = _number(record.ref.keys[1])
        if record.ref.keys[0] == name and other is not None and wanted is not None and other < wanted:
            found[other] = record
    return found[max(found)] if found else None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None


def _step(old: Record | None, new: Record) -> DataStep:
    if old is None:
        return DataStep(None, new.ref, (None, _rows(new)))
    before, after = _columns(old), _columns(new)
    return DataStep(
        old.ref,
        new.ref,
        (_rows(old), _rows(new)),
        tuple(name for name in after if name not in before),
        tuple(name for name in before if name not in after),
        tuple((name, before[name], after[name]) for name in after if name in before and before[name] != after[name]),
    )


def _rows(record: Record) -> int | None:
    rows = record.data.get("rows")
    return rows if isinstance(rows, int) and not isinstance(rows, bool) else None


def _columns(record: Record) -> dict[str, str]:
    """The type of each column, by name."""
    columns: Any = record.data.get("columns")
    listed = columns if isinstance(columns, list) else []
    return {
        column["name"]: str(column.get("type", "?"))
        for column in listed
        if isinstance(column, Mapping) and isinstance(column.get("name"), str)
    }


def short(ref: Ref) -> str:
    """A version in as few words as tell it from others: `wine@2`, of data with the kind before it."""
    return str(ref).removeprefix("model/") if ref.kind == f"model{VERSION}" else str(ref)
