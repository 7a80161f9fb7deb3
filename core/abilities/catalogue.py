"""The ten abilities of the paper: ids, words, names and one-line definitions. Knows no items."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from core.models.spec import shortened

JOINS = "+"
"""Separates the abilities in the id of a benchmark that needs several."""


@dataclass(frozen=True)
class Ability:
    """One cognitive ability."""

    id: str
    word: str
    """Its short name on screens, at most 12 columns."""
    name: str
    has_steps: bool
    """Whether its items have worked solutions in the form for generation."""
    definition: str
    """What its diagnostic items test, in one line."""


ABILITIES: tuple[Ability, ...] = (
    Ability("analogical_reasoning", "analogical", "analogical reasoning", False,
            "mapping a relation from one pair or domain onto another"),
    Ability("commonsense_causal", "causal", "commonsense and causal reasoning", False,
            "everyday cause and effect"),
    Ability("contextual_recall", "recall", "contextual recall", False,
            "finding a fact, or chaining facts, stated in the context"),
    Ability("deductive_reasoning", "deductive", "deductive reasoning", True,
            "what follows from stated rules and facts"),
    Ability("inductive_reasoning", "inductive", "inductive reasoning", False,
            "the rule behind examples; the next element of a pattern"),
    Ability("long_term_knowledge", "knowledge", "long-term knowledge recall", False,
            "world facts that the context does not state"),
    Ability("quantitative_reasoning", "quantitative", "quantitative reasoning", True,
            "arithmetic in words, comparison, counting"),
    Ability("semantic_relationship", "semantic", "semantic relationship comprehension", False,
            "synonym, antonym, part-whole, roles (who did what to whom)"),
    Ability("spatial_reasoning", "spatial", "spatial reasoning", True,
            "relative positions, directions, routes"),
    Ability("temporal_reasoning", "temporal", "temporal reasoning", True,
            "order, duration and overlap of events"),
)  # fmt: skip

ABILITY_IDS = tuple(ability.id for ability in ABILITIES)


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


def named_ability(name: str) -> Ability:
    """The ability that a person names: by id, by word, or by the beginning of either if no other has it.

    Raises:
        ValueError: there is none, or more than one; the message names the nearest one.
    """
    exact = [ability for ability in ABILITIES if name in (ability.id, ability.word)]
    begun = [
        ability
        for ability in ABILITIES
        if name and (ability.id.startswith(name) or ability.word.startswith(name))
    ]
    found = exact or begun
    return found[0] if len(found) == 1 else find_ability(name)
