"""Temporal reasoning: order, duration and overlap of events, clock, calendar and lives.

The options are the same whichever of them is right (the four events or people in the context), or the right
ones of four contexts that differ in one number: only the context decides.
"""

from __future__ import annotations

import random
from datetime import date, timedelta

from core.abilities.drafting import (
    NAMES,
    capital,
    clock,
    clues_key,
    counted,
    draft_of,
    draw_clues,
    families,
    four_numbers,
    gives_away,
    listed,
)
from core.abilities.item import Draft
from core.abilities.standard.clock_times import CLOCK_TIMES
from core.abilities.tables import read_tables

TABLES = read_tables("standard/temporal_reasoning")
EVENTS, CLUES, POSITIONS = (
    TABLES["events"].texts,
    TABLES["event clues"].lists,
    TABLES["event positions"].texts,
)
PROGRAMMES, LIVES = TABLES["programmes"].rows, TABLES["lives"].rows
WEEKDAYS, MONTHS = TABLES["weekdays"].texts, TABLES["months"].texts

DATE_SCENES = [
    *(("later", *row) for row in TABLES["dates later"].rows),
    *(("earlier", *row) for row in TABLES["dates earlier"].rows),
]
"""Whether the other date is later or earlier, the context and the question."""

FIRST_DAY = 60
"""March 1 as a day of the year: dates stay after it, so that leap years do not matter."""


def _event_order(rng: random.Random) -> Draft:
    """Four events, known from clues: which had a position."""
    clues, position = draw_clues(rng), rng.randrange(4)
    if gives_away(clues, position):
        return _event_order(rng)
    events = rng.sample(EVENTS, 4)
    told = [capital(rng.choice(CLUES[c.kind]).format(a=events[c.a], b=events[c.b])) for c in clues]
    named = listed(rng.sample(events, 4))
    return draft_of(
        f"event_order {clues_key(clues, position)}",
        f"On the festival day there were four events, one after another: {named}. {' '.join(told)}",
        f"Which of the four events came {POSITIONS[position]}?",
        events,
        position,
        f"In order: {', '.join(events)}.",
    )


def _arrival_order(rng: random.Random) -> Draft:
    """Four times, each given by the one before: who was first, second, third or last."""
    times = [5 * rng.randint(84, 240)]
    for _ in range(3):
        times.append(times[-1] + rng.choice((-1, 1)) * 5 * rng.randint(1, 9))
    if len(set(times)) < 4:
        return _arrival_order(rng)
    people = rng.sample(NAMES, 4)
    full, short = rng.choice(TABLES["arrivals"].rows)
    told = [f"{people[0]} {full} at {clock(times[0])}."]
    for i in range(1, 4):
        by = times[i] - times[i - 1]
        told.append(
            f"{people[i]} did so {abs(by)} minutes {'after' if by > 0 else 'before'} {people[i - 1]}."
        )
    position = rng.randrange(4)
    ranked = sorted(people, key=lambda p: times[people.index(p)])
    steps = ", ".join(f"{p} {clock(t)}" for p, t in zip(people, times, strict=True))
    return draft_of(
        f"arrival_order {[t - times[0] for t in times]} {position}",
        " ".join(told),
        f"Who {short} {POSITIONS[position]}?",
        people,
        people.index(ranked[position]),
        f"{steps}. In order: {', '.join(ranked)}.",
    )


def _present_during(rng: random.Random) -> Draft:
    """A programme and four stays given by its parts: who was there during one part."""
    parts = rng.choice(PROGRAMMES)
    n = len(parts)
    asked = rng.randrange(1, n - 1)
    stays = [(rng.randint(0, asked), rng.randint(asked, n - 1))]
    while len(stays) < 4:
        a, b = sorted((rng.randrange(n), rng.randrange(n)))
        if not a <= asked <= b:
            stays.append((a, b))
    people = rng.sample(NAMES, 4)
    told = []
    for person, (a, b) in zip(people, stays, strict=True):
        came = f"right after {parts[a - 1]}" if a and rng.random() < 0.5 else f"just before {parts[a]}"
        left = (
            f"just before {parts[b + 1]}" if b < n - 1 and rng.random() < 0.5 else f"right after {parts[b]}"
        )
        told.append(f"{person} came {came} and left {left}.")
    rng.shuffle(told)
    first, last = (parts[i] for i in stays[0])
    span = f"from {first} to {last}, which includes {parts[asked]}" if first != last else f"for {first} alone"
    return draft_of(
        f"present_during {sorted(stays)} {asked}",
        f"The programme was, in this order: {listed(parts)}. {' '.join(told)}",
        f"Who was there during {parts[asked]}?",
        people,
        steps=f"One of them was there {span}.",
    )


