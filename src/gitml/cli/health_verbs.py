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
VERSION = Verb("version", "print the version", (FORMAT, COLOR), ("git ml version",))

HEALTH = (STATUS, VERSION)
