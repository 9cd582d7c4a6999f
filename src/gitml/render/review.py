"""A review as a pull request's comment: Markdown for GitHub and GitLab.

The first line is always `MARKER`, by which a bot finds the comment that it wrote before. All that a record, a path or a
message says is a stranger's text: it stands as code (escaped.py), calls nobody, and breaks no table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from gitml.errors import ERROR
from gitml.records.record import MISSING
from gitml.render.cells import cell, typed
from gitml.render.diagrams import mermaid
from gitml.render.escaped import code, entities, word
from gitml.render.fitting import Part, fitted
from gitml.render.headline import ARROWS, headline, listed
from gitml.render.problems import counted
from gitml.render.telling import telling
from gitml.views.lineage.origin import Origins

if TYPE_CHECKING:
    from gitml.errors import Problem
    from gitml.records.record import FieldChange
    from gitml.repo.snapshot import Snapshot
    from gitml.views.changes import Difference
    from gitml.views.merits import Merit
    from gitml.views.review import Promoted, Review

MARKER: Final = "<!-- gitml -->"
LIMIT: Final = 65_536
"""Characters that GitHub takes in a comment; GitLab takes more."""

_OPEN = 20  # rows of a table that is not folded
_FIELDS = 3
_VALUE = 60
_NODES, _EDGES = 80, 160  # of a drawing that somebody can still read
_SLOTS: Final = frozenset(["alias", "status", "deployment"])
_SILENT: Final = frozenset(["id", "since", "created", "ended", "by"])  # told last: they change whenever anything does
# How important what is: first what one reads, then the rest of long tables, and what a fold hides field by field.
_PROBLEMS, _PROMOTED, _CHOSEN, _VERSIONS, _NAMED, _EVENTS, _DERIVED, _DRAWING = range(8)
_REST, _DETAILS = 10, 20


def comment(review: Review, limit: int = LIMIT) -> str:
    """The comment, of at most `limit` characters: what is least important is cut first, and the cut is said."""
    head = f"{MARKER}\n### {headline(review)}\n"
    parts = [
        *_problems(review.problems),
        *(part for several in review.moves for part in _moved_to(several)),
        *(part for kind, changes in _by_kind(review) for part in _kind(review, kind, changes)),
        *_drawing(review),
    ]
    return fitted(head, parts, _foot(review), limit)


def _foot(review: Review) -> str:
    sides = " → ".join(_place(side) for side in (review.diff.before, review.diff.after))
    lacking = "" if review.diff.complete else "; this clone lacks objects, so changes may be missing"
    return f"\n<sub>{counted(len(review.diff), 'change')}, {sides}{lacking} · git ml diff</sub>\n"


def _place(snapshot: Snapshot) -> str:
    return (snapshot.at.commit or "nothing")[:8] if snapshot.at.kind == "commit" else snapshot.at.kind


def _table(
    rank: int, title: str, names: Sequence[str], rows: Sequence[str], what: str, rest: int = _REST
) -> list[Part]:
    """A table below a title, and folded the rows of which there are too many to see at once; those matter less."""
    head, left = Part(rank, what, f"\n{title}{_heading(names)}", tuple(rows[:_OPEN])), rows[_OPEN:]
    return [head, _fold(rest + rank, f"{len(left):,} more", names, left, what)] if left else [head]


def _fold(rank: int, summary: str, names: Sequence[str], rows: Sequence[str], what: str) -> Part:
    begin = f"\n<details><summary>{summary}</summary>\n\n{_heading(names)}"
    return Part(rank, what, begin, tuple(rows), "\n</details>\n")


def _heading(names: Sequence[str]) -> str:
    return f"| {' | '.join(names)} |\n|{'|'.join([' --- '] * len(names))}|\n"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |\n"


def _problems(problems: Iterable[Problem]) -> Iterator[Part]:
    """What is wrong, errors first."""
    found = sorted(problems, key=lambda one: (one.severity != ERROR, one.order))
    if not found:
        return
    counts = Counter(one.severity for one in found)
    told = ", ".join(counted(counts[severity], severity) for severity in (ERROR, "warning") if counts[severity])
    rows = [_row(one.severity, code(one.code), code(_where(one)), code(one.message, 300) + _hint(one)) for one in found]
    first, *rest = _table(_PROBLEMS, f"**{told}**\n\n", ("", "code", "where", "what"), rows, "problems", rest=0)
    yield from (replace(first, stays=f"\n**{told}**\n"), *rest)


def _where(problem: Problem) -> str:
    return ":".join(str(part) for part in (problem.path, problem.line) if part)


def _hint(problem: Problem) -> str:
    return f"<br>{code(problem.hint, 300)}" if problem.hint else ""


def _moved_to(several: Sequence[Promoted]) -> Iterator[Part]:
    """The metrics of what was chosen and of what is chosen now, by one or by several."""
    one = several[0]
    old, new = one.what.old, one.what.new
    if old is None or new is None or not one.merits:
        return
    rows = [_row(code(merit.name), cell(merit.before), cell(merit.after), _moved(merit)) for merit in one.merits]
    title = f"**{listed([code(str(each.what.record.ref)) for each in several])}**\n\n"
    names = ("metric", code(str(old)), code(str(new)), "")
    yield from _table(_PROMOTED, title, names, rows, "metrics")


def _moved(merit: Merit) -> str:
    told = [ARROWS.get(merit.verdict or "", ""), merit.verdict or ""]
    return " ".join(filter(None, told))


def _by_kind(review: Review) -> Iterator[tuple[str, list[Difference]]]:
    """The changes of each kind; what is no record last."""
    grouped = [(kind or "", list(several)) for kind, several in groupby(review.diff, key=lambda one: one.kind)]
    yield from sorted(grouped, key=lambda one: (_rank(review, one[0], one[1]), not one[0], one[0]))


def _rank(review: Review, kind: str, changes: Sequence[Difference]) -> int:
    if kind in _SLOTS:
        return _CHOSEN
    if all(change.derived for change in changes):
        return _DERIVED
    schemas = (review.diff.after.schemas, review.diff.before.schemas)
    addressing = next((found.latest[kind].addressing for found in schemas if kind in found.latest), "")
    return {"version": _VERSIONS, "event": _EVENTS}.get(addressing, _NAMED)


def _kind(review: Review, kind: str, changes: Sequence[Difference]) -> Iterator[Part]:
    """The table of a kind, and folded the fields of what changed in it."""
    rank = _rank(review, kind, changes)
    counts = Counter(change.op for change in changes)
    told = ", ".join(f"{counts[op]:,} {op}" for op in ("added", "changed", "renamed", "removed") if counts[op])
    name = word(kind) if kind else "other files"
    title = f"**{name}**: {told}\n\n"
    rows = [_row(change.op, _named(change), _told(change)) for change in changes]
    yield from _table(rank, title, ("", "record" if kind else "file", "what"), rows, f"rows of {name}")
    fields = [_field(change, field) for change in changes for field in _worth_telling(change)]
    if fields:
        names = ("record", "field", "before", "after")
        summary = f"{entities(kind) or name}: {counted(len(fields), 'field')}"
        yield _fold(_DETAILS + rank, summary, names, fields, f"fields of {name}")


def _named(change: Difference) -> str:
    now = code(change.ref or change.path)
    return f"{code(change.old_ref)} → {now}" if change.old_ref else now


def _told(change: Difference) -> str:
    """The fields that say most: of a changed record how they changed, of another one what they are."""
    if change.op in {"added", "removed"}:
        return code(telling(change, 100))
    most = sorted(change.fields, key=lambda field: field.field in _SILENT)
    shown = [f"{code(field.field)} {_arrow(field)}" for field in most[:_FIELDS]]
    more = len(most) - _FIELDS
    return ", ".join(shown) + (f", and {more} more" if more > 0 else "")


def _arrow(field: FieldChange) -> str:
    return f"{_value(field.before) or 'nothing'} → {_value(field.after) or 'nothing'}"


def _worth_telling(change: Difference) -> Iterable[FieldChange]:
    """Field by field only what the table does not show already."""
    return change.fields if change.op in {"changed", "renamed"} and len(change.fields) > _FIELDS else ()


def _field(change: Difference, field: FieldChange) -> str:
    return _row(code(change.ref or change.path), code(field.field), _value(field.before), _value(field.after))


def _value(value: Any) -> str:
    return "" if value is MISSING else code(typed(value), _VALUE)


def _drawing(review: Review) -> Iterator[Part]:
    """What is affected downstream, as a graph; one that is too large to be read is told in numbers."""
    graph = review.affected
    if not graph.edges:
        return
    title = f"\n**Affected downstream**: {counted(len(graph.nodes), 'record')}\n\n"
    if len(graph.nodes) > _NODES or len(graph.edges) > _EDGES:
        told = "Too many to draw: `git ml lineage REF --down` shows them.\n"
        yield Part(_DRAWING, "the graph", title, (told,), whole=True)
        return
    drawn = mermaid(graph, Origins(), review.sources)
    yield Part(_DRAWING, "the graph", title, (f"```mermaid\n{drawn}```\n",), whole=True)
