"""What the playground asks for, and what the engine's events say about it. No widgets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len

from cache.keys import as_plain
from core.engine.protocol import StartGeneration
from core.inference import Finish
from core.models.matrices import Variant
from core.run.events import Job, ModelLoading, TextCompared, TextEnded
from core.run.specs import MaskSpec
from tui.failure_words import TAG_WORDS, probability_text
from tui.inspector.activity import Activity
from tui.inspector.lens import Lens
from tui.inspector.look.text import Divergence, first_divergence, fitted
from tui.inspector.playground.answer import AnswerView
from tui.inspector.playground.settings_line import WriteSettings
from tui.names import FINISH_WORDS, VARIANT_WORDS, order_words, short_benchmark
from tui.numbers import k_text
from tui.safe_text import safe_line

if TYPE_CHECKING:
    from core.models.spec import ModelSpec

VARIANTS: tuple[Variant, ...] = ("base", "mlp", "all")
"""The answers, in the order of the panes."""

NOTES: dict[Variant, str] = {
    "base": "What the intact model writes comes here.",
    "mlp": "The same prompt, with the ability's weights in the MLP matrices ablated.",
    "all": "The same prompt, with the ability's weights in all matrices of the layers ablated.",
}

LONGEST_DIAGNOSED = 4000
"""Characters of an answer up to which it is diagnosed on the event loop."""

TITLE_LENGTH = 40
"""Characters of the prompt in a job's title."""

TOKEN_WIDTH = 10
"""Columns of a token that are shown."""

EXAMPLES = 20
"""Items of an ability that serve as examples."""


@dataclass(frozen=True)
class Asked:
    """Answers that were asked for."""

    prompt: str
    masks: tuple[MaskSpec | None, ...]
    settings: WriteSettings
    before: frozenset[str]
    """The jobs that the engine knew before: the next one of this title is the one that was asked for."""
    is_cloze: bool = False
    """Whether the model states its answers as the embedded ones do."""

    @property
    def command(self) -> StartGeneration:
        """The command to the engine."""
        return StartGeneration(
            title=f"write on: {safe_line(self.prompt)[:TITLE_LENGTH]}",
            prompt=self.prompt,
            masks=self.masks,
            max_new_tokens=self.settings.tokens,
            temperature=self.settings.temperature,
            seed=self.settings.seed,
            factor=self.settings.factor,
            chat=self.settings.chat,
        )

    @property
    def mask_words(self) -> str:
        """Ability, order and k of the ablated answers."""
        mask = next(mask for mask in self.masks if mask is not None)
        order = order_words(mask.selection, mask.scope)
        return f"{short_benchmark(mask.ability)} · {order} · k {k_text(mask.k)}"

    def job_in(self, activity: Activity) -> Job | None:
        """The engine's job; None until the engine has taken it up."""
        title = self.command.title
        new = (job for job in activity.jobs.values() if job.id not in self.before)
        return next((job for job in new if job.kind == "generation" and job.title == title), None)


def masks_of(lens: Lens) -> tuple[MaskSpec | None, ...]:
    """The masks of the three answers under a lens."""
    return tuple(replace(lens, variant=variant).mask for variant in VARIANTS)


def example_prompt(ability: str, spec: ModelSpec, index: int) -> tuple[str, str]:
    """The ability, and one of its held-out items as a prompt that asks the model to write."""
    from core.abilities import generate_items
    from core.abilities.prompts import render_generation

    item = generate_items(ability, spec.level, "heldout", EXAMPLES)[index]
    return ability, render_generation(item, spec.style).context.strip()


@dataclass(frozen=True)
class Written:
    """One answer of a job, as far as the engine has written it."""

    activity: Activity
    job: Job
    pane: int
    """Which answer, from 0; the first is base."""

    @property
    def text(self) -> str:
        """The answer so far."""
        return self.activity.texts.get((self.job.id, self.pane), "")

    @property
    def end(self) -> TextEnded | None:
        """How it ended; None if it has not, or was found finished."""
        return self.activity.ends.get((self.job.id, self.pane))

    @property
    def is_ended(self) -> bool:
        """Whether the model itself, or the limit, ended it."""
        return self.pane < self.job.done if self.end is None else self.end.finish != "cancelled"

    @property
    def base(self) -> Written:
        """The base answer."""
        return replace(self, pane=0)

    @property
    def compared(self) -> TextCompared | None:
        """How it differs from base, token by token; None as long as that is unknown."""
        return self.activity.compared.get((self.job.id, self.pane))

    @property
    def state(self) -> tuple[str, ...]:
        """How far it is, or how it ended, in words."""
        end, job = self.end, self.job
        if end is not None:
            tokens = "1 token" if end.tokens == 1 else f"{end.tokens:,} tokens"
            rate = (f"{end.tokens / end.seconds:.0f} tokens/s",) if end.seconds > 0 else ()
            return (FINISH_WORDS[end.finish], tokens, *rate)
        if job.state == "queued":
            return ("waits",)
        if job.state == "completed" or self.pane < job.done:
            return ("written",)
        if job.state in ("failed", "cancelled"):
            return (job.state if self.pane == job.done else "not begun",)
        if self.pane > job.done:
            return ("waits its turn",)
        return ("writing" if self.text else "prepares",)

    @property
    def divergence(self) -> Divergence | None:
        """The first word that differs from base; None if none does so far."""
        base, ends = self.base, (self.base.is_ended, self.is_ended)
        return first_divergence(base.text, self.text, base_ended=ends[0], other_ended=ends[1])


