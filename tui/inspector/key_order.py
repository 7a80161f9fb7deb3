"""Keys act one at a time, in the order in which they were typed."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from textual import events
from textual.app import App

if TYPE_CHECKING:
    from textual.dom import DOMNode
    from textual.screen import Screen
    from textual.widget import Widget

SETTLED_S = 0.5
"""How long a key waits for the messages of the one before it."""

MOUNTED_S = 5.0
"""How long it waits at a time for a screen that was opened."""

ANSWERED = ("enter", "escape")
"""Keys whose actions tell others what was chosen, in messages."""


class KeysInOrder(App[None]):
    """An app in which each key finds what the key before it has brought about.

    Textual hands a key to the widget in focus, from whose queue it rises through those of its ancestors
    before its action runs. What is typed meanwhile goes to the old focus: letters right after a key that
    opens a text field were lost, or acted as keys of their own. Here an action runs as soon as the turn of
    its key comes, and the next one's turn comes after what the action asked of the app, such as a new focus.
    """

    def __init__(self) -> None:
        super().__init__()
        self._waiting_keys: deque[events.Key] = deque()
        self._takes_keys = False
        self._known_screen: Screen[Any] | None = None
        """The screen that took the last key."""

    def take_keys(self) -> None:
        """From now on keys act; those typed before do so first."""
        self._takes_keys = True
        if self._waiting_keys:
            self.call_later(self._take_key)

    async def on_event(self, event: events.Event) -> None:
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
        elif self._takes_keys or not await self._check_bindings(event.key, priority=True):
            self._waiting_keys.append(event)
            if self._takes_keys and len(self._waiting_keys) == 1:
                self.call_later(self._take_key)

    async def _take_key(self) -> None:
        screen = self.screen
        if screen is not self._known_screen:
            if not screen.is_mounted:
                await _settled([screen], MOUNTED_S)
            self._known_screen = screen if screen.is_mounted else None
            self.call_later(self._take_key)  # after the focus that the screen asked for
            return
        try:
            await self._act_on(self._waiting_keys[0])
        finally:
            self._waiting_keys.popleft()
            if self._waiting_keys:
                self.call_later(self._take_key)

    async def _act_on(self, event: events.Key) -> None:
        focused = self.focused
        if focused is not None and focused.check_consume_key(event.key, event.character):
            await super().on_event(event)
            return
        if focused is not None and _takes_text(focused):
            await _settled([focused])  # the letters typed before wait in its queue
        is_bound = await self._check_bindings(event.key, priority=True)
        is_bound = is_bound or await self._check_bindings(event.key)
        if not is_bound:
            await super().on_event(event)
        if focused is not None and (not is_bound or event.key in ANSWERED):
            await _settled(node for node in focused.ancestors_with_self if node is not self)


def _takes_text(widget: Widget) -> bool:
    return widget.check_consume_key("a", "a")


async def _settled(nodes: Iterable[DOMNode], most_s: float = SETTLED_S) -> None:
    """Waits until each of the nodes in turn has handled the messages that it has by then."""
    for node in nodes:
        handled = asyncio.Event()
        if node.call_later(handled.set):
            try:
                await asyncio.wait_for(handled.wait(), most_s)
            except TimeoutError:
                return
