"""What all tabs have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual.containers import Vertical
from textual.message import Message

from tui.inspector.look.text import one_line

if TYPE_CHECKING:
    from pathlib import Path

    from textual.worker import WorkType

    from tui.inspector.lens import Lens
    from tui.inspector.session import Session

T = TypeVar("T")


@dataclass(frozen=True)
class Copied:
    """What a tab gives for the clipboard."""

    text: str
    what: str
    """What it is, in a few words: `3 items as JSON lines`."""


@dataclass(frozen=True)
class Exported:
    """What a tab gives for a file."""

    stem: str
    """The file's name without its suffix."""
    suffixes: tuple[str, ...]
    """The formats that there are, the usual one first, such as `.csv`."""
    write: Callable[[Path], None]
    """Writes the file, in the format that its suffix names; called in a thread."""


class Pane(Vertical):
    """One tab: shows what the lens looks at, from the cache, and what the engine is doing."""

    title: ClassVar[str]
    help_text: ClassVar[str]
    """What it shows and which keys it has, for `?`; plain lines."""

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

    def __init__(self, session: Session, *, id: str) -> None:  # noqa: A002 (textual's name)
        super().__init__(id=id)
        self.session = session
        self.lens: Lens | None = None

    def look(self, lens: Lens) -> None:
        """Called when the tab comes to the front, and while it is there whenever lens or cache change."""
        self.lens = lens
        self.refresh_view(lens)

    def refresh_view(self, lens: Lens) -> None:
        """Shows what the lens looks at. Whatever takes more than a few milliseconds goes through `read`."""
        raise NotImplementedError

    def tick(self) -> None:
        """Called up to ten times a second while the tab is in front and the engine tells something."""

    def copied(self) -> Copied | None:
        """What `y` copies; None if there is nothing."""
        return None

    def exported(self) -> Exported | None:
        """What `e` writes to a file; None if there is nothing."""
        return None

    def search(self) -> bool:
        """Starts a search (`/`); False if there is nothing to search."""
        return False

    def read(self, question: Callable[[], T], then: Callable[[T], None], group: str = "read") -> None:
        """Asks in a thread, and shows the answer unless the same group was asked again meanwhile.

        A ValueError, OSError or CorruptEntry is said on the screen in its own words.
        """
        # A function, not its coroutine: a coroutine that is replaced before it began would warn.
        work: WorkType[None] = partial(self._ask, question, then)
        self.run_worker(work, group=f"{self.id}: {group}", exclusive=True)

    async def _ask(self, question: Callable[[], T], then: Callable[[T], None]) -> None:
        from cache.files import CorruptEntry

        try:
            answer = await asyncio.to_thread(question)
        except (ValueError, OSError, CorruptEntry) as error:
            self.post_message(self.Failed(one_line(error)))
            return
        if self.app.is_running:  # nobody sees what comes while the screen is taken down
            then(answer)
