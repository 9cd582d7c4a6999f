"""`foreach` and `matrix`: one definition becomes many stages, each with an `item` and perhaps a `key`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any

from gitml.repo.readers.dvc.scope import Items, Scope, Table, Unresolved
from gitml.repo.readers.dvc.template import Filler, told

STAGES = 10_000
"""Stages that one definition may become."""

FOREACH, MATRIX, DO = "foreach", "matrix", "do"
JOIN = "@"


def unfolded(definition: Mapping[str, Any], filler: Filler) -> tuple[Mapping[str, Any], Iterator[tuple[str, Scope]]]:
    """The template of the stages, and for each what follows its name (`@us`) and the scope it is filled from."""
    if MATRIX in definition:
        template = {name: value for name, value in definition.items() if name != MATRIX}
        return template, _scopes(filler, _matrix(definition[MATRIX], filler))
    if FOREACH in definition or DO in definition:
        if FOREACH not in definition or not isinstance(definition.get(DO), dict):
            raise Unresolved("foreach and do must stand together, and do must be a stage")
        return definition[DO], _scopes(filler, _foreach(definition[FOREACH], filler))
    return definition, iter([("", filler.scope)])


def _scopes(filler: Filler, names: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, Scope]]:
    if len(names) > STAGES:
        raise Unresolved(f"it unfolds into more than {STAGES:,} stages")
    for key, inserted in names.items():
        filler.work.spend(1 + len(filler.scope.table.nodes))
        yield f"{JOIN}{key}", filler.scope.inside(**inserted)


def _foreach(data: Any, filler: Filler) -> Mapping[str, Mapping[str, Any]]:
    """What each stage has inserted, by the end of its name: a key, an item, or an item's number where it is nested."""
    found = filler.nodes(data)
    named = _named(found)
    if named is not None:
        keyed = {told(key): value for key, value in named.items()}
        return {key: {"key": key, "item": value} for key, value in keyed.items()}
    items = _listed(found)
    if items is None:
        raise Unresolved("foreach goes over a list or a mapping, and this is neither")
    if any(map(_is_nested, items)):
        return {str(number): {"item": value} for number, value in enumerate(items)}
    return {told(value): {"item": value} for value in items}


def _matrix(data: Any, filler: Filler) -> Mapping[str, Mapping[str, Any]]:
    """What each combination has inserted, by the end of its name."""
    found = _named(filler.nodes(data))
    if found is None:
        raise Unresolved("matrix is a mapping of lists, and this is none")
    axes = {name: list(_values(name, value)) for name, value in found.items()}
    combined: dict[str, Mapping[str, Any]] = {}
    for choice in product(*(enumerate(values) for values in axes.values())):
        item = {name: value for name, (_, value) in zip(axes, choice, strict=True)}
        key = "-".join(
            f"{name}{at}" if _is_nested(value) else told(value) for name, (at, value) in zip(axes, choice, strict=True)
        )
        combined[key] = {"key": key, "item": item}
        filler.work.spend(1)
        if len(combined) > STAGES:
            break
    return combined


def _values(name: Any, value: Any) -> Iterable[Any]:
    # DVC goes over whatever can be gone over: a text's letters, a mapping's keys.
    named = _named(value)
    values = value if isinstance(value, str) else _listed(value) if named is None else named
    if values is None:
        raise Unresolved(f"matrix.{name} is no list")
    return values


def _named(found: Any) -> Mapping[Any, Any] | None:
    return found.nodes if isinstance(found, Table) else found if isinstance(found, dict) else None


def _listed(found: Any) -> list[Any] | None:
    return found.nodes if isinstance(found, Items) else found if isinstance(found, list) else None


def _is_nested(value: Any) -> bool:
    return isinstance(value, Items | Table | list | dict)
