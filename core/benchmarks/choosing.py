"""The items that choose a k: no item that scores weights, or reports what they do, asks the same.

Weights are scored by the first items of the split `train`. Benchmarks, compounds and the probe have the first
500 held-out items of an ability. The choosing ones come from the held-out items after these. Where those only
repeat the 500 with other wrong options (long-term knowledge and semantic relationships at the level `plain`,
which have few questions), they come from another draw of `train`, without what those that score ask.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from core.abilities import ABILITIES, GENERATOR_VERSION, Item, generate_items
from core.benchmarks.benchmark import Benchmark, Document
from core.benchmarks.diagnostic import (
    DIAGNOSTIC_CHANCE,
    HELDOUT_ITEMS,
    METRICS,
    PLAUSIBLE_RANGE,
    GeneratedChoices,
    item_document,
)
from core.models.spec import Level, ModelSpec

CHOOSING_ITEMS = 20
"""Choosing items of each ability. Of ten together they tell own from others to a few hundredths, for about
what it takes to measure the generation quality of a mask."""

ALL_CHOOSING_ITEMS = CHOOSING_ITEMS * len(ABILITIES)
"""Those of all abilities together, which each mask is asked."""

CHOOSING_ID = "choosing-items"

CHOOSING_VERSION = 1
"""Raised whenever other items are chosen from the generated ones."""

SPARE_HELDOUT, SPARE_TRAIN = 60, 400
"""Further items among which the choosing ones are looked for."""

TRAIN_SEED = -1
"""Seed of the draw of `train`, which no one else asks for."""


@cache
def choosing_items(ability: str, level: Level, n_scored: int, seed: int) -> tuple[Item, ...]:
    """The choosing items of an ability at a level.

    Args:
        ability: its id.
        level: of the items.
        n_scored: how many train items score the ability's weights.
        seed: the seed of these.

    Raises:
        ValueError: those that score leave too few.
    """
    heldout = generate_items(ability, level, "heldout", HELDOUT_ITEMS + SPARE_HELDOUT)
    asked = {_asked(item) for item in heldout[:HELDOUT_ITEMS]}
    found = [item for item in heldout[HELDOUT_ITEMS:] if _asked(item) not in asked]
    if len(found) < CHOOSING_ITEMS:
        asked |= {_asked(item) for item in generate_items(ability, level, "train", n_scored, seed)}
        further = generate_items(ability, level, "train", SPARE_TRAIN, TRAIN_SEED)
        found += [item for item in further if _asked(item) not in asked]
    if len(found) < CHOOSING_ITEMS:
        raise ValueError(
            f"k auto: the {n_scored:,} items of {ability} ({level}) that score weights leave too few to "
            "choose k: score by fewer (--n-items), or give k as a number."
        )
    return tuple(found[:CHOOSING_ITEMS])


def choosing_benchmark(n_scored: int, seed: int) -> Benchmark:
    """The choosing items of all abilities, one ability after the other in the order of the catalogue.

    Args:
        n_scored: how many train items score the weights of each ability.
        seed: the seed of these.
    """
    return Benchmark(
        id=CHOOSING_ID,
        name="items that choose a k",
        about="items of every ability that neither score nor report",
        kind="multiple_choice",
        metrics=METRICS,
        plausible_range=PLAUSIBLE_RANGE,
        version=CHOOSING_VERSION,
        source=_ChoosingSource(n_scored, seed),
    )


@dataclass(frozen=True)
class _ChoosingSource(GeneratedChoices):
    """The items in the model's form and at its level."""

    n_scored: int
    seed: int

    @property
    def n_items(self) -> int:
        """As many of each ability."""
        return ALL_CHOOSING_ITEMS

    @property
    def chance(self) -> float:
        """One of four options."""
        return DIAGNOSTIC_CHANCE

    def documents(self, spec: ModelSpec, n: int) -> tuple[Document, ...]:
        """The first n items."""
        asked = [
            item
            for ability in ABILITIES
            for item in choosing_items(ability.id, spec.level, self.n_scored, self.seed)
        ]
        return tuple(item_document(item, spec.style) for item in asked[:n])

    def key_inputs(self, spec: ModelSpec, n: int) -> dict[str, Any]:
        """Level, form, the generator's version, and the items that score."""
        items = {"generator": GENERATOR_VERSION, "n_scored": self.n_scored, "seed": self.seed}
        return {"level": spec.level, "style": spec.style, **items}


def _asked(item: Item) -> tuple[str, str, str]:
    """What is asked, and its answer: the question of an analogy alone says little."""
    return item.context, item.question, item.answer
