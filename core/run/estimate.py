"""How long a run will take, before it begins: from measured paces, else from the model's size. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from core.abilities.neutral_texts import neutral_texts
from core.benchmarks.benchmark import Benchmark
from core.run.experiment import Experiment
from core.run.pace import COSTS, Kind, Paces, answering, scoring_phase

ITEM_S = 0.002
"""Seconds that an evaluated item takes however small the model is."""

CPU_PARAMETER_S, GPU_PARAMETER_S = 4e-10, 1e-12
"""Seconds that it takes beyond that for each parameter: on two cores as SmolLM2 did; on a GPU a guess, 200
tokens at 2 operations each on an H100 in bfloat16 at 40 % of its 989e12 a second."""


class Estimate(NamedTuple):
    """Seconds that a lens's runs take."""

    scoring_s: float
    """To score the abilities that the mask needs, which is done once."""
    cell_s: float
    """For one mask on one benchmark after that, its generation quality included."""
    is_measured: bool
    """Whether scoring and this kind of benchmark were measured; else partly or wholly a guess."""


def estimate(
    experiment: Experiment,
    benchmark: Benchmark,
    n: int,
    scored: int,
    n_items: int,
    paces: Paces,
    *,
    of_units: bool = False,
) -> Estimate:
    """The estimate for one mask.

    Args:
        experiment: the model, with settled prompts.
        benchmark: what it is evaluated on.
        n: items of it.
        scored: abilities whose importance has to be computed first.
        n_items: diagnostic items of each of them.
        paces: as far as they were measured.
        of_units: whether it is whole units that are scored.
    """
    evaluation, phase = answering(benchmark), scoring_phase(of_units=of_units)
    texts = 2 * len(neutral_texts(experiment.spec.level))
    scoring: dict[Kind, float] = {(phase, ""): scored * n_items, ("ranking", ""): 1.0} if scored else {}
    cell: dict[Kind, float] = {evaluation: n, ("quality", ""): texts}
    scoring_s, cell_s = paces.seconds(scoring), paces.seconds(cell)
    if scoring_s is not None and cell_s is not None:
        measured = {kind[0] for kind in paces.measured()}
        needed = {evaluation[0], phase} if scored else {evaluation[0]}
        return Estimate(scoring_s, cell_s, is_measured=needed <= measured)
    return Estimate(rough_seconds(experiment, scoring), rough_seconds(experiment, cell), is_measured=False)


def rough_seconds(experiment: Experiment, work: Mapping[Kind, float]) -> float:
    """Seconds of some work where nothing was measured, from the model's size alone."""
    per_parameter_s = CPU_PARAMETER_S if experiment.identity.device == "cpu" else GPU_PARAMETER_S
    item_s = ITEM_S + per_parameter_s * experiment.info.parameters
    return sum(COSTS[phase] * units * item_s for (phase, _), units in work.items())
