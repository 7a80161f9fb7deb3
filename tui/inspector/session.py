"""What every tab works with: model and cache, the engine's activity, and what the person allowed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

from core.benchmarks.diagnostic import compound_benchmarks, diagnostic_benchmarks
from core.benchmarks.drawn import drawn, part_of
from core.benchmarks.registry import OTHER_FORM, find_benchmarks, is_generated, reads_rows, runs_code
from core.models.matrices import weights_of
from core.models.spec import FORM
from core.run.events import PromptsSettled
from core.run.specs import Run, mask_weights
from tui.inspector.lens import Known, k_grid
from tui.inspector.look.marks import Marks
from tui.inspector.look.text import one_line
from tui.inspector.open_model import OpenModel
from tui.measures import AIS_P, Measure

if TYPE_CHECKING:
    import polars as pl

    from core.benchmarks.benchmark import Benchmark
    from core.engine.protocol import Command, EngineSpec
    from core.models.description import ModelInfo
    from core.run.experiment import Experiment
    from core.run.specs import MaskSpec
    from tui.inspector.activity import Activity
    from tui.inspector.lens import Lens


Shown = Literal["A", "B", "B - A"]
"""Which model is looked at, or what the second one does otherwise than the first."""


class Session:
    """The open model, perhaps a second one beside it, and what is known whatever the model is."""

    def __init__(
        self,
        spec: EngineSpec,
        experiment: Experiment,
        benchmarks: tuple[Benchmark, ...],
        marks: Marks,
        readonly: bool,
        send: Callable[[Command], None],
    ) -> None:
        """Opens the first model.

        Args:
            spec: its engine.
            experiment: only read.
            benchmarks: those of the matrix.
            marks: the characters that the screen may use.
            readonly: look only.
            send: sends a command to the engine; replaced once there is a link to it.
        """
        self.a = OpenModel(spec, experiment, send)
        self.b: OpenModel | None = None
        """The second model."""
        self.shown: Shown = "A"
        self.benchmarks, self.marks, self.readonly = benchmarks, marks, readonly
        self.allows_code = spec.benchmarks.allow_code
        """Whether code that the model writes may run, as the person at this screen said; never stored."""
        self.measure: Measure = AIS_P
        """What cells, bars and sweeps of the AIS tab show."""
        self.compounds: tuple[Benchmark, ...] = compound_benchmarks()
        """Benchmarks whose items need two or three abilities: each a column only while the lens is on it."""
        self._counted: set[str] = set()
        model = experiment.spec
        if model.is_settled and not model.is_embedded:
            self.settle(PromptsSettled(model.prompt, model.level_asked))

    # The model that is looked at

    @property
    def models(self) -> list[OpenModel]:
        """The open models."""
        return [self.a] if self.b is None else [self.a, self.b]

    @property
    def model(self) -> OpenModel:
        """The model that is looked at; the second one where both are."""
        return self.a if self.b is None or self.shown == "A" else self.b

    @property
    def pair(self) -> tuple[OpenModel, OpenModel] | None:
        """Both models, where it is looked at what the second one does otherwise."""
        return (self.a, self.b) if self.b is not None and self.shown == "B - A" else None

    @property
    def spec(self) -> EngineSpec:
        """What the model's engine works on."""
        return self.model.spec

    @property
    def experiment(self) -> Experiment:
        """The model and the cache."""
        return self.model.experiment

    @property
    def activity(self) -> Activity:
        """What the model's engine does."""
        return self.model.activity

    @property
    def settled(self) -> PromptsSettled | None:
        """See `OpenModel`."""
        return self.model.settled

    @property
    def auto(self) -> MaskSpec | None:
        """See `OpenModel`."""
        return self.model.auto

    @property
    def memory(self) -> tuple[str, ...]:
        """See `OpenModel`."""
        return self.model.memory

    def send(self, command: Command) -> None:
        """Sends a command to the engine of the model that is looked at."""
        self.model.send(command)

    @property
    def title(self) -> str:
        """What is open, for the header."""
        if self.b is None:
            return self.a.spec.model.name
        has_forms = self.a.name == self.b.name
        a, b = (f"{one.name} {one.form}" if has_forms else one.name for one in (self.a, self.b))
        return {"A": f"A  {a}", "B": f"B  {b}", "B - A": f"B - A  {b} - {a}"}[self.shown]

    # Prompts

    @property
    def is_settled(self) -> bool:
        """Whether prompt form and level are known: until then nothing can be looked up in the cache."""
        return self.experiment.spec.is_settled

    def settle(self, settled: PromptsSettled) -> None:
        """Takes in prompt form and level of the first model; other forms of benchmarks become available."""
        self.a.settled = settled
        self.a.experiment.settle(settled.prompt, settled.level)
        known = {benchmark.id for benchmark in self.benchmarks}
        others = find_benchmarks([OTHER_FORM], style=self.a.experiment.spec.style)
        self.benchmarks += tuple(one for one in others if one.id not in known)

    def stored_settlement(self) -> PromptsSettled | None:
        """What the stored answers of a probe settle; None if they do not: for a thread.

        Raises:
            ValueError: the model's files are missing or unusable.
            OSError: the cache cannot be read.
        """
        from core.analysis.probe import stored_settlement

        return stored_settlement(self.experiment)

    # Benchmarks

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

    def evaluated(self, benchmark: Benchmark, lens: Lens) -> Benchmark:
        """A benchmark as the lens's runs evaluate it: drawn by seed if they stop when it is known."""
        if lens.stops_at is None:
            return benchmark
        return drawn(benchmark, self.items_of(benchmark, lens), lens.seed)

    def run(self, mask: MaskSpec | None, benchmark_id: str, lens: Lens) -> Run:
        """The run of a mask (None: of the intact model) on a benchmark, as the lens asks for it."""
        benchmark = self.benchmark(benchmark_id)
        part = part_of(self.evaluated(benchmark, lens))
        return Run(mask, benchmark_id, self.items_of(benchmark, lens), part)

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
        from core.analysis.shown import shown_abilities
        from core.analysis.stored import cached_abilities

        shown = shown_abilities(self.experiment, lens.limit, self._evaluated_alone(lens))
        weights = candidates = None
        if lens.mask is not None:
            try:
                weights = mask_weights(lens.mask, info)
            except ValueError as error:
                return Known(shown=shown, problem=one_line(error))
            candidates = info.candidates[lens.variant]
        benchmark = self.benchmark(lens.benchmark)
        n, benchmark = self.items_of(benchmark, lens), self.evaluated(benchmark, lens)
        abilities = cached_abilities(self.experiment, lens.mask, benchmark, n, lens.stops_at)
        return Known(abilities, self._stored_benchmarks(lens), weights, candidates, shown)

    def _stored_benchmarks(self, lens: Lens) -> frozenset[str]:
        """The benchmarks whose outcomes under the lens are stored."""
        from core.analysis.stored import cached_benchmarks

        found, asked = set[str](), (lens.limit, lens.stops_at)
        for benchmark in self.columns(lens):
            try:
                one = self.evaluated(benchmark, lens)
                found |= cached_benchmarks(self.experiment, lens.mask, [one], *asked)
            except (ValueError, OSError):
                continue  # its rows are bad, which is said once it is chosen
        return frozenset(found)

    def _evaluated_alone(self, lens: Lens) -> dict[str, pl.DataFrame]:
        """What the intact model has answered in an order drawn by seed, of the abilities' own benchmarks."""
        from core.analysis.matrix import evaluated, sized_benchmarks

        if lens.stops_at is None:
            return {}
        sized = sized_benchmarks(diagnostic_benchmarks(), lens.limit, lens.stops_at, lens.seed)
        return evaluated(self.experiment, sized, lens.stops_at)

    def names(self, ids: Sequence[str]) -> list[str]:
        """The names of benchmarks."""
        return [self.benchmark(benchmark_id).name for benchmark_id in ids]
