"""Basic time: first and last by the clock and by the calendar, how long, who was there."""

from __future__ import annotations

import random

from core.abilities.drafting import BASIC_NAMES, draft_from, families, pick
from core.abilities.item import Draft
from core.abilities.tables import read_tables

TABLES = read_tables("basic/temporal_reasoning")
HOURS, DAYS, SPANS = TABLES["hours"].texts, TABLES["days"].texts, TABLES["spans"].texts
"""Each in its order of time or length."""


def _extreme(
    rng: random.Random, scale: tuple[str, ...], told: str, first: str, last: str, kind: str
) -> Draft:
    """Which of four people at four positions of a scale is nearest to one end."""
    names, positions = pick(rng, BASIC_NAMES, 4), pick(rng, range(len(scale)), 4)
    order = [names[positions.index(position)] for position in sorted(positions)]
    is_first = rng.random() < 0.5
    listed = " , ".join(f"{scale[i]} {name}" for name, i in zip(names, positions, strict=True))
    key = f"{kind}:{is_first}:{sorted(positions)}"
    answer = order[0 if is_first else -1]
    steps = " then ".join(f"{scale[i]} {name}" for i, name in zip(sorted(positions), order, strict=True))
    return draft_from(rng, key, f"{told} {listed} .", first if is_first else last, answer, names, steps)


def _clock(rng: random.Random) -> Draft:
    """Who came first or last, by the hour of each."""
    return _extreme(rng, HOURS, "came at", "by the clock the first was", "by the clock the last was", "clock")


def _calendar(rng: random.Random) -> Draft:
    """Who came earliest or latest, by the day of each."""
    return _extreme(rng, DAYS, "visits :", "the earliest visit is of", "the latest visit is of", "calendar")


def _duration(rng: random.Random) -> Draft:
    """Who took longest or shortest."""
    return _extreme(rng, SPANS, "it took a", "the shortest time had", "the longest time had", "duration")


def _present(rng: random.Random) -> Draft:
    """Who was there at an hour, from when each came and left."""
    names, cuts = pick(rng, BASIC_NAMES, 4), sorted(pick(rng, range(12), 8))
    spans = list(zip(cuts[::2], cuts[1::2], strict=True))
    asked = rng.randrange(4)
    hour = rng.randrange(spans[asked][0], spans[asked][1] + 1)
    told = [f"{n} {HOURS[a]} to {HOURS[b]}" for n, (a, b) in zip(names, spans, strict=True)]
    key = f"present:{spans[asked]}:{hour}:{asked}"
    steps = f"{HOURS[hour]} is from {HOURS[spans[asked][0]]} to {HOURS[spans[asked][1]]}"
    context = f"stayed from {' , '.join(pick(rng, told, 4))} ."
    return draft_from(rng, key, context, f"there at {HOURS[hour]}", names[asked], names, steps)


FAMILIES = families(_clock, _calendar, _duration, _present)
