"""What the playground asks for, and what the engine's events say of it. No widgets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from core.engine.protocol import StartGeneration
from core.experiment.events import ModelLoading
from core.inference import Finish
from core.models.matrices import Variant
from tui.failure_words import TAG_WORDS
from tui.inspector.look.text import Divergence, first_divergence
from tui.inspector.playground.answer import AnswerView
from tui.inspector.playground.divergence import divergence_words
from tui.inspector.playground.settings_line import WriteSettings
from tui.names import ABILITY_WORDS, FINISH_WORDS, VARIANT_WORDS, order_words
from tui.numbers import k_text
from tui.safe_text import safe_line

if TYPE_CHECKING:
    from core.experiment.events import Job, TextCompared, TextEnded
    from core.experiment.specs import MaskSpec
    from tui.inspector.activity import Activity
    from tui.inspector.lens import Lens

VARIANTS: tuple[Variant, ...] = ("base", "mlp", "all")
"""The answers, in the order of the panes."""

NOTES: dict[Variant, str] = {
    "base": "What the intact model writes comes here.",
    "mlp": "The same prompt, with the ability's weights in the MLP matrices ablated.",
    "all": "The same prompt, with the ability's weights in all matrices of the layers ablated.",
}

LONGEST_DIAGNOSED = 4000
"""Characters of an answer up to which it is diagnosed on the screen, which waits for it."""

TITLE_LENGTH = 40
"""Characters of the prompt in a job's title."""


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
        """What the engine is asked."""
        return StartGeneration(
            title=f"write on: {safe_line(self.prompt)[:TITLE_LENGTH]}",
            prompt=self.prompt,
            masks=self.masks,
            max_new_tokens=self.settings.tokens,
            temperature=self.settings.temperature,
            seed=self.settings.seed,
            factor=self.settings.factor,
        )

    def job_in(self, activity: Activity) -> Job | None:
        """The engine's job for it; None as long as it has not said so."""
        title = self.command.title
        new = (job for job in activity.jobs.values() if job.id not in self.before)
        return next((job for job in new if job.kind == "generation" and job.title == title), None)


def masks_of(lens: Lens) -> tuple[MaskSpec | None, ...]:
    """The masks of the three answers under a lens."""
    return tuple(replace(lens, variant=variant).mask for variant in VARIANTS)


def mask_words(masks: tuple[MaskSpec | None, ...]) -> str:
    """What the ablated answers lack, in words."""
    mask = next(mask for mask in masks if mask is not None)
    order = order_words(mask.selection, mask.scope)
    return f"{ABILITY_WORDS[mask.ability]} · {order} · k {k_text(mask.k)}"


def answer_view(activity: Activity, job: Job | None, asked: Asked | None, pane: int) -> AnswerView:
    """What one answer shows.

    Args:
        activity: what the engine told.
        job: the engine's job for the answers, if there is one.
        asked: what was asked for, as far as this screen did it.
        pane: which answer, from 0; the first is base.
    """
    variant = VARIANTS[pane]
    label = VARIANT_WORDS[variant]
    if asked is not None and pane and asked.settings.factor:
        label += f" at {asked.settings.factor:g}"
    if job is None:
        return AnswerView(label, (), "", NOTES[variant] if asked is None else "")
    text = activity.texts.get((job.id, pane), "")
    state = _state(activity, job, pane)
    note = "(nothing)" if (job.id, pane) in activity.ends else ""
    if pane == 0:
        return AnswerView(label, state, text, note)
    divergence = _divergence(activity, job, pane)
    compared = _compared(activity, job, pane, divergence)
    tags = () if divergence is None else _tags(activity, job, pane, asked)
    state = (*([compared] if compared else []), *tags, *state)
    compared_tokens = activity.compared.get((job.id, pane))
    divergence_note = "" if compared_tokens is None else divergence_words(compared_tokens)
    return AnswerView(label, state, text, note, divergence, divergence_note)


def _tags(activity: Activity, job: Job, pane: int, asked: Asked | None) -> tuple[str, ...]:
    """How the answer fails beside base's, in words; none as long as one of them goes on."""
    base_end, end = (activity.ends.get((job.id, place)) for place in (0, pane))
    if base_end is None or end is None or "cancelled" in (base_end.finish, end.finish):
        return ()
    base, text = (activity.texts.get((job.id, place), "") for place in (0, pane))
    if max(len(base), len(text)) > LONGEST_DIAGNOSED:
        return ()
    answers = ((base, base_end.finish), (text, end.finish))
    compared = activity.compared.get((job.id, pane))
    is_cloze = asked is not None and asked.is_cloze
    return _tag_words(asked.prompt if asked else "", is_cloze, *answers, compared)


