"""Which new paths git ignores: `check-ignore`, as a process that stays while the rules are as it has read them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from threading import Lock
from typing import Final

from gitml.repo.git.command import Command, raw, text
from gitml.repo.git.configured import files_of
from gitml.repo.git.kept import Kept, Signature, rules_of, signature
from gitml.repo.git.staying import Staying

# `--no-index`: what is asked of is in no index; with `-v -n` each path is answered, and at once.
_ANSWERING: Final = ("check-ignore", "--no-index", "--stdin", "-z", "-v", "-n")
_PART: Final = 1 << 16
_FIELDS: Final = 4  # where the rule stands, its line, the rule, the path


class Ignoring:
    """Asks whether git would pass by paths at which nothing is, in the work tree or the index."""

    def __init__(self, command: Command, kept: Kept) -> None:
        self._command = command
        self._kept = kept
        self._git = Staying(command, *_ANSWERING)
        self._read: dict[str, Signature | None] = {}
        self._turn = Lock()

    def of(self, paths: Sequence[str]) -> list[str]:
        """Those of some new paths that git ignores."""
        with self._turn:
            rules = self._rules(paths)
            other = {path: seen for path, seen in rules.items() if self._read.get(path, ()) != seen}
            if other:
                if not self._kept.at_rest(other):
                    return self._once(paths)
                if not self._read.keys().isdisjoint(other):
                    self.close()
                self._read.update(rules)
            return [path for path in paths if self._is_ignored(path)]

    def _rules(self, paths: Sequence[str]) -> dict[str, Signature | None]:
        named = {os.fspath(file) for path in paths for file in rules_of(self._command, path)}
        return {file: signature(file) for file in (*named, *files_of(self._command, self._kept))}

    def _once(self, paths: Sequence[str]) -> list[str]:
        asked = raw("".join(f"{path}\0" for path in paths))
        return self._command.lines0("check-ignore", "--no-index", "-z", "--stdin", input=asked, check=False)

    def _is_ignored(self, path: str) -> bool:
        rule = self._asked(path)
        if rule is None:  # it has ended: at what it cannot answer (a path behind a link) it gives up
            self.close()
            return path in self._once([path])
        return rule != "" and not rule.startswith("!")

    def _asked(self, path: str) -> str | None:
        """The rule that decides about a path, empty for none; None where the process has ended."""
        stdout = self._git.ask(raw(f"{path}\0"))
        answer = b""
        while stdout and answer.count(b"\0") < _FIELDS:
            part = os.read(stdout.fileno(), _PART)
            if not part:
                return None
            answer += part
        return text(answer.split(b"\0")[2]) if answer else None

    def close(self) -> None:
        """Let the process go."""
        self._git.close()
        self._read.clear()
