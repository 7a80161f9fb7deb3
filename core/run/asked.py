"""What machines can divide among them: a profile's plan, or runs that are asked for one by one. No torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from core.benchmarks.benchmark import Benchmark
from core.masks.choices import CONTROLS
from core.run.experiment import Experiment, OutcomesRequest
from core.run.plan import Plan
from core.run.specs import MaskSpec


class AskedRun(NamedTuple):
    """One mask (None: the intact model) on the first n items of one benchmark."""

    mask: MaskSpec | None
    benchmark: Benchmark
    n: int


@dataclass(frozen=True)
class AskedRuns:
    """Runs and rankings, as a job of an engine asks for them."""

    runs: tuple[AskedRun, ...] = ()
    ranked: tuple[MaskSpec, ...] = ()
    """Masks of which only the rankings are asked for."""
    until: float | None = None
    """The least AIS of interest, at which a run under a mask stops as soon as it is settled; its benchmark is
    in an order drawn by seed. None: all items count."""
    with_controls: ClassVar[bool] = False
    """No screen shows the generation quality of controls."""

    @property
    def benchmarks(self) -> tuple[Benchmark, ...]:
        """Those of the runs, each once."""
        return tuple(dict.fromkeys(run.benchmark for run in self.runs))

    def masks(self) -> tuple[MaskSpec, ...]:
        """Those of the runs, then those that are only ranked, each once."""
        masks = (*(run.mask for run in self.runs), *self.ranked)
        return tuple(dict.fromkeys(mask for mask in masks if mask is not None))

    def measures(self, mask: MaskSpec | None) -> bool:
        """Whether the generation quality of a mask is asked for; None: of the intact model, as comparison."""
        measured = (run.mask for run in self.runs if run.mask is not None)
        return any(mask in (None, one) for one in measured if one.selection not in CONTROLS)

    def requests(self, experiment: Experiment, mask: MaskSpec | None) -> list[OutcomesRequest]:
        """The runs of one mask (None: of the intact model), each once."""
        runs = (run for run in self.runs if run.mask == mask)
        found = (experiment.request(mask, run.benchmark, run.n) for run in runs)
        return list({request.key: request for request in found}.values())


Asked = Plan | AskedRuns
