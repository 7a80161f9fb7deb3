"""The tab Playground: a prompt of one's own, and what three models write after it."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.content import Content
from textual.events import DescendantBlur, DescendantFocus
from textual.widgets import Static

from core.engine.protocol import Cancel
from core.experiment.events import ENDED
from tui.inspector.pane import Copied, Exported, Pane
from tui.inspector.playground.answer import Answer, AnswerText
from tui.inspector.playground.divergence import token_divergence
from tui.inspector.playground.settings_line import SettingsLine, WriteSettings
from tui.inspector.playground.writing import (
    VARIANTS,
    Asked,
    answer_view,
    lost_words,
    mask_words,
    masks_of,
    trouble,
)
from tui.safe_text import safe_line

if TYPE_CHECKING:
    from pathlib import Path

    from textual.app import ComposeResult

    from core.experiment.events import Job
    from core.models.spec import ModelSpec
    from tui.inspector.lens import Lens
    from tui.inspector.playground.prompt import Prompt
    from tui.inspector.session import Session

PLAIN_QUESTION = (
    "A bat and a ball cost 11 euros together. The bat costs 10 euros more. What does the ball cost?"
)
"""The first prompt for a real model."""

EXAMPLES = 20
"""Items of an ability that `o` goes through."""


class PlaygroundPane(Pane):
    """Base, MLP-only and all layers write on from the same prompt."""

    title: ClassVar[str] = "Playground"
    help_text: ClassVar[str] = """\
Write a prompt; three models go on from it, one after the other:
base is the intact model; MLP-only and all layers are the model without the weights that the lens takes from
the MLP matrices, or from all matrices of the layers. Both use the ability, selection and k of the lens.

The first word that differs from base is marked, and what follows it has another colour.
Above each answer: its tokens, tokens a second, why it ended, and how it compares with base; of the chosen
one also the first token that differs: base's and its own, each with its probability to base and to it.

i        edit the prompt; esc leaves it
enter    write (also in the prompt); ctrl+j begins a new line there
ctrl+up  an earlier prompt, ctrl+down a later one (in the prompt)
o        an item of the ability as a prompt (ctrl+o in the prompt)
esc      stop writing
h l      the answer before or after; j k g G scroll it; y copies it; e writes all three to a file
w        the settings: h l choose one, + - change it, enter types a value
temperature 0 takes the most likely token, and then the seed changes nothing.
factor   what the selected weights are multiplied by: 0 ablates, 0.5 halves, 1 leaves them as they are, and
then all three answers are the same, unless something is wrong.

