"""What one record says of its lineage, without the record: what it names, reads, writes and points to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from gitml.records.record import segment
from gitml.records.ref import VERSION, Ref
from gitml.records.schema import Kind
from gitml.views.lineage.held import OUTPUT, STAGE, Held, hash_of, held, listed, where
from gitml.views.lineage.links import Bound, bare, field_name
from gitml.views.lineage.roles import BESIDE, REF, flow

FORMAT: Final = 1
"""Of what a trace says: what was kept in another one is made again (cache key)."""


class Named(NamedTuple):
    """A ref in a record: its role, where it stands, what it names, which way it leads, what stands beside it."""

    role: str
    reason: str
    other: str
    way: str
    hash: str | None
    path: str | None


class Taken(NamedTuple):
    """Bytes that a record reads, writes or names, and where it says so."""

    reason: str
    path: str
    hash: str | None

    @property
    def held(self) -> Held:
        """The bytes."""
        return Held(self.path, self.hash)


class Pointed(NamedTuple):
    """Bytes that a record points to; `elsewhere`: they lie in another repository."""

    reason: str
    path: str
    hash: str | None
    is_dvc: bool
    elsewhere: bool

    @property
    def held(self) -> Held:
        """The bytes."""
        return Held(self.path, self.hash)


class Code(NamedTuple):
    """Code that a record ran."""

    reason: str
    path: str
    hash: str | None
    commit: str | None
    repository: str | None


class Trace(NamedTuple):
    """One record. The last fields are those of what readers make: `deps` and `outs` of a stage, what DVC tracks."""

    ref: str
    kind: str
    is_version: bool
    partakes: bool
    by_dvc: bool
    created: str
    links: tuple[Named, ...]
    pointers: tuple[Pointed, ...]
    inputs: tuple[Taken, ...]
    outputs: tuple[Taken, ...]
    codes: tuple[Code, ...]
    derived: bool = False
    deps: tuple[Taken, ...] = ()
    outs: tuple[Taken, ...] = ()
    tracked: Taken | None = None
    alone: bool = False
    origin: Mapping[str, Any] | None = None

    @property
    def head(self) -> str:
        """The ref of what this is a version of."""
        return str(Ref(self.kind.removesuffix(VERSION), Ref.parse(self.ref).keys[:1]))

    def tokens(self) -> Iterator[str]:
        """By what it is found: its name, the refs that it names, the paths and bytes that it reads and writes."""
        yield own(self.ref)
        yield from (naming(one.other, one.way) for one in self.links)
        if self.is_version:
            yield versions(self.head)
        for path in self._looks_at():
            yield at(path)
            yield from (below(folder) for folder in around(path))
        yield from (reads(one.path, one.hash) for one in (*self.inputs, *self.deps))
        yield from (points(one.path, one.hash) for one in self.pointers)
        yield from (writes(one.path, one.hash) for one in self.outputs)
        yield from (makes(one.path) for one in self.outs)
        yield from (runs(one.path) for one in self.codes)

    def _looks_at(self) -> Iterator[str]:
        """The paths that it reads, points to or is imported from."""
        yield from (one.path for one in (*self.inputs, *self.deps))
        yield from (one.path for one in self.pointers)
        place = self.origin.get("url") if self.origin else None
        if isinstance(place, str):
            yield place


def own(ref: str) -> str:
    """The token of a record itself."""
    return f"@{ref}"


def naming(ref: str, way: str) -> str:
    """That of records that name another, which comes before or after them."""
    return f"{way} {ref}"


def versions(head: str) -> str:
    """That of the versions of something."""
    return f"version {head}"


def at(path: str) -> str:
    """That of who reads a path, or points to it."""
    return f"at {path}"


def below(folder: str) -> str:
    """That of who reads something in a folder."""
    return f"in {folder}"


def around(path: str) -> Iterator[str]:
    """The folders around a path."""
    while path := path.rpartition("/")[0]:
        yield path


def reads(path: str, hashed: str | None) -> str:
    """That of who reads bytes."""
    return f"reads {hashed} {path}"


def points(path: str, hashed: str | None) -> str:
    """That of who points to bytes."""
    return f"points {hashed} {path}"


def writes(path: str, hashed: str | None) -> str:
    """That of who wrote bytes."""
    return f"writes {hashed} {path}"


def makes(path: str) -> str:
    """That of the stages that make what lies at a path."""
    return f"makes {path}"


def runs(path: str) -> str:
    """That of who ran code."""
    return f"runs {path}"


def traced(one: Bound) -> Trace:
    """What a record says."""
    data, record = one.record.data, one.record
    created = data.get("created")
    found = Trace(
        one.ref,
        record.kind,
        one.kind is not None and one.kind.addressing == "version",
        one.kind is not None and takes_part(one.kind),
        data.get("origin") == "dvc",
        created if isinstance(created, str) else "",
        tuple(_links(one)),
        tuple(_pointers(one)),
        tuple(_taken(data, "inputs")),
        tuple(_taken(data, "outputs")),
        tuple(_codes(data)),
        record.derived,
    )
    return _of_dvc(one, found) if record.kind in (STAGE, OUTPUT) else found


def _of_dvc(one: Bound, found: Trace) -> Trace:
    data = one.record.data
    if found.kind == STAGE:
        sides = ((Taken(where(one.record, of), *of) for of in listed(data.get(name))) for name in ("deps", "outs"))
        deps, outs = map(tuple, sides)
        return found._replace(deps=deps, outs=outs, inputs=())
    says = str(data.get("source") or one.record.path)
    bytes_of = held(data)
    tracked = Taken(says, *bytes_of) if bytes_of else None
    come = data.get("import")
    origin = come if isinstance(come, Mapping) else None
    return found._replace(tracked=tracked, alone=not data.get("stage"), origin=origin)


def takes_part(kind: Kind) -> bool:
    """Whether records of a kind belong in a lineage though nothing should lead to them or from them."""
    flows = (flow(kind.name, field.pattern[0], field.role) for field in kind.shape.refs)
    return kind.name == OUTPUT or any(way != BESIDE for way in flows)


def _links(one: Bound) -> Iterator[Named]:
    for link, way in one.links:
        beside = _beside(one.record.data, link.at)
        read = held(beside)
        role, reason = link.role or REF, field_name(link.at)
        yield Named(role, reason, bare(link.text), way, hash_of(beside), read.path if read else None)


def _beside(data: Mapping[str, Any], at: tuple[str | int, ...]) -> Mapping[str, Any]:
    """`{ref: …, md5: …}`: what stands beside a ref."""
    if at[-1] != "ref":
        return {}
    inner: Any = data
    for step in at[:-1]:
        inner = inner[step]
    return inner if isinstance(inner, Mapping) else {}


def _pointers(one: Bound) -> Iterator[Pointed]:
    for name, found, item in one.pointers:
        yield Pointed(name, *found, item.get("type") == "dvc", bool(item.get("repository")))


def _taken(data: Mapping[str, Any], name: str) -> Iterator[Taken]:
    """The bytes in a map of inputs or outputs, each with the name of its field."""
    items = data.get(name)
    for key, item in items.items() if isinstance(items, Mapping) else ():
        found = held(item)
        if found is not None:
            yield Taken(f"{name}.{segment(key)}", *found)


def _codes(data: Mapping[str, Any]) -> Iterator[Code]:
    code = data.get("code")
    if isinstance(code, Mapping):
        yield from _code(code, code, "code")
        yield from _code(code.get("notebook"), code, "code.notebook")
    steps = data.get("preprocessing")
    for number, step in enumerate(steps if isinstance(steps, list | tuple) else ()):
        inner = step.get("code") if isinstance(step, Mapping) else None
        yield from _code(inner, inner, f"preprocessing[{number}].code")


def _code(item: Any, code: Any, name: str) -> Iterator[Code]:
    """A code path at the commit that the record names."""
    path = item.get("path") if isinstance(item, Mapping) else None
    if not isinstance(path, str):
        return
    commit, blob, elsewhere = (code.get(key) for key in ("commit", "blob", "repository"))
    yield Code(
        f"{name}.path",
        path,
        f"git:{blob}" if isinstance(blob, str) and item is code else None,
        commit if isinstance(commit, str) else None,
        elsewhere if isinstance(elsewhere, str) else None,
    )
