"""All kinds of a store: from ref to path and back, by the templates alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import combinations
from typing import Any, NamedTuple

from gitml.errors import BadRef, NotFound, Problem
from gitml.records.nearest import nearest
from gitml.records.reader import marks, read_slowly
from gitml.records.ref import VERSION, Ref
from gitml.records.schema import Kind, Shape, kind_of, read_kind
from gitml.records.template import OWN_FOLDER, SCHEMAS, SERIES

STORE = "store"
META = "meta-schema"
FOLDER = SCHEMAS
_MAJOR = re.compile(r"[1-9][0-9]{0,3}")
_OURS = re.compile(
    rb"^[ \t]*[\"']?x-gitml\b|^[ \t]*[\"']?\$id[\"']?\s*:\s*[\"']?[a-z][a-z0-9-]*/[0-9]+[\"']?[ \t\r]*$", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class SchemaFile:
    """One schema file as read: its data where it is usable, else the problems.

    `where` names the store that its data are read from, where they are read when they are asked for: what is worked out
    of a file is shared by all who hold it, but a store must not be asked for what another one has.
    """

    path: str
    blob: str
    data: Mapping[str, Any] | None = field(compare=False)
    problems: tuple[Problem, ...] = ()
    where: str = ""


def is_schema_path(path: str) -> bool:
    """Whether a path (relative to the store) is that of a schema file."""
    return path.startswith(FOLDER) and path.endswith(".yaml") and "/" not in path[len(FOLDER) :]


def is_ours(raw: bytes) -> bool:
    """Whether a file in `schemas/` is gitml's, and not some other tool's."""
    return _OURS.search(raw) is not None


def read_schema(raw: bytes, path: str, blob: str, meta: Shape) -> SchemaFile:
    """Read and check one schema file against the meta-schema; costly, so callers keep the result by blob."""
    parsed = read_slowly(raw, path)
    if parsed.data is None:
        problems = tuple(replace(problem, code="schema.invalid") for problem in parsed.problems)
        return SchemaFile(path, blob, None, problems)
    if str(parsed.data.get("$id")).startswith(f"{META}/"):
        return SchemaFile(path, blob, None)
    kind = read_kind(parsed.data, path, blob, meta)
    return (
        SchemaFile(path, blob, None, _placed(kind, raw))
        if isinstance(kind, list)
        else SchemaFile(path, blob, parsed.data)
    )


def _placed(problems: list[Problem], raw: bytes) -> tuple[Problem, ...]:
    """Problems of a schema file with line and column: those of the field, or of the mapping that lacks it."""
    places = {".".join(map(str, path)): place for path, place in marks(raw).items()}
    found = [(problem, places.get(problem.field or "", (None, None))) for problem in problems]
    return tuple(replace(problem, line=line, column=column) for problem, (line, column) in found)


class Place(NamedTuple):
    """Where a path stands: its kind, and the file names in the places of the template's keys."""

    kind: Kind
    names: Mapping[str, str]


@lru_cache(maxsize=256)
def _kind(file: SchemaFile) -> Kind | None:
    """The kind that a file defines: one for all snapshots that hold the file, since much is worked out from it."""
    return None if file.data is None else kind_of(file.data, file.path, file.blob)


def _once(kinds: list[Kind]) -> tuple[list[Kind], list[Problem]]:
    """The kinds of one store, each but once, and a problem for each file that defines one again."""
    kept: dict[str, Kind] = {}
    problems = []
    for kind in kinds:
        first = kept.setdefault(kind.tag, kind)
        if first is not kind:
            told = f"{kind.tag} is defined by {first.path} already"
            hint = "give it another name, or the next major"
            problems.append(Problem("schema.invalid", kind.path, told, hint, field="$id"))
    return list(kept.values()), problems


