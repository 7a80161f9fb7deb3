"""The playground's prompt: enter writes on, ctrl+j begins a new line, and earlier prompts come back."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import TextArea

from tui.inspector.look.frames import titled
from tui.safe_text import safe_block

KEPT_PROMPTS = 20
"""Earlier prompts that ctrl+up brings back."""


class Prompt(TextArea):
    """A few lines of text for the models to continue."""

    DEFAULT_CSS = """
    Prompt { height: 3; padding: 0; border: none; background: $surface; }
    Prompt:focus { border: none; background: $panel; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        # With priority: the text area would else take enter for a new line, and the others, after they have
        # bubbled up to the app, would come behind letters that were typed later.
        Binding("enter", "submit", "write", priority=True, id="prompt.write",
                tooltip="Write on from the prompt"),
        Binding("ctrl+j", "new_line", "New line", show=False, priority=True, id="prompt.new_line",
                tooltip="Begin a new line of the prompt"),
        Binding("ctrl+up", "earlier(1)", "Earlier", show=False, priority=True, id="prompt.earlier",
                tooltip="The prompt before this one"),
        Binding("ctrl+down", "earlier(-1)", "Later", show=False, priority=True, id="prompt.later",
                tooltip="The prompt after this one"),
    ]  # fmt: skip

    class Submitted(Message):
        """The models are to write on."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 (textual's name)
        super().__init__(
            id=id, compact=True, highlight_cursor_line=False, placeholder="A prompt of your own (i to type)"
        )
        titled(self, "prompt")
        self._kept: list[str] = []
        self._back = 0
        """How many prompts back the shown one is; 0 for the one that is being written."""
        self._unsent = ""
        self._trail: list[str] = []
        """The earlier prompts that ctrl+up is going through."""

    def keep(self) -> None:
        """Keeps the prompt as an earlier one."""
        if self.text in self._kept:
            self._kept.remove(self.text)
        self._kept = [*self._kept, self.text][-KEPT_PROMPTS:]
        self._back = 0

    def replace_text(self, text: str) -> None:
        """Shows another prompt, the cursor at its end."""
        self.text = text
        self.move_cursor(self.document.end)

    def action_submit(self) -> None:
        self._in_turn(lambda: self.post_message(self.Submitted()))

    def action_new_line(self) -> None:
        self._in_turn(lambda: self.replace("\n", *self.selection, maintain_selection_offset=False))

    def action_earlier(self, step: int) -> None:
        self._in_turn(lambda: self._show_earlier(step))

    def _in_turn(self, action: Callable[[], object]) -> None:
        """Does it after the letters that were typed before, which wait in this widget's queue."""
        self.call_later(action)

    def _show_earlier(self, step: int) -> None:
        if self._back == 0:
            self._unsent = self.text
            self._trail = [prompt for prompt in self._kept if prompt != self.text]
        back = min(max(self._back + step, 0), len(self._trail))
        if back != self._back:
            self._back = back
            self.replace_text(self._unsent if back == 0 else self._trail[-back])

    async def _on_paste(self, event: events.Paste) -> None:
        # Escapes and NUL from a clipboard would else reach the terminal as they are.
        event.prevent_default()
        self.replace(safe_block(event.text), *self.selection, maintain_selection_offset=False)
