"""Items that need two or three abilities at once: held-out items of each, joined."""

from __future__ import annotations

import hashlib
import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from core.abilities.catalogue import ABILITIES, ABILITY_IDS, JOINS
from core.abilities.generate import generate_items
from core.abilities.item import Item
from core.models.spec import Level

COMPOUND_ITEMS = 500
"""Items of each compound: every held-out item of its abilities is part of one of them."""

PAIRS: tuple[tuple[str, ...], ...] = tuple(itertools.combinations(ABILITY_IDS, 2))
"""The 45 pairs of abilities, each in the order of the catalogue."""

TRIPLES: tuple[tuple[str, ...], ...] = tuple(
    tuple(ABILITIES[i].id for i in sorted((first + step) % len(ABILITIES) for step in (0, 1, 3)))
    for first in range(len(ABILITIES))
)
"""Ten triples: every ability is in three of them, and no two abilities are together in more than one."""


@dataclass(frozen=True)
class CompoundItem:
    """Items of several abilities as one, which is right only if every part is.

    The options are all ways to answer each part right or with its one wrong answer: the right answer to a
    part is in half of the options and its wrong one in the other half, so nothing but the parts themselves
    shows which option is right.
    """

    id: str
    """Stable: made of the abilities, the level and a hash of the parts and options."""
    needs: tuple[str, ...]
    """Ids of the abilities, in the order of the catalogue."""
    parts: tuple[Item, ...]
    """One item of each ability, in the order in which they are asked."""
    options: tuple[tuple[str, ...], ...]
    """2 ** (number of parts) options, shuffled: an answer to each part."""
    answer_index: int

    @property
    def answers(self) -> tuple[str, ...]:
        """The right option: the right answer to each part."""
        return self.options[self.answer_index]


def compound_id(needs: tuple[str, ...]) -> str:
    """The id of a compound of abilities."""
    return JOINS.join(needs)


@cache
def compound_items(needs: tuple[str, ...], level: Level, n: int, seed: int = 0) -> tuple[CompoundItem, ...]:
    """The first n compound items of some abilities; the same arguments give the same items.

    A held-out item is part of at most one of them. The abilities take every order in turn, and the right
    option goes through all positions equally often. The first n of a longer draw are the same items.

    Args:
        needs: ids of the abilities.
        level: level of the parts.
        n: 1 to COMPOUND_ITEMS.
        seed: decides what goes together, the wrong answers and the order of the options.

    Raises:
        ValueError: an ability is unknown, or n is above COMPOUND_ITEMS.
    """
    if n > COMPOUND_ITEMS:
        raise ValueError(f"A compound has {COMPOUND_ITEMS} items, {n} were asked for: ask for fewer.")
    rng = random.Random(f"compound/{compound_id(needs)}/{level}/{seed}")
    pools = [generate_items(ability, level, "heldout", COMPOUND_ITEMS) for ability in needs]
    together = zip(*(rng.sample(items, COMPOUND_ITEMS) for items in pools), strict=True)
    orders = itertools.cycle(itertools.permutations(range(len(needs))))
    positions = _positions(rng, 2 ** len(needs))
    return tuple(
        _joined(needs, level, tuple(parts[i] for i in order), next(positions), rng)
        for parts, order in itertools.islice(zip(together, orders, strict=False), n)
    )


def _joined(
    needs: tuple[str, ...], level: Level, parts: tuple[Item, ...], answer_index: int, rng: random.Random
) -> CompoundItem:
    """The parts as one item with its right option at an index."""
    wrong = [rng.choice([option for option in part.options if option != part.answer]) for part in parts]
    right, *others = itertools.product(*zip((part.answer for part in parts), wrong, strict=True))
    rng.shuffle(others)
    others.insert(answer_index, right)
    said = "\x1f".join((*(part.id for part in parts), *wrong))
    digest = hashlib.blake2b(said.encode(), digest_size=6).hexdigest()
    return CompoundItem(f"{compound_id(needs)}/{level}/{digest}", needs, parts, tuple(others), answer_index)


def _positions(rng: random.Random, size: int) -> Iterator[int]:
    """Positions of the right option: all of them before any comes again."""
    while True:
        yield from rng.sample(range(size), size)
