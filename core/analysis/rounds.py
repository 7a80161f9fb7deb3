"""Runs a profile, or a part of it: all items, or with `until` as many as settle each cell.

The path of a profile: `run_profile` -> `run_missing` -> `compute_runs` -> `Runner.mask` (importance, ranking,
selection) -> `Runner.ablated` -> `evaluate_run` (benchmark) -> `profile_of` (analysis, tables).

With `until`, round by round all open cells have the same number of items, so a matrix that is interrupted is
as good as it can be; where several workers do parts, none waits for the end of a round. Parts are stored as
runs of their own: whoever goes on, or asks with another least AIS of interest, finds them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from core.analysis.profile import Profile, StoredFrames, profile_of
from core.analysis.statistics.cells import StoppedBenchmark
from core.analysis.table import Frames
from core.benchmarks.benchmark import Benchmark
from core.benchmarks.drawn import part_ends, parts_of
from core.inference.cancelling import Cancelled
from core.run.events import CellsSettled
from core.run.experiment import Experiment, OutcomesRequest
from core.run.generation_quality import masks_to_measure
from core.run.pace import Step, answering
from core.run.plan import Asked, AskedRuns, Plan
from core.run.runner import Runner
from core.run.runs import by_mask, steps_of_runs, store_all
from core.run.specs import MaskSpec, mask_weights
from core.run.storing import stored_outcomes


@dataclass(eq=False)
class _Cell:
    """One mask on one benchmark."""

    mask: MaskSpec
    index: int
    """The benchmark's."""
    outcomes: list[pl.DataFrame] = field(default_factory=list)
    """Those of its parts so far."""
    next: OutcomesRequest | None = None
    """The run of its next part, once it was asked for."""
    stop: int | None = None
    """How many items count; None as long as it is open."""


class Rounds:
    """The rounds of some cells: first the intact model on all items, then every open cell, part by part."""

    def __init__(
        self,
        experiment: Experiment,
        benchmarks: Sequence[Benchmark],
        cells: Sequence[tuple[MaskSpec, int]],
        until: float,
    ) -> None:
        """Nothing is done yet.

        Args:
            benchmarks: in orders drawn by seed.
            cells: masks, each with the index of its benchmark.
        """
        self._experiment, self._benchmarks, self._until = experiment, benchmarks, until
        self._parts = [parts_of(benchmark) for benchmark in benchmarks]
        self._ends = [part_ends(benchmark.n_items) for benchmark in benchmarks]
        self._cells = [_Cell(mask, index) for mask, index in cells]
        self._stopped: list[StoppedBenchmark] = []
        """Empty before the intact model has answered."""
        self._round = 0
        """Rounds that are over."""

    @classmethod
    def of_plan(cls, plan: Plan, experiment: Experiment) -> Rounds:
        """Those of all masks of a drawn plan on all its benchmarks."""
        assert plan.until is not None, "the plan says when a run stops"
        cells = [(mask, index) for mask in plan.masks() for index in range(len(plan.benchmarks))]
        return cls(experiment, plan.benchmarks, cells, plan.until)

    @property
    def has_base(self) -> bool:
        """Whether the intact model has answered all items."""
        return bool(self._stopped)

    @property
    def settled(self) -> int:
        """How many cells are settled, or have no items left."""
        return sum(cell.stop is not None for cell in self._cells)

    def answered(self, keys: Collection[str]) -> int:
        """On how many benchmarks the intact model has answered all items, if these runs are stored."""
        if self.has_base:
            return len(self._parts)
        return sum(all(one.key in keys for one in self._intact(index)) for index in range(len(self._parts)))

    @property
    def _open(self) -> list[_Cell]:
        cells = [cell for cell in self._cells if cell.stop is None]
        counts = Counter(cell.mask for cell in cells)
        return sorted(cells, key=lambda cell: -counts[cell.mask])

    def _intact(self, index: int) -> list[OutcomesRequest]:
        return [self._experiment.request(None, part, part.n_items) for part in self._parts[index]]

    def requests(self) -> list[OutcomesRequest]:
        """The runs of this round, first all of the intact model; none once every cell is settled."""
        if self.has_base:
            return self.open_requests()
        return [one for index in range(len(self._parts)) for one in self._intact(index)]

    def open_requests(self) -> list[OutcomesRequest]:
        """The next run of every cell that is open."""
        return [self._next(cell) for cell in self._open]

    def _next(self, cell: _Cell) -> OutcomesRequest:
        if cell.next is None:
            part = self._parts[cell.index][len(cell.outcomes)]
            cell.next = self._experiment.request(cell.mask, part, part.n_items)
        return cell.next

    def later_steps(self) -> list[Step]:
        """What comes after the next run of every open cell, at most."""
        steps = []
        for (index, done), cells in Counter((cell.index, len(cell.outcomes)) for cell in self._open).items():
            left = self._ends[index][-1] - self._ends[index][done]
            steps.append(Step(*answering(self._benchmarks[index]), cells * left))
        return steps

    def take(self, found: Mapping[str, pl.DataFrame]) -> CellsSettled | None:
        """Takes in outcomes by key: all of the intact model, afterwards those of any open cells' next runs.

        Returns:
            How many cells are settled, if a round is over with it.
        """
        if not self.has_base:
            self._take_base(found)
            return None
        for cell in self._open:
            key = self._next(cell).key
            if key in found:
                cell.outcomes.append(found[key])
                cell.next = None
                stopped, ends = self._stopped[cell.index], self._ends[cell.index]
                cell.stop = stopped.stop(pl.concat(cell.outcomes), ends, self._until)
        return self._ended_round()

    def _ended_round(self) -> CellsSettled | None:
        parts = [len(cell.outcomes) for cell in self._open] or [max(len(one.outcomes) for one in self._cells)]
        before, self._round = self._round, min(parts)
        if self._round == before:
            return None
        n = max(self._items_after(cell) for cell in self._cells)
        return CellsSettled(n, self.settled, len(self._cells))

    def _items_after(self, cell: _Cell) -> int:
        done = min(len(cell.outcomes), self._round)
        return self._ends[cell.index][done - 1] if done else 0

    def _take_base(self, found: Mapping[str, pl.DataFrame]) -> None:
        for index, benchmark in enumerate(self._benchmarks):
            frame = pl.concat([found[request.key] for request in self._intact(index)])
            self._stopped.append(StoppedBenchmark(frame, benchmark))

    def frames(self) -> Frames:
        """The intact model's outcomes of all items, and each mask's of those that it needed."""
        found: dict[MaskSpec | None, list[pl.DataFrame]] = {None: [one.outcomes for one in self._stopped]}
        for cell in self._cells:
            found.setdefault(cell.mask, []).append(pl.concat(cell.outcomes).head(cell.stop or 0))
        return found


