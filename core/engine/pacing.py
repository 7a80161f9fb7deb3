"""Keeps the engine from telling more than a screen can show: what follows fast is told together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from core.experiment.events import BatchFinished, Event, ItemsScored, TextWritten

PACE_S = 0.05
"""At least so many seconds lie between two events of the kinds that go on and on: 20 a second."""

Flowing = BatchFinished | ItemsScored | TextWritten
"""Events that can be told together with the next of their kind."""


class Pacer:
    """Passes events on in order; holds a flowing one for a moment, and joins it with those that follow."""

    def __init__(self, loop: asyncio.AbstractEventLoop, pass_on: Callable[[Event], None]) -> None:
        self._loop, self._pass_on = loop, pass_on
        self._held: Flowing | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._next_time = 0.0

    def emit(self, event: Event) -> None:
        """Passes the event on, now or within `PACE_S`, and never before one that was told earlier."""
        if self._held is not None:
            joined = _joined(self._held, event)
            if joined is not None:
                self._held = joined
                return
        self.flush()
        if isinstance(event, Flowing) and self._loop.time() < self._next_time:
            self._held = event
            self._timer = self._loop.call_at(self._next_time, self.flush)
            return
        if isinstance(event, Flowing):
            self._next_time = self._loop.time() + PACE_S
        self._pass_on(event)

    def flush(self) -> None:
        """Passes on what is held back."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._held is not None:
            held, self._held = self._held, None
            self._next_time = self._loop.time() + PACE_S
            self._pass_on(held)


def _joined(first: Flowing, second: Event) -> Flowing | None:
    """One event in place of two; None if they have to be told one by one."""
    match first, second:
        case BatchFinished(), BatchFinished():
            return BatchFinished(first.outcomes + second.outcomes)
        case ItemsScored(), ItemsScored() if first.ability == second.ability and first.done < second.done:
            return second
        case TextWritten(), TextWritten() if (first.job, first.pane) == (second.job, second.pane):
            return msgspec.structs.replace(second, text=first.text + second.text)
    return None
