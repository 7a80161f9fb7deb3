"""Basic cause and effect: what becomes of a thing, what did it, what helps, what one feels."""

from __future__ import annotations

import random

from core.abilities.basic.words import NAMES, draft
from core.abilities.item import Draft, Family

MATERIALS = {
    "glass": ("vase", "mirror", "bottle", "window", "lens", "bulb"),
    "paper": ("letter", "map", "ticket", "poster", "page", "card"),
    "iron": ("nail", "chain", "anchor", "hook", "bolt", "spade"),
    "soft": ("butter", "wax", "cheese", "chocolate", "lard", "fudge"),
}
"""Things by what they are made of, which decides what becomes of them."""

EVENTS = {
    "floor": ("fell on the floor", ("broke", "fluttered", "clanged", "squashed")),
    "fire": ("lay in the fire", ("cracked", "burned", "glowed", "melted")),
    "rain": ("stood in the rain", ("dripped", "soaked", "rusted", "spoiled")),
    "hammer": ("met the hammer", ("shattered", "tore", "rang", "splattered")),
    "sun": ("hung in the sun", ("sparkled", "faded", "heated", "softened")),
}
"""What happens: the cause, how it is told, and the outcome for glass, paper, iron and soft things."""

REMEDIES = {
    "thirsty": "water",
    "tired": "bed",
    "cold": "coat",
    "hungry": "soup",
    "dirty": "soap",
    "ill": "medicine",
    "lost": "compass",
    "bored": "game",
    "wet": "towel",
    "bleeding": "bandage",
    "hot": "fan",
    "late": "taxi",
}
"""A trouble and what helps."""

TROUBLE_FORMS = (
    "{name} is very {trouble} .",
    "now {name} feels {trouble} .",
    "{name} was {trouble} all day .",
    "poor {name} got {trouble} .",
)
HELP_FORMS = ("it helps to have a", "so bring the", "then one needs the")

FEELINGS = {
    "happy": ("won a prize", "got a gift", "met a friend", "passed the test", "found a treasure"),
    "sad": ("lost a pet", "failed the test", "missed the party", "said goodbye", "broke a toy"),
    "afraid": ("saw a ghost", "heard a scream", "met a tiger", "stood on a cliff", "felt an earthquake"),
    "angry": ("was cheated", "was robbed", "was insulted", "got a fine", "was pushed away"),
}
"""Feelings and what brings them about."""

FEELING_FORMS = (
    ("{name} {event} .", "now {name} feels"),
    ("today {name} {event} .", "that makes {name}"),
    ("{name} {event} again .", "so {name} is"),
    ("suddenly {name} {event} .", "the face of {name} looks"),
)


def _effect(rng: random.Random) -> Draft:
    """From cause to effect; the thing's material decides."""
    number, place, cause = rng.randrange(4), rng.randrange(6), rng.choice(list(EVENTS))
    material, things = list(MATERIALS.items())[number]
    telling, outcomes = EVENTS[cause]
    context = f"the {things[place]} of {rng.choice(NAMES)} {telling} ."
    key = f"{material}:{cause}"
    return draft(rng, key, context, "there it", outcomes[number], outcomes, member=(place, 6))


def _cause(rng: random.Random) -> Draft:
    """From effect back to its cause."""
    number, place, cause = rng.randrange(4), rng.randrange(6), rng.choice(list(EVENTS))
    material, things = list(MATERIALS.items())[number]
    context = f"the {things[place]} of {rng.choice(NAMES)} {EVENTS[cause][1][number]} ."
    key = f"{material}:{cause}"
    return draft(rng, key, context, "this was done by the", cause, list(EVENTS), member=(place, 6))


def _remedy(rng: random.Random) -> Draft:
    """What is needed in a trouble."""
    trouble = rng.choice(list(REMEDIES))
    told, asked = rng.randrange(4), rng.randrange(3)
    context = TROUBLE_FORMS[told].format(name=rng.choice(NAMES), trouble=trouble)
    pool, member = list(REMEDIES.values()), (told * 3 + asked, 12)
    return draft(rng, trouble, context, HELP_FORMS[asked], REMEDIES[trouble], pool, member=member)


def _feeling(rng: random.Random) -> Draft:
    """What somebody feels after an event."""
    feeling = rng.choice(list(FEELINGS))
    place, number, name = rng.randrange(5), rng.randrange(4), rng.choice(NAMES)
    event = FEELINGS[feeling][place]
    told, asked = (form.format(name=name, event=event) for form in FEELING_FORMS[number])
    member = (place, 5)
    return draft(rng, f"{feeling}:{number}", told, asked, feeling, list(FEELINGS), member=member)


FAMILIES = (
    Family("effect", _effect),
    Family("cause", _cause),
    Family("remedy", _remedy),
    Family("feeling", _feeling),
)
