"""Basic time: the calendar, who came before whom, first and last by the clock, who was there at a time."""

from __future__ import annotations

import itertools
import random

from core.abilities.basic.words import NAMES, draft, pick
from core.abilities.item import Draft, Family

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
    "november", "december",
)  # fmt: skip
COUNTS = ("one", "two", "three")
HOURS = (*COUNTS, "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
ACTS = ("ate", "cooked", "cleaned", "trained", "rested", "studied")


def _calendar(rng: random.Random) -> Draft:
    """The day or month some steps later or earlier."""
    cycle, unit = rng.choice(((DAYS, "day"), (MONTHS, "month")))
    start, count = rng.randrange(len(cycle)), rng.randrange(1, len(COUNTS) + 1)
    sign, word = rng.choice(((1, "after"), (-1, "before")))
    passed = [cycle[(start + sign * i) % len(cycle)] for i in range(1, count + 1)]
    span = rng.randrange(4)
    options = [cycle[(start + sign * count - span + i) % len(cycle)] for i in range(4)]
    key, member = f"{unit}:{sign * count}", (start, len(cycle))
    context = f"{COUNTS[count - 1]} {unit}{'s' if count > 1 else ''} {word}"
    return draft(rng, key, context, f"{cycle[start]} comes", passed[-1], options, " ".join(passed), member)


def _before_after(rng: random.Random) -> Draft:
    """Who came first or last, from who came just before whom."""
    order = pick(rng, NAMES, 4)
    pairs = pick(rng, list(itertools.pairwise(order)), 3)
    first = rng.random() < 0.5
    told = [f"{a} before {b}" for a, b in pairs]
    answer = order[0] if first else order[-1]
    places = [order.index(a) for a, _ in pairs]
    key = f"chain:{places}:{first}:{answer}"
    question = f"the {'first' if first else 'last'} was"
    steps = " then ".join(order)
    return draft(rng, key, "came " + " . ".join(told) + " .", question, answer, order, steps)


def _clock(rng: random.Random) -> Draft:
    """Who came first or last, by the hour of each."""
    names, hours = pick(rng, NAMES, 4), pick(rng, range(12), 4)
    order = [names[hours.index(hour)] for hour in sorted(hours)]
    first = rng.random() < 0.5
    listed = " , ".join(f"{name} {HOURS[hour]}" for name, hour in zip(names, hours, strict=True))
    key = f"clock:{first}:{sorted(hours)}"
    question = f"by the clock the {'first' if first else 'last'} was"
    steps = " then ".join(order)
    return draft(rng, key, f"came at {listed} .", question, order[0 if first else -1], names, steps)


def _present(rng: random.Random) -> Draft:
    """Who was there at an hour, from when each came and left."""
    names, cuts = pick(rng, NAMES, 4), sorted(pick(rng, range(12), 8))
    spans = list(zip(cuts[::2], cuts[1::2], strict=True))
    asked = rng.randrange(4)
    hour = rng.randrange(spans[asked][0], spans[asked][1] + 1)
    told = [f"{n} {HOURS[a]} to {HOURS[b]}" for n, (a, b) in zip(names, spans, strict=True)]
    key = f"present:{spans[asked]}:{hour}:{asked}"
    steps = f"{HOURS[hour]} is from {HOURS[spans[asked][0]]} to {HOURS[spans[asked][1]]}"
    context = f"stayed from {' , '.join(pick(rng, told, 4))} ."
    return draft(rng, key, context, f"there at {HOURS[hour]}", names[asked], names, steps)


FAMILIES = (
    Family("calendar", _calendar),
    Family("before_after", _before_after),
    Family("clock", _clock),
    Family("present", _present),
)
