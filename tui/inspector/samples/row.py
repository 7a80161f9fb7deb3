"""A row of the list of items: what is in it, and where it stands. Pure: no widget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from tui.failure_words import TAG_WORDS
from tui.inspector.look.text import fitted
from tui.inspector.widgets.option_table import Line, Piece, Role, letter_of
from tui.safe_text import safe_line

if TYPE_CHECKING:
    from core.analysis.samples.answers import Answers
    from core.analysis.samples.failures import Failures
    from core.analysis.samples.records import Flip, SampleRow
    from core.analysis.samples.samples import Samples
    from tui.inspector.look.marks import Marks

WIDEST_TAG = 13
ROOMY = 72
"""Columns from which the answers have a column each with a name."""

FAILURE_WIDTH, ROOMY_FAILURE_WIDTH = 16, 24
"""Cells of how an answer fails."""

Ending = Literal["letters", "failure", "nothing"]
"""What stands at the end of a row: the options' letters; how a written answer fails; nothing, where only
base has written."""

FLIP_ROLES: dict[Flip, Role] = {
    "broken": "wrong",
    "fixed": "right",
    "right": "plain",
    "wrong": "muted",
    "unknown": "muted",
}
"""How a flip's mark is shown: what the ablation changed stands out."""


@dataclass(frozen=True)
class ListRow:
    """One item, its texts harmless and on one line each."""

    place: int
    mark: str
    """Right or wrong, of base and ablated."""
    role: Role
    """Of the mark."""
    tag: str
    beginning: str
    letters: Line
    """The right option, base's and the ablated model's."""
    failure: Piece = ("", "muted")
    """The tag that counts, of a written answer."""


@dataclass(frozen=True)
class Columns:
    """Where things stand, in cells."""

    mark: int
    place: int
    tag: int
    beginning: int
    letter: int
    """Of each of the three; 0 where answers are written."""
    failure: int
    """0 where there are letters, or nothing."""

    @classmethod
    def within(cls, width: int, n: int, longest_tag: int, mark: int, ending: Ending) -> Columns:
        """As they fit: the beginning of the text takes what the others leave."""
        is_roomy = width >= ROOMY
        letter = 0 if ending != "letters" else 4 if is_roomy else 1
        failure = 0 if ending != "failure" else ROOMY_FAILURE_WIDTH if is_roomy else FAILURE_WIDTH
        end = 3 * (letter + 1) if letter else failure + 1 if failure else 0
        place, tag = len(str(max(0, n - 1))) + 1, min(longest_tag, WIDEST_TAG)
        # A column before everything is for the cursor, one behind it keeps the scrollbar off.
        fixed = 1 + mark + 1 + place + 1 + (tag + 1 if tag else 0) + end + 1
        return cls(mark, place, tag, max(0, width - fixed), letter, failure)

    def heads(self, cut: str) -> str:
        """The line above the list."""
        tag = fitted("tag", self.tag, cut) + " " if self.tag else ""
        end = ""
        if self.letter:
            end = "".join(f" {name[: self.letter]:<{self.letter}}" for name in ("gold", "base", "abl."))
        elif self.failure:
            end = " " + fitted("how it fails", self.failure, cut)
        return f" {' ' * self.mark} {'#':>{self.place}} {tag}{fitted('item', self.beginning, cut)}{end}"


def row_line(place: int, row: ListRow | None, columns: Columns, marks: Marks) -> Line:
    """A row in pieces; only its number if no more is known of it."""
    number = f" {f'#{place}':>{columns.place}} "
    if row is None:
        return ((f"{' ' * columns.mark}{number}{marks.cut}", "muted"),)
    tag: Line = ((fitted(row.tag, columns.tag, marks.cut) + " ", "muted"),) if columns.tag else ()
    return (
        (fitted(row.mark, columns.mark, marks.cut), row.role),
        (number, "muted"),
        *tag,
        (fitted(row.beginning, columns.beginning, marks.cut), "plain"),
        *_end(row, columns, marks),
    )


def _end(row: ListRow, columns: Columns, marks: Marks) -> Line:
    if columns.letter:
        return tuple((f" {letter:<{columns.letter}}", role) for letter, role in row.letters)
    if columns.failure:
        words, role = row.failure
        return ((" " + fitted(words, columns.failure, marks.cut), role),)
    return ()


def ending_of(samples: Samples, is_ablated: bool) -> Ending:
    """What stands at the end of the rows."""
    if len(samples.items.gold) and (samples.items.gold >= 0).any():
        return "letters"
    return "failure" if is_ablated else "nothing"


def list_rows(
    samples: Samples, places: Sequence[int], marks: Marks, is_ablated: bool, failures: Failures | None
) -> list[ListRow]:
    """The rows of the items at the places; reads from the cache, so it is called in a thread."""
    import numpy as np

    rows = samples.rows(np.array(places, np.int64))
    return [
        replace(_list_row(samples, row, marks, is_ablated), failure=_failure(failures, row.index))
        for row in rows
    ]


def _failure(failures: Failures | None, place: int) -> Piece:
    """The tag that counts, in words."""
    from core.analysis.diagnosis.failure_modes import FAILURES, PRIORITY

    if failures is None or failures.main[place] < 0:
        return "", "muted"
    name = PRIORITY[failures.main[place]]
    return TAG_WORDS[name], "wrong" if name in FAILURES else "muted"


def mark_width(is_ablated: bool, marks: Marks) -> int:
    """Cells of a row's mark."""
    return 2 + len(marks.becomes) if is_ablated else 1


def _list_row(samples: Samples, row: SampleRow, marks: Marks, is_ablated: bool) -> ListRow:
    base = _correct(samples.base_answers, row.index)
    mark = _sign(base, marks)
    if is_ablated:
        mark += marks.becomes + _sign(_correct(samples.ablated_answers, row.index), marks)
    letters: Line = (
        (_letter(row.gold), "plain"),
        (_letter(row.base), _letter_role(row.base, row.gold)),
        (_letter(row.ablated), _letter_role(row.ablated, row.gold)),
    )
    role = FLIP_ROLES[row.flip] if is_ablated else "right" if base else "wrong"
    return ListRow(row.index, mark, role, safe_line(row.family), safe_line(row.beginning), letters)


def _correct(answers: Answers | None, place: int) -> bool | None:
    """Whether an item was answered right; None if it was not answered."""
    return bool(answers.correct[place]) if answers is not None and answers.known[place] else None


def _sign(correct: bool | None, marks: Marks) -> str:
    return {True: marks.right, False: marks.wrong, None: marks.unknown}[correct]


def _letter(option: int | None) -> str:
    return "" if option is None else letter_of(option)


def _letter_role(option: int | None, gold: int | None) -> Role:
    return "muted" if option is None else "right" if option == gold else "wrong"
