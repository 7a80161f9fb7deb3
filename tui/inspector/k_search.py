"""`k auto`: finds the largest k at which the model can still write, and turns the lens to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from cache.files import CorruptEntry
from core.engine.protocol import StartAutoK
from core.experiment.jobs import ENDED
from core.masks.choices import CONTROLS
from tui.inspector.look.text import one_line
from tui.names import kind_words, scored_words, short_benchmark

if TYPE_CHECKING:
    from core.analysis.auto_k import FoundK
    from core.experiment.specs import MaskSpec
    from tui.inspector.engine_link import View
    from tui.inspector.lens import Lens
    from tui.inspector.session import Session

NEEDS_MASK = "k auto needs a mask that is no control: v and s choose one."

SEARCHES = "k auto: asks whether the model can still write, from the smallest k of the grid up."

NOTICE_S = 12.0
"""How long it stays on the screen what was found, and why not more."""


class KSearch:
    """The search for the k of the lens's mask."""

    def __init__(
        self,
        session: Session,
        view: View,
        turn: Callable[[Lens, float], None],
    ) -> None:
        """Nothing is asked yet.

        Args:
            session: the open model.
            view: the screen.
            turn: turns the lens to a k, if it still looks at what was asked about.
        """
        self._session, self._view, self._turn = session, view, turn
        self._asked: Lens | None = None

    def start(self, lens: Lens) -> None:
        """Finds the k for a lens: in the cache, or by the engine."""
        if lens.mask is None or lens.mask.selection in CONTROLS:
            self._view.say_problem(NEEDS_MASK)
            return
        self._asked = lens
        self._view.begin(self._look_first, "auto k")

    def look_again(self) -> None:
        """Called when the cache has grown: the search may be done."""
        if self._asked is not None:
            self._view.begin(self._look, "auto k")

    async def _look_first(self) -> None:
        lens = self._asked
        if lens is None or await self._is_over():
            return
        mask = lens.mask_or_fail
        self._view.notify(SEARCHES, markup=False)
        self._session.send(StartAutoK(_title(mask), (mask,)))

    async def _look(self) -> None:
        await self._is_over()

    async def _is_over(self) -> bool:
        """Turns the lens to what is found, or says why there is no such k; whether the search is over."""
        lens = self._asked
        if lens is None:
            return True
        mask = lens.mask_or_fail
        try:
            found = await asyncio.to_thread(_stored, self._session, mask)
        except (ValueError, OSError, CorruptEntry) as error:
            self._asked = None
            self._view.say_problem(one_line(error))
            return True
        if not self._view.is_running or self._asked is not lens:
            return True
        if found is None:
            jobs = self._session.activity.jobs.values()
            states = [job.state for job in jobs if job.title == _title(mask)]
            if states and states[-1] in ENDED:
                self._asked = None  # cancelled or failed, which the tab Run says
            return False
        self._take(lens, found)
        return True

    def _take(self, lens: Lens, found: FoundK) -> None:
        from tui.result_words import found_k_text

        self._asked = None
        if found.problem:
            self._view.say_problem(found.problem)
            return
        self._session.model.auto = replace(lens.mask_or_fail, k=found.k)
        self._turn(lens, found.k)
        self._view.notify(found_k_text(found), timeout=NOTICE_S, markup=False)


def _stored(session: Session, mask: MaskSpec) -> FoundK | None:
    from core.analysis.auto_k import stored_k

    return stored_k(session.experiment, mask)


def _title(mask: MaskSpec) -> str:
    return f"k auto: {short_benchmark(mask.ability)} · {kind_words(mask)}{scored_words(mask)}"
