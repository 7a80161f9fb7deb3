"""How many items of an ability the intact model has right: of those that score its weights, and held out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.abilities import find_ability
from core.analysis.shown import Shown, shown_abilities
from core.benchmarks.benchmark import Benchmark, Document
from core.benchmarks.diagnostic import (
    DIAGNOSTIC_CHANCE,
    METRICS,
    PLAUSIBLE_RANGE,
    GeneratedChoices,
    item_document,
)
from core.benchmarks.registry import find_benchmarks
from core.models.spec import ModelSpec
from core.run.runner import Runner
from core.run.runs import outcomes_of
from core.run.specs import DiagnosticSet

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
