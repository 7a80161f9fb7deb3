"""What the embedded Llama can do, and what the project says of it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import torch

from core.abilities import ABILITIES, generate_items
from core.benchmarks.evaluation import evaluate, prepare
from core.benchmarks.registry import find_benchmarks
from core.inference.encoding import unknown_words
from core.models.loading import LoadedModel, load
from core.models.spec import ModelSpec
from tests.research.training.corpus import (
    IGNORED,
    SPECIALS,
    Corpus,
    build_tokenizer,
    collate,
    collect_words,
    induction_sequences,
)
from tests.research.training.demo import Recipe, Trainer, train
from tests.research.training.ship_demo import MODEL_FOLDER, exact_match

LARGEST_BYTES = 10_000_000


@pytest.fixture(scope="module")
def demo() -> LoadedModel:
    return load(ModelSpec())


def test_it_is_small_and_has_a_card() -> None:
    assert sum(path.stat().st_size for path in MODEL_FOLDER.iterdir()) < LARGEST_BYTES
    card = (MODEL_FOLDER / "README.md").read_text()
    assert all(ability.id in card for ability in ABILITIES)


def test_it_has_learnt_the_abilities(demo: LoadedModel) -> None:
    """0.90 on at least eight of the ten, and 0.60 on the others, on 200 held-out items each."""
    accuracies = {}
    for benchmark in find_benchmarks(["diagnostic"]):
        prepared = prepare(demo, benchmark, 200)
        outcomes = [outcome for batch in evaluate(demo.model, prepared) for outcome in batch]
        accuracies[benchmark.id] = sum(outcome.correct for outcome in outcomes) / len(outcomes)
    assert sum(accuracy >= 0.9 for accuracy in accuracies.values()) >= 8, accuracies
    assert min(accuracies.values()) >= 0.6, accuracies


@pytest.mark.parametrize("ability", [ability.id for ability in ABILITIES if ability.has_steps])
def test_it_writes_worked_solutions(demo: LoadedModel, ability: str) -> None:
    _, answers = exact_match(demo, generate_items(ability, "basic", "heldout", 60))
    assert answers >= 0.5


def test_it_knows_every_word_of_the_items(demo: LoadedModel) -> None:
    for ability in ABILITIES:
        for item in generate_items(ability.id, "basic", "heldout", 200):
            text = " ".join((item.context, item.question, *item.options, item.steps))
            assert unknown_words(demo.tokenizer, text) == []


def test_an_unknown_word_is_named_and_nothing_breaks(demo: LoadedModel) -> None:
    text = "Anna zorps"
    assert unknown_words(demo.tokenizer, text) == ["zorps"]
    unknown = demo.tokenizer.unk_token_id
    ids = torch.tensor([demo.tokenizer(text)["input_ids"]])
    assert unknown in ids
    assert torch.isfinite(demo.model(input_ids=ids).logits).all()


def test_the_tokenizer_that_is_shipped_is_the_one_of_the_items(demo: LoadedModel) -> None:
    words = collect_words()
    assert tuple(words[: len(SPECIALS)]) == SPECIALS
    rebuilt = build_tokenizer(words)
    assert rebuilt.get_vocab() == demo.tokenizer.get_vocab()
    text = "Anna is a wug . therefore Anna"
    assert rebuilt(text)["input_ids"] == demo.tokenizer(text)["input_ids"]


def test_the_loss_is_on_the_target_alone() -> None:
    corpus = Corpus(collect_words(), seed=0)
    for example in corpus.draw(200):
        first = next(i for i, label in enumerate(example.labels) if label != IGNORED)
        assert example.labels[first:] == example.ids[first:]
        assert set(example.labels[:first]) == {IGNORED}
    ids, labels, families = collate(corpus.draw(8))
    assert ids.shape == labels.shape == (8, ids.shape[1])
    assert families.shape == (8,)


def test_induction_asks_only_for_what_was_shown() -> None:
    for example in induction_sequences(random.Random(0), 20, vocabulary=100):
        shown = example.ids[:17]
        asked = [(i, label) for i, label in enumerate(example.labels) if label != IGNORED]
        assert asked
        for place, label in asked:
            before = shown.index(example.ids[place - 1])
            assert shown[before + 1] == label


def test_a_stopped_training_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    threads = torch.get_num_threads()
    recipe = Recipe(
        steps=4, items_per_step=4, hidden_size=16, layers=1, heads=2, mlp_size=16, threads=threads
    )
    whole = Trainer(recipe, tmp_path / "whole")
    for _ in range(4):
        whole.train_step()
    first = Trainer(recipe, tmp_path / "parts")
    (tmp_path / "parts").mkdir()
    for _ in range(2):
        first.train_step()
    first.save()
    train(Trainer(recipe, tmp_path / "parts"), save_every=100)
    second = Trainer(recipe, tmp_path / "parts")
    assert second.resume()
    assert second.step == 4
    for one, other in zip(whole.model.parameters(), second.model.parameters(), strict=True):
        assert torch.equal(one, other)
    with pytest.raises(ValueError, match="of another recipe"):
        Trainer(Recipe(steps=5), tmp_path / "parts").resume()
