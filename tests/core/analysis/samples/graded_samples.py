"""Stored answers of a benchmark with three items to each passage, whose answers can be right in part."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from cache.folder import Store
from core.benchmarks.benchmark import Benchmark, BenchmarkOptions
from core.benchmarks.registry import find_benchmarks
from core.models.spec import ModelSpec
from core.run.experiment import Experiment
from core.run.specs import MaskSpec
from tests.core.analysis.samples.stored_samples import MASK

GRADED = 120
"""Items; every three have one passage."""

_rng = np.random.default_rng(0)
_passages = np.repeat(_rng.random(GRADED // 3), 3)
SCORES = {
    "base": np.round(np.clip(_passages + _rng.normal(0.2, 0.1, GRADED), 0, 1), 2),
    "ablated": np.round(np.clip(_passages * 0.6 + _rng.normal(0, 0.1, GRADED), 0, 1), 2),
}
"""(GRADED,) of each side; items of one passage go together."""


def graded_samples(root: Path) -> tuple[Experiment, Benchmark]:
    """A experiment in whose cache base and `MASK` have the scores on questions about passages."""
    rows = [
        {
            "title": "A",
            "context": f"This is passage {place // 3}.",
            "question": f"What is {place}?",
            "answers": {"text": ["passage"]},
        }
        for place in range(GRADED)
    ]
    root.mkdir(exist_ok=True)
    (root / "squad.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    options = BenchmarkOptions(data_dir=str(root))
    experiment = Experiment(ModelSpec(), Store(root / "cache"))
    benchmark = find_benchmarks(["squad"], options)[0]
    _save(experiment, benchmark, None, SCORES["base"])
    _save(experiment, benchmark, MASK, SCORES["ablated"])
    return experiment, benchmark


def _save(experiment: Experiment, benchmark: Benchmark, mask: MaskSpec | None, scores: np.ndarray) -> None:
    documents = benchmark.documents(experiment.spec, GRADED)
    request = experiment.request(mask, benchmark, GRADED)
    columns = {
        "item_id": [document.id for document in documents],
        "correct": (scores >= 0.5).tolist(),
        "score": scores.tolist(),
        "text": [f"answer {score}" for score in scores.tolist()],
        "answer": ["answer"] * GRADED,
        "finish": ["stop"] * GRADED,
        "cluster": [document.cluster for document in documents],
    }
    experiment.store.outcomes.save(request.key, request.key_inputs, columns)
