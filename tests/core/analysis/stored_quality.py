"""Made-up generation quality in a cache."""

from __future__ import annotations

import math
from typing import Any

from core.experiment.experiment import Experiment
from core.experiment.specs import MaskSpec

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
