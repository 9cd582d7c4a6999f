"""The rooms hold: imports point down, nothing is in a cycle, git and pandas stay where they belong, sizes are kept."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from gitrepo import write

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src"
PACKAGE = "gitml"

ROOMS = ("errors", "records", "repo", "views", "checks", "actions", "store", "interop", "render")
DOORS = ("server", "hooks", "cli", "__main__")
LEVELS = {room: level for level, room in enumerate(ROOMS)} | dict.fromkeys(DOORS, len(ROOMS))
LEVELS[""] = LEVELS["store"]  # gitml/__init__.py offers what the store can do
BETWEEN_DOORS = {("cli", "hooks"), ("__main__", "cli")}

ONLY_IN: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("numpy", "pandas"), ("gitml.views.table",)),
    "subprocess": (
        "gitml.repo",
        "gitml.actions.capture",
        "gitml.actions.command",
        "gitml.actions.again",
        "gitml.cli.drawing",
    ),
    **dict.fromkeys(("git", "dvc", "pygit2", "dulwich", "scmrepo"), ("gitml.repo",)),
}
IMPORTED_AS = {
    "nvidia-ml-py": "pynvml",
    "gitpython": "git",
    "mlflow-skinny": "mlflow",
    "pyyaml": "yaml",
}  # where it is not the distribution's name
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "manager", "base", "common"}
MODULE_LINES = 400
FUNCTION_LINES = 40


@dataclass(frozen=True, slots=True)
class Import:
    """One import: the module or name imported, the line, and whether only the type checker sees it."""

    target: str
    line: int
    typing: bool = False


@dataclass(frozen=True, slots=True)
class Module:
    """A source file, read."""

    name: str
    path: Path
    tree: ast.Module
    lines: int

    @property
    def room(self) -> str:
        """The part of the name below the package; empty for the package itself."""
        return [*self.name.split("."), ""][1]


def modules(source: Path) -> dict[str, Module]:
    """Every module of the package below `source`, by its dotted name."""
    found = {}
    for path in sorted((source / PACKAGE).rglob("*.py")):
        parts = path.relative_to(source).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        text = path.read_text(encoding="utf-8")
        found[name] = Module(name, path, ast.parse(text, str(path)), len(text.splitlines()))
    return found


@cache
def ours() -> dict[str, Module]:
    return modules(SOURCE)


# ── what a module imports ─────────────────────────────────────────────────────────────────────────────────────────


def imports(module: Module) -> Iterator[Import]:
    """All imports of a module, wherever they stand, those by name (`import_module("gitml.x")`) included."""
    typed = {
        id(below)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for part in node.body
        for below in ast.walk(part)
    }
    for node in ast.walk(module.tree):
        for target in targets(module, node):
            yield Import(target, node.lineno, id(node) in typed)


def targets(module: Module, node: ast.AST) -> list[str]:
    """What one node of the tree imports: dotted names, absolute."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        origin = absolute(module, "." * node.level + (node.module or ""))
        return [f"{origin}.{alias.name}" for alias in node.names]
    if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in {"import_module", "__import__"}:
        return [absolute(module, arg.value) for arg in node.args[:1] if is_text(arg)]
    if is_text(node) and node.value.startswith(f"{PACKAGE}."):  # a table of modules that are imported on demand
        return [node.value.partition(":")[0]]
    return []


def is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def absolute(module: Module, name: str) -> str:
    """A dotted name without its leading dots, which count from the package that the module stands in."""
    bare = name.lstrip(".")
    up = len(name) - len(bare) - (module.path.name == "__init__.py")
    origin = module.name.split(".")
    return ".".join([*origin[: len(origin) - up], bare]).rstrip(".") if len(name) > len(bare) else bare


def resolved(target: str, known: Mapping[str, Module]) -> str | None:
    """The module of ours that an imported name lives in: `gitml.errors.Problem` lives in `gitml.errors`."""
    if target.partition(".")[0] != PACKAGE:
        return None
    while target not in known and "." in target:
        target = target.rpartition(".")[0]
    return target if target in known else None


def graph(known: Mapping[str, Module]) -> dict[str, set[str]]:
    """Module to the modules of ours that it imports."""
    return {
        name: {to for each in imports(module) if (to := resolved(each.target, known)) and to != name}
        for name, module in known.items()
    }


# ── what can be wrong ─────────────────────────────────────────────────────────────────────────────────────────────


