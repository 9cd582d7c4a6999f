"""A git process that stays and answers, question by question."""

from __future__ import annotations

import os
from collections.abc import Mapping
from subprocess import Popen
from typing import IO
from weakref import finalize

from gitml.errors import GitFailed
from gitml.repo.git.command import Command


class Staying:
    """A git command whose process is started when it is first asked; a process that is forked starts one of its own."""

    def __init__(self, command: Command, *args: str, env: Mapping[str, str | None] | None = None) -> None:
        self._command = command
        self._args = args
        self._env = env
        self._process: Popen[bytes] | None = None
        self._owner = 0

    @property
    def running(self) -> bool:
        """Whether this process has started it."""
        return self._process is not None and self._owner == os.getpid()

    def ask(self, question: bytes) -> IO[bytes] | None:
        """Put a question; where to read the answer, None where the process has ended."""
        if self._process is None or not self.running:
            self._process = self._command.start(*self._args, env=self._env)
            self._owner = os.getpid()
            finalize(self, _let_go, self._process, self._owner)
        try:
            stdin = opened(self._process.stdin)
            stdin.write(question)
            stdin.flush()
        except BrokenPipeError:
            return None
        return opened(self._process.stdout)

    def close(self) -> None:
        """Let the process go."""
        if self._process is not None:
            _let_go(self._process, self._owner)
            self._process = None


def opened(pipe: IO[bytes] | None) -> IO[bytes]:
    """A pipe of a process that was started with it."""
    if pipe is None:
        message = "git was started without a pipe"
        raise GitFailed(message)
    return pipe


def _let_go(process: Popen[bytes], owner: int) -> None:
    if owner != os.getpid():
        return  # a fork's copy: the process is its parent's
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        _closed(pipe)


def _closed(pipe: IO[bytes] | None) -> None:
    try:
        if pipe is not None:
            pipe.close()
    except BrokenPipeError:  # what it had still to read is nobody's loss
        return
