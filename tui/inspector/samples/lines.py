"""An item with all its answers as lines of pieces, for one width. Pure: no widget, called in a thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len

from tui.inspector.look.divergence import first_divergence
from tui.inspector.look.safe_text import safe_block, safe_line
from tui.inspector.look.text_rows import Span, fitted, rows_of
from tui.inspector.widgets.option_table import Answerer, Line, Role, letter_of, option_lines

if TYPE_CHECKING:
    from core.results.records import Answer, Flip, Sample
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
    head = f"#{sample.place}"
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


def _answers(subject: Subject, width: int, marks: Marks) -> list[Line]:
    sample = subject.sample
    lines: list[Line] = _heading("Answers")
    if sample.gold is not None:
        gold = f"{marks.right} gold {letter_of(sample.gold)}: {_option_text(sample, sample.gold)}"
        lines += _paragraph(gold, width, "plain")
    base, *others = subject.answerers
    if not others:
        return lines + _single(base, sample, width, marks)
    ablated, control = others
    if base.answer is None or ablated.answer is None:
        lines += _single(base, sample, width, marks) + _single(ablated, sample, width, marks)
    else:
        lines += _pair(base, ablated, sample, width, marks)
    return lines + _single(control, sample, width, marks)


def _single(one: Answerer, sample: Sample, width: int, marks: Marks) -> list[Line]:
    """One model's answer, or that there is none."""
    if one.answer is None:
        return _paragraph(f"{marks.unknown} {one.name}: not stored for this item, r runs it", width, "muted")
    verdict: Role = "right" if one.answer.correct else "wrong"
    head = _verdict(one, marks)
    text = _answer_text(one.answer, sample)
    if "\n" not in text and cell_len(head) + 2 + cell_len(text) <= width:
        return [((head, verdict), (f": {text}", "plain"))]
    return [((fitted(head, width, marks.cut), verdict),), *_block(text, width)]


def _pair(one: Answerer, other: Answerer, sample: Sample, width: int, marks: Marks) -> list[Line]:
    """Two answers side by side, or below each other, with what differs."""
    assert one.answer is not None, "the first has an answer"
    assert other.answer is not None, "so has the second"
    left, right = _answer_text(one.answer, sample), _answer_text(other.answer, sample)
    parting = first_divergence(left, right, base_ended=True, other_ended=True)
    start = parting.start if parting else None
    half = (width - 3) // 2 if width >= SIDE_BY_SIDE else width
    columns = [
        _answer_column(one, left, start, half, marks),
        _answer_column(other, right, start, half, marks),
    ]
    if width < SIDE_BY_SIDE:
        return [*columns[0], *columns[1]]
    return _side_by_side(columns[0], columns[1], half, marks)


def _answer_column(one: Answerer, text: str, start: int | None, width: int, marks: Marks) -> list[Line]:
    assert one.answer is not None, "there is an answer"
    verdict: Role = "right" if one.answer.correct else "wrong"
    head: Line = ((fitted(_verdict(one, marks), width, marks.cut), verdict),)
    if not text:
        return [head, (("(empty)", "muted"),)]
    return [head, *(_tinted(text, row, start) for row in rows_of(text, width))]


def _tinted(text: str, row: Span, start: int | None) -> Line:
    """A row of a text that parts from another at a place: the word there marked, what follows tinted."""
    if start is None:
        return ((text[slice(*row)], "plain"),)
    end = start
    while end < len(text) and not text[end].isspace():
        end += 1
    edges = [0, start, end, len(text)]
    roles: tuple[Role, ...] = ("plain", "parting", "after")
    pieces = []
    for role, first, last in zip(roles, edges[:-1], edges[1:], strict=True):
        piece = text[max(first, row[0]) : min(last, row[1])] if first < row[1] and last > row[0] else ""
        if piece:
            pieces.append((piece, role))
    return tuple(pieces)


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
