"""Lineage as a drawing: Mermaid, which GitHub and GitLab show in Markdown, and DOT for Graphviz."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from itertools import groupby

from gitml.render.cells import printable
from gitml.render.lineage import short
from gitml.render.sheet import joined
from gitml.views.lineage.graph import Graph
from gitml.views.lineage.origin import Origins
from gitml.views.lineage.parts import Edge

# What Mermaid would read as its own, or as HTML, is written as the number of the letter.
_MERMAID = re.compile(r"[\"#&<>`\\]")
_DATA = frozenset(["dataset-version", "dataset", "dvc-output", "data", "source", "feature-set-version", "artifact"])
_MODELS = frozenset(["model-version", "model"])
_SHAPES = {"data": ('[("', '")]'), "model": ('(["', '"])'), "code": ('>"', '"]'), "": ('["', '"]')}
_DOT_SHAPES = {"data": "cylinder", "model": "oval", "code": "note", "": "box"}


def mermaid(graph: Graph, told: Origins, marked: Container[str] = ()) -> str:
    """A flowchart for Mermaid: stale edges are dashed, and what is missing; what is `marked` has a thick rim."""
    names = {node.ref: f"n{number}" for number, node in enumerate(graph.nodes)}
    lines = ["flowchart LR"]
    for node in graph.nodes:
        before, after = _SHAPES[_sort(node.kind)]
        lines.append(f"  {names[node.ref]}{before}{_mermaid(node.ref)}{after}{':::missing' * node.missing}")
    for edge, label in _labelled(graph):
        arrow = "-.->" if edge.stale else "-->"
        lines.append(f'  {names[edge.source]} {arrow}|"{_mermaid(label)}"| {names[edge.target]}')
    lines += [f'  click {names[ref]} href "{link}"' for ref, link in _links(graph, told)]
    if any(node.missing for node in graph.nodes):
        lines.append("  classDef missing stroke-dasharray: 4")
    thick = [names[node.ref] for node in graph.nodes if node.ref in marked]
    if thick:
        lines += ["  classDef marked stroke-width:4px", f"  class {','.join(thick)} marked"]
    return joined(lines)


def dot(graph: Graph, told: Origins) -> str:
    """A digraph for Graphviz, whose nodes are named by their refs."""
    links = dict(_links(graph, told))
    lines = ["digraph lineage {", "  rankdir=LR;", '  node [fontname="Helvetica"]; edge [fontname="Helvetica"];']
    for node in graph.nodes:
        words = [f"shape={_DOT_SHAPES[_sort(node.kind)]}", *(["style=dashed"] if node.missing else [])]
        words += [f"URL={_dot(links[node.ref])}"] if node.ref in links else []
        lines.append(f"  {_dot(node.ref)} [{', '.join(words)}];")
    for edge, label in _labelled(graph):
        words = [f"label={_dot(label)}", *(["style=dashed", "color=red"] if edge.stale else [])]
        lines.append(f"  {_dot(edge.source)} -> {_dot(edge.target)} [{', '.join(words)}];")
    return joined([*lines, "}"])


def _labelled(graph: Graph) -> Iterator[tuple[Edge, str]]:
    """One arrow for all edges between two nodes, stale if one of them is, and what is written beside it."""
    for _ends, edges in groupby(graph.edges, key=lambda edge: (edge.source, edge.target)):
        several = list(edges)
        stale = next((edge for edge in several if edge.stale), None)
        roles = ", ".join(dict.fromkeys(edge.role for edge in several))
        label = f"{roles}, stale: {short(stale.hash)}, now {short(stale.current)}" if stale else roles
        yield stale or several[0], label


def _links(graph: Graph, told: Origins) -> Iterator[tuple[str, str]]:
    found: dict[str, str] = {}
    for edge in graph.edges:
        link = told.link(edge)
        if link:
            found.setdefault(edge.source, link)
    yield from sorted(found.items())


def _sort(kind: str) -> str:
    return "data" if kind in _DATA else "model" if kind in _MODELS else "code" if kind == "code" else ""


def _mermaid(text: str) -> str:
    return _MERMAID.sub(lambda found: f"#{ord(found[0])};", printable(text))


def _dot(text: str) -> str:
    escaped = printable(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
