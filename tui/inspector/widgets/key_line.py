"""The keys that are of use just now, on the last line.

One widget that draws text. Textual's own footer mounts a widget for each key whenever one changes, and lays
out the whole screen for it: more work than all else that a key does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.widget import Widget

if TYPE_CHECKING:
    from textual import events
    from textual.binding import ActiveBinding
    from textual.screen import Screen


@dataclass(frozen=True)
class ShownKey:
    """One key of the line."""

    key: str
    """As Textual names it."""
    sign: str
    """As it is written."""
    does: str
    tooltip: str
    enabled: bool

    @property
    def width(self) -> int:
        """Columns that it takes, with the gap behind it."""
        return Text(f"{self.sign} {self.does} ").cell_len


class KeyLine(Widget):
    """The keys; a click does what the key does."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {"key-line--key", "key-line--does"}

    DEFAULT_CSS = """
    KeyLine {
        dock: bottom; height: 1; color: $footer-foreground; background: $footer-background;
        text-wrap: nowrap; text-overflow: clip;
    }
    KeyLine .key-line--key {
        color: $footer-key-foreground; background: $footer-key-background; text-style: bold;
    }
    KeyLine .key-line--does {
        color: $footer-description-foreground; background: $footer-description-background;
    }
    """

    def __init__(self) -> None:
        super().__init__(id="keys")
        self._keys: list[ShownKey] = []

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._take)

    def _take(self, screen: Screen[object]) -> None:
        """Shows other keys, if these are others."""
        if screen is self.screen and self.app.app_focus:
            keys = list(self._shown(screen.active_bindings.values()))
            if keys != self._keys:
                self._keys = keys
                self.refresh()

    def _shown(self, bindings: Iterable[ActiveBinding]) -> Iterator[ShownKey]:
        """The keys that are to be shown; of several for the same action the first."""
        seen = set()
        for _, binding, enabled, tooltip in bindings:
            if binding.show and binding.action not in seen:
                seen.add(binding.action)
                sign = self.app.get_key_display(binding)
                yield ShownKey(
                    binding.key, sign, binding.description, tooltip or binding.description, enabled
                )

    def render(self) -> Text:
        key_style = self.get_component_rich_style("key-line--key")
        does_style = self.get_component_rich_style("key-line--does")
        text = Text(no_wrap=True, overflow="crop")
        for key in self._keys:
            part = Text.assemble((key.sign, key_style), (f" {key.does}", does_style))
            if not key.enabled:
                part.stylize("dim")
            text.append_text(part).append(" ")
        return text

    def _at(self, column: int) -> ShownKey | None:
        """The key in a column; None if there is none."""
        end = 0
        for key in self._keys:
            end += key.width
            if column < end:
                return key
        return None

    def on_mouse_move(self, event: events.MouseMove) -> None:
        key = self._at(event.x)
        self.tooltip = key.tooltip if key else None

    def on_click(self, event: events.Click) -> None:
        key = self._at(event.x)
        if key is None:
            return
        if key.enabled:
            self.app.simulate_key(key.key)
        else:
            self.app.bell()
