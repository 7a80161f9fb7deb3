"""Scores documents as lm-evaluation-harness does: from log-likelihoods, or from what a model wrote."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.benchmarks.tasks.documents import ChoiceDocument, Document, GenerationDocument
from core.benchmarks.tasks.task import RegexFilter, Task


@dataclass(frozen=True)
class TextScores:
    """What became of a written answer."""

    answers: Mapping[str, str]
    """The answer that each filter took out of the text; under an empty name where there is no filter."""
    scores: Mapping[str, float]
    """By metric, 0 to 1; where there are filters, by `metric,filter`, as lm-evaluation-harness names them."""


def choice_scores(task: Task, document: ChoiceDocument, loglikelihoods: Sequence[float]) -> dict[str, float]:
    """The task's metrics, 0 to 1 each, from the summed log-likelihood (nats) of every option.

    Raises:
        ValueError: there is not one finite log-likelihood for each option.
    """
    if len(loglikelihoods) != len(document.continuations) or not all(map(math.isfinite, loglikelihoods)):
        raise ValueError(
            f"Item {document.id} needs {len(document.continuations)} finite log-likelihoods, "
            f"not {list(loglikelihoods)}."
        )
    return {metric: choice_metric(metric, document, loglikelihoods) for metric in task.metrics}


def choice_metric(metric: str, document: ChoiceDocument, loglikelihoods: Sequence[float]) -> float:
    """One of `acc`, `acc_norm` and `mc2`, 0 to 1.

    Raises:
        ValueError: there is no such metric.
    """
    if metric == "acc":
        return float(prediction(loglikelihoods) in document.gold)
    if metric == "acc_norm":
        return float(prediction_norm(document, loglikelihoods) in document.gold)
    if metric == "mc2":
        return _right_mass(document, loglikelihoods)
    raise ValueError(f"There is no multiple-choice metric '{metric}': use acc, acc_norm or mc2.")


def prediction(loglikelihoods: Sequence[float]) -> int:
    """The place of the largest, the first of equals: acc's choice."""
    return max(range(len(loglikelihoods)), key=loglikelihoods.__getitem__)


def prediction_norm(document: ChoiceDocument, loglikelihoods: Sequence[float]) -> int:
    """The place of the largest per character of its option, the first of equals: acc_norm's choice."""
    pairs = zip(loglikelihoods, document.lengths, strict=True)
    return prediction([value / length if length else -math.inf for value, length in pairs])


def text_scores(task: Task, document: GenerationDocument, text: str) -> TextScores:
    """The answers in a text, which has been cut at the document's stop strings, and the task's metrics.

    Raises:
        ValueError: the task is multiple choice, or its answers are code, which only running can judge.
    """
    if task.judge is None:
        raise ValueError(f"'{task.id}' cannot be judged by its texts alone.")
    if not task.filters:
        return TextScores({"": text}, dict(task.judge(text, document.targets)))
    answers = {rule.name: extracted(rule, text) for rule in task.filters}
    return TextScores(
        answers,
        {
            f"{metric},{name}": value
            for name, answer in answers.items()
            for metric, value in task.judge(answer, document.targets).items()
        },
    )


def extracted(rule: RegexFilter, text: str) -> str:
    """The answer that a filter takes out of a text: the first group that matched, stripped."""
    found = re.findall(rule.pattern, text)
    if not found:
        return rule.fallback
    match: str | tuple[str, ...] = found[rule.pick]
    if isinstance(match, tuple):
        match = next((group for group in match if group), rule.fallback)
    return match.strip()


def stated(rule: RegexFilter | None, text: str) -> str | None:
    """The answer in a text, by the filter if there is one; None where it has none."""
    if rule is None:
        return text.strip() or None
    return extracted(rule, text) or None if re.search(rule.pattern, text) else None


def chance_of(task: Task, documents: Sequence[Document]) -> float | None:
    """The score of guessing on these documents; None where the metric has no usable level."""
    if task.chance != "by item":
        return task.chance
    shares = [len(d.gold) / len(d.continuations) for d in documents if isinstance(d, ChoiceDocument)]
    return math.fsum(shares) / len(shares)


def _right_mass(document: ChoiceDocument, loglikelihoods: Sequence[float]) -> float:
    """The share of the options' probability that the right ones have together."""
    highest = max(loglikelihoods)  # lm-evaluation-harness leaves it in, and long answers underflow to 0 / 0
    weights = [math.exp(value - highest) for value in loglikelihoods]
    return math.fsum(weights[place] for place in sorted(document.gold)) / math.fsum(weights)
