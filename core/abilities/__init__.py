"""The ten abilities: what they are, their items, and custom items."""

from core.abilities.catalogue import ABILITIES, ABILITY_IDS, Ability, find_ability, named_ability
from core.abilities.generate import GENERATOR_VERSION, generate_items
from core.abilities.item import SPLITS, Draft, Family, Item, Split
from core.models.spec import LEVELS, Level

__all__ = [
    "ABILITIES",
    "ABILITY_IDS",
    "GENERATOR_VERSION",
    "LEVELS",
    "SPLITS",
    "Ability",
    "Draft",
    "Family",
    "Item",
    "Level",
    "Split",
    "find_ability",
    "generate_items",
    "named_ability",
]
