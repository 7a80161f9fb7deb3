"""Basic cause and effect: what becomes of a thing, what did it, what helps, what one feels."""

from __future__ import annotations

import random

from core.abilities.drafting import BASIC_NAMES, draft_from, families
from core.abilities.item import Draft
from core.abilities.tables import read_tables

TABLES = read_tables("basic/commonsense_causal")
MATERIALS = list(TABLES["materials"].lists.items())
EVENTS = TABLES["events"].rows
REMEDIES = TABLES["remedies"].rows
TROUBLES, HELPS = TABLES["troubles"].texts, TABLES["helps"].texts
FEELINGS = TABLES["feelings"].lists
FEELING_FORMS = TABLES["feeling forms"].rows


def _effect(rng: random.Random) -> Draft:
    """From cause to effect; the thing's material decides."""
    number, index = rng.randrange(4), rng.randrange(6)
    cause, happened, *outcomes = rng.choice(EVENTS)
    material, things = MATERIALS[number]
    context = f"the {things[index]} of {rng.choice(BASIC_NAMES)} {happened} ."
    key, member = f"{material}:{cause}", (index, 6)
    return draft_from(rng, key, context, "there it", outcomes[number], outcomes, member=member)


def _cause(rng: random.Random) -> Draft:
    """From effect back to its cause."""
    number, index = rng.randrange(4), rng.randrange(6)
    cause, _, *outcomes = rng.choice(EVENTS)
    material, things = MATERIALS[number]
    context = f"the {things[index]} of {rng.choice(BASIC_NAMES)} {outcomes[number]} ."
    causes = [row[0] for row in EVENTS]
    key, member = f"{material}:{cause}", (index, 6)
    return draft_from(rng, key, context, "this was done by the", cause, causes, member=member)


def _remedy(rng: random.Random) -> Draft:
    """What is needed in a trouble."""
    trouble, remedy = rng.choice(REMEDIES)
    told, asked = rng.randrange(4), rng.randrange(3)
    context = TROUBLES[told].format(name=rng.choice(BASIC_NAMES), trouble=trouble)
    pool, member = [row[1] for row in REMEDIES], (told * 3 + asked, 12)
    return draft_from(rng, trouble, context, HELPS[asked], remedy, pool, member=member)


def _feeling(rng: random.Random) -> Draft:
    """What somebody feels after an event."""
    feeling = rng.choice(list(FEELINGS))
    index, number, name = rng.randrange(5), rng.randrange(4), rng.choice(BASIC_NAMES)
    event = FEELINGS[feeling][index]
    told, asked = (form.format(name=name, event=event) for form in FEELING_FORMS[number])
    key, member = f"{feeling}:{number}", (index, 5)
    return draft_from(rng, key, told, asked, feeling, list(FEELINGS), member=member)


FAMILIES = families(_effect, _cause, _remedy, _feeling)
