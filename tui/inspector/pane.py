"""What all tabs have in common."""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from textual.containers import Vertical
from textual.message import Message
from textual.widget import Widget

from cache.files import CorruptEntry
from tui.inspector.look.text import one_line

if TYPE_CHECKING:
    from textual.worker import WorkType

    from tui.inspector.lens import Lens
    from tui.inspector.session import Session

T = TypeVar("T")


@dataclass(frozen=True)
class Copied:
    """What a tab copies."""

    text: str
    what: str
    """In a few words: `3 items as JSON lines`."""


@dataclass(frozen=True)
class Exported:
    """What a tab writes to a file."""

    stem: str
    """The file's name without its suffix."""
    suffixes: tuple[str, ...]
    """The formats, such as `.csv`, the default first."""
    write: Callable[[Path], None]
    """Writes the file in the format of its suffix; called in a thread."""
    note: str = ""
    """What a format is, where its suffix does not say it."""


ROW_SUFFIXES = (".csv", ".json")
"""The formats of `write_rows`."""


def write_rows(path: Path, rows: Sequence[dict[str, Any]], document: object) -> None:
    """Writes rows as CSV, or a document with everything as JSON, as the path's suffix says.

    Raises:
        OSError: the file cannot be written.
    """
    if path.suffix.lower() == ".json":
        path.write_text(json.dumps(document, indent=2, allow_nan=False) + "\n", encoding="utf-8")
        return
    with path.open("w", encoding="utf-8", newline="") as sheet:
        writer = csv.DictWriter(sheet, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_json(path: Path, document: object) -> None:
    """Writes a document of texts as JSON, letters of all scripts as they are.

    Raises:
        OSError: the file cannot be written.
    """
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def text_table(rows: Sequence[Sequence[str]]) -> str:
    """A table as plain text, the first column aligned at its left and the others at their right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join([name.ljust(widths[0]), *map(str.rjust, row, widths[1:])]) for name, *row in rows)
    return "\n".join(line.rstrip() for line in lines)


class Pane(Vertical):
    """One tab: shows what the cache has of the lens, and what the engine is doing."""

    help_text: ClassVar[str]
    """The help of `?`: plain lines on what the tab shows."""
    has_search: ClassVar[bool] = False
    """Whether there is something to search (`/`)."""
    looks_up: ClassVar[bool] = True
    """Whether the tab looks the lens up in the cache."""

    class LensChanged(Message):
        """A tab asks to look at something else."""

        def __init__(self, lens: Lens) -> None:
            super().__init__()
            self.lens = lens

    class Failed(Message):
        """Something could not be done."""

        def __init__(self, sentence: str) -> None:
            super().__init__()
            self.sentence = sentence

    class Mended(Message):
        """What failed before is in order now."""

    def __init__(self, session: Session, *, id: str) -> None:  # noqa: A002 (textual's name)
        super().__init__(id=id)
        self.session = session
        self.lens: Lens | None = None
        self._model = session.model

    def look(self, lens: Lens) -> None:
        """Called when the tab comes to the front, and when lens or cache change while it is there.

        Nothing can be looked up before prompt form and level are settled; then it is called again.
        """
        self.lens = lens
        if self._model is not self.session.model:
            self._model = self.session.model
            self.forget_model()
        if self.session.is_settled or not self.looks_up:
            self.refresh_view(lens)
        else:
            self.tick()

    def forget_model(self) -> None:
        """Called before a lens is shown of another model."""

    def refresh_view(self, lens: Lens) -> None:
        """Shows the lens. Whatever takes more than a few milliseconds goes through `read`."""
        raise NotImplementedError

    def tick(self) -> None:
        """Called up to ten times a second while the tab is in front and the engine reports."""

    def copied(self) -> Copied | None:
        """What `y` copies; None if there is nothing."""
        return None

    def exported(self) -> Exported | None:
        """What `e` writes to a file; None if there is nothing."""
        return None

    def search(self) -> bool:
        """Starts a search (`/`); False if there is nothing to search yet."""
        return False

    def read(
        self,
        question: Callable[[], T],
        then: Callable[[T], None],
        group: str = "read",
        failed: Callable[[str], None] | None = None,
        rest_s: float = 0.0,
    ) -> None:
        """Asks in a thread, as `read_in_thread`; by default an error is shown in the line for problems."""
        read_in_thread(self, question, then, failed or self._fail, group=f"{self.id}: {group}", rest_s=rest_s)

    def _fail(self, problem: str) -> None:
        self.post_message(self.Failed(problem))


def read_in_thread(
    owner: Widget,
    question: Callable[[], T],
    then: Callable[[T], None],
    failed: Callable[[str], None],
    *,
    group: str,
    rest_s: float = 0.0,
) -> None:
    """Asks in a thread and shows the answer, unless the same group was asked again meanwhile.

    Args:
        owner: the widget that shows the answer.
        question: called in the thread.
        then: called with the answer, on the event loop.
        failed: called with the message of a ValueError, OSError or CorruptEntry, on one line.
        group: a new question replaces an older one of the same group.
        rest_s: seconds to wait before asking, so that moving on quickly costs nothing.
    """

    async def ask() -> None:
        if rest_s:
            await asyncio.sleep(rest_s)
        try:
            answer = await asyncio.to_thread(question)
        except (ValueError, OSError, CorruptEntry) as error:
            failed(one_line(error))
            return
        if owner.app.is_running:  # not while the screen is taken down
            then(answer)

    # A function, not its coroutine: a coroutine that is replaced before it began would warn.
    work: WorkType[None] = ask
    owner.run_worker(work, group=group, exclusive=True)