def run_profile(plan: Plan, runner: Runner) -> Profile | None:
    """The profile of a plan; None if it was cancelled, with every finished run stored.

    Raises:
        ValueError: a k asks for more weights than there are candidates, or the model cannot be used.
        WeightsChangedError: the weights were not restored.
    """
    for mask in plan.masks():
        mask_weights(mask, runner.info)  # refuses a bad k before anything is computed
    plan = plan if plan.until is None else plan.drawn()
    try:
        frames = _all_frames(plan, runner) if plan.until is None else _needed_frames(plan, runner)
    except Cancelled:
        return None
    finally:
        runner.verify_restored()
    return profile_of(plan, runner, frames)


def run_part(asked: Asked, runner: Runner, masks: Sequence[MaskSpec | None]) -> None:
    """Computes the runs of some masks of what is asked for (None: the intact model), and stores them.

    With `until`, those of the intact model are computed first, whether or not it is named.

    Raises:
        Cancelled: the runner was cancelled, with every finished run stored.
        ValueError: the model cannot be used, or a mask cannot be made.
    """
    only = tuple(mask for mask in masks if mask is not None)
    if asked.until is None:
        requests = [request for mask in masks for request in asked.requests(runner, mask)]
        store_all(runner, requests, with_controls=asked.with_controls)
    elif isinstance(asked, AskedRuns):
        runs = [run for run in asked.runs if run.mask in (only or masks)]
        cells = [(run.mask, index) for index, run in enumerate(runs) if run.mask is not None]
        rounds = Rounds(runner, [run.benchmark for run in runs], cells, asked.until)
        run_rounds(runner, rounds, with_controls=asked.with_controls)
    else:
        _needed_frames(replace(asked.drawn(), only=only), runner)


def _all_frames(plan: Plan, runner: Runner) -> Frames:
    """The outcomes of every mask on all items of every benchmark.

    Raises:
        Cancelled: the runner was cancelled, with every finished run stored.
    """
    runs = {mask: plan.requests(runner, mask) for mask in (None, *plan.masks())}
    store_all(runner, [request for asked in runs.values() for request in asked])
    return StoredFrames(runner, runs)


def _needed_frames(plan: Plan, runner: Runner) -> Frames:
    """The outcomes of a drawn plan: the intact model's on all items, each mask's on those that it needs.

    Raises:
        Cancelled: the runner was cancelled, with every finished part stored.
    """
    rounds = Rounds.of_plan(plan, runner)
    run_rounds(runner, rounds)
    return rounds.frames()


def run_rounds(
    runner: Runner,
    rounds: Rounds,
    advance: Callable[[int], None] = lambda done: None,
    *,
    with_controls: bool = True,
) -> None:
    """Does all rounds.

    Args:
        rounds: which cells, and how far they are.
        advance: receives the number of benchmarks that the intact model has answered, and of settled cells.
        with_controls: whether the generation quality of controls is measured too.

    Raises:
        Cancelled: the runner was cancelled, with every finished part stored.
        ValueError: the model cannot be used, or a mask cannot be made; or the cache loses what is stored.
    """
    answered = 0
    while requests := rounds.requests():
        later = rounds.later_steps()
        if not rounds.has_base:
            first = by_mask(rounds.open_requests())
            unmeasured = masks_to_measure(runner, first, with_controls=with_controls)
            later = [*steps_of_runs(runner, first, (), unmeasured), *later]

        def count(keys: Collection[str]) -> None:
            nonlocal answered
            if not rounds.has_base:
                answered = rounds.answered(keys)
                advance(answered)

        store_all(runner, requests, later, with_controls=with_controls, finished=count)
        settled = rounds.take(stored_outcomes(runner, [request.key for request in requests]).frames)
        if settled is not None:
            runner.emit(settled)
        advance(answered + rounds.settled)
