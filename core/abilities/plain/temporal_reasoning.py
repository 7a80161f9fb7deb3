"""Plain time: the next day and month, what comes before and after what, seasons, how long things take.

A held-out key is what is asked about: a deed, a sequence, or a day or month and where it is told of.
"""

from __future__ import annotations

import random
from itertools import pairwise

from core.abilities.drafting import NAMES, draft_from, families
from core.abilities.item import Draft
from core.abilities.plain.facts import group_family, kind_family
from core.abilities.tables import read_tables

ABILITY = "temporal_reasoning"
TABLES = read_tables("plain/temporal_reasoning")
DAYS, MONTHS = TABLES["weekdays"].texts, TABLES["months"].texts
PLACES = TABLES["places"].texts

AROUND = [
    [pair for a, b in pairwise(stages) for pair in ((f"after {a}", b), (f"before {b}", a))]
    for stages in TABLES["sequences"].lists.values()
]
"""For each sequence, what comes before and after each of its stages."""


def _next(rng: random.Random, table: str, scale: tuple[str, ...]) -> Draft:
    """What follows a day or a month, which is no option itself."""
    number, scene, place = (
        rng.randrange(len(scale)),
        rng.choice(TABLES[table].rows),
        rng.randrange(len(PLACES)),
    )
    now, then = scale[number], scale[(number + 1) % len(scale)]
    context, question = (text.format(x=now, name=rng.choice(NAMES), place=PLACES[place]) for text in scene)
    options = [other for other in scale if other != now]
    steps, member = f"After {now} comes {then}.", (place, len(PLACES))
    return draft_from(rng, f"{now}:{scene[0]}", context, question, then, options, steps, member)


def _next_day(rng: random.Random) -> Draft:
    """The day after a day of the week."""
    return _next(rng, "day scenes", DAYS)


def _next_month(rng: random.Random) -> Draft:
    """The month after a month."""
    return _next(rng, "month scenes", MONTHS)


FAMILIES = (
    *families(_next_day, _next_month),
    group_family(
        ABILITY, "before_or_after", AROUND, TABLES["sequence questions"].texts, steps="{s} comes {a}."
    ),
    kind_family("season", TABLES["seasons"].lists, TABLES["season questions"].texts, "People {s} in {a}."),
    kind_family(
        "duration", TABLES["durations"].lists, TABLES["duration questions"].texts, "It takes {a} to {s}."
    ),
)
