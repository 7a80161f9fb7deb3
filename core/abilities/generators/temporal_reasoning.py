"""Temporal reasoning: order, duration and overlap of events, clock, calendar and lives.

The options are the same whichever of them is right (the four events or people in the context), or the right
ones of four contexts that differ in one number: only the context decides.
"""

from __future__ import annotations

import random
from datetime import date, timedelta
from itertools import pairwise

from core.abilities.drafting import (
    BASIC_NAMES,
    NAMES,
    capital,
    clock,
    clues_key,
    counted,
    draft_from,
    draft_of,
    draw_clues,
    duration,
    families,
    family,
    four_numbers,
    gives_away,
    group_family,
    kind_family,
    listed,
    pick,
)
from core.abilities.item import Draft, Family
from core.abilities.tables import read_tables
from core.models.spec import Level

# Basic time: first and last by the clock and by the calendar, how long, who was there.

BASIC_TABLES = read_tables("basic/temporal_reasoning")
HOURS, BASIC_DAYS, SPANS = (
    BASIC_TABLES["hours"].texts,
    BASIC_TABLES["days"].texts,
    BASIC_TABLES["spans"].texts,
)
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


def _present(rng: random.Random) -> Draft:
    names, cuts = pick(rng, BASIC_NAMES, 4), sorted(pick(rng, range(12), 8))
    spans = list(zip(cuts[::2], cuts[1::2], strict=True))
    asked = rng.randrange(4)
    hour = rng.randrange(spans[asked][0], spans[asked][1] + 1)
    told = [f"{n} {HOURS[a]} to {HOURS[b]}" for n, (a, b) in zip(names, spans, strict=True)]
    key = f"present:{spans[asked]}:{hour}:{asked}"
    steps = f"{HOURS[hour]} is from {HOURS[spans[asked][0]]} to {HOURS[spans[asked][1]]}"
    context = f"stayed from {' , '.join(pick(rng, told, 4))} ."
    return draft_from(rng, key, context, f"there at {HOURS[hour]}", names[asked], names, steps)


# Plain time: the next day and month, what comes before and after what, seasons, how long things take.
#
# A held-out key is what is asked about: a deed, a sequence, or a day or month and where it is told of.

ABILITY = "temporal_reasoning"
PLAIN_TABLES = read_tables("plain/temporal_reasoning")
PLAIN_DAYS, PLAIN_MONTHS = PLAIN_TABLES["weekdays"].texts, PLAIN_TABLES["months"].texts
PLACES = PLAIN_TABLES["places"].texts

AROUND = [
    [pair for a, b in pairwise(stages) for pair in ((f"after {a}", b), (f"before {b}", a))]
    for stages in PLAIN_TABLES["sequences"].lists.values()
]
"""For each sequence, what comes before and after each of its stages."""


def _next(rng: random.Random, table: str, scale: tuple[str, ...]) -> Draft:
    """What follows a day or a month, which is no option itself."""
    number, scene, place = (
        rng.randrange(len(scale)),
        rng.choice(PLAIN_TABLES[table].rows),
        rng.randrange(len(PLACES)),
    )
    now, then = scale[number], scale[(number + 1) % len(scale)]
    context, question = (text.format(x=now, name=rng.choice(NAMES), place=PLACES[place]) for text in scene)
    options = [other for other in scale if other != now]
    steps, member = f"After {now} comes {then}.", (place, len(PLACES))
    return draft_from(rng, f"{now}:{scene[0]}", context, question, then, options, steps, member)


# Temporal families with times of day: spans, ends, starts, overlaps, timetables, zones and wrong clocks.

TABLES = read_tables("standard/temporal_reasoning")
VISITS, LESSONS = TABLES["visits"].texts, TABLES["lessons"].texts
VILLAGES = read_tables("standard/spatial_reasoning")["villages"].texts

GRID_MIN = 5
"""Times of day are multiples of this, in minutes."""