class Schemas:
    """The kinds that hold in a snapshot: of layers of schema files, the later layer's kinds win."""

    def __init__(
        self, packaged: Iterable[SchemaFile], own: Iterable[SchemaFile] = (), asker: Iterable[SchemaFile] = ()
    ) -> None:
        """`own` are the snapshot's files, `asker` those of the store that asks: for kinds that `own` does not have."""
        self.kinds: dict[tuple[str, int], Kind] = {}
        self.latest: dict[str, Kind] = {}
        own, packaged = tuple(own), tuple(packaged)
        twice: list[Problem] = []
        for layer in (packaged, asker, own):
            kinds = [kind for file in layer if (kind := _kind(file)) is not None]
            if layer is own:
                kinds, twice = _once(kinds)
            self.kinds.update({(kind.name, kind.major): kind for kind in kinds})
            self.latest.update({kind.name: kind for kind in sorted(kinds, key=lambda kind: kind.major)})
        self.problems: tuple[Problem, ...] = tuple(problem for file in own for problem in file.problems)
        shipped = frozenset(kind.name for file in packaged if (kind := _kind(file)) is not None)
        self.problems += (*twice, *self._overlaps(shipped, own))
        self._index: dict[tuple[int, str, str], list[Kind]] = {}
        for kind in self.latest.values():
            self._index.setdefault(_bucket(kind.template.text.split("/")), []).append(kind)

    def _overlaps(self, shipped: frozenset[str], own: tuple[SchemaFile, ...]) -> Iterator[Problem]:
        """Templates that share a path: a shipped kind stays, of others the one that was before the store's own."""
        blobs, paths = ({file.blob for file in own}, {file.path for file in own})
        for one, other in combinations(list(self.latest.values()), 2):
            if not one.template.overlaps(other.template):
                continue
            first, last = sorted(
                (one, other), key=lambda kind: (kind.name not in shipped, kind.blob in blobs, kind.name)
            )
            if first.name not in self.latest or last.name not in self.latest:
                continue
            del self.latest[last.name]
            if last.path in paths:
                told = f"the template {last.template.text} overlaps that of {first.name}, {first.template.text}"
                yield Problem("schema.invalid", last.path, told, "give it a folder of its own", field="x-gitml.path")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schemas) and self.latest == other.latest and self.problems == other.problems

    def __hash__(self) -> int:
        return hash(tuple(self.latest.values()))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all kinds, sorted; the settings file is none."""
        return tuple(name for name in sorted(self.latest) if name != STORE)

    def kind(self, name: str) -> Kind:
        """The newest major of a kind; raises NotFound with the nearest names."""
        found = self.latest.get(name)
        if found is None:
            raise NotFound(
                f"there is no kind {name!r}",
                near=nearest(name, self.names),
                hint="a new kind is a new file in schemas/",
            )
        return found

    def blobs(self, name: str) -> tuple[str, ...]:
        """What a kind's schemas are, in all majors: where these are the same, so is all that they say."""
        return tuple(sorted(kind.blob for (other, _major), kind in self.kinds.items() if other == name))

    def major_of(self, data: Mapping[str, Any], place: Kind) -> Kind:
        """The kind in the major that a record names, where there is a schema for it."""
        tag = data.get("schema")
        name, _slash, major = tag.partition("/") if isinstance(tag, str) else ("", "", "")
        if name == place.name and _MAJOR.fullmatch(major):
            return self.kinds.get((name, int(major)), place)
        return place

    def path(self, ref: Ref) -> str:
        """The path of a ref's record, relative to the store; raises BadRef or NotFound."""
        kind = self.kind(ref.kind)
        wanted = kind.template.keys
        if len(ref.keys) != len(wanted):
            raise BadRef(f"{ref} does not name a {kind.name}", hint=f"write {self.form(kind)}")
        return kind.template.path(ref.keys)

    def form(self, kind: Kind) -> str:
        """How a ref to a kind is written, for messages."""
        keys = kind.template.keys
        if kind.name.endswith(VERSION):
            return f"{kind.name.removesuffix(VERSION)}/NAME@VERSION"
        return "/".join([kind.name, *(key.upper() for key in keys)])

    def place(self, path: str) -> Place | None:
        """Which kind's template a path fits, if any."""
        parts = path.split("/")
        for bucket in _buckets(parts):
            for kind in self._index.get(bucket, ()):
                names = kind.template.match(path)
                if names is not None:
                    return Place(kind, names)
        return None

    def is_record_path(self, path: str) -> bool:
        """Whether a record belongs there: some template fits, or it is YAML in our own folder."""
        if path.startswith(SERIES):
            return False
        return (path.startswith(OWN_FOLDER) and path.endswith((".yaml", ".yml"))) or self.place(path) is not None

    def ref(self, place: Place, data: Mapping[str, Any]) -> Ref:
        """The ref of the record at a place; raises BadRef where the path is not the one of its name."""
        return Ref(place.kind.name, place.kind.template.exact(place.names, data))

    def folders(self) -> dict[str, str]:
        """The folder below `metadata/` of each kind that has one, with the kind's name."""
        found: dict[str, str] = {}
        for kind in sorted(self.latest.values(), key=lambda kind: kind.addressing == "version"):
            parts = kind.template.text.split("/")
            if not kind.template.adopted and len(parts) > 2:  # noqa: PLR2004
                found.setdefault(parts[1], kind.name)
        return found


def _bucket(parts: list[str]) -> tuple[int, str, str]:
    first, second = (part if "{" not in part else "*" for part in [*parts, "", ""][:2])
    return len(parts), first, second


def _buckets(parts: list[str]) -> Iterator[tuple[int, str, str]]:
    count, first, second = _bucket(parts)
    yield count, first, second
    yield count, first, "*"
    yield count, "*", second
    yield count, "*", "*"
