"""The names that a mistyped one may have meant; what `near` in an error holds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

_TAIL = re.compile(r"[^./@:`]*`?$")
_CUTOFF = 0.6
_LONGEST = 200
_SEVERAL = 500


def nearest(name: str, candidates: Iterable[str], limit: int = 3) -> tuple[str, ...]:
    """The candidates most like `name`, best first: equal but for case, then equal in their last part, then similar.

    Takes a moment even for 100,000 candidates: only those that share most pairs of letters are looked at closely.
    """
    import heapq

    wanted = name[:_LONGEST].casefold()
    names = sorted({candidate for candidate in candidates if len(candidate) <= _LONGEST})
    if len(names) > _SEVERAL:
        names = heapq.nlargest(_SEVERAL, names, key=_shared_pairs(wanted))
    likeness = _likeness(wanted)
    scored = ((likeness(candidate.casefold()), candidate) for candidate in names)
    best = heapq.nsmallest(limit, ((-score, candidate) for score, candidate in scored if score >= _CUTOFF))
    return tuple(candidate for _score, candidate in best)


def _likeness(wanted: str) -> Callable[[str], float]:
    from difflib import SequenceMatcher  # 3 ms, and most lives pass without a wrong name

    tail = _tail(wanted)
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(wanted)

    def likeness(candidate: str) -> float:
        if candidate == wanted:
            return 3.0
        matcher.set_seq1(candidate)
        ratio = matcher.ratio() if matcher.quick_ratio() >= _CUTOFF else 0.0
        return ratio + 1.0 if tail and _tail(candidate) == tail else ratio

    return likeness


def _tail(name: str) -> str:
    found = _TAIL.search(name)
    return found[0] if found else ""


def _shared_pairs(wanted: str) -> Callable[[str], float]:
    pairs = _pairs(wanted)

    def share(candidate: str) -> float:
        others = _pairs(candidate.casefold())
        return len(pairs & others) / (len(pairs) + len(others))

    return share


def _pairs(name: str) -> set[str]:
    padded = f" {name} "
    return {padded[start : start + 2] for start in range(len(padded) - 1)}
