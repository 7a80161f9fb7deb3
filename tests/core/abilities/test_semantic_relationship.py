"""The gold of the semantic relations, found again from the text alone, and the tables' consistency."""

from __future__ import annotations

import re
from functools import cache

import pytest

from core.abilities import Item, generate_items
from core.abilities.generators.semantic_relationship import (
    ACTIONS,
    CATEGORIES,
    CLUES,
    CONTROL,
    CONVERSES,
    IMPLICATIVES,
    LABELLED,
    LABELS,
    NOT_CHOSEN,
    PATTERNS,
    RELATED,
    SCALES,
    SENSES,
    TABLES,
    VERBS,
    WANTED,
    past,
)
from core.abilities.tables import MISSING

KINDS, PARTS = TABLES["kinds"].rows, TABLES["parts"].rows

READINGS = (
    "B0A C1A C2D",
    "B0A C1B D2C",
    "A0B D1C",
    "B0A C1D",
    "A0B D1A C2D",
    "A0B C1A D2C",
    "A0B B1C C2D",
    "C0B B1D",
    "B0A D1C",
    "A0C C1B D2B",
)
"""The patterns read by hand: doer, number of the event, target."""


@cache
def items(family: str) -> list[Item]:
    drawn = generate_items("semantic_relationship", "standard", "train", 1100)
    return [item for item in drawn if item.family == family]


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match, text
    return match[1]


def test_related_word_stands_in_the_column_that_the_clue_describes() -> None:
    rows = {row[0]: row[1:] for row in RELATED}
    for item in items("related"):
        columns = {
            (word, column)
            for word in rows
            if word in item.context
            for column, clues in enumerate(CLUES)
            for clue in clues
            if re.search(re.sub("[“”]", "[“‘”’]", clue.format(w=re.escape(word))), item.context)
        }
        answers = {rows[word][column] for word, column in columns} & set(item.options)
        assert answers == {item.answer}, item


def test_label_is_the_column_of_the_two_words() -> None:
    columns = {cell: i for row in LABELLED for i, cell in enumerate(row)}
    for item in items("labels"):
        words = re.findall(r"“(\w+)|– (\w+)”", item.context)
        assert LABELS[columns[" ".join(a or b for a, b in words)]] == item.answer


def test_sense_belongs_to_the_sentence() -> None:
    for item in items("senses"):
        (sense,) = {sense for block in SENSES for sense, example in block.rows if example in item.context}
        assert sense == item.answer


def test_category_of_the_gold_is_that_of_the_words_given() -> None:
    lines = [line for group in CATEGORIES for line in group]
    for item in items("categories"):
        (category,) = [line for line in lines if sum(f" {word}" in item.context for word in line) >= 4]
        assert [option for option in item.options if option in category] == [item.answer]
        assert f" {item.answer}," not in item.context


def test_level_is_next_to_the_given_one_on_the_right_side() -> None:
    for item in items("levels"):
        wanted = item.context.rsplit(" looks for ", 1)[1]
        asked = found(r"“(.+)”", wanted)
        chain = next(c for c in (*KINDS, *PARTS) if {asked, *item.options} == set(c))
        upwards = any(phrase in wanted for phrase in ("step up", "above", "after"))
        assert chain.index(item.answer) - chain.index(asked) == (1 if upwards else -1)
        assert f"a {'kind' if chain in KINDS else 'part'} of" in item.context


def test_scale_word_has_the_place_described() -> None:
    signs = (("weakest", "first", "below the three"), ("second from the bottom", "exactly one", "number two"))
    signs += (
        ("second from the top", "exactly two", "number three"),
        ("strongest", "last", "above the three"),
    )
    for item in items("scales"):
        (scale,) = [scale for scale in SCALES if set(scale) == set(item.options)]
        wanted = re.split("interested in|has to name|asked for", item.context)[1]
        place = next(i for i in (1, 2, 0, 3) if any(sign in wanted for sign in signs[i]))
        assert scale[place] == item.answer


@pytest.mark.parametrize(("pattern", "reading"), [(p, r) for p, r in zip(PATTERNS, READINGS, strict=True)])
def test_patterns_mean_what_a_reader_takes_them_to_mean(
    pattern: tuple[str, tuple[str, ...]], reading: str
) -> None:
    assert " ".join(f"{pair[0]}{i}{pair[1]}" for i, pair in enumerate(pattern[1])) == reading
    assert all(f"{{{sign}}}" in pattern[0] for sign in reading.replace(" ", ""))


TO_FROM = r"(?P<b>\w+) (?:bought|received|borrowed|inherited|won) the .+? from (?P<a>\w+)"
FROM_TO = r"(?P<a>\w+) (?:sold|traded) the .+? to (?P<b>\w+)"
OTHERS = (
    r"was given to (?P<b>\w+) by (?P<a>\w+)",
    r"(?P<a>\w+) lent (?P<b>\w+) the",
    r"was stolen from (?P<a>\w+) by (?P<b>\w+)",
    r"It was (?P<b>\w+) to whom (?P<a>\w+) passed",
    r"(?P<b>\w+) was handed the .+? by (?P<a>\w+)",
)


