"""Words lay the screen out when they need other rows, and only then."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult
from textual.widgets import Static

from tui.inspector.widgets.words import Words

SIZE = (20, 10)


class TwoTexts(App[None]):
    """Words above another text."""

    CSS = "Words, Static { height: auto; width: 1fr; }"

    def compose(self) -> ComposeResult:
        yield Words("one", id="words", markup=False)
        yield Static("below", id="below")


@pytest.mark.parametrize(("text", "rows"), [("two", 1), ("", 1), ("a\nb", 2), ("word " * 7, 2), ("one", 1)])
async def test_what_is_below_moves_with_the_rows(text: str, rows: int) -> None:
    app = TwoTexts()
    async with app.run_test(size=SIZE) as pilot:
        words, below = app.query_one(Words), app.query_one("#below")
        words.update(text)
        await pilot.pause()
        assert below.region.y == rows
        words.update("last\nline")
        await pilot.pause()
        assert below.region.y == 2


async def test_a_text_of_as_many_rows_lays_nothing_out(monkeypatch: pytest.MonkeyPatch) -> None:
    app = TwoTexts()
    async with app.run_test(size=SIZE) as pilot:
        words, asked = app.query_one(Words), []
        refresh = words.refresh
        monkeypatch.setattr(words, "refresh", lambda **how: asked.append(how.get("layout")) or refresh(**how))
        words.update("other")
        words.update("other")
        await pilot.pause()
        assert asked == [False]
        assert str(words.visual) == "other"
