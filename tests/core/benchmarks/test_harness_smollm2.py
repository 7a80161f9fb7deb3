"""SmolLM2, whose tokenizer has a BOS but adds none: equal to lm-evaluation-harness's on a real vocabulary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.benchmarks.benchmark import BenchmarkOptions
from core.benchmarks.registry import find_benchmarks
from core.benchmarks.task_source import task_benchmark
from core.benchmarks.tasks import TASKS
from core.models.loading import LoadedModel, load
from core.models.spec import ModelSpec
from tests.core.benchmarks.conftest import DATA
from tests.core.benchmarks.harness import harness_tasks
from tests.core.benchmarks.test_harness_runs import CLOSE, SENTENCE_PAIRS, SENTENCES, ours, theirs

pytestmark = [pytest.mark.harness, pytest.mark.slow]

pytest.importorskip("accelerate", reason="lm-evaluation-harness's hf backend needs accelerate")

TOKENS = 16
"""Tokens of a written answer."""


@pytest.fixture(scope="module")
def smollm2() -> LoadedModel:
    loaded = load(ModelSpec("smollm2", device="cpu").settled("letters", "standard"))
    assert loaded.tokenizer.bos_token_id != loaded.tokenizer.eos_token_id
    return loaded


def test_sentences_behind_no_context(smollm2: LoadedModel, tmp_path: Path) -> None:
    (tmp_path / "sentences.base").write_text(SENTENCES, "utf-8")
    rows = [{"sentence_good": good, "sentence_bad": bad} for good, bad in SENTENCE_PAIRS]
    definitions = {"sentences": str(tmp_path / "sentences.base")}
    tasks = harness_tasks(tmp_path, definitions, {"sentences": {"test": rows}})
    (benchmark,) = find_benchmarks(["lm_eval:sentences"], BenchmarkOptions(data_dir=str(tmp_path)))
    outcomes = ours(smollm2, benchmark, len(rows))
    samples = theirs(smollm2, tasks["sentences"], 0, len(rows))["samples"]
    for outcome, sample in zip(outcomes, samples, strict=True):
        assert outcome.loglikelihoods == pytest.approx([float(r[0][0]) for r in sample["resps"]], **CLOSE)


@pytest.mark.parametrize("task", ["arc_easy", "winogrande", "mmlu"])
def test_choices(harness: Mapping[str, Any], smollm2: LoadedModel, task: str) -> None:
    benchmark = task_benchmark(TASKS[task], BenchmarkOptions(data_dir=str(DATA), shots=0))
    (outcome,) = ours(smollm2, benchmark, 1)
    family = benchmark.documents(smollm2.spec, 1)[0].family
    (sample,) = theirs(smollm2, harness["/".join(filter(None, (task, family)))], 0, 1)["samples"]
    expected = [float(responses[0][0]) for responses in sample["resps"]]
    assert outcome.loglikelihoods == pytest.approx(expected, **CLOSE)


def test_a_written_answer(harness: Mapping[str, Any], smollm2: LoadedModel) -> None:
    oracle = harness["gsm8k"]
    settings = {**oracle.config.generation_kwargs, "max_gen_toks": TOKENS}
    oracle.set_config(key="generation_kwargs", value=settings)
    described = replace(TASKS["gsm8k"], max_new_tokens=TOKENS)
    benchmark = task_benchmark(described, BenchmarkOptions(data_dir=str(DATA), shots=0))
    outcomes = ours(smollm2, benchmark, 1)
    samples = theirs(smollm2, oracle, 0, 1)["samples"]
    assert {sample["resps"][0][0] for sample in samples} == {outcomes[0].text}
