"""Reads what a program's own process reported. A program may have written there too."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Report:
    """One thing that was reported."""

    kind: str
    """`passed` and `failed`: a test; `program`: the program failed before its tests; `memory`: it ran out."""
    test: int
    """The number of the test; 0 if it is about none."""
    text: str
    """What was raised, in one line; untrusted."""


_LINE = re.compile(r"(\S+) (passed|failed|program|memory) ([0-9]{1,6})(?: (.*))?", re.DOTALL)


def read_reports(written: bytes, token: str) -> tuple[Report, ...]:
    """What was reported in whole lines that begin with the token; anything else is not looked at."""
    reports = []
    for line in written.split(b"\n")[:-1]:
        found = _LINE.fullmatch(line.decode(errors="replace"))
        if found and found[1] == token:
            reports.append(Report(found[2], int(found[3]), found[4] or ""))
    return tuple(reports)
