"""The registry of built-in tasks."""

from __future__ import annotations

from core.benchmarks.task import Task
from core.benchmarks.tasks.commonsense import COMMONSENSE_QA, HELLASWAG, PIQA, SOCIAL_IQA, WINOGRANDE
from core.benchmarks.tasks.knowledge import (
    ARC_CHALLENGE,
    ARC_EASY,
    MMLU,
    OPENBOOKQA,
    TRUTHFULQA_MC1,
    TRUTHFULQA_MC2,
)
from core.benchmarks.tasks.passages import BOOLQ, SQUAD
from core.benchmarks.tasks.written import BBH, GSM8K, HUMANEVAL, MBPP

TASKS: dict[str, Task] = {
    task.id: task
    for task in (
        ARC_EASY,
        ARC_CHALLENGE,
        HELLASWAG,
        MMLU,
        COMMONSENSE_QA,
        WINOGRANDE,
        PIQA,
        BOOLQ,
        OPENBOOKQA,
        SOCIAL_IQA,
        TRUTHFULQA_MC1,
        TRUTHFULQA_MC2,
        GSM8K,
        SQUAD,
        HUMANEVAL,
        MBPP,
        BBH,
    )
}
"""By id, in the order of lists."""
