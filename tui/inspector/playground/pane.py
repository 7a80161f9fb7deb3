"""The tab Playground: a prompt of one's own, and what three models write after it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.content import Content
from textual.events import DescendantFocus
from textual.widgets import Static

from core.engine.protocol import Cancel
from core.run.events import ENDED, Job
from tui.inspector.lens import Lens
from tui.inspector.pane import Copied, Exported, Pane, write_json
from tui.inspector.playground.answer import Answer, AnswerText
from tui.inspector.playground.settings_line import SettingsLine, WriteSettings
from tui.inspector.playground.writing import (
    EXAMPLES,
    VARIANTS,
    Asked,
    answer_view,
    document,
    example_prompt,
    masks_of,
    trouble,
)
from tui.inspector.session import Session
from tui.safe_text import safe_line

if TYPE_CHECKING:
    from tui.inspector.playground.prompt import Prompt

PLAIN_QUESTION = (
    "A bat and a ball cost 11 euros together. The bat costs 10 euros more. What does the ball cost?"
)
"""The first prompt for a real model."""

PROMPT_S = 5.0
"""How long the key that edits the prompt waits for it."""


class PlaygroundPane(Pane):
    """Base, MLP-only and all layers continue the same prompt."""

    looks_up: ClassVar[bool] = False  # a prompt of one's own is written as it is
    help_text: ClassVar[str] = """\
Write a prompt; three models continue it, one after the other:
base is the intact model; MLP-only and all layers are the model without the weights that the lens takes from
the MLP matrices, or from all matrices of the layers. Both use the ability, selection and k of the lens.

The first word that differs from base is marked, and what follows it has another colour.
Above each answer: its tokens, tokens a second, why it ended, and how it compares with base; of the chosen
one also the first token that differs: base's and its own, each with its probability to base and to it.

i        edit the prompt; esc leaves it
enter    write (also in the prompt); ctrl+j begins a new line there
ctrl+up  an earlier prompt, ctrl+down a later one (in the prompt)
o        an item of the ability as a prompt (ctrl+o in the prompt)
c        stop writing
h l      the answer before or after; j k g G scroll it; y copies it; e writes all three to a file
w        the settings: h l choose one, + - change it, enter types a value
T        plain, as benchmarks run by default, or in the model's chat template: the settings begin with which
temperature 0 takes the most likely token, and then the seed changes nothing.
factor   what the selected weights are multiplied by: 0 ablates, 0.5 halves, 1 leaves them as they are, and
then all three answers are the same, unless something is wrong.

