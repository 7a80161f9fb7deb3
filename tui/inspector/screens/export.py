"""Writing what a tab gives to a file, and copying it to the terminal's clipboard."""

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
"""In base64: longer ones some terminals cut off or refuse, and say nothing."""

ESCAPE = "\x1b"


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
    copied = f"Copied {len(text):,} characters."
    if "TMUX" not in os.environ:
        return copied
    # Its settings decide whether tmux passes on the plain or the wrapped sequence; both do no harm.
    # The driver is private, but Textual's own copy_to_clipboard has no other way to the terminal either.
    if app._driver is not None:
        app._driver.write(tmux_sequence(clipboard_sequence(text)))
    return f"{copied} (tmux passes it on where set-clipboard or allow-passthrough is on.)"


def clipboard_sequence(text: str) -> str:
    """The control sequence that puts a text into the terminal's clipboard."""
    return f"{ESCAPE}]52;c;{_encoded(text)}\a"


def tmux_sequence(sequence: str) -> str:
    """The sequence wrapped so that tmux passes it to its own terminal unread."""
    return f"{ESCAPE}Ptmux;{sequence.replace(ESCAPE, ESCAPE * 2)}{ESCAPE}\\"


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode("utf-8")).decode("ascii")


SCREEN_STEM = "abilityscope-screen"


def default_name(exported: Exported, now: datetime) -> str:
    """What a file is called unless the person names it: what it is, when, and in the usual format."""
    return f"{exported.stem}-{now:%Y-%m-%d-%H%M}{exported.suffixes[0]}"


def export_path(typed: str, exported: Exported, folder: Path) -> Path:
    """The file that a person means.

    Args:
        typed: a path; `~` is the home folder; without a suffix the usual one is put behind it.
        exported: what is to be written.
        folder: where a relative path begins.

    Raises:
        ValueError: it is no path of a file in a folder that there is, or of no format that there is.
    """
    if not typed.strip():
        raise ValueError("Write the path of a file.")
    path = folder / Path(typed.strip()).expanduser()
    if path.is_dir():
        raise ValueError(f"{path} is a folder: write the name of a file behind it.")
    if not path.suffix:
        path = path.with_name(f"{path.name}{exported.suffixes[0]}")
    if path.suffix.lower() not in exported.suffixes:
        known = ", ".join(exported.suffixes)
        raise ValueError(f"There is no format '{path.suffix}' for this: end the name in {known}.")
    if not path.parent.is_dir():
        raise ValueError(f"There is no folder {path.parent}: make it, or choose another one.")
    return path


def other_suffix(typed: str, suffixes: tuple[str, ...]) -> str:
    """The same path in the next of the formats."""
    path = Path(typed)
    if path.suffix in suffixes:
        following = suffixes[(suffixes.index(path.suffix) + 1) % len(suffixes)]
        return typed.removesuffix(path.suffix) + following
    return f"{typed}{suffixes[0]}"


def write_export(exported: Exported, path: Path) -> None:
    """Writes the file, over one that is there; waits for the disk: for a thread.

    Raises:
        OSError: it cannot be written; what was there before is untouched.
    """
    # The suffix stays the last part of the name, since it says in which format to write.
    temporary = path.with_name(f".{uuid.uuid4().hex}{TEMPORARY_SUFFIX}{path.suffix}")
    try:
        exported.write(temporary)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def screen_picture(svg: str) -> Exported:
    """The whole screen as a picture.

    Args:
        svg: as `App.export_screenshot` gives it, taken before any dialog lies over the screen.
    """
    return Exported(SCREEN_STEM, (".svg",), lambda path: _write_text(path, svg))


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


class ExportScreen(ModalScreen[Path | None]):
    """One line for the path; gives the path of the file that was written, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back", id="export.back", tooltip="Write nothing"),
        Binding("tab", "format", "format", id="export.format", priority=True, tooltip="The next format"),
    ]

    SCOPED_CSS: ClassVar[bool] = False
    DEFAULT_CSS = FRAME_CSS.format(name="ExportScreen")

    def __init__(self, exported: Exported, folder: Path | None = None, now: datetime | None = None) -> None:
        """Makes the dialog.

        Args:
            exported: what is to be written.
            folder: where relative paths begin; the current folder by default.
            now: the time for the file's name; the current time by default.
        """
        super().__init__()
        self._exported = exported
        self._folder = folder or Path.cwd()
        self._proposed = default_name(exported, now or datetime.now())
        self._replaced: Path | None = None
        """The file that is there already, and that the person was asked about."""

    def compose(self) -> ComposeResult:
        several = len(self._exported.suffixes) > 1
        with Vertical(id="frame") as frame:
            frame.border_title = "Write to a file"
            frame.border_subtitle = f"enter writes   {'tab format   ' if several else ''}esc back"
            yield Static(safe_line(f"In {self._folder}"), markup=False)
            yield Input(self._proposed, compact=True)
            if several:
                yield Static(f"Formats: {' '.join(self._exported.suffixes)}", markup=False)
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
            self._say(f"{path.name} is there already. Enter again replaces it; or write another name.")
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
        """Goes to the next format."""
        line = self.query_one(Input)
        line.value = other_suffix(line.value, self._exported.suffixes)
        line.cursor_position = len(line.value)

    def action_back(self) -> None:
        """Leaves without a file."""
        self.dismiss(None)