def answer_view(activity: Activity, job: Job | None, asked: Asked | None, pane: int) -> AnswerView:
    """What one answer shows, from 0, the base; `asked` is None if this screen asked for nothing."""
    variant = VARIANTS[pane]
    label = VARIANT_WORDS[variant]
    if asked is not None and pane and asked.settings.factor:
        label += f" at {asked.settings.factor:g}"
    if job is None:
        return AnswerView(label, (), "", NOTES[variant] if asked is None else "")
    written = Written(activity, job, pane)
    note = "" if written.end is None else "(nothing)"
    if pane == 0:
        return AnswerView(label, written.state, written.text, note)
    divergence = written.divergence
    tags = () if divergence is None else _tags(written, asked)
    state = (*_beside_base(written, divergence), *tags, *written.state)
    token_words = "" if written.compared is None else divergence_words(written.compared)
    return AnswerView(label, state, written.text, note, divergence, token_words)


def _beside_base(written: Written, divergence: Divergence | None) -> tuple[str, ...]:
    if divergence is None:
        return ("same as base",) if written.is_ended and written.base.is_ended else ()
    if divergence.start >= len(written.text):
        return ("ends before base does",)
    return (f"differs from word {divergence.word}",)


def _tags(written: Written, asked: Asked | None) -> tuple[str, ...]:
    """How the answer fails compared with base, in words; none until both have ended."""
    base, ends = written.base, (written.base.end, written.end)
    if ends[0] is None or ends[1] is None or "cancelled" in (ends[0].finish, ends[1].finish):
        return ()
    if max(len(base.text), len(written.text)) > LONGEST_DIAGNOSED:
        return ()
    answers = ((base.text, ends[0].finish), (written.text, ends[1].finish))
    is_cloze = asked is not None and asked.is_cloze
    return _tag_words(asked.prompt if asked else "", is_cloze, *answers, written.compared)


@lru_cache(maxsize=16)
def _tag_words(
    prompt: str,
    is_cloze: bool,
    base: tuple[str, Finish],
    answer: tuple[str, Finish],
    compared: TextCompared | None,
) -> tuple[str, ...]:
    from core.analysis.diagnosis import Asked as Question
    from core.analysis.diagnosis import diagnose
    from core.analysis.text_checks import Written as Text
    from core.benchmarks.scoring import style_format

    question = Question(prompt, style_format("cloze") if is_cloze else None)
    pair = [Text(*base), Text(*answer)]
    if compared is not None:
        pair = [
            Text(*base, compared.base_tokens, compared.base_logprobs),
            Text(*answer, compared.ablated_tokens, compared.ablated_logprobs),
        ]
    return tuple(TAG_WORDS[tag.name] for tag in diagnose(question, *pair)[:2])


def divergence_words(compared: TextCompared) -> str:
    """The first token that differs, and how likely either one was to base and to the ablated model.

    Short enough for one line; empty if the answers have the same tokens.
    """
    divergence = compared.divergence
    if divergence is None:
        return ""
    tokens = (divergence.base_token, divergence.ablated_token)
    probabilities = zip(divergence.base_probabilities, divergence.ablated_probabilities, strict=True)
    base, here = (
        f"{name} {_token_words(token)}{_probability_words(pair)}"
        for name, token, pair in zip(("base", "here"), tokens, probabilities, strict=True)
    )
    return f"token {divergence.index + 1}: {base}, {here}"


def _token_words(token: str | None) -> str:
    if token is None:
        return "ends"
    words = safe_line(token)
    return f'"{words if cell_len(words) <= TOKEN_WIDTH else fitted(words, TOKEN_WIDTH, "…")}"'


def _probability_words(pair: tuple[float | None, float | None]) -> str:
    """A token's probabilities under base and under the ablated model; empty if neither is known."""
    if pair == (None, None):
        return ""
    shown = ["?" if p is None else probability_text(p).replace("0.", ".") for p in pair]
    return " " + "→".join(shown)


def trouble(activity: Activity, job: Job | None, asked: Asked | None, model: str) -> str:
    """What keeps the answers from coming, or is odd about them, in a sentence; empty if all is well."""
    if job is None:
        return "Asked; the engine has not taken it up yet." if asked is not None else ""
    if job.state == "failed":
        return f"It failed: {job.problem}"
    if job.state == "queued" and activity.job is not None:
        if activity.job.state == "paused":
            return f"Its weights have to be scored, which waits until this is done: {activity.job.title}"
        return f"Waits until this is done, or paused (p): {activity.job.title}"
    if job.state == "queued" and isinstance(activity.model, ModelLoading):
        return f"Waits for the model: {activity.model.doing}"
    if job.state == "paused":
        return "Paused: p resumes."
    progress = activity.progress
    if job.state == "running" and progress is not None and activity.is_scoring:
        ability = short_benchmark(progress.about)
        return f"Scores weights for {ability} first: {progress.done:,} of {progress.total:,} items."
    ends = [end for pane in range(len(VARIANTS)) if (end := Written(activity, job, pane).end) is not None]
    unknown = {word for end in ends for word in end.unknown_words}
    return f"{model} does not know: {', '.join(sorted(unknown))}" if unknown else ""


def document(
    activity: Activity, job: Job, asked: Asked | None, model: str, texts: Sequence[str]
) -> dict[str, Any]:
    """Prompt, settings and answers as they are shown, as far as they are known, for a file."""
    answers = []
    for pane, (variant, text) in enumerate(zip(VARIANTS, texts, strict=True)):
        written = Written(activity, job, pane)
        end, found = written.end, written.compared
        divergence = None if found is None else as_plain(found.divergence)
        ended = {"tokens": end.tokens if end else None, "finish": end.finish if end else None}
        answers.append({"variant": variant, "text": text, **ended, "divergence": divergence})
    known = {"prompt": asked.prompt, "mask": asked.masks[-1], "settings": asked.settings} if asked else {}
    return {"model": model, **{name: as_plain(value) for name, value in known.items()}, "answers": answers}
