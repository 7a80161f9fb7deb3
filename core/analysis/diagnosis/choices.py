"""What an ablation did to the answer to one multiple-choice item."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple


class ChoiceDiagnosis(NamedTuple):
    """How sure both models were of the right option, and what each chose."""

    gold: int
    """Index of the right option."""
    base_prediction: int
    """Index of the option that the base model found the most likely; the first of equals."""
    prediction: int
    """The same of the ablated model."""
    base_margin: float
    """The base model's log-likelihood of the right option minus that of the best other one, in nats."""
    margin: float
    """The same of the ablated model."""

    @property
    def winner(self) -> int | None:
        """The distractor that the ablated model prefers to the right option; None if it prefers none."""
        return None if self.prediction == self.gold else self.prediction

    @property
    def is_flip(self) -> bool:
        """Whether the two models chose different options."""
        return self.base_prediction != self.prediction

    def sentence(self, options: Sequence[str]) -> str:
        """What happened, in one sentence; may quote an option, which is to be shown as text.

        Args:
            options: the options' texts, in the order of the log-likelihoods.
        """
        margins = f"margin {self.base_margin:+.1f} → {self.margin:+.1f} nats"
        if self.winner is None:
            return f"Prefers the right option: {margins}."
        if self.prediction == self.base_prediction:
            return f"Prefers “{options[self.prediction]}” to the right option, as base does: {margins}."
        return f"Now prefers “{options[self.prediction]}” to the right option: {margins}."


def diagnose_choice(gold: int, base: Sequence[float], ablated: Sequence[float]) -> ChoiceDiagnosis:
    """Compares the log-likelihoods that two models gave to the options of one item.

    Args:
        gold: index of the right option.
        base: one log-likelihood for each option, by the base model, in nats.
        ablated: the same by the ablated model.

    Raises:
        ValueError: there are fewer than two options, their numbers differ, a value is not finite, or gold is
            not one of them.
    """
    if len(base) != len(ablated) or len(base) < 2 or not 0 <= gold < len(base):
        raise ValueError(
            f"An item has {len(base)} and {len(ablated)} log-likelihoods and the right option {gold}: give "
            "one for each of two or more options, and the index of one of them."
        )
    if not all(map(math.isfinite, (*base, *ablated))):
        raise ValueError("A log-likelihood is not finite: run the benchmark again in bfloat16 or float32.")
    return ChoiceDiagnosis(gold, _best(base), _best(ablated), _margin(gold, base), _margin(gold, ablated))


def _best(values: Sequence[float]) -> int:
    return max(range(len(values)), key=values.__getitem__)


def _margin(gold: int, values: Sequence[float]) -> float:
    """The right option's value minus the best other one's."""
    return values[gold] - max(value for place, value in enumerate(values) if place != gold)
