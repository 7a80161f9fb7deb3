"""Answers of the plain items, found again from their text alone, and the tables' consistency."""

from __future__ import annotations

import calendar
import operator
import re
from collections import Counter
from functools import partial

import pytest

from core.abilities.generators.semantic_relationship import PLAIN_TABLES as MEANING
from core.abilities.generators.spatial_reasoning import PLAIN_LANDMARKS as LANDMARKS
from core.abilities.generators.temporal_reasoning import PLAIN_TABLES as TIME
from core.abilities.tables import Table
from tests.core.abilities.drafts import drafts_of

SIGNS = {"+": operator.add, "-": operator.sub, "x": operator.mul}
OPPOSITE = {"left": "right", "right": "left", "above": "below", "below": "above"}


drafts = partial(drafts_of, "plain")


@pytest.mark.parametrize("name", ["add", "subtract", "multiply"])
def test_a_sum_is_that_of_the_numbers_told(name: str) -> None:
    for draft in drafts("quantitative_reasoning", name):
        told, _, asked = draft.question.rpartition(" What is ")
        a, sign, b = asked.rstrip("?").split()
        assert {a, b} == set(re.findall(r"\d+", told))
        assert int(draft.answer) == SIGNS[sign](int(a), int(b))
        assert not {a, b} & {draft.answer, *draft.distractors}


@pytest.mark.parametrize("name", ["count_on", "one_more"])
def test_the_next_number_is_one_more(name: str) -> None:
    for draft in drafts("quantitative_reasoning", name):
        (told,) = set(re.findall(r"\d+", draft.context + draft.question))
        assert int(draft.answer) == int(told) + 1
        assert told not in draft.distractors


@pytest.mark.parametrize(
    ("name", "names"), [("next_day", list(calendar.day_name)), ("next_month", list(calendar.month_name)[1:])]
)
def test_the_next_in_the_calendar(name: str, names: list[str]) -> None:
    for draft in drafts("temporal_reasoning", name):
        (now,) = (word for word in re.findall(r"\w+", draft.context) if word in names)
        assert draft.answer == names[(names.index(now) + 1) % len(names)]
        assert now not in draft.distractors


def test_stages_stand_next_to_each_other() -> None:
    sequences = list(TIME["sequences"].lists.values())
    for draft in drafts("temporal_reasoning", "before_or_after"):
        way, stage = draft.question.rstrip("?").removeprefix("What comes ").split(" ", 1)
        (sequence,) = (stages for stages in sequences if stage in stages)
        assert draft.answer == sequence[sequence.index(stage) + {"after": 1, "before": -1}[way]]
        assert not {*sequence} & {*draft.distractors}


def test_the_other_side_is_the_opposite_one() -> None:
    for draft in drafts("spatial_reasoning", "other_side"):
        a, side, b = re.fullmatch(
            r"The (\w+) is (?:to the )?(\w+)(?: of)? the (\w+)\.", draft.context
        ).groups()
        asked = draft.question.index(b), draft.question.index(a)
        assert draft.answer == OPPOSITE[side]
        assert min(asked) > 0


def test_two_options_are_of_the_thing_that_is_asked_about() -> None:
    for draft in drafts("spatial_reasoning", "place_at_thing"):
        (thing,) = (t for t in LANDMARKS if any(f"{place}?" in draft.question for place, _ in t))
        (answer,) = (answer for place, answer in thing if f"{place}?" in draft.question)
        assert draft.answer == answer
        assert len({answer for _, answer in thing} & {draft.answer, *draft.distractors}) == 2


def test_same_and_opposite_are_both_options_and_no_word_is_in_two_rows() -> None:
    words = {word: (same, opposite) for word, same, opposite in MEANING["words"].rows}
    for draft in drafts("semantic_relationship", "same_or_opposite"):
        word = re.search(r"(?:as|of) (\w+)\?$", draft.question)[1]
        assert draft.answer == words[word]["opposite" in draft.question]
        assert {*words[word]} <= {draft.answer, *draft.distractors}
    counts = Counter(word for row in MEANING["words"].rows for word in row)
    assert [word for word, n in counts.items() if n > 1] == []


@pytest.mark.parametrize(("table", "of"), [("kinds", MEANING), ("seasons", TIME), ("durations", TIME)])
def test_nothing_is_of_two_kinds(table: str, of: dict[str, Table]) -> None:
    counts = Counter(thing for things in of[table].lists.values() for thing in things)
    assert [thing for thing, n in counts.items() if n > 1] == []
    assert min(map(len, of[table].lists.values())) >= 5
