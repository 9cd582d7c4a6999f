"""A dvc.yaml as DVC resolves it: its stages, with templates filled and foreach and matrix unfolded.

DVC refuses a file for one broken stage; here the others are still given, and what is broken is a problem.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gitml.errors import Problem
from gitml.repo.data.plain import Unreadable
from gitml.repo.readers.dvc.context import Read, Vars, parsing
from gitml.repo.readers.dvc.locked import rooted
from gitml.repo.readers.dvc.parts import Dep, Out, deps_of, outs_of, param_values, params_of
from gitml.repo.readers.dvc.scope import Scope, Unresolved
from gitml.repo.readers.dvc.template import Filler, Work, is_templated, told
from gitml.repo.readers.dvc.top import Top, top
from gitml.repo.readers.dvc.unfold import JOIN, unfolded
from gitml.repo.readers.values import load_lines

__all__ = ["Dep", "Out", "Pipeline", "Read", "Stage", "param_values", "pipeline"]

_ROOT = "dvc.yaml"
_HINT = "mend it; `dvc stage list` refuses the whole file"


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage, resolved. `address` is how DVC names it from the root: `train`, `train@us`, `sub/dvc.yaml:train`.

    `wdir` and all paths are from the root (`""`). `params`: file to dotted keys, none for the whole file. `used`: what
    templates took out of vars' files, by file and dotted key. `line`: where it stands in its dvc.yaml (`pipeline`).
    """

    address: str
    name: str
    pipeline: str
    command: str | tuple[str, ...]
    wdir: str = ""
    deps: tuple[Dep, ...] = ()
    outs: tuple[Out, ...] = ()
    params: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    frozen: bool = False
    always_changed: bool = False
    desc: str | None = None
    meta: Any = None
    used: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What one dvc.yaml says. `params` and `metrics` are files named at its top; `plots` has properties by plot."""

    path: str
    stages: tuple[Stage, ...] = ()
    params: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    plots: Mapping[str, Any] = field(default_factory=dict)
    artifacts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    datasets: tuple[Mapping[str, Any], ...] = ()
    problems: tuple[Problem, ...] = ()


def pipeline(path: str, raw: bytes, read: Read) -> Pipeline:
    """The pipeline in a dvc.yaml; Unreadable only where it cannot be read as a whole. An empty one has no stages."""
    data, lines = load_lines(raw)
    if not isinstance(data, dict):
        raise Unreadable("the file is not a mapping", 1)
    reading = _Reading(path, data, lines, read)
    stages = tuple(reading.stages())
    found: Top = top(reading.folder, data, reading.filled, reading.fault)
    return Pipeline(
        path, stages, found.params, found.metrics, found.plots, found.artifacts, found.datasets, tuple(reading.problems)
    )


class _Reading:
    """One dvc.yaml while it is read, and what is wrong with it."""

    def __init__(self, path: str, data: Mapping[Any, Any], lines: Mapping[tuple[Any, ...], int], read: Read) -> None:
        self.path = path
        self.folder = posixpath.dirname(path)
        self.data = data
        self.lines = lines
        self.problems: list[Problem] = []
        self.work = Work(lambda: parsing(self.folder, read))
        self.vars = Vars(read, self.work)
        self.scope = self._scope()

    def _scope(self) -> Scope | None:
        """The vars of the file; None where they cannot be had, which only matters to templates."""
        said = self.data.get("vars")
        if not said and not is_templated({name: value for name, value in self.data.items() if name != "vars"}):
            return Scope()
        try:
            return self.vars.of_file(self.folder, said)
        except Unresolved as error:
            self.fault(error, "vars")
            return None

    def fault(self, error: Unresolved, *way: Any) -> None:
        """Note why something cannot be resolved: as the fault of another file where that is the cause."""
        line = next((self.lines[way[:end]] for end in range(len(way), 0, -1) if way[:end] in self.lines), None)
        place = ".".join(map(str, way))
        told = error.problem or Problem("read.dvc", self.path, str(error), _HINT, line=line, field=place)
        if told not in self.problems:
            self.problems.append(told)

    def filled(self, value: Any) -> Any:
        """A value at the file's top with its templates filled. Unresolved."""
        return Filler(self.scope_of(value), self.work).values(value)

    def scope_of(self, value: Any) -> Scope:
        """The file's scope, for a value that stands in it. Unresolved."""
        if self.scope is not None:
            return self.scope
        if is_templated(value):
            raise Unresolved("its templates cannot be filled, since the vars cannot be read")
        return Scope()

    def stages(self) -> Iterator[Stage]:
        found = self.data.get("stages")
        if not isinstance(found, dict | None):
            self.fault(Unresolved("stages is not a mapping"), "stages")
            return
        for name, definition in (found or {}).items():
            try:
                yield from self._defined(name, definition)
            except Unresolved as error:
                self.fault(error, "stages", name)

    def _defined(self, name: Any, definition: Any) -> Iterator[Stage]:
        """The stages that one definition stands for; of those that cannot be resolved the first is told of."""
        if not isinstance(name, str) or not isinstance(definition, dict):
            raise Unresolved(f"{name} is no stage: a name and a mapping")
        template, scopes = unfolded(definition, Filler(self.scope_of(definition), self.work))
        broken: Unresolved | None = None
        for end, scope in scopes:
            try:
                yield self._stage(name, end, template, scope)
            except Unresolved as error:
                if error.problem:
                    self.fault(error)
                broken = broken or (Unresolved(f"{name}{end}: {error}") if end else Unresolved(str(error)))
        if broken:
            raise broken

    def _stage(self, group: str, end: str, template: Mapping[str, Any], scope: Scope) -> Stage:
        name = f"{group}{end}"
        if name.rpartition(JOIN)[0] != (group if end else "") or end == JOIN:
            raise Unresolved(f"DVC cannot find a stage of the name {name!r}: @ is for those of foreach and matrix")
        wdir = template.get("wdir") or ""
        place = told(Filler(scope, self.work).text(wdir) if isinstance(wdir, str) else wdir)
        own = self.vars.of_stage(scope, template.get("vars"), posixpath.join(self.folder, place))
        filler = Filler(Scope(own.table, own.files, own.reserved), self.work)
        resolved = {key: filler.values(value, str(key)) for key, value in template.items() if key != "vars"}
        return self._made(group, name, resolved, filler.scope.used)

    def _made(self, group: str, name: str, resolved: Mapping[str, Any], used: Mapping[str, Mapping[str, Any]]) -> Stage:
        wdir = rooted(self.folder, told(resolved.get("wdir") or ""))
        desc = resolved.get("desc")
        return Stage(
            name if self.path == _ROOT else f"{self.path}:{name}",
            name,
            self.path,
            _command(resolved.get("cmd")),
            wdir,
            deps_of(resolved, wdir),
            outs_of(resolved, wdir),
            params_of(resolved, wdir),
            frozen=True in (resolved.get("frozen"), resolved.get("locked")),
            always_changed=resolved.get("always_changed") is True,
            desc=None if desc is None else told(desc),
            meta=resolved.get("meta"),
            used=used,
            line=self.lines.get(("stages", group), self.lines.get(("stages",))),
        )


def _command(said: Any) -> str | tuple[str, ...]:
    lines = said if isinstance(said, list) else [said]
    if any(line is None or isinstance(line, list | dict) for line in lines):
        raise Unresolved("cmd is no command: a text, or a list of texts")
    return tuple(map(told, lines)) if isinstance(said, list) else told(said)
