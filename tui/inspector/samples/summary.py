"""What stands above the list of items: the filters with their counts, and how both models did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from tui.failure_words import TAG_WORDS
from tui.inspector.look.text import failure_rows
from tui.inspector.samples.lines import flip_signs
from tui.numbers import interval, probability, share
from tui.safe_text import safe_line

if TYPE_CHECKING:
    from core.analysis.samples.records import Filter, Flip
    from core.analysis.statistics.accuracy import Accuracy
    from tui.inspector.look.marks import Marks
    from tui.inspector.samples.reading import Choice, Listing, Question, Reading

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
"""Those that have signs."""

WORDS_AND_SIGNS = 100
"""Columns from which filters with signs have words, too."""

FAILURE_ROWS = 2
"""Of what is said of how the answers fail, at most."""


def summary_text(
    reading: Reading, listing: Listing, width: int, marks: Marks, opened: tuple[int, int] | None
) -> Text:
    """Filters, figures, how the answers fail, and what narrows the list or is missing, each from a new line.

    Args:
        reading: what there is.
        listing: the items that are listed.
        width: columns.
        marks: the signs.
        opened: which of how many listed items stands in place of the list, from 1; None for the list.
            With an item, where one is takes the place of the figures.
    """
    parts = [_filters(listing, width, marks)]
    if opened is None:
        parts += [_figures(reading, listing), *_failures(listing, width, marks), _remarks(reading, listing)]
    else:
        where = f"item {opened[0]:,} of {opened[1]:,} listed · esc: list · h l: previous, next"
        parts.append([Text(where)])
    lines = [line for group in parts for line in _rows(group, width)]
    return Text("\n", no_wrap=True, overflow="crop").join(lines)


def nothing_text(question: Question, benchmark: str) -> str:
    """What is said where neither base nor ablated answers are known."""
    what = "base" if question.mask is None else "base, the ablated model and its random control"
    return (
        f"No answers to {safe_line(benchmark)} are stored for what the lens looks at. "
        f"r runs {what} on {question.n:,} items; they appear here as they are answered."
    )


def no_item_text(choice: Choice) -> str:
    """What is said where no item passes."""
    what = "item" if choice.filter == "all" else f"item that is {FILTER_WORDS[choice.filter]}"
    ways = ["f: next filter"] if choice.filter != "all" else []
    if choice.tag is not None:
        what += f", with the tag {safe_line(choice.tag)}"
        ways.append("w: another tag")
    if choice.failure is not None:
        what += f", of those tagged '{TAG_WORDS[choice.failure]}'"
        ways.append("w: another tag")
    if choice.search:
        what += f", with '{safe_line(choice.search)}' in it"
        ways.append("esc: end the search")
    return f"There is no {what}. {', '.join(ways)}"


def _filters(listing: Listing, width: int, marks: Marks) -> list[Text]:
    parts = []
    shown: Sequence[Filter] = list(FILTER_WORDS) if listing.has_both else ["all"]
    for name in shown:
        words, flip = FILTER_WORDS[name], FILTER_FLIPS.get(name)
        signs = "" if flip is None else flip_signs(flip, marks)
        label = words if not signs else f"{words} {signs}" if width >= WORDS_AND_SIGNS else signs
        is_on = name == listing.choice.filter
        pointer = marks.chosen if is_on else " "
        style = "bold reverse" if is_on else ""
        # Not as the style of the text itself, which would go over to what is joined to it.
        parts.append(Text.assemble((f"{pointer}{label} {listing.counts[name]:,}", style)))
    return parts


def _figures(reading: Reading, listing: Listing) -> list[Text]:
    parts = [Text(_accuracy(name, value, listing.samples.n)) for name, value in reading.scores.items()]
    parts.append(Text(f"n {listing.samples.n:,}"))
    if listing.p_value is not None:
        parts.append(Text(f"McNemar p {probability(listing.p_value)}"))
    return _dotted(parts)


def _failures(listing: Listing, width: int, marks: Marks) -> list[list[Text]]:
    """How the ablated answers fail, a row each."""
    if listing.failures is None:
        return []
    return [[Text(row)] for row in failure_rows(listing.failures, width, FAILURE_ROWS, marks.cut)]


def _remarks(reading: Reading, listing: Listing) -> list[Text]:
    """What narrows the list, and what is not there."""
    choice = listing.choice
    parts = []
    if choice.tag is not None:
        parts.append(Text(f"tag {safe_line(choice.tag)}"))
    if choice.failure is not None:
        parts.append(Text(f"those tagged '{TAG_WORDS[choice.failure]}'"))
    if choice.search:
        parts.append(Text(f"search '{safe_line(choice.search)}'"))
    if parts:
        parts.append(Text(f"{len(listing.places):,} listed"))
    if reading.question.mask is None:
        parts.append(Text("nothing is ablated: v chooses what"))
    for name, value in _missing(reading, listing).items():
        parts.append(Text.assemble((f"{name}: {value}", "bold")))
    return _dotted(parts)


def _missing(reading: Reading, listing: Listing) -> dict[str, str]:
    samples, cache_status = listing.samples, reading.cache_status
    states = {"base": (cache_status.base, samples.base)}
    if reading.question.mask is not None:
        states["ablated"] = (cache_status.ablated, samples.ablated)
    missing = {}
    for name, (is_stored, known) in states.items():
        if not is_stored:
            missing[name] = f"{known.n:,} of {samples.n:,} so far" if known else "not stored, r runs it"
    if reading.question.control is not None and not cache_status.control:
        missing["random control"] = "not stored, r runs it"
    return missing


def _accuracy(name: str, value: Accuracy, n: int) -> str:
    of_n = "" if value.n == n else f" n {value.n:,}"
    return f"{name} {share(value.score)} {interval(value.low, value.high)}{of_n}"


def _dotted(parts: Sequence[Text]) -> list[Text]:
    return [part if place == 0 else Text(" · ") + part for place, part in enumerate(parts)]


def _rows(parts: Sequence[Text], width: int) -> list[Text]:
    """The parts in as few lines as hold them."""
    rows: list[Text] = []
    for part in parts:
        if rows and rows[-1].cell_len + 1 + part.cell_len <= width:
            rows[-1] += part if part.plain.startswith(" ") else Text(" ") + part
        else:
            rows.append(part[3:] if part.plain.startswith(" · ") else part)
    return rows
