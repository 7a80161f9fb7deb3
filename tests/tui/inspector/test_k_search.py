"""`k auto` in the inspector: from the cache, or by the engine; the lens turns to what is found."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.analysis.auto_k import grid_of
from core.engine.protocol import StartAutoK
from core.models.spec import ModelSpec
from core.run.events import Job, JobChanged
from tests.core.analysis.stored_quality import store_intact, store_quality, store_tried
from tests.tui.inspector.host import demo_session
from tui.inspector.k_search import NEEDS_MASK, KSearch
from tui.inspector.lens import Lens

LENS = Lens("spatial_reasoning", "mlp", "max_minus_shared", 0.5, "spatial_reasoning")
GRID = grid_of(ModelSpec())


class Screen:
    """A view that does its work at once, and keeps what it was told."""

    is_running = True

    def __init__(self) -> None:
        self.said: list[str] = []

    def begin(
        self, work: Callable[[], Coroutine[None, None, None]], group: str, *, exclusive: bool = True
    ) -> None:
        asyncio.run(work())

    def notify(self, message: str, **how: Any) -> None:
        self.said.append(message)

    def say_problem(self, sentence: str) -> None:
        self.said.append(sentence)


class Searched:
    """A search on a cache."""

    def __init__(self, cache: Path) -> None:
        self.session, self.sent = demo_session(cache)
        self.screen, self.turned = Screen(), list[float]()
        self.search = KSearch(
            self.session,
            self.screen,  # type: ignore[arg-type]
            lambda lens, k: self.turned.append(k),
        )

    def store(self, *times: float) -> None:
        """Stores what was measured at the first k of the grid: perplexities, those of the intact model 1.

        Larger masks take more from their ability, and nothing from others.
        """
        experiment = self.session.experiment
        store_quality(experiment, None, 1.0)
        store_intact(experiment, LENS.mask_or_fail)
        for k, one in zip(GRID, times, strict=False):
            store_tried(experiment, replace(LENS.mask_or_fail, k=k), 10 * k, 0.0, one)

    def cancel(self) -> None:
        """Ends the job that was asked for, and has the search look again."""
        title = self.sent[0].title  # type: ignore[union-attr]
        self.session.activity.fold(JobChanged(Job("1-1", "auto_k", title, "cancelled", 0, 1)))
        self.search.look_again()


def test_what_is_stored_is_taken_at_once(tmp_path: Path) -> None:
    searched = Searched(tmp_path)
    searched.store(1.0, 1.5, 9.0)
    searched.search.start(LENS)
    assert (searched.turned, searched.sent) == ([GRID[1]], [])
    assert searched.session.auto == replace(LENS.mask_or_fail, k=GRID[1])
    assert "not acceptable: perplexity x9.0" in searched.screen.said[-1]


def test_the_engine_measures_what_is_lacking_and_then_the_lens_turns(tmp_path: Path) -> None:
    searched = Searched(tmp_path)
    searched.store(1.0)
    searched.search.start(LENS)
    (command,) = searched.sent
    assert isinstance(command, StartAutoK)
    assert command.masks == (LENS.mask,)
    (said,) = searched.screen.said
    assert said.startswith("k auto: 200 choosing items and generation quality at each k")
    searched.search.look_again()
    assert searched.turned == []
    so_far = searched.session.model.search
    assert so_far is not None
    assert (so_far.k, so_far.is_over) == (GRID[0], False)
    searched.store(1.0, 1.2, 1.3, 3.0)
    searched.search.look_again()
    assert searched.turned == [GRID[2]]
    assert searched.session.model.search is None
    searched.search.look_again()
    assert searched.turned == [GRID[2]]


def test_after_a_cancelled_search_the_lens_stays(tmp_path: Path) -> None:
    searched = Searched(tmp_path)
    searched.search.start(LENS)
    searched.cancel()
    searched.store(1.0, 9.0)
    searched.search.look_again()
    assert searched.turned == []


def test_a_cancelled_search_can_be_asked_for_again(tmp_path: Path) -> None:
    searched = Searched(tmp_path)
    searched.search.start(LENS)
    searched.cancel()
    searched.search.start(LENS)
    assert len(searched.sent) == 2
    searched.store(1.0, 9.0)
    searched.search.look_again()
    assert searched.turned == [GRID[0]]


def test_where_even_the_smallest_k_is_too_large_that_is_said(tmp_path: Path) -> None:
    searched = Searched(tmp_path)
    searched.store(5.0)
    searched.search.start(LENS)
    assert searched.turned == []
    assert "is not acceptable: give k as a number" in searched.screen.said[-1]


def test_controls_and_base_have_no_such_k(tmp_path: Path) -> None:
    searched = Searched(tmp_path)
    for lens in (replace(LENS, variant="base"), replace(LENS, selection="random")):
        searched.search.start(lens)
        assert searched.screen.said.pop() == NEEDS_MASK
    assert searched.sent == []
