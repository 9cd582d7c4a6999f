"""DVC itself as the oracle: what its Python API makes of dvc.yaml files, and what gitml makes of the same."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from gitml.repo.readers.dvc.stages import Stage, pipeline
from gitrepo import init, write


@contextmanager
def inside(folder: Path) -> Iterator[None]:
    """The folder as the working directory: DVC shows paths from there."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def new_repo(folder: Path, files: Mapping[str, str]) -> Any:
    """A repository with these files, opened by DVC."""
    from dvc.repo import Repo

    init(folder)
    with inside(folder):
        Repo.init(str(folder)).close()
        write(folder, files)
        return Repo(str(folder))


def reader(root: Path) -> Callable[[str], bytes | None]:
    """The files below a folder as gitml's readers ask for them."""

    @cache
    def read(path: str) -> bytes | None:
        place = root / path
        return place.read_bytes() if place.is_file() else None

    return read


def by_dvc(repo: Any, path: str) -> dict[str, dict[str, Any]]:
    """All stages in a dvc.yaml as DVC resolves them, by address; raises what DVC raises."""
    from dvc.dvcfile import load_file

    with inside(Path(repo.root_dir)):
        stages = load_file(repo, str(Path(repo.root_dir, path))).stages.values()
        return {stage.addressing: facts(stage, Path(repo.root_dir)) for stage in stages}


def by_dvc_one_by_one(repo: Any, path: str) -> tuple[dict[str, dict[str, Any]] | None, bool]:
    """The stages that DVC can resolve, by name, and whether there were any that it cannot, or cannot run.

    None where it refuses the file for its vars.
    """
    from dvc.dvcfile import load_file

    root = Path(repo.root_dir)
    found: dict[str, dict[str, Any]] = {}
    refused = False
    with inside(root):
        try:
            definitions = load_file(repo, str(root / path)).resolver.definitions
        except Exception:  # noqa: BLE001 - whatever it is, DVC does not read the file
            return None, True
        for group, definition in definitions.items():
            try:
                names = definition.get_generated_names() if hasattr(definition, "pair") else [group]
            except Exception:  # noqa: BLE001
                refused = True
                continue
            for name in names:
                try:  # anew each time: after a failure DVC keeps what it had noted of vars
                    stage = facts(load_file(repo, str(root / path)).stages[name], root)
                except Exception:  # noqa: BLE001
                    refused = True
                    continue
                if runs(stage["command"]):
                    found[name] = stage
                else:
                    refused = True
    return found, refused


def runs(command: Any) -> bool:
    """Whether a resolved command is one: a template may make nothing of it, or a mapping."""
    lines = command if isinstance(command, tuple) else [command]
    return not any(line is None or isinstance(line, dict | list) for line in lines)


def facts(stage: Any, root: Path) -> dict[str, Any]:
    """What DVC says of a stage, in gitml's words."""
    from dvc.dependency import ParamsDependency

    deps = [dep for dep in stage.deps if not isinstance(dep, ParamsDependency)]
    params = [dep for dep in stage.deps if isinstance(dep, ParamsDependency)]
    return {
        "name": stage.name,
        "command": tuple(map(words, stage.cmd)) if isinstance(stage.cmd, list) else words(stage.cmd),
        "wdir": from_root(stage.wdir, root),
        "deps": [place(dep, root) for dep in deps],
        "outs": [(place(out, root), role(out), out.use_cache, out.persist, options(out)) for out in stage.outs],
        "params": {place(dep, root): tuple(dict.fromkeys(map(str, dep.params))) for dep in params},
        "frozen": stage.frozen,
        "always_changed": stage.always_changed,
        "desc": stage.desc,
        "meta": stage.meta,
        "used": {name: dict(keys) for name, keys in stage.tracked_vars.items()},
    }


def words(line: Any) -> Any:
    """A line of a command as text, also where a template made a number of it."""
    from dvc.parsing.interpolate import to_str

    return line if line is None or isinstance(line, dict | list) else to_str(line)


def role(out: Any) -> str:
    return "metric" if out.metric else "plot" if out.plot else "out"


def options(out: Any) -> dict[str, Any]:
    plots = out.plot if isinstance(out.plot, dict) else {}
    said = {**out.annot.to_dict(), **plots}
    return said | ({"remote": out.remote} if out.remote else {}) | ({} if out.can_push else {"push": False})


def place(item: Any, root: Path) -> str:
    """The path of a dependency or output from the root; what lies elsewhere as written."""
    written = str(item.def_path)
    if "://" in written or (Path(written).is_absolute() and item.fs.protocol != "local"):
        return written
    return written if Path(written).is_absolute() else from_root(item.fs_path, root)


def from_root(path: str, root: Path) -> str:
    relative = Path(os.path.relpath(path, root)).as_posix()
    return "" if relative == "." else relative


def by_gitml(stage: Stage) -> dict[str, Any]:
    """The same facts of a stage as gitml resolves it."""
    return {
        "name": stage.name,
        "command": stage.command,
        "wdir": stage.wdir,
        "deps": [dep.path for dep in stage.deps],
        "outs": [(out.path, out.role, out.cache, out.persist, dict(out.options)) for out in stage.outs],
        "params": dict(stage.params),
        "frozen": stage.frozen,
        "always_changed": stage.always_changed,
        "desc": stage.desc,
        "meta": stage.meta,
        "used": {name: dict(keys) for name, keys in stage.used.items()},
    }


def stages_of(root: Path, path: str) -> dict[str, dict[str, Any]]:
    """All stages in a dvc.yaml as gitml resolves them, by address."""
    found = pipeline(path, (root / path).read_bytes(), reader(root))
    assert not found.problems, found.problems
    return {stage.address: by_gitml(stage) for stage in found.stages}
