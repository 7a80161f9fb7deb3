"""The probe: what the intact model answers in each prompt form and at each level, and what that settles.

Each question is some held-out items of one ability in one form at one level. No torch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from cache.tables import Loaded
from core.abilities import ABILITIES
from core.analysis.statistics.scores import Accuracy, accuracy, is_above_chance
from core.benchmarks.diagnostic import DIAGNOSTIC_CHANCE, PROBE_ITEMS, probe_benchmark
from core.models.spec import AskedLevel, AskedPrompt, Level, ModelSpec, PromptStyle, RealStyle
from core.run.events import (
    BatchFinished,
    Probing,
    Progressed,
    PromptsSettled,
    RunFinished,
    RunsFound,
    RunStarted,
)
from core.run.experiment import Experiment, OutcomesRequest
from core.run.runner import Runner
from core.run.runs import outcomes_of, without_events
from core.run.storing import stored_outcomes

MOST = 6
"""Abilities that are most of the ten."""

STYLES: tuple[RealStyle, ...] = ("letters", "text")
"""Forms that `auto` chooses from; the first is taken on a tie."""

PROBED_LEVELS: tuple[Level, ...] = ("plain", "standard")
"""Levels that `auto` chooses from, the easiest first."""


class Question(NamedTuple):
    """The probe's items of one ability, in one form at one level."""

    ability: str
    style: PromptStyle
    level: Level


@dataclass(frozen=True)
class ProbeTable:
    """How many of the `PROBE_ITEMS` items the intact model answers right, as far as it was asked."""

    right: Mapping[Question, int] = field(default_factory=dict)

    def is_shown(self, question: Question) -> bool:
        """Whether the model is above chance."""
        return is_above_chance(self.right[question], PROBE_ITEMS, DIAGNOSTIC_CHANCE)

    def accuracy(self, question: Question) -> Accuracy:
        """The share of right answers with its interval."""
        return accuracy(np.arange(PROBE_ITEMS) < self.right[question])

    def share(self, style: PromptStyle, level: Level) -> float | None:
        """The share of right answers of all abilities together; None if one was not asked."""
        asked = [self.right.get(question) for question in of_all_abilities(style, level)]
        known = [right for right in asked if right is not None]
        return sum(known) / (len(asked) * PROBE_ITEMS) if len(known) == len(asked) else None

    def shown(self, style: PromptStyle, level: Level) -> int:
        """How many abilities are above chance, of those that were asked."""
        asked = [question for question in of_all_abilities(style, level) if question in self.right]
        return sum(map(self.is_shown, asked))

    def has_most(self, style: PromptStyle, level: Level) -> bool:
        """Whether the model is above chance on most abilities."""
        return self.shown(style, level) >= MOST

    def lacks_most(self, style: PromptStyle, level: Level) -> bool:
        """Whether it cannot be any more, whatever it answers to what was not asked."""
        asked = sum(question in self.right for question in of_all_abilities(style, level))
        return asked - self.shown(style, level) > len(ABILITIES) - MOST

    def rows(self) -> list[dict[str, Any]]:
        """Plain values, one row for each question that was asked."""
        return [
            {"ability": q.ability, "prompt": q.style, "level": q.level}
            | {"n": PROBE_ITEMS, "right": self.right[q], "low": found.low, "high": found.high}
            | {"shown": self.is_shown(q)}
            for q in self.right
            for found in (self.accuracy(q),)
        ]


def of_all_abilities(style: PromptStyle, level: Level) -> list[Question]:
    """The questions of one form and level."""
    return [Question(ability.id, style, level) for ability in ABILITIES]


def every_question(
    styles: Iterable[PromptStyle] = STYLES, levels: Iterable[Level] = PROBED_LEVELS
) -> list[Question]:
    """All questions, in the order in which they are asked: the easiest level first."""
    chosen = tuple(styles)
    return [one for level in levels for style in chosen for one in of_all_abilities(style, level)]


def questions_left(table: ProbeTable, spec: ModelSpec) -> list[Question]:
    """The questions that have to be asked to settle a spec, as far as it is known by now; none if it can be.

    A harder level is only asked in the forms in which the model is above chance on most abilities at the
    easier one, and no further than until that is excluded.
    """
    styles, levels = _styles(spec), _levels(spec)
    easiest = every_question(styles, levels[:1])
    left = [question for question in easiest if question not in table.right]
    for level in levels[1:]:
        for style in styles:
            is_open = any(question.style == style for question in left)
            if (is_open or table.has_most(style, levels[0])) and not table.lacks_most(style, level):
                left += [one for one in of_all_abilities(style, level) if one not in table.right]
    return left


def settled_by(table: ProbeTable, spec: ModelSpec) -> tuple[RealStyle, Level]:
    """Form and level that a whole probe settles.

    The level is the hardest at which the model is above chance on most abilities in some form, else the
    easiest. The form is, of those, the one in which it is right more often at that level.

    Raises:
        ValueError: there are questions left.
    """
    if left := questions_left(table, spec):
        raise ValueError(f"The probe of '{spec.name}' has {len(left)} questions left.")
    styles, levels = _styles(spec), _levels(spec)
    for level in reversed(levels[1:]):
        able = [one for one in styles if table.has_most(one, levels[0]) and table.has_most(one, level)]
        if able:
            return _better(table, able, level), level
    return _better(table, styles, levels[0]), levels[0]