def _clock_options(rng: random.Random, first_hour: int, last_hour: int) -> list[int]:
    """Four times of day in minutes; the first is meant to be the right one."""
    steps = four_numbers(rng, 60 // GRID_MIN * first_hour, 60 // GRID_MIN * last_hour, (1, 2, 3, 6, 12))
    return [GRID_MIN * step for step in steps]


def _spans(rng: random.Random, n: int, longest: int = 90) -> list[int]:
    """N spans of time in minutes."""
    return [GRID_MIN * rng.randint(2, longest // GRID_MIN) for _ in range(n)]


def _elapsed(rng: random.Random) -> Draft:
    spans = [GRID_MIN * step for step in four_numbers(rng, 5, 48, (1, 2, 3, 6))]
    start = GRID_MIN * rng.randint(84, 216)
    end = start + spans[0]
    scene, question = rng.choice(TABLES["spans"].rows)
    name = rng.choice(NAMES)
    full = spans[0] // 60 * 60
    steps = f"From {clock(start)} to {clock(start + full)} is {duration(full)}. " if full else ""
    if spans[0] - full:
        steps += f"From {clock(start + full)} to {clock(end)} is {duration(spans[0] - full)}."
    return draft_of(
        f"elapsed {start} {spans[0]}",
        scene.format(name=name, a=clock(start), b=clock(end)),
        question.format(name=name),
        [duration(span) for span in spans],
        steps=steps.rstrip(),
    )


def _finish_time(rng: random.Random) -> Draft:
    ends = _clock_options(rng, 12, 22)
    opening, *parts, note, question = rng.choice(TABLES["finishes"].rows)
    spans = _spans(rng, rng.randint(2, 3))
    now = start = ends[0] - sum(spans)
    out = []
    for span in spans:
        out.append(f"{clock(now)} plus {duration(span)} is {clock(now + span)}.")
        now += span
    chosen = parts if len(spans) == 3 else (parts[0], parts[2])
    told = listed([part.format(t=duration(span)) for part, span in zip(chosen, spans, strict=True)])
    name = rng.choice(NAMES)
    return draft_of(
        f"finish_time {start} {spans}",
        f"{opening.format(name=name, a=clock(start))} {told}. {note}",
        question.format(name=name),
        [clock(end) for end in ends],
        steps=" ".join(out),
    )


def _leave_time(rng: random.Random) -> Draft:
    starts = _clock_options(rng, 6, 20)
    opening, *parts, question = rng.choice(TABLES["starts"].rows)
    spans = _spans(rng, 2)
    goal = starts[0] + sum(spans)
    told = " and ".join(part.format(t=duration(span)) for part, span in zip(parts, spans, strict=True))
    name = rng.choice(NAMES)
    between = goal - spans[0]
    return draft_of(
        f"leave_time {goal} {spans}",
        f"{opening.format(name=name, b=clock(goal))} {told}.",
        question.format(name=name),
        [clock(start) for start in starts],
        steps=f"{clock(goal)} minus {duration(spans[0])} is {clock(between)}. "
        f"{clock(between)} minus {duration(spans[1])} is {clock(starts[0])}.",
    )


def _overlap_length(rng: random.Random) -> Draft:
    spans = [GRID_MIN * step for step in four_numbers(rng, 2, 26, (1, 2, 3))]
    start = GRID_MIN * rng.randint(108, 204)
    end = start + spans[0]
    before, after = _spans(rng, 2, 75)
    stays = [(start - before, end), (start, end + after)]
    if rng.random() < 0.4:
        stays = [(start - before, end + after), (start, end)]
    rng.shuffle(stays)
    a, b = rng.sample(NAMES, 2)
    where = rng.choice(VISITS)
    (a_from, a_to), (b_from, b_to) = stays
    return draft_of(
        f"overlap_length {sorted(stays)}",
        f"{a} was {where} from {clock(a_from)} to {clock(a_to)}. {b} came at {clock(b_from)} and stayed "
        f"until {clock(b_to)}.",
        f"How long were {a} and {b} there at the same time?",
        [duration(span) for span in spans],
        steps=f"The later start is {clock(start)}, the earlier end is {clock(end)}.",
    )


def _who_was_there(rng: random.Random) -> Draft:
    time = GRID_MIN * rng.randint(132, 216)
    stays = [(time - GRID_MIN * rng.randint(1, 12), time + GRID_MIN * rng.randint(1, 12))]
    for _ in range(3):
        near, far = sorted(rng.sample(range(1, 20), 2))
        if rng.random() < 0.5:
            stays.append((time - GRID_MIN * far, time - GRID_MIN * near))
        else:
            stays.append((time + GRID_MIN * near, time + GRID_MIN * far))
    people = rng.sample(NAMES, 4)
    where = rng.choice(VISITS)
    told = [f"{p} was there from {clock(a)} to {clock(b)}." for p, (a, b) in zip(people, stays, strict=True)]
    rng.shuffle(told)
    start, end = stays[0]
    return draft_of(
        f"who_was_there {sorted(stays)} {time}",
        f"Four people were {where} yesterday. {' '.join(told)}",
        f"Who was {where} at {clock(time)}?",
        people,
        steps=f"{clock(time)} lies between {clock(start)} and {clock(end)}.",
    )


def _next_departure(rng: random.Random) -> Draft:
    interval = rng.choice((12, 15, 18, 20, 25, 35, 40, 45))
    counts = four_numbers(rng, 1, 9, (1, 1, 2))
    first = GRID_MIN * rng.randint(66, 108)
    gold = first + counts[0] * interval
    arrival = gold - rng.randint(2, interval - 2)
    line, stop = rng.choice(TABLES["lines"].rows)
    name = rng.choice(NAMES)
    times = [clock(first + i * interval) for i in range(counts[0] + 1)]
    return draft_of(
        f"next_departure {first} {interval} {arrival}",
        f"The first {line} of the day leaves at {clock(first)}, and from then on one leaves every {interval} "
        f"minutes. {name} comes to {stop} at {clock(arrival)}.",
        f"When does the next {line} leave?",
        [clock(first + count * interval) for count in counts],
        steps=f"Departures: {', '.join(times[:-1])}, all before {clock(arrival)}, and then the next one.",
    )


def _time_zone(rng: random.Random) -> Draft:
    ends = _clock_options(rng, 10, 23)
    shift = rng.choice((-1, 1)) * rng.randint(2, 6)
    flight = GRID_MIN * rng.randint(18, 96)
    start = ends[0] - flight - 60 * shift
    if min(ends) - ends[0] + start < 0 or max(ends) - ends[0] + start + flight >= 1440:
        return _time_zone(rng)
    a, b = rng.sample(VILLAGES, 2)
    hours = counted(abs(shift), "hour")
    return draft_of(
        f"time_zone {start} {flight} {shift}",
        f"Clocks in {b} are {hours} {'ahead of' if shift > 0 else 'behind'} clocks in {a}. A plane leaves "
        f"{a} at {clock(start)} local time and lands in {b} after {duration(flight)} in the air.",
        f"What time is it in {b} when the plane lands?",
        [clock(end) for end in ends],
        steps=f"In {a} it is then {clock(start)} plus {duration(flight)}, which is {clock(start + flight)}. "
        f"{b} is {hours} {'ahead' if shift > 0 else 'behind'}.",
    )


def _wrong_clock(rng: random.Random) -> Draft:
    ends = four_numbers(rng, 8 * 60, 22 * 60, (2, 3, 5, 10, 15))
    error = rng.choice((-1, 1)) * rng.randint(3, 20)
    span = _spans(rng, 1)[0]
    shown = ends[0] - span + error
    name = rng.choice(NAMES)
    kind = f"{counted(abs(error), 'minute')} {'fast' if error > 0 else 'slow'}"
    return draft_of(
        f"wrong_clock {shown} {error} {span}",
        f"The clock in the kitchen is {kind}. It shows {clock(shown)} when {name} puts bread into the oven. "
        f"The bread needs {duration(span)}.",
        "What is the correct time when the bread is done?",
        [clock(end) for end in ends],
        steps=f"The bread goes in at {clock(shown - error)}, because the clock is {kind}. "
        f"{clock(shown - error)} plus {duration(span)} is {clock(ends[0])}.",
    )


def _longest_break(rng: random.Random) -> Draft:
    lessons = rng.sample(LESSONS, 5)
    breaks = [GRID_MIN * step for step in rng.sample(range(1, 11), 4)]
    lengths = _spans(rng, 5, 70)
    now, told = GRID_MIN * rng.randint(90, 108), []
    for lesson, length, pause in zip(lessons, lengths, [*breaks, 0], strict=True):
        told.append(f"{lesson} from {clock(now)} to {clock(now + length)}")
        now += length + pause
    is_longest = rng.random() < 0.5
    best = max(breaks) if is_longest else min(breaks)
    pauses = ", ".join(f"after {s} {p} minutes" for s, p in zip(lessons, breaks, strict=False))
    name = rng.choice(NAMES)
    return draft_of(
        f"longest_break {lengths} {breaks} {is_longest}",
        f"Today {name} has {listed(told)}.",
        f"After which lesson does {name} have the {'longest' if is_longest else 'shortest'} break?",
        lessons[:4],
        breaks.index(best),
        f"Breaks: {pauses}. The {'longest' if is_longest else 'shortest'} is {best} minutes.",
    )


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


FAMILIES: dict[Level, tuple[Family, ...]] = {
    "basic": (
        family(
            "clock",
            _extreme,
            HOURS,
            "came at",
            "by the clock the first was",
            "by the clock the last was",
            "clock",
        ),
        family(
            "calendar",
            _extreme,
            BASIC_DAYS,
            "visits :",
            "the earliest visit is of",
            "the latest visit is of",
            "calendar",
        ),
        family(
            "duration",
            _extreme,
            SPANS,
            "it took a",
            "the shortest time had",
            "the longest time had",
            "duration",
        ),
        *families(_present),
    ),
    "plain": (
        family("next_day", _next, "day scenes", PLAIN_DAYS),
        family("next_month", _next, "month scenes", PLAIN_MONTHS),
        group_family(
            ABILITY,
            "before_or_after",
            AROUND,
            PLAIN_TABLES["sequence questions"].texts,
            steps="{s} comes {a}.",
        ),
        kind_family(
            "season",
            PLAIN_TABLES["seasons"].lists,
            PLAIN_TABLES["season questions"].texts,
            "People {s} in {a}.",
        ),
        kind_family(
            "duration",
            PLAIN_TABLES["durations"].lists,
            PLAIN_TABLES["duration questions"].texts,
            "It takes {a} to {s}.",
        ),
    ),
    "standard": (
        *families(_event_order, _arrival_order, _present_during),
        *families(_elapsed, _finish_time, _leave_time, _overlap_length, _who_was_there, _next_departure),
        *families(_time_zone, _wrong_clock, _longest_break),
        *families(_weekday, _months_later, _days_apart, _life),
    ),
}
