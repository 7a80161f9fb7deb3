"""What a profile consists of: its masks and its runs. No torch."""

from __future__ import annotations

from dataclasses import dataclass

from core.benchmarks import Benchmark
from core.choices import Selection, Variant
from core.workbench import MaskRecipe, Workbench
from core.workbench.workbench import OutcomesRequest


@dataclass(frozen=True)
class Plan:
    """The cells of a profile: every ability, variant, selection and k on every benchmark."""

    abilities: tuple[str, ...]
    variants: tuple[Variant, ...]
    """`base` may be among them: the intact model is always evaluated."""
    selections: tuple[Selection, ...]
    ks: tuple[float, ...]
    benchmarks: tuple[Benchmark, ...]
    limit: int | None = None
    """Items of each benchmark; None for all."""
    seed: int = 0
    """Of the random controls and the bootstrap."""

    def masks(self) -> tuple[MaskRecipe, ...]:
        """Every mask, the cheapest kinds first: what `top` has scored serves `bottom` and `contrast`."""
        return tuple(
            MaskRecipe(ability, variant, selection, k, self.seed)
            for selection in self.selections
            for ability in self.abilities
            for variant in self.variants
            if variant != "base"
            for k in self.ks
        )

    def items_of(self, benchmark: Benchmark) -> int:
        """How many items of a benchmark are evaluated.

        Raises:
            ValueError: the limit is below 1.
        """
        if self.limit is not None and self.limit < 1:
            raise ValueError(f"The limit is {self.limit}: give 1 or more items.")
        return benchmark.n_items if self.limit is None else min(self.limit, benchmark.n_items)

    def requests(self, bench: Workbench, mask: MaskRecipe | None) -> list[OutcomesRequest]:
        """The runs of one mask (None: of the intact model), in the order of the benchmarks."""
        return [bench.request(mask, benchmark, self.items_of(benchmark)) for benchmark in self.benchmarks]
