"""The graph itself: walks, ways, circles; networkx is the oracle."""

from __future__ import annotations

import pickle
from itertools import pairwise

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitml.errors import BadValue, NotFound
from gitml.views.lineage.graph import Graph
from gitml.views.lineage.parts import Edge, Node


def drawn(*ends: str, root: str | None = None) -> Graph:
    """A graph of edges such as `a>b`; a word alone is a node."""
    edges = [Edge(*text.split(">"), "input", "inputs.x.ref") for text in ends if ">" in text]
    refs = {ref for text in ends for ref in text.split(">")}
    return Graph.of([Node(ref, "run") for ref in refs], edges, root)


ENDS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=30)


def random_graph(ends: list[tuple[int, int]]) -> Graph:
    return drawn("0", "1", *(f"{source}>{target}" for source, target in ends))


@given(ENDS, st.integers(0, 1), st.one_of(st.none(), st.integers(0, 4)))
def test_closures_are_those_of_networkx(ends: list[tuple[int, int]], root: int, depth: int | None) -> None:
    whole = random_graph(ends)
    down = nx.single_source_shortest_path_length(whole.to_networkx(), str(root), cutoff=depth)
    up = nx.single_source_shortest_path_length(whole.to_networkx().reverse(), str(root), cutoff=depth)
    assert {
        node.ref: whole.downstream(str(root), depth).depth(node.ref) for node in whole.downstream(str(root), depth)
    } == down
    assert {
        node.ref: whole.upstream(str(root), depth).depth(node.ref) for node in whole.upstream(str(root), depth)
    } == up
    around = whole.around(str(root), depth)
    assert set(around.refs) == down.keys() | up.keys()
    assert all(around.depth(ref) == min(down.get(ref, 99), up.get(ref, 99)) for ref in around.refs)


@given(ENDS)
def test_a_part_has_all_edges_between_its_nodes(ends: list[tuple[int, int]]) -> None:
    whole = random_graph(ends)
    part = whole.upstream("1")
    inside = set(part.refs)
    assert part.edges == tuple(edge for edge in whole.edges if {edge.source, edge.target} <= inside)


@given(ENDS)
def test_circles_are_those_of_networkx(ends: list[tuple[int, int]]) -> None:
    whole = random_graph(ends)
    there = whole.to_networkx()
    wanted = [sorted(group) for group in nx.strongly_connected_components(there) if len(group) > 1]
    wanted += [[node] for node in there if there.has_edge(node, node) and not any(node in group for group in wanted)]
    assert [list(group) for group in whole.cycles] == sorted(wanted)


@given(ENDS)
def test_a_way_is_the_shortest(ends: list[tuple[int, int]]) -> None:
    whole = random_graph(ends)
    there = whole.to_networkx()
    for graph, direction in ((there, "down"), (there.reverse(), "up")):
        if nx.has_path(graph, "0", "1"):
            found = whole.path("0", "1")
            assert found.direction == direction
            assert len(found) == nx.shortest_path_length(graph, "0", "1") + 1
            pairs = set(pairwise(found.refs)) if direction == "down" else {(b, a) for a, b in pairwise(found.refs)}
            assert pairs <= {(edge.source, edge.target) for edge in found.edges}
            return
    assert len(whole.path("0", "1")) == 0


def test_of_several_shortest_ways_it_is_always_the_same() -> None:
    assert drawn("a>c", "c>d", "a>b", "b>d", "a>e", "e>d").path("a", "d").refs == ("a", "b", "d")


def test_nodes_stand_by_depth_then_ref_and_without_a_root_by_ref() -> None:
    whole = drawn("z>m", "a>m", "m>k", "a>z")
    assert whole.refs == ("a", "k", "m", "z")
    assert whole.upstream("k").refs == ("k", "m", "a", "z")
    assert whole.root is None
    assert (whole.upstream("k").root, whole.upstream("k").direction) == ("k", "up")
    assert whole.depth("z") == 0


def test_a_long_lineage_is_walked_without_calls() -> None:
    whole = drawn(*(f"{number:06}>{number + 1:06}" for number in range(30_000)))
    assert len(whole.upstream("030000")) == 30_001
    assert whole.path("000000", "030000").depth("030000") == 30_000
    assert whole.cycles == ()
    round_about = drawn(*(f"{number:06}>{(number + 1) % 30_000:06}" for number in range(30_000)))
    assert [len(group) for group in round_about.cycles] == [30_000]


