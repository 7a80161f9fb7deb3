"""Bars with intervals: one estimate a row, from 0."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text
from textual.widget import Widget

from tui.inspector.look.themes import text_style

if TYPE_CHECKING:
    from tui.inspector.look.marks import Marks

NARROWEST_BAR = 10
"""Columns of a bar below which the notes at the right are left out."""


@dataclass(frozen=True)
class Bar:
    """One row."""

    label: str
    numbers: str
    """The estimate and its interval in figures, or why there is none."""
    note: str = ""
    """What stands beside it where there is room, such as the control."""
    value: float | None = None
    """None: no bar."""
    low: float = 0.0
    high: float = 0.0
    is_chosen: bool = False


class ForestBars(Widget):
    """The rows on one scale: solid up to the interval, a line over the interval, a dot at the estimate."""

    DEFAULT_CSS = """
    ForestBars { height: auto; }
    """

    def __init__(self, marks: Marks, *, id: str | None = None) -> None:  # noqa: A002 (textual's name)
        super().__init__(id=id)
        self._marks = marks
        self._title = ""
        self._bars: Sequence[Bar] = ()

    def show(self, title: str, bars: Sequence[Bar]) -> None:
        """Shows other bars."""
        self._title, self._bars = title, bars
        self.refresh(layout=True)

    def render(self) -> Text:
        text = Text(self._title, style="bold", no_wrap=True, overflow="crop")
        if not self._bars:
            return text
        labels, numbers, notes = (
            max(len(getattr(bar, column)) for bar in self._bars) for column in ("label", "numbers", "note")
        )
        room = self.size.width - labels - numbers - 4
        has_notes = notes > 0 and room - notes - 2 >= NARROWEST_BAR
        width = max(NARROWEST_BAR, room - notes - 2 if has_notes else room)
        scale = _Scale.of(self._bars, width)
        text = Text(no_wrap=True, overflow="crop").append(text)
        for bar in self._bars:
            mark = self._marks.chosen if bar.is_chosen else " "
            text.append(f"\n{mark}{bar.label:<{labels}} ", style="bold" if bar.is_chosen else "")
            text.append_text(self._drawn(bar, scale))
            text.append(f" {bar.numbers:<{numbers}}", style="bold" if bar.is_chosen else "")
            if has_notes:
                text.append(f"  {bar.note}", style="dim")
        return text.append(f"\n{'':<{labels + 2}}{scale.axis()}", style="dim")

    def _drawn(self, bar: Bar, scale: _Scale) -> Text:
        marks, zero = self._marks, scale.column(0.0)
        cells = [" "] * scale.width
        cells[zero] = marks.rule
        if bar.value is not None:
            low, high, at = (scale.column(value) for value in (bar.low, bar.high, bar.value))
            for column in (
                range(zero, low) if bar.low > 0 else range(high + 1, zero + 1) if bar.high < 0 else ()
            ):
                cells[column] = marks.bar
            for column in range(low, high + 1):
                cells[column] = marks.dash
            cells[at] = marks.stored
        colour = "warning" if (bar.value or 0.0) < 0 else "primary"
        return Text("".join(cells), style=text_style(self.app.theme_variables, colour))


@dataclass(frozen=True)
class _Scale:
    """Where values stand on a line of so many columns."""

    low: float
    high: float
    width: int

    @classmethod
    def of(cls, bars: Sequence[Bar], width: int) -> _Scale:
        """From 0 or the lowest interval to 1 or the highest one, within sense."""
        shown = [bar for bar in bars if bar.value is not None]
        low = min([0.0, *(max(-1.0, bar.low) for bar in shown)])
        high = max([1.0, *(min(2.0, bar.high) for bar in shown)])
        return cls(low, high, width)

    def column(self, value: float) -> int:
        """Of a value; the nearest end for what is beyond."""
        part = (min(self.high, max(self.low, value)) - self.low) / (self.high - self.low)
        return round(part * (self.width - 1))

    def axis(self) -> str:
        """0 and 1 where they are."""
        cells = [" "] * self.width
        cells[self.column(0.0)], cells[self.column(1.0)] = "0", "1"
        return "".join(cells)
