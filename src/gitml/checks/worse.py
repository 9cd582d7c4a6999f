"""Promotions: what an alias or a deployment chooses shall not be worse than what it chose before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitml.checks.scope import Scope
from gitml.errors import ERROR, WARNING, Problem

if TYPE_CHECKING:
    from gitml.records.record import Record
    from gitml.repo.snapshot import Snapshot
    from gitml.views.merits import Merit
    from gitml.views.promotions import Promotion

CODE = "metric.worse"
_CHOOSING = frozenset(["alias", "deployment"])


def metrics(scope: Scope) -> Iterator[Problem]:
    """A metric of a promoted version is worse than that of the one it replaces, beyond its tolerance.

    An error at the gate (`validate --range`, `--merge`), where somebody reviews it; elsewhere a warning, since to go
    back to a worse version is what one does in need.
    """
    if scope.base is None:
        return
    moved = [path for path in sorted(scope.changed) if path in scope.snapshot.tree and _chooses(scope, path)]
    if not moved:
        return
    from gitml.views.promotions import promotion

    for path in moved:
        found = promotion(_record(scope.base, path), _record(scope.snapshot, path), scope.base, scope.snapshot)
        if found is not None and found.old is not None and found.new is not None:
            yield from _worse(scope, scope.base, found)


def _chooses(scope: Scope, path: str) -> bool:
    place = scope.snapshot.place(path) if scope.snapshot.is_record_path(path) else None
    return place is not None and place.kind.name in _CHOOSING


def _record(snapshot: Snapshot, path: str) -> Record | None:
    return snapshot.load([path])[0].record if path in snapshot.tree else None


def _worse(scope: Scope, base: Snapshot, promoted: Promotion) -> Iterator[Problem]:
    from gitml.views.merits import judged, merits, that_count
    from gitml.views.metrics import Metrics

    old, new = promoted.old, promoted.new
    if old is None or new is None:
        return
    before = merits(scope.snapshot, old) or merits(base, old)
    # By the tolerances that have landed and by those that come: no pull request loosens the rule that it breaks.
    rules = (Metrics.of(base), Metrics.of(scope.snapshot))
    severity = ERROR if scope.gate else WARNING
    for one in that_count(list(judged(before, merits(scope.snapshot, new), rules))):
        if one.verdict == "worse":
            told = f"{new} is worse than {old}, which it replaces: {one.name} {one.before!r} -> {one.after!r}"
            yield scope.problem(
                promoted.record, CODE, told + _tolerance(one), _hint(one), at=promoted.at, severity=severity
            )


def _tolerance(one: Merit) -> str:
    if one.metric is None:
        return ""
    words = [("", one.metric.tolerance_absolute), (" of it", one.metric.tolerance_relative)]
    told = " or ".join(f"{allowed:g}{word}" for word, allowed in words if allowed)
    return f" ({one.metric.direction} is better, tolerance {told or '0'})"


def _hint(one: Merit) -> str:
    return f"promote another version, or land a wider tolerance of metric/{one.short} first"
