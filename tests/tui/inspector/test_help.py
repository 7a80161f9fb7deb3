from __future__ import annotations

import asyncio
from typing import ClassVar

import pytest
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.widget import Widget

from tests.tui.inspector.host import screen_text
from tui.inspector.keys import PANES, PaneSource
from tui.inspector.look.marks import ASCII, UNICODE
from tui.inspector.screens.help import MARK_MEANINGS, HelpScreen, parts_of

ABOUT = "What each item was answered, in [bold]plain[/] words."


class Tab(Widget, can_focus=True):
    BINDINGS: ClassVar = [
        Binding("j,down", "step", "next", id="tab.next", tooltip="Next item"),
        Binding("x", "other", "other", tooltip="Without an id"),
    ]


class Below(App[None]):
    BINDINGS: ClassVar = [Binding("r", "run", "run", id="app.run", tooltip="Run it")]

    def compose(self) -> ComposeResult:
        yield Tab()

    def on_mount(self) -> None:
        self.query_one(Tab).focus()


def shown(*keys: str, size: tuple[int, int] = (80, 24), marks: object = UNICODE) -> str:
    """The screen after the help was opened and some keys were pressed."""

    async def press() -> str:
        app = Below()
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            help_screen = HelpScreen("Samples", ABOUT, app.screen.active_bindings, marks)  # type: ignore[arg-type]
            await app.push_screen(help_screen)
            await pilot.press(*keys)
            await pilot.pause()
            return screen_text(app)

    return asyncio.run(press())


def test_it_says_what_the_tab_shows_and_which_keys_work_there() -> None:
    text = shown()
    assert ABOUT in text
    here, everywhere = text.index("Keys here"), text.index("Keys everywhere")
    assert here < text.index("Next item") < everywhere < text.index("Run it")
    assert "j ↓" in text
    assert "Without an id" not in text


@pytest.mark.parametrize("size", [(60, 20), (80, 24)])
def test_it_scrolls_to_the_marks(size: tuple[int, int]) -> None:
    assert MARK_MEANINGS[-1][1] not in shown(size=size)
    assert MARK_MEANINGS[-1][1] in shown("G", size=size)
    assert ABOUT[:20] in shown("G", "g", size=size)
    assert shown("j", "j", size=size) == shown("down", "down", size=size) != shown(size=size)


def test_the_marks_are_those_in_use() -> None:
    assert f"{ASCII.wrong} " in shown("G", marks=ASCII)
    assert UNICODE.wrong not in shown("G", marks=ASCII)


@pytest.mark.parametrize("key", ["escape", "question_mark", "q"])
def test_it_is_closed_by(key: str) -> None:
    assert "Help: Samples" in shown()
    assert "Help: Samples" not in shown(key)


def test_a_help_text_is_wrapped_for_the_screen_and_not_as_in_the_source() -> None:
    source = """\
Which ability carries which benchmark, in a line that is wrapped
here in the source.
AIS        (base - ablated) / (base - chance): 1 is all of it,
           0 is none
flips      right to wrong

A last paragraph."""
    parts = [(part.term, part.text, part.begins_block) for part in parts_of(source)]
    wrapped = "Which ability carries which benchmark, in a line that is wrapped here in the source."
    assert parts == [
        ("", wrapped, True),
        ("AIS", "(base - ablated) / (base - chance): 1 is all of it, 0 is none", False),
        ("flips", "right to wrong", False),
        ("", "A last paragraph.", True),
    ]


@pytest.mark.parametrize("pane", [pane for _, pane in PANES], ids=lambda pane: pane.title)
def test_every_tab_explains_itself(pane: PaneSource) -> None:
    parts = parts_of(pane.load().help_text)
    assert len(parts) > 1
    assert "ClassVar" not in pane.load().help_text
    assert max(len(part.text) for part in parts) < 700
