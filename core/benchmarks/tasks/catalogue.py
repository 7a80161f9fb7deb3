"""All benchmarks that come with the package."""

from __future__ import annotations

from core.benchmarks.tasks.bbh import BBH
from core.benchmarks.tasks.code import HUMANEVAL, MBPP
from core.benchmarks.tasks.commonsense import COMMONSENSE_QA, HELLASWAG, PIQA, SOCIAL_IQA, WINOGRANDE
from core.benchmarks.tasks.knowledge import MMLU, TRUTHFULQA_MC1, TRUTHFULQA_MC2
from core.benchmarks.tasks.mathematics import GSM8K
from core.benchmarks.tasks.passages import BOOLQ, SQUAD
from core.benchmarks.tasks.science import ARC_CHALLENGE, ARC_EASY, OPENBOOKQA
from core.benchmarks.tasks.task import Task

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
"""By id, in the order in which they are listed."""
