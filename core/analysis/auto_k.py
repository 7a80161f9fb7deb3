"""The search for the k at which masks tell their own ability from others: what was tried, and what it found.

What is stored of it is read; what is not is measured. No torch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from core.abilities import ABILITY_IDS
from core.abilities.neutral_texts import neutral_texts
from core.analysis.generation_quality import (
    MOST_RUINED,
    MOST_TIMES,
    GenerationQuality,
    mask_generation_qualities,
)
from core.analysis.statistics.frontier import Point, Values, best_of, chosen_of, point_of, shown_abilities
from core.analysis.statistics.scores import right_probabilities
from core.benchmarks.diagnostic import CHOOSING_ITEMS, DIAGNOSTIC_CHANCE, choosing_benchmark
from core.masks.choices import CONTROLS, PAPER_K, REAL_K_GRID, Scope, Selection
from core.models.matrices import Variant, weights_of
from core.models.spec import ModelSpec
from core.run.events import BatchFinished, RunStarted
from core.run.experiment import Experiment, OutcomesRequest
from core.run.generation_quality import is_measured, measure_generation_quality, store_generation_quality
from core.run.pace import Kind, Step, keep_paces, known_paces, rough_seconds, scoring_phase, take_in_known
from core.run.plan import ChosenK
from core.run.runner import Runner
from core.run.runs import run_missing, steps_of_rankings, without_events
from core.run.selected import has_ranking
from core.run.specs import MaskSpec
from core.run.storing import stored_outcomes

if TYPE_CHECKING:
    import polars as pl

    from core.run.experiment import OutcomesRequest

BEYOND_PAPER = (0.03, 0.06)
"""Further k for the embedded models, which are so small that they hardly miss 1 % of their weights. In real
models these would be rankings of hundreds of millions of weights."""


@dataclass(frozen=True, eq=False)
class TriedK:
    """One k, and what was measured at it."""

    k: float
    qualities: Mapping[MaskSpec, GenerationQuality]
    """By mask, in their order; none after the first that is not acceptable."""
    point: Point | None = None
    """What the masks take from the choosing items; None unless all are acceptable."""

    @property
    def unacceptable(self) -> MaskSpec | None:
        """The mask that does not keep its generation quality; None if all do."""
        return next((mask for mask, one in self.qualities.items() if not one.is_acceptable), None)

    def figures(self) -> dict[str, Any]:
        """Its plain values."""
        masks = [
            {"ability": mask.ability, "selection": mask.selection, "acceptable": one.is_acceptable}
            | one.figures()
            for mask, one in self.qualities.items()
        ]
        found = {} if self.point is None else self.point.figures()
        return {"k": self.k, "acceptable": self.unacceptable is None, **found, "masks": masks}


@dataclass(frozen=True, eq=False)
class FoundK:
    """A search for the k of the masks of one variant: all of it, or as far as it is."""

    variant: Variant
    selections: tuple[Selection, ...]
    """Selections of the masks that were measured."""
    grid: tuple[float, ...]
    """The k to choose from, ascending."""
    tried: tuple[TriedK, ...]
    """Ascending; all are acceptable but perhaps the last."""

    @classmethod
    def of(cls, masks: Sequence[MaskSpec], grid: tuple[float, ...], tried: Sequence[TriedK]) -> FoundK:
        """What a search for masks of one variant found."""
        selections = tuple(dict.fromkeys(mask.selection for mask in masks))
        return cls(masks[0].variant, selections, grid, tuple(tried))

    @property
    def is_over(self) -> bool:
        """Whether there is no more to try."""
        return len(self.tried) == len(self.grid) or self.tried[-1].unacceptable is not None

    @property
    def problem(self) -> str:
        """Why there is no k, in a sentence; empty if there is one."""
        ruined = self.tried[0].unacceptable
        if ruined is None:
            return ""
        other = "" if ruined.selection == "max_minus_shared" else "choose max_minus_shared, or "
        return (
            f"k auto, {self.variant}: even at k {self.grid[0]:g}: {ruined.ability} · {ruined.selection} is "
            f"not acceptable: {other}give k as a number."
        )

    @cached_property
    def frontier(self) -> tuple[tuple[float, Point], ...]:
        """The acceptable k, each with what its masks take."""
        return tuple((one.k, one.point) for one in self.tried if one.point is not None)

    @property
    def best_k(self) -> float:
        """The k with the largest own - others."""
        return self.frontier[best_of([point for _, point in self.frontier])][0]

    @property
    def at(self) -> tuple[float, Point]:
        """The chosen k and its point; there is one unless there is a problem.

        The smallest acceptable k that is within one standard error of the largest own - others.
        """
        return self.frontier[chosen_of([point for _, point in self.frontier])]

    @property
    def k(self) -> float:
        """The chosen k."""
        return self.at[0]

    @property
    def chosen(self) -> ChosenK:
        """The chosen k, as a plan takes it."""
        return ChosenK(self.variant, self.k, self.figures())

    def figures(self) -> dict[str, Any]:
        """Its plain values, with the limits that were in force."""
        return {
            "variant": self.variant,
            "selections": self.selections,
            "k": self.k,
            "best_k": self.best_k,
            "choosing_items": CHOOSING_ITEMS,
            "grid": self.grid,
            "limits": {"times": MOST_TIMES, "ruined": MOST_RUINED},
            "tried": [one.figures() for one in self.tried],
        }


def grid_of(spec: ModelSpec) -> tuple[float, ...]:
    """The k that are tried, ascending."""
    return (*PAPER_K, *BEYOND_PAPER) if spec.is_embedded else REAL_K_GRID


def require_searchable(selections: Sequence[Selection]) -> None:
    """Refuses to look for the k of controls alone, which are as large as what they control.

    Raises:
        ValueError: there are only controls.
    """
    if all(selection in CONTROLS for selection in selections):
        raise ValueError(
            "k auto compares what top or max_minus_shared masks take, but only "
            f"{', '.join(selections)} is asked for: add one of them, or give k as a number."
        )


def searched_masks(masks: Sequence[MaskSpec]) -> list[MaskSpec]:
    """Those of the masks that decide, each once."""
    return list(dict.fromkeys(mask for mask in masks if mask.selection not in CONTROLS))


def fitting_grid(experiment: Experiment, variant: Variant, scope: Scope = "global") -> tuple[float, ...]:
    """The k of the grid that take at least one weight, or unit, and no more than the variant has.

    Raises:
        ValueError: there is none.
    """
    info, grid = experiment.info, grid_of(experiment.spec)
    least = info.unit_sizes.get(variant, 1) if scope == "units" else 1
    fitting = tuple(k for k in grid if least <= weights_of(k, info.parameters) <= info.candidates[variant])
    if not fitting:
        raise ValueError(
            f"k auto tries {grid[0]:g} to {grid[-1]:g} of all parameters, and none of these is a number of "
            f"weights that '{variant}' has: give k as a number."
        )
    return fitting


ORDER = ABILITY_IDS
"""The order of the abilities among the choosing items."""


def choosing_request(experiment: Experiment, mask: MaskSpec, *, intact: bool = False) -> OutcomesRequest:
    """The run of a mask (or of the intact model) on the choosing items of all abilities."""
    benchmark = choosing_benchmark(experiment.n_items_of(mask), experiment.importance.seed)
    return experiment.request(None if intact else mask, benchmark, benchmark.n_items)


def point_from(intact: pl.DataFrame, ablated: Mapping[MaskSpec, pl.DataFrame]) -> Point | None:
    """What masks of one k take, from the outcomes on the choosing items.

    None if the intact model is at chance on all that is their own.
    """
    own = [ORDER.index(mask.ability) for mask in ablated]
    values = np.stack([*map(_by_ability, ablated.values())])
    return point_of(_by_ability(intact), values, own, DIAGNOSTIC_CHANCE)


def require_shown(intact: pl.DataFrame, masks: Sequence[MaskSpec]) -> None:
    """Refuses to choose where the intact model has none of the abilities whose masks are asked about.

    Raises:
        ValueError: it is at chance on the choosing items of all of them.
    """
    shown = dict(zip(ORDER, shown_abilities(_by_ability(intact), DIAGNOSTIC_CHANCE), strict=True))
    abilities = list(dict.fromkeys(mask.ability for mask in masks))
    if not any(shown[ability] for ability in abilities):
        named = abilities[0] if len(abilities) == 1 else "any of the abilities"
        raise ValueError(
            f"k auto: the intact model is not above chance on {CHOOSING_ITEMS} choosing items of {named}: "
            "give k as a number."
        )


def _by_ability(outcomes: pl.DataFrame) -> Values:
    """(abilities, items) p(right) of the choosing items."""
    found = right_probabilities(outcomes)
    assert found is not None, "every choosing item has options"
    return found.reshape(len(ORDER), CHOOSING_ITEMS)


def stored_search(experiment: Experiment, mask: MaskSpec) -> FoundK | None:
    """The search for one mask, as far as it is stored; None if nothing of it is.

    Raises:
        CorruptEntry: an entry is damaged.
        ValueError: no k of the grid fits the model.
    """
    if mask.selection in CONTROLS:
        return None
    grid, tried = fitting_grid(experiment, mask.variant, mask.scope), list[TriedK]()
    intact = experiment.store.outcomes.load(choosing_request(experiment, mask, intact=True).key)
    if intact is None:
        return None
    for k in grid:
        one = _stored_try(experiment, replace(mask, k=k), intact)
        if one is None:
            break
        tried.append(one)
        if one.unacceptable is not None:
            break
    return FoundK.of([mask], grid, tried) if tried else None


def _stored_try(experiment: Experiment, mask: MaskSpec, intact: pl.DataFrame) -> TriedK | None:
    """What is stored of one k for one mask; None if not all of it is."""
    qualities = mask_generation_qualities(experiment, [mask])
    if not qualities:
        return None
    if not qualities[mask].is_acceptable:
        return TriedK(mask.k, qualities)
    ablated = experiment.store.outcomes.load(choosing_request(experiment, mask).key)
    point = None if ablated is None else point_from(intact, {mask: ablated})
    return None if point is None else TriedK(mask.k, qualities, point)


def search_steps(experiment: Experiment, masks: Sequence[MaskSpec]) -> list[Step]:
    """What it takes to measure masks, in order, as far as that is not stored; their rankings are."""
    steps, n = list[Step](), len(neutral_texts(experiment.spec.level))
    for mask in masks:
        request = choosing_request(experiment, mask)
        key, _ = experiment.generation_quality_request(mask)
        if not experiment.store.generation_quality.entries.has(key):
            steps += [Step("quality", "", n), Step("quality", "intact", n)]
        if not experiment.store.outcomes.entries.has(request.key):
            steps.append(Step("evaluating", request.benchmark.id, request.n))
    return steps


def search_seconds(experiment: Experiment, masks: Sequence[MaskSpec]) -> float:
    """How long a whole search may take; one that quality ends early takes less. 0: all of it is stored.

    Raises:
        ValueError: no k of the grid fits the model.
    """
    grids = {mask: fitting_grid(experiment, mask.variant, mask.scope) for mask in searched_masks(masks)}
    work: Counter[Kind] = Counter()
    for step in search_steps(experiment, [replace(mask, k=k) for mask, grid in grids.items() for k in grid]):
        work[step.kind] += step.units
    unranked = [
        mask for mask, grid in grids.items() if not has_ranking(experiment, replace(mask, k=grid[-1]))
    ]
    for ability, n_items, of_units in {
        (one, experiment.n_items_of(mask), mask.scope == "units")
        for mask in unranked
        for one in experiment.scored_abilities(mask)
    }:
        if not of_units or experiment.lacks_scores(ability, n_items, of_units=True):
            work[scoring_phase(of_units=of_units), ability] += n_items
    return 0.0 if not work else known_paces(experiment).seconds(work) or rough_seconds(experiment, work)


OF_RUNS = (RunStarted, BatchFinished)
"""Events that a screen would take for those of a benchmark that it knows."""

Tries = tuple[tuple[MaskSpec, ...], ...]
"""The masks of one variant, by k, ascending."""


def find_k(
    runner: Runner,
    masks: Sequence[MaskSpec],
    emit: Callable[[Variant, TriedK], None] = lambda variant, tried: None,
) -> tuple[FoundK, ...]:
    """For each variant the k of the grid at which its masks tell their own ability from others.

    From small to large, up to the first k at which a mask does not keep its generation quality: that and all
    larger ones are no candidates. At each acceptable k every mask is asked the choosing items of all
    abilities (`core.benchmarks.diagnostic`); `core.analysis.statistics.frontier` says what is chosen. New
    rankings are made once, for the largest k of the grid. All that is measured is stored, and not measured
    again.

    Args:
        masks: all of one k, whichever; controls among them do not count. Rankings are made in their order.
        emit: receives each k when it was tried.

    Raises:
        Cancelled: the runner was cancelled; what was finished is stored.
        ValueError: even the smallest k leaves a mask not acceptable, the intact model is at chance on the
            abilities, or the model cannot be used.
        WeightsChangedError: the weights were not restored.
    """
    wanted = searched_masks(masks)
    if not masks:
        return ()
    require_searchable([mask.selection for mask in masks])
    tries = [_tries(runner, wanted, variant) for variant in dict.fromkeys(mask.variant for mask in wanted)]
    take_in_known(runner, runner.progress.paces)
    try:
        with without_events(runner, OF_RUNS):
            rankings = steps_of_rankings(runner, [mask for one in tries for mask in one[-1]])
            intact_request = choosing_request(runner, wanted[0], intact=True)
            (intact,) = _outcomes(runner, [intact_request], [*rankings, *_steps(runner, tries)])
            require_shown(intact, wanted)
            _make_rankings(runner, wanted, tries)
            return tuple(
                _search(runner, intact, one, tries[place + 1 :], emit) for place, one in enumerate(tries)
            )
    finally:
        keep_paces(runner, runner.progress.paces)
        runner.verify_restored()


def _tries(runner: Runner, masks: Sequence[MaskSpec], variant: Variant) -> Tries:
    of_variant = [mask for mask in masks if mask.variant == variant]
    grid = fitting_grid(runner, variant, of_variant[0].scope)
    return tuple(tuple(replace(mask, k=k) for mask in of_variant) for k in grid)


def _steps(runner: Runner, tries: Sequence[Tries]) -> list[Step]:
    return search_steps(runner, [mask for one in tries for masks in one for mask in masks])


def _make_rankings(runner: Runner, wanted: Sequence[MaskSpec], tries: Sequence[Tries]) -> None:
    grids = {one[0][0].variant: [masks[0].k for masks in one] for one in tries}
    for mask in wanted:
        grid = grids[mask.variant]
        largest = replace(mask, k=grid[-1])
        if not has_ranking(runner, largest):
            runner.check_cancelled()
            runner.mask(largest, grid)


def _search(
    runner: Runner,
    intact: pl.DataFrame,
    tries: Tries,
    after: Sequence[Tries],
    emit: Callable[[Variant, TriedK], None],
) -> FoundK:
    """The search for the masks of one variant.

    Args:
        intact: its outcomes on the choosing items.
        tries: the masks.
        after: those of the searches that come after it.
        emit: receives each k when it was tried.
    """
    grid, tried = tuple(masks[0].k for masks in tries), list[TriedK]()
    for place, masks in enumerate(tries):
        qualities = _qualities(runner, masks, grid)
        point = None
        if all(one.is_acceptable for one in qualities.values()):
            requests = [choosing_request(runner, mask) for mask in masks]
            outcomes = _outcomes(runner, requests, _steps(runner, [tries[place + 1 :], *after]))
            point = point_from(intact, dict(zip(masks, outcomes, strict=True)))
        tried.append(TriedK(masks[0].k, qualities, point))
        emit(masks[0].variant, tried[-1])
        if point is None:
            break
    found = FoundK.of(tries[0], grid, tried)
    if problem := found.problem:
        raise ValueError(problem)
    return found


def _qualities(
    runner: Runner, masks: Sequence[MaskSpec], grid: Sequence[float]
) -> dict[MaskSpec, GenerationQuality]:
    qualities: dict[MaskSpec, GenerationQuality] = {}
    for mask in masks:
        runner.check_cancelled()
        for one in (None, mask):
            if not is_measured(runner, one):
                with runner.ablated(None if one is None else runner.mask(one, grid)):
                    measured = measure_generation_quality(runner)
                store_generation_quality(runner, one, measured)
        qualities |= mask_generation_qualities(runner, [mask])
        if not qualities[mask].is_acceptable:
            break
    return qualities


def _outcomes(
    runner: Runner, requests: Sequence[OutcomesRequest], later: Sequence[Step]
) -> list[pl.DataFrame]:
    """The outcomes of some requests, computed where they are not stored.

    Args:
        requests: what is asked for.
        later: what there is to do after that, for the time left.
    """
    loaded = stored_outcomes(runner, [request.key for request in requests])
    for _ in run_missing(runner, requests, loaded.frames, later=later):
        pass
    new = [request.key for request in requests if request.key not in loaded.frames]
    frames = loaded.frames | stored_outcomes(runner, new).frames
    return [frames[request.key] for request in requests]
