"""How often ablated answers fail in which way, in as many rows as there is room for. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui.inspector.look.safe_text import safe_line
from tui.inspector.look.text_rows import fitted, rows_of

if TYPE_CHECKING:
    from core.analysis.diagnosis.summary import Share
    from core.analysis.stored.failures import Failures

NOTHING_PREFERRED = "Prefers no "
"""How the sentence begins that says of multiple choice that there is nothing to say."""


def failure_rows(failures: Failures, width: int, most: int, cut: str) -> list[str]:
    """The failures of written answers with their shares, or what is said of multiple choice.

    What does not fit as a whole is left out; only what comes first is cut. That nothing is preferred is not
    worth a row.

    Args:
        failures: of one run.
        width: cells of a row.
        most: rows.
        cut: the sign that text goes on.
    """
    if failures.shares:
        pieces, joint = _share_words(failures.shares), ", "
    else:
        said = [one for one in failures.sentences if not one.startswith(NOTHING_PREFERRED)]
        pieces, joint = [safe_line(sentence) for sentence in said], " "
    if not pieces:
        return []
    text = pieces[0]
    for piece in pieces[1:]:
        longer = f"{text}{joint}{piece}"
        if len(rows_of(longer, width)) > most:
            break
        text = longer
    rows = [text[slice(*row)] for row in rows_of(text, width)]
    if len(rows) > most:
        rows = [*rows[: most - 1], fitted(f"{rows[most - 1]} {cut}", width, cut).rstrip()]
    return rows


def _share_words(shares: Sequence[Share]) -> list[str]:
    """Such as `fails: 41 % [34, 48] miscount upward`, then `12 % [8, 17] repeat themselves`."""
    from core.analysis.diagnosis.summary import LEAST_SHARE, failing

    found = [one.brief() for one in failing(shares)]
    if not found:
        return [f"fails: no way in {100 * LEAST_SHARE:.0f} % or more of {shares[0].share.n:,} answers"]
    return [f"fails: {found[0]}", *found[1:]]
