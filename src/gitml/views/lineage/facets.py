"""What a record was made of and how, field by field: data, params, code, environment, and which model it is about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gitml.records.record import MISSING, flatten, leaves, same
from gitml.views.lineage.held import OUTPUT, STAGE, Held, hash_of, held, listed
from gitml.views.lineage.links import Bound, bare, field_name
from gitml.views.lineage.parts import Edge
from gitml.views.lineage.roles import BEFORE, CODE, HOW

DATA, PARAMS, CODES, ENVIRONMENT, MODEL = "data", "params", "code", "environment", "model"
SORTS: Final = (MODEL, DATA, PARAMS, CODES, ENVIRONMENT)
"""In the order in which they are told of one pair."""

_PARAMS = ("params", "hyperparameters", "seeds", "preprocessing")
_CODE = ("path", "function", "command", "repository", "blob")
_MODELS = frozenset(["points_to", "deploys", "evaluates"])
_MODEL = "model-version"
_MAKERS = frozenset(["produced_by", "instance_of"])


@dataclass(frozen=True, slots=True)
class Facet:
    """One field: its value and, for data, the hash of the bytes."""

    value: Any
    hash: str | None = None


Facets = Mapping[tuple[str, str], Facet]
"""By what they are and the field's name."""

Find = Callable[[str], Bound | None]
"""A record by its ref."""


def facets(one: Bound, find: Find, before: Iterable[Edge]) -> Facets:
    """What stands in a record, and in the edges that lead to it, of how it was made."""
    edges = tuple(before)
    found = dict(_data(one, edges))
    found |= {(PARAMS, name): Facet(value) for name, value in _params(one, find)}
    found |= {(CODES, name): Facet(value) for name, value in _code(one, edges)}
    found |= {(ENVIRONMENT, name): Facet(value) for name, value in _environment(one, find)}
    return found


def differing(a: Facets, b: Facets) -> Iterator[tuple[str, str, Any, Any]]:
    """The facets that differ: what, the field, and both values (MISSING where one side has none)."""
    absent = Facet(MISSING)
    for what in SORTS:
        for sort, name in {**a, **b}:
            if sort != what or (what == CODES and _goes_without_saying(a, b, name)):
                continue
            left, right = a.get((sort, name), absent), b.get((sort, name), absent)
            if what == DATA and _is_same_data(left, right):
                continue
            if not same(left.value, right.value):
                yield what, name, left.value, right.value
            elif what == DATA and left.hash and right.hash:
                yield what, name, left.hash, right.hash


def _goes_without_saying(a: Facets, b: Facets, name: str) -> bool:
    """Every run has a commit of its own: that counts only where nothing nearer tells whether its code is another."""
    if name not in ("code.commit", "code.tree"):
        return False
    is_same = {part: _both(a, b, (CODES, f"code.{part}")) for part in ("blob", "tree", "commit")}
    if is_same["blob"]:
        return True
    return is_same["commit"] is False if name == "code.tree" else is_same["tree"] is True


def _both(a: Facets, b: Facets, key: tuple[str, str]) -> bool | None:
    """Whether both sides say the same; None where one says nothing."""
    return a[key].value == b[key].value if key in a and key in b else None


def _is_same_data(left: Facet, right: Facet) -> bool:
    if left.hash and right.hash and _sort(left.hash) == _sort(right.hash):
        return left.hash == right.hash
    return same(left.value, right.value)


def _sort(hashed: str) -> str:
    return hashed.partition(":")[0]


def _data(one: Bound, edges: Iterable[Edge]) -> Iterator[tuple[tuple[str, str], Facet]]:
    codes = {edge.path for edge in edges if edge.role == CODE}
    for link, way in one.links:
        if way == BEFORE and link.role not in HOW | _MAKERS:
            name = field_name(link.at).removesuffix(".ref")
            yield (MODEL if link.role in _MODELS else DATA, name), Facet(bare(link.text), _hash_at(one, link.at))
    for field, items in (("inputs", one.record.data.get("inputs")), ("deps", one.record.data.get("deps"))):
        for name, item, found in _items(field, items):
            if found.path not in codes and not (isinstance(item, Mapping) and "ref" in item):
                yield (DATA, name), Facet(found.path if found.hash is None else found.hash, found.hash)
    own = _own(one)
    if own is not None:
        yield (DATA, "pointer"), Facet(own.hash, own.hash)


def _own(one: Bound) -> Held | None:
    """The bytes of raw data, of which nobody says what it was made of; of a model they are what is to be explained."""
    if one.record.kind == OUTPUT:
        return None if one.record.data.get("stage") else held(one.record.data)
    made = one.record.kind == _MODEL or "produced_by" in one.roles()
    return None if made else held(one.record.data.get("pointer"))


def _items(field: str, items: Any) -> Iterator[tuple[str, Any, Held]]:
    if isinstance(items, Mapping):
        yield from ((field_name((field, key)), item, found) for key, item in items.items() if (found := held(item)))
    else:
        yield from ((f"{field}[path={found.path}]", None, found) for found in listed(items))


def _hash_at(one: Bound, at: tuple[str | int, ...]) -> str | None:
    inner: Any = one.record.data
    for step in at[:-1]:
        inner = inner[step]
    return hash_of(inner) if at[-1] == "ref" and isinstance(inner, Mapping) else None


def _params(one: Bound, find: Find) -> Iterator[tuple[str, Any]]:
    run = find(str(one.record.data.get("run"))) if one.record.kind == STAGE else None
    data = (run or one).record.data  # what a stage ran with, rather than what stands in the tree now
    for name in _PARAMS:
        if name in data:
            yield from flatten({name: data[name]}).items()
    if "algorithm" in data:
        yield "algorithm", data["algorithm"]


def _code(one: Bound, edges: Iterable[Edge]) -> Iterator[tuple[str, Any]]:
    if "command" in one.record.data:
        yield "command", one.record.data["command"]
    code = one.record.data.get("code")
    if isinstance(code, Mapping):
        yield from ((f"code.{name}", code[name]) for name in (*_CODE, "tree", "commit") if name in code)
        yield from ((f"code.{name}", value) for name, value in flatten({"notebook": code.get("notebook")}).items())
    for edge in edges:
        if edge.role == CODE and edge.hash and not edge.reason.startswith("code"):
            yield edge.path or edge.source, edge.hash


def _environment(one: Bound, find: Find) -> Iterator[tuple[str, Any]]:
    data = one.record.data
    yield from flatten({name: data[name] for name in ("framework", "host") if name in data}).items()
    ref = data.get("environment")
    there = find(bare(ref)) if isinstance(ref, str) else None
    if there is not None:
        told = {name: value for name, value in there.record.data.items() if name not in ("schema", "name", "tags")}
        key = there.kind.list_key if there.kind else (lambda _pattern: None)
        yield from leaves(told, key).items()
    elif ref is not None:
        yield "environment", ref
