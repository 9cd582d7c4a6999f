"""How a value became another: what came into a list, which lines of a text are other, by how much a number moved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from gitml.records.record import same
from gitml.render.cells import number, printable, typed
from gitml.views.compare import is_metric
from gitml.views.deltas import delta
from gitml.views.metrics import verdict

if TYPE_CHECKING:
    from gitml.records.record import FieldChange
    from gitml.render.page import Style
    from gitml.views.metrics import Metrics

_LONG: Final = 60
_WIDE: Final = 100
_STYLES: Final[dict[str, Style]] = {"-": "bad", "+": "good"}


def lists(before: Sequence[Any], after: Sequence[Any]) -> list[str]:
    """What came (`+`) and went (`-`), in one line where that is short, else a line each.

    Of lists that have nothing in common, or only another order, both are told whole.
    """
    came, went = list(_without(after, before)), list(_without(before, after))
    whole = f"{_listed(before)} -> {_listed(after)}"
    if not came and not went:
        return [f"in another order: {whole}"]
    if len(came) == len(after) and len(went) == len(before) and len(whole) <= _LONG:
        return [whole]
    told = [*(f"+ {typed(item)}" for item in came), *(f"- {typed(item)}" for item in went)]
    return [", ".join(told)] if sum(map(len, told)) <= _WIDE else told


def _listed(items: Iterable[Any]) -> str:
    return f"[{', '.join(map(typed, items))}]"


def _without(items: Iterable[Any], others: Iterable[Any]) -> Iterator[Any]:
    """The items that the others have not, each as often as it is one too many."""
    left = list(others)
    for item in items:
        place = next((number for number, other in enumerate(left) if same(item, other)), None)
        if place is None:
            yield item
        else:
            del left[place]


def texts(before: Any, after: Any) -> tuple[tuple[str, Style], ...]:
    """The lines that differ of two texts, where one of them is long or has several; nothing for all else."""
    if not (isinstance(before, str) and isinstance(after, str)):
        return ()
    if max(len(before), len(after)) <= _LONG and "\n" not in f"{before}{after}".rstrip("\n"):
        return ()
    from difflib import ndiff

    lines = ndiff(before.splitlines(), after.splitlines())
    found = [(f"{line[0]} {printable(line[2:])}", _STYLES[line[0]]) for line in lines if line[0] in _STYLES]
    return tuple(found)


def numbers(field: FieldChange, metrics: Metrics) -> str:
    """` (+0.02 better)`: by how much a number moved and, of a metric, whether that is good."""
    moved = delta(field.before, field.after)
    metric = metrics.find(field.field) if is_metric(field.field) else None
    word = verdict(metric, field.before, field.after) if metric else None
    told = [*([signed(moved)] if moved else []), *([word] if word else [])]
    return f" ({' '.join(told)})" if told else ""


def signed(moved: Any) -> str:
    """A difference with its sign."""
    text = number(moved) if isinstance(moved, float) else f"{moved}"
    return text if text.startswith("-") else f"+{text}"
