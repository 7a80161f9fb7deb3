"""An item with its answers as plain text, to be pasted elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.inspector.look.safe_text import safe_block, safe_line
from tui.inspector.widgets.option_table import Answerer, letter_of

if TYPE_CHECKING:
    from core.results.records import Sample
    from tui.inspector.samples.lines import Subject


def report(subject: Subject) -> str:
    """Prompt, options with log-likelihoods, and answers; control characters do nothing where it is pasted."""
    sample = subject.sample
    lines = [f"item #{sample.place} · tag {safe_line(sample.family)} · id {safe_line(sample.id)}"]
    lines += ["", safe_block(sample.prompt), ""]
    lines += [_option(subject, place) for place in range(len(sample.options))]
    lines += [_answer(one, sample) for one in subject.answerers]
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


def _answer(one: Answerer, sample: Sample) -> str:
    """What one model answered, and whether it was right."""
    if one.answer is None:
        return f"{one.name}: not stored"
    verdict = "right" if one.answer.correct else "wrong"
    if one.answer.prediction is not None:
        option = safe_line(sample.options[one.answer.prediction])
        return f"{one.name}: {letter_of(one.answer.prediction)}. {option} ({verdict})"
    return f"{one.name} ({verdict}): {safe_block(one.answer.text or '')}"
