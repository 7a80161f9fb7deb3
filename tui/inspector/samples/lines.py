"""An item with all its answers as lines of pieces, for one width. Pure: no widget, called in a thread."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from rich.cells import cell_len

from tui.inspector.look.text import Span, first_divergence, fitted, rows_of
from tui.inspector.samples.failing import (
    PROGRAM_METRIC,
    answer_notes,
    evidence_place,
    fails,
    failure_sentences,
)
from tui.inspector.widgets.option_table import Answerer, Line, Role, letter_of, option_lines
from tui.safe_text import safe_block, safe_line

if TYPE_CHECKING:
    from core.analysis.samples.failures import ItemFailure
    from core.analysis.samples.records import Answer, Flip, Sample
    from tui.inspector.look.marks import Marks

FLIP_WORDS = {
    "right": "both right",
    "wrong": "both wrong",
    "broken": "broken by the ablation",
    "fixed": "fixed by the ablation",
}

CONTROL_WIDTH = 70
"""Columns from which the control's log-likelihoods stand beside the others."""

SIDE_BY_SIDE = 40
"""Columns from which the two answers stand side by side."""


@dataclass(frozen=True)
class Subject:
    """An item to show."""

    sample: Sample
    control: Answer | None
    """What the model answered with as many weights ablated at random; None if it is not stored."""
    is_ablated: bool
    """Whether anything is ablated: without, there is only the intact model to show."""
    failure: ItemFailure | None = None
    """How the ablated answer fails; None unless both answers are known."""
    metric: str = ""
    """The benchmark's first one."""

    @property
    def is_program(self) -> bool:
        """Whether the answer is a program, and the targets are its tests."""
        return self.metric == PROGRAM_METRIC

    @property
    def answerers(self) -> list[Answerer]:
        """Who was asked: base, and with an ablation the ablated model and its control."""
        base = Answerer("base", "base", self.sample.base)
        if not self.is_ablated:
            return [base]
        ablated = Answerer("ablated", "ablated", self.sample.ablated)
        return [base, ablated, Answerer("random control", "control", self.control)]


def sample_lines(subject: Subject, width: int, marks: Marks) -> list[Line]:
    """All lines of an item, none wider than the width (in cells; at least 20)."""
    sample = subject.sample
    lines = _title(subject, width, marks)
    lines += [(), *_heading("Prompt"), *_block(sample.prompt, width)]
    if sample.options:
        lines += [(), *_options(subject, width, marks)]
    if subject.failure is not None:
        lines += _failure(subject, subject.failure, width)
    lines += [(), *_answers(subject, width, marks)]
    if sample.steps:
        lines += [(), *_heading("Worked solution"), *_block(sample.steps, width)]
    return lines


def flip_signs(flip: Flip, marks: Marks) -> str:
    """Right or wrong, of base and of the ablated model."""
    signs = {
        "right": (marks.right, marks.right),
        "wrong": (marks.wrong, marks.wrong),
        "broken": (marks.right, marks.wrong),
        "fixed": (marks.wrong, marks.right),
        "unknown": (marks.unknown, marks.unknown),
    }
    return marks.becomes.join(signs[flip])


def _title(subject: Subject, width: int, marks: Marks) -> list[Line]:
    sample = subject.sample
    head = f"#{sample.index}"
    if subject.is_ablated and sample.flip != "unknown":
        head += f"  {flip_signs(sample.flip, marks)} {FLIP_WORDS[sample.flip]}"
    tag = f"  tag {safe_line(sample.family)}" if sample.family else ""
    lines: list[Line] = [((fitted(head + tag, width, marks.cut), "heading"),)]
    return lines + _paragraph(f"id {safe_line(sample.id)}", width, "muted")


def _options(subject: Subject, width: int, marks: Marks) -> list[Line]:
    answerers = subject.answerers if width >= CONTROL_WIDTH else subject.answerers[:2]
    signs = f"{marks.right} gold  {marks.chosen} chosen"
    legend = f"{signs}  log-likelihood in nats; bar: share of these options' probability"
    table = option_lines(subject.sample, answerers, width, marks)
    return [*table, *_paragraph(legend, width, "muted")]


def _failure(subject: Subject, failure: ItemFailure, width: int) -> list[Line]:
    """How the ablated answer fails, what counts first in the colour of what is wrong."""
    sentences = failure_sentences(failure, subject.sample)
    if not sentences:
        return []
    is_worse = fails(failure)
    lines: list[Line] = [(), *_heading("How it fails" if is_worse else "How it differs")]
    lines += _paragraph(sentences[0], width, "wrong" if is_worse else "plain")
    for sentence in sentences[1:]:
        lines += _paragraph(sentence, width, "plain")
    answer = subject.sample.ablated
    if answer is not None and evidence_place(failure, answer.text or ""):
        lines += _paragraph("What shows the first of these is underlined below.", width, "muted")
    return lines


def _answers(subject: Subject, width: int, marks: Marks) -> list[Line]:
    lines = _heading("Answers") + _right(subject, width, marks)
    base, *others = subject.answerers
    if not others:
        return lines + _single(base, subject, width, marks)
    ablated, control = others
    if base.answer is None or ablated.answer is None:
        lines += _single(base, subject, width, marks) + _single(ablated, subject, width, marks)
    else:
        lines += _pair(base, ablated, subject, width, marks)
    return lines + _single(control, subject, width, marks)