def upward(known: Mapping[str, Module]) -> list[str]:
    """Imports of a room that lies higher, or of another door."""
    faults = []
    for name, module in known.items():
        for each in imports(module):
            to = resolved(each.target, known)
            if to and not allowed(module.room, known[to].room):
                faults.append(f"{module.path.name}:{each.line}: {name} imports {to}, which lies higher")
    return faults


def allowed(room: str, other: str) -> bool:
    if room == other or (room, other) in BETWEEN_DOORS:
        return True
    if room not in LEVELS or other not in LEVELS:
        return False
    return LEVELS[other] < LEVELS[room] or (room, other) == ("", "store")


def homeless(known: Mapping[str, Module]) -> list[str]:
    """Modules in a room that CONTRIBUTING.md does not know."""
    return [f"{name} is in none of the rooms" for name, module in known.items() if module.room not in LEVELS]


def cycles(known: Mapping[str, Module]) -> list[str]:
    """Groups of modules that import one another, by whatever way round."""
    edges = graph(known)
    reached = {name: reach(name, edges) for name in edges}
    groups = {
        frozenset(other for other in reached[name] if name in reached[other]) for name in edges if name in reached[name]
    }
    return sorted(f"a cycle: {', '.join(sorted(group))}" for group in groups)


def reach(start: str, edges: Mapping[str, set[str]]) -> set[str]:
    """All that can be come to from `start`, itself only if there is a way back."""
    seen: set[str] = set()
    waiting = list(edges[start])
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting.extend(edges[name])
    return seen


def strays(known: Mapping[str, Module]) -> list[str]:
    """Packages imported outside the rooms that may; in annotations alone they cost nothing, anywhere."""
    faults = []
    for name, module in known.items():
        for each in imports(module):
            package = each.target.partition(".")[0]
            homes = ONLY_IN.get(package)
            if homes and not each.typing and not any(name == home or name.startswith(f"{home}.") for home in homes):
                faults.append(f"{module.path.name}:{each.line}: {name} imports {package}; only {', '.join(homes)} may")
    return faults


