"""Scores answers as lm-evaluation-harness does, and finds the answer in a text that ignores its form."""

from __future__ import annotations

import math
import re
import string
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.abilities.prompts import extract_answer
from core.benchmarks.benchmark import AnswerFormat, ChoiceDocument, GenerationDocument
from core.benchmarks.task import RegexFilter, Task
from core.models.spec import PromptStyle


@dataclass(frozen=True)
class TextScores:
    """The scores of a written answer."""

    answers: Mapping[str, str]
    """The answer that each filter extracted; the whole text under an empty name if there is no filter."""
    scores: Mapping[str, float]
    """By metric, 0 to 1; with filters by `metric,filter`, as lm-evaluation-harness names them."""


@dataclass(frozen=True)
class ExactMatch:
    """Whether an answer equals one of the targets, after normalisation."""

    ignored: tuple[str, ...] = ()
    """Patterns removed from both, one after the other."""
    ignore_case: bool = False

    def __call__(self, answer: str, targets: tuple[str, ...]) -> dict[str, float]:
        """`exact_match`, 0 or 1."""
        bare = self._bare(answer)
        return {"exact_match": float(any(bare == self._bare(target) for target in targets))}

    def _bare(self, text: str) -> str:
        for pattern in self.ignored:
            text = re.sub(pattern, "", text)
        return text.lower() if self.ignore_case else text


def squad_scores(answer: str, targets: tuple[str, ...]) -> dict[str, float]:
    """`exact_match` and `f1` of SQuAD's official script, each the best over the targets."""
    given = _squad_normal(answer)
    right = [_squad_normal(target) for target in targets]
    return {
        "exact_match": float(given in right),
        "f1": max(_token_f1(given.split(), target.split()) for target in right),
    }


def _squad_normal(text: str) -> str:
    """Lower case, without punctuation, articles and extra spaces."""
    bare = "".join(character for character in text.lower() if character not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", bare).split())


def _token_f1(given: list[str], right: list[str]) -> float:
    common = sum((Counter(given) & Counter(right)).values())
    return 2 * common / (len(given) + len(right)) if common else 0.0


def choice_metric(metric: str, document: ChoiceDocument, loglikelihoods: Sequence[float]) -> float:
    """`acc`, `acc_norm` or `mc2`, 0 to 1, from the summed log-likelihood (nats) of every option.

    Raises:
        ValueError: the metric is unknown, or there is not one finite log-likelihood per option.
    """
    if len(loglikelihoods) != len(document.options) or not all(map(math.isfinite, loglikelihoods)):
        raise ValueError(
            f"Item {document.id} needs {len(document.options)} finite log-likelihoods, "
            f"not {list(loglikelihoods)}."
        )
    if metric == "acc":
        return float(prediction(loglikelihoods) in document.gold)
    if metric == "acc_norm":
        return float(prediction_norm(document, loglikelihoods) in document.gold)
    if metric == "mc2":
        return _right_mass(document, loglikelihoods)
    raise ValueError(f"Unknown multiple-choice metric '{metric}': use acc, acc_norm or mc2.")


def prediction(loglikelihoods: Sequence[float]) -> int:
    """Index of the largest log-likelihood, the first of equals: acc's choice."""
    return max(range(len(loglikelihoods)), key=loglikelihoods.__getitem__)


def prediction_norm(document: ChoiceDocument, loglikelihoods: Sequence[float]) -> int:
    """Index of the largest log-likelihood per character, the first of equals: acc_norm's choice."""
    pairs = zip(loglikelihoods, document.lengths, strict=True)
    return prediction([value / length if length else -math.inf for value, length in pairs])


def _right_mass(document: ChoiceDocument, loglikelihoods: Sequence[float]) -> float:
    """The share of the options' probability that falls on the right ones."""
    highest = max(loglikelihoods)  # lm-evaluation-harness omits this, and long answers underflow to 0 / 0
    weights = [math.exp(value - highest) for value in loglikelihoods]
    return math.fsum(weights[index] for index in sorted(document.gold)) / math.fsum(weights)


def text_scores(task: Task, document: GenerationDocument, text: str) -> TextScores:
    """The extracted answers and the task's metrics for a text that was cut at the stop strings.

    Raises:
        ValueError: the task is multiple choice, or its answers are programs.
    """
    if task.judge is None:
        raise ValueError(f"'{task.id}' cannot be scored from its texts alone.")
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
    """The answer that a filter extracts: the first group that matched, stripped."""
    found = re.findall(rule.pattern, text)
    if not found:
        return rule.fallback
    match: str | tuple[str, ...] = found[rule.pick]
    if isinstance(match, tuple):
        match = next((group for group in match if group), rule.fallback)
    return match.strip()


def stated(rule: RegexFilter | None, text: str) -> str | None:
    """The answer that a text states, by the filter if there is one; None if it states none."""
    if rule is None:
        return text.strip() or None
    return extracted(rule, text) or None if re.search(rule.pattern, text) else None


MARKERS = (
    r"\\boxed\{([^{}]+)\}",
    r"####\s*(\S[^\n]*)",
    r"\banswer\b\W{0,4}(?:is\b|[:=])[^\w$-]*([\w$-][^\n]*)",
)
"""Where people and models put an answer if they ignore the format; the first marker that is found counts, at
its last position."""

CONCLUSION = r"\b(?:therefore|thus|hence|so),?\s+([^\n]+)"
"""One more marker, for complete texts only: in a cut text the next thought may follow it."""

NUMBER = re.compile(r"(?<![\w.])-?\$?\d[\d,]*(?:\.\d+)?")
"""A number in digits, with thousands' commas, decimals, a minus sign or a dollar sign."""


def style_format(style: PromptStyle) -> AnswerFormat:
    """The format of diagnostic items whose answer is written, as `core.abilities.prompts` reads it."""
    words = "'so' and the answer" if style == "cloze" else "a line that begins with 'Answer:'"
    return AnswerFormat(words, lambda text: extract_answer(text, style))


def loose_answer(text: str, gold: str | None, options: Sequence[str], *, has_ended: bool) -> str | None:
    """The answer that a text gives in any recognisable form, if any.

    Searched is what follows a marker, else the last sentence of a complete text. The answer is the option
    that is named last; or a number if the right answer is one (the first after a marker, else the last of the
    sentence); or, with neither options nor a number to look for, everything after the marker.
    """
    for marker in (*MARKERS, CONCLUSION) if has_ended else MARKERS:
        found = list(re.finditer(marker, text, flags=re.IGNORECASE))
        if found and (answer := _fitting(found[-1][1], gold, options, at=0)):
            return answer
    if not has_ended or not (options or _is_number(gold)):
        return None
    last_sentence = re.split(r"[.!?](?=\s)|[。！？\n]", text.strip().rstrip("。！？"))[-1]
    return _fitting(last_sentence, gold, options, at=-1)


def _fitting(rest: str, gold: str | None, options: Sequence[str], at: int) -> str | None:
    """The part of a text that is an answer of the expected kind."""
    if options:
        named = [
            (match.start(), option)
            for option in options
            for match in re.finditer(rf"(?<!\w){re.escape(option)}(?!\w)", rest, flags=re.IGNORECASE)
        ]
        return sorted(named)[-1][1] if named else None
    if _is_number(gold):
        numbers = NUMBER.findall(rest)
        return numbers[at] if numbers else None
    return rest.strip(" .*") or None


def _is_number(gold: str | None) -> bool:
    return gold is not None and NUMBER.fullmatch(gold.strip()) is not None
