"""Work whose runs are nobody's who looks: what a screen would take for its own is not emitted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from core.run.events import Event
from core.run.runner import Runner


@contextmanager
def without_events(runner: Runner, kinds: tuple[type[Event], ...]) -> Iterator[None]:
    """A context in which events of some kinds are not emitted."""
    emit = runner.emit

    def pass_on(event: Event) -> None:
        if not isinstance(event, kinds):
            emit(event)

    runner.emit = pass_on
    try:
        yield
    finally:
        runner.emit = emit
