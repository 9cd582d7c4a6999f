"""Lineage as text: a tree from a root, a table of all there is, sentences for what is stale."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from gitml.render.cells import printable
from gitml.render.page import PLAIN, Page, Style
from gitml.render.sheet import GAP, Strip, display_width, joined, sheet
from gitml.views.lineage.graph import BOTH, DOWN, UP, Graph
from gitml.views.lineage.origin import Origins
from gitml.views.lineage.parts import Edge, Node
from gitml.views.lineage.roles import CODE, OUTPUT, POINTER

_SHORT = 8
_FEW = 8
_MAKES = ("produced_by", "output")
_MAKERS = ("run", "dvc-stage")
_WARN: Style = "warn"
_BRANCH, _LAST, _BAR, _BLANK = "├─ ", "└─ ", "│  ", "   "

Line = tuple[str, str, str, Style | None]
"""What stands in the columns of a line (the branch of the tree, roles, remarks) and its style."""
Steps = Mapping[str, list[tuple[str, list[Edge]]]]
"""From each node to the next ones in a direction, with the edges between them, by ref."""


def lineage_text(graph: Graph, told: Origins, page: Page = PLAIN) -> str:
    """A graph with a root as a tree (two, where both directions were asked for), without one as a table of edges."""
    if graph.root is None:
        return _table(graph, told, page)
    return _tree(graph, graph.root, told, page) if len(graph) else joined(["neither comes from the other"])


def _tree(graph: Graph, root: str, told: Origins, page: Page) -> str:
    lines: list[Line] = [(root, "", _of_node(graph[root]), None)]
    for direction, heading in ((UP, "comes from"), (DOWN, "leads to")):
        if graph.direction not in (direction, BOTH):
            continue
        branches = list(_branches(graph, told, direction))
        if not branches or graph.direction == BOTH:
            lines.append((heading if branches else f"{heading} nothing that is recorded", "", "", "faint"))
        lines += branches
    columns = ([line[0] for line in lines], [line[1] for line in lines])
    widths = [max(display_width(printable(text)) for text in column) for column in columns]
    notes = [*_circles(graph), *stale_sentences(graph, told)]
    told_of = (page.paint(printable(note), "warn") for note in notes)
    return joined([*(_line(line, widths, page) for line in lines), *told_of])


def _circles(graph: Graph) -> Iterator[str]:
    for cycle in graph.cycles:
        more = f" and {len(cycle) - _FEW} more" if len(cycle) > _FEW else ""
        yield f"in a circle: {', '.join(cycle[:_FEW])}{more}"


def _line(line: Line, widths: list[int], page: Page) -> str:
    branch, roles, remark, style = line
    padded = [_padded(text, width) for text, width in zip((branch, roles), widths, strict=True)]
    return page.paint(GAP.join([*padded, printable(remark)]).rstrip(), style)


def _padded(text: str, width: int) -> str:
    shown = printable(text)
    return shown + " " * (width - display_width(shown))


def _branches(graph: Graph, told: Origins, direction: str) -> Iterator[Line]:
    """The tree below the root; a node has its branches where it is nearest to the root, once."""
    steps = _steps(graph, direction)
    root = graph.root or ""
    owners = _owners(root, steps)
    met = {root}
    trail = [("", root, _marked(steps.get(root, [])))]
    while trail:
        prefix, above, rest = trail[-1]
        found = next(rest, None)
        if found is None:
            trail.pop()
            continue
        (ref, edges), is_last = found
        here = owners.get(ref) == above
        elsewhere = "" if here or not steps.get(ref) else "see above" if ref in met else "see below"
        yield _branch(prefix + (_LAST if is_last else _BRANCH), graph[ref], edges, told, elsewhere)
        if here:
            met.add(ref)
            trail.append((prefix + (_BLANK if is_last else _BAR), ref, _marked(steps.get(ref, []))))


def _owners(root: str, steps: Steps) -> Mapping[str, str]:
    """Under which node each other one has its branches: the first of those nearest to the root."""
    owners: dict[str, str] = {root: ""}
    wave = [root]
    while wave:
        found = []
        for one in wave:
            for other, _edges in steps.get(one, ()):
                if other not in owners:
                    owners[other] = one
                    found.append(other)
        wave = found
    return owners


def _steps(graph: Graph, direction: str) -> Steps:
    here, there = ("target", "source") if direction == UP else ("source", "target")
    found: dict[str, list[tuple[str, list[Edge]]]] = {}
    by_pair = sorted(graph.edges, key=lambda edge: (getattr(edge, here), getattr(edge, there)))
    for (one, other), edges in groupby(by_pair, key=lambda edge: (getattr(edge, here), getattr(edge, there))):
        found.setdefault(one, []).append((other, list(edges)))
    return found


def _marked(steps: list[tuple[str, list[Edge]]]) -> Iterator[tuple[tuple[str, list[Edge]], bool]]:
    return ((step, number == len(steps)) for number, step in enumerate(steps, start=1))


def _branch(prefix: str, node: Node, edges: list[Edge], told: Origins, elsewhere: str) -> Line:
    remarks = [*_of_edges(edges, told), elsewhere or _of_node(node)]
    warns = node.missing or any(edge.stale for edge in edges)
    return prefix + node.ref, _roles(edges), "; ".join(filter(None, remarks)), "warn" if warns else None


def _roles(edges: list[Edge]) -> str:
    return ", ".join(dict.fromkeys(edge.role for edge in edges))


def _of_edges(edges: list[Edge], told: Origins) -> Iterator[str]:
    yield from dict.fromkeys(filter(None, (_of_edge(edge, told) for edge in edges)))


def _of_edge(edge: Edge, told: Origins) -> str:
    commit = told.commit(edge)
    if edge.role == CODE:
        return told.link(edge) or (f"at {commit[:_SHORT]}" if commit else "")
    if edge.stale:
        at = f" (commit {commit[:_SHORT]})" if commit else ""
        return f"stale: {short(edge.hash)}{at}, now {short(edge.current)}"
    return f"{short(edge.hash)} as of commit {commit[:_SHORT]}" if commit else ""


def _of_node(node: Node) -> str:
    if node.missing:
        return "missing"
    return f"imported from {imported(node.origin)}" if node.origin else ""


def imported(origin: Mapping[str, Any]) -> str:
    """Where data was imported from, in words: the path, the repository, the revision asked for and the commit."""
    path, url, rev, lock = (str(origin.get(name) or "") for name in ("path", "url", "rev", "rev_lock"))
    at = " ".join(filter(None, [rev, f"({lock[:_SHORT]})" if rev and lock else lock[:_SHORT]]))
    where = f"{url}:{path}" if path and url else url or path
    return f"{where} at {at}" if at else where


def short(hashed: str | None) -> str:
    """A hash to be read: its first digits."""
    return (hashed or "").partition(":")[2][:_SHORT]


def stale_sentences(graph: Graph, told: Origins) -> Iterator[str]:
    """A sentence for each stale edge: what the one took, as of which commit, and what the other gives now."""
    made_root = {edge.source for edge in graph.edges if edge.target == graph.root and edge.role in _MAKES}
    stale = graph.stale()
    # Where a stage makes it, that says more than where it lies.
    made = {(edge.target, edge.path, edge.hash) for edge in stale if edge.role == OUTPUT}
    for edge in stale:
        if edge.role == POINTER and (edge.target, edge.path, edge.hash) in made:
            continue
        commit = told.commit(edge)
        of = f" of {edge.path}" if edge.path else ""
        since = f" as of commit {commit[:_SHORT]}" if commit else ""
        # What the run read is what the model was trained on.
        taker = graph.root if edge.target in made_root and graph[edge.target].kind == "run" else edge.target
        took = f"{taker} {_took(taker or '', edge.role)} {short(edge.hash)}…{of}{since}"
        gives = "now gives" if graph[edge.source].kind in _MAKERS else "is now"
        yield f"{took}, {edge.source} {gives} {short(edge.current)}…"


def _took(taker: str, role: str) -> str:
    if role in (POINTER, OUTPUT):
        return "is made of"
    return "was trained on" if taker.startswith("model/") else "ran on" if taker.startswith(_MAKERS) else "took"


def stale_text(graph: Graph, told: Origins, page: Page = PLAIN) -> str:
    """The stale edges alone, a sentence each."""
    lines = list(stale_sentences(graph, told))
    return joined(page.paint(printable(line), "warn") for line in lines or ["nothing is stale"])


def _table(graph: Graph, told: Origins, page: Page) -> str:
    """A line for all that leads from one node to another."""
    pairs = [list(edges) for _ends, edges in groupby(graph.edges, key=lambda edge: (edge.source, edge.target))]
    if not pairs:
        return joined(["nothing here leads to anything"])
    notes = ["; ".join([*_of_edges(edges, told), *_of_ends(graph, edges[0])]) for edges in pairs]
    stale = {row: _WARN for row, edges in enumerate(pairs) if any(edge.stale for edge in edges)}
    strips = [
        Strip("from", [printable(edges[0].source) for edges in pairs], whole=True),
        Strip("role", [_roles(edges) for edges in pairs], rank=1, whole=True),
        Strip("to", [printable(edges[0].target) for edges in pairs], whole=True),
        Strip("", notes, rank=2, styles=stale),
    ]
    circles = (page.paint(printable(note), "warn") for note in _circles(graph))
    return joined([*sheet(strips, page).lines, *circles])


def _of_ends(graph: Graph, edge: Edge) -> Iterator[str]:
    return (f"{ref} is missing" for ref in (edge.source, edge.target) if graph[ref].missing)
