"""The playground's settings on one line, changed by keys."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from tui.inspector.look.frames import CHOSEN
from tui.inspector.look.marks import Marks

Name = Literal["temperature", "seed", "tokens", "factor"]
NAMES: tuple[Name, ...] = ("temperature", "seed", "tokens", "factor")

WHOLE: tuple[Name, ...] = ("seed", "tokens")
"""Settings with whole numbers."""

STEPS: dict[Name, tuple[float, ...]] = {
    "temperature": (0, 0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.5, 2),
    "tokens": (8, 16, 32, 64, 128, 256, 512, 1024),
    "factor": (0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 2),
}
"""The values that `+` and `-` step through; the seed changes by 1."""

HIGHEST: dict[Name, float] = {"temperature": 10, "seed": 2**31 - 1, "tokens": 32_768, "factor": 10}

FACTOR_WORDS = {0.0: "ablated", 0.5: "halved", 1.0: "intact"}

TYPED = frozenset("0123456789.")
LONGEST_ENTRY = 10


@dataclass(frozen=True)
class WriteSettings:
    """How answers are written."""

    temperature: float = 0.0
    """0 takes the most likely token."""
    seed: int = 0
    tokens: int = 64
    """Maximum for each answer."""
    factor: float = 0.0
    """What the selected weights are multiplied by: 0 ablates, 1 leaves them."""
    chat: bool = False
    """Whether the prompt goes into the model's chat template."""

    def stepped(self, name: Name, direction: int) -> WriteSettings:
        """One setting a step up (direction 1) or down (-1), as far as there are steps."""
        value = float(getattr(self, name))
        if name == "seed":
            return self.having(name, max(0.0, value + direction))
        beyond = [step for step in STEPS[name] if (step > value if direction > 0 else step < value)]
        if not beyond:
            return self
        return self.having(name, min(beyond) if direction > 0 else max(beyond))

    def typed(self, name: Name, entry: str) -> WriteSettings:
        """One setting as a person typed it.

        Raises:
            ValueError: it is not a number, or out of range; the message says what is allowed.
        """
        lowest, highest = (1 if name == "tokens" else 0), HIGHEST[name]
        try:
            value = float(int(entry) if name in WHOLE else float(entry))
        except ValueError:
            value = math.nan
        if not lowest <= value <= highest:
            kind = "a whole number" if name in WHOLE else "a number"
            raise ValueError(f"The {name} is '{entry}': give {kind} from {lowest} to {highest:g}.")
        return self.having(name, value)

    def having(self, name: Name, value: float) -> WriteSettings:
        """Another value of one setting."""
        changed: dict[str, Any] = {name: int(value) if name in WHOLE else value}
        return replace(self, **changed)

    def text_of(self, name: Name) -> str:
        """The value of a setting, as it is shown."""
        return str(getattr(self, name)) if name in WHOLE else f"{getattr(self, name):g}"


class SettingsLine(Widget, can_focus=True):
    """The settings on one line; one of them is chosen, and the keys change it."""

    DEFAULT_CSS = """
    SettingsLine { height: 1; color: $foreground; }
    SettingsLine:focus { background: $surface; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("h,left", "choose(-1)", "Setting", show=False, id="settings.previous",
                tooltip="The setting before this one"),
        Binding("l,right", "choose(1)", "Setting", show=False, id="settings.next",
                tooltip="The setting after this one"),
        Binding("plus,k,up", "step(1)", "More", show=False, id="settings.more", tooltip="Raise the setting"),
        Binding("minus,j,down", "step(-1)", "Less", show=False, id="settings.less",
                tooltip="Lower the setting"),
        Binding("enter", "enter", "type a value", show=True, id="settings.enter",
                tooltip="Type a value; enter again takes it"),
        Binding("escape", "leave", "Back", show=False, id="settings.leave", tooltip="Forget what was typed"),
    ]  # fmt: skip

    class Changed(Message):
        """A setting has another value."""

    class Refused(Message):
        """What was typed is not a value of the setting."""

        def __init__(self, sentence: str) -> None:
            super().__init__()
            self.sentence = sentence

    def __init__(self, marks: Marks, *, chat: bool, id: str) -> None:  # noqa: A002 (textual's name)
        super().__init__(id=id)
        self._marks = marks
        self.settings = WriteSettings(chat=chat)
        self.chosen: Name = "temperature"
        self._entry: str | None = None

    @property
    def is_typing(self) -> bool:
        """Whether keys are taken as digits of a value."""
        return self._entry is not None

    def render(self) -> Content:
        parts = [Content.styled("chat" if self.settings.chat else "plain", "bold")]
        for name in NAMES:
            is_chosen = self.has_focus and name == self.chosen
            mark = self._marks.chosen if is_chosen else " "
            is_typed = name == self.chosen and self._entry is not None
            value = f"{self._entry}_" if is_typed else self.settings.text_of(name)
            parts.append(Content.styled(f"{mark}{name} ", "" if is_chosen else "dim"))
            parts.append(Content.styled(value, CHOSEN if is_chosen else "bold"))
        if word := FACTOR_WORDS.get(self.settings.factor):
            parts.append(Content.styled(f" {word}", "dim"))
        return Content("").join(parts)

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Marks all that is typed during an entry as text: no letter acts as a command then."""
        return self._entry is not None and character is not None and character.isprintable()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only enter and esc act while a value is typed; esc acts only then."""
        if action == "leave":
            return self._entry is not None
        return action == "enter" or self._entry is None

    def on_key(self, event: events.Key) -> None:
        if self._entry is None:
            return
        if event.character is not None and event.character in TYPED:
            self._entry = (self._entry + event.character)[:LONGEST_ENTRY]
        elif event.key == "backspace":
            self._entry = self._entry[:-1]
        elif not event.is_printable:
            return
        # Other letters are the app's commands, which nobody means in the middle of a number.
        event.stop()
        event.prevent_default()
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        end = 5
        for name in NAMES:
            end += len(name) + len(self.settings.text_of(name)) + 2
            if event.x <= end:
                self.chosen = name
                break
        self.refresh()

    def on_blur(self) -> None:
        self._entry = None
        self.refresh()

    def on_focus(self) -> None:
        self.refresh()

    def action_choose(self, step: int) -> None:
        self.chosen = NAMES[(NAMES.index(self.chosen) + step) % len(NAMES)]
        self.refresh()

    def action_step(self, direction: int) -> None:
        self._change(lambda settings: settings.stepped(self.chosen, direction))

    def switch_chat(self) -> None:
        """Puts the prompt into the chat template, or no longer."""
        self._change(lambda settings: replace(settings, chat=not settings.chat))

    def action_enter(self) -> None:
        if self._entry is None:
            self._entry = ""
        else:
            entry, self._entry = self._entry, None
            if entry:
                self._change(lambda settings: settings.typed(self.chosen, entry))
        self.refresh()

    def action_leave(self) -> None:
        self._entry = None
        self.refresh()

    def _change(self, change: Callable[[WriteSettings], WriteSettings]) -> None:
        try:
            self.settings = change(self.settings)
        except ValueError as error:
            self.post_message(self.Refused(str(error)))
        else:
            self.post_message(self.Changed())
        self.refresh()
