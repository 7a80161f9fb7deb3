from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping

import pytest
from textual.app import App
from textual.drivers.headless_driver import HeadlessDriver

from tui.inspector.screens.export import (
    MOST_CHARACTERS,
    clipboard_sequence,
    copy,
)

TEXT = "naïve ✓ [bold]\x1b[31m"
PLAIN = f"\x1b]52;c;{base64.b64encode(TEXT.encode()).decode()}\a"


class RecordingDriver(HeadlessDriver):
    """A terminal of which one sees what is written to it."""

    written: str = ""

    def write(self, data: str) -> None:
        self.written += data


def copied(
    text: str, environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> tuple[str, str, str]:
    """What is said, what the terminal gets, and what the app's own clipboard has."""
    monkeypatch.delenv("TMUX", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    async def press() -> tuple[str, str, str]:
        app: App[None] = App()
        async with app.run_test():
            app._driver = driver = RecordingDriver(app)
            return copy(app, text), driver.written, app.clipboard

    return asyncio.run(press())


def test_a_terminal_gets_the_text_and_the_app_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    said, written, kept = copied(TEXT, {}, monkeypatch)
    assert said == f"Copied {len(TEXT)} characters."
    assert written == PLAIN
    assert kept == TEXT


def test_tmux_gets_it_wrapped_too_with_its_escapes_doubled(monkeypatch: pytest.MonkeyPatch) -> None:
    said, written, _ = copied(TEXT, {"TMUX": "/tmp/tmux-0/default,1,0"}, monkeypatch)
    doubled = PLAIN.replace("\x1b", "\x1b\x1b")
    assert written == f"{PLAIN}\x1bPtmux;{doubled}\x1b\\"
    assert "allow-passthrough" in said


def test_what_is_too_long_for_terminals_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    longest = "x" * (MOST_CHARACTERS // 4 * 3)
    assert copied(longest, {}, monkeypatch)[0] == f"Copied {len(longest):,} characters."
    said, written, kept = copied(f"{longest}xxx", {}, monkeypatch)
    assert "Too long" in said
    assert "e writes it to a file" in said
    assert (written, kept) == ("", "")


def test_half_pairs_do_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    _, written, kept = copied("a\ud800b", {}, monkeypatch)
    assert kept == "a?b"
    assert written == clipboard_sequence("a?b")
