"""Work in shares, one a core: processes of our own that begin afresh, whatever the program that asks has loaded.

A process that is forked from one with threads can hang, and one that Python's `multiprocessing` spawns runs the
caller's script again. A share whose process fails is done here: it is slower, and as right.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from concurrent.futures import Future

WORTH_SPREADING: Final = 2000
"""Fewer files than this are read sooner than a process has begun."""
_CHILD: Final = "from gitml.repo.workers import work; work()"


def cores() -> int:
    """How many processes can run at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def spread(
    deed: Callable[..., Any], common: Any, shares: Sequence[Any], here: Callable[[Any], Any] | None = None
) -> list[Any]:
    """What `deed(common, share)` gives for each share; `deed` is a module's own function, all else can be pickled.

    `here` does a share in this process, if that has a way of its own: the first one, and those whose process fails.
    """
    from concurrent.futures import ThreadPoolExecutor  # seldom needed: most looks are answered by what is known

    here = here or partial(deed, common)
    first, *others = shares
    with ThreadPoolExecutor(max(1, len(others))) as waiting:
        begun = [waiting.submit(_elsewhere, deed, common, share) for share in others]
        return [
            here(first),
            *(_ended(one, here, share) for one, share in zip(begun, others, strict=True)),
        ]


def _ended(begun: Future[tuple[Any] | None], here: Callable[[Any], Any], share: Any) -> Any:
    found = begun.result()
    return here(share) if found is None else found[0]


def _elsewhere(deed: Callable[..., Any], common: Any, share: Any) -> tuple[Any] | None:
    """What a process of its own gives, None where it fails."""
    import pickle

    said = pickle.dumps((deed.__module__, deed.__name__, (common, share)))
    command = [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}; {_CHILD}"]
    pipe = subprocess.PIPE
    try:
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL) as child:
            if child.stdin is None or child.stdout is None:
                return None
            child.stdin.write(said)
            child.stdin.flush()  # and not closed: it ends with this process, however that ends
            found = child.stdout.read()
        return (pickle.loads(found),) if child.returncode == 0 else None  # noqa: S301  (our own child said it)
    except (OSError, pickle.UnpicklingError, EOFError):
        return None


def work() -> None:
    """What a process does that was begun here: read its share, answer, end; and end with who asked."""
    import pickle

    module, name, arguments = pickle.load(sys.stdin.buffer)  # noqa: S301  (our own parent said it)
    Thread(target=_end_with_parent, daemon=True).start()
    found = getattr(import_module(module), name)(*arguments)
    sys.stdout.buffer.write(pickle.dumps(found))


def _end_with_parent() -> None:
    """Wait for the end of what is said: a parent that was killed cannot say anything else."""
    os.read(0, 1)
    os._exit(1)
