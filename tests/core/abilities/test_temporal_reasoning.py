"""The gold of every temporal family, found again from the text alone with the standard library's calendar."""

import itertools
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial

import pytest

from core.abilities.generators.temporal_reasoning import FAMILIES, MONTHS, PROGRAMMES, WEEKDAYS
from tests.core.abilities.drafts import drafts_of

CLOCK = r"\d+:\d\d [ap]m"
SPAN = r"(?:\d+ hours?)?(?: ?\d+ minutes?)?"
PLACES = ("first", "second", "third", "last")
SIGN = {"after": 1, "later": 1, "ahead": 1, "before": -1, "earlier": -1, "behind": -1}


def found(pattern: str, text: str) -> tuple[str, ...]:
    match = re.search(pattern, text)
    assert match, (pattern, text)
    return match.groups()


def times(text: str) -> list[datetime]:
    return [datetime.strptime(time, "%I:%M %p") for time in re.findall(CLOCK, text)]


def spans(text: str) -> list[timedelta]:
    """The spans told in a text; times of day are not spans."""
    pairs = re.findall(r"(?:(\d+) hours?)? ?(?:(\d+) minutes?)?", re.sub(CLOCK, "", text))
    return [timedelta(hours=int(h or 0), minutes=int(m or 0)) for h, m in pairs if h or m]


def told_clock(time: datetime) -> str:
    return time.strftime("%I:%M %p").lstrip("0").lower()


def told_span(span: timedelta) -> str:
    hours, minutes = divmod(round(span.total_seconds() / 60), 60)
    words = [(hours, "hour"), (minutes, "minute")]
    return " ".join(f"{n} {word}{'s' * (n != 1)}" for n, word in words if n)


def stays(context: str) -> dict[str, list[datetime]]:
    """The first two times of each sentence that has two, by its first word."""
    return {
        s.split()[0]: times(s) for s in re.split(r"(?<=m)\. |\. (?=[A-Z])", context) if len(times(s)) == 2
    }


def clue_holds(clue: str, at: dict[str, int]) -> bool:
    a, *rest = (at[event] for event in sorted(at, key=clue.lower().find) if event in clue.lower())
    if "The day opened" in clue or "Nothing took place before" in clue:
        return a == 0
    if "The day ended" in clue or "Nothing took place after" in clue:
        return a == 3
    b = rest[0]
    if "exactly one event" in clue.lower():
        return abs(a - b) == 2
    if clue.startswith("Right after"):
        return b - a == 1
    if "right before" in clue:
        return a - b == 1
    return a < b if clue.startswith("At some time after") else b < a


def event_order(context: str, question: str) -> str:
    intro, *clues = context.rstrip(".").split(". ")
    events = re.split(r", | and ", intro.split(": ")[1])
    fitting = [
        order
        for order in itertools.permutations(events)
        if all(clue_holds(clue, {event: i for i, event in enumerate(order)}) for clue in clues)
    ]
    assert len(fitting) == 1, context
    return fitting[0][PLACES.index(question.rstrip("?").split()[-1])]


def arrival_order(context: str, question: str) -> str:
    at = {context.split()[0]: times(context)[0]}
    for person, n, way, other in re.findall(r"(\w+) did so (\d+) minutes (\w+) (\w+)", context):
        at[person] = at[other] + SIGN[way] * timedelta(minutes=int(n))
    return sorted(at, key=at.__getitem__)[PLACES.index(question.rstrip("?").split()[-1])]


def present_during(context: str, question: str) -> str:
    parts = next(parts for parts in PROGRAMMES if f"{parts[0]}, {parts[1]}" in context)
    asked = parts.index(found(r"during (.+)\?", question)[0])
    present = []
    for person, came, a, left, b in re.findall(
        r"(\w+) came (right after|just before) ([^.]+?) and left (right after|just before) ([^.]+)\.", context
    ):
        start = parts.index(a) + (0.5 if came == "right after" else -0.5)
        end = parts.index(b) + (0.5 if left == "right after" else -0.5)
        present += [person] * (start < asked < end)
    (person,) = present
    return person


def elapsed(context: str, question: str) -> str:
    start, end = times(context)
    return told_span(end - start)


def finish_time(context: str, question: str) -> str:
    return told_clock(times(context)[0] + sum(spans(context), timedelta()))


