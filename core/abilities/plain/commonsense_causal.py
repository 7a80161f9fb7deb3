"""Plain cause and effect: how somebody feels, what becomes of a thing, what caused it, what is needed.

The event is in the context; question and options are the same whatever happened.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from core.abilities.drafting import BASIC_NAMES, draft_from, families
from core.abilities.item import Draft
from core.abilities.tables import MISSING, Table, entries, read_tables

TABLES = read_tables("plain/commonsense_causal")
NEEDS = TABLES["needs"].lists
CONTAINERS, DAYS, NEEDING = (TABLES[name].texts for name in ("containers", "days", "needing"))


class Outcome(NamedTuple):
    """One of the possible answers of a table."""

    events: tuple[str, ...]
    """What leads to it, or what it leads to."""
    also: frozenset[str]
    """Other answers that may be right, too: never shown beside it."""


def _outcomes(table: Table) -> dict[str, Outcome]:
    return {
        title[0]: Outcome(tuple(event for (event,) in rows), frozenset(entries(title[1])) - {MISSING})
        for title, rows in table.blocks
    }


FEELINGS = _outcomes(TABLES["feelings"])
STATES = _outcomes(TABLES["states"])
CAUSES = _outcomes(TABLES["causes"])


def _drawn(
    rng: random.Random, outcomes: Mapping[str, Outcome], told: str, question: str, answer: str
) -> Draft:
    """An item about one of a table's events, which takes the place of `{event}` in `told`.

    The key is the answer's group of events, of which a fifth is held out.
    """
    right = rng.choice(list(outcomes))
    events, also = outcomes[right]
    index = rng.randrange(len(events))
    pool = [answer.format(other) for other in outcomes if other not in also]
    context, member = told.replace("{event}", events[index]), (index, len(events))
    return draft_from(rng, right, context, question, answer.format(right), pool, member=member)


def _feeling(rng: random.Random) -> Draft:
    """How somebody is after an event."""
    name, after = rng.choice(BASIC_NAMES), rng.choice(("afterwards", "after that"))
    return _drawn(rng, FEELINGS, f"{name} {{event}}.", f"How was {name} {after}?", f"{name} was {{}}")


def _state(rng: random.Random) -> Draft:
    """What a thing is like after what was done to it."""
    name, thing = rng.choice(BASIC_NAMES), rng.choice(CONTAINERS)
    question, answer = f"What is the {thing} like now?", f"Now the {thing} is {{}}"
    draft = _drawn(rng, STATES, f"{name} {{event}}.", question, answer)
    return replace(draft, context=draft.context.format(thing=thing))


def _cause(rng: random.Random) -> Draft:
    """What an effect was caused by."""
    day = rng.choice(DAYS)
    return _drawn(
        rng, CAUSES, f"On {day} {{event}}.", f"What caused this on {day}?", "It was caused by the {}"
    )


def _need(rng: random.Random) -> Draft:
    """What meets a need."""
    thing, name, index = rng.choice(list(NEEDS)), rng.choice(BASIC_NAMES), rng.randrange(2)
    pool = [f"{name} needs the {other}" for other in NEEDS]
    context, question = f"{name} {NEEDS[thing][index]}.", rng.choice(NEEDING).format(name=name)
    return draft_from(rng, thing, context, question, f"{name} needs the {thing}", pool, member=(index, 2))


FAMILIES = families(_feeling, _state, _cause, _need)
