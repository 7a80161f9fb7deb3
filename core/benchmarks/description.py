"""What a benchmark is. Plain words, no model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from core.abilities.item import Item

Kind = Literal["multiple_choice", "generation"]
"""`multiple_choice`: the log-likelihoods of the options; `generation`: what the model writes."""

Metric = Literal["acc"]
"""`acc`: the share of items whose right option has the largest summed log-likelihood."""


@dataclass(frozen=True)
class Benchmark:
    """One benchmark."""

    id: str
    name: str
    about: str
    """What it asks, in one line."""
    kind: Kind
    metric: Metric
    chance: float
    """The score of guessing, a fraction."""
    believable: tuple[float, float]
    """The lowest and highest score of an intact model that do not point to a broken set-up, fractions."""
    n_items: int
    """Items of a full run."""
    version: int
    """Raised whenever an item or a prompt changes; part of every cache key of its outcomes."""
    source: Callable[[int], tuple[Item, ...]] = field(compare=False, repr=False)
    """Gives the first n items, in a fixed order."""

    def items(self, limit: int | None = None) -> tuple[Item, ...]:
        """The first items, in a fixed order; all of them without a limit.

        Raises:
            ValueError: the limit is below 1 or above what there is.
        """
        if limit is not None and not 1 <= limit <= self.n_items:
            raise ValueError(f"The limit is {limit}: '{self.id}' has {self.n_items} items, give 1 to that.")
        return self.source(limit or self.n_items)