def _better(table: ProbeTable, styles: Sequence[RealStyle], level: Level) -> RealStyle:
    return max(styles, key=lambda style: table.share(style, level) or 0.0)


def settlement(table: ProbeTable, spec: ModelSpec) -> PromptsSettled:
    """What a settled spec has, and the shares of right answers in both forms that speak for it.

    They are those of its level, or of the easiest if only one form was asked at its level.
    """
    for level in (spec.level, PROBED_LEVELS[0]):
        shares = {style: share for style in STYLES if (share := table.share(style, level)) is not None}
        if len(shares) == len(STYLES):
            return PromptsSettled(spec.prompt, spec.level_asked, shares, level)
    return PromptsSettled(spec.prompt, spec.level_asked)


def probe_requests(
    experiment: Experiment, questions: Iterable[Question] | None = None
) -> dict[Question, OutcomesRequest]:
    """The run of each question, on the intact model; None: of every question.

    Their keys depend on the model and the question, and on no form or level that the model may have.
    """
    asked = every_question() if questions is None else questions
    return {one: experiment.request(None, probe_benchmark(*one), PROBE_ITEMS) for one in asked}


def stored_probe(experiment: Experiment, questions: Sequence[Question] | None = None) -> ProbeTable:
    """The answers that are stored and whole."""
    requests = probe_requests(experiment, questions)
    keys = [request.key for request in requests.values()]
    return table_of(requests, experiment.store.outcomes.load_many(keys))


def stored_settlement(experiment: Experiment) -> PromptsSettled | None:
    """What the stored answers settle for an unsettled spec; None if questions are left."""
    asked = experiment.spec
    table = stored_probe(experiment, questions_of(asked))
    if questions_left(table, asked):
        return None
    return settlement(table, asked.settled(*settled_by(table, asked)))


def table_of(requests: Mapping[Question, OutcomesRequest], loaded: Loaded) -> ProbeTable:
    """The table of the runs whose outcomes were loaded."""
    return ProbeTable(
        {
            question: int(loaded.frames[request.key]["correct"].sum())
            for question, request in requests.items()
            if request.key in loaded.frames
        }
    )


def questions_of(spec: ModelSpec) -> list[Question]:
    """All questions that may be asked to settle a spec."""
    return every_question(_styles(spec), _levels(spec))


def _styles(spec: ModelSpec) -> tuple[RealStyle, ...]:
    return STYLES if spec.prompt == "auto" else (spec.prompt,)


def _levels(spec: ModelSpec) -> tuple[Level, ...]:
    return PROBED_LEVELS if spec.level_asked == "auto" else (spec.level_asked,)


Needed = Callable[[ProbeTable], Sequence[Question]]
"""Gives the questions that are left, as far as it is known by now."""

OF_RUNS = (RunsFound, RunStarted, BatchFinished, RunFinished, Progressed)
"""Events that a screen would take for those of a job."""


def settle(runner: Runner) -> None:
    """Settles prompt form and level of a real model where they are `auto`, and emits what they are.

    The answers are stored: the next time nothing is asked.

    Raises:
        Cancelled: the runner was cancelled; what was answered is stored.
        ValueError: the model cannot be used.
    """
    asked = runner.spec
    if asked.is_embedded:
        return
    table = ProbeTable()
    if not asked.is_settled:
        table = _answered(runner, questions_of(asked), lambda known: questions_left(known, asked))
        runner.settle(*settled_by(table, asked))
    runner.emit(settlement(table, runner.spec))


def known_prompts(runner: Runner) -> tuple[AskedPrompt, AskedLevel] | None:
    """Prompt form and level as given, or by stored answers alone; None if the model has to be asked."""
    asked = runner.spec
    if asked.is_embedded or asked.is_settled:
        return asked.prompt, asked.level_asked
    requests = probe_requests(runner, questions_of(asked))
    table = table_of(requests, stored_outcomes(runner, [request.key for request in requests.values()]))
    return None if questions_left(table, asked) else settled_by(table, asked)


def whole_probe(runner: Runner) -> ProbeTable:
    """The answers to every question, asked now where they are not stored.

    Raises:
        Cancelled: the runner was cancelled; what was answered is stored.
        ValueError: the model cannot be used.
    """
    questions = every_question()
    return _answered(
        runner, questions, lambda known: [question for question in questions if question not in known.right]
    )


def _answered(runner: Runner, questions: Sequence[Question], needed: Needed) -> ProbeTable:
    """The table with everything that is needed."""
    requests = probe_requests(runner, questions)
    table = table_of(requests, stored_outcomes(runner, [request.key for request in requests.values()]))
    while left := needed(table):
        runner.emit(Probing(len(table.right), len(table.right) + len(left)))
        with without_events(runner, OF_RUNS):
            frame = outcomes_of(runner, requests[left[0]])
        table = ProbeTable({**table.right, left[0]: int(frame["correct"].sum())})
    return table
