"""What every tab works with: model and cache, the engine's activity, and what the person allowed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.benchmarks.diagnostic import compound_benchmarks
from core.benchmarks.registry import OTHER_FORM, find_benchmarks, is_generated, reads_rows, runs_code
from core.experiment.events import PromptsSettled
from core.experiment.specs import mask_weights
from core.models.matrices import weights_of
from core.models.spec import FORM
from tui.inspector.activity import Activity
from tui.inspector.lens import Known, k_grid
from tui.inspector.look.marks import Marks
from tui.inspector.look.text import one_line
from tui.measures import AIS, Measure

if TYPE_CHECKING:
    from core.benchmarks.benchmark import Benchmark
    from core.engine.protocol import Command, EngineSpec
    from core.experiment.experiment import Experiment
    from core.experiment.specs import MaskSpec
    from core.models.description import ModelInfo
    from tui.inspector.lens import Lens


@dataclass(frozen=True)
class CodePermission:
    """Whether code that the model writes may run, as the person at this screen said; never stored."""

    allowed: bool = False
    without_sandbox: bool = False
    """Even where no sandbox works."""


@dataclass(frozen=True)
class Sandboxing:
    """The sandbox of this machine."""

    kind: str | None
    """None if no sandbox works."""
    reason: str = ""
    """Why none works, and what to do; empty if one does."""
    problem: str = ""
    """Why code cannot run even without a sandbox; empty if it can."""

    @classmethod
    def found(cls) -> Sandboxing:
        """Tries out the sandboxes, which takes a moment the first time: for a thread."""
        from core.sandbox.kinds import find_sandbox, why_not_unconfined

        sandbox = find_sandbox()
        return cls(sandbox.kind, sandbox.reason, "" if sandbox.kind else why_not_unconfined())


@dataclass
class Session:
    """One open model. Its experiment is only read: what has to be computed is asked of the engine."""

    spec: EngineSpec
    experiment: Experiment
    benchmarks: tuple[Benchmark, ...]
    marks: Marks
    readonly: bool
    send: Callable[[Command], None]
    """Sends a command to the engine; a read-only screen says why it does not."""
    activity: Activity = field(default_factory=Activity)
    code: CodePermission = field(init=False)
    settled: PromptsSettled | None = field(init=False, default=None)
    """Prompt form and level of the items; None for an embedded model, and until they are settled."""
    measure: Measure = field(init=False, default=AIS)
    """What cells, bars and sweeps of the AIS tab show."""
    auto: MaskSpec | None = field(init=False, default=None)
    """The mask with the k that the last search for one chose."""
    compounds: tuple[Benchmark, ...] = field(init=False, default_factory=compound_benchmarks)
    """Benchmarks whose items need two or three abilities: each a column only while the lens is on it."""
    memory: tuple[str, ...] = field(init=False, default=())
    """Two lines on the memory that the model needs and whether it fits; empty until known."""
    _counted: set[str] = field(init=False, default_factory=set)

    def __post_init__(self) -> None:
        options = self.spec.benchmarks
        self.code = CodePermission(options.allow_code, options.without_sandbox)
        model = self.experiment.spec
        if model.is_settled and not model.is_embedded:
            self.settle(PromptsSettled(model.prompt, model.level_asked))

    @property
    def is_settled(self) -> bool:
        """Whether prompt form and level are known: until then nothing can be looked up in the cache."""
        return self.experiment.spec.is_settled

    def settle(self, settled: PromptsSettled) -> None:
        """Takes in prompt form and level; the diagnostic benchmarks in the other form become available."""
        self.settled = settled
        self.experiment.settle(settled.prompt, settled.level)
        known = {benchmark.id for benchmark in self.benchmarks}
        others = find_benchmarks([OTHER_FORM], style=self.experiment.spec.style)
        self.benchmarks += tuple(one for one in others if one.id not in known)

    def stored_settlement(self) -> PromptsSettled | None:
        """What the stored answers of a probe settle; None if they do not: for a thread.

        Raises:
            ValueError: the model's files are missing or unusable.
            OSError: the cache cannot be read.
        """
        from core.analysis.probe import stored_settlement

        return stored_settlement(self.experiment)

    def columns(self, lens: Lens) -> tuple[Benchmark, ...]:
        """Those of the matrix: the ten in the other form, or a compound, only while the lens is on one."""
        others = {one.id for one in self.benchmarks if FORM in one.id and is_generated(one)}
        if lens.benchmark in others:
            return self.benchmarks
        compound = [one for one in self.compounds if one.id == lens.benchmark]
        return tuple(one for one in (*self.benchmarks, *compound) if one.id not in others)

    @property
    def every_benchmark(self) -> tuple[Benchmark, ...]:
        """All that the lens can look at."""
        return self.benchmarks + self.compounds

    def benchmark(self, benchmark_id: str) -> Benchmark:
        """The benchmark with this id, one of `every_benchmark`."""
        return next(benchmark for benchmark in self.every_benchmark if benchmark.id == benchmark_id)

    def runs_code(self, benchmark_id: str) -> bool:
        """Whether a benchmark runs code that the model writes."""
        return runs_code(self.benchmark(benchmark_id))

    def is_counted(self, benchmark_id: str) -> bool:
        """Whether size and chance of a benchmark are known, so that reading them takes no time."""
        return benchmark_id in self._counted or not reads_rows(self.benchmark(benchmark_id))

    def count(self, benchmark_id: str) -> None:
        """Finds size and chance of a benchmark, which can mean reading all its rows: for a thread.

        Raises:
            ValueError: the rows are missing or bad.
        """
        benchmark = self.benchmark(benchmark_id)
        _ = benchmark.n_items, benchmark.chance  # both are cached by the benchmark
        self._counted.add(benchmark_id)

    def items_of(self, benchmark: Benchmark, lens: Lens) -> int:
        """How many items of a benchmark the lens looks at."""
        return benchmark.n_items if lens.limit is None else min(lens.limit, benchmark.n_items)

    def n_items_of(self, lens: Lens) -> int:
        """Diagnostic items of each ability that score the weights of the lens's mask."""
        return lens.n_items or self.experiment.importance.n_items

    def sweep_ks(self, lens: Lens, info: ModelInfo) -> list[float]:
        """The k of a sweep: those of the grid that the model is large enough for, and the lens's own."""
        most = info.candidates[lens.variant]
        least = info.unit_sizes.get(lens.variant, 1) if lens.scope == "units" else 1
        fitting = [k for k in k_grid(self.spec.model) if least <= weights_of(k, info.parameters) <= most]
        return sorted({lens.k, *fitting})

    def known_of(self, lens: Lens, info: ModelInfo) -> Known:
        """What the cache and the model's files say about a lens: for a thread.

        Raises:
            ValueError: the rows of its benchmark are bad.
            OSError: the cache cannot be read.
        """
        from core.analysis.cache_status import cached_abilities
        from core.analysis.shown import shown_abilities

        shown = shown_abilities(self.experiment, lens.limit)
        weights = candidates = None
        if lens.mask is not None:
            try:
                weights = mask_weights(lens.mask, info)
            except ValueError as error:
                return Known(shown=shown, problem=one_line(error))
            candidates = info.candidates[lens.variant]
        benchmark = self.benchmark(lens.benchmark)
        abilities = cached_abilities(self.experiment, lens.mask, benchmark, self.items_of(benchmark, lens))
        return Known(abilities, self._stored_benchmarks(lens), weights, candidates, shown)

    def _stored_benchmarks(self, lens: Lens) -> frozenset[str]:
        """The benchmarks whose outcomes under the lens are stored."""
        from core.analysis.cache_status import cached_benchmarks

        found: set[str] = set()
        for benchmark in self.columns(lens):
            try:
                found |= cached_benchmarks(self.experiment, lens.mask, [benchmark], lens.limit)
            except (ValueError, OSError):
                continue  # its rows are bad, which is said once it is chosen
        return frozenset(found)

    def names(self, ids: Sequence[str]) -> list[str]:
        """The names of benchmarks."""
        return [self.benchmark(benchmark_id).name for benchmark_id in ids]
