"""The gold of the causal items, found again from the text alone, and the tables' consistency."""

from __future__ import annotations

import re
from functools import cache

import pytest

from core.abilities import Item, generate_items
from core.abilities.generators.commonsense_causal import CHAINS, FEELINGS, MATTER, OBJECTS, SETTINGS

MISHAPS = [(doing, *mishap) for (doing,), mishaps in SETTINGS for mishap in mishaps]
"""Undertaking, cause, effect, prevention."""

SMALL_WORDS = {
    "a", "an", "and", "are", "as", "at", "be", "by", "each", "for", "from", "had", "has", "have", "in",
    "into", "is", "it", "its", "not", "of", "off", "on", "one", "out", "that", "the", "them", "they",
    "this", "to", "up", "was", "were", "which", "who", "with",
}  # fmt: skip


@cache
def items(family: str) -> list[Item]:
    drawn = generate_items("commonsense_causal", "standard", "train", 900)
    return [item for item in drawn if item.family == family]


def plain(text: str) -> str:
    return text.rstrip(".").lower()


def column_of(item: Item, column: int) -> set[str]:
    """The column's cells of the item's undertaking, plain."""
    return {plain(row[column]) for row in MISHAPS if row[0] in item.context}


def mishap_of(item: Item, given: int, asked: int) -> set[str]:
    """The asked cells of the mishaps whose given cell is in the context."""
    context = item.context.lower()
    return {plain(row[asked]) for row in MISHAPS if row[0] in item.context and plain(row[given]) in context}


@pytest.mark.parametrize(
    ("family", "given", "asked"), [("effect", 1, 2), ("cause", 2, 1), ("prevention", 2, 3)]
)
def test_gold_belongs_to_the_mishap_told(family: str, given: int, asked: int) -> None:
    for item in items(family):
        assert mishap_of(item, given, asked) & set(map(plain, item.options)) == {plain(item.answer)}, item
        assert set(map(plain, item.options)) <= column_of(item, asked)


def test_what_if_takes_away_the_cause_of_the_gold_and_tells_all_four() -> None:
    for item in items("what_if"):
        told, supposed = item.context.lower().split("it is not true that ")
        (effect,) = {plain(row[2]) for row in MISHAPS if row[0] in told and plain(row[1]) in supposed}
        assert effect == plain(item.answer)
        assert sum(plain(row[1]) in told for row in MISHAPS if row[0] in told) == 4


def test_still_wrong_is_the_only_mishap_without_a_precaution() -> None:
    for item in items("still_wrong"):
        assert column_of(item, 2) - mishap_of(item, 3, 2) == {plain(item.answer)}


def test_outcome_is_the_column_of_the_thing() -> None:
    for item in items("matter"):
        for (event, *outcomes), things in MATTER:
            shape = re.escape(event).replace(r"\{p\}", r"\w+").replace(r"\{x\}", "(.+)")
            match = re.fullmatch(shape, item.context)
            if match:
                (column,) = {row.index(match[1]) for row in things if match[1] in row}
                assert item.answer == f"It {outcomes[column]}."
                break
        else:
            pytest.fail(item.context)


def test_feeling_is_the_block_of_the_line() -> None:
    for item in items("feelings"):
        line = re.search("“(.+)”", item.context)
        assert line
        assert [label for label, lines in FEELINGS.items() if line[1] in lines] == [item.answer.lower()]


def test_means_meets_the_need_told() -> None:
    for item in items("means"):
        context = item.context.lower()
        (thing,) = {thing for block in OBJECTS for thing, need in block if need.lower() in context}
        assert item.answer.lower() == thing.lower()


def test_chain_gold_is_next_to_the_event_picked() -> None:
    for item in items("chain"):
        asked = re.search("“(.+)”", item.context)
        assert asked
        (chain,) = [chain for chain in CHAINS if set(map(plain, chain)) >= set(map(plain, item.options))]
        order = list(map(plain, chain))
        backwards = "cause" in item.context.rsplit("“", 1)[1] or "last link" in item.context
        assert order.index(plain(item.answer)) - order.index(plain(asked[1])) == (-1 if backwards else 1)


def test_tables_name_nothing_twice() -> None:
    for _, mishaps in SETTINGS:
        assert len(mishaps) == 4
        assert all(len(mishap) == 3 for mishap in mishaps)
        assert len({cell for mishap in mishaps for cell in mishap}) == 12
    for (_, *outcomes), rows in MATTER:
        things = [thing for row in rows for thing in row]
        assert len(set(things)) == len(things) == 4 * len(rows)
        assert len(set(outcomes)) == 4
    lines = [line for block in FEELINGS.values() for line in block]
    assert len(set(lines)) == len(lines)
    assert {len(block) for block in FEELINGS.values()} == {15}
    needs = [need for block in OBJECTS for _, need in block]
    assert len(set(needs)) == len(needs)
    assert all(len({thing for thing, _ in block}) == 4 for block in OBJECTS)
    events = [event for chain in CHAINS for event in chain]
    assert len(set(events)) == len(events)
    assert {len(chain) for chain in CHAINS} == {5}
    assert len({doing for (doing,), _ in SETTINGS}) == len(SETTINGS) >= 40


def content_words(text: str) -> set[str]:
    return {word.rstrip("s") for word in re.findall(r"[a-z']+", text.lower()) if word not in SMALL_WORDS}


def test_words_shared_with_the_context_do_not_give_the_gold_away() -> None:
    shares = []
    for item in generate_items("commonsense_causal", "standard", "train", 900):
        shared = [len(content_words(option) & content_words(item.context)) for option in item.options]
        best = [i for i, count in enumerate(shared) if count == max(shared)]
        shares.append((item.answer_index in best) / len(best))
    assert sum(shares) / len(shares) == pytest.approx(0.25, abs=0.05)
