"""What stands above the list of items: the filters with their counts, and how both models did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from tui.failure_words import TAG_WORDS
from tui.inspector.look.marks import Marks
from tui.inspector.look.text import failure_rows
from tui.inspector.samples.lines import flip_signs
from tui.inspector.samples.reading import Choice, Listing, Question, Reading
from tui.numbers import interval, probability, share
from tui.safe_text import safe_line

if TYPE_CHECKING:
    from core.analysis.samples import Filter, Flip

FILTER_WORDS: dict[Filter, str] = {
    "all": "all",
    "flipped": "flipped",
    "broken": "broken",
    "fixed": "fixed",
    "both_wrong": "both wrong",
    "both_right": "both right",
}
"""In the order in which a key goes through them."""

FILTER_FLIPS: dict[Filter, Flip] = {
    "broken": "broken",
    "fixed": "fixed",
    "both_wrong": "wrong",
    "both_right": "right",
}
"""The filters that have signs."""

WORDS_AND_SIGNS = 92
"""Columns from which filters with signs have words, too."""

FAILURE_ROWS = 2
"""Rows about failures at most."""


def summary_text(
    reading: Reading, listing: Listing, width: int, marks: Marks, opened: tuple[int, int] | None
) -> Text:
    """Filters, figures, how the answers fail, and what narrows the list or is missing, each from a new line.

    Where an item replaces the list, `opened` is its row, from 1, and the number of rows.
    """
    parts = [_filters(listing, width, marks)]
    if opened is None:
        parts.append(_dotted(_figures(reading, listing)))
        if listing.failures is not None:
            rows = failure_rows(
                listing.failures, width, FAILURE_ROWS, marks.cut, other=reading.question.names[0]
            )
            parts += [[Text(row)] for row in rows]
        parts.append(_dotted(_remarks(reading, listing)))
    else:
        where = f"item {opened[0]:,} of {opened[1]:,} listed · esc: list · h l: previous, next"
        parts.append([Text(where)])
    lines = [line for group in parts for line in _rows(group, width)]
    return Text("\n", no_wrap=True, overflow="crop").join(lines)


def nothing_text(question: Question, benchmark: str) -> str:
    """The sentence where neither base nor ablated answers are known."""
    if question.is_pair:
        return (
            f"No answers of A or B to {safe_line(benchmark)} are stored for what the lens looks at. r runs B "
            f"on {question.n:,} items; B turns to A, where r runs A."
        )
    models = ["base", *(["the ablated model"] if question.mask else [])]
    models += ["its random control"] if question.control else []
    what = " and ".join([", ".join(models[:-1]), models[-1]] if models[1:] else models)
    return (
        f"No answers to {safe_line(benchmark)} are stored for what the lens looks at. "
        f"r runs {what} on {question.n:,} items; they appear here as they are answered."
    )


def no_item_text(choice: Choice) -> str:
    """The sentence where no item passes."""
    what = "item" if choice.filter == "all" else f"item that is {FILTER_WORDS[choice.filter]}"
    remedies = ["f: next filter"] if choice.filter != "all" else []
    if choice.tag is not None:
        what += f", with the tag {safe_line(choice.tag)}"
        remedies.append("w: another tag")
    if choice.failure is not None:
        what += f", of those tagged '{TAG_WORDS[choice.failure]}'"
        remedies.append("w: another tag")
    if choice.search:
        what += f", with '{safe_line(choice.search)}' in it"
        remedies.append("esc: end the search")
    return f"There is no {what}. {', '.join(remedies)}"


def _filters(listing: Listing, width: int, marks: Marks) -> list[Text]:
    parts = []
    shown: Sequence[Filter] = list(FILTER_WORDS) if listing.has_both else ["all"]
    for name in shown:
        words, flip = FILTER_WORDS[name], FILTER_FLIPS.get(name)
        signs = "" if flip is None else flip_signs(flip, marks)
        label = words if not signs else f"{words} {signs}" if width >= WORDS_AND_SIGNS else signs
        pointer, style = (marks.chosen, "bold reverse") if name == listing.choice.filter else (" ", "")
        # Not as the style of the text itself, which would go over to what is joined to it.
        parts.append(Text.assemble((f"{pointer}{label} {listing.counts[name]:,}", style)))
    return parts


def _figures(reading: Reading, listing: Listing) -> list[str]:
    n, parts = listing.samples.n, []
    all_have_n = all(value.n == n for value in reading.scores.values())
    names = dict(zip(("base", "ablated"), reading.question.names, strict=False))
    for model, value in reading.scores.items():
        name = names.get(model, model)
        of_n = "" if all_have_n else f" n {value.n:,}"
        # Of a run that stopped when it was known, an interval for a fixed number of items does not hold.
        is_stopped = reading.question.until is not None and model != "base"
        ends = "" if is_stopped else f" {interval(value.low, value.high)}"
        parts.append(f"{name} {share(value.score)}{ends}{of_n}")
    parts += [f"n {n:,}"] if all_have_n else []
    if listing.p_value is not None:
        parts.append(f"McNemar p {probability(listing.p_value)}")
    return parts


def _remarks(reading: Reading, listing: Listing) -> list[str | Text]:
    """What narrows the list, and what is missing."""
    choice = listing.choice
    parts: list[str | Text] = []
    if choice.tag is not None:
        parts.append(f"tag {safe_line(choice.tag)}")
    if choice.failure is not None:
        parts.append(f"those tagged '{TAG_WORDS[choice.failure]}'")
    if choice.search:
        parts.append(f"search '{safe_line(choice.search)}'")
    if parts:
        parts.append(f"{len(listing.indices):,} listed")
    if reading.question.mask is None and not reading.question.is_pair:
        parts.append("nothing is ablated: v chooses what")
    if reading.question.is_pair and reading.question.mask is not None:
        parts.append("both ablated (v base: both intact)")
    if reading.question.until is not None:
        parts += _stopped(reading, listing)
    missing = _missing(reading, listing)
    return parts + [Text.assemble((f"{name}: {value}", "bold")) for name, value in missing.items()]


def _stopped(reading: Reading, listing: Listing) -> list[str]:
    """After how many items the run under the mask stopped, if it has."""
    answers = listing.samples.ablated_answers
    if answers is None or not reading.cache_status.ablated:
        return []
    return [f"stopped after {answers.n_known:,} of at most {listing.samples.n:,} items"]


def _missing(reading: Reading, listing: Listing) -> dict[str, str]:
    samples, cache_status, question = listing.samples, reading.cache_status, reading.question
    states = (cache_status.base, samples.base_answers), (cache_status.ablated, samples.ablated_answers)
    missing = {}
    for name, (is_stored, answers) in zip(question.names, states, strict=False):
        if not is_stored:
            known = 0 if answers is None else answers.n_known
            remedy = "B turns to it, then r runs it" if name == "A" else "r runs it"
            missing[name] = f"{known:,} of {samples.n:,} so far" if known else f"not stored, {remedy}"
    if reading.question.control is not None and not cache_status.control:
        missing["random control"] = "not stored, r runs it"
    return missing


def _dotted(parts: Sequence[str | Text]) -> list[Text]:
    texts = [Text(part) if isinstance(part, str) else part for part in parts]
    return [*texts[:1], *(Text(" · ") + text for text in texts[1:])]


def _rows(parts: Sequence[Text], width: int) -> list[Text]:
    """The parts in as few lines as hold them."""
    rows: list[Text] = []
    for part in parts:
        if rows and rows[-1].cell_len + 1 + part.cell_len <= width:
            rows[-1] += part if part.plain.startswith(" ") else Text(" ") + part
        else:
            rows.append(part[3:] if part.plain.startswith(" · ") else part)
    return rows
