"""The command line for tests: in this process with a fixed clock, or as the executables that a person types."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
from collections.abc import Mapping
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gitml.cli import main
from gitrepo import environment

CLOCK = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
STUB = "#!{python}\nimport sys\nfrom gitml.cli import main\nif __name__ == '__main__':\n    sys.exit(main())\n"


@dataclass(frozen=True, slots=True)
class Said:
    """What a command line came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        """The error on standard error as JSON; nothing else is there."""
        assert self.out == ""
        whole = json.loads(self.err)
        assert whole.keys() == {"format", "error"}
        assert whole["format"] == 1
        return whole["error"]


def ml(place: Path, *argv: str) -> Said:
    """A command line in this process, run in a folder, at noon on the first of March 2026."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="") for _stream in range(2))
    with chdir(place), redirect_stdout(out), redirect_stderr(err):
        code = main(argv, clock=lambda: CLOCK)
    return Said(code, _text(out), _text(err))


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode()


def fine(place: Path, *argv: str) -> Said:
    """A command line that must end well."""
    said = ml(place, *argv)
    assert said.code == 0, said
    return said


def executables(folder: Path) -> Path:
    """A folder with `git-ml` and `gitml`, as pip would install them for this Python."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("git-ml", "gitml"):
        (folder / name).write_text(STUB.format(python=sys.executable))
        (folder / name).chmod(0o755)
    return folder


def typed(folder: Path, env: Mapping[str, str] | None = None) -> dict[str, str]:
    """An environment in which `git ml` is found."""
    paths = [str(executables(folder)), os.environ["PATH"]]
    clean = {name: value for name, value in environment().items() if not name.startswith("PYTHON")}
    return clean | {"PATH": os.pathsep.join(paths), "PYTHONPATH": source(), **(env or {})}


def source() -> str:
    """Where gitml is imported from."""
    import gitml

    return str(Path(gitml.__file__).parents[1])


def process(place: Path, *command: str, env: Mapping[str, str], text: str = "") -> Said:
    """A command as a process of its own."""
    done = subprocess.run(command, cwd=place, env=dict(env), input=text.encode(), capture_output=True, check=False)
    return Said(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))


def on_terminal(
    place: Path, *command: str, env: Mapping[str, str], columns: int = 100, typed: str = ""
) -> tuple[int, str]:
    """A command whose three streams are one terminal, where something is `typed`: its exit code, and what was shown."""
    pid, terminal = pty.fork()
    if pid == 0:  # pragma: no cover - the child becomes the command
        os.chdir(place)
        os.environ.clear()
        os.environ.update({**env, "COLUMNS": str(columns), "LINES": "24", "TERM": "xterm-256color"})
        os.execvp(command[0], command)  # noqa: S606  (as a shell does it)
    os.write(terminal, typed.encode())
    shown = b""
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # the other side has been closed
            part = b""
        if not part:
            break
        shown += part
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode().replace("\r\n", "\n")