The embedded models know a few hundred words; unknown words in the prompt are named."""

    SCOPED_CSS: ClassVar[bool] = False
    DEFAULT_CSS = """
    PlaygroundPane { padding: 0 1; }
    PlaygroundPane #answers { height: 1fr; layout: vertical; }
    Screen.-wide PlaygroundPane #answers { layout: horizontal; }
    PlaygroundPane #controls { dock: top; height: auto; }
    PlaygroundPane #prompt-place { height: auto; min-height: 3; }
    Screen.-tall PlaygroundPane Prompt { height: 5; }
    PlaygroundPane #hint { height: 1; text-overflow: ellipsis; text-wrap: nowrap; }
    Screen.-tall PlaygroundPane #hint { height: 2; text-wrap: wrap; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "write", "write", id="playground.write", tooltip="Write on from the prompt"),
        Binding("i", "edit", "edit prompt", id="playground.edit", tooltip="Edit the prompt"),
        Binding("o,ctrl+o", "example", "example", id="playground.example",
                tooltip="An item of the ability as a prompt"),
        Binding("w", "settings", "settings", id="playground.settings",
                tooltip="Change temperature, seed, length or factor"),
        Binding("T", "chat", "plain or chat", id="playground.chat",
                tooltip="The prompt as it is, or in the model's chat template"),
        Binding("c", "stop", "stop writing", id="playground.stop", tooltip="Stop writing"),
        Binding("escape", "back", "back", id="playground.back", tooltip="Leave the prompt or the settings"),
    ]  # fmt: skip

    def __init__(self, session: Session, *, id: str) -> None:  # noqa: A002 (textual's name)
        super().__init__(session, id=id)
        self._asked: Asked | None = None
        self._was_taken_up = False
        """Whether the engine has listed the job."""
        self._chosen = 0
        self._prompt: Prompt | None = None
        self._is_prompt_there = asyncio.Event()
        self._first_prompt = "" if session.spec.model.is_embedded else PLAIN_QUESTION
        self._examples: dict[str, int] = {}
        """How many examples of each ability were shown."""
        self._example: tuple[str, str] | None = None
        """Ability and text of the example in the prompt, as long as it follows the lens."""
        self._answers = [Answer(session.marks, id=f"answer-{variant}") for variant in VARIANTS]
        self._settings = SettingsLine(session.marks, chat=session.spec.benchmarks.chat, id="write-settings")

    def compose(self) -> ComposeResult:
        # The answers come first, and the controls are docked above them: so the focus begins on an answer,
        # where the keys of all tabs work, and not in the prompt, which takes them for text.
        with Container(id="answers"):
            yield from self._answers
        with Vertical(id="controls"):
            yield Vertical(id="prompt-place")
            yield self._settings
            yield Static(id="hint", markup=False)

    def on_mount(self) -> None:
        self._choose(0)

    # Showing

    @property
    def prompt(self) -> str:
        """The text in the prompt."""
        return self._first_prompt if self._prompt is None else self._prompt.text

    @property
    def settings(self) -> WriteSettings:
        """How the next answers are written."""
        return self._settings.settings

    def forget_model(self) -> None:
        self._asked, self._was_taken_up = None, False

    def refresh_view(self, lens: Lens) -> None:
        if self._prompt is None:
            # Text areas take tens of milliseconds to import, which the first screen need not wait for.
            self.read(lambda: import_module("tui.inspector.playground.prompt"), self._mount_prompt, "prompt")
        elif self._example is not None and self._example[0] != lens.ability:
            self.action_example()
        self.tick()

    def tick(self) -> None:
        job = self._job
        self._was_taken_up = self._was_taken_up or job is not None
        for pane, answer in enumerate(self._answers):
            if self._is_lost:
                # What it wrote stays on the screen.
                answer.show(replace(answer.view, state=("the engine ended",)))
            else:
                answer.show(answer_view(self.session.activity, job, self._asked, pane))
        self._show_hint()

    def _mount_prompt(self, module: Any) -> None:
        if self._prompt is not None:
            return
        self._prompt = module.Prompt(id="prompt")
        self._prompt.text = self._first_prompt
        self.query_one("#prompt-place").mount(self._prompt)
        self._is_prompt_there.set()
        if not self._first_prompt:
            self.action_example()

    def _show_hint(self) -> None:
        job, activity, asked = self._job, self.session.activity, self._asked
        if self._is_lost:
            restart = "R starts it again, then " if activity.link == "lost" else ""
            hint = Content(f"The engine ended before it was done: {restart}enter writes again")
        elif problem := trouble(activity, job, asked, self.session.spec.model.name):
            hint = Content(safe_line(problem))
        elif asked is not None and self._is_stale and not self._is_writing:
            words = f" at {asked.settings.factor:g}" if asked.settings.factor else ""
            hint = Content(f"shown: {asked.mask_words}{words} · enter writes again")
        elif asked is None and job is not None:
            hint = Content(f"found when the inspector opened: {safe_line(job.title)}{self.session.marks.cut}")
        else:
            hint = Content.styled(self._keys_here(), "dim")
        self.query_one("#hint", Static).update(hint)

    def _keys_here(self) -> str:
        if self._prompt is not None and self._prompt.has_focus:
            return "enter writes · ctrl+j new line · ctrl+up earlier · esc back"
        if self._settings.is_typing:
            return "type a number · enter takes it · esc forgets it"
        if self._settings.has_focus:
            return "h l choose · + - change · enter types a value · i prompt"
        if self._is_writing:
            return "c stops"
        return "enter writes · i prompt · o example · w settings"

    @property
    def _job(self) -> Job | None:
        """The engine's job for what is shown: asked for here, or found running."""
        activity = self.session.activity
        if self._asked is not None:
            return self._asked.job_in(activity)
        found = [job for job in activity.jobs.values() if job.kind == "generation"]
        return found[-1] if found and (found[-1].id, 0) in activity.texts else None

    @property
    def _is_lost(self) -> bool:
        """Whether the engine ended, and its unfinished job with it."""
        return self._was_taken_up and self._job is None

    @property
    def _is_writing(self) -> bool:
        job = self._job
        return job is not None and job.state not in ENDED and self.session.activity.link == "connected"

    @property
    def _is_stale(self) -> bool:
        """Whether lens or settings have changed since the answers were asked for."""
        if self._asked is None or self.lens is None:
            return False
        return (self._asked.masks, self._asked.settings) != (masks_of(self.lens), self.settings)

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leaves esc to the app where there is no prompt to leave; embedded models have no chat template."""
        if action == "stop":
            return self._is_writing
        if action == "chat":
            return not self.session.spec.model.is_embedded
        focused = self.screen.focused
        return action != "back" or not (focused is None or isinstance(focused, AnswerText))

    def action_write(self) -> None:
        if self.lens is None or self._prompt is None:
            return
        if not self.prompt.strip():
            self.post_message(self.Failed("The prompt is empty: press i and type one."))
            return
        self.post_message(self.Mended())
        self._stop()
        activity = self.session.activity
        is_cloze = self.session.spec.model.is_embedded
        jobs = frozenset(activity.jobs)
        asked = Asked(self.prompt, masks_of(self.lens), self.settings, jobs, is_cloze)
        self.session.send(asked.command)
        if self.session.readonly or activity.link != "connected":
            return
        self._asked, self._was_taken_up, self._example = asked, False, None
        self._prompt.keep()
        self.tick()

    async def action_edit(self) -> None:
        with suppress(TimeoutError):  # what is typed next waits, too
            await asyncio.wait_for(self._is_prompt_there.wait(), PROMPT_S)
        if self._prompt is not None:
            self._prompt.focus()

    def action_settings(self) -> None:
        self._settings.focus()

    def action_chat(self) -> None:
        self._settings.switch_chat()

    def action_stop(self) -> None:
        self._stop()

    def action_back(self) -> None:
        self._answers[self._chosen].body.focus()

    def action_example(self) -> None:
        lens, spec = self.lens, self.session.experiment.spec
        if lens is not None:
            index = self._examples.get(lens.ability, 0) % EXAMPLES
            self._examples[lens.ability] = index + 1
            show = partial(self._show_example, self.prompt)
            self.read(partial(example_prompt, lens.ability, spec, index), show, "example")

    def _show_example(self, before: str, found: tuple[str, str]) -> None:
        """Shows an example, unless something was typed since it was asked for."""
        if self._prompt is not None and self.prompt == before:
            self._prompt.replace_text(found[1])
            self._example = found
            self.post_message(self.Mended())  # the prompt is not empty any more

    def _stop(self) -> None:
        job = self._job
        if job is not None and self._is_writing:
            self.session.send(Cancel(job.id))

    def _choose(self, pane: int) -> None:
        self._chosen = pane
        for number, answer in enumerate(self._answers):
            answer.choose(number == pane)

    # Messages of the widgets

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        if isinstance(event.widget, AnswerText):
            self._choose([answer.body for answer in self._answers].index(event.widget))
        self._show_hint()

    def on_descendant_blur(self) -> None:
        self._show_hint()

    def on_prompt_submitted(self) -> None:
        self.action_write()

    def on_text_area_changed(self) -> None:
        if self._example is not None and self.prompt != self._example[1]:
            self._example = None

    def on_settings_line_changed(self) -> None:
        self.post_message(self.Mended())
        self._show_hint()

    def on_settings_line_refused(self, message: SettingsLine.Refused) -> None:
        self.post_message(self.Failed(message.sentence))

    # Copying and exporting

    def copied(self) -> Copied | None:
        view = self._answers[self._chosen].view
        return Copied(view.text, f"the answer of {view.label}") if view.text else None

    def exported(self) -> Exported | None:
        job, texts = self._job, [answer.view.text for answer in self._answers]
        if job is None or not any(texts):
            return None
        model = self.session.spec.model.name
        content = document(self.session.activity, job, self._asked, model, texts)
        return Exported("answers", (".json",), lambda path: write_json(path, content))
