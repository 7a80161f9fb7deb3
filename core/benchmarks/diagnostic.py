"""The ten diagnostic benchmarks: the held-out items of each ability."""

from __future__ import annotations

import functools

from core.abilities import ABILITIES, GENERATOR_VERSION, Ability, Item, Level, generate_items
from core.benchmarks.description import Benchmark

HELDOUT_ITEMS = 500
"""Distinct held-out items that every ability has at either level."""

BELIEVABLE = (0.05, 1.0)
"""Far enough below chance (0.25) that guessing does not get there, and no model should."""


def diagnostic_benchmarks(level: Level) -> tuple[Benchmark, ...]:
    """One benchmark for each ability, under the ability's id, at the level that suits the model."""
    return tuple(_benchmark(ability, level) for ability in ABILITIES)


def _benchmark(ability: Ability, level: Level) -> Benchmark:
    return Benchmark(
        id=ability.id,
        name=f"diagnostic: {ability.name}",
        about=ability.definition,
        kind="multiple_choice",
        metric="acc",
        chance=0.25,
        believable=BELIEVABLE,
        n_items=HELDOUT_ITEMS,
        version=GENERATOR_VERSION,
        source=functools.partial(heldout_items, ability.id, level),
    )


def heldout_items(ability: str, level: Level, n: int) -> tuple[Item, ...]:
    """The first n held-out items of an ability at a level."""
    return generate_items(ability, level, "heldout", n)
