"""Which runs stand on a board: those of an experiment for which a filter holds, but for those that do not count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from gitml.errors import NotFound
from gitml.records.nearest import nearest
from gitml.records.record import MISSING
from gitml.records.ref import Ref
from gitml.views.board.splits import METRICS
from gitml.views.choice import Choice
from gitml.views.columns import REF
from gitml.views.listing import Listing, check_filter
from gitml.views.question import Question

if TYPE_CHECKING:
    from gitml.repo.snapshot import Snapshot

RUN: Final = "run"
_STATUS, _DELETED, _REPRODUCES = "status", "deleted", "reproduces"
_UNDONE: Final = frozenset({"scheduled", "running", "failed", "killed", "crashed"})
_NOTHING: Final = (MISSING, None)


@dataclass(frozen=True, slots=True)
class Entrants:
    """The runs that count, and of those that do not how many there are for which reason."""

    listing: Listing
    choice: Choice
    left_out: Mapping[str, int]

    @classmethod
    def of(cls, snapshot: Snapshot, experiment: str, where: str | None = None) -> Entrants:
        """The runs of an experiment that ended well, are not deleted, and are not another run again.

        A filter that looks at `status`, `deleted` or `reproduces` decides of that alone. Raises NotFound for an
        experiment without runs, BadFilter.
        """
        listing = Listing.of(snapshot, RUN)
        question = Question.of(where)
        check_filter(question, listing)
        run = _of_experiment(listing, experiment)
        chosen = _both(run, Choice.of(listing, question.expr)) if question.expr.fields else run
        return cls._counting(listing, chosen, question.expr.fields)

    @classmethod
    def _counting(cls, listing: Listing, chosen: Choice, decided: frozenset[str]) -> Entrants:
        rules = [name for name in (_DELETED, _STATUS, _REPRODUCES) if name not in decided]
        listing.table.fetch(rules)
        told = [chosen.values(name) if name in rules else [MISSING] * chosen.count for name in _RULES]
        reasons = [_reason(*one) for one in zip(*told, strict=True)]
        left_out = Counter(one for one in reasons if one)
        return cls(listing, chosen.only([not one for one in reasons]), dict(left_out))

    def metrics(self) -> list[str]:
        """The columns of the metrics that any of them has."""
        near = {name for block, _rows in self.choice.blocks for name in block.names if name.startswith(METRICS)}
        self.listing.table.fetch(near, [block for block, _rows in self.choice.blocks])
        return sorted(name for name in near if self.has(name))

    def has(self, name: str) -> bool:
        """Whether any of them has something in a column."""
        return any(value not in _NOTHING for value in self.values(name))

    def values(self, name: str) -> list[Any]:
        """The values of a column, MISSING where a run has none."""
        self.listing.table.fetch([name], [block for block, _rows in self.choice.blocks])
        return self.choice.values(name)

    def without(self, kept: Sequence[bool], why: str) -> Entrants:
        """Those that are kept; the others are left out for a reason."""
        lost = len(kept) - sum(kept)
        left_out = {**self.left_out, why: self.left_out.get(why, 0) + lost} if lost else self.left_out
        return Entrants(self.listing, self.choice.only(kept), left_out)


_RULES: Final = (_DELETED, _STATUS, _REPRODUCES)


def _reason(deleted: Any, status: Any, reproduces: Any) -> str:
    """Why a run does not count; nothing where it does."""
    if deleted not in _NOTHING:
        return "deleted"
    if status in _UNDONE:
        return str(status)
    return "reproductions" if reproduces not in _NOTHING else ""


def _of_experiment(listing: Listing, experiment: str) -> Choice:
    """The runs of an experiment; raises NotFound where there are none, with the nearest names."""
    table, start = listing.table, str(Ref(RUN, (experiment, "")))
    table.fetch([REF])
    every = Choice([(block, range(block.size)) for block in table.blocks if block.size])
    refs = every.values(REF)
    kept = [ref.startswith(start) for ref in refs]
    if not any(kept):
        names = {Ref.parse(ref).keys[0] for ref in {ref.rpartition("/")[0] + "/x" for ref in refs}}
        known = f"experiments: {', '.join(sorted(names)[:12])}" if names else "git ml run --experiment E -- COMMAND"
        raise NotFound(f"there are no runs of {experiment!r}", near=nearest(experiment, names), hint=known)
    return every.only(kept)


def _both(one: Choice, other: Choice) -> Choice:
    """The rows that are in both."""
    held = {id(block): rows for block, rows in other.blocks}
    return Choice(list(_common(one, held)))


def _common(one: Choice, held: Mapping[int, Sequence[int]]) -> Iterator[tuple[Any, Sequence[int]]]:
    for block, rows in one.blocks:
        there = set(held.get(id(block), ()))
        common = [row for row in rows if row in there]
        if common:
            yield block, common
