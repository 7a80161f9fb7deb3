"""What holds for the items of every ability at every level."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import pytest

from core.abilities import ABILITIES, GENERATOR_VERSION, Item, find_ability, generate_items
from core.abilities.generate import draw_items, families_of, split_of
from core.abilities.item import Draft, Family
from core.models.spec import LEVELS, Level
from tests.core.abilities.shortcuts import shortcut_accuracies

FAMILIES_AT_LEAST = {"basic": 4, "plain": 3, "standard": 8}
GOLDEN = Path(__file__).parent / "golden_items.json"
"""Hashes of the first items, pinned for one GENERATOR_VERSION; see `golden_hashes`."""

NAMED_IN_QUESTION = {("long_term_knowledge", "standard"), ("quantitative_reasoning", "plain")}
"""Where a question names what it asks for, to have met the fact in another phrasing is the knowledge itself:
pairs of a question's and an option's words may then tell more than chance. Of a sum that is held out they
tell less: its numbers stand in other sums of `train`, where its answer is wrong."""

SETS: list[tuple[str, Level]] = [(a.id, level) for a in ABILITIES for level in LEVELS]

every_set = pytest.mark.parametrize(("ability", "level"), SETS)


def texts(items: tuple[Item, ...]) -> set[tuple[str, str, frozenset[str]]]:
    return {(item.context, item.question, frozenset(item.options)) for item in items}


def golden_hashes() -> dict[str, str]:
    """One hash for each ability and level: of the first 60 items of both splits."""
    hashes = {}
    for ability, level in SETS:
        items = [
            asdict(item)
            for split in ("train", "heldout")
            for item in generate_items(ability, level, split, 60)
        ]
        digest = hashlib.sha256(json.dumps(items, sort_keys=True).encode())
        hashes[f"{ability}/{level}"] = digest.hexdigest()[:16]
    return hashes


@every_set
@pytest.mark.parametrize("n", [500, pytest.param(2000, marks=pytest.mark.slow)])
def test_there_are_enough_families_and_items(ability: str, level: Level, n: int) -> None:
    names = [family.name for family in families_of(ability, level)]
    assert len(set(names)) == len(names) >= FAMILIES_AT_LEAST[level]
    train = generate_items(ability, level, "train", n)
    heldout = generate_items(ability, level, "heldout", n // 4)
    assert len(texts(train)) == n
    assert len(texts(heldout)) == n // 4
    assert not texts(train) & texts(heldout)
    assert {item.family for item in heldout} == set(names)


@every_set
@pytest.mark.parametrize("n", [500, pytest.param(2000, marks=pytest.mark.slow)])
def test_items_are_whole_and_gold_places_are_even(ability: str, level: Level, n: int) -> None:
    items = generate_items(ability, level, "train", n)
    for item in items:
        assert len(set(item.options)) == 4
        assert all(text == text.strip() and text for text in (item.question, *item.options))
        assert item.ability == ability
    assert len({item.id for item in items}) == n
    places = [item.answer_index for item in items]
    assert [places.count(place) for place in range(4)] == [n // 4] * 4


@every_set
def test_the_same_seed_gives_the_same_items(ability: str, level: Level) -> None:
    first = generate_items(ability, level, "heldout", 60, seed=3)
    generate_items.cache_clear()
    assert generate_items(ability, level, "heldout", 60, seed=3) == first
    assert generate_items(ability, level, "heldout", 20, seed=3) == first[:20]
    assert generate_items(ability, level, "heldout", 60, seed=4) != first


@pytest.mark.slow
@every_set
def test_there_is_no_shortcut(ability: str, level: Level) -> None:
    train = generate_items(ability, level, "train", 3000)
    heldout = generate_items(ability, level, "heldout", 1500)
    shares = shortcut_accuracies(train, heldout)
    if (ability, level) in NAMED_IN_QUESTION:
        del shares["bag of pairs"]
    far = {name: share for name, share in shares.items() if abs(share - 0.25) > 0.05}
    assert not far


@every_set
def test_abilities_with_steps_show_them(ability: str, level: Level) -> None:
    has_steps = find_ability(ability).has_steps
    assert all(bool(item.steps) == has_steps for item in generate_items(ability, level, "heldout", 200))


def test_items_change_only_with_their_version() -> None:
    """If this fails, raise GENERATOR_VERSION and write `golden_hashes()` anew."""
    assert json.loads(GOLDEN.read_text()) == {"version": GENERATOR_VERSION, "hashes": golden_hashes()}


def test_an_unknown_ability_is_told_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="Did you mean spatial_reasoning"):
        find_ability("spacial_reasoning")


def test_too_many_items_are_refused_in_a_sentence() -> None:
    family = Family("one", lambda rng: Draft("key", "", rng.choice(("a?", "b?")), "yes", ("no", "so", "oh")))
    split = split_of("spatial_reasoning", "key")
    with pytest.raises(ValueError, match="has only 2 distinct items, 3 were asked for"):
        draw_items("spatial_reasoning", [family], "basic", split, 3, seed=0)
