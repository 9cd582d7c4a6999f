"""What `metadata/store.yaml` says, with its defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PATH = "metadata/store.yaml"
TREE = "tree"


@dataclass(frozen=True, slots=True)
class Settings:
    """A store's settings; `present` tells whether there is a store.yaml at all."""

    main: str = "main"
    events: str = TREE
    readers: tuple[str, ...] = ("dvc", "gto")
    capture_text: bool = False
    capture_variables: tuple[str, ...] = ()
    present: bool = False

    @classmethod
    def of(cls, data: Mapping[str, Any] | None) -> Settings:
        """The settings that a store.yaml's data gives; what is missing or malformed is as by default."""
        if data is None:
            return cls()
        capture = data.get("capture")
        variables = capture.get("variables") if isinstance(capture, Mapping) else None
        readers = data.get("readers")
        return cls(
            main=_text(data.get("main"), "main"),
            events=_text(data.get("events"), TREE),
            readers=tuple(map(str, readers)) if isinstance(readers, list) else ("dvc", "gto"),
            capture_text=isinstance(capture, Mapping) and capture.get("text") is True,
            capture_variables=tuple(map(str, variables)) if isinstance(variables, list) else (),
            present=True,
        )


def _text(value: Any, default: Any) -> str:
    return value if isinstance(value, str) and value else str(default)
