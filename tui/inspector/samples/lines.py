"""An item with all its answers as lines of pieces, for one width; called in a thread."""

from __future__ import annotations

from itertools import pairwise, zip_longest
from typing import TYPE_CHECKING

from rich.cells import cell_len

from tui.inspector.look.marks import Marks
from tui.inspector.look.text import Span, first_divergence, fitted, rows_of
from tui.inspector.samples.answer_text import (
    answer_notes,
    evidence_span,
    fails,
    failure_sentences,
    how_words,
)
from tui.inspector.samples.reading import Subject
from tui.inspector.widgets.option_table import Answerer, Line, Role, letter_of, option_lines
from tui.safe_text import safe_block, safe_line

if TYPE_CHECKING:
    from core.analysis.failures import ItemFailure
    from core.analysis.samples import Answer, Flip, Sample

FLIP_WORDS = {
    "right": "both right",
    "wrong": "both wrong",
    "broken": "broken by the ablation",
    "fixed": "fixed by the ablation",
}

PAIR_WORDS = {**FLIP_WORDS, "broken": "lost by B", "fixed": "won by B"}
"""The same, of two models."""

CONTROL_WIDTH = 70
"""Columns from which the control's log-likelihoods stand beside the others."""

SIDE_BY_SIDE = 40
"""Columns from which the two answers stand side by side."""


def sample_lines(subject: Subject, width: int, marks: Marks, *, unfolds: bool = False) -> list[Line]:
    """All lines of an item, none wider than the width (in cells; at least 20).

    Worked examples before the item take one line, unless it unfolds them.
    """
    sample = subject.sample
    lines = _title(subject, width, marks)
    lines += [(), *_heading("Prompt"), *_prompt(sample, width, unfolds=unfolds)]
    if sample.options:
        lines += [(), *_options(subject, width, marks)]
    if subject.failure is not None:
        lines += _failure(subject, subject.failure, width)
    lines += [(), *_answers(subject, width, marks)]
    if sample.steps:
        lines += [(), *_heading("Worked solution"), *_block(sample.steps, width)]
    return lines


def _prompt(sample: Sample, width: int, *, unfolds: bool) -> list[Line]:
    """The prompt, worked examples folded or not."""
    if not sample.start or unfolds:
        return _block(sample.prompt, width)
    examples = "1 worked example" if sample.shots == 1 else f"{sample.shots} worked examples"
    words = f"{examples}, {sample.start:,} characters: u shows them"
    return [*_paragraph(words, width, "muted"), *_block(sample.prompt[sample.start :], width)]


def flip_signs(flip: Flip, marks: Marks) -> str:
    """The signs for right or wrong, of base and of the ablated model."""
    right, wrong, unknown = marks.right, marks.wrong, marks.unknown
    signs = {
        "right": (right, right),
        "wrong": (wrong, wrong),
        "broken": (right, wrong),
        "fixed": (wrong, right),
        "unknown": (unknown, unknown),
    }
    return marks.becomes.join(signs[flip])


def _title(subject: Subject, width: int, marks: Marks) -> list[Line]:
    sample = subject.sample
    head = f"#{sample.index}"
    if (subject.is_ablated or subject.is_pair) and sample.flip != "unknown":
        words = PAIR_WORDS if subject.is_pair else FLIP_WORDS
        head += f"  {flip_signs(sample.flip, marks)} {words[sample.flip]}"
    tag = f"  tag {safe_line(sample.family)}" if sample.family else ""
    title: Line = ((fitted(head + tag, width, marks.cut), "heading"),)
    return [title, *_paragraph(f"id {safe_line(sample.id)}", width, "muted")]


def _options(subject: Subject, width: int, marks: Marks) -> list[Line]:
    answerers = subject.answerers if width >= CONTROL_WIDTH else subject.answerers[:2]
    signs = f"{marks.right} gold  {marks.chosen} chosen"
    legend = f"{signs}  log-likelihood in nats; bar: share of these options' probability"
    table = option_lines(subject.sample, answerers, width, marks)
    return [*table, *_paragraph(legend, width, "muted")]


def _failure(subject: Subject, failure: ItemFailure, width: int) -> list[Line]:
    """How the ablated answer fails, the main failure in the colour of what is wrong."""
    sentences = failure_sentences(failure, subject.sample, subject.other)
    if not sentences:
        return []
    is_worse = fails(failure)
    lines: list[Line] = [(), *_heading(how_words(subject, failure))]
    lines += _paragraph(sentences[0], width, "wrong" if is_worse else "plain")
    for sentence in sentences[1:]:
        lines += _paragraph(sentence, width, "plain")
    answer = subject.sample.ablated
    if answer is not None and evidence_span(failure, answer.text or ""):
        lines += _paragraph("What shows the first of these is underlined below.", width, "muted")
    return lines