def test_what_is_not_there_is_told_with_what_is_near() -> None:
    whole = drawn("run/wine/1>model/wine@1", "model/rose@1")
    with pytest.raises(NotFound, match=r"model/wine@2 is not in this lineage \(nearest: model/wine@1") as told:
        whole.upstream("model/wine@2")
    assert told.value.code == "not-found"
    with pytest.raises(BadValue, match="has no root"):
        whole.upstream()
    assert "model/wine@2" not in whole
    assert "model/wine@1" in whole
    assert whole["model/wine@1"].kind == "run"
    assert 7 not in whole


def test_a_part_of_a_part_stays_inside() -> None:
    whole = drawn("a>b", "b>c", "c>d", "x>c")
    part = whole.upstream("b")
    assert part.downstream("a").refs == ("a", "b")
    assert whole.upstream("d", depth=2).upstream("d").refs == ("d", "c", "b", "x")
    assert whole.upstream("d", depth=0).refs == ("d",)


def test_stale_is_a_matter_of_two_hashes_of_one_sort() -> None:
    def edge(recorded: str | None, current: str | None) -> Edge:
        return Edge("a", "b", "input", "dvc.lock", recorded, current)

    assert edge("md5:1", "md5:2").stale
    assert not any(
        edge(*pair).stale for pair in (("md5:1", "md5:1"), ("md5:1", None), (None, "md5:1"), ("md5:1", "sha256:2"))
    )
    several = Graph.of([Node("a", "run"), Node("b", "run")], [edge("md5:1", "md5:2"), edge("md5:1", "md5:1")])
    assert several.stale() == (edge("md5:1", "md5:2"),)
    assert several.only(several.stale()).edges == several.stale()


def test_how_things_were_made_can_be_left_out() -> None:
    nodes = [
        Node(ref, ref.partition("/")[0]) for ref in ("code/train.py", "environment/x", "run/wine/1", "dataset/a@1")
    ]
    edges = [
        Edge("code/train.py", "run/wine/1", "code", "code.path"),
        Edge("environment/x", "run/wine/1", "runs_in", "environment"),
        Edge("dataset/a@1", "run/wine/1", "input", "inputs.a.ref"),
    ]
    whole = Graph.of(nodes, edges)
    assert whole.without_how().refs == ("dataset/a@1", "run/wine/1")
    # Whoever asks for a script wants to know what it made.
    from_code = Graph.of(nodes, edges, root="code/train.py").without_how()
    assert from_code.downstream().refs == ("code/train.py", "run/wine/1")


def test_rows_tables_and_networkx_say_the_same() -> None:
    edge = Edge("dvc-stage/a", "dvc-stage/b", "input", "dvc.lock", "md5:1", "md5:2", "x.csv")
    whole = Graph.of(
        [Node("dvc-stage/a", "dvc-stage", derived=True), Node("dvc-stage/b", "dvc-stage", derived=True)], [edge]
    )
    part = whole.upstream("dvc-stage/b")
    assert part.node_rows().rows == (
        {"ref": "dvc-stage/b", "kind": "dvc-stage", "depth": 0, "derived": True, "missing": False},
        {"ref": "dvc-stage/a", "kind": "dvc-stage", "depth": 1, "derived": True, "missing": False},
    )
    told = {"role": "input", "reason": "dvc.lock", "hash": "md5:1", "current": "md5:2", "stale": True, "path": "x.csv"}
    assert part.edge_rows().rows == ({"from": "dvc-stage/a", "to": "dvc-stage/b", **told},)
    frame = part.edge_table()
    assert list(frame.columns) == ["from", "to", "role", "reason", "hash", "current", "stale", "path", "commit"]
    assert frame.loc[0, "stale"]
    assert list(part.node_table()["depth"]) == [0, 1]
    there = part.to_networkx()
    assert there.nodes["dvc-stage/a"] == {"kind": "dvc-stage", "depth": 1, "derived": True, "missing": False}
    assert list(there.edges(data=True)) == [("dvc-stage/a", "dvc-stage/b", told)]
    assert repr(part) == "<Graph of 2 nodes, 1 edges up from dvc-stage/b>"
    assert pickle.loads(pickle.dumps(edge)) == edge  # noqa: S301  (our own)
