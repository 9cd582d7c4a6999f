"""Model indexes (`model-index.yml`, `metafile.yml`): collections of models with their results, many to a file.

The format is loose, and its files looser: field names in any case, one mapping where a list is meant, text where a
number is, models without name, results or collection. All of it is kept as written; what cannot be kept is a problem.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gitml.errors import WARNING, Problem
from gitml.repo.data.plain import Unreadable, line_of
from gitml.repo.readers.values import load_values

READER = "model-index"

Data = Mapping[str, Any]

_FILES = frozenset(f"{stem}.{ending}" for stem in ("metafile", "model-index") for ending in ("yml", "yaml"))
_FIELDS = {"name", "alias", "in collection", "metadata", "config", "results", "weights", "paper", "readme", "code"}
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class ModelIndex:
    """One file: models and collections by name, in its order and as written; the files that it imports more from."""

    path: str
    models: tuple[tuple[str, Data], ...] = ()
    collections: tuple[tuple[str, Data], ...] = ()
    imports: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def is_index(path: str) -> bool:
    """Whether a path is read as a model index, by the file's name."""
    return path.rpartition("/")[2] in _FILES


def get(data: Data, name: str) -> Any:
    """A field by its name in lower case, however it is written; None where it is absent."""
    return next((value for key, value in data.items() if str(key).casefold() == name), None)


def listed(value: Any) -> list[Any]:
    """What may be one thing or a list of them, as a list."""
    return value if isinstance(value, list) else [] if value is None else [value]


def model_index(path: str, raw: bytes) -> ModelIndex:
    """Read one file; one that cannot be read is a problem and no models."""
    try:
        return _index(_File(path, raw, _loaded(path, raw)))
    except Unreadable as error:
        return ModelIndex(path, problems=(error.problem(READER, path),))


def _loaded(path: str, raw: bytes) -> Data:
    data = load_values(raw, path.rpartition("/")[2])
    if isinstance(data, dict):
        return data
    raise Unreadable("a model index is a mapping, with Collections and Models", 1)


@dataclass(frozen=True, slots=True)
class _File:
    """A file while it is read."""

    path: str
    raw: bytes
    data: Data

    def problem(self, message: str, hint: str, *way: str | int) -> Problem:
        line = line_of(self.raw, *way)
        return Problem(f"read.{READER}", self.path, message, hint, WARNING, line=line)


def _index(file: _File) -> ModelIndex:
    problems: list[Problem] = []
    imports = [*listed(get(file.data, "import"))]
    collections = tuple(_section(file, "collections", _folder(file.path), imports, problems))
    # A model without a name is called after the only collection of its file.
    name = collections[0][0] if len(collections) == 1 else _folder(file.path)
    models = tuple(_section(file, "models", name, imports, problems))
    return ModelIndex(file.path, models, collections, tuple(map(str, imports)), tuple(problems))


def _folder(path: str) -> str:
    return path.rpartition("/")[0].rpartition("/")[2] or path


def _section(
    file: _File, section: str, unnamed: str, imports: list[Any], problems: list[Problem]
) -> Iterator[tuple[str, Data]]:
    """Its entries with names that differ; a text among them names a file that holds more."""
    key = next((key for key in file.data if str(key).casefold() == section), section)
    taken: set[str] = set()
    if isinstance(file.data.get(key), dict):
        told = f"{key} is a mapping where a list is expected"
        problems.append(file.problem(told, "write a dash before each entry", key))
    for place, (given, entry) in enumerate(_entries(file.data.get(key))):
        if isinstance(entry, str):
            imports.append(entry)
        elif isinstance(entry, dict):
            said = given or _text(get(entry, "name"))
            name = free(said or unnamed, taken)
            if name != said and said:
                told = f"{key} holds the name {said} twice; the second is read as {name}"
                problems.append(file.problem(told, "give it a name of its own", key, place))
            taken.add(name)
            yield name, entry
        elif entry is not None:
            told = f"{key} holds {entry!r:.{_SHOWN}} where a mapping is expected"
            problems.append(file.problem(told, "write its Name and the rest under it", key, place))


def _entries(said: Any) -> list[tuple[str, Any]]:
    """The entries of a section: a list of them, one alone, or a mapping with their names for keys."""
    if not isinstance(said, dict):
        return [("", entry) for entry in listed(said)]
    alone = any(str(key).casefold() in _FIELDS for key in said)
    if alone or not all(isinstance(entry, dict) for entry in said.values()):
        return [("", said)]
    return [(str(name), entry) for name, entry in said.items()]


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def free(name: str, taken: Container[str]) -> str:
    """The name, with a number behind it where it is taken."""
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}~{number}"
    return found