def _right(subject: Subject, width: int, marks: Marks) -> list[Line]:
    """What is right: an option, or whatever a written answer may be, or has to pass."""
    sample = subject.sample
    if sample.gold is not None:
        gold = f"{marks.right} gold {letter_of(sample.gold)}: {_option_text(sample, sample.gold)}"
        return _paragraph(gold, width, "plain")
    targets = list(dict.fromkeys(target.strip() for target in sample.targets))
    if not targets:
        return []
    word = "tests" if subject.is_program else "right" if len(targets) == 1 else "any of these is right"
    if any("\n" in target for target in targets):
        return _paragraph(f"{marks.right} {word}:", width, "plain") + _block("\n".join(targets), width)
    return _paragraph(f"{marks.right} {word}: {' · '.join(map(safe_line, targets))}", width, "plain")


def _single(one: Answerer, subject: Subject, width: int, marks: Marks) -> list[Line]:
    """One model's answer, or that there is none."""
    if one.answer is None:
        return _paragraph(f"{marks.unknown} {one.name}: not stored for this item, r runs it", width, "muted")
    verdict: Role = "right" if one.answer.correct else "wrong"
    head = _verdict(one, marks)
    text = _answer_text(one.answer, subject.sample)
    notes = _notes(one.answer, subject, width)
    if "\n" not in text and cell_len(head) + 2 + cell_len(text) <= width:
        return [((head, verdict), (f": {text}", "plain")), *notes]
    return [((fitted(head, width, marks.cut), verdict),), *notes, *_block(text, width)]


def _pair(one: Answerer, other: Answerer, subject: Subject, width: int, marks: Marks) -> list[Line]:
    """Two answers side by side, or below each other, with what differs."""
    assert one.answer is not None, "the first has an answer"
    assert other.answer is not None, "so has the second"
    left, right = _answer_text(one.answer, subject.sample), _answer_text(other.answer, subject.sample)
    divergence = first_divergence(left, right, base_ended=True, other_ended=True)
    start = divergence.start if divergence else None
    half = (width - 3) // 2 if width >= SIDE_BY_SIDE else width
    evidence = evidence_place(subject.failure, other.answer.text or "")
    columns = [
        _answer_column(one, subject, half, marks, [_tinted(left, row, start) for row in rows_of(left, half)]),
        _answer_column(
            other,
            subject,
            half,
            marks,
            [_tinted(right, row, start, evidence) for row in rows_of(right, half)],
        ),
    ]
    if width < SIDE_BY_SIDE:
        return [*columns[0], *columns[1]]
    return _side_by_side(columns[0], columns[1], half, marks)


def _answer_column(one: Answerer, subject: Subject, width: int, marks: Marks, text: list[Line]) -> list[Line]:
    """One model's answer, its text in rows, below what became of it."""
    assert one.answer is not None, "there is an answer"
    verdict: Role = "right" if one.answer.correct else "wrong"
    head: Line = ((fitted(_verdict(one, marks), width, marks.cut), verdict),)
    return [head, *_notes(one.answer, subject, width), *(text if any(text) else [(("(empty)", "muted"),)])]


def _notes(answer: Answer, subject: Subject, width: int) -> list[Line]:
    notes = answer_notes(answer, subject.metric)
    return _paragraph(notes, width, "muted") if notes else []


def _tinted(text: str, row: Span, start: int | None, evidence: Span | None = None) -> Line:
    """A row of a text that parts from another at a place: the word there marked, what follows tinted.

    Args:
        text: all of it.
        row: the characters of the row.
        start: where it parts; None if nowhere.
        evidence: what shows how it fails, to be marked too.
    """
    end = len(text) if start is None else start
    while end < len(text) and not text[end].isspace():
        end += 1
    cuts = {
        place for place in (start, end, *(evidence or ())) if place is not None and row[0] < place < row[1]
    }
    return tuple(
        (text[first:last], _role_at(first, start, end, evidence))
        for first, last in pairwise(sorted({*row, *cuts}))
    )


def _role_at(place: int, start: int | None, end: int, evidence: Span | None) -> Role:
    is_evidence = evidence is not None and evidence[0] <= place < evidence[1]
    if start is not None and start <= place < end:
        return "divergence-evidence" if is_evidence else "divergence"
    if is_evidence:
        return "evidence"
    return "plain" if start is None or place < start else "after"


def _side_by_side(left: list[Line], right: list[Line], half: int, marks: Marks) -> list[Line]:
    lines: list[Line] = []
    for place in range(max(len(left), len(right))):
        one = left[place] if place < len(left) else ()
        other = right[place] if place < len(right) else ()
        filler = " " * (half - sum(cell_len(piece) for piece, _ in one))
        lines.append((*one, (f"{filler} {marks.rule} ", "muted"), *other))
    return lines


def _verdict(one: Answerer, marks: Marks) -> str:
    assert one.answer is not None, "there is an answer"
    choice = "" if one.answer.prediction is None else f" {letter_of(one.answer.prediction)}"
    return f"{marks.right if one.answer.correct else marks.wrong} {one.name}{choice}"


def _answer_text(answer: Answer, sample: Sample) -> str:
    """What was answered, harmless: the generated text, or the chosen option."""
    if answer.text is not None:
        return safe_block(answer.text)
    return "" if answer.prediction is None else _option_text(sample, answer.prediction)


def _option_text(sample: Sample, place: int) -> str:
    return safe_line(sample.options[place])


def _heading(text: str) -> list[Line]:
    return [((text, "heading"),)]


def _block(text: str, width: int) -> list[Line]:
    return _paragraph(safe_block(text), width, "plain")


def _paragraph(text: str, width: int, role: Role) -> list[Line]:
    return [((text[slice(*row)], role),) for row in rows_of(text, width)]
