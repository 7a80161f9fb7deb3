"""Copying to the terminal's clipboard (OSC 52, plain and through tmux), and writing to a file."""

from __future__ import annotations

import asyncio
import base64
import os
import uuid
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from cache.files import TEMPORARY_SUFFIX
from tui.inspector.pane import Exported
from tui.inspector.screens.dialogs import FRAME_CSS
from tui.safe_text import safe_line

if TYPE_CHECKING:
    from textual.app import App, ComposeResult

MOST_CHARACTERS = 100_000
"""Most characters in base64: some terminals silently cut or drop more."""

ESCAPE = "\x1b"


def copy(app: App[Any], text: str) -> str:
    """Copies a text to the terminal's clipboard and to the app's own; returns the sentence to show."""
    # Half pairs, which have no UTF-8, become question marks.
    text = text.encode("utf-8", errors="replace").decode("utf-8")
    if len(_encoded(text)) > MOST_CHARACTERS:
        return f"Too long for a terminal's clipboard ({len(text):,} characters): e writes it to a file."
    app.copy_to_clipboard(text)
    copied = f"Copied {len(text):,} characters."
    if "TMUX" not in os.environ:
        return copied
    # Its settings decide whether tmux passes on the plain or the wrapped sequence; both do no harm.
    # The driver is private, but Textual's own copy_to_clipboard has no other way to the terminal either.
    if app._driver is not None:
        app._driver.write(tmux_sequence(clipboard_sequence(text)))
    return f"{copied} (tmux needs set-clipboard or allow-passthrough on.)"


def clipboard_sequence(text: str) -> str:
    """The control sequence that puts a text into the terminal's clipboard."""
    return f"{ESCAPE}]52;c;{_encoded(text)}\a"


def tmux_sequence(sequence: str) -> str:
    """The sequence wrapped so that tmux passes it to its own terminal unread."""
    return f"{ESCAPE}Ptmux;{sequence.replace(ESCAPE, ESCAPE * 2)}{ESCAPE}\\"


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode("utf-8")).decode("ascii")


def default_name(exported: Exported, now: datetime) -> str:
    """The proposed file name: content, time, and the default format."""
    return f"{exported.stem}-{now:%Y-%m-%d-%H%M}{exported.suffixes[0]}"


def export_path(typed: str, exported: Exported, folder: Path) -> Path:
    """The path of the file to write.

    Args:
        typed: a path; `~` is the home folder; without a suffix it gets the default one.
        exported: the export.
        folder: start of relative paths.

    Raises:
        ValueError: a folder, a path in no folder, or an unknown format.
    """
    if not typed.strip():
        raise ValueError("Write the path of a file.")
    path = folder / Path(typed.strip()).expanduser()
    if path.is_dir():
        raise ValueError(f"{path} is a folder: add a file name.")
    if not path.suffix:
        path = path.with_name(f"{path.name}{exported.suffixes[0]}")
    if path.suffix.lower() not in exported.suffixes:
        known = ", ".join(exported.suffixes)
        raise ValueError(f"Unknown format '{path.suffix}': end the name in {known}.")
    if not path.parent.is_dir():
        raise ValueError(f"No folder {path.parent}: make it, or choose another one.")
    return path


def other_suffix(typed: str, suffixes: tuple[str, ...]) -> str:
    """The same path in the next format."""
    path = Path(typed)
    if path.suffix in suffixes:
        following = suffixes[(suffixes.index(path.suffix) + 1) % len(suffixes)]
        return typed.removesuffix(path.suffix) + following
    return f"{typed}{suffixes[0]}"


def write_export(exported: Exported, path: Path) -> None:
    """Writes the file, whole or not at all, replacing one that exists: for a thread.

    Raises:
        OSError: it cannot be written; an existing file is untouched.
    """
    # The suffix stays last: it is the format.
    temporary = path.with_name(f".{uuid.uuid4().hex}{TEMPORARY_SUFFIX}{path.suffix}")
    try:
        exported.write(temporary)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def screen_picture(svg: str) -> Exported:
    """The whole screen as a picture; `svg` was taken before any dialog opened."""

    def write(path: Path) -> None:
        path.write_text(svg, encoding="utf-8")

    return Exported("abilityscope-screen", (".svg",), write)


class ExportScreen(ModalScreen[Path | None]):
    """Asks for a path and writes the file; gives its path or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back", id="export.back", tooltip="Write nothing"),
        Binding("tab", "format", "format", id="export.format", priority=True, tooltip="The next format"),
    ]

    SCOPED_CSS: ClassVar[bool] = False
    DEFAULT_CSS = FRAME_CSS.format(name="ExportScreen")

    def __init__(self, exported: Exported, folder: Path | None = None, now: datetime | None = None) -> None:
        """Makes the dialog; `folder` starts relative paths, `now` is the time in the proposed name."""
        super().__init__()
        self._exported = exported
        self._folder = folder or Path.cwd()
        self._proposed = default_name(exported, now or datetime.now())
        self._replaced: Path | None = None
        """The existing file that the next enter replaces."""

    def compose(self) -> ComposeResult:
        several = len(self._exported.suffixes) > 1
        with Vertical(id="frame") as frame:
            frame.border_title = "Write to a file"
            frame.border_subtitle = f"enter writes   {'tab format   ' if several else ''}esc back"
            yield Static(safe_line(f"In {self._folder}"), markup=False)
            yield Input(self._proposed, compact=True)
            if several:
                yield Static(f"Formats: {' '.join(self._exported.suffixes)}", markup=False)
            if self._exported.note:
                yield Static(self._exported.note, markup=False)
            yield Static("", classes="problem", markup=False)

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    def _say(self, sentence: str) -> None:
        self.query_one(".problem", Static).update(safe_line(sentence))

    @on(Input.Changed)
    def _ask_anew(self) -> None:
        self._replaced = None
        self._say("")

    @on(Input.Submitted)
    def _take(self, event: Input.Submitted) -> None:
        try:
            path = export_path(event.value, self._exported, self._folder)
        except ValueError as error:
            self._say(str(error))
            return
        if path.exists() and path != self._replaced:
            self._replaced = path
            self._say(f"{path.name} exists. Enter again replaces it; or write another name.")
            return
        self.run_worker(self._write(path), group="export", exclusive=True)

    async def _write(self, path: Path) -> None:
        self._say("Writing.")
        try:
            await asyncio.to_thread(write_export, self._exported, path)
        except (OSError, ValueError) as error:
            self._say(f"{path.name} could not be written: {error}")
        else:
            self.app.notify(f"Written: {safe_line(str(path))}", markup=False)
            self.dismiss(path)

    def action_format(self) -> None:
        """Turns to the next format."""
        line = self.query_one(Input)
        line.value = other_suffix(line.value, self._exported.suffixes)
        line.cursor_position = len(line.value)

    def action_back(self) -> None:
        """Closes the dialog without a file."""
        self.dismiss(None)
