"""What workers do at the same time, as the events of one job. No torch, no Ray."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import msgspec

from core.cluster.estimates import timing_of
from core.cluster.schedule import Schedule
from core.cluster.units import Unit, requests_of
from core.cluster.work import Survey
from core.run.asked import AskedRuns
from core.run.events import (
    AnswerWritten,
    BatchFinished,
    Event,
    ImportancePlanned,
    Progressed,
    RunFinished,
    RunsFound,
    RunStarted,
)
from core.run.pace import Countdown
from core.run.runner import Runner


class Shown:
    """The events of all workers as those of one job."""

    def __init__(self, survey: Survey, runner: Runner) -> None:
        """Emits how many runs there are."""
        self._emit, self._began = runner.emit, time.monotonic()
        self.expect(survey, runner)
        self._starts: dict[Unit, float] = {}
        self._said: dict[int, float | None] = {}
        """When each worker will be done with its unit, as it says."""
        self._countdown = Countdown()
        found = _found(survey, runner)
        self._total, self._done = found.total - found.cached, 0
        self._emit(found)

    def expect(self, survey: Survey, runner: Runner) -> None:
        """Estimates the time of what is lacking now, from what is known by now."""
        self._timing = timing = timing_of(runner)
        lacking = (one for one in survey.every if not one.is_stored)
        self._seconds = {one.unit: timing.seconds(one.lacking) for one in lacking}
        """The estimated time of each unit that is not done."""
        self._later = 0.0
        """That of what may come after them."""
        self._pace = _Pace(is_known=timing.basis == "measured")

    def look_ahead(self, schedule: Schedule) -> None:
        """Takes in what a schedule has beyond its survey, and what may come later."""
        new = schedule.works.keys() - self._seconds.keys()
        self._seconds |= {unit: self._timing.seconds(schedule.works[unit]) for unit in new}
        self._later = self._timing.seconds(schedule.later)

    def begin(self, worker: int, unit: Unit) -> None:
        """Notes that a worker begins a unit."""
        self._starts[unit] = time.monotonic()
        self._said.pop(worker, None)

    def finish(self, unit: Unit) -> None:
        """Notes that a unit is done."""
        self._pace.note(self._seconds.pop(unit, 0.0), time.monotonic() - self._starts[unit])

    def take(self, events: Sequence[tuple[int, Event]], in_hand: Mapping[int, Unit]) -> None:
        """Emits events: phases, and answers that are being written, from one worker only.

        Args:
            events: with the number of the worker of each.
            in_hand: the unit of each worker that has one.
        """
        now = time.monotonic()
        first = min(in_hand or (number for number, _ in events), default=None)
        for number, event in events:
            match event:
                case RunFinished():
                    self._done += 1
                    changes = {"done": self._done, "total": max(self._total, self._done), "worker": number}
                    self._emit(msgspec.structs.replace(event, **changes))
                case Progressed():
                    self._said[number] = None if event.left_s is None else now + event.left_s
                    if number == first:
                        left_s = self._countdown.at(now, self._left(now, in_hand))
                        elapsed_s = now - self._began
                        self._emit(msgspec.structs.replace(event, elapsed_s=elapsed_s, left_s=left_s))
                case ImportancePlanned() | AnswerWritten():
                    if number == first:
                        self._emit(event)
                case RunStarted() | BatchFinished():
                    self._emit(msgspec.structs.replace(event, worker=number))
                case _:
                    self._emit(event)

    def _left(self, now: float, in_hand: Mapping[int, Unit]) -> float | None:
        """Seconds that are left; None as long as there is nothing to tell from."""
        ends = {worker: self._said.get(worker) for worker in in_hand}
        known = {in_hand[worker]: end for worker, end in ends.items() if end is not None}
        taken = sum(end - self._starts[unit] for unit, end in known.items())
        pace = self._pace.ratio(sum(self._seconds.get(unit, 0.0) for unit in known), taken)
        own = []
        for worker, unit in in_hand.items():
            end = ends[worker]
            if end is None and pace is not None:
                end = self._starts[unit] + pace * self._seconds.get(unit, 0.0)
            if end is None:
                return None
            own.append(max(0.0, end - now))
        begun = sum(self._seconds.get(one, 0.0) for one in in_hand.values())
        waiting = sum(self._seconds.values()) - begun + self._later
        if not own or (pace is None and waiting):
            return None
        return max(*own, (sum(own) + (pace or 0.0) * waiting) / len(own))


class _Pace:
    """How much longer units take than they were estimated to."""

    def __init__(self, *, is_known: bool) -> None:
        self._is_known = is_known
        self._estimated = self._taken = 0.0

    def note(self, estimated: float, taken: float) -> None:
        """Takes in a unit that is done, in seconds."""
        self._estimated += estimated
        self._taken += taken

    def ratio(self, estimated: float, taken: float) -> float | None:
        """Seconds for one that was estimated; None if nothing is known of this machine.

        Args:
            estimated: of the units in hand, as was estimated before.
            taken: of the same, as their workers say now.
        """
        if self._estimated + estimated:
            return (self._taken + taken) / (self._estimated + estimated)
        return 1.0 if self._is_known else None


def _found(survey: Survey, runner: Runner) -> RunsFound:
    """How many runs there are, and how many of them are stored."""
    asked, entries = survey.asked, runner.store.outcomes.entries
    units = [one for one in survey.every if one.unit.ability is None]
    if isinstance(asked, AskedRuns) or asked.until is None:
        keys = [one.key for each in units for one in requests_of(asked, runner, each.unit.mask)]
        return RunsFound(len(keys), sum(map(entries.has, keys)))
    n = len(asked.benchmarks)
    return RunsFound(len(units) * n, sum(one.is_stored for one in units) * n)
