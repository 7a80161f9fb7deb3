"""`k auto`: finds the k at which a mask tells its ability from others, and turns the lens to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from cache.files import CorruptEntry
from core.engine.protocol import StartAutoK
from core.masks.choices import CONTROLS
from core.run.events import ENDED
from tui.inspector.look.text import one_line
from tui.names import kind_words, scored_words, short_benchmark

if TYPE_CHECKING:
    from core.analysis.auto_k import FoundK
    from core.run.specs import MaskSpec
    from tui.inspector.engine_link import View
    from tui.inspector.lens import Lens
    from tui.inspector.session import Session

NEEDS_MASK = "k auto needs a mask that is no control: v and s choose one."

SEARCHES = (
    "k auto: {} choosing items and generation quality at each k, from the smallest up: {}. The tab Weights "
    "shows own against others."
)

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
        self._before: set[str] = set()
        """Ids of the jobs that are known when a search is asked for: none of them is it."""

    def start(self, lens: Lens) -> None:
        """Finds the k for a lens: in the cache, or by the engine."""
        if lens.mask is None or lens.mask.selection in CONTROLS:
            self._view.say_problem(NEEDS_MASK)
            return
        self._asked, self._before = lens, set(self._session.activity.jobs)
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
        self._view.notify(await asyncio.to_thread(_announced, self._session, mask), markup=False)
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
        if found is None or not found.is_over:
            self._session.model.search = found
            jobs = self._session.activity.jobs.values()
            states = [job.state for job in jobs if job.title == _title(mask) and job.id not in self._before]
            if states and states[-1] in ENDED:
                self._asked = self._session.model.search = None  # cancelled or failed, which Run says
            return False
        self._take(lens, found)
        return True

    def _take(self, lens: Lens, found: FoundK) -> None:
        from tui.frontier_words import found_k_text

        self._asked = self._session.model.search = None
        if found.problem:
            self._view.say_problem(found.problem)
            return
        self._session.model.auto = replace(lens.mask_or_fail, k=found.k)
        self._turn(lens, found.k)
        self._view.notify(found_k_text(found), timeout=NOTICE_S, markup=False)


def _stored(session: Session, mask: MaskSpec) -> FoundK | None:
    from core.analysis.auto_k import stored_search

    return stored_search(session.experiment, mask)


def _announced(session: Session, mask: MaskSpec) -> str:
    """What a search does, and how long it may take."""
    from core.analysis.auto_k import search_seconds
    from core.benchmarks.diagnostic import ALL_CHOOSING_ITEMS
    from tui.frontier_words import search_text

    seconds = search_seconds(session.experiment, [mask])
    return SEARCHES.format(ALL_CHOOSING_ITEMS, search_text(seconds))


def _title(mask: MaskSpec) -> str:
    return f"k auto: {short_benchmark(mask.ability)} · {kind_words(mask)}{scored_words(mask)}"
