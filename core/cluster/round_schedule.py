"""Which part of runs that stop when it is known comes next, on several workers. No torch, no Ray."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from core.analysis.rounds import Rounds
from core.cluster.schedule import Schedule
from core.cluster.units import Unit, needs_of
from core.cluster.work import Survey, Work
from core.run.asked import AskedRun, AskedRuns
from core.run.experiment import OutcomesRequest
from core.run.pace import Kind, answering
from core.run.runner import Runner
from core.run.runs import TRIES, lost_runs
from core.run.specs import MaskSpec
from core.run.storing import stored_outcomes


class RoundSchedule(Schedule):
    """Scoring, the intact model part by part, then always the mask whose open cells have the fewest items.

    No worker waits for the end of a round: what a cell needs depends on its own items and on the intact
    model's alone, so it is the same in whatever order parts are done.
    """

    def __init__(self, runner: Runner, rounds: Rounds, advance: Callable[[int], None]) -> None:
        """Takes in what is stored.

        Args:
            runner: the driver's, which loads no model; its prompts are settled.
            rounds: which cells, and how far they are.
            advance: receives the number of benchmarks that the intact model has answered, and of settled
                cells.
        """
        self._runner, self._rounds, self._advance = runner, rounds, advance
        self._parts: dict[Unit, AskedRuns] = {}
        """The runs of each unit that is not done."""
        self._intact: dict[str, Unit] = {}
        """The unit of each run of the intact model, by the run's key."""
        self._answered: set[str] = set()
        """Those of these runs that are stored."""
        self._held: list[MaskSpec] = []
        """Masks that go on when the intact model has answered all items."""
        self._tries: Counter[Unit] = Counter()
        self.works: dict[Unit, Work] = {}
        units = [*self._intact_units(), *self._next_of(rounds.open_masks)]
        super().__init__(Survey(AskedRuns(ranked=tuple(rounds.open_masks)), runner), runner)
        # A contrast is ranked with the first part of a mask that is cut from it.
        self.waiting = [unit for unit in self.waiting if unit.mask is None]
        self._add(units)

    def asked_of(self, unit: Unit) -> AskedRuns:
        """The runs of a unit, and all masks: a ranking is for all that are cut from it."""
        asked = self.survey.asked
        assert isinstance(asked, AskedRuns), "it was made above"
        return replace(self._parts[unit], ranked=asked.ranked) if unit in self._parts else asked

    def finish(self, unit: Unit) -> None:
        """Notes that a unit is done: another part of its mask may come next.

        Raises:
            ValueError: the cache loses what was stored.
        """
        super().finish(unit)
        self.works.pop(unit, None)
        self._parts.pop(unit, None)
        if unit.mask is not None:
            self._add(self._next_of([unit.mask]))
        elif unit.kind == "intact":
            self._answered.update(key for key, one in self._intact.items() if one == unit)
            if not any(one.kind == "intact" for one in self._parts):
                self._end_intact()

    def _end_intact(self) -> None:
        """Goes on with the masks that waited for the intact model."""
        again = self._intact_units()
        masks, self._held = ([], self._held) if again else (self._held, [])
        self._add([*again, *self._next_of(masks)])

    def _intact_units(self) -> list[Unit]:
        """The intact model's runs that are not stored; without any, how it did is taken in."""
        requests = [] if self._rounds.has_base else self._rounds.intact_requests()
        frames = stored_outcomes(self._runner, [one.key for one in requests]).frames
        self._intact = {one.key: Unit(part=number) for number, one in enumerate(requests, start=1)}
        self._answered = set(frames)
        missing = [one for one in requests if one.key not in frames]
        if requests and not missing:
            self._rounds.take(frames)
        for one in missing:
            unit = self._intact[one.key]
            self._parts[unit] = AskedRuns((AskedRun(None, one.benchmark, one.n),))
            self.works[unit] = {answering(one.benchmark): one.n}
        return [self._intact[one.key] for one in missing]

    def _next_of(self, masks: Sequence[MaskSpec]) -> list[Unit]:
        """The next units of some masks."""
        return [unit for mask in masks if (unit := self._next(mask)) is not None]

    def _next(self, mask: MaskSpec) -> Unit | None:
        """The next part of a mask's open cells, past what is stored; None if there is none now."""
        while requests := self._rounds.open_requests(mask):
            unit = Unit(mask=mask, part=self._rounds.part_of(mask))
            asked = AskedRuns(tuple(_runs(requests)))
            frames = stored_outcomes(self._runner, [one.key for one in requests]).frames
            (own,) = Survey(asked, self._runner).masks
            # What else is made of a part, such as divergences, may lack where it could not be stored.
            if len(frames) < len(requests) or (own.lacking and not self._tries[unit]):
                self._parts[unit], self.works[unit] = asked, own.lacking
                return unit
            if not self._rounds.has_base:
                self._held.append(mask)
                return None
            if (settled := self._rounds.take(frames)) is not None:
                self._runner.emit(settled)
        return None

    def _add(self, units: Sequence[Unit]) -> None:
        """Lets units wait for a worker, and says how far all is.

        Raises:
            ValueError: one of them was done twice, and its runs are not there.
        """
        for unit in units:
            self._tries[unit] += 1
            if self._tries[unit] > TRIES:
                raise lost_runs(self._runner, len(self._parts[unit].runs))
            self._needs[unit] = {*needs_of(unit, self.survey.asked, self._runner), *self._compared(unit)}
        self.waiting += units
        self.later = _work_of(self._rounds)
        self._advance(self._rounds.answered(self._answered) + self._rounds.settled)

    def _compared(self, unit: Unit) -> Iterator[Unit]:
        """The units of the intact model whose answers a part's are compared with."""
        for run in self._parts[unit].runs:
            if unit.mask is not None and run.mask is None:
                key = self._runner.request(None, run.benchmark, run.n).key
                if key in self._intact:
                    yield self._intact[key]


def _runs(requests: Sequence[OutcomesRequest]) -> Iterator[AskedRun]:
    """Runs under a mask, and those of the intact model that written answers are compared with."""
    for one in requests:
        if one.benchmark.kind != "multiple_choice":
            yield AskedRun(None, one.benchmark, one.n)
        yield AskedRun(one.mask, one.benchmark, one.n)


def _work_of(rounds: Rounds) -> Work:
    """What comes after the parts that are next, at most."""
    found = Counter[Kind]()
    for step in rounds.later_steps():
        found[step.kind] += step.units
    return found
