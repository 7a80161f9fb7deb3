"""Lines that end in a bar."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content


def with_bars(lines: Sequence[tuple[str, str]]) -> Content:
    """Lines of a text and a bar each, the bars in the theme's first colour."""
    rows = [Content(text) + Content.styled(bar, "$primary") for text, bar in lines]
    return Content("\n").join(rows)
