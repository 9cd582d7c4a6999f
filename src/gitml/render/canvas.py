"""Lines drawn with braille letters, two dots wide and four high a cell; or with a letter a curve, without colour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

# The dots of a braille cell by column and row (Unicode, block 2800: the order of bits is historical).
_BITS: Final = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_BLANK: Final = 0x2800
WIDE, HIGH = 2, 4
_SHARED: Final = "*"

Place = tuple[int, int]
"""A column from the left and a row from the top."""


class Canvas:
    """So many cells, on which curves are drawn by dots: `width * 2` across and `height * 4` down."""

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        self._bits: dict[Place, int] = {}
        self._owners: dict[Place, int] = {}
        self._shared: set[Place] = set()

    def line(self, dots: Sequence[Place], owner: int) -> None:
        """One curve: from dot to dot, the vertical parts whole."""
        for start, end in zip(dots, dots[1:] or dots, strict=False):
            for dot in _between(start, end):
                self._dot(dot, owner)

    def _dot(self, dot: Place, owner: int) -> None:
        cell = (dot[0] // WIDE, dot[1] // HIGH)
        self._bits[cell] = self._bits.get(cell, 0) | _BITS[dot[0] % WIDE][dot[1] % HIGH]
        if self._owners.setdefault(cell, owner) != owner:
            self._shared.add(cell)
        self._owners[cell] = owner

    def rows(self) -> Iterator[list[tuple[str, int | None]]]:
        """Each row as its cells: the braille letter, and the curve that was drawn there last."""
        for row in range(self.height):
            cells = [(column, row) for column in range(self.width)]
            yield [(chr(_BLANK | self._bits.get(cell, 0)) if cell in self._bits else " ", self._owners.get(cell))
                   for cell in cells]  # fmt: skip

    def letters(self, names: Sequence[str]) -> Iterator[str]:
        """Each row as text in which a curve is drawn by its letter, and by * where curves cross."""
        for row in range(self.height):
            cells = [(column, row) for column in range(self.width)]
            owners = [self._owners.get(cell) for cell in cells]
            yield "".join(
                " " if owner is None else _SHARED if cell in self._shared else names[owner]
                for cell, owner in zip(cells, owners, strict=True)
            )


def _between(start: Place, end: Place) -> Iterator[Place]:
    """The dots of a straight line (J. E. Bresenham, "Algorithm for computer control of a digital plotter", 1965)."""
    (x, y), (to_x, to_y) = start, end
    across, down = abs(to_x - x), -abs(to_y - y)
    along_x, along_y = (1 if x < to_x else -1), (1 if y < to_y else -1)
    error = across + down
    while True:
        yield x, y
        if (x, y) == (to_x, to_y):
            return
        twice = 2 * error
        if twice >= down:
            error += down
            x += along_x
        if twice <= across:
            error += across
            y += along_y
