"""The folder of a profile with made-up answers: known effects, chosen and written, at two sizes of mask."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from cache.folder import Store
from core.analysis.profile import profile_of, write_profile
from core.benchmarks.registry import find_benchmarks
from core.models.spec import ModelSpec
from core.run.plan import Plan
from core.run.runner import Runner
from core.run.specs import MaskSpec
from core.run.storing import ensure_items
from tests.told import write_told

N = 40
DEDUCTIVE, SPATIAL, TEMPORAL = ABILITIES = ("deductive_reasoning", "spatial_reasoning", "temporal_reasoning")
LOST = {DEDUCTIVE: (2.5, 0.2, 0.0), SPATIAL: (0.1, 0.0, 0.0), TEMPORAL: (0.5, 0.5, 0.0)}
"""Nats that each ability's mask takes from the right option at the larger k; the intact model is at chance on
the last benchmark."""

KS = (0.003, 0.01)


@pytest.fixture(scope="session")
def profile_folder(made_once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """The `--out` of a profile; only read."""
    return made_once("report_profile", _make) / "out"


def _make(root: Path) -> None:
    rows = [{"prompt": f"one and {place} make", "answer": str(place + 1)} for place in range(N)]
    told = write_told(root, rows)
    plan = Plan(
        abilities=ABILITIES,
        variants=("mlp",),
        selections=("max_minus_shared", "random"),
        ks=KS,
        benchmarks=find_benchmarks([*ABILITIES, told]),
        limit=N,
        random_seeds=2,
    )
    runner = Runner(ModelSpec(), Store(root / "cache"))
    items = [pl.read_parquet(ensure_items(runner, benchmark, N)) for benchmark in plan.benchmarks]
    frames = {}
    for mask in (None, *plan.masks()):
        made = [
            *(_chosen(mask, place, items[place]["gold"].to_numpy()) for place in range(3)),
            _written(mask),
        ]
        frames[mask] = []
        for request, columns, table in zip(plan.requests(runner, mask), made, items, strict=True):
            columns["item_id"] = table["item_id"].to_list()
            runner.store.outcomes.save(request.key, request.key_inputs, columns)
            frame = runner.store.outcomes.load(request.key)
            assert frame is not None
            frames[mask].append(frame)
    write_profile(profile_of(plan, runner, frames), runner, root / "out")


def _chosen(mask: MaskSpec | None, place: int, gold: np.ndarray) -> dict[str, Any]:
    """Answers to items with four options."""
    is_control = mask is None or mask.selection == "random"
    lost = 0.0 if is_control else LOST[mask.ability][place] * (1.0 if mask.k == KS[1] else 0.3)
    noise = np.random.default_rng(mask.seed if mask is not None and is_control else 0)
    values = np.random.default_rng(place).normal(0, 1, (N, 4))
    values[np.arange(N), gold] += (2.0, 2.0, 0.0)[place] - lost + noise.normal(0, 0.01, N)
    prediction = values.argmax(axis=1)
    return {
        "gold": gold.tolist(),
        "prediction": prediction.tolist(),
        "correct": (prediction == gold).tolist(),
        "loglikelihoods": values.tolist(),
        "cut": [3 if place == 0 and item < 2 else 0 for item in range(N)],
    }


def _written(mask: MaskSpec | None) -> dict[str, Any]:
    """Written sums; without deductive reasoning half of them are one too large."""
    counts_on = mask is not None and mask.ability == DEDUCTIVE and mask.selection != "random"
    is_wrong = [counts_on and item % 2 == 0 for item in range(N)]
    answers = [str(item + 1 + wrong) for item, wrong in enumerate(is_wrong)]
    return {
        "correct": [not wrong for wrong in is_wrong],
        "text": [f"we count on so {answer}" for answer in answers],
        "answer": answers,
        "finish": ["eos"] * N,
        "tokens": [[5, 6, 7, 8, int(answer) + 20] for answer in answers],
        "cut": [0] * N,
    }
