"""What is asked for, and machines can divide: a profile's plan, or runs one by one. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple

from core.benchmarks.benchmark import Benchmark
from core.benchmarks.drawn import drawn
from core.masks.choices import CONTROLS, Scope, Selection
from core.models.matrices import Variant
from core.run.experiment import Experiment, OutcomesRequest
from core.run.specs import MaskSpec, drawn_seed


class ChosenK(NamedTuple):
    """The k that `--k auto` chose for the masks of one variant."""

    variant: Variant
    k: float
    record: Mapping[str, Any]
    """What was tried and measured, as profile.json has it."""


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
    """Items per benchmark; None for all."""
    seed: int = 0
    """Seed of the random controls and the bootstrap."""
    random_seeds: int = 1
    """Random masks per ability, variant and k; an empirical p of 0.05 takes 19."""
    scope: Scope = "global"
    until: float | None = None
    """The least AIS of interest, at which a run stops as soon as it is settled; None: all items count."""
    found_ks: tuple[ChosenK, ...] = ()
    """The k chosen for each variant by `--k auto`; see `with_found`."""
    only: tuple[MaskSpec, ...] | None = None
    """The masks of a part of the plan; None for all."""
    with_controls: ClassVar[bool] = True
    """The generation quality of controls is measured too."""

    def __post_init__(self) -> None:
        """Checks the number of random masks and the least AIS of interest.

        Raises:
            ValueError: the number is below 1, or above with no random controls in the plan; or the least AIS
                is not between 0 and 1.
        """
        if self.until is not None:
            check_least(self.until)
        if self.random_seeds < 1:
            raise ValueError(f"There are {self.random_seeds} random seeds: give 1 or more.")
        if self.random_seeds > 1 and "random" not in self.selections:
            raise ValueError(
                f"{self.random_seeds} random seeds are asked for, but 'random' is not among the selections: "
                "add it."
            )

    @property
    def effects(self) -> tuple[Selection, ...]:
        """The selections that are not controls; all if there are only controls."""
        return tuple(one for one in self.selections if one not in CONTROLS) or self.selections

    def masks(self) -> tuple[MaskSpec, ...]:
        """Every mask, the cheapest kinds first: what `top` has scored serves `bottom` and the contrasts."""
        if self.only is not None:
            return self.only
        return tuple(
            MaskSpec(ability, variant, selection, k, seed, self.scope)
            for selection in self.selections
            for seed in self.seeds_of(selection)
            for ability in self.abilities
            for variant in self.variants
            if variant != "base"
            for k in self.ks_of(variant)
        )

    def measures(self, mask: MaskSpec | None) -> bool:
        """Whether generation quality is measured, of a mask or the intact model: whenever there are masks."""
        return bool(self.masks())

    def ks_of(self, variant: Variant) -> tuple[float, ...]:
        """The k of one variant: the one chosen for it, else all."""
        return tuple(found.k for found in self.found_ks if found.variant == variant) or self.ks

    def with_found(self, found: tuple[ChosenK, ...]) -> Plan:
        """The plan with the k chosen for each variant in place of its own."""
        return replace(self, ks=tuple(sorted({one.k for one in found})) or self.ks, found_ks=found)

    def seeds_of(self, selection: Selection) -> tuple[int, ...]:
        """The seeds of one selection's masks: several only if they are random."""
        draws = self.random_seeds if selection == "random" else 1
        return tuple(drawn_seed(self.seed, draw) for draw in range(draws))

    def size(self) -> str:
        """Number of masks and runs, in a sentence."""
        masks = self.masks()
        runs = (len(masks) + 1) * len(self.benchmarks)
        random = sum(mask.selection == "random" for mask in masks) * len(self.benchmarks)
        size = (
            f"{_counted(len(masks), 'mask')} and the intact model on "
            f"{_counted(len(self.benchmarks), 'benchmark')}: {_counted(runs, 'run')}"
        )
        if not random:
            return f"{size}."
        each = f", {self.random_seeds} for each ability, variant and k" if self.random_seeds > 1 else ""
        return f"{size}, {random:,} of them random controls{each}."

    def items_of(self, benchmark: Benchmark) -> int:
        """Number of items of a benchmark that are evaluated.

        Raises:
            ValueError: the limit is below 1.
        """
        if self.limit is not None and self.limit < 1:
            raise ValueError(f"The limit is {self.limit}: give 1 or more items.")
        return benchmark.n_items if self.limit is None else min(self.limit, benchmark.n_items)

    def drawn(self) -> Plan:
        """The plan with its items in an order drawn by its seed."""
        benchmarks = tuple(drawn(one, self.items_of(one), self.seed) for one in self.benchmarks)
        return replace(self, benchmarks=benchmarks)

    def requests(self, experiment: Experiment, mask: MaskSpec | None) -> list[OutcomesRequest]:
        """The runs of one mask (None: of the intact model), in the order of the benchmarks."""
        return [
            experiment.request(mask, benchmark, self.items_of(benchmark)) for benchmark in self.benchmarks
        ]


def check_least(until: float) -> None:
    """Checks a least AIS of interest, at which runs stop as soon as it is settled.

    Raises:
        ValueError: it is not between 0 and 1.
    """
    if not 0 < until < 1:
        raise ValueError(f"The least AIS of interest is {until:g}: give one between 0 and 1, as 0.05.")


def _counted(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


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
