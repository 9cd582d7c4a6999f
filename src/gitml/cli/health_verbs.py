"""The verbs of health as data (see verbs)."""

from __future__ import annotations

from gitml.cli.words import COLOR, FORMAT, SHOWS, Verb, switch

STATUS = Verb(
    "status",
    "say how the store is, and with --data where its data are",
    (
        switch("--data", "of each pointer: is it in the work tree, in DVC's cache, in its remote"),
        switch("--ever-live", "also the data of every version that an alias ever chose"),
        *SHOWS,
    ),
    ("git ml status", "git ml status --data", "git ml status --data --ever-live --format json"),
    "With --data the remotes themselves are asked, not DVC's index of them. It exits 1 where committed data cannot be "
    "had from a remote, so that a pull request whose data nobody has pushed is stopped.",
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

HEALTH = (STATUS, DOCTOR, VERSION)
