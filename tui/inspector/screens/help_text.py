"""The tabs' help texts, taken apart: they are wrapped for reading in the source, not for any screen."""

from __future__ import annotations

import re
from dataclasses import dataclass

TERM = re.compile(r"(\S.{0,13}?) {2,}(\S.*)")
"""A line such as `enter  opens the cell`."""

WRAPPED_COLUMNS = 60
"""A line of prose that is at least so long goes on in the next one."""

WRAPPED_ROW_COLUMNS = 80
"""The same for a line that explains a term."""


@dataclass
class Part:
    """A paragraph, or what explains a term."""

    term: str
    """Empty for a paragraph."""
    text: str
    begins_block: bool
    """Whether there is an empty line before it."""


def parts_of(help_text: str) -> list[Part]:
    """The paragraphs and terms of a help text, each on one line however long."""
    parts: list[Part] = []
    before = ""
    for line in help_text.strip().splitlines():
        if line.strip():
            term = TERM.fullmatch(line)
            if term:
                parts.append(Part(term[1], term[2], not before))
            elif parts and _goes_on(before, line, bool(parts[-1].term)):
                parts[-1].text += f" {line.strip()}"
            else:
                parts.append(Part("", line.strip(), not before))
        before = line.strip()
    return parts


def _goes_on(before: str, line: str, is_row: bool) -> bool:
    """Whether a line belongs to the one before it."""
    if not before:
        return False
    return line.startswith(" ") or len(before) >= (WRAPPED_ROW_COLUMNS if is_row else WRAPPED_COLUMNS)
