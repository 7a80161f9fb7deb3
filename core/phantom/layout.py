"""Which neurons of the phantom's MLPs belong to which ability, the same in all layers. No torch."""

from __future__ import annotations

from core.abilities.catalogue import ABILITIES, find_ability

PRIVATE = 32
"""Neurons of one ability's block, in each layer."""

SHARED = 160
"""Neurons of the block that all abilities share, in each layer; they come after the private ones."""

MLP_SIZE = len(ABILITIES) * PRIVATE + SHARED
"""Neurons of an MLP: the `intermediate_size` of the phantom."""


def neurons_of(ability_id: str) -> range:
    """The neurons of an ability's own block, counted within a layer.

    Raises:
        ValueError: there is no such ability.
    """
    place = ABILITIES.index(find_ability(ability_id))
    return range(place * PRIVATE, (place + 1) * PRIVATE)


def shared_neurons() -> range:
    """The neurons that belong to no ability alone, counted within a layer."""
    return range(MLP_SIZE - SHARED, MLP_SIZE)
