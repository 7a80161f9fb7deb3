"""How the answer to one item fails, in sentences, and the whole item as plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.failure_words import TAG_WORDS, choice_text, divergence_text
from tui.inspector.samples.reading import PROGRAM_METRIC, Subject
from tui.inspector.widgets.option_table import Answerer, letter_of
from tui.names import FINISH_WORDS
from tui.numbers import share
from tui.safe_text import safe_block, safe_line, safe_place

if TYPE_CHECKING:
    from core.analysis.failures import ItemFailure
    from core.analysis.samples import Answer, Sample

QUOTED_OPTION = 80
"""Characters of an option that a sentence quotes at most."""


def fails(failure: ItemFailure) -> bool:
    """Whether anything is worse than base; answers can differ without that."""
    is_distracted = failure.choice is not None and failure.choice.winner is not None
    return is_distracted or bool(failure.tags)


def how_words(subject: Subject, failure: ItemFailure) -> str:
    """The heading of how an answer fails, or only differs."""
    whose = "B" if subject.is_pair else "it"
    return f"How {whose} {'fails' if fails(failure) else 'differs'}"


def failure_sentences(failure: ItemFailure, sample: Sample, other: str) -> list[str]:
    """How the ablated answer differs from the base answer, on one safe line each; `other` is whose that is.

    For a written answer each tag with its evidence, the main one first, and the divergence; for multiple
    choice the margins and what is preferred; nothing where several options are right.
    """
    if failure.choice is not None:
        options = [option[:QUOTED_OPTION] for option in sample.options]
        return [safe_line(choice_text(failure.choice, options, other))]
    if sample.options:
        return []
    sentences = [f"{TAG_WORDS[tag.name]}: {safe_line(tag.evidence)}" for tag in failure.tags]
    if not sentences:
        sentences = ["It does not fail, or only as the other answer does."]
    if failure.divergence is not None:
        sentences.append(safe_line(divergence_text(failure.divergence)))
    return sentences


def evidence_span(failure: ItemFailure | None, text: str) -> tuple[int, int] | None:
    """The characters of the safe ablated text that are evidence for the main tag; None without any."""
    tag = None if failure is None or not failure.tags else failure.tags[0]
    if tag is None or tag.start is None or tag.end is None or tag.end <= tag.start:
        return None
    return safe_place(text, tag.start), safe_place(text, tag.end)


def answer_notes(answer: Answer, metric: str) -> str:
    """What was cut of its prompt, why it ended, what was judged, its score if right in part; may be empty."""
    parts = [f"prompt cut by {answer.cut:,} tokens"] if answer.cut else []
    if answer.finish is not None:
        parts.append(FINISH_WORDS.get(answer.finish) or safe_line(answer.finish))
    if answer.judged is not None and answer.judged.strip() != (answer.text or "").strip():
        judged = safe_line(answer.judged.strip())
        parts.append(judged if metric == PROGRAM_METRIC else f"judged “{judged}”")
    if answer.score is not None and answer.score not in (0.0, 1.0):
        name = metric.partition(",")[0]  # lm-evaluation-harness puts the filter behind it
        parts.append(f"{safe_line(name)} {share(answer.score)}")
    return " · ".join(parts)


def report(subject: Subject) -> str:
    """Prompt, options with log-likelihoods, answers and how the ablated one fails, as safe plain text."""
    sample = subject.sample
    lines = [f"item #{sample.index} · tag {safe_line(sample.family)} · id {safe_line(sample.id)}"]
    lines += ["", safe_block(sample.prompt), ""]
    lines += [_option(subject, index) for index in range(len(sample.options))]
    word = "tests" if subject.is_program else "right"
    lines += [f"{word}: {safe_block(target)}" for target in dict.fromkeys(sample.targets)]
    lines += [_answer(one, subject) for one in subject.answerers]
    failure = subject.failure
    if failure is not None and (sentences := failure_sentences(failure, sample, subject.other)):
        lines += ["", f"h{how_words(subject, failure)[1:]}:", *sentences]
    if sample.steps:
        lines += ["", f"worked solution: {safe_block(sample.steps)}"]
    return "\n".join(lines) + "\n"


def _option(subject: Subject, index: int) -> str:
    """An option, whether it is the right one, and how likely each model found it."""
    sample = subject.sample
    values = [
        f"{one.name} {one.answer.loglikelihoods[index]:.4f}"
        for one in subject.answerers
        if one.answer is not None and one.answer.loglikelihoods is not None
    ]
    gold = " (gold)" if index == sample.gold else ""
    likelihoods = f"  log-likelihood, nats: {', '.join(values)}" if values else ""
    return f"{letter_of(index)}. {safe_line(sample.options[index])}{gold}{likelihoods}"


def _answer(one: Answerer, subject: Subject) -> str:
    """One model's answer, and whether it was right."""
    if one.answer is None:
        return f"{one.name}: not stored"
    verdict = "right" if one.answer.correct else "wrong"
    if notes := answer_notes(one.answer, subject.metric):
        verdict += f" · {notes}"
    if one.answer.prediction is not None:
        option = safe_line(subject.sample.options[one.answer.prediction])
        return f"{one.name}: {letter_of(one.answer.prediction)}. {option} ({verdict})"
    return f"{one.name} ({verdict}): {safe_block(one.answer.text or '')}"