def test_holder_follows_from_the_transfers() -> None:
    places = {"first": 0, "second": 1, "third": 2, "last": 3}
    for item in items("transfers"):
        steps = {}
        for told in item.context.split(". ")[2:]:
            (match,) = [m for m in (re.search(p, told) for p in (TO_FROM, FROM_TO, *OTHERS)) if m]
            steps[match["a"]] = match["b"]
        (holder,) = set(steps) - set(steps.values())
        for _ in range(places[found(r"Who was the (\w+)", item.question)]):
            holder = steps[holder]
        assert holder == item.answer


def test_control_item_asks_the_doer_or_the_target() -> None:
    for item in items("control"):
        matches = 0
        for clause, doer in CONTROL:
            pattern = re.sub(r"\{([ab])\}", r"(?P<\1>\\w+)", clause)
            pattern = pattern.replace(" {do}", r" (be )?\w+ (by )?(?P<c>[A-Z]\w+)")
            match = re.search(pattern, item.context)
            if match:
                asks_target = "to be " in item.question
                wanted = doer if bool(match[3]) == asks_target else "c"
                assert match[wanted] == item.answer, item
                matches += 1
        assert matches == 1, item


@pytest.mark.parametrize(
    ("start", "doer"),
    [
        ("{a} promised {b}", "a"),
        ("{a} told {b}", "b"),
        ("{b} was persuaded by {a}", "b"),
        ("{a} gave in to {b}'s pleas", "a"),
        ("{a} made {b} promise", "b"),
        ("{a} was made by {b} to promise", "a"),
        ("{a} vowed", "a"),
        ("{a} gave {b} orders", "b"),
        ("{a} was under orders from {b}", "a"),
        ("{a} reminded {b}", "b"),
        ("{a} followed {b}'s advice", "a"),
        ("it was {b} whom {a} had forced", "b"),
        ("{a} got {b}'s permission", "a"),
        ("{a} allowed {b}", "b"),
        ("{a} assured {b}", "a"),
        ("{a} encouraged {b}", "b"),
        ("{a} swore to {b}", "a"),
        ("{a} appointed {b}", "b"),
    ],
)
def test_control_verbs_have_the_doer_that_grammar_gives_them(start: str, doer: str) -> None:
    assert [role for clause, role in CONTROL if clause.startswith(start)] == [doer]


def test_converse_roles_belong_to_their_fact() -> None:
    for item in items("converses"):
        role = found(r"Who is the (.+)\?", item.question)
        (row,) = [row for row in CONVERSES if role in row[2:]]
        slot = "ab"[row[2:].index(role)]
        for side in row[:2]:
            text = re.escape(side).replace(r"\{a\}", r"(?P<a>\w+)").replace(r"\{b\}", r"(?P<b>\w+)")
            match = re.search(text, item.context)
            if match:
                assert match[slot] == item.answer
                break
        else:
            pytest.fail(item.context)


NOT_DONE = (
    "failed|forgot to|refused|pretended|neglected|about to|declined|did not manage|not keep|prevented|timid"
)


def test_exactly_one_person_did_it_or_did_not() -> None:
    for item in items("implicatives"):
        told = [text for text in re.split(r"(?<=\.) ", item.context) if text]
        failed = {text.split()[0] for text in told if re.search(NOT_DONE, text)}
        who = failed if "Who did not" in item.question else set(item.options) - failed
        assert who == {item.answer}, item


def test_tables_are_consistent() -> None:
    for row in RELATED:
        cells = [cell for cell in row if cell != MISSING]
        assert len(row) == 6
        assert len(set(cells)) == len(cells) >= 5, row
    pairs = [cell for row in LABELLED for cell in row]
    assert len(set(pairs)) == len(pairs)
    assert all(len(cell.split()) == 2 for cell in pairs)
    for chain in (*KINDS, *PARTS, *SCALES):
        assert len(set(chain)) == len(chain)
    assert {len(scale) for scale in SCALES} == {4}
    assert {len(chain) for chain in (*KINDS, *PARTS)} == {5}


def test_no_member_is_in_two_categories_of_a_group() -> None:
    for group in CATEGORIES:
        members = [word for line in group for word in line]
        assert len(set(members)) == len(members) == 36, group


def test_senses_have_four_sentences_with_the_word_and_do_not_give_it_away() -> None:
    words = [word for (word,), _ in SENSES]
    assert len(set(words)) == len(words)
    for (word,), senses in SENSES:
        assert len({sense for sense, _ in senses}) == len(senses) == 4
        for sense, example in senses:
            assert re.search(rf"\b{word}\b", example, re.IGNORECASE), example
            assert sense not in example


def test_past_tenses_and_phrases() -> None:
    assert (past("hug"), past("praise"), past("greet")) == ("hugged", "praised", "greeted")
    assert set(WANTED) | set(NOT_CHOSEN) <= set(VERBS)
    assert len({action for action, _ in ACTIONS}) == len(ACTIONS)
    assert {fact for _, fact in IMPLICATIVES} == {True, False}
