"""What there is to read: who gives each path, which records point to bytes, and which runs wrote them."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from operator import itemgetter
from typing import Protocol

from gitml.views.lineage.held import Given, Givers, Held
from gitml.views.lineage.trace import Trace, points, writes

InGit = Callable[[str], bool]
"""Whether git holds a file or a folder at a path."""


class Traces(Protocol):
    """The traces of all records, to be asked for some."""

    @property
    def made(self) -> Sequence[Trace]:
        """Those of what readers make."""
        ...

    def get(self, ref: str) -> Trace | None:
        """The trace of a record."""
        ...

    def having(self, token: str) -> Sequence[Trace]:
        """Those that a token leads to."""
        ...


class Known:
    """Traces that are all at hand; a token leads to those that point to bytes, or wrote them."""

    def __init__(self, traces: Iterable[Trace]) -> None:
        self.by_ref = {one.ref: one for one in traces}
        self.made = [one for one in self.by_ref.values() if one.derived]
        self._having: dict[str, list[Trace]] = defaultdict(list)
        for one in self.by_ref.values():
            if one.pointers or one.outputs:
                tokens = [points(each.path, each.hash) for each in one.pointers]
                tokens += [writes(each.path, each.hash) for each in one.outputs]
                for token in dict.fromkeys(tokens):
                    self._having[token].append(one)

    def get(self, ref: str) -> Trace | None:
        """The trace of a record."""
        return self.by_ref.get(ref)

    def having(self, token: str) -> Sequence[Trace]:
        """Those that a token leads to."""
        return self._having.get(token, ())


def given(traces: Iterable[Trace]) -> Iterator[Given]:
    """What stages make, and what DVC tracks by itself."""
    for one in traces:
        yield from (Given(one.ref, out.held, out.reason) for out in one.outs)
        if one.tracked is not None and one.alone:
            yield Given(one.ref, one.tracked.held, one.tracked.reason)


class Writers:
    """Who wrote the same bytes to the same place: runs of DVC's, and recorded ones by the time that they began."""

    def __init__(self, traces: Iterable[Trace]) -> None:
        found = list(traces)
        self._of_dvc = [one.ref for one in found if one.derived]
        self._times = [(one.created, one.ref) for one in found if not one.derived]

    def before(self, reader: Trace, *, recorded: bool) -> Iterator[str]:
        """Whose bytes it was that were read: all of DVC's, and of the recorded ones the last before the reader."""
        yield from (ref for ref in self._of_dvc if ref != reader.ref)
        end = bisect_right(self._times, reader.created, key=itemgetter(0)) if reader.created else len(self._times)
        earlier = (ref for _time, ref in reversed(self._times[max(end - 2, 0) : end]) if ref != reader.ref)
        yield from islice(earlier if recorded else (), 1)


class There:
    """What there is to read, for who draws the edges of some records."""

    def __init__(self, traces: Traces, in_git: InGit) -> None:
        self._traces = traces
        self.in_git = in_git
        self.get = traces.get
        self.givers = Givers(given(traces.made))
        self.tracked = {one.ref: one.tracked.hash for one in traces.made if one.tracked}
        self._pointed: dict[str, Held | None] = {}
        self._pointing: dict[Held, list[str]] = {}
        self._writers: dict[Held, Writers] = {}

    def pointed(self, ref: str) -> Held | None:
        """The bytes that a record's own pointer names."""
        if ref not in self._pointed:
            found = self.get(ref)
            held = [one.held for one in found.pointers if one.reason == "pointer"] if found else []
            self._pointed[ref] = held[-1] if held else None
        return self._pointed[ref]

    def pointing(self, read: Held) -> list[str]:
        """The records that point to some bytes."""
        if read not in self._pointing:
            self._pointing[read] = [one.ref for one in _in_time(self._traces.having(points(*read)))]
        return self._pointing[read]

    def writers(self, read: Held, reader: Trace, *, recorded: bool = True) -> Iterator[str]:
        """Who wrote what a record has read, or points to."""
        if not read.hash:
            return iter(())
        if read not in self._writers:
            self._writers[read] = Writers(_in_time(self._traces.having(writes(*read))))
        return self._writers[read].before(reader, recorded=recorded)


def _in_time(traces: Iterable[Trace]) -> list[Trace]:
    return sorted(traces, key=lambda one: (one.created, one.ref))
