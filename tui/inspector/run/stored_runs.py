"""What the cache has of the runs of a lens, and what is missing: for a thread."""

from __future__ import annotations

from collections.abc import Mapping

from core.analysis.answers import Answers, ItemTable, answers_of
from core.analysis.stored import StoppedCell, StoppedCells, stored_parts
from core.benchmarks.benchmark import Benchmark
from core.run.experiment import Experiment
from core.run.pace import Estimate, estimate, known_paces
from core.run.selected import has_ranking
from core.run.specs import MaskSpec, Run
from tui.inspector.run.figures import Side


def stored_answers(
    experiment: Experiment,
    benchmark: Benchmark,
    run: Run,
    items: ItemTable,
    known: Answers | None,
    most: int | None,
) -> Answers | None:
    """The stored answers of a run, at most so many; `known` ones if they still are; None without any."""
    parts = stored_parts(experiment, run.mask, benchmark, run.n)
    if known is not None and sum(part.n for part in parts) >= known.n_known:
        return known
    return answers_of(experiment, parts, items, most)


def stopped_cells(
    experiment: Experiment, benchmark: Benchmark, runs: Mapping[Side, Run], until: float
) -> dict[Side, StoppedCell]:
    """What is stored of runs that stop when it is known."""
    masks = {side: run.mask for side, run in runs.items() if run.mask is not None}
    cells = StoppedCells(experiment, benchmark, until).cells(list(masks.values()))
    return {side: cells[mask] for side, mask in masks.items() if mask in cells}


def mask_of(runs: Mapping[Side, Run]) -> MaskSpec | None:
    """The lens's mask; None if it ablates nothing."""
    return runs["ablated"].mask if "ablated" in runs else None


def estimated(
    experiment: Experiment, runs: Mapping[Side, Run], benchmark: Benchmark, scorings: int
) -> Estimate:
    """How long the lens's runs take."""
    mask, paces = mask_of(runs), known_paces(experiment)
    n_items = experiment.importance.n_items if mask is None else experiment.n_items_of(mask)
    of_units = mask is not None and mask.scope == "units"
    return estimate(experiment, benchmark, runs["base"].n, scorings, n_items, paces, of_units=of_units)


def scorings_of(experiment: Experiment, runs: Mapping[Side, Run]) -> int:
    """Abilities whose importance has to be computed before the lens's mask is known."""
    mask = mask_of(runs)
    if mask is None or has_ranking(experiment, mask):
        return 0
    abilities = experiment.scored_abilities(mask)
    if mask.scope == "units":
        n = experiment.n_items_of(mask)
        return sum(experiment.lacks_scores(one, n, of_units=True) for one in abilities)
    return len(abilities)
