"""The ten diagnostic benchmarks: the held-out items of each ability."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.abilities import ABILITIES, GENERATOR_VERSION, Ability, Item, generate_items
from core.abilities.prompts import render_choice
from core.benchmarks.description import Benchmark, Judged
from core.benchmarks.tasks.documents import ChoiceDocument, Document, GenerationDocument
from core.benchmarks.tasks.scoring import choice_metric
from core.models.spec import Level, ModelSpec, PromptStyle

if TYPE_CHECKING:
    import polars as pl

    from core.benchmarks.answer_format import AnswerFormat

HELDOUT_ITEMS = 500
"""Distinct held-out items that every ability has at either level."""

PLAUSIBLE_RANGE = (0.05, 1.0)
"""Far enough below chance (0.25) that guessing does not get there, and no model should."""

METRICS = ("acc", "acc_norm")


def diagnostic_benchmarks(level: Level) -> tuple[Benchmark, ...]:
    """One benchmark for each ability, under the ability's id, at the level that suits the model."""
    return tuple(_benchmark(ability, level) for ability in ABILITIES)


def _benchmark(ability: Ability, level: Level) -> Benchmark:
    items = functools.partial(heldout_items, ability.id, level)
    return Benchmark(
        id=ability.id,
        name=f"diagnostic: {ability.name}",
        about=ability.definition,
        kind="multiple_choice",
        metrics=METRICS,
        plausible_range=PLAUSIBLE_RANGE,
        version=GENERATOR_VERSION,
        source=ItemSource(items, HELDOUT_ITEMS, 0.25, level),
        needs=(ability.id,),
    )


def heldout_items(ability: str, level: Level, n: int) -> tuple[Item, ...]:
    """The first n held-out items of an ability at a level."""
    return generate_items(ability, level, "heldout", n)


class GeneratedChoices:
    """What sources of generated multiple-choice items have in common: how they are scored."""

    @property
    def needs_greedy(self) -> bool:
        """No."""
        return False

    def judge_choice(
        self, document: ChoiceDocument, loglikelihoods: Sequence[float], greedy: Sequence[bool] | None
    ) -> Judged:
        """`acc`."""
        return Judged(choice_metric(METRICS[0], document, loglikelihoods))

    @property
    def answer_format(self) -> AnswerFormat | None:
        """None: nothing is written."""
        return None

    def check(self) -> None:
        """Refuses nothing."""

    def judge(self, document: GenerationDocument, text: str) -> Judged:
        """Is never asked: nothing is written.

        Raises:
            TypeError: always.
        """
        raise TypeError(f"Item {document.id} is multiple choice.")

    def metric_means(self, documents: Sequence[Document], outcomes: pl.DataFrame) -> dict[str, float]:
        """`acc` and `acc_norm`."""
        return choice_means(METRICS, outcomes)


@dataclass(frozen=True)
class ItemSource(GeneratedChoices):
    """Diagnostic items as documents, in the style that suits the model."""

    items: Callable[[int], tuple[Item, ...]]
    """Gives the first n items, in a fixed order."""
    n_items: int
    chance: float | None
    level: Level

    def documents(self, spec: ModelSpec, n: int) -> tuple[Document, ...]:
        """The first n items in the model's style."""
        return tuple(item_document(item, spec.style) for item in self.items(n))

    def key_inputs(self, spec: ModelSpec, n: int) -> dict[str, Any]:
        """Level and style."""
        return {"level": self.level, "style": spec.style}


def item_document(item: Item, style: PromptStyle) -> ChoiceDocument:
    """A diagnostic item as a document in a style."""
    prompt = render_choice(item, style)
    return ChoiceDocument(
        id=item.id,
        family=item.family,
        cluster="",
        contexts=(prompt.context,),
        continuations=prompt.continuations,
        gold=frozenset((item.answer_index,)),
        options=item.options,
        lengths=tuple(len(continuation.lstrip()) for continuation in prompt.continuations),
        asked=f"{item.context} {item.question}",
        steps=item.steps,
    )


def choice_means(metrics: Sequence[str], outcomes: pl.DataFrame) -> dict[str, float]:
    """The means of multiple-choice metrics, the first of them the score."""
    columns = {metrics[0]: "score", "acc": "correct", "acc_norm": "correct_norm"}
    means = {metric: outcomes[columns[metric]].cast(float).mean() for metric in metrics}
    return {metric: float(mean) for metric, mean in means.items() if isinstance(mean, (int, float))}
