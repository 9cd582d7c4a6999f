"""The page that text is laid out for: how wide it is, and whether it shows colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Style = Literal["good", "bad", "warn", "strong", "faint"]

_CODES: Final[dict[Style, str]] = {"good": "32", "bad": "31", "warn": "33", "strong": "1", "faint": "2"}


@dataclass(frozen=True, slots=True)
class Page:
    """A terminal's width in cells, None for a file or a pipe: there nothing is cut and no note is added."""

    width: int | None = None
    colour: bool = False

    def paint(self, text: str, style: Style | None) -> str:
        """The text in a style, where there is colour."""
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if self.colour and style and text else text


PLAIN: Final = Page()
