"""Slanted lines from the left edge to the right: in braille dots, or in what can be typed."""

from __future__ import annotations

from rich.style import Style
from rich.text import Text

BRAILLE = 0x2800
"""The code point of the pattern without dots."""

DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The bit of each dot: four rows of two."""

TYPED = " -=#"
"""By thickness, where braille is not to be had."""


class LineCanvas:
    """Lines of the screen that one draws on; a later style takes a place over from an earlier one."""

    def __init__(self, width: int, height: int, *, is_ascii: bool) -> None:
        self.width, self.height = width, height
        self._is_ascii = is_ascii
        self._bits = [[0] * width for _ in range(height)]
        self._styles = [[Style.null()] * width for _ in range(height)]

    def draw(self, start: int, end: int, thickness: int, style: Style) -> None:
        """A line from the middle of line `start` at the left edge to that of line `end` at the right.

        Args:
            start: line at the left, from 0.
            end: line at the right.
            thickness: from 1 to 3.
            style: its colour.
        """
        if self._is_ascii:
            self._draw_typed(start, end, thickness, style)
            return
        dots = self.width * 2
        for x in range(dots):
            middle = start * 4 + 1.5 + (end - start) * 4 * x / (dots - 1)
            first = round(middle - (thickness - 1) / 2)
            for y in range(first, first + thickness):
                self._dot(x, y, style)

    def line(self, number: int) -> Text:
        """One line of the screen."""
        text = Text(no_wrap=True)
        for bits, style in zip(self._bits[number], self._styles[number], strict=True):
            text.append(self._character(bits), style)
        return text

    def _draw_typed(self, start: int, end: int, thickness: int, style: Style) -> None:
        for x in range(self.width):
            y = round(start + (end - start) * (x + 0.5) / self.width)
            before = self._bits[y][x] if self._styles[y][x] == style else 0
            self._bits[y][x], self._styles[y][x] = max(before, thickness), style

    def _dot(self, x: int, y: int, style: Style) -> None:
        if 0 <= y < self.height * 4:
            line, column = y // 4, x // 2
            if self._styles[line][column] != style:
                self._bits[line][column], self._styles[line][column] = 0, style
            self._bits[line][column] |= DOTS[y % 4][x % 2]

    def _character(self, bits: int) -> str:
        if self._is_ascii:
            return TYPED[bits]
        return chr(BRAILLE + bits) if bits else " "
