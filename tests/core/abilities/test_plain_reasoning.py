"""Answers of the plain items that reason from their context, found again from the text alone."""

from __future__ import annotations

import re
from collections import Counter
from functools import partial
from itertools import pairwise

import pytest

from core.abilities.generators.analogical_reasoning import PLAIN_TABLES as PAIRS
from core.abilities.generators.commonsense_causal import CAUSES, NEEDS, STATES, Outcome
from core.abilities.generators.commonsense_causal import PLAIN_FEELINGS as FEELINGS
from core.abilities.generators.inductive_reasoning import KINDS, VERBS
from core.abilities.item import Draft
from tests.core.abilities.drafts import drafts_of

drafts = partial(drafts_of, "plain")


def options(draft: Draft) -> set[str]:
    return {draft.answer, *draft.distractors}


def sentences(text: str) -> list[str]:
    return re.findall(r"[^.]+(?=\.)", text.replace(". ", "."))


@pytest.mark.parametrize("name", ["place", "thing_in_place", "trait", "thing_with_trait"])
def test_the_recalled_fact_is_told_and_the_other_options_are_not(name: str) -> None:
    for draft in drafts("contextual_recall", name):
        told = sentences(draft.context)
        assert len(told) == 4
        assert options(draft) & {*told} == {draft.answer}
        for option in draft.distractors:
            assert set(option.lower().split()) <= set(" ".join(told).lower().split())


@pytest.mark.parametrize("name", ["animals", "countries", "qualities", "workers"])
def test_the_partner_has_the_column_of_both_pairs(name: str) -> None:
    rows = {row[0]: row[1:] for row in PAIRS[name].rows}
    for draft in drafts("analogical_reasoning", name):
        given = [tuple(s.split(" goes with ")) for s in sentences(draft.context)]
        by_capital = {word[0].upper() + word[1:]: partners for word, partners in rows.items()}
        (column,) = {by_capital[a].index(b) for a, b in given}
        word, partner = draft.answer.split(" goes with ")
        assert by_capital[word][column] == partner
        assert partner not in {b for _, b in given}


def test_examples_and_answer_are_of_one_kind() -> None:
    for draft in drafts("inductive_reasoning", "kind"):
        kinds = {
            kind for kind, members in KINDS.items() if set(re.findall(r"\w+", draft.context)) & {*members}
        }
        assert {f"They are all {kind}" for kind in kinds} == {draft.answer}


def test_the_machine_does_the_same_to_every_verb() -> None:
    forms = {verb: of_verb for verb, *of_verb in VERBS}
    for draft in drafts("inductive_reasoning", "change"):
        turned = re.findall(r"turns (\w+) into (\w+)", f"{draft.context} {draft.answer}")
        assert len(turned) == 3
        assert len({forms[verb].index(form) for verb, form in turned}) == 1


def test_the_next_number_keeps_the_step() -> None:
    for draft in drafts("inductive_reasoning", "numbers"):
        row = [int(n) for n in re.findall(r"\d+", draft.context)]
        last, following = map(int, draft.answer.split(", "))
        assert {b - a for a, b in pairwise(row)} == {following - last}
        assert last == row[-1]


def apply_rule(draft: Draft) -> str:
    """The result of the rule whose case the last sentence names."""
    *rules, fact = sentences(draft.context)
    found = []
    for rule in rules:
        case, result = re.fullmatch(r"(?:If it is|Every) (\w+),? .*?(\w+)", rule).groups()
        found += [result] if re.search(rf"\b{case}\b", fact) else []
    (result,) = found
    return result


@pytest.mark.parametrize("name", ["condition", "class", "goods"])
def test_the_conclusion_is_that_of_the_one_rule_that_fits(name: str) -> None:
    for draft in drafts("deductive_reasoning", name):
        assert [o for o in options(draft) if o.split()[-1] == apply_rule(draft)] == [draft.answer]


def test_the_room_left_is_the_other_one_of_the_thing() -> None:
    for draft in drafts("deductive_reasoning", "either_or"):
        thing = re.search(r"the (\w+)\?", draft.question)[1]
        rooms = re.search(rf"The {thing} is in the (\w+) or in the (\w+)\.", draft.context).groups()
        (out,) = re.findall(r"is not in the (\w+)\.", draft.context)
        (left,) = {*rooms} - {out}
        assert draft.answer == f"The {thing} is in the {left}"


@pytest.mark.parametrize(("name", "outcomes"), [("feeling", FEELINGS), ("state", STATES), ("cause", CAUSES)])
def test_what_follows_is_in_the_block_of_its_event(name: str, outcomes: dict[str, Outcome]) -> None:
    for draft in drafts("commonsense_causal", name):
        told = re.sub(
            r"the (bottle|cup|glass|bowl|pot|jar|bucket|jug|mug|vase)\b", "the {thing}", draft.context
        )
        (right,) = {of for of, (events, _) in outcomes.items() for event in events if f" {event}." in told}
        shown = {option.split()[-1] for option in options(draft)}
        assert draft.answer.split()[-1] == right
        assert not shown & outcomes[right].also
        assert not {*re.findall(r"\w+", draft.context)} & shown


def test_the_need_is_met_by_the_answer_alone() -> None:
    for draft in drafts("commonsense_causal", "need"):
        (thing,) = {thing for thing, needs in NEEDS.items() for need in needs if f" {need}." in draft.context}
        assert draft.answer.endswith(f" needs the {thing}")


@pytest.mark.parametrize("outcomes", [FEELINGS, STATES, CAUSES])
def test_what_may_both_be_right_is_never_shown_together(outcomes: dict[str, Outcome]) -> None:
    for of, (events, also) in outcomes.items():
        assert len(events) == 5
        assert also <= {*outcomes} - {of}
        assert all(of in outcomes[other].also for other in also)
        assert len(outcomes) - 1 - len(also) >= 3
    counts = Counter(event for events, _ in outcomes.values() for event in events)
    assert [event for event, n in counts.items() if n > 1] == []
