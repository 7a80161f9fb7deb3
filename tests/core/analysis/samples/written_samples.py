"""A benchmark of one's own with written answers, and outcomes of it with given texts, saved in the store."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cache.folder import Store
from core.benchmarks.benchmark import Benchmark
from core.benchmarks.registry import find_benchmarks
from core.inference import Finish
from core.models.spec import ModelSpec
from core.run.experiment import Experiment, divergences_request
from core.run.specs import MaskSpec

DESCRIPTION = """task: sums
dataset_path: json
data_files: sums.jsonl
output_type: generate_until
doc_to_text: "Question: {{question}}\\nAnswer:"
doc_to_target: answer
generation_kwargs:
  until: ["Question:"]
filter_list:
  - name: extract
    filter:
      - function: regex
        regex_pattern: '#### (\\S+)'
      - function: take_first
"""
MASK = MaskSpec("quantitative_reasoning", "mlp", "top", 0.01)

Text = tuple[str, Finish]


def written_benchmark(folder: Path, answers: Sequence[str]) -> Benchmark:
    """A benchmark with one item for each right answer."""
    rows = [{"question": f"What is it, {place}?", "answer": answer} for place, answer in enumerate(answers)]
    (folder / "sums.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (folder / "sums.yaml").write_text(DESCRIPTION, "utf-8")
    (benchmark,) = find_benchmarks([str(folder / "sums.yaml")])
    return benchmark


def save_texts(
    experiment: Experiment,
    benchmark: Benchmark,
    mask: MaskSpec | None,
    texts: Sequence[Text],
    tokens: Sequence[Sequence[int]] | None = None,
) -> None:
    """Saves an outcome for each text, scored by the benchmark."""
    documents = benchmark.documents(experiment.spec, len(texts))
    judged = [
        benchmark.source.judge(document, text)  # type: ignore[arg-type]
        for document, (text, _) in zip(documents, texts, strict=True)
    ]
    columns: dict[str, list[Any]] = {
        "item_id": [document.id for document in documents],
        "correct": [one.score == 1 for one in judged],
        "text": [text for text, _ in texts],
        "answer": [one.answer for one in judged],
        "finish": [finish for _, finish in texts],
        "tokens": [list(row) for row in tokens or [[]] * len(texts)],
    }
    request = experiment.request(mask, benchmark, len(texts))
    experiment.store.outcomes.save(request.key, request.key_inputs, columns)


def save_divergences(
    experiment: Experiment, benchmark: Benchmark, logprobs: Sequence[tuple[Sequence[float], Sequence[float]]]
) -> None:
    """Saves divergences at the first token with the log-probabilities of base and ablated answers."""
    n = len(logprobs)
    requests = [experiment.request(mask, benchmark, n) for mask in (None, MASK)]
    key, key_inputs = divergences_request(*requests)
    columns: dict[str, list[Any]] = {
        "item_id": [document.id for document in benchmark.documents(experiment.spec, n)],
        "index": [0] * n,
        "base_token": [" a"] * n,
        "ablated_token": [" b"] * n,
        "base_p_base": [0.9] * n,
        "base_p_ablated": [0.05] * n,
        "ablated_p_base": [0.1] * n,
        "ablated_p_ablated": [0.8] * n,
        "base_logprobs": [list(base) for base, _ in logprobs],
        "ablated_logprobs": [list(ablated) for _, ablated in logprobs],
    }
    experiment.store.divergences.save(key, key_inputs, columns)


def written_samples(
    root: Path, answers: Sequence[str], base: Sequence[Text], ablated: Sequence[Text]
) -> tuple[Experiment, Benchmark]:
    """A experiment in whose cache the intact model and `MASK` have written these texts."""
    root.mkdir(exist_ok=True)
    experiment, benchmark = Experiment(ModelSpec(), Store(root / "cache")), written_benchmark(root, answers)
    save_texts(experiment, benchmark, None, base)
    save_texts(experiment, benchmark, MASK, ablated)
    return experiment, benchmark