def undeclared(known: Mapping[str, Module]) -> list[str]:
    """Packages imported that pyproject.toml does not name, and that are here only because another brought them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = {name: needs for name, needs in project["optional-dependencies"].items() if name != "dev"}
    wanted = [
        re.split(r"[^\w.-]", need)[0].lower() for needs in (project["dependencies"], *extras.values()) for need in needs
    ]
    declared = {IMPORTED_AS.get(name, name).replace("-", "_") for name in wanted} | sys.stdlib_module_names
    return [
        f"{module.path.name}:{each.line}: {name} imports {each.target}, which pyproject.toml does not name"
        for name, module in known.items()
        for each in imports(module)
        if not each.typing and each.target.partition(".")[0] not in declared | {PACKAGE}
    ]


def processes(known: Mapping[str, Module]) -> list[str]:
    """Processes started past `subprocess`, which would pass by the rule on it."""
    calls = {"os.system", "os.popen", "asyncio.create_subprocess_exec", "asyncio.create_subprocess_shell"}
    return [
        f"{module.path.name}:{node.lineno}: {name} starts a process by {ast.unparse(node.func)}"
        for name, module in known.items()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and (ast.unparse(node.func) in calls or ast.unparse(node.func).startswith(("os.exec", "os.spawn")))
    ]


def oversized(known: Mapping[str, Module]) -> list[str]:
    """Modules and functions that are too long to be read at one go."""
    faults = []
    for name, module in known.items():
        if module.lines > MODULE_LINES:
            faults.append(f"{name} has {module.lines} lines, {MODULE_LINES} at most")
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > FUNCTION_LINES:
                    faults.append(f"{name}.{node.name} has {length} lines, {FUNCTION_LINES} at most")
    return faults


def misnamed(known: Mapping[str, Module]) -> list[str]:
    """Names that say nothing of what is inside."""
    return [f"{name}: a module is named for what it holds" for name in known if FORBIDDEN_NAMES & set(name.split("."))]


RULES: tuple[Callable[[Mapping[str, Module]], list[str]], ...] = (
    upward,
    homeless,
    cycles,
    strays,
    undeclared,
    processes,
    oversized,
    misnamed,
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_rooms_hold(rule: Callable[[Mapping[str, Module]], list[str]]) -> None:
    assert rule(ours()) == []


def test_there_is_something_to_judge() -> None:
    assert {"errors", "records", "repo"} <= {module.room for module in ours().values()}
    assert any(graph(ours()).values())


# ── the test of the test: trees that break each rule ──────────────────────────────────────────────────────────────


UPWARD = {
    "import": "import gitml.store",
    "from a module": "from gitml.store import Store",
    "from the package": "from gitml import store",
    "the package itself": "import gitml",
    "a name of the package": "from gitml import run",
    "relative": "from ..store import Store",
    "relative, the module": "from .. import store",
    "inside a function": "def late():\n    from gitml.store import Store\n    return Store",
    "for types": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from gitml.store import Store",
    "by name": "import importlib\nimportlib.import_module('gitml.store')",
    "by relative name": "from importlib import import_module\nimport_module('..store', __package__)",
    "from a table": "LATER = {'Store': 'gitml.store:Store'}",
}


def tree(place: Path, files: Mapping[str, str]) -> dict[str, Module]:
    """The modules of a made-up package."""
    write(place, {f"{PACKAGE}/{name}": text for name, text in files.items()})
    return modules(place)


@pytest.mark.parametrize("text", UPWARD.values(), ids=UPWARD)
def test_an_import_that_points_up_is_caught(tmp_path: Path, text: str) -> None:
    made = tree(tmp_path, {"__init__.py": "", "store.py": "", "records/__init__.py": "", "records/ref.py": text})
    assert any("gitml.records.ref imports gitml" in fault for fault in upward(made)), upward(made)


def test_imports_that_point_down_are_fine(tmp_path: Path) -> None:
    made = tree(
        tmp_path,
        {
            "__init__.py": "def open():\n    from gitml.store import Store\n    return Store",
            "__main__.py": "from gitml.cli import main",
            "cli.py": "import gitml\nfrom gitml import hooks, render\nfrom gitml.store import Store",
            "errors.py": "",
            "hooks.py": "from gitml import store",
            "records/__init__.py": "",
            "records/ref.py": "from ..errors import BadRef\nfrom . import ulid\nimport json",
            "records/ulid.py": "",
            "render.py": "from .records.ref import Ref",
            "store.py": "from gitml.records import ref",
        },
    )
    assert [rule(made) for rule in RULES] == [[]] * len(RULES)


@pytest.mark.parametrize(
    ("rule", "files"),
    [
        (upward, {"hooks.py": "from gitml import cli", "cli.py": ""}),
        (upward, {"server/__init__.py": "", "server/app.py": "import gitml.cli", "cli.py": ""}),
        (upward, {"store.py": "import gitml"}),
        (homeless, {"misc.py": ""}),
        (cycles, {"views/a.py": "from . import b", "views/b.py": "def f():\n    from gitml.views.a import x"}),
        (cycles, {"repo/a.py": "from . import b", "repo/b.py": "import gitml.repo.c", "repo/c.py": "from . import a"}),
        (strays, {"views/rows.py": "def f():\n    import pandas as pd"}),
        (strays, {"views/rows.py": "from pandas.api.types import is_bool"}),
        (strays, {"store.py": "import subprocess"}),
        (strays, {"checks/integrity.py": "from git import Repo"}),
        (strays, {"checks/integrity.py": "import dvc.api"}),
        (undeclared, {"store.py": "import scipy"}),
        (processes, {"store.py": "import os\nos.system('git')"}),
        (processes, {"store.py": "import os\nos.execvp('git', [])"}),
        (oversized, {"store.py": "x = 1\n" * (MODULE_LINES + 1)}),
        (oversized, {"store.py": "class A:\n    def f(self):\n" + "        x = 1\n" * FUNCTION_LINES}),
        (misnamed, {"views/utils.py": ""}),
        (misnamed, {"views/common/__init__.py": ""}),
    ],
    ids=lambda given: given.__name__ if callable(given) else ", ".join(given),
)  # fmt: skip
def test_each_rule_is_seen_broken(
    tmp_path: Path, rule: Callable[[Mapping[str, Module]], list[str]], files: Mapping[str, str]
) -> None:
    assert rule(tree(tmp_path, {"__init__.py": "", **files}))


def test_what_only_just_fits_is_fine(tmp_path: Path) -> None:
    long = "def f():\n" + "    x = 1\n" * (FUNCTION_LINES - 1)
    typed = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from pandas import DataFrame\n"
    made = tree(tmp_path, {"store.py": typed + long + "y = 2\n" * (MODULE_LINES - FUNCTION_LINES - 3)})
    assert made["gitml.store"].lines == MODULE_LINES
    assert [rule(made) for rule in RULES] == [[]] * len(RULES)
