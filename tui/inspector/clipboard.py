"""Copying through the terminal itself (OSC 52), which works over SSH too, and inside tmux and GNU screen."""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual.app import App

MOST_CHARACTERS = 100_000
"""In base64: longer ones some terminals cut off or refuse, and say nothing."""

SCREEN_CHUNK = 768
"""Characters that GNU screen passes on at once."""

ESCAPE = "\x1b"
END = f"{ESCAPE}\\"


def copy(app: App[Any], text: str) -> str:
    """Copies a text to the terminal's clipboard and to the app's own.

    Args:
        app: the app that runs.
        text: what is copied.

    Returns:
        The sentence to show: that it was copied, or why not.
    """
    # Half pairs, which have no UTF-8, become question marks.
    text = text.encode("utf-8", errors="replace").decode("utf-8")
    if len(_encoded(text)) > MOST_CHARACTERS:
        return (
            f"This is too long for a terminal's clipboard ({len(text):,} characters): "
            "e writes it to a file in place of that."
        )
    app.copy_to_clipboard(text)
    wrapped = wrapped_sequence(clipboard_sequence(text), os.environ)
    if wrapped:
        write_to_terminal(app, wrapped)
    copied = f"{len(text):,} characters"
    if "TMUX" in os.environ:
        return f"Copied {copied}. (tmux passes it on where set-clipboard or allow-passthrough is on.)"
    return f"Copied {copied}."


def clipboard_sequence(text: str) -> str:
    """The control sequence that puts a text into the terminal's clipboard."""
    return f"{ESCAPE}]52;c;{_encoded(text)}\a"


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode("utf-8")).decode("ascii")


def wrapped_sequence(sequence: str, environment: Mapping[str, str]) -> str:
    """The sequence in the form that a multiplexer passes on unread; empty where there is no multiplexer.

    Sent beside the bare one and not in place of it: which of the two tmux passes on is a matter of its
    settings, and the same text twice does no harm.
    """
    if "TMUX" in environment:
        return f"{ESCAPE}Ptmux;{sequence.replace(ESCAPE, ESCAPE * 2)}{END}"
    if "STY" in environment:
        starts = range(0, len(sequence), SCREEN_CHUNK)
        return "".join(f"{ESCAPE}P{sequence[start : start + SCREEN_CHUNK]}{END}" for start in starts)
    return ""


def write_to_terminal(app: App[Any], sequence: str) -> None:
    """Writes a control sequence between two of the app's own writes; nothing where there is no terminal."""
    # Textual gives no public way to the terminal: its own copy_to_clipboard does the same.
    driver = app._driver
    if driver is not None:
        driver.write(sequence)
