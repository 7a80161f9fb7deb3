"""Made-up generation quality, and answers to the items that choose a k, in a cache."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from core.abilities import ABILITIES
from core.analysis.auto_k import choosing_request
from core.benchmarks.diagnostic import CHOOSING_ITEMS
from core.run.experiment import Experiment, OutcomesRequest
from core.run.specs import MaskSpec

LOOP = "the cat the cat the cat the cat the cat the cat"


def store_quality(experiment: Experiment, mask: MaskSpec | None, times: float, loops: int = 0) -> None:
    """Stores the generation quality of a mask: perplexity `times` e on ten texts, `loops` of them loops."""
    key, key_inputs = experiment.generation_quality_request(mask)
    columns: dict[str, list[Any]] = {
        "logprobs": [[-1.0 - math.log(times)] * 3] * 10,
        "written": [LOOP] * loops + ["a plain answer"] * (10 - loops),
        "finish": ["eos"] * 10,
        "tokens": [[1, 2, 3]] * 10,
        "written_logprobs": [[-1.0] * 3] * 10,
    }
    experiment.store.generation_quality.save(key, key_inputs, columns)


def store_intact(experiment: Experiment, mask: MaskSpec, lacks: str = "") -> None:
    """Stores the intact model's answers to the choosing items: p(right) .85, chance for what it lacks."""
    _store_answers(experiment, choosing_request(experiment, mask, intact=True), 0.85, {lacks: 0.25})


def store_tried(
    experiment: Experiment, mask: MaskSpec, own: float, others: float, times: float = 1.0, loops: int = 0
) -> None:
    """Stores all of one k for a mask: its AIS_p on its own and on other items, and its quality."""
    store_quality(experiment, mask, times, loops)
    taken = {mask.ability: 0.85 - 0.6 * own}
    _store_answers(experiment, choosing_request(experiment, mask), 0.85 - 0.6 * others, taken)


def _store_answers(
    experiment: Experiment, request: OutcomesRequest, others: float, own: Mapping[str, float]
) -> None:
    """Stores answers to the choosing items: p(right) of some abilities, and of all others."""
    shares = [own.get(ability.id, others) for ability in ABILITIES for _ in range(CHOOSING_ITEMS)]
    columns: dict[str, list[Any]] = {
        "item_id": [str(place) for place in range(request.n)],
        "gold": [1] * request.n,
        "prediction": [1] * request.n,
        "correct": [True] * request.n,
        "correct_norm": [True] * request.n,
        "loglikelihoods": [
            [math.log(p) if option == 1 else math.log((1 - p) / 3) for option in range(4)] for p in shares
        ],
    }
    experiment.store.outcomes.save(request.key, request.key_inputs, columns)