def _answers(subject: Subject, width: int, marks: Marks) -> list[Line]:
    lines = _heading("Answers") + _right(subject, width, marks)
    base, *others = subject.answerers
    if not others:
        return lines + _single(base, subject, width, marks)
    ablated, *controls = others
    if base.answer is None or ablated.answer is None:
        lines += _single(base, subject, width, marks) + _single(ablated, subject, width, marks)
    else:
        lines += _pair(base, ablated, subject, width, marks)
    return lines + [line for one in controls for line in _single(one, subject, width, marks)]


def _right(subject: Subject, width: int, marks: Marks) -> list[Line]:
    """The right option, or the right written answers, or the tests to pass."""
    sample = subject.sample
    if sample.gold is not None:
        option = safe_line(sample.options[sample.gold])
        return _paragraph(f"{marks.right} gold {letter_of(sample.gold)}: {option}", width, "plain")
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
    head, verdict = _verdict(one, one.answer, marks)
    text = _answer_text(one.answer, subject.sample)
    notes = _notes(one.answer, subject, width)
    if "\n" not in text and cell_len(head) + 2 + cell_len(text) <= width:
        return [((head, verdict), (f": {text}", "plain")), *notes]
    return [((fitted(head, width, marks.cut), verdict),), *notes, *_block(text, width)]


def _pair(one: Answerer, other: Answerer, subject: Subject, width: int, marks: Marks) -> list[Line]:
    """Two answers with what differs, side by side or one below the other."""
    assert one.answer is not None, "the first has an answer"
    assert other.answer is not None, "so has the second"
    left, right = _answer_text(one.answer, subject.sample), _answer_text(other.answer, subject.sample)
    divergence = first_divergence(left, right, base_ended=True, other_ended=True)
    start = divergence.start if divergence else None
    half = (width - 3) // 2 if width >= SIDE_BY_SIDE else width
    evidence = evidence_span(subject.failure, other.answer.text or "")
    columns = []
    for answerer, text, marked in ((one, left, None), (other, right, evidence)):
        assert answerer.answer is not None, "both have an answer"
        head, verdict = _verdict(answerer, answerer.answer, marks)
        rows = [_tinted(text, row, start, marked) for row in rows_of(text, half)]
        column: list[Line] = [((fitted(head, half, marks.cut), verdict),)]
        column += _notes(answerer.answer, subject, half)
        columns.append(column + (rows if any(rows) else [(("(empty)", "muted"),)]))
    if width < SIDE_BY_SIDE:
        return [*columns[0], *columns[1]]
    lines: list[Line] = []
    for first, second in zip_longest(*columns, fillvalue=()):
        filler = " " * (half - sum(cell_len(piece) for piece, _ in first))
        lines.append((*first, (f"{filler} {marks.rule} ", "muted"), *second))
    return lines


def _notes(answer: Answer, subject: Subject, width: int) -> list[Line]:
    notes = answer_notes(answer, subject.metric)
    return _paragraph(notes, width, "muted") if notes else []


def _tinted(text: str, row: Span, start: int | None, evidence: Span | None) -> Line:
    """A row of a text: the word where it diverges is marked, what follows tinted, evidence marked too."""
    end = len(text) if start is None else start
    while end < len(text) and not text[end].isspace():
        end += 1
    cuts = {cut for cut in (start, end, *(evidence or ())) if cut is not None and row[0] < cut < row[1]}
    return tuple(
        (text[first:last], _role_at(first, start, end, evidence))
        for first, last in pairwise(sorted({*row, *cuts}))
    )


def _role_at(index: int, start: int | None, end: int, evidence: Span | None) -> Role:
    is_evidence = evidence is not None and evidence[0] <= index < evidence[1]
    if start is not None and start <= index < end:
        return "divergence-evidence" if is_evidence else "divergence"
    if is_evidence:
        return "evidence"
    return "plain" if start is None or index < start else "after"


def _verdict(one: Answerer, answer: Answer, marks: Marks) -> tuple[str, Role]:
    """The line above an answer, and its look."""
    choice = "" if answer.prediction is None else f" {letter_of(answer.prediction)}"
    sign = marks.right if answer.correct else marks.wrong
    return f"{sign} {one.name}{choice}", "right" if answer.correct else "wrong"


def _answer_text(answer: Answer, sample: Sample) -> str:
    """The generated text, or the chosen option, made safe."""
    if answer.text is not None:
        return safe_block(answer.text)
    return "" if answer.prediction is None else safe_line(sample.options[answer.prediction])


def _heading(text: str) -> list[Line]:
    return [((text, "heading"),)]


def _block(text: str, width: int) -> list[Line]:
    return _paragraph(safe_block(text), width, "plain")


def _paragraph(text: str, width: int, role: Role) -> list[Line]:
    return [((text[slice(*row)], role),) for row in rows_of(text, width)]
