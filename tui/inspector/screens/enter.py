"""Entering a number."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.markup import escape
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from tui.inspector.look.safe_text import safe_line
from tui.inspector.screens.frame import FRAME_CSS

if TYPE_CHECKING:
    from textual.app import ComposeResult

T = TypeVar("T")

ALL = "all"
"""What one types for all items."""

MANY = 1_000_000_000
"""More items than any benchmark has: what `all` gives."""


class _Entry(ModalScreen[T | None], Generic[T]):
    """One line to type in; what is wrong with it is said below."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back", id="entry.back", tooltip="Enter nothing"),
    ]

    def __init__(self, title: str, hint: str) -> None:
        """Makes the dialog.

        Args:
            title: what is entered.
            hint: what is meant by it, in a line or two.
        """
        super().__init__()
        self._heading, self._hint = title, hint

    def compose(self) -> ComposeResult:
        with Vertical(id="frame") as frame:
            frame.border_title = escape(self._heading)
            frame.border_subtitle = "enter takes it   esc back"
            yield Static(self._hint, markup=False)
            yield Input(compact=True)
            yield Static("", classes="problem", markup=False)

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    def read(self, text: str) -> T:
        """What the text means.

        Raises:
            ValueError: nothing that can be taken; the message is shown.
        """
        raise NotImplementedError

    @on(Input.Submitted)
    def _take(self, event: Input.Submitted) -> None:
        try:
            found = self.read(event.value)
        except ValueError as error:
            self.query_one(".problem", Static).update(safe_line(str(error)))
        else:
            self.dismiss(found)

    def action_back(self) -> None:
        """Leaves without a number."""
        self.dismiss(None)


class EnterNumber(_Entry[float]):
    """A fraction, such as k: gives a float, or None for nothing."""

    SCOPED_CSS: ClassVar[bool] = False
    DEFAULT_CSS = FRAME_CSS.format(name="EnterNumber")

    def __init__(self, title: str, hint: str, wrong: Callable[[float], str]) -> None:
        """Makes the dialog; `wrong` says in a sentence why a number cannot be taken, or nothing if it can."""
        super().__init__(title, hint)
        self._wrong = wrong

    def read(self, text: str) -> float:
        """The fraction that the text means."""
        value = parse_fraction(text)
        if problem := self._wrong(value):
            raise ValueError(problem)
        return value


class EnterCount(_Entry[int]):
    """A number of items: gives an int, MANY for `all`, or None for nothing."""

    SCOPED_CSS: ClassVar[bool] = False
    DEFAULT_CSS = FRAME_CSS.format(name="EnterCount")

    def read(self, text: str) -> int:
        """How many the text means."""
        return parse_count(text)


def parse_fraction(text: str) -> float:
    """The number in `0.5 %`, `0.005` or `5e-3`: 0.005 in all three.

    Raises:
        ValueError: it is no number.
    """
    word = text.strip()
    try:
        value = float(word.removesuffix("%"))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"'{word}' is no number: write 0.5 %, 0.005 or 5e-3.")
    # Divided and not multiplied by 0.01, which would make a k that is not the same as the one of the grid.
    return value / 100 if word.endswith("%") else value


def parse_count(text: str) -> int:
    """The number in `200` or `1,000`; MANY for `all`.

    Raises:
        ValueError: it is no whole number from 1.
    """
    word = text.strip().casefold()
    if word == ALL:
        return MANY
    digits = word.replace(",", "")
    count = int(digits) if digits.isascii() and digits.isdigit() else 0
    if count < 1:
        raise ValueError(f"'{text.strip()}' cannot be taken: write a number from 1, such as 200, or all.")
    return min(count, MANY)
