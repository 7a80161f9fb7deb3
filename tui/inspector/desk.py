"""What every tab works with: the model and its cache, the engine's activity, the person's settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tui.inspector.activity import Activity
from tui.inspector.look.marks import Marks

if TYPE_CHECKING:
    from core.benchmarks import Benchmark
    from core.engine.commands import Command
    from core.engine.spec import EngineSpec
    from core.workbench import Workbench
    from tui.inspector.lens import Lens


@dataclass
class Desk:
    """One open model. Of the workbench only what needs no torch is used: it reads, it never computes."""

    spec: EngineSpec
    bench: Workbench
    benchmarks: tuple[Benchmark, ...]
    marks: Marks
    readonly: bool
    send: Callable[[Command], None]
    """Tells the engine; a screen that may not change anything says so in place of sending."""
    activity: Activity = field(default_factory=Activity)

    def benchmark(self, benchmark_id: str) -> Benchmark:
        """The benchmark with this id, which is one of those that can be chosen."""
        return next(benchmark for benchmark in self.benchmarks if benchmark.id == benchmark_id)

    def items_of(self, benchmark: Benchmark, lens: Lens) -> int:
        """How many of its items are looked at."""
        return benchmark.n_items if lens.limit is None else min(lens.limit, benchmark.n_items)

    def names(self, ids: Sequence[str]) -> list[str]:
        """What benchmarks are called, in the order of their ids."""
        return [self.benchmark(benchmark_id).name for benchmark_id in ids]
