"""What a run is run in again: the Python that is here, compared with the recorded one, or one rebuilt by uv."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from gitml.actions.command import PYTHON, environment_of
from gitml.errors import GitmlError, NotFound
from gitml.repo.git.environment import LOCAL

CHECK, UV = "check", "uv"
_OURS: Final = "gitml"
_OWN: Final = "GITML_"


class Surroundings(NamedTuple):
    """The program to start, what it has (None: nobody can say), and how that differs from what was recorded."""

    program: str
    environment: Mapping[str, Any] | None
    differences: tuple[str, ...]

    def variables(self) -> dict[str, str]:
        """The environment of the command: the caller's, its own programs first, no trace of its git and run."""
        clean = {name: value for name, value in os.environ.items() if name not in LOCAL and not name.startswith(_OWN)}
        folder = str(Path(self.program).parent)
        return clean | {"PATH": os.pathsep.join([folder, clean.get("PATH", os.defpath)])}


def as_here(argv: Sequence[str], recorded: Mapping[str, Any] | None, folder: Path) -> Surroundings:
    """The command's program as it is found here, or in the folder that it runs in; NotFound."""
    name = argv[0]
    # Of a program only the name is recorded, so that of ./train.sh too.
    program = shutil.which(name) or shutil.which(str(folder / name))
    if program is None:
        raise NotFound(f"there is no command {name!r}", hint="look at the PATH, or activate its environment")
    found = environment_of(program) if PYTHON.fullmatch(Path(program).name) else None
    return Surroundings(program, found, tuple(differences(recorded, found)))


def found_uv() -> str | None:
    """The program uv: that of this Python's environment, which need not be on the PATH, else the PATH's."""
    return shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")


def rebuilt(argv: Sequence[str], recorded: Mapping[str, Any] | None, folder: Path) -> Surroundings:
    """A new environment of just the recorded packages, made by uv below a folder; NotFound, GitmlError.

    gitml itself is taken as it is here, if it was there: what records the run must know this store.
    """
    uv = found_uv()
    if uv is None:
        raise NotFound("--env uv needs uv, which is not installed", hint="pip install uv, or take --env check")
    if recorded is None or not PYTHON.fullmatch(Path(argv[0]).name):
        raise NotFound("--env uv rebuilds a recorded Python, and none was recorded", hint="take --env check")
    place = folder / "env"
    language = recorded.get("language")
    version = language.get("version") if isinstance(language, Mapping) else None
    _run([uv, "venv", "--quiet", *(["--python", str(version)] if version else []), str(place)])
    program = place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    pins = [f"{name}=={held}" for name, held in _packages(recorded).items() if name != _OURS]
    pinned = folder / "requirements.txt"
    pinned.write_text("".join(f"{pin}\n" for pin in pins), encoding="utf-8")
    if pins:
        _run([uv, "pip", "install", "--quiet", "--no-deps", "--python", str(program), "-r", str(pinned)])
    if _OURS in _packages(recorded):
        _lend(program)
    found = environment_of(str(program))
    told = [one for one in differences(recorded, found) if not one.startswith(f"{_OURS} ")]
    return Surroundings(str(program), found, tuple(told))


def _lend(program: Path) -> None:
    """Let a Python find the gitml that runs now."""
    asked = [str(program), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    place = Path(_run(asked).strip())
    (place / "gitml-here.pth").write_text(f"{Path(__file__).parents[3]}\n", encoding="utf-8")


def _run(command: Sequence[str]) -> str:
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    if done.returncode:
        said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        raise GitmlError(f"{Path(command[0]).name}: {' '.join(said[:3]) or 'it failed'}", hint="take --env check")
    return done.stdout


def differences(recorded: Mapping[str, Any] | None, found: Mapping[str, Any] | None) -> list[str]:
    """How an environment differs from the recorded one: what was there and is not, or not as it was."""
    if recorded is None or found is None:
        return []
    was, is_now = (_version(one) for one in (recorded, found))
    told = [f"python {is_now}, recorded {was}"] if was and was != is_now else []
    here = _packages(found)
    for name, version in _packages(recorded).items():
        if name not in here:
            told.append(f"{name} {version} is not installed")
        elif here[name] != version:
            told.append(f"{name} {here[name]}, recorded {version}")
    return told


def _version(environment: Mapping[str, Any]) -> str:
    language = environment.get("language")
    return str(language.get("version", "")) if isinstance(language, Mapping) else ""


def _packages(environment: Mapping[str, Any]) -> Mapping[str, str]:
    packages = environment.get("packages")
    return {str(name): str(held) for name, held in packages.items()} if isinstance(packages, Mapping) else {}
