"""The names that a template may use: values that know the file and key they came from.

Where a value came from matters twice: DVC lists the vars that a stage used among its params, and it writes a value
from a var otherwise than one that stands in the stage itself (`True` and `true` in a generated name).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gitml.errors import Problem


class Unresolved(ValueError):
    """Why a template, its vars or a stage cannot be resolved.

    `problem`: the fault of another file that is the cause.
    """

    def __init__(self, message: str, problem: Problem | None = None) -> None:
        super().__init__(message)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Origin:
    """The file that a value came from, and its dotted key there."""

    file: str
    key: str


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value without values in it."""

    value: Any
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class Items:
    """A list of values."""

    nodes: list[Node]
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Values by name."""

    nodes: dict[str, Node] = field(default_factory=dict)


Node = Leaf | Items | Table


def node(value: Any, file: str | None = None, key: str = "") -> Node:
    """A value as a node; of a mapping only keys that are text can be named, and are kept."""
    if isinstance(value, Leaf | Items | Table):
        return value
    origin = None if file is None else Origin(file, key)
    if isinstance(value, list):
        return Items([node(inner, file, _below(key, number)) for number, inner in enumerate(value)], origin)
    if isinstance(value, Mapping):
        named = ((name, inner) for name, inner in value.items() if isinstance(name, str))
        return Table({name: node(inner, file, _below(key, name)) for name, inner in named})
    return Leaf(value, origin)


def plain(found: Any) -> Any:
    """The value of a node; what is none stays as it is."""
    if isinstance(found, Leaf):
        return found.value
    if isinstance(found, Items):
        return [plain(inner) for inner in found.nodes]
    if isinstance(found, Table):
        return {name: plain(inner) for name, inner in found.nodes.items()}
    return found


def weight(found: Node) -> int:
    """How many nodes a node has, itself included."""
    if isinstance(found, Leaf):
        return 1
    inner = found.nodes if isinstance(found, Items) else found.nodes.values()
    return 1 + sum(map(weight, inner))


def _below(key: str, step: str | int) -> str:
    return f"{key}.{step}" if key else str(step)


@dataclass(slots=True)
class Scope:
    """The names at one place: all vars of a file, or those of one stage.

    `files`: what was loaded already, whole (None) or by these keys. `reserved`: names that no vars may take, such as
    `item` inside a foreach. `used`: what templates took out of files, by file and dotted key.
    """

    table: Table = field(default_factory=Table)
    files: dict[str, tuple[str, ...] | None] = field(default_factory=dict)
    reserved: frozenset[str] = frozenset()
    used: dict[str, dict[str, Any]] = field(default_factory=dict)

    def find(self, expression: str) -> Node:
        """The node that `a.b[0].c` names; Unresolved."""
        found: Node = self.table
        for step in expression.replace("[", ".").replace("]", "").split("."):
            inner = _step(found, step.strip())
            if inner is None:
                raise Unresolved(f"the var {expression.strip()} is not defined")
            found = inner
        if not isinstance(found, Table) and found.origin is not None:
            self.used.setdefault(found.origin.file, {})[found.origin.key] = plain(found)
        return found

    def add(self, other: Table) -> None:
        """Add names; one that is there already clashes. Unresolved."""
        taken = self.reserved & other.nodes.keys()
        if taken:
            raise Unresolved(f"vars may not set {', '.join(sorted(taken))} here")
        _merge(self.table, other, ())

    def copy(self) -> Scope:
        """A scope of one stage's own, to which vars can be added."""
        return Scope(_copy(self.table), dict(self.files), self.reserved)

    def inside(self, **names: Any) -> Scope:
        """A scope that has these names too, hiding others of the same name."""
        added = {name: node(value) for name, value in names.items()}
        return Scope(Table(self.table.nodes | added), self.files, self.reserved | added.keys())


def _step(found: Node, step: str) -> Node | None:
    if isinstance(found, Table):
        return found.nodes.get(step)
    if isinstance(found, Items):
        try:
            return found.nodes[int(step)]
        except (ValueError, IndexError):
            return None
    return None


def _merge(into: Table, other: Table, way: tuple[str, ...]) -> None:
    for name, new in other.nodes.items():
        there = into.nodes.get(name)
        if isinstance(there, Table) and isinstance(new, Table):
            _merge(there, new, (*way, name))
        elif name in into.nodes:
            places = " and ".join(sorted({source for value in (there, new) for source in _sources(value)}))
            raise Unresolved(f"the var {'.'.join((*way, name))} stands twice{f' ({places})' if places else ''}")
        else:
            into.nodes[name] = new


def _sources(found: Node | None) -> Iterator[str]:
    """The files that a node came from."""
    if isinstance(found, Table):
        for inner in found.nodes.values():
            yield from _sources(inner)
    elif found is not None and found.origin is not None:
        yield found.origin.file


def _copy(table: Table) -> Table:
    # A list loses its origin, as it does in DVC: what a stage with vars of its own takes of one is not listed.
    copied: dict[str, Node] = {}
    for name, inner in table.nodes.items():
        if isinstance(inner, Table):
            copied[name] = _copy(inner)
        else:
            copied[name] = Items(inner.nodes) if isinstance(inner, Items) else inner
    return Table(copied)