@lru_cache(maxsize=16)
def _tag_words(
    prompt: str,
    is_cloze: bool,
    base: tuple[str, Finish],
    answer: tuple[str, Finish],
    compared: TextCompared | None,
) -> tuple[str, ...]:
    from core.analysis.diagnosis.case import Asked as Question
    from core.analysis.diagnosis.case import Written
    from core.analysis.diagnosis.diagnose import diagnose
    from core.benchmarks.answer_format import style_format

    question = Question(prompt, style_format("cloze") if is_cloze else None)
    written = [Written(*base), Written(*answer)]
    if compared is not None:
        written = [
            Written(*base, compared.base_tokens, compared.base_logprobs),
            Written(*answer, compared.ablated_tokens, compared.ablated_logprobs),
        ]
    tags = diagnose(question, *written)
    return tuple(TAG_WORDS[tag.name] for tag in tags[:2])


def _state(activity: Activity, job: Job, pane: int) -> tuple[str, ...]:
    end = activity.ends.get((job.id, pane))
    return (_stage(activity, job, pane),) if end is None else _end_words(end)


def _stage(activity: Activity, job: Job, pane: int) -> str:
    """How far an answer is of which no end was told."""
    if job.state == "completed":
        return "written"
    if job.state in ("failed", "cancelled"):
        return job.state if pane == job.done else "not begun" if pane > job.done else "written"
    if job.state == "queued":
        return "waits"
    if pane == job.done:
        return "writing" if activity.texts.get((job.id, pane)) else "prepares"
    return "waits its turn" if pane > job.done else "written"


def _end_words(end: TextEnded) -> tuple[str, ...]:
    tokens = "1 token" if end.tokens == 1 else f"{end.tokens:,} tokens"
    rate = (f"{end.tokens / end.seconds:.0f} tokens/s",) if end.seconds > 0 else ()
    return (FINISH_WORDS[end.finish], tokens, *rate)


def _is_ended(activity: Activity, job: Job, pane: int) -> bool:
    """Whether the model itself, or the limit, ended an answer."""
    end = activity.ends.get((job.id, pane))
    return pane < job.done if end is None else end.finish != "cancelled"


def _divergence(activity: Activity, job: Job, pane: int) -> Divergence | None:
    return first_divergence(
        activity.texts.get((job.id, 0), ""),
        activity.texts.get((job.id, pane), ""),
        base_ended=_is_ended(activity, job, 0),
        other_ended=_is_ended(activity, job, pane),
    )


def _compared(activity: Activity, job: Job, pane: int, divergence: Divergence | None) -> str:
    if divergence is None:
        return "same as base" if _is_ended(activity, job, pane) and _is_ended(activity, job, 0) else ""
    if divergence.start >= len(activity.texts.get((job.id, pane), "")):
        return "ends before base does"
    return f"differs from word {divergence.word}"


def trouble(activity: Activity, job: Job | None, asked: Asked | None, model: str) -> str:
    """What a person should know of answers that are asked for, in a sentence; empty if all is well."""
    if job is None:
        return "Asked; the engine has not taken it up yet." if asked is not None else ""
    if job.state == "failed":
        return f"It failed: {job.problem}"
    if job.state == "queued" and activity.job is not None:
        return f"Waits until this is done: {activity.job.title}"
    if job.state == "queued" and isinstance(activity.model, ModelLoading):
        return f"Waits for the model: {activity.model.doing}"
    if job.state == "paused":
        return "Paused: p resumes."
    if job.state == "running" and activity.scored is not None:
        scored = activity.scored
        ability = ABILITY_WORDS.get(scored.ability, scored.ability)
        return f"Scores weights for {ability} first: {scored.done:,} of {scored.total:,} items."
    return _unknown_words(activity, job, model)


def lost_words(activity: Activity) -> str:
    """What there is to do when the engine ended while it wrote."""
    restart = "R starts it again, then " if activity.link == "lost" else ""
    return f"The engine ended before it was done: {restart}enter writes anew"


def _unknown_words(activity: Activity, job: Job, model: str) -> str:
    unknown = {
        word for pane in range(len(VARIANTS)) if (end := activity.ends.get((job.id, pane)))
        for word in end.unknown_words
    }  # fmt: skip
    return f"{model} does not know: {', '.join(sorted(unknown))}" if unknown else ""