The embedded models know a few hundred words; words of the prompt that they lack are named."""

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
        Binding("i", "edit", "prompt", id="playground.edit", tooltip="Edit the prompt"),
        Binding("o,ctrl+o", "example", "example", id="playground.example",
                tooltip="An item of the ability as a prompt"),
        Binding("w", "settings", "settings", id="playground.settings",
                tooltip="Change temperature, seed, length or factor"),
        Binding("escape", "stop", "stop", id="playground.stop", tooltip="Stop writing, or leave the prompt"),
    ]  # fmt: skip

    def __init__(self, session: Session, *, id: str) -> None:  # noqa: A002 (textual's name)
        super().__init__(session, id=id)
        self._asked: Asked | None = None
        self._was_taken_up = False
        """Whether the engine has said what job it is."""
        self._chosen = 0
        self._prompt: Prompt | None = None
        self._first_prompt = "" if session.spec.model.is_embedded else PLAIN_QUESTION
        self._examples: dict[str, int] = {}
        """How many examples of each ability were shown."""
        self._example: tuple[str, str] | None = None
        """The ability and the text of the example in the prompt, as long as it follows the lens."""

    def compose(self) -> ComposeResult:
        # The answers come first, and the controls are docked above them: so the focus begins on an answer,
        # where the keys of all tabs work, and not in the prompt, which takes them for text.
        with Container(id="answers"):
            for variant in VARIANTS:
                yield Answer(self.session.marks, id=f"answer-{variant}")
        with Vertical(id="controls"):
            yield Vertical(id="prompt-place")
            yield SettingsLine(self.session.marks, id="write-settings")
            yield Static(id="hint", markup=False)

    def on_mount(self) -> None:
        self._choose(0)

    # What is shown

    @property
    def prompt(self) -> str:
        """The text in the prompt."""
        return self._first_prompt if self._prompt is None else self._prompt.text

    @prompt.setter
    def prompt(self, text: str) -> None:
        self._example = None
        if self._prompt is None:
            self._first_prompt = text
        else:
            self._prompt.replace_text(text)

    @property
    def settings(self) -> WriteSettings:
        """How the next answers are written."""
        return self.query_one(SettingsLine).settings

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
            if self._was_taken_up and job is None:
                # The engine ended, and its unfinished job with it; what it wrote stays on the screen.
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
        if not self._first_prompt:
            self.action_example()

    def _show_hint(self) -> None:
        job, model = self._job, self.session.spec.model.name
        if self._was_taken_up and job is None:
            hint = Content(lost_words(self.session.activity))
        elif problem := trouble(self.session.activity, job, self._asked, model):
            hint = Content(safe_line(problem))
        elif self._is_stale and not self._is_writing:
            assert self._asked is not None, "only answers can be stale"
            words = f" at {self._asked.settings.factor:g}" if self._asked.settings.factor else ""
            hint = Content(f"enter writes anew: this is {mask_words(self._asked.masks)}{words}")
        elif self._asked is None and job is not None:
            hint = Content(f"found when the inspector opened: {safe_line(job.title)}{self.session.marks.cut}")
        else:
            hint = Content.styled(self._keys_here(), "dim")
        self.query_one("#hint", Static).update(hint)

    def _keys_here(self) -> str:
        if self._prompt is not None and self._prompt.has_focus:
            return "enter writes · ctrl+j new line · ctrl+up earlier · esc back"
        settings = self.query_one(SettingsLine)
        if settings.is_typing:
            return "type a number · enter takes it · esc forgets it"
        if settings.has_focus:
            return "h l choose · + - change · enter types a value · i prompt"
        if self._is_writing:
            return "esc stops"
        return "enter writes · i prompt · o example · w settings"

    @property
    def _answers(self) -> list[Answer]:
        return list(self.query(Answer))

    @property
    def _job(self) -> Job | None:
        """The engine's job for what is shown: one's own, or the one that was found going on."""
        if self._asked is not None:
            return self._asked.job_in(self.session.activity)
        found = [job for job in self.session.activity.jobs.values() if job.kind == "generation"]
        return found[-1] if found and (found[-1].id, 0) in self.session.activity.texts else None

    @property
    def _is_writing(self) -> bool:
        job = self._job
        return job is not None and job.state not in ENDED and self.session.activity.link == "connected"

    @property
    def _is_stale(self) -> bool:
        """Whether the lens or the settings have moved on since the answers were asked for."""
        if self._asked is None or self.lens is None:
            return False
        return (self._asked.masks, self._asked.settings) != (masks_of(self.lens), self.settings)

    # What keys do

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Esc is the app's where there is nothing to stop and no prompt to leave."""
        if action != "stop":
            return True
        focused = self.screen.focused
        return self._is_writing or (focused is not None and not isinstance(focused, AnswerText))

    def action_write(self) -> None:
        """Asks the engine for the three answers; an earlier job of this tab is stopped."""
        if self.lens is None or self._prompt is None:
            return
        if not self.prompt.strip():
            self.post_message(self.Failed("The prompt is empty: press i and give a text to go on from."))
            return
        self._stop()
        activity = self.session.activity
        is_cloze = self.session.spec.model.style == "cloze"
        jobs = frozenset(activity.jobs)
        asked = Asked(self.prompt, masks_of(self.lens), self.settings, jobs, is_cloze)
        self.session.send(asked.command)
        if self.session.readonly or activity.link != "connected":
            return
        self._asked, self._was_taken_up, self._example = asked, False, None
        self._prompt.keep()
        self.tick()

    def action_edit(self) -> None:
        """Goes to the prompt."""
        if self._prompt is not None:
            self._prompt.focus()

    def action_settings(self) -> None:
        """Goes to the settings."""
        self.query_one(SettingsLine).focus()

    def action_stop(self) -> None:
        """Stops writing; where nothing is written, goes back to the answers."""
        if self._is_writing:
            self._stop()
        else:
            self._answers[self._chosen].query_one(AnswerText).focus()

    def action_example(self) -> None:
        """Puts an item of the lens's ability into the prompt, another one each time."""
        lens, spec = self.lens, self.session.spec.model
        if lens is not None:
            place = self._examples.get(lens.ability, 0) % EXAMPLES
            self._examples[lens.ability] = place + 1
            self.read(lambda: example_prompt(lens.ability, spec, place), self._show_example, "example")

    def _show_example(self, found: tuple[str, str]) -> None:
        if self._prompt is not None:
            self._prompt.replace_text(found[1])
            self._example = found

    def _stop(self) -> None:
        job = self._job
        if job is not None and self._is_writing:
            self.session.send(Cancel(job.id))

    def _choose(self, pane: int) -> None:
        self._chosen = pane
        for number, answer in enumerate(self._answers):
            answer.choose(number == pane)

    # What the widgets tell

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        if isinstance(event.widget, AnswerText):
            self._choose([answer.query_one(AnswerText) for answer in self._answers].index(event.widget))
        self._show_hint()

    def on_descendant_blur(self, event: DescendantBlur) -> None:
        self._show_hint()

    def on_prompt_submitted(self) -> None:
        self.action_write()

    def on_text_area_changed(self) -> None:
        if self._example is not None and self.prompt != self._example[1]:
            self._example = None

    def on_settings_line_changed(self) -> None:
        self._show_hint()

    def on_settings_line_refused(self, message: SettingsLine.Refused) -> None:
        self.post_message(self.Failed(message.sentence))

    # What is taken along

    def copied(self) -> Copied | None:
        view = self._answers[self._chosen].view
        return Copied(view.text, f"the answer of {view.label}") if view.text else None

    def exported(self) -> Exported | None:
        job = self._job
        if job is None or not any(answer.view.text for answer in self._answers):
            return None
        document = self._document(job)
        content = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"

        def write(path: Path) -> None:
            path.write_text(content, encoding="utf-8")

        return Exported("answers", (".json",), write)

    def _document(self, job: Job) -> dict[str, Any]:
        """Prompt, settings and answers, as far as they are known."""
        from cache.keys import as_plain

        asked, ends = self._asked, self.session.activity.ends
        answers = [
            {
                "variant": variant,
                "text": answer.view.text,
                "tokens": end.tokens if (end := ends.get((job.id, pane))) else None,
                "finish": end.finish if end else None,
                "divergence": as_plain(token_divergence(found))
                if (found := self.session.activity.compared.get((job.id, pane)))
                else None,
            }
            for pane, (variant, answer) in enumerate(zip(VARIANTS, self._answers, strict=True))
        ]
        known = {} if asked is None else {
            "prompt": asked.prompt,
            "mask": as_plain(asked.masks[-1]),
            "settings": as_plain(asked.settings),
        }  # fmt: skip
        return {"model": self.session.spec.model.name, **known, "answers": answers}


def example_prompt(ability: str, spec: ModelSpec, place: int) -> tuple[str, str]:
    """The ability, and one of its held-out items as a prompt that asks the model to write."""
    from core.abilities import generate_items
    from core.abilities.prompts import render_generation

    item = generate_items(ability, spec.level, "heldout", EXAMPLES)[place]
    return ability, render_generation(item, spec.style).context.strip()
