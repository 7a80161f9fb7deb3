"""Whether the intact model shows an ability at all: the importance of one that it does not show says nothing.

No torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl

from core.abilities import ABILITIES, find_ability
from core.analysis.probe import Question, probe_requests
from core.analysis.statistics.scores import Accuracy, accuracy, is_above_chance
from core.analysis.stored import items_of
from core.benchmarks.benchmark import Benchmark, Document
from core.benchmarks.diagnostic import (
    DIAGNOSTIC_CHANCE,
    METRICS,
    PLAUSIBLE_RANGE,
    GeneratedChoices,
    diagnostic_benchmarks,
    item_document,
)
from core.benchmarks.registry import find_benchmarks
from core.models.spec import ModelSpec
from core.run.experiment import Experiment, OutcomesRequest
from core.run.runner import Runner
from core.run.runs import outcomes_of
from core.run.specs import DiagnosticSet

Source = Literal["benchmark", "probe", "scored"]
"""Which items: of the ability's own benchmark, of the probe, or those that weights are scored with."""


@dataclass(frozen=True)
class Shown:
    """How many items of an ability the intact model answers right, in its prompt form and at its level."""

    ability: str
    right: int
    n: int
    chance: float
    source: Source

    @property
    def is_shown(self) -> bool:
        """Whether that is above chance."""
        return is_above_chance(self.right, self.n, self.chance)

    @property
    def accuracy(self) -> Accuracy:
        """The share with its interval."""
        return accuracy(np.arange(self.n) < self.right)

    def figures(self) -> dict[str, Any]:
        """Plain values."""
        _, share, low, high = self.accuracy
        return {"ability": self.ability, "items": self.source, "n": self.n, "right": self.right} | {
            "accuracy": share,
            "low": low,
            "high": high,
            "shown": self.is_shown,
        }


def shown_abilities(
    experiment: Experiment, limit: int | None = None, evaluated: Mapping[str, pl.DataFrame] | None = None
) -> dict[str, Shown]:
    """By ability, as far as it is known: from its own benchmark or the probe, whichever has more items.

    Args:
        experiment: the model, whose prompt form and level are settled, and the cache.
        limit: items of each benchmark that are evaluated; None for all.
        evaluated: the intact model's outcomes on benchmarks by id, beside those that are stored.

    Raises:
        Unsettled: form and level are not settled.
    """
    known = evaluated or {}
    asked = _requests(experiment, limit)
    loaded = experiment.store.outcomes.load_many([request.key for _, _, request in asked])
    found = {
        ability.id: _on_own(ability.id, known[ability.id]) for ability in ABILITIES if ability.id in known
    }
    for ability, source, request in asked:
        frame = loaded.frames.get(request.key)
        if frame is not None and (ability not in found or found[ability].n < len(frame)):
            found[ability] = _on_own(ability, frame, source)
    return {ability.id: found[ability.id] for ability in ABILITIES if ability.id in found}


def _on_own(ability: str, frame: pl.DataFrame, source: Source = "benchmark") -> Shown:
    return Shown(ability, int(frame["correct"].sum()), len(frame), DIAGNOSTIC_CHANCE, source)


def _requests(experiment: Experiment, limit: int | None) -> list[tuple[str, Source, OutcomesRequest]]:
    asked: list[tuple[str, Source, OutcomesRequest]] = []
    for benchmark in diagnostic_benchmarks():
        for n in dict.fromkeys((items_of(benchmark, limit), benchmark.n_items)):
            asked.append((benchmark.id, "benchmark", experiment.request(None, benchmark, n)))
    if not experiment.spec.is_embedded:
        style, level = experiment.spec.style, experiment.spec.level
        questions = [Question(ability.id, style, level) for ability in ABILITIES]
        for question, request in probe_requests(experiment, questions).items():
            asked.append((question.ability, "probe", request))
    return asked


def flags_of(shown: Mapping[str, Shown]) -> dict[str, bool]:
    """By ability: whether it is shown, as far as it is known."""
    return {ability: one.is_shown for ability, one in shown.items()}


SCORED_ITEMS = 200
"""Items that score weights of which the right ones are counted, at most: the first."""

HELDOUT_ITEMS = 100
"""Held-out items that are evaluated where nothing is stored."""


@dataclass(frozen=True)
class ScoringItems(GeneratedChoices):
    """The items that an ability's importance is computed from, as they are scored. Members: see `Source`."""

    diagnostic: DiagnosticSet

    @property
    def n_items(self) -> int:
        """All of them."""
        return len(self.diagnostic.items())

    @property
    def chance(self) -> float:
        """One over the number of options; custom items may differ in it."""
        items = self.diagnostic.items()
        return sum(1 / len(item.options) for item in items) / len(items)

    def documents(self, spec: ModelSpec, n: int) -> tuple[Document, ...]:
        """The first n items, in the form in which they are scored."""
        return tuple(item_document(item, self.diagnostic.style) for item in self.diagnostic.items()[:n])

    def key_inputs(self, spec: ModelSpec, n: int) -> dict[str, Any]:
        """All that the items depend on."""
        return {"scored": self.diagnostic.key_inputs()}


def own_items(runner: Runner, ability: str) -> tuple[Shown, Shown]:
    """How well the model does on the items that score the ability, and on held-out ones; evaluates them.

    Raises:
        Cancelled: the runner was cancelled.
        ValueError: the model cannot be used.
    """
    source = ScoringItems(runner.diagnostic_set(ability))
    scored = Benchmark(
        id=f"{ability}@scored",
        name=f"scored: {find_ability(ability).name}",
        about="the items that its weights are scored with",
        kind="multiple_choice",
        metrics=METRICS,
        plausible_range=PLAUSIBLE_RANGE,
        version=1,
        source=source,
        needs=(ability,),
    )
    n = min(SCORED_ITEMS, source.n_items)
    right = _right(runner, scored, n)
    found = shown_abilities(runner).get(ability)
    if found is None:
        (own,) = find_benchmarks([ability])
        right_of_own = _right(runner, own, HELDOUT_ITEMS)
        found = Shown(ability, right_of_own, HELDOUT_ITEMS, DIAGNOSTIC_CHANCE, "benchmark")
    return Shown(ability, right, n, source.chance, "scored"), found


def _right(runner: Runner, benchmark: Benchmark, n: int) -> int:
    return int(outcomes_of(runner, runner.request(None, benchmark, n))["correct"].sum())
