"""The committed rows, and the harness's tasks on the same rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from core.abilities.custom_rows import Row
from core.benchmarks.benchmark import ChoiceDocument, CodeReference, Document
from core.benchmarks.rendering import Documents, documents_of
from core.benchmarks.rows import load_rows
from core.benchmarks.scoring import choice_metric
from core.benchmarks.task import Task
from core.benchmarks.tasks import SUBTASKS, TASKS
from tests.core.benchmarks.harness import harness_tasks

DATA = Path(__file__).parents[2] / "data" / "benchmarks"

DEFINITIONS = {
    "arc_easy": "arc/arc_easy.yaml",
    "arc_challenge": "arc/arc_challenge.yaml",
    "hellaswag": "hellaswag/hellaswag.yaml",
    "commonsense_qa": "commonsense_qa/default.yaml",
    "winogrande": "winogrande/default.yaml",
    "piqa": "piqa/piqa.yaml",
    "boolq": "super_glue/boolq/default.yaml",
    "openbookqa": "openbookqa/openbookqa.yaml",
    "social_iqa": "siqa/siqa.yaml",
    "truthfulqa_mc1": "truthfulqa/truthfulqa_mc1.yaml",
    "truthfulqa_mc2": "truthfulqa/truthfulqa_mc2.yaml",
    "gsm8k": "gsm8k/gsm8k.yaml",
    "humaneval": "humaneval/humaneval.yaml",
    "mbpp": "mbpp/mbpp.yaml",
}
"""Where the harness describes each."""


class NoCodeEval:
    """In place of the metric that the harness fetches from the hub when it only reads these tasks."""

    def compute(self, **_: Any) -> tuple[dict[str, float], dict[str, Any]]:
        return {"pass@1": 0.0}, {}


def load_documents(
    task: Task, *, data_dir: Path | None = None, shots: int | None = None
) -> tuple[Document, ...]:
    """All documents of a task, its rows loaded."""
    folder = None if data_dir is None else str(data_dir)
    return documents_of(Documents.of(task, folder, shots, None, 10**6))


def choice_scores(task: Task, document: ChoiceDocument, loglikelihoods: Sequence[float]) -> dict[str, float]:
    """Every metric of a multiple-choice task."""
    return {metric: choice_metric(metric, document, loglikelihoods) for metric in task.metrics}


def whole_program(code: CodeReference, answer: str) -> str:
    """The program for an answer, tests included."""
    return "\n".join(part for part in (code.head + answer, code.tests) if part)


def context_of(document: ChoiceDocument, option: int) -> str:
    """The context of an option."""
    return document.contexts[option if len(document.contexts) > 1 else 0]


def subjects() -> list[str]:
    return list(dict.fromkeys(row.fields["subject"] for row in rows_of("mmlu")))


def rows_of(task: str) -> tuple[Row, ...]:
    return load_rows(TASKS[task], TASKS[task].split, DATA)


def shot_rows_of(task: str) -> list[Row]:
    """The rows to draw from: of their own split, or all evaluated ones, some of them twice."""
    if task in ("mmlu", "gsm8k"):
        return list(load_rows(TASKS[task], str(TASKS[task].shots.split), DATA))
    rows = list(rows_of(task))
    return [*rows, *rows[:4]]


def _hub_fields(row: Row) -> dict[str, Any]:
    """The row as the hub has it, where the committed file has BoolQ's own field."""
    fields = dict(row.fields)
    return {**fields, "label": int(fields["answer"])} if "passage" in fields else fields


def _splits(task: str, family: str = "") -> dict[str, list[dict[str, Any]]]:
    field = TASKS[task].family
    chosen, shots = (
        [_hub_fields(row) for row in rows if not field or row.fields.get(field) == family]
        for rows in (rows_of(task), shot_rows_of(task))
    )
    return {"train": shots, "dev": shots, "validation": chosen, "test": chosen}


@pytest.fixture(scope="session")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """lm-evaluation-harness's tasks: by our id, and the family behind a slash where there are families."""
    pytest.importorskip("lm_eval", reason="lm-evaluation-harness is not installed (extra harness)")
    import evaluate

    definitions = dict(DEFINITIONS)
    splits = {task: _splits(task) for task in DEFINITIONS}
    names = {task: task for task in DEFINITIONS}
    for task, file, families in (
        ("mmlu", "mmlu/default/mmlu_{}.yaml", subjects()),
        ("bbh", "bbh/cot_fewshot/{}.yaml", SUBTASKS),
    ):
        for family in families:
            name = names[f"{task}/{family}"] = f"{task}_{family}"
            definitions[name], splits[name] = file.format(family), _splits(task, family)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluate, "load", lambda name: NoCodeEval())
        tasks = harness_tasks(tmp_path_factory.mktemp("harness"), definitions, splits)
        yield {ours: tasks[name] for ours, name in names.items()}
