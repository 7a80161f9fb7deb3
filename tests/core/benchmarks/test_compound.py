"""Compound items: made of held-out parts, with nothing but the parts to tell which option is right."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.abilities import ABILITIES, Item, generate_items
from core.abilities.compound import (
    COMPOUND_ITEMS,
    PAIRS,
    TRIPLES,
    CompoundItem,
    compound_items,
)
from core.benchmarks.benchmark import Benchmark, ChoiceDocument
from core.benchmarks.diagnostic import compound_document, is_compound
from core.benchmarks.evaluation import evaluate, prepare
from core.benchmarks.registry import find_benchmarks, listed_benchmarks
from core.models.loading import LoadedModel, load
from core.models.spec import LEVELS, Level, ModelSpec
from core.run.storing import prompt_of

IDS = [ability.id for ability in ABILITIES]
PAIR = ("quantitative_reasoning", "temporal_reasoning")
TRIPLE = TRIPLES[5]
REAL = ModelSpec("a/model", prompt="letters", level_asked="standard")
AS_TEXT = replace(REAL, prompt="text")

SUM = Item(
    "a", "quantitative_reasoning", "f", "Leo had 5 boats and found 5 .", "now Leo has", ("9", "10"), 1, "s1"
)
CITY = Item("b", "long_term_knowledge", "f", "", "Which city is it?", ("Oslo.", "Rome."), 0)
JOINED = CompoundItem(
    "x",
    ("long_term_knowledge", "quantitative_reasoning"),
    (SUM, CITY),
    (("9", "Oslo."), ("10", "Oslo."), ("10", "Rome."), ("9", "Rome.")),
    1,
)


def found(word: str) -> tuple[Benchmark, ...]:
    return find_benchmarks([word])


def choices(benchmark: Benchmark, spec: ModelSpec, n: int) -> list[ChoiceDocument]:
    documents = benchmark.documents(spec, n)
    assert all(isinstance(document, ChoiceDocument) for document in documents)
    return [document for document in documents if isinstance(document, ChoiceDocument)]


def test_every_pair_is_there_and_every_ability_comes_in_three_triples() -> None:
    assert len(set(map(frozenset, PAIRS))) == len(PAIRS) == math.comb(10, 2)
    assert all(list(needs) == sorted(needs, key=IDS.index) for needs in (*PAIRS, *TRIPLES))
    assert Counter(ability for needs in TRIPLES for ability in needs) == dict.fromkeys(IDS, 3)
    together = Counter(pair for needs in TRIPLES for pair in PAIRS if set(pair) <= set(needs))
    assert set(together.values()) == {1}


def test_groups_and_ids() -> None:
    assert [one.needs for one in found("pairs")] == list(PAIRS)
    assert [one.needs for one in found("triples")] == list(TRIPLES)
    assert found("compound") == found("pairs") + found("triples")
    (one,) = found("+".join(PAIR))
    assert (one.needs, one.chance, one.n_items) == (PAIR, 0.25, COMPOUND_ITEMS)
    (three,) = found("+".join(TRIPLE))
    assert (three.chance, three.plausible_range) == (0.125, (0.025, 1.0))
    assert is_compound(one)
    for benchmark in found("all"):
        assert benchmark.needs == (benchmark.id,)
        assert not is_compound(benchmark)


def test_the_abilities_of_a_compound_are_named_in_any_order() -> None:
    assert found("temporal_reasoning+quantitative_reasoning") == found("+".join(PAIR))


@pytest.mark.parametrize("needs", [TRIPLE[:1] * 2, (*PAIR, "spatial_reasoning"), IDS])
def test_a_compound_that_there_is_not_is_refused(needs: tuple[str, ...]) -> None:
    with pytest.raises(
        ValueError, match="compounds are of two different abilities, or one of the ten triples"
    ):
        found("+".join(needs))


def test_other_words_are_not_answered_with_all_compounds() -> None:
    with pytest.raises(ValueError, match="Unknown benchmark 'spatiol'") as raised:
        found("spatiol")
    assert "+" not in str(raised.value)


def test_the_list_says_what_they_need() -> None:
    needs = {one.id: one.needs for one in listed_benchmarks(None)}
    assert {one for one in needs if "+" in one} == {one.id for one in found("compound")}
    assert needs["+".join(PAIR)] == PAIR
    assert needs["mmlu"] == ()


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("needs", [PAIR, TRIPLE])
def test_items_are_distinct_and_use_each_held_out_item_once(needs: tuple[str, ...], level: Level) -> None:
    items = compound_items(needs, level, COMPOUND_ITEMS)
    assert len({item.id for item in items}) == COMPOUND_ITEMS
    for ability in needs:
        used = [part for item in items for part in item.parts if part.ability == ability]
        assert sorted(part.id for part in used) == sorted(
            item.id for item in generate_items(ability, level, "heldout", COMPOUND_ITEMS)
        )
    assert compound_items(needs, level, 20) == items[:20]
    assert compound_items(needs, level, 20, seed=1) != items[:20]
    with pytest.raises(ValueError, match="501 were asked for"):
        compound_items(needs, level, COMPOUND_ITEMS + 1)


@pytest.mark.parametrize("needs", [PAIR, TRIPLE])
def test_orders_and_places_take_turns(needs: tuple[str, ...]) -> None:
    items = compound_items(needs, "basic", 48)
    orders = [tuple(part.ability for part in item.parts) for item in items]
    turns = math.factorial(len(needs))
    assert len(set(orders[:turns])) == turns
    assert orders[turns : 2 * turns] == orders[:turns]
    size = 2 ** len(needs)
    assert Counter(item.answer_index for item in items) == dict.fromkeys(range(size), 48 // size)


@settings(max_examples=30, deadline=None)
@given(st.sampled_from((*PAIRS, *TRIPLES)), st.sampled_from(LEVELS), st.integers(0, 39))
def test_nothing_but_the_parts_tells_the_right_option(
    needs: tuple[str, ...], level: Level, place: int
) -> None:
    item = compound_items(needs, level, 40)[place]
    assert item.answers == tuple(part.answer for part in item.parts)
    assert len(set(item.options)) == len(item.options) == 2 ** len(needs)
    for number, part in enumerate(item.parts):
        # With all parts but this one right, two options are left: the guess that a lost ability leaves.
        others = [
            option
            for option in item.options
            if all(
                said == right
                for at, (said, right) in enumerate(zip(option, item.answers, strict=True))
                if at != number
            )
        ]
        assert len(others) == 2
        counts = Counter(option[number] for option in item.options)
        assert set(counts.values()) == {len(item.options) // 2}
        assert set(counts) <= set(part.options)


def test_cloze_asks_one_question_after_the_other_and_sums_the_answers() -> None:
    document = compound_document(JOINED, "cloze")
    leo, city = "Leo had 5 boats and found 5 . now Leo has", "Which city is it?"
    assert document.contexts == (leo, leo, city, city)
    assert document.continuations == (" 9", " 10", " Oslo.", " Rome.")
    assert document.options == ("9; Oslo", "10; Oslo", "10; Rome", "9; Rome")
    assert document.sums == ((0, 2), (1, 2), (1, 3), (0, 3))
    assert document.of_options((-1.0, -2.0, -4.0, -8.0)) == (-5.0, -6.0, -10.0, -9.0)
    assert document.lengths == (7, 8, 8, 7)
    assert (document.gold, document.steps) == (frozenset({1}), "s1")
    assert document.family == "quantitative_reasoning + long_term_knowledge"
    assert prompt_of(document) == "Leo had 5 boats and found 5 . now Leo has _ . Which city is it?"


def test_letters_asks_both_questions_and_scores_letters() -> None:
    document = compound_document(JOINED, "letters")
    assert document.contexts == (
        "Leo had 5 boats and found 5 .\nFirst question: now Leo has\nSecond question: Which city is it?\n"
        "A. 9; Oslo\nB. 10; Oslo\nC. 10; Rome\nD. 9; Rome\nAnswer:",
    )
    assert document.continuations == (" A", " B", " C", " D")
    assert prompt_of(document) == document.contexts[0]


def test_text_asks_both_questions_and_scores_both_answers() -> None:
    document = compound_document(JOINED, "text")
    assert document.contexts == (
        "Leo had 5 boats and found 5 .\nFirst question: now Leo has\nSecond question: Which city is it?\n"
        "Answer:",
    )
    assert document.continuations == (" 9; Oslo", " 10; Oslo", " 10; Rome", " 9; Rome")
    assert document.lengths == (7, 8, 8, 7)
    assert prompt_of(document) == document.contexts[0]


def test_styles_suit_the_models() -> None:
    for benchmark in found("triples")[:2]:
        for document in choices(benchmark, REAL, 5):
            assert "Third question: " in document.contexts[0]
            assert document.continuations == tuple(f" {letter}" for letter in "ABCDEFGH")
    for benchmark in found("triples")[:2]:
        for document in choices(benchmark, ModelSpec(), 5):
            assert (len(document.continuations), len(document.sums)) == (6, 8)


def test_what_the_cache_keys_depend_on() -> None:
    one, other = found("pairs")[:2]
    keys = [one.key_inputs(ModelSpec(), 5), one.key_inputs(REAL, 5), one.key_inputs(ModelSpec(), 6)]
    keys += [other.key_inputs(ModelSpec(), 5), one.key_inputs(AS_TEXT, 5)]
    keys += [one.key_inputs(replace(REAL, level_asked="plain"), 5)]
    assert len({repr(sorted(key.items())) for key in keys}) == 6


def test_the_embedded_model_answers_both_parts_as_it_answers_each() -> None:
    """An item is right if its parts are, and its log-likelihoods are sums over the parts asked alone."""
    loaded, n = load(ModelSpec()), 60
    (benchmark,) = found("analogical_reasoning+spatial_reasoning")
    prepared = prepare(loaded, benchmark, n)
    outcomes = {one.item_id: one for batch in evaluate(loaded.model, prepared) for one in batch}
    items = {item.id: item for item in compound_items(benchmark.needs, "basic", n)}
    assert outcomes.keys() == items.keys()
    assert sum(outcome.correct for outcome in outcomes.values()) / n > 0.9
    for item_id in list(items)[:4]:
        item, expected = items[item_id], outcomes[item_id].loglikelihoods
        assert expected is not None
        for option, value in zip(item.options, expected, strict=True):
            alone = (
                _logprob(loaded, f"{part.context} {part.question}".strip(), answer)
                for part, answer in zip(item.parts, option, strict=True)
            )
            assert value == pytest.approx(sum(alone), abs=1e-4)


def _logprob(loaded: LoadedModel, question: str, answer: str) -> float:
    """The log-likelihood of an answer to a question, by a plain forward pass."""
    before, whole = (loaded.tokenizer(text)["input_ids"] for text in (question, f"{question} {answer}"))
    with torch.inference_mode():
        logprobs = loaded.model(torch.tensor([whole])).logits[0, len(before) - 1 : -1].log_softmax(-1)
    return float(logprobs.gather(1, torch.tensor(whole[len(before) :])[:, None]).sum())
