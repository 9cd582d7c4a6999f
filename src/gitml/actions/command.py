"""A command that is run and recorded: `git ml run -- python train.py`. It keeps its streams, and its exit code."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from gitml.actions import capture
from gitml.actions.apply import Applied
from gitml.actions.capture.packages import normal
from gitml.actions.capture.usage import Usage
from gitml.actions.flow import Material
from gitml.actions.joined import Joined
from gitml.actions.logged import Source
from gitml.actions.picked_up import pick_up
from gitml.actions.run import Run
from gitml.actions.story import End
from gitml.actions.tail import Tail
from gitml.actions.taking_part import own
from gitml.errors import BadValue, GitmlError, NotFound
from gitml.repo.repository import Repository

PYTHON = re.compile(r"python[0-9.]*(?:\.exe)?")
"""What the program of a command is called where it is Python."""
_BY_SIGNAL = 128  # what shells add to the number of the signal that ended a command
_PATIENCE = 30
_TICK_NS = 10_000_000  # a disk's clock may be that much behind
_ASK = """
import json, platform
from importlib.metadata import distributions
packages = {one.metadata["Name"]: one.version for one in distributions() if one.metadata["Name"] and one.version}
language = {"name": "python", "version": platform.python_version(), "implementation": platform.python_implementation()}
print(json.dumps({"language": language, "packages": packages}))
"""


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a command: its exit code (128 + the signal that ended it), and what was recorded.

    `warnings` are those of capturing; those of writing stand in `applied`. Where it is not `whole`, another rank's
    process records the run.
    """

    code: int
    ref: str
    applied: Applied
    warnings: tuple[str, ...] = ()
    whole: bool = True


def run_command(
    repository: Repository | None, experiment: str, argv: Sequence[str], *, clock: Callable[[], datetime],
    outputs: Mapping[str, Material] | None = None, stdout: IO[Any] | int | None = None, **what: Any,
) -> Ran:  # fmt: skip
    """Run a command and record it; `what` are the fields of `run.Told`, `outputs` what it is to write.

    One that srun or the like has started on each rank is one run, which rank 0 records with what was written there.
    NotFound where there is no such command: nothing is recorded then.
    """
    if not argv:
        raise BadValue("no command is given", hint="git ml run --experiment E -- COMMAND")
    program = shutil.which(argv[0])
    if program is None:
        raise NotFound(
            f"there is no command {argv[0]!r}", hint="look at the PATH, or write ./ before a script of yours"
        )
    source = Source(lambda: list(argv), lambda: _script(argv), lambda: environment_of(program), is_here=False)
    run = own(repository, experiment, clock=clock, source=source, **what)
    with run:
        since = time.time_ns() - _TICK_NS
        code = _wait([program, *argv[1:]], stdout, run)
        if run.is_whole:
            run.gather()
            for name, material in (outputs or {}).items():
                _output(run, name, material)
            pick_up(run, repository, since)
    applied = run.applied or Applied(None, (), ())
    warnings = tuple(one for one in run.warnings if not one.endswith(applied.warnings))
    return Ran(code, run.ref, applied, warnings, run.is_whole)


def _wait(argv: Sequence[str], stdout: IO[Any] | int | None, run: Run | Joined) -> int:
    """Run the command to its end, and say how that was."""
    out = stdout if isinstance(stdout, int) else stdout.fileno() if stdout else 1
    tail = Tail(out, 2)
    with _interrupts_left_to_it():
        process = subprocess.Popen(argv, stdout=tail.stdout, stderr=tail.stderr, env=capture.joined(run.journal))
        tail.begin()
        usage = Usage(process.pid).start()
        code = process.wait()
        used = usage.stop()
    said = _last_words(run, tail.text() if code else "")
    if code < 0:
        run.finish(End("killed", {"signal": _name(-code), **said}, used))
        return _BY_SIGNAL - code
    run.finish(End("failed" if code else "finished", {"exit_code": code, **said} if code else {}, used))
    return code


def _last_words(run: Run | Joined, text: str) -> dict[str, str]:
    """What a command that failed said last, for its record where that holds texts; else it stays on this machine."""
    if text and not run.keeps_texts:
        run.keep_text(text)
    return {"tail": text} if text and run.keeps_texts else {}


@contextmanager
def _interrupts_left_to_it() -> Iterator[None]:
    """An interrupt reaches the command as well, and it is for the command to end on it: we wait, and record that."""
    if threading.current_thread() is not threading.main_thread():
        yield  # no signal reaches us here
        return
    before = signal.signal(signal.SIGINT, lambda _number, _frame: None)  # to be ignored would be inherited
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before or signal.SIG_DFL)


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _output(run: Run | Joined, name: str, material: Material) -> None:
    """One declared output; where the command has not written it, that is told, for its exit code comes first."""
    try:
        run.log_output(material, name)
    except GitmlError as error:
        run.tell(f"the output {name} was not recorded: {error}")


def _script(argv: Sequence[str]) -> Path | None:
    """The code that a command runs: the first argument that is a file, or the module behind `-m`."""
    program, *rest = argv
    if not PYTHON.fullmatch(Path(program).name):
        return capture.script_in(argv)
    if rest[:1] == ["-m"] and len(rest) > 1:
        place = rest[1].replace(".", "/")
        return capture.script_in(one for one in (f"{place}.py", f"{place}/__main__.py") if Path(one).is_file())
    return capture.script_in(rest)


def environment_of(program: str) -> Mapping[str, Any] | None:
    """The python and packages of a command: this process's, unless it is another python, which is asked then."""
    place = Path(program)
    if not PYTHON.fullmatch(place.name) or place.parent.resolve() == Path(sys.executable).parent.resolve():
        return capture.environment()
    try:
        asked = [program, "-c", _ASK]
        told = json.loads(subprocess.run(asked, capture_output=True, check=True, timeout=_PATIENCE).stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None  # a python that cannot say what it has: better no environment than a wrong one
    packages = {normal(name): str(version) for name, version in told["packages"].items()}
    return {"language": told["language"], "packages": dict(sorted(packages.items()))}
