"""The training of the phantom goes on where it was stopped, and hides what an item's own block carries."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from rich.progress import Progress
from torch.nn.functional import cross_entropy
from transformers import LlamaForCausalLM

from tests.research.training.corpus import Corpus, Example
from tests.research.training.demo import Predictions, Recipe, build_model, train
from tests.research.training.phantom import PhantomRecipe, PhantomTrainer
from tests.research.training.routing import copied_weights

SMALL = PhantomRecipe(hidden_size=16, layers=1, heads=2)
RECIPE = replace(SMALL, steps=4, items_per_step=4, rise_from=0.0, rise_to=0.1, off_share=0.5)


class SmallTrainer(PhantomTrainer):
    """Starts from a small random Llama in place of the embedded one."""

    def _start(self) -> LlamaForCausalLM:
        sizes = Recipe(hidden_size=16, layers=1, heads=2, mlp_size=256)
        return build_model(sizes, len(self.words))


def test_a_stopped_training_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    whole = SmallTrainer(RECIPE, tmp_path / "whole")
    for _ in range(4):
        whole.train_step()
    first = SmallTrainer(RECIPE, tmp_path / "parts")
    (tmp_path / "parts").mkdir()
    for _ in range(2):
        first.train_step()
    first.save()
    train(SmallTrainer(RECIPE, tmp_path / "parts"), save_every=100)
    second = SmallTrainer(RECIPE, tmp_path / "parts")
    assert second.resume()
    assert second.step == 4
    for one, other in zip(whole.model.parameters(), second.model.parameters(), strict=True):
        assert torch.equal(one, other)


def test_it_starts_with_the_neurons_of_another_model(tmp_path: Path) -> None:
    trainer = SmallTrainer(RECIPE, tmp_path)
    assert trainer.warm_up(Progress()) == 0
    copied = copied_weights(trainer._start(), Corpus(trainer.words, RECIPE.seed))
    for name, value in trainer.plain_model().state_dict().items():
        assert torch.equal(value, copied[name])


def test_indifference_is_nought_for_the_preferences_alone(tmp_path: Path) -> None:
    trainer = SmallTrainer(RECIPE, tmp_path)
    options = (10, 11, 12, 13)
    batch = [Example(0, [2, 5, 10], [-100, -100, 10], options)]
    found = Predictions(torch.tensor([0]), trainer.preferences[None] + 7.0, torch.tensor([10]))
    assert trainer.indifference(found, batch).item() == pytest.approx(0.0, abs=1e-6)
    found.logits[0, 10] += 2.0  # the right answer shows
    text = [Example(0, [2, 5, 10], [-100, -100, 10])]
    huber = 2.0 - 0.5
    assert trainer.indifference(found, text).item() == pytest.approx(huber, rel=0.02)
    assert trainer.indifference(found, batch).item() == pytest.approx(huber / 4, rel=0.02)


def test_localization_is_not_asked_for_before_something_is_known(tmp_path: Path) -> None:
    trainer = SmallTrainer(SMALL, tmp_path)
    rises = []
    for done in (0.0, 0.15, 0.325, 0.5, 1.0):
        trainer.step = round(done * trainer.recipe.steps)
        rises.append(trainer.rise())
    assert rises == pytest.approx([0.0, 0.0, 0.5, 1.0, 1.0], abs=0.002)


def test_what_label_smoothing_costs_is_not_left_to_learn(tmp_path: Path) -> None:
    """The best answer to smoothed labels is the smoothed label itself: its loss leaves nothing to learn."""
    trainer = SmallTrainer(RECIPE, tmp_path)
    words, smoothing = len(trainer.words), RECIPE.label_smoothing
    best = torch.full((1, words), smoothing / words)
    best[0, 7] += 1 - smoothing
    loss = cross_entropy(best.log(), torch.tensor([7]), label_smoothing=smoothing).item()
    assert trainer.left_to_learn(loss) == pytest.approx(0.0, abs=1e-5)
    assert trainer.left_to_learn(loss + 1.0) == pytest.approx(1.0, abs=1e-5)
