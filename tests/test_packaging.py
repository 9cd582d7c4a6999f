"""What is shipped: the wheel and its contents, the pins, and the two commands that a newcomer types."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import gitml
from gitrepo import init

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
TARGETS = (
    "help",
    "demo",
    "test",
    "lint",
    "bench",
    "bench-million",
    "bench-peers",
    "performance",
    "fix",
    "setup",
    "test-pandas22",
    "test-mlflow",
    "clean",
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source archive, and the wheel that was built from it."""
    place = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(place), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return place


def wheel(built: Path) -> zipfile.ZipFile:
    (found,) = built.glob("*.whl")
    return zipfile.ZipFile(found)


@pytest.mark.slow
def test_the_wheel_holds_the_package_and_nothing_else(built: Path) -> None:
    with wheel(built) as archive:
        names = archive.namelist()
    info = f"gitml-{gitml.__version__}"
    assert len(names) == len(set(names))
    assert {name.split("/")[0] for name in names} == {"gitml", f"{info}.dist-info", f"{info}.data"}
    inside = {name for name in names if name.startswith("gitml/") and not name.startswith("gitml/schemas/")}
    in_tree = {path.relative_to(ROOT / "src").as_posix() for path in (ROOT / "src/gitml").rglob("*.py")}
    assert inside == in_tree | {"gitml/py.typed"}
    assert f"{info}.data/data/share/man/man1/git-ml.1" in names
    assert f"{info}.dist-info/licenses/LICENSE" in names


@pytest.mark.slow
def test_the_wheel_holds_each_schema_once_as_it_stands_in_the_tree(built: Path) -> None:
    with wheel(built) as archive:
        shipped = {name: archive.read(name) for name in archive.namelist() if name.endswith((".yaml", ".yml", ".json"))}
    assert shipped == {f"gitml/schemas/{path.name}": path.read_bytes() for path in (ROOT / "schemas").iterdir()}
    assert "gitml/schemas/run.yaml" in shipped
    assert not (ROOT / "src/gitml/schemas").exists()


@pytest.mark.slow
def test_the_wheel_offers_both_commands(built: Path) -> None:
    with wheel(built) as archive:
        told = archive.read(f"gitml-{gitml.__version__}.dist-info/entry_points.txt").decode()
    assert "git-ml = gitml.cli:main" in told
    assert "gitml = gitml.cli:main" in told


@pytest.mark.slow
def test_an_unpacked_wheel_finds_its_schemas(built: Path, tmp_path: Path) -> None:
    with wheel(built) as archive:
        archive.extractall(tmp_path / "site")  # noqa: S202  our own wheel, just built
    repo = init(tmp_path / "repo")
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "site")}
    for arguments in (["init"], ["validate"]):
        command = [sys.executable, "-m", "gitml", *arguments]
        done = subprocess.run(command, cwd=repo, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    assert (repo / "schemas/run.yaml").read_bytes() == (ROOT / "schemas/run.yaml").read_bytes()


@pytest.mark.slow
def test_the_source_archive_holds_what_builds_and_tests_it(built: Path) -> None:
    (found,) = built.glob("*.tar.gz")
    with tarfile.open(found) as archive:
        names = {member.name.partition("/")[2] for member in archive.getmembers()}
    assert {"pyproject.toml", "constraints.txt", "Makefile", "README.md", "LICENSE", "schemas/run.yaml"} <= names
    assert {"tests/test_packaging.py", "src/gitml/py.typed"} <= names
    assert not [name for name in names if re.search(r"(^|/)(\.venv|\.dvc|shared|__pycache__|artifacts/)", name)]


def test_the_version_stands_once() -> None:
    assert PROJECT["dynamic"] == ["version"]
    assert "version" not in PROJECT
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## (\S+)", changes, re.MULTILINE)
    assert newest
    assert newest[1] == gitml.__version__


# ── the pins ──────────────────────────────────────────────────────────────────────────────────────────────────────


def pins() -> dict[str, str]:
    """What constraints.txt pins: canonical name to version; every line must have that form."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    stated = [line for line in lines if line and not line.startswith("#")]
    matches = [re.fullmatch(r"([A-Za-z0-9._-]+)==([A-Za-z0-9.+!]+)( ; python_version .+)?", line) for line in stated]
    assert [line for line, match in zip(stated, matches, strict=True) if match is None] == []
    return {canonicalize_name(match[1]): match[2] for match in matches if match}


def test_constraints_hold_names_and_versions_only() -> None:
    assert pins()
    assert "://" not in (ROOT / "constraints.txt").read_text(encoding="utf-8")


def test_every_distribution_that_the_extras_pull_is_pinned() -> None:
    assert sorted(pulled() - set(pins())) == []


def pulled() -> set[str]:
    """All distributions that gitml and its extras need here, by the metadata of those installed."""
    extras = PROJECT["optional-dependencies"]
    waiting = [Requirement(need) for needs in (PROJECT["dependencies"], *extras.values()) for need in needs]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        need = waiting.pop()
        key = (canonicalize_name(need.name), frozenset(need.extras))
        if key not in seen:
            seen.add(key)
            waiting.extend(needed_by(need))
    return {name for name, _ in seen} - {"gitml"}


def needed_by(need: Requirement) -> list[Requirement]:
    """What an installed distribution, with the extras asked for, needs on this Python."""
    try:
        texts = requires(need.name) or []
    except PackageNotFoundError:
        pytest.skip(f"{need.name} is not installed: not an environment that `make` built")
    inner = [Requirement(text) for text in texts]
    return [
        each for each in inner if not each.marker or any(each.marker.evaluate({"extra": x}) for x in ("", *need.extras))
    ]


def test_the_pins_meet_what_the_project_asks_for() -> None:
    pinned = pins()
    for needs in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()):
        for need in map(Requirement, needs):
            if need.name != "gitml":
                assert need.specifier.contains(pinned[canonicalize_name(need.name)]), str(need)


# ── the commands ──────────────────────────────────────────────────────────────────────────────────────────────────


def make(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run make in the repository; nothing of a make that runs this test reaches it."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    command = ["make", *arguments, *(f"{name}={value}" for name, value in variables.items())]
    return subprocess.run(command, cwd=ROOT, env=clean, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_can_be_made(target: str) -> None:
    done = make("--dry-run", target)
    assert done.returncode == 0, done.stderr


def test_help_names_every_target() -> None:
    told = make("help").stdout
    assert re.findall(r"^  make (\S+)", told, re.MULTILINE) == list(TARGETS)


def test_a_python_that_is_too_old_is_refused_politely(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = make("setup", PYTHON=str(old), VENV=str(tmp_path / "venv"))
    assert done.returncode != 0
    assert "gitml needs Python 3.11, 3.12 or 3.13" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_python_that_cannot_make_environments_is_told_what_to_install(tmp_path: Path) -> None:
    bare = tmp_path / "python3"
    bare.write_text('#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; esac\n')
    bare.chmod(0o755)
    done = make("setup", PYTHON=str(bare), VENV=str(tmp_path / "venv"))
    assert done.returncode != 0
    assert "apt install python3-venv" in done.stderr


def test_ci_runs_the_same_command() -> None:
    script = ROOT / ".ci/run"
    assert os.access(script, os.X_OK)
    steps = [line for line in script.read_text(encoding="utf-8").splitlines() if "make" in line]
    assert ["make test" in steps[0], "make demo" in steps[1]] == [True, True]


def test_the_licence_is_the_whole_text() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert PROJECT["license"] == "Apache-2.0"
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
