"""The verbs of health as data (see verbs)."""

from __future__ import annotations

from gitml.cli.words import COLOR, FORMAT, SHOWS, Verb, many, place, switch

_UPKEEP = ("info", "verify", "clear", "gc")

STATUS = Verb(
    "status",
    "say how the store is, and with --data where its data are",
    (
        switch("--data", "of each pointer: is it in the work tree, in DVC's cache, in its remote"),
        switch("--ever-live", "also the data of every version that an alias ever chose"),
        many("--spool", "DIR", "also the runs in a spool (default: GITML_SPOOL)", "folder"),
        *SHOWS,
    ),
    ("git ml status", "git ml status --data", "git ml status --data --ever-live --format json"),
    "Runs that go on are listed with their last step and metrics, and those counted that wait for git ml sync. "
    "With --data the remotes themselves are asked, not DVC's index of them. It exits 1 where committed data cannot be "
    "had from a remote, so that a pull request whose data nobody has pushed is stopped.",
)
CACHE = Verb(
    "cache",
    "look after what was once read and is kept: how much it is, if it is sound; empty it, or drop what is of no use",
    (place("deed", "", "what to do", choices=_UPKEEP), switch("--dry-run", "gc: say what would go"), FORMAT, COLOR),
    tuple(f"git ml cache {deed}" for deed in (*_UPKEEP, "gc --dry-run")),
    "All of it lies in the Git directory and can be made again, and others may use it meanwhile. verify exits 1 where "
    "something is damaged, and removes that. gc removes what another version of gitml has kept, and the tables that "
    "have not been asked for lately and are of no branch or tag.",
)
DOCTOR = Verb(
    "doctor",
    "say what would make git quicker or safer in this clone, and with --fix set it",
    (
        switch("--fix", "set what is git's own configuration and upkeep here; no file of the tree changes"),
        FORMAT,
        COLOR,
    ),
    ("git ml doctor", "git ml doctor --fix", "git ml doctor --format json"),
    "What is advised was measured on stores of that size, and is not advised below it. What --fix leaves is yours: it "
    "changes which files lie in the work tree, asks another machine, or puts hooks in your way. A second --fix finds "
    "nothing to set.",
)
VERSION = Verb("version", "print the version", (FORMAT, COLOR), ("git ml version",))

HEALTH = (STATUS, DOCTOR, CACHE, VERSION)
