"""The command line: `git ml VERB`. It parses, makes one call of the store, and renders; exit codes live here."""

from __future__ import annotations

from gitml.cli.entry import main

__all__ = ["main"]
