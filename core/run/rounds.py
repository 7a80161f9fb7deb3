"""The rounds of runs that stop when it is known: each cell that is open does its next part.

Round by round all open cells have the same number of items, so a matrix that is interrupted is as good as it
can be; where several workers do parts, none waits for the end of a round. Parts are stored as runs of their
own: whoever goes on, or asks with another least AIS of interest, finds them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from core.analysis.profile_failures import Frames
from core.analysis.statistics.stopped import StoppedBenchmark
from core.benchmarks.benchmark import Benchmark
from core.benchmarks.drawn import part_ends, parts_of
from core.run.events import CellsSettled
from core.run.experiment import Experiment, OutcomesRequest
from core.run.pace import Step, answering
from core.run.plan import Plan
from core.run.specs import MaskSpec


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
            experiment: the model and the cache.
            benchmarks: in orders drawn by seed.
            cells: masks, each with the index of its benchmark.
            until: the least AIS of interest.
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
        """The open cells, those of one mask together: the mask with the most of them first."""
        cells = [cell for cell in self._cells if cell.stop is None]
        counts = Counter(cell.mask for cell in cells)
        return sorted(cells, key=lambda cell: -counts[cell.mask])

    @property
    def open_masks(self) -> list[MaskSpec]:
        """The masks with open cells, that with the most of them first."""
        return list(dict.fromkeys(cell.mask for cell in self._open))

    def _intact(self, index: int) -> list[OutcomesRequest]:
        """The intact model's runs on one benchmark."""
        return [self._experiment.request(None, part, part.n_items) for part in self._parts[index]]

    def intact_requests(self) -> list[OutcomesRequest]:
        """The runs of the intact model, on all items."""
        return [one for index in range(len(self._parts)) for one in self._intact(index)]

    def requests(self) -> list[OutcomesRequest]:
        """The runs of this round, first all of the intact model; none once every cell is settled."""
        return self.open_requests() if self.has_base else self.intact_requests()

    def open_requests(self, mask: MaskSpec | None = None) -> list[OutcomesRequest]:
        """The next run of every cell that is open; of one mask, or of all."""
        return [self._next(cell) for cell in self._open if mask in (None, cell.mask)]

    def _next(self, cell: _Cell) -> OutcomesRequest:
        if cell.next is None:
            part = self._parts[cell.index][len(cell.outcomes)]
            cell.next = self._experiment.request(cell.mask, part, part.n_items)
        return cell.next

    def part_of(self, mask: MaskSpec) -> int:
        """Which part is the next of a mask's open cells, from 1."""
        return 1 + min(len(cell.outcomes) for cell in self._open if cell.mask == mask)

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
        """How many cells are settled, if all that are open have one more part than when this was last so."""
        parts = [len(cell.outcomes) for cell in self._open] or [max(len(one.outcomes) for one in self._cells)]
        before, self._round = self._round, min(parts)
        if self._round == before:
            return None
        n = max(self._items_after(cell) for cell in self._cells)
        return CellsSettled(n, self.settled, len(self._cells))

    def _items_after(self, cell: _Cell) -> int:
        """How many items a cell has had in the rounds that are over."""
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
