"""A benchmark of one's own with written answers, stored by hand: how each ablated answer fails is known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from cache.folder import Store
from core.benchmarks.benchmark import Benchmark
from core.benchmarks.registry import find_benchmarks
from core.inference import Finish
from core.models.spec import ModelSpec
from core.run.experiment import Experiment, divergences_request
from core.run.specs import MaskSpec

MASK = MaskSpec("quantitative_reasoning", "mlp", "top", 0.01)

DESCRIPTION = """task_alias: Sums
task: sums
dataset_path: json
data_files: {test: sums.jsonl, shots: shots.jsonl}
output_type: generate_until
doc_to_text: "{{question}}\\nAnswer:"
doc_to_target: answer
generation_kwargs:
  max_gen_toks: 32
filter_list:
  - name: extract
    filter:
      - function: regex
        regex_pattern: '#### (\\S+)'
      - function: take_first
"""

EXAMPLES = """num_fewshot: {shots}
fewshot_split: shots
"""


class Case(NamedTuple):
    """One item and what both models wrote on it."""

    question: str
    gold: str
    base: str
    ablated: str
    finish: Finish
    """Why the ablated answer ended."""
    judged: str
    """What of the ablated answer was judged."""
    tag: str
    """How it fails, in words; found by hand."""


CASES = (
    Case("Add 3 and 4.", "7", "3 and 4 are 7.\n#### 7", "3 and 4 are 9.\n#### 9", "eos", "9", "overcounts"),
    Case("Add 2 and 2.", "4", "2 and 2 are 4.\n#### 4", "2 and 2 are 4.\n#### 4", "eos", "4", ""),
    Case(
        "Add 5 and 1.",
        "6",
        "5 and 1 are 6.\n#### 6",
        "5 and" + " the sum" * 12,
        "repeats",
        "[invalid]",
        "repeats itself",
    ),
    Case("Add 1 and 1.", "2", "1 and 1 are 2.\n#### 2", "1 and 1 are 5.\n#### 5", "eos", "5", "overcounts"),
    Case(
        "Add 8 and 1.",
        "9",
        "8 and 1 are 9.\n#### 9",
        "I am sorry, but I cannot help with that.",
        "eos",
        "[invalid]",
        "no answer",
    ),
)
PARTED = 0
"""The item of which it is stored where the answers part."""


def written_benchmark(folder: Path, shots: int = 0) -> Benchmark:
    """The benchmark, its files in a folder, with so many worked examples before each item."""
    rows = [{"question": case.question, "answer": case.gold} for case in CASES]
    (folder / "sums.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    file = folder / "sums.yaml"
    file.write_text(DESCRIPTION + (EXAMPLES.format(shots=shots) if shots else ""), "utf-8")
    examples = [{"question": f"Add {n} and nothing.", "answer": str(n)} for n in range(100, 100 + shots + 1)]
    (folder / "shots.jsonl").write_text("".join(json.dumps(row) + "\n" for row in examples), "utf-8")
    return find_benchmarks([str(file)])[0]


def stored_answers(folder: Path, shots: int = 0) -> tuple[Experiment, Benchmark]:
    """A experiment whose cache has both models' answers, and where they part."""
    experiment, benchmark = Experiment(ModelSpec(), Store(folder / "cache")), written_benchmark(folder, shots)
    n = len(CASES)
    ids = [document.id for document in benchmark.documents(experiment.spec, n)]
    _save(experiment, benchmark, None, ids, [(case.base, "eos", case.gold) for case in CASES])
    _save(experiment, benchmark, MASK, ids, [(case.ablated, case.finish, case.judged) for case in CASES])
    requests = [experiment.request(mask, benchmark, n) for mask in (None, MASK)]
    key, key_inputs = divergences_request(*requests)
    nothing: list[Any] = [None] * (n - 1)
    columns: dict[str, list[Any]] = {
        "item_id": ids,
        "index": [4, *nothing],
        "base_token": [" 7", *nothing],
        "ablated_token": [" 9", *nothing],
        "base_p_base": [0.91, *nothing],
        "base_p_ablated": [0.02, *nothing],
        "ablated_p_base": [0.04, *nothing],
        "ablated_p_ablated": [0.88, *nothing],
        "base_logprobs": [None] * n,
        "ablated_logprobs": [None] * n,
    }
    experiment.store.divergences.save(key, key_inputs, columns)
    return experiment, benchmark


def _save(
    experiment: Experiment,
    benchmark: Benchmark,
    mask: MaskSpec | None,
    ids: Sequence[str],
    answers: Sequence[tuple[str, str, str]],
) -> None:
    """Saves text, finish and what was judged of each."""
    request = experiment.request(mask, benchmark, len(ids))
    texts, finishes, judged = zip(*answers, strict=True)
    golds = [case.gold for case in CASES]
    columns = {
        "item_id": list(ids),
        "correct": [one == gold for one, gold in zip(judged, golds, strict=True)],
        "text": list(texts),
        "answer": list(judged),
        "finish": list(finishes),
    }
    experiment.store.outcomes.save(request.key, request.key_inputs, columns)
