"""The entry: arguments to a verb, errors to one line and an exit code, nothing of Python to a user."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from gitml.cli.door import FINE, FOUND, INTERRUPTED, OURS, UNREAD, WRONG, Door, drop_output, page, put
from gitml.cli.usage import Usage
from gitml.errors import DiskFailed, GitmlError

if TYPE_CHECKING:
    from argparse import Namespace
    from datetime import datetime

DEEDS = {
    "init": "gitml.cli.write:init",
    "new": "gitml.cli.write:new",
    "set": "gitml.cli.write:set_",
    "show": "gitml.cli.see:show",
    "get": "gitml.cli.see:get",
    "preview": "gitml.cli.see:preview",
    "rm": "gitml.cli.write:rm",
    "list": "gitml.cli.see:list_",
    "compare": "gitml.cli.see:compare",
    "diff": "gitml.cli.between:diff",
    "log": "gitml.cli.audit:log",
    "blame": "gitml.cli.audit:blame",
    "live": "gitml.cli.audit:live",
    "lineage": "gitml.cli.trace:lineage",
    "why": "gitml.cli.trace:why",
    "leaderboard": "gitml.cli.board:leaderboard",
    "validate": "gitml.cli.guard:validate",
    "run": "gitml.cli.record:run",
    "reproduce": "gitml.cli.record:reproduce",
    "sync": "gitml.cli.record:sync",
    "events": "gitml.cli.events:events",
    "register": "gitml.cli.write:register",
    "bump": "gitml.cli.write:bump",
    "promote": "gitml.cli.write:promote",
    "retire": "gitml.cli.write:retire",
    "import": "gitml.cli.exchange:import_",
    "export": "gitml.cli.exchange:export",
    "renumber": "gitml.cli.renumber:renumber",
    "revert": "gitml.cli.revert:revert",
    "status": "gitml.cli.health:status",
    "cache": "gitml.cli.cache:cache",
    "doctor": "gitml.cli.doctor:doctor",
    "version": "gitml.cli.version:version",
}

# Git's own words for us: it calls them, as the settings say that `init` makes (repo/drivers.py).
INNER = {"merge-driver": "gitml.cli.drivers:merge_driver", "textconv": "gitml.cli.drivers:textconv"}

_UNSAID: dict[str, Any] = {"color": "auto", "format": "table", "folder": None, "shell": None, "command": []}
_WAYS: dict[str, Any] = {"staged": True, "paths": [], "pushed": False, "range": None, "merge": None}
_STAGED = _UNSAID | _WAYS | {"verb": "validate", "fix": False, "at": None}
# What is said most often and must be quick: the hooks' own words, and the question for the version.
PLAIN: dict[tuple[str, ...], dict[str, Any]] = {
    ("validate", "--staged"): _STAGED | {"quiet": False},
    ("validate", "--staged", "--quiet"): _STAGED | {"quiet": True},
    ("version",): _UNSAID | {"verb": "version"},
}


# A command is over before dead cycles are many; to look for them among ten thousand paths takes a while.
_CYCLES = 100_000


def main(argv: Sequence[str] | None = None, *, clock: Callable[[], datetime] | None = None) -> int:
    """Run a command line; the exit code (README, The verbs)."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    gc.set_threshold(_CYCLES)
    atexit.register(gc.freeze)  # what is left at the end goes with the process: a tenth of a hook's time to look at
    try:
        _outlets()
        return _guarded(arguments, clock)
    except BrokenPipeError:
        drop_output()
        return UNREAD  # the reader has gone (`git ml list | head`): end as quietly as git does


def _outlets() -> None:
    """Streams that no locale and no odd file name can break; a closed one is nowhere."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  (while it runs)
        stream = getattr(sys, name)
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(errors="backslashreplace", **({} if stream.isatty() else {"encoding": "utf-8"}))


def _guarded(argv: Sequence[str], clock: Callable[[], datetime] | None) -> int:
    as_json = "--format=json" in argv or ("--format", "json") in pairwise(argv)
    where = None
    try:
        args = _arguments(argv)
        as_json = getattr(args, "format", "table") == "json"
        where = getattr(args, "filter", None)
        return _done(Door(args, clock))
    except SystemExit as end:  # argparse, after -h
        return int(end.code or 0)
    except GitmlError as error:
        return _known(error, as_json=as_json, where=where)
    except KeyboardInterrupt:
        sys.stderr.write("\ngit ml: interrupted\n")
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except OSError as error:
        return _known(_of_the_system(error), as_json=as_json)
    except Exception as error:  # noqa: BLE001  (a bug of ours: whatever it is, a user sees one line)
        from gitml.cli.bug import report

        return _known(report(error, argv), as_json=as_json, code=OURS)


def _arguments(argv: Sequence[str]) -> Namespace:
    """The arguments; a few command lines need no parser, which takes 15 ms to import and to build."""
    plain = PLAIN.get(tuple(argv))
    if plain is not None:
        return SimpleNamespace(**plain)  # type: ignore[return-value]
    if argv and argv[0] in INNER:
        words = _UNSAID | {"verb": argv[0], "command": list(argv[1:])}
        return SimpleNamespace(**words)  # type: ignore[return-value]
    from gitml.cli.parser import parse

    return parse(argv)


def _done(door: Door) -> int:
    folder = getattr(door.args, "folder", None)
    if folder:
        os.chdir(folder)
    if door.args.shell:
        from gitml.cli.completion import script

        put(script(door.args.shell))
        return FINE
    code = _deed(door.args.verb)(door)
    if "here" in vars(door):
        door.tell_of(door.here.repository)
    return code


def _deed(verb: str) -> Callable[[Door], int]:
    """What does a verb: of its module alone, since `validate` in a hook shall not pay for the others."""
    module, name = (INNER.get(verb) or DEEDS[verb]).split(":")
    done: Callable[[Door], int] = getattr(import_module(module), name)
    return done


def _known(error: GitmlError, *, as_json: bool, where: str | None = None, code: int | None = None) -> int:
    from gitml.cli.told import told

    sys.stderr.write(told(error, page(sys.stderr, "auto"), as_json=as_json, where=where))
    return code or (WRONG if isinstance(error, Usage) else FOUND)


def _of_the_system(error: OSError) -> GitmlError:
    """What the system refused: a full disk, a file that may not be read, too many open files."""
    place = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
    return DiskFailed(f"{place}{error.strerror or error}")
