"""The vars of a dvc.yaml: params.yaml beside it, and what `vars` names or says, of the file and of one stage."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from reprlib import repr as shown
from typing import Any

from gitml.repo.data.plain import Unreadable
from gitml.repo.readers.dvc.scope import Scope, Table, Unresolved, node, weight
from gitml.repo.readers.dvc.template import Work, is_templated
from gitml.repo.readers.values import load_values

PARAMS = "params.yaml"
Read = Callable[[str], bytes | None]
"""The bytes at a path from the repository's root; None where no file is."""

_CONFIG = ".dvc/config"
_SECTION = "parsing"


@dataclass(slots=True)
class Vars:
    """Loads vars; each file is read once."""

    read: Read
    work: Work
    _raw: dict[str, bytes | None] = field(default_factory=dict)
    _known: dict[str, Mapping[Any, Any]] = field(default_factory=dict)

    def of_file(self, folder: str, said: Any) -> Scope:
        """The scope of a dvc.yaml in this folder, whose `vars` are these. Unresolved."""
        scope = Scope()
        if self._bytes(posixpath.join(folder, PARAMS)) is not None:
            self._load(scope, PARAMS, folder)
        self._add(scope, said, folder)
        return scope

    def of_stage(self, scope: Scope, said: Any, wdir: str) -> Scope:
        """The scope of a stage with `vars` of its own, whose files are found from where it runs. Unresolved."""
        if not said:
            return scope
        self.work.spend(weight(scope.table))
        own = scope.copy()
        self._add(own, said, wdir)
        return own

    def _add(self, scope: Scope, said: Any, folder: str) -> None:
        if not isinstance(said or [], list):
            raise Unresolved("vars is no list of files and mappings")
        if is_templated(said):
            raise Unresolved("a template stands in vars, which may not refer to each other")
        for item in said or []:
            if isinstance(item, str):
                self._load(scope, item, folder)
            elif isinstance(item, dict):
                scope.add(self._table(item, None))
            else:
                raise Unresolved(f"{shown(item)} in vars is neither a file nor a mapping")

    def _load(self, scope: Scope, item: str, folder: str) -> None:
        """Add the names in a file, or only some (`file.yaml:key1,key2`)."""
        name, _, listed = item.partition(":")
        path = posixpath.normpath(posixpath.join(folder, name))
        keys = tuple(filter(None, listed.split(","))) or None
        if path in scope.files:
            before = scope.files[path]
            if keys is None and before is None:
                return
            if keys is None or before is None or set(keys) & set(before):
                raise Unresolved(f"vars: {item} was loaded before, whole or in part")
        data = self._data(path)
        missing = [key for key in keys or () if key not in data]
        if missing:
            raise Unresolved(f"vars: {path} has no {missing[0]}")
        scope.add(self._table(data if keys is None else {key: data[key] for key in keys}, path))
        scope.files[path] = keys if keys is None else (*(scope.files.get(path) or ()), *keys)

    def _table(self, data: Mapping[Any, Any], path: str | None) -> Table:
        table = node(data, path)
        self.work.spend(weight(table))
        return table if isinstance(table, Table) else Table()

    def _bytes(self, path: str) -> bytes | None:
        if path not in self._raw:
            self._raw[path] = self.read(path)
        return self._raw[path]

    def _data(self, path: str) -> Mapping[Any, Any]:
        if path not in self._known:
            raw = self._bytes(path)
            if raw is None:
                raise Unresolved(f"vars: there is no {path}")
            try:
                data = load_values(raw, path)
            except Unreadable as error:
                raise Unresolved(f"vars: {path} cannot be read", error.problem("dvc", path)) from error
            if not isinstance(data, dict):
                told = Unreadable("the file is not a mapping, so templates can take nothing from it", 1)
                raise Unresolved(f"vars: {path} is not a mapping", told.problem("dvc", path))
            self._known[path] = data
        return self._known[path]


def parsing(folder: str, read: Read) -> Mapping[str, str]:
    """What DVC's configuration, the nearest one above a folder, says of how mappings become options."""
    import configparser

    raw = next(filter(None, (read(path) for path in _configs(folder))), b"")
    config = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        config.read_string(raw.decode(errors="replace"))
    except configparser.Error:  # what DVC makes of it matters to no stage but those it then cannot run
        return {}
    if not config.has_section(_SECTION):
        return {}
    return {name: value.strip().strip("\"'") for name, value in config.items(_SECTION)}


def _configs(folder: str) -> Iterator[str]:
    while folder:
        yield posixpath.join(folder, _CONFIG)
        folder = posixpath.dirname(folder)
    yield _CONFIG
