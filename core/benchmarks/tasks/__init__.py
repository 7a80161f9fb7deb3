"""The benchmarks that everyone uses: what each asks, how it is rendered, and how it is scored."""

from core.benchmarks.tasks.catalogue import TASKS
from core.benchmarks.tasks.documents import ChoiceDocument, CodeReference, Document, GenerationDocument
from core.benchmarks.tasks.own import own_task
from core.benchmarks.tasks.render import render
from core.benchmarks.tasks.scoring import TextScores, chance_of, choice_scores, text_scores
from core.benchmarks.tasks.task import Task

__all__ = [
    "TASKS",
    "ChoiceDocument",
    "CodeReference",
    "Document",
    "GenerationDocument",
    "Task",
    "TextScores",
    "chance_of",
    "choice_scores",
    "own_task",
    "render",
    "text_scores",
]
