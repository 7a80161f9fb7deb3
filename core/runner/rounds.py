"""The rounds of a profile that stops when it is known: each cell that is open does its next part.

Round by round all open cells have the same number of items, so a matrix that is interrupted is as good as it
can be. Parts are stored as runs of their own: whoever goes on, or asks with another least AIS of interest,
finds them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from core.analysis.profile_failures import Frames
from core.analysis.statistics.stopped import StoppedBenchmark
from core.benchmarks.drawn import part_ends, parts_of
from core.experiment.events import CellsSettled
from core.experiment.experiment import Experiment, OutcomesRequest
from core.experiment.pace import Phase, Step
from core.experiment.plan import Plan
from core.experiment.specs import MaskSpec


@dataclass(eq=False)
class _Cell:
    """One mask on one benchmark."""

    mask: MaskSpec
    index: int
    """The benchmark's in the plan."""
    outcomes: list[pl.DataFrame] = field(default_factory=list)
    """Those of its parts so far."""
    stop: int | None = None
    """How many items count; None as long as it is open."""


class Rounds:
    """The rounds of a drawn plan: first the intact model on all items, then every open cell, part by part."""

    def __init__(self, plan: Plan, experiment: Experiment) -> None:
        assert plan.until is not None, "the plan says when a run stops"
        self._until, self._benchmarks, self._experiment = plan.until, plan.benchmarks, experiment
        self._parts = [parts_of(benchmark) for benchmark in plan.benchmarks]
        self._ends = [part_ends(plan.items_of(benchmark)) for benchmark in plan.benchmarks]
        self._cells = [_Cell(mask, index) for mask in plan.masks() for index in range(len(self._parts))]
        self._base: list[pl.DataFrame] = []
        self._stopped: list[StoppedBenchmark] = []
        self._round = 0

    def base_requests(self) -> list[OutcomesRequest]:
        """The intact model's runs: all parts of all benchmarks."""
        return [self._experiment.request(None, part, part.n_items) for parts in self._parts for part in parts]

    def take_base(self, found: Mapping[str, pl.DataFrame]) -> None:
        """Takes in the intact model's outcomes, by key."""
        frames = iter([found[request.key] for request in self.base_requests()])
        self._base = [pl.concat([next(frames) for _ in parts]) for parts in self._parts]
        pairs = zip(self._base, self._benchmarks, strict=True)
        self._stopped = [StoppedBenchmark(frame, benchmark) for frame, benchmark in pairs]

    @property
    def _open(self) -> list[_Cell]:
        """The open cells, those of one mask together: the mask with the most of them first."""
        cells = [cell for cell in self._cells if cell.stop is None]
        counts = Counter(cell.mask for cell in cells)
        return sorted(cells, key=lambda cell: -counts[cell.mask])

    def requests(self) -> list[OutcomesRequest]:
        """The runs of this round; none once every cell is settled."""
        found = []
        for cell in self._open:
            part = self._parts[cell.index][self._round]
            found.append(self._experiment.request(cell.mask, part, part.n_items))
        return found

    def later_steps(self) -> list[Step]:
        """What the rounds after this one do at most."""
        steps = []
        for index, cells in Counter(cell.index for cell in self._open).items():
            phase: Phase = "evaluating" if self._benchmarks[index].kind == "multiple_choice" else "writing"
            left = self._ends[index][-1] - self._ends[index][self._round]
            steps.append(Step(phase, self._benchmarks[index].id, cells * left))
        return steps

    def take(self, found: Mapping[str, pl.DataFrame]) -> CellsSettled:
        """Takes in this round's outcomes, by key, and ends it."""
        cells, requests = self._open, self.requests()
        n = max(self._ends[cell.index][self._round] for cell in cells)
        for cell, request in zip(cells, requests, strict=True):
            cell.outcomes.append(found[request.key])
            stopped, ends = self._stopped[cell.index], self._ends[cell.index]
            cell.stop = stopped.stop(pl.concat(cell.outcomes), ends, self._until)
        self._round += 1
        return CellsSettled(n, len(self._cells) - len(self._open), len(self._cells))

    def frames(self) -> Frames:
        """The intact model's outcomes of all items, and each mask's of those that it needed."""
        found: dict[MaskSpec | None, list[pl.DataFrame]] = {None: self._base}
        for cell in self._cells:
            found.setdefault(cell.mask, []).append(pl.concat(cell.outcomes).head(cell.stop or 0))
        return found
