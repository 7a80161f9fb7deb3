"""Drafts of one family of an ability, for tests that work their answers out again."""

from __future__ import annotations

import random

from core.abilities.generate import families_of
from core.abilities.item import Draft
from core.models.spec import Level


def drafts_of(level: Level, ability: str, family: str, n: int = 300) -> list[Draft]:
    """The first n drafts of a family, seeded with its name; duplicates and both splits included."""
    draw = next(one.draw for one in families_of(ability, level) if one.name == family)
    rng = random.Random(family)
    return [draw(rng) for _ in range(n)]
