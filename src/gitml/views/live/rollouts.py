"""What was brought out when, how that went, and how it differs from what was wished."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

_DONE: Final = "succeeded"
_ENDINGS: Final = {"failed": "failed", "rolled_back": "was rolled back", "cancelled": "was cancelled"}


class Rollout(NamedTuple):
    """What was brought out when, and how that went; `version` is what it serves, through an alias if need be."""

    ref: str
    version: str | None
    status: str | None
    created: str | None
    by: str | None


@dataclass(frozen=True, slots=True)
class Happened:
    """What happened to a deployment: the last rollout that succeeded, whether that was a stop, the last of all."""

    done: Rollout | None = None
    stop: bool = False
    last: Rollout | None = None

    @classmethod
    def of(cls, told: Sequence[tuple[Rollout, bool]]) -> Happened:
        """From its rollouts, the oldest first, each with whether it is a stop."""
        done, stop = next((one for one in reversed(told) if one[0].status == _DONE), (None, False))
        return cls(done, stop, told[-1][0] if told else None)

    @property
    def serves(self) -> str | None:
        """The version that is out; None where nothing is."""
        return None if self.done is None or self.stop else self.done.version or "an unknown version"

    def unlike(self, wish: str | None, *, stopped: bool) -> str | None:
        """In words how what happened differs from the wish; None where it does not."""
        if self.last is None:
            return None if stopped else "no rollout is recorded"
        if stopped:
            return f"ought to be stopped, serves {self.serves}{self._ending}" if self.serves else None
        if self.serves == wish:
            return None
        return f"ought to serve {wish or 'an unknown version'}, serves {self.serves or 'nothing'}{self._ending}"

    @property
    def unasked(self) -> str:
        """In words what is out that no record wishes for."""
        return f"no wish is recorded, serves {self.serves or 'nothing'}{self._ending}"

    @property
    def _ending(self) -> str:
        if self.last is None or self.last is self.done or self.last.status is None:
            return ""
        return f"; the last rollout (of {self.last.version}) {_ENDINGS.get(self.last.status, f'is {self.last.status}')}"
