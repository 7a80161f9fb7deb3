"""What a command writes on a terminal of so many columns."""

from __future__ import annotations

import io
import re

import pytest

from tui.command_line import run


class Terminal(io.StringIO):
    """A text file that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def written_on(monkeypatch: pytest.MonkeyPatch, columns: int, *arguments: str) -> list[str]:
    """The lines that a command writes to a terminal, without their styles; fails unless it succeeds."""
    terminal = Terminal()
    with monkeypatch.context() as patch:
        patch.setenv("COLUMNS", str(columns))
        patch.setattr("sys.stdout", terminal)
        assert run(arguments) == 0
    return re.sub(r"\x1b\[[\d;]*m", "", terminal.getvalue()).splitlines()
