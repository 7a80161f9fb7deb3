from __future__ import annotations

import asyncio
from typing import Any

import pytest
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList

from tests.tui.inspector.dialogs import UNANSWERED, Dialogs
from tests.tui.inspector.host import screen_text
from tui.inspector.lens import MANY, parse_count, parse_fraction
from tui.inspector.look.marks import ASCII
from tui.inspector.screens.dialogs import Choose, Enter, Option

OPTIONS = [
    Option("arc", "ARC [bold]Challenge", "science at school\x1b[31m", is_stored=True),
    Option("hella", "HellaSwag", "what happens next", is_stored=False),
    Option("gsm", "GSM8K", "arithmetic in words"),
]


def answered(dialog: ModalScreen[Any], *keys: str) -> tuple[Any, str]:
    """What the dialog gives after some keys, and what the screen shows then."""

    async def press() -> tuple[Any, str]:
        app = Dialogs(dialog)
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.pause()
            await pilot.press(*keys)
            await pilot.pause()
            return app.answer, screen_text(app)

    return asyncio.run(press())


def test_the_list_shows_what_is_chosen_and_what_the_cache_has() -> None:
    answer, text = answered(Choose("benchmark", OPTIONS, "hella"))
    assert answer is UNANSWERED
    assert "  ● ARC [bold]Challenge  science at school\\x1b[31m" in text
    assert "▸ ○ HellaSwag" in text
    assert "    GSM8K                arithmetic in words" in text


def test_a_heading_is_above_each_kind_of_thing_and_passed_over() -> None:
    options = [*OPTIONS, *(Option(one, f"scope {one}", group="from where") for one in ("all", "each"))]
    _, text = answered(Choose("selection", options, "gsm", also=["each"]))
    lines = [line.split("│")[1].strip() for line in text.splitlines() if line.count("│") == 2]
    first = next(number for number, line in enumerate(lines) if "GSM8K" in line)
    assert lines[first].startswith("▸   GSM8K")
    assert lines[first + 1 : first + 4] == ["from where", "scope all", "▸   scope each"]
    for keys, chosen in [
        (["j"], "all"),
        (["j", "k"], "gsm"),
        (["j", "j", "j"], "arc"),
        (["k", "k", "k"], "each"),
        (["G"], "each"),
        (["slash", *"each"], "each"),
    ]:
        assert answered(Choose("selection", options, "gsm"), *keys, "enter")[0] == chosen


def test_the_whole_note_is_in_sight_below_a_list_longer_than_the_screen() -> None:
    long = "a note of which the list shows only the beginning, so all of it stands below the list, to its end"
    options = [Option(f"b{number}", f"benchmark {number}", long) for number in range(40)]
    for keys in ([], ["G"], ["slash", "b"]):
        _, text = answered(Choose("benchmark", options), *keys)
        assert "to its end" in text


def test_with_ascii_every_sign_can_be_typed() -> None:
    async def look() -> str:
        app = Dialogs(Choose("benchmark", OPTIONS, "hella", ASCII))
        app.add_class("-ascii")
        async with app.run_test(size=(60, 20)) as pilot:
            await pilot.pause()
            return screen_text(app)

    text = asyncio.run(look())
    assert "> o HellaSwag" in text
    assert [line for line in text.splitlines() if not line.isascii()] == []


def test_a_filter_finds_what_a_column_head_says() -> None:
    in_form = Option("spatial_reasoning@text", "as text: spatial reasoning", also="spatial@text")
    answer, _ = answered(Choose("benchmark", [*OPTIONS, in_form]), "slash", *"spatial@", "enter")
    assert answer == "spatial_reasoning@text"


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        (["enter"], "hella"),
        (["j", "enter"], "gsm"),
        (["down", "down", "enter"], "arc"),
        (["k", "enter"], "arc"),
        (["G", "enter"], "gsm"),
        (["g", "enter"], "arc"),
        (["a", "r", "i", "t", "h", "enter"], "gsm"),
        (["slash", "k", "enter"], "gsm"),
        (["s", "down", "enter"], "hella"),
        (["escape"], None),
        (["x", "escape", "escape"], None),
        (["x", "escape", "enter"], "arc"),
        (["slash", "q", "q", "enter"], UNANSWERED),
    ],
)
def test_keys_and_letters_choose(keys: list[str], answer: object) -> None:
    assert answered(Choose("benchmark", OPTIONS, "hella"), *keys)[0] is answer


def test_letters_narrow_the_list_and_a_filter_without_a_match_says_so() -> None:
    async def press() -> None:
        app = Dialogs(Choose("benchmark", OPTIONS))
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.pause()
            await pilot.press("s", "c", "h")
            assert app.screen.query_one(Input).value == "sch"
            assert app.screen.query_one(OptionList).option_count == 1
            await pilot.press("q")
            assert app.screen.query_one(OptionList).option_count == 0
            await pilot.pause()
            assert "No match." in screen_text(app)

    asyncio.run(press())


@pytest.mark.parametrize(
    ("text", "value"), [("0.5 %", 0.005), ("0.5%", 0.005), ("5e-3", 0.005), (" 0.3 ", 0.3)]
)
def test_fractions_are_read(text: str, value: float) -> None:
    assert parse_fraction(text) == value


@pytest.mark.parametrize("text", ["", "%", "nan", "inf", "0,5", "half"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a number: write 0\.5 %"):
        parse_fraction(text)


def test_counts_are_read() -> None:
    assert [parse_count(text) for text in ("200", "1,000", " All ")] == [200, 1000, MANY]
    for text in ("0", "-1", "1.5", "²", "", "many"):
        with pytest.raises(ValueError, match="write a number from 1"):
            parse_count(text)


def test_a_number_that_cannot_be_taken_is_explained_until_one_can() -> None:
    def parse(text: str) -> float:
        k = parse_fraction(text)
        if k > 1:
            raise ValueError(f"k is {k}: choose up to 1.")
        return k

    answer, text = answered(Enter("k", "A share.", parse), *"2", "enter")
    assert answer is UNANSWERED
    assert "k is 2.0: choose up to 1." in text
    keys = ["2", "enter", "backspace", "0", "full_stop", "5", "space", "percent_sign", "enter"]
    assert answered(Enter("k", "A share.", parse), *keys)[0] == 0.005
    assert answered(Enter("k", "A share.", parse), "escape")[0] is None


def test_a_number_of_items_is_entered() -> None:
    assert answered(Enter("items", "Of each benchmark.", parse_count), *"50", "enter")[0] == 50
