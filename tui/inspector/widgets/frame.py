"""What surrounds the tabs: the tab line, the line for problems and the line of keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import events
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from tui.safe_text import safe_line

if TYPE_CHECKING:
    from textual.binding import ActiveBinding
    from textual.screen import Screen


HELP = "help"
"""The action of the key that the key line shows first."""


class TabLine(Widget):
    """The tabs, on one line; the number before each is its key."""

    DEFAULT_CSS = """
    TabLine { height: 1; color: $foreground; background: $surface; }
    TabLine .tab-line--key { color: $footer-key-foreground; }
    TabLine .tab-line--current {
        color: $block-cursor-foreground; background: $accent; text-style: bold;
    }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"tab-line--key", "tab-line--current"}

    class Picked(Message):
        """A tab was clicked."""

        def __init__(self, pane_id: str) -> None:
            super().__init__()
            self.pane_id = pane_id

    def __init__(self, tabs: Sequence[tuple[str, str]]) -> None:
        super().__init__(id="tabs")
        self._tabs = tabs
        self.current = tabs[0][0]

    def show(self, pane_id: str) -> None:
        """Marks another tab as the one in front."""
        self.current = pane_id
        self.refresh()

    def render(self) -> Text:
        text = Text(no_wrap=True, overflow="crop")
        key, current = (self.get_component_rich_style(f"tab-line--{name}") for name in ("key", "current"))
        for pane_id, label in self._labels():
            part = Text(label, style=current if pane_id == self.current else "")
            if pane_id != self.current:
                part.highlight_regex(r"\d", key)
            text.append_text(part)
        return text

    def on_click(self, event: events.Click) -> None:
        end = 0
        for pane_id, label in self._labels():
            end += len(label)
            if event.x < end:
                self.post_message(self.Picked(pane_id))
                return

    def _labels(self) -> Iterator[tuple[str, str]]:
        """The id and the label of each tab: with gaps, without, or cut, as the width allows."""
        gaps = self.size.width - sum(len(title) for _, title in self._tabs)
        for number, (pane_id, title) in enumerate(self._tabs, start=1):
            if gaps >= 4 * len(self._tabs):
                yield pane_id, f" {number} {title} "
            else:
                yield pane_id, f"{number}{title if gaps >= 2 * len(self._tabs) else title[:5]} "


class Problem(Static):
    """A sentence that says what went wrong and what to do; esc puts it away."""

    DEFAULT_CSS = """
    Problem {
        height: auto; max-height: 6; padding: 0 1; background: $error; color: $background; display: none;
    }
    Problem.-shown { display: block; }
    """

    def __init__(self) -> None:
        super().__init__(id="problem", markup=False)
        self.sentence = ""
        self._about: object = None

    def say(self, sentence: str, about: object = None) -> None:
        """Shows a sentence about some part of the screen; None: about all of it."""
        self.sentence, self._about = sentence, about
        self.update(Text(f"{safe_line(sentence)}  (esc)"))
        self.add_class("-shown")

    def clear_unless(self, about: object) -> None:
        """Puts a sentence away that is about another part of the screen."""
        if self._about not in (None, about):
            self.clear()

    def clear(self) -> None:
        """Puts the sentence away."""
        self.sentence = ""
        self.remove_class("-shown")


@dataclass(frozen=True)
class ShownKey:
    """One key of the key line."""

    key: str
    """Textual's name for it."""
    sign: str
    """What is shown for it."""
    does: str
    tooltip: str
    enabled: bool

    @property
    def width(self) -> int:
        """Columns, with the gap behind it."""
        return Text(f"{self.sign} {self.does} ").cell_len


class KeyLine(Widget):
    """The keys that are of use now, on the last line; a click does what the key does.

    Textual's own footer mounts a widget for each key whenever one changes, and lays out the whole screen for
    it: more work than everything else that a key does.
    """

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
        if screen is self.screen and self.app.app_focus:
            keys = list(self._shown(screen.active_bindings.values()))
            if keys != self._keys:
                self._keys = keys
                self.refresh()

    def _shown(self, bindings: Iterable[ActiveBinding]) -> Iterator[ShownKey]:
        """The keys to show: the first for each action, and first of all the one for help."""
        seen = set()
        for _, binding, enabled, tooltip in sorted(
            bindings, key=lambda active: active.binding.action != HELP
        ):
            if binding.show and binding.action not in seen:
                seen.add(binding.action)
                sign, does = self.app.get_key_display(binding), binding.description
                yield ShownKey(binding.key, sign, does, tooltip or does, enabled)

    def render(self) -> Text:
        key_style = self.get_component_rich_style("key-line--key")
        does_style = self.get_component_rich_style("key-line--does")
        text = Text(no_wrap=True, overflow="crop")
        for key in self._fitting():
            part = Text.assemble((key.sign, key_style), (f" {key.does}", does_style))
            if not key.enabled:
                part.stylize("dim")
            text.append_text(part).append(" ")
        return text

    def _fitting(self) -> Iterator[ShownKey]:
        """The keys for which there is room: no word is cut."""
        room = self.size.width + 1
        for key in self._keys:
            room -= key.width
            if room < 0:
                return
            yield key

    def _at(self, column: int) -> ShownKey | None:
        """The key in a column; None if there is none."""
        end = 0
        for key in self._fitting():
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
