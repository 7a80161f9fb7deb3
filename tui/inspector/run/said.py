"""Sentences, of which nothing is left when there is nothing to say."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static


class Said(Static):
    """Plain text that takes as many rows as it needs, and none if it is empty."""

    DEFAULT_CSS = """
    Said { height: auto; width: 1fr; }
    """

    def __init__(self, *, id: str) -> None:  # noqa: A002 (textual's name)
        super().__init__(id=id, markup=False)
        self.display = False
        self._said = ("", "")

    def say(self, text: str, style: str = "") -> None:
        """Says something else, in a style of the theme; nothing is drawn anew if it is the same."""
        if (text, style) == self._said:
            return
        rows_before = self._rows(self._said[0])
        self._said = (text, style)
        self.display = bool(text)
        # A layout of the whole screen takes too long to be made for every figure that changes.
        self.update(Content.styled(text, style), layout=self._rows(text) != rows_before)

    def _rows(self, text: str) -> int:
        width = max(1, self.size.width)
        return sum(1 + max(0, len(line) - 1) // width for line in text.split("\n")) if text else 0
