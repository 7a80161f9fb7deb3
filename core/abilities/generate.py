"""Generates the diagnostic items of an ability at a level."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from core.abilities.catalogue import find_ability
from core.abilities.item import Family, Item, Split
from core.abilities.sampling import draw_items
from core.models.spec import Level

GENERATOR_VERSION = 1
"""Raised whenever any generated item changes; part of every cache key that depends on items."""


def families_of(ability: str, level: Level) -> tuple[Family, ...]:
    """The families of an ability at a level, in a fixed order.

    Raises:
        ValueError: there is no such ability.
    """
    find_ability(ability)
    module = import_module(f"core.abilities.{level}.{ability}")
    families: tuple[Family, ...] = module.FAMILIES
    return families


@cache
def generate_items(ability: str, level: Level, split: Split, n: int, seed: int = 0) -> tuple[Item, ...]:
    """The first n distinct items, the families taking turns; the same arguments give the same items.

    Raises:
        ValueError: there is no such ability, or it has fewer than n distinct items.
    """
    return tuple(draw_items(ability, families_of(ability, level), level, split, n, seed))
