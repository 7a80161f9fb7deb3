"""What the cache has of a search for a k: the answers to the choosing items, and what is left to measure.

No torch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from core.abilities import ABILITIES
from core.abilities.neutral_texts import neutral_texts
from core.analysis.auto_k import FoundK, TriedK, fitting_grid, searched_masks
from core.analysis.cache_status import has_ranking
from core.analysis.generation_quality import mask_generation_qualities
from core.analysis.statistics.frontier import Point, Values, point_of, shown_abilities
from core.analysis.statistics.probability import right_probabilities
from core.benchmarks.choosing import CHOOSING_ITEMS, choosing_benchmark
from core.benchmarks.diagnostic import DIAGNOSTIC_CHANCE
from core.masks.choices import CONTROLS
from core.run.estimate import rough_seconds
from core.run.experiment import Experiment, OutcomesRequest
from core.run.kept_paces import known_paces
from core.run.pace import Kind, Step, scoring_phase
from core.run.specs import MaskSpec

ORDER = tuple(ability.id for ability in ABILITIES)
"""The order of the abilities among the choosing items."""


def choosing_request(experiment: Experiment, mask: MaskSpec, *, intact: bool = False) -> OutcomesRequest:
    """The run of a mask on the choosing items of all abilities, or that of the intact model to compare with.

    Raises:
        ValueError: k asks for more weights than there are candidates.
    """
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