def leave_time(context: str, question: str) -> str:
    return told_clock(times(context)[0] - sum(spans(context), timedelta()))


def overlap_length(context: str, question: str) -> str:
    (a_from, a_to), (b_from, b_to) = stays(context).values()
    minute = timedelta(minutes=1)
    both = sum(
        a_from <= a_from + i * minute < a_to and b_from <= a_from + i * minute < b_to for i in range(24 * 60)
    )
    return told_span(both * minute)


def who_was_there(context: str, question: str) -> str:
    (asked,) = times(question)
    (person,) = (person for person, (start, end) in stays(context).items() if start < asked < end)
    return person


def next_departure(context: str, question: str) -> str:
    departure, arrival = times(context)
    while departure < arrival:
        departure += spans(context)[0]
    return told_clock(departure)


def time_zone(context: str, question: str) -> str:
    shift, flight = spans(context)
    (way,) = found(r"hours? (ahead|behind)", context)
    return told_clock(times(context)[0] + flight + SIGN[way] * shift)


def wrong_clock(context: str, question: str) -> str:
    error, needed = spans(context)
    right = times(context)[0] + (error if "slow" in context else -error)
    return told_clock(right + needed)


def longest_break(context: str, question: str) -> str:
    lessons = re.findall(rf"(\w+) from ({CLOCK}) to ({CLOCK})", context)
    gaps = {
        lesson: times(start)[0] - times(end)[0]
        for (lesson, _, end), (_, start, _) in itertools.pairwise(lessons)
    }
    return (max if "longest" in question else min)(gaps, key=gaps.__getitem__)


def weekday(context: str, question: str) -> str:
    (day,) = found(r"on a (\w+)", context)
    at = date(2024, 1, 1) + timedelta(days=WEEKDAYS.index(day))
    for n, way in re.findall(r"(\d+) days? (after|before)", context):
        at += SIGN[way] * timedelta(days=int(n))
    return at.strftime("%A")


def months_later(context: str, question: str) -> str:
    month, year = found(r"([A-Z]\w+) (\d{4})", context)
    (n,) = found(r"(\d+) months", context)
    number = MONTHS.index(month)
    for _ in range(int(n)):
        number = (number + 1) % 12
        year = str(int(year) + (number == 0))
    return f"{MONTHS[number]} {year}"


def days_apart(context: str, question: str) -> str:
    told, n, way = found(r"on ([A-Z]\w+ \d+).+exactly (\d+) days (later|earlier)", context)
    golds = set()
    for year in (2023, 2024):
        at = datetime.strptime(f"{told} {year}", "%B %d %Y") + SIGN[way] * timedelta(days=int(n))
        golds.add(f"{at.strftime('%B')} {at.day}")
        assert at.year == year
    (gold,) = golds
    return gold


def life(context: str, question: str) -> str:
    birth, *years = (int(n) for n in re.findall(r"\d+", context))
    return str(sum(years) + (0 if "How old" in question else birth))


SOLVERS: dict[str, Callable[[str, str], str]] = {
    "event_order": event_order,
    "arrival_order": arrival_order,
    "present_during": present_during,
    "elapsed": elapsed,
    "finish_time": finish_time,
    "leave_time": leave_time,
    "overlap_length": overlap_length,
    "who_was_there": who_was_there,
    "next_departure": next_departure,
    "time_zone": time_zone,
    "wrong_clock": wrong_clock,
    "longest_break": longest_break,
    "weekday": weekday,
    "months_later": months_later,
    "days_apart": days_apart,
    "life": life,
}


drafts = partial(drafts_of, "standard", "temporal_reasoning")


def test_every_family_has_a_solver() -> None:
    assert [family.name for family in FAMILIES["standard"]] == list(SOLVERS)


@pytest.mark.parametrize("name", SOLVERS)
def test_gold_follows_from_the_text(name: str) -> None:
    for draft in drafts(name, 300):
        assert draft.answer == SOLVERS[name](draft.context, draft.question), draft


def test_the_steps_between_dates_add_up_to_the_days() -> None:
    for draft in drafts("days_apart", 200):
        (n,) = found(r"exactly (\d+) days", draft.context)
        assert sum(int(days) for days in re.findall(r"(\d+) days? (?:on|back)", draft.steps)) == int(n)
        assert draft.steps.endswith(f"is {draft.answer}.")
