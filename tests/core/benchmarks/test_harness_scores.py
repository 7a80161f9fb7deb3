"""Every score equals lm-evaluation-harness's, for made-up log-likelihoods and texts."""

from __future__ import annotations

import random
from typing import Any

import pytest

from core.benchmarks.benchmark import ChoiceDocument, Document, GenerationDocument
from core.benchmarks.rendering import render
from core.benchmarks.scoring import text_scores
from core.benchmarks.tasks import TASKS
from tests.core.benchmarks.conftest import choice_scores, rows_of, shot_rows_of, subjects

pytestmark = [pytest.mark.harness, pytest.mark.slow]

CHOICE = [task.id for task in TASKS.values() if task.kind == "multiple_choice"]

GSM8K_TEXTS = (
    " He has 3 * 4 = 12.\n#### 12",
    "#### 1,250.",
    "#### -7\n#### 8",
    "#### $5",
    "It costs $1,250.50 in all.",
    "The answer is 12.",
    "12 - 5 = 7 so 7",
    "none",
    "",
    "…, … $ .",
    "#### 12\nQuestion",
    "a 3. b 4, c",
)
BBH_TEXTS = (
    "So the answer is True.",
    "So the answer is (A).",
    "So the answer is  yes .",
    "the answer is X. So the answer is Y.",
    "So the answer is",
    "So the answer is 5",
    "The answer: 5.",
    "So the answer is ] ) }.\nmore",
    "",
)


@pytest.mark.parametrize("task", CHOICE)
def test_choice_scores_are_the_harness_s(harness: dict[str, Any], task: str) -> None:
    family = subjects()[0] if task == "mmlu" else ""
    oracle = harness["/".join(filter(None, (task, family)))]
    documents = [d for d in render(TASKS[task], rows_of(task)) if d.family == family]
    generator = random.Random(task)
    for document, row in zip(documents, oracle.eval_docs, strict=True):
        assert isinstance(document, ChoiceDocument)
        for digits in (0, 6):  # whole numbers make ties
            values = [round(generator.uniform(-9, 0), digits) for _ in document.continuations]
            expected = oracle.process_results(row, [(value, False) for value in values])
            scores = choice_scores(TASKS[task], document, values)
            if task == "truthfulqa_mc2":
                scores = {"acc": scores["mc2"]}
            assert scores == pytest.approx(expected, rel=1e-12)


def texts_for(task: str, document: Document) -> tuple[str, ...]:
    """Right answers in several forms, and others."""
    assert isinstance(document, GenerationDocument)
    target = document.targets[0]
    right = (target, f" {target.lower()}", f"x\nSo the answer is {target}.", f"{target}.\n#### 3")
    return (*right, *(GSM8K_TEXTS if task == "gsm8k" else BBH_TEXTS))


@pytest.mark.parametrize(("task", "family"), [("gsm8k", ""), ("bbh", "navigate"), ("bbh", "dyck_languages")])
def test_text_scores_are_the_harness_s(harness: dict[str, Any], task: str, family: str) -> None:
    oracle = harness["/".join(filter(None, (task, family)))]
    documents = render(TASKS[task], rows_of(task), shot_rows=shot_rows_of(task))
    chosen = [document for document in documents if document.family == family]
    oracle.set_config(key="num_fewshot", value=0)
    oracle.build_all_requests()
    texts = [texts_for(task, document) for document in chosen]
    for written in zip(*texts, strict=True):  # one text for every document
        for instance, text in zip(oracle.instances, written, strict=True):
            instance.resps = [text]
        oracle.apply_filters()
        for document, instance, text in zip(chosen, oracle.instances, written, strict=True):
            mine = text_scores(TASKS[task], document, text)
            assert mine.answers == instance.filtered_resps
            for name, answer in instance.filtered_resps.items():
                expected = oracle.process_results(instance.doc, [answer])["exact_match"]
                assert mine.scores[f"exact_match,{name}"] == expected
