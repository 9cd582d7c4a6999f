"""Parameters and metrics of stages: what stands in the tree, and which of it the last run has produced."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gitml.errors import Problem
from gitml.repo.data.plain import Unreadable
from gitml.repo.readers.derived import unreadable
from gitml.repo.readers.dvc.lock import Locked
from gitml.repo.readers.dvc.stages import Pipeline, Stage, param_values
from gitml.repo.readers.dvc.values import together
from gitml.repo.readers.files import Files
from gitml.repo.readers.values import load_values

_METRIC = "metric"
_DEFAULT = "params.yaml"
_FOLDER = ".dir"
_ENDINGS = (".json", ".yaml", ".yml", ".toml", ".py")

Locks = Mapping[str, Mapping[str, Locked]]
"""By stage's address, what its last run has written, by path."""


class Results:
    """What the files that stages name hold; each is read once, and one that cannot be read is one problem."""

    def __init__(self, files: Files, problems: list[Problem]) -> None:
        self._files = files
        self._problems = problems
        self._known: dict[str, Any] = {}
        self._beside: set[str] = set()

    def params(self, stage: Stage) -> dict[str, dict[str, Any]]:
        """The parameters that a stage depends on as they are in the tree, by file and dotted name."""
        return {file: param_values(self._values(file), keys) for file, keys in stage.params.items()}

    def all_params(self, said: Pipeline) -> dict[str, Any]:
        """The parameters of a pipeline by file: those that stages name, and whole the files that it names itself."""
        wanted: dict[str, tuple[str, ...]] = {}
        for file, keys in (pair for stage in said.stages for pair in stage.params.items()):
            wanted[file] = (*wanted.get(file, keys), *keys) if keys and wanted.get(file, keys) else ()
        whole = [*said.params, *([_DEFAULT] if "/" not in said.path else [])]
        wanted |= {name: () for file in whole for name in self._each(file)}
        values = {file: (self._values(file), keys) for file, keys in wanted.items()}
        found = {file: param_values(held, keys) if keys else held for file, (held, keys) in values.items() if held}
        # What templates took out of files that are nobody's params counts as a parameter, too.
        used = ((file, told) for stage in said.stages for file, told in stage.used.items() if file not in wanted)
        for file, told in used:
            found[file] = {**found.get(file, {}), **told}
        return found

    def metrics(self, stage: Stage, locked: Mapping[str, Locked]) -> dict[str, Any]:
        """What the metrics files of a stage hold, by file."""
        return {name: self._held(name, stage, locked) for name in self._metric_files(stage, ())}

    def all_metrics(self, said: Pipeline, locks: Locks) -> dict[str, Any]:
        """The metrics of a pipeline by file: those of its stages, and those that it names itself."""
        found: dict[str, Any] = {}
        for stage in said.stages:
            found |= self.metrics(stage, locks[stage.address])
        for file in said.metrics:
            owner = next((stage for stage in said.stages if _holder(stage, file)), None)
            for name in self._each(file):
                found[name] = self._held(name, owner, locks[owner.address]) if owner else self._values(name)
        return {name: values for name, values in found.items() if values is not None}

    def of_run(self, stage: Stage, locked: Mapping[str, Locked], named: Iterable[str]) -> dict[str, Any]:
        """The metrics that the last run has produced, and apart from them (`unproduced`) those of somebody else.

        `locked` is what the run has written, by path, `named` are metrics files that the pipeline itself names.
        """
        produced: dict[str, Any] = {}
        others: dict[str, Any] = {}
        for name in self._metric_files(stage, named):
            holder = _holder(stage, name) or name
            found = locked.get(holder)
            if self._files.read(name) is None or found is None or not self._is_in_tree(holder, found):
                kept = self._kept(name, holder, found)
                if kept is not None:
                    produced[name] = kept
                if (stray := self._values(name)) is not None:
                    others[name] = stray
            elif (values := self._values(name)) is not None:
                produced[name] = values
        return {"metrics": together(produced), "unproduced": together(others)}

    def _metric_files(self, stage: Stage, named: Iterable[str]) -> Iterator[str]:
        own = [out.path for out in stage.outs if out.role == _METRIC]
        also = [file for file in named if _holder(stage, file)]
        yield from dict.fromkeys(name for file in [*own, *also] for name in self._each(file))

    def _each(self, path: str) -> tuple[str, ...]:
        """A file, or the files in a folder, where pictures and tables may lie beside the metrics."""
        if self._files.read(path) is not None:
            return (path,)
        inside = self._files.inside(path)
        self._beside.update(name for name in inside if not name.endswith(_ENDINGS))
        return inside or (path,)

    def _is_in_tree(self, path: str, found: Locked) -> bool:
        return found.hash is not None and self._files.md5(path, legacy=found.legacy) == found.hash

    def _held(self, name: str, stage: Stage | None, locked: Mapping[str, Locked]) -> Any:
        """What a metrics file holds: in the tree or, where DVC keeps it, in its cache."""
        values = self._values(name)
        if values is not None or stage is None:
            return values
        holder = _holder(stage, name) or name
        return self._kept(name, holder, locked.get(holder))

    def _kept(self, name: str, holder: str, found: Locked | None) -> Any:
        """What DVC's cache has of a file, or of one in a folder, with the hash that the lock gives."""
        md5 = found.hash if found else None
        raw = self._files.kept(holder, md5)
        if raw is not None and md5 is not None and md5.endswith(_FOLDER):
            raw = self._files.kept(holder, _listing(raw).get(name.removeprefix(f"{holder}/")))
        return None if raw is None else self._parsed(name, raw)

    def _values(self, path: str) -> Any:
        """What a file of the tree holds; None where it is not there, or cannot be read."""
        if path not in self._known:
            raw = self._files.read(path)
            self._known[path] = None if raw is None else self._parsed(path, raw)
        return self._known[path]

    def _parsed(self, path: str, raw: bytes) -> Any:
        try:
            return load_values(raw, path)
        except Unreadable as error:
            if path not in self._beside:
                self._problems.append(unreadable(error, "dvc", path, raw))
            return None


def _listing(raw: bytes) -> dict[str, str]:
    """The hashes in a folder's listing by path; none where it is damaged, which `git ml status --data` tells."""
    try:
        return {str(one["relpath"]): str(one["md5"]) for one in json.loads(raw)}
    except (ValueError, TypeError, KeyError, RecursionError):
        return {}


def _holder(stage: Stage, path: str) -> str | None:
    """The output of a stage that is a path, or the folder that holds it."""
    return next((out.path for out in stage.outs if path == out.path or path.startswith(f"{out.path}/")), None)