def _weekday(rng: random.Random) -> Draft:
    """A weekday and spans of days forward and back: the weekday at the end."""
    days = rng.sample(range(7), 4)
    spans = [
        rng.choice((-1, 1)) * rng.choice((2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13))
        for _ in range(rng.randint(1, 2))
    ]
    start = (days[0] - sum(spans)) % 7
    events = rng.sample(EVENTS, len(spans) + 1)
    told = [capital(f"{events[0]} was on a {WEEKDAYS[start]}.")]
    day, out = start, []
    for span, a, b in zip(spans, events, events[1:], strict=False):
        told.append(capital(f"{b} was {counted(abs(span), 'day')} {'after' if span > 0 else 'before'} {a}."))
        weeks, rest = divmod(abs(span), 7)
        way = "later" if span > 0 else "earlier"
        rule = f"{counted(weeks, 'week')} and {counted(rest, 'day')}" if weeks else counted(rest, "day")
        out.append(f"{rule} {way} than a {WEEKDAYS[day]}")
        day = (day + span) % 7
        out[-1] += f" is a {WEEKDAYS[day]}."
    return draft_of(
        f"weekday {start} {spans}",
        " ".join(told),
        f"On which day of the week was {events[-1]}?",
        [WEEKDAYS[day] for day in days],
        steps=capital(" ".join(out)),
    )


def _months_later(rng: random.Random) -> Draft:
    """A month and a number of months: the month and year at the end."""
    months = four_numbers(rng, 12 * 1990, 12 * 2024, (1, 2, 3, 12))
    n = rng.randint(5, 40)
    start = months[0] - n
    scene, question = rng.choice(TABLES["months later"].rows)
    name = rng.choice(NAMES)
    out, now = [], start
    for span, text in ((n // 12 * 12, counted(n // 12, "year")), (n % 12, counted(n % 12, "month"))):
        if span:
            out.append(f"{text} after {_month_name(now)} is {_month_name(now + span)}.")
            now += span
    return draft_of(
        f"months_later {start % 12} {n}",
        scene.format(name=name, month=_month_name(start), n=n),
        question.format(name=name),
        [_month_name(month) for month in months],
        steps=" ".join(out),
    )


def _month_name(month: int) -> str:
    """The month, counted from the start of the year 0: `March 2016`."""
    return f"{MONTHS[month % 12]} {month // 12}"


def _days_apart(rng: random.Random) -> Draft:
    """A date and a number of days forward or back: the other date."""
    days = four_numbers(rng, FIRST_DAY, 365, (1, 2, 7, 10))
    direction, scene, question = rng.choice(DATE_SCENES)
    is_later = direction == "later"
    n = rng.randint(4, 40)
    start = days[0] - n if is_later else days[0] + n
    shift = start - days[0]
    if min(days) + shift < FIRST_DAY or max(days) + shift > 365:
        return _days_apart(rng)
    name = rng.choice(NAMES)
    return draft_of(
        f"days_apart {start} {n} {is_later}",
        scene.format(name=name, date=_date_name(start), n=n),
        question.format(name=name),
        [_date_name(day) for day in days],
        steps=_date_steps(start, n, is_later),
    )


def _day_of_year(day: int) -> date:
    """The date of a day of the year, from 1, in a year without leap day."""
    return date(2025, 1, 1) + timedelta(days=day - 1)


def _date_name(day: int) -> str:
    """The date of a day of the year as text: `March 1`."""
    return f"{MONTHS[_day_of_year(day).month - 1]} {_day_of_year(day).day}"


def _date_steps(start: int, n: int, is_later: bool) -> str:
    """The way from a date over the ends of months, in days."""
    lines, day, left = [], start, n
    sign = 1 if is_later else -1
    while left:
        by = 1
        while by < left and not _ends_month(day + sign * by, is_later):
            by += 1
        day, left = day + sign * by, left - by
        lines.append(f"{counted(by, 'day')} {'on' if is_later else 'back'} is {_date_name(day)}")
    return f"From {_date_name(start)}: {', then '.join(lines)}."


def _ends_month(day: int, is_later: bool) -> bool:
    """Whether a day is the last of its month (going on) or the first (going back)."""
    return _day_of_year(day + 1 if is_later else day).day == 1


def _life(rng: random.Random) -> Draft:
    """A year of birth and the stations of a life: the year of the last, or the age at it."""
    first, second, third, question = rng.choice(LIVES)
    spans = [rng.randint(15, 29), rng.randint(3, 19), rng.randint(3, 19)]
    name = rng.choice(NAMES)
    age = sum(spans)
    is_age = rng.random() < 0.4
    if is_age:
        numbers = four_numbers(rng, 24, 64, (1, 2, 10))
        spans[0] = numbers[0] - sum(spans[1:])
        if not 14 <= spans[0] <= 35:
            return _life(rng)
        birth, asked = rng.randint(1880, 1930), f"How old was {name} at the last of these events?"
    else:
        numbers = four_numbers(rng, 1920, 2005, (1, 2, 10))
        birth, asked = numbers[0] - age, f"In which year did {name} {question}?"
    told = listed([part.format(n=n) for part, n in zip((first, second, third), spans, strict=True)])
    total = (0 if is_age else birth) + spans[0]
    sums = [] if is_age else [f"{birth} + {spans[0]} = {total}."]
    for span in spans[1:]:
        sums.append(f"{total} + {span} = {total + span}.")
        total += span
    return draft_of(
        f"life {is_age} {spans if is_age else [birth, *spans]}",
        f"{name} was born in {birth}, {told}.",
        asked,
        numbers,
        steps=" ".join(sums),
    )


FAMILIES = (
    *families(_event_order, _arrival_order, _present_during),
    *CLOCK_TIMES,
    *families(_weekday, _months_later, _days_apart, _life),
)
