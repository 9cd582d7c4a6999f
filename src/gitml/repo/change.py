"""A change: one path, the blob it had and the blob it shall have."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Change:
    """One path from one blob to another; None is absent.

    `content` holds the bytes of `after` where git does not have them yet; `old_mode` is None where it is `mode`.
    `fresh` says that the path holds an id made just now: nobody else can have anything there.
    """

    path: str
    before: str | None
    after: str | None
    content: bytes | None = None
    mode: str = "100644"
    old_mode: str | None = None
    fresh: bool = field(default=False, compare=False)
