"""Progress: what is emitted of a phase and of the job, on a clock that the test turns."""

from __future__ import annotations

import pytest

from core.run.events import Event, Progressed
from core.run.pace import Step
from core.run.progress import Progress


class Work:
    """A progress whose clock stands still until it is turned."""

    def __init__(self) -> None:
        self.now = 100.0
        self.heard: list[Progressed] = []
        self.progress = Progress(self._take, lambda: self.now)

    def _take(self, event: Event) -> None:
        assert isinstance(event, Progressed)
        self.heard.append(event)

    @property
    def last(self) -> Progressed:
        return self.heard[-1]


def test_phases_are_counted_timed_and_taken_out_of_the_plan() -> None:
    work = Work()
    progress = work.progress
    with progress.job("3f2a-1"):
        progress.expect([Step("evaluating", "a", 10), Step("scoring", "x", 4), Step("scoring", "y", 4)])
        with progress.phase("evaluating", "a", 10) as running:
            assert (work.last.job, work.last.phase, work.last.about) == ("3f2a-1", "evaluating", "a")
            assert (work.last.done, work.last.total, work.last.left_s) == (0, 10, None)
            work.now += 10.0
            running.advance(5)
            # 2 s an item; an item of scoring counts five times as much: 5 * 2 + 8 * 10.
            assert work.last.left_s == pytest.approx(90.0)
            assert (work.last.seconds, work.last.elapsed_s, work.last.rate) == (10.0, 10.0, 0.5)
            work.now += 10.0
            running.advance(10)
        with progress.phase("scoring", "x", 4) as running:
            assert (work.last.number, work.last.of) == (1, 2)
            work.now += 4.0
            running.advance(4)
        with progress.phase("scoring", "y", 4):
            assert (work.last.number, work.last.of) == (2, 2)
            assert work.last.elapsed_s == 24.0
            assert work.last.left_s is not None
            assert work.last.left_s < 80


def test_what_turns_out_to_be_needless_leaves_the_plan_and_what_was_not_planned_joins_it() -> None:
    work = Work()
    progress = work.progress
    progress.expect([Step("scoring", "x", 1000), Step("evaluating", "a", 10), Step("evaluating", "b", 10)])
    with progress.phase("preparing", "a", 10):
        work.now += 0.1
    with progress.phase("evaluating", "a", 10) as running:
        work.now += 10.0
        running.advance(10)
    with progress.phase("evaluating", "b", 10) as running:
        running.advance(0)
        work.now += 10.0
        running.advance(10)
        assert work.last.left_s is not None
        assert work.last.left_s < 10.0
    with progress.phase("checking", "", 7):
        assert (work.last.number, work.last.of) == (1, 1)


def test_rankings_made_together_leave_the_runs_between_them_in_the_plan() -> None:
    work = Work()
    progress = work.progress
    steps = [Step("ranking", "", 1), Step("evaluating", "a", 10), Step("quality", "", 12)]
    progress.expect([*steps, *steps, Step("checking", "", 7)])
    for _ in range(2):
        with progress.phase("ranking"):
            work.now += 1.0
    with progress.phase("checking", "", 7):  # checksums are taken before the first mask, too
        work.now += 0.1
    with progress.phase("evaluating", "a", 10) as running:
        work.now += 10.0
        running.advance(10)
        assert (work.last.number, work.last.of) == (1, 2)
    with progress.phase("quality", "", 12) as running:
        for done in range(1, 13):
            work.now += 2.0
            running.advance(done)
        # Ten items at 1 s and twelve texts at 2 s are left.
        assert work.last.left_s == pytest.approx(34.0, abs=4.0)


def test_what_was_kept_took_no_time_and_long_items_come_first() -> None:
    work = Work()
    progress = work.progress
    progress.expect([Step("evaluating", "a", 100)])
    with progress.phase("evaluating", "a", 100) as running:
        running.skip(40, 0.5)
        assert (work.last.done, work.last.rate) == (40, None)
        work.now += 30.0
        running.advance(60, 0.75)
        # A quarter of the work, 25 items' worth, took 30 s: as long as what is left.
        assert work.last.left_s == pytest.approx(30.0, rel=1e-6)


def test_the_clock_stands_still_in_a_pause_and_the_job_goes_on_after_the_one_in_its_pause() -> None:
    work = Work()
    progress = work.progress
    with progress.job("1"):
        progress.expect([Step("evaluating", "a", 10)])
        with progress.phase("evaluating", "a", 10) as running:
            work.now += 5.0
            running.advance(5)
            with progress.stopped(), progress.job("2"):
                work.now += 500.0
                with progress.phase("writing", "", 8) as writing:
                    work.now += 1.0
                    writing.advance(8, tokens=8)
                    assert (work.last.job, work.last.tokens, work.last.rate) == ("2", 8, 8.0)
                    assert work.last.left_s is None  # nobody said what it would do
            work.now += 1.0
            running.advance(6)
            assert (work.last.job, work.last.seconds, work.last.elapsed_s) == ("1", 6.0, 6.0)
            assert work.last.left_s == pytest.approx(4.0, rel=0.3)
