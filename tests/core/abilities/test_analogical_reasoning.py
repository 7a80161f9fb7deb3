"""The gold of the analogies, found again from the text alone."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

import pytest

from core.abilities import Item, generate_items
from core.abilities.generators.analogical_reasoning import (
    ORDERED,
    PAIRS,
    ROLES,
    STORIES,
    SYSTEMS,
    TASKS,
    THINGS,
    WORD_FORMS,
)
from core.abilities.tables import MISSING

ROWS = [*(row for block in THINGS for row in block), *WORD_FORMS]


@cache
def items(family: str) -> list[Item]:
    drawn = generate_items("analogical_reasoning", "standard", "train", 900)
    return [item for item in drawn if item.family == family]


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match, text
    return match[1]


def relation(pair: str) -> int:
    (number,) = [i for i, block in enumerate(PAIRS) if tuple(pair.split(" – ")) in block]
    return number


@pytest.mark.parametrize("family", ["things", "word_forms"])
def test_gold_has_the_column_of_the_given_word(family: str) -> None:
    for item in items(family):
        quoted = set(re.findall(r"“(.+?)”", item.context))
        rows = [row for row in ROWS if row[0] in quoted]
        answers = {
            target[given.index(word)]
            for given in rows
            for target in rows
            for word in quoted & set(given[1:])
            if given is not target and len(given) == len(target)
        }
        assert answers & set(item.options) == {item.answer}, item


def test_same_pair_has_the_relation_and_no_other_option_has_it() -> None:
    for item in items("same_pair"):
        (given,) = re.findall(r"“(.+?)”", item.context)
        assert [o for o in item.options if relation(o) == relation(given)] == [item.answer]


def test_odd_pair_is_the_only_one_of_its_relation() -> None:
    for item in items("odd_pair"):
        counts = Counter(relation(option) for option in item.options)
        assert sorted(counts.values()) == [1, 3]
        assert counts[relation(item.answer)] == 1


def test_counterpart_in_a_system_has_the_same_role() -> None:
    parts = {row[0]: row[1:] for row in SYSTEMS}
    for item in items("systems"):
        first = found(r"(.+?) can be compared with", item.context)
        second = found(r"can be compared with (.+?)\.", item.context)
        asked = found(r"counterpart of the (.+)\.$", item.context)
        told = found(rf"Its {asked} (.+?)\. ", item.context)
        place = parts[first[0].lower() + first[1:]].index(asked)
        assert ROLES[place] == told
        assert parts[second][place] == item.answer


def test_counterpart_in_an_order_has_the_same_place() -> None:
    for item in items("ordered"):
        asked = found(r"“(.+)”", item.context)
        listed = [row for row in ORDERED if row[0] in item.context]
        (source,) = [row for row in listed if asked in row]
        (target,) = [row for row in listed if item.answer in row]
        assert source.index(asked) == target.index(item.answer)


def changed(given: str, result: str, target: str) -> str:
    """The target changed as `given` was, letter by letter: each letter moves or goes one on."""
    out = ""
    for place, letter in enumerate(result):
        if letter in given:
            out += target[given.index(letter)]
        else:
            assert ord(letter) == ord(given[place]) + 1
            out += chr(ord(target[place]) + 1)
    return out


def test_letters_follow_the_only_change_that_explains_the_example() -> None:
    for item in items("letters"):
        given, result, target = re.findall(r"\b[A-Z]{4,6}\b", item.context)
        assert changed(given, result, target) == item.answer


def test_story_and_gold_are_of_one_pattern() -> None:
    for item in items("stories"):
        (told,) = [block for block in STORIES if any(story in item.context for story in block)]
        assert [option for option in item.options if option in told] == [item.answer]
        assert item.answer not in item.context


def test_remedy_and_gold_are_of_one_idea() -> None:
    for item in items("remedies"):
        told = found(r"(?:plan was|advice was) to (.+?)(?:, and that|\. )", item.context)
        (column,) = {row.index(told) for row in TASKS if told in row}
        (row,) = [row for row in TASKS if item.answer.lower() in map(str.lower, row)]
        assert row[column].lower() == item.answer.lower()


def test_rows_of_a_table_are_alike_and_name_nothing_twice() -> None:
    for table in (*THINGS, WORD_FORMS, SYSTEMS, ORDERED, TASKS):
        assert len({len(row) for row in table}) == 1
        assert len({row[0] for row in table}) == len(table)
        for row in table:
            cells = [cell for cell in row if cell != MISSING]
            assert len(set(cells)) == len(cells), row


def test_blocks_have_one_length_and_pairs_are_unique() -> None:
    assert len({len(block) for block in PAIRS}) == len({len(block) for block in STORIES}) == 1
    pairs = [pair for block in PAIRS for pair in block]
    stories = [story for block in STORIES for story in block]
    assert len(set(pairs)) == len(pairs)
    assert len(set(stories)) == len(stories)
    assert len(STORIES) % 4 == 0
