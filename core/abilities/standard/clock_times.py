"""Temporal families with times of day: spans, ends, starts, overlaps, timetables, zones and wrong clocks."""

from __future__ import annotations

import random

from core.abilities.drafting import NAMES, clock, counted, draft_of, duration, families, four_numbers, listed
from core.abilities.item import Draft
from core.abilities.tables import read_tables

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
    """A start and an end: the time between."""
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
    """A start and things that take time one after another: the end."""
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
    """A goal and what takes time before it: the latest start."""
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
    """Two stays: how long both people were there."""
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
    """Four stays: who was there at a time."""
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
    """Departures at regular intervals: the next one after an arrival."""
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
    """A flight between two time zones: the local time of arrival."""
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
    """A clock that is fast or slow: the right time some minutes after it shows a time."""
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
    """Five lessons with their times: after which comes the longest or the shortest break."""
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


CLOCK_TIMES = families(
    _elapsed, _finish_time, _leave_time, _overlap_length, _who_was_there, _next_departure, _time_zone,
    _wrong_clock, _longest_break,
)  # fmt: skip
"""The families with times of day."""
