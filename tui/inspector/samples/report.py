"""An item with its answers as plain text, to be pasted elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.inspector.samples.failing import answer_notes, fails, failure_sentences
from tui.inspector.widgets.option_table import Answerer, letter_of
from tui.safe_text import safe_block, safe_line

if TYPE_CHECKING:
    from tui.inspector.samples.lines import Subject


def report(subject: Subject) -> str:
    """Prompt, options with log-likelihoods, answers and how the ablated one fails, in plain text.

    Control characters do nothing where it is pasted.
    """
    sample = subject.sample
    lines = [f"item #{sample.index} · tag {safe_line(sample.family)} · id {safe_line(sample.id)}"]
    lines += ["", safe_block(sample.prompt), ""]
    lines += [_option(subject, place) for place in range(len(sample.options))]
    if sample.targets:
        word = "tests" if subject.is_program else "right"
        lines += [f"{word}: {safe_block(target)}" for target in dict.fromkeys(sample.targets)]
    lines += [_answer(one, subject) for one in subject.answerers]
    if subject.failure is not None and (said := failure_sentences(subject.failure, sample)):
        lines += ["", "how it fails:" if fails(subject.failure) else "how it differs:", *said]
    if sample.steps:
        lines += ["", f"worked solution: {safe_block(sample.steps)}"]
    return "\n".join(lines) + "\n"


def _option(subject: Subject, place: int) -> str:
    """An option, whether it is the right one, and how likely each model found it."""
    sample = subject.sample
    values = [
        f"{one.name} {one.answer.loglikelihoods[place]:.4f}"
        for one in subject.answerers
        if one.answer is not None and one.answer.loglikelihoods is not None
    ]
    gold = " (gold)" if place == sample.gold else ""
    likelihoods = f"  log-likelihood, nats: {', '.join(values)}" if values else ""
    return f"{letter_of(place)}. {safe_line(sample.options[place])}{gold}{likelihoods}"


def _answer(one: Answerer, subject: Subject) -> str:
    """What one model answered, and whether it was right."""
    if one.answer is None:
        return f"{one.name}: not stored"
    verdict = "right" if one.answer.correct else "wrong"
    if notes := answer_notes(one.answer, subject.metric):
        verdict += f" · {notes}"
    if one.answer.prediction is not None:
        option = safe_line(subject.sample.options[one.answer.prediction])
        return f"{one.name}: {letter_of(one.answer.prediction)}. {option} ({verdict})"
    return f"{one.name} ({verdict}): {safe_block(one.answer.text or '')}"
