"""The ten abilities of the paper: ids, names and one-line definitions. Knows no items."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from core.models.spec import shortened


@dataclass(frozen=True)
class Ability:
    """One cognitive ability."""

    id: str
    name: str
    definition: str
    """What its diagnostic items test, in one line."""
    has_steps: bool
    """Whether its items have worked solutions in the form for generation."""


ABILITIES: tuple[Ability, ...] = (
    Ability(
        "analogical_reasoning",
        "analogical reasoning",
        "mapping a relation from one pair or domain onto another",
        has_steps=False,
    ),
    Ability(
        "commonsense_causal",
        "commonsense and causal reasoning",
        "everyday cause and effect",
        has_steps=False,
    ),
    Ability(
        "contextual_recall",
        "contextual recall",
        "finding a fact, or chaining facts, stated in the context",
        has_steps=False,
    ),
    Ability(
        "deductive_reasoning",
        "deductive reasoning",
        "what follows from stated rules and facts",
        has_steps=True,
    ),
    Ability(
        "inductive_reasoning",
        "inductive reasoning",
        "the rule behind examples; the next element of a pattern",
        has_steps=False,
    ),
    Ability(
        "long_term_knowledge",
        "long-term knowledge recall",
        "world facts that the context does not state",
        has_steps=False,
    ),
    Ability(
        "quantitative_reasoning",
        "quantitative reasoning",
        "arithmetic in words, comparison, counting",
        has_steps=True,
    ),
    Ability(
        "semantic_relationship",
        "semantic relationship comprehension",
        "synonym, antonym, part-whole, roles (who did what to whom)",
        has_steps=False,
    ),
    Ability(
        "spatial_reasoning",
        "spatial reasoning",
        "relative positions, directions, routes",
        has_steps=True,
    ),
    Ability(
        "temporal_reasoning",
        "temporal reasoning",
        "order, duration and overlap of events",
        has_steps=True,
    ),
)


def find_ability(ability_id: str) -> Ability:
    """The ability with this id.

    Raises:
        ValueError: there is none; the message names the nearest one.
    """
    by_id = {ability.id: ability for ability in ABILITIES}
    if ability_id in by_id:
        return by_id[ability_id]
    near = difflib.get_close_matches(ability_id, by_id, n=1, cutoff=0.4)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise ValueError(f"Unknown ability '{shortened(ability_id)}'.{hint} The ten are: {', '.join(by_id)}.")
