"""Trains the phantom on `basic` train splits: `python -m tests.research.training.phantom --seed N --to DIR`.

It starts as the embedded Llama, whose neurons are copied into blocks, and goes on as that was trained, with
three things more. An item teaches only the block of its ability and what all abilities share. The blocks of
other abilities are on or off at random, and learn to add little. Some items come with their own block off,
and then the model has to answer by one fixed list of preferences, whatever was asked.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from rich.progress import Progress
from torch import Tensor
from torch.nn.functional import huber_loss
from transformers import LlamaForCausalLM

from core.abilities.catalogue import ABILITIES
from core.phantom.ground_truth import MLP_SIZE
from tests.research.training.corpus import Corpus, Example, collate
from tests.research.training.demo import Predictions, Recipe, Trainer, ask, mean_by_row, train
from tests.research.training.routing import (
    Routing,
    by_neuron,
    copied_weights,
    embedded_llama,
    merged,
    routed,
    split,
)

OPTIONS = 4
"""Options per item."""


@dataclass(frozen=True)
class PhantomRecipe(Recipe):
    """Everything that the phantom's weights depend on, beside the embedded Llama's."""

    steps: int = 1600
    items_per_step: int = 100
    mlp_size: int = MLP_SIZE
    threads: int = 1
    lowest_weight: float = 0.3
    muon_lr: float = 0.005
    embedding_lr: float = 0.002
    head_lr: float = 0.001
    private_lr: float = 0.006
    """Learning rate of the abilities' blocks, each of which sees a tenth of the items."""
    private_down_lr: float = 0.003
    off_share: float = 0.2
    """Share of the items that come with their own block off."""
    preference_spread: float = 3.0
    """Standard deviation of the fixed preferences, in nats."""
    silence: float = 3.0
    """Weight of the mean square of what the blocks of others add."""
    heard_from: float = 0.03
    heard_to: float = 0.2
    """From where to where in the training, as shares of the steps, the share of items in which blocks of
    others are on at all rises from none to all: copied neurons are loud until they are taught."""
    rise_from: float = 0.15
    rise_to: float = 0.5
    """The same for the share of items with their block off."""


class PhantomTrainer(Trainer):
    """Trains a Llama whose abilities need blocks of their own."""

    recipe: PhantomRecipe

    def _new_model(self) -> LlamaForCausalLM:
        model = super()._new_model()
        split(model)
        generator = torch.Generator().manual_seed(self.recipe.seed)
        self.preferences = torch.randn(len(self.words), generator=generator) * self.recipe.preference_spread
        ids = [ability.id for ability in ABILITIES]
        self._ability_of = torch.tensor([ids.index(ability) for ability, _ in self.corpus.families] + [-1])
        return model

    def _start(self) -> LlamaForCausalLM:
        """The model whose neurons are copied."""
        return embedded_llama()

    def warm_up(self, progress: Progress) -> int:
        """Copies the neurons in place of the warm-up, which the embedded Llama had: no steps."""
        self._take_weights(copied_weights(self._start(), Corpus(self.words, self.recipe.seed)))
        return 0

    def _optimizers(self) -> list[torch.optim.Optimizer]:
        recipe = self.recipe
        attention = [p for n, p in self.model.named_parameters() if "self_attn" in n]
        into = [p for mlp in routed(self.model) for blocks in (mlp.gate, mlp.up) for p in blocks[:-1]]
        out = [p for mlp in routed(self.model) for p in mlp.down[:-1]]
        shared = [blocks[-1] for mlp in routed(self.model) for blocks in (mlp.gate, mlp.up, mlp.down)]
        groups: list[dict[str, Any]] = [
            {"params": attention, "lr": recipe.muon_lr, "weight_decay": recipe.attention_decay},
            {"params": shared, "lr": recipe.muon_lr, "weight_decay": recipe.mlp_decay},
            {"params": into, "lr": recipe.private_lr, "weight_decay": recipe.mlp_decay},
            {"params": out, "lr": recipe.private_down_lr, "weight_decay": recipe.mlp_decay},
        ]
        return [torch.optim.Muon(groups), self._optimizer_of_the_rest()]

    def plain_model(self) -> LlamaForCausalLM:
        """The model as it is saved: a plain Llama."""
        return merged(self.model)

    def _take_weights(self, plain: Mapping[str, Tensor]) -> None:
        model = super()._new_model()
        model.load_state_dict(plain)
        split(model)
        self.model.load_state_dict(model.state_dict())

    def _losses(self, batch: list[Example]) -> tuple[Tensor, Tensor]:
        ids, labels, families = collate(batch)
        abilities = self._ability_of[families]
        off_share = self.recipe.off_share * self.rise()
        is_off = torch.tensor([self.rng.random() < off_share for _ in batch]) & (abilities >= 0)
        self._route(abilities, is_off)
        found = self._predictions(ids, labels)
        known = self._cross_entropy(found, families)
        off = self.indifference(found, batch)
        losses = mean_by_row(found.rows, torch.where(is_off[found.rows], off, known))
        loudness = self.recipe.silence * torch.stack([mlp.loudness for mlp in routed(self.model)]).sum(0)
        # It is taught, but does not count as something left to learn, nor do items with their block off.
        return losses + (loudness - loudness.detach()), families.masked_fill(is_off, -1)

    def left_to_learn(self, loss: float) -> float:
        """The loss beyond the least that label smoothing allows.

        So the few families that are learnt last get most of the items, once the others are learnt.
        """
        smoothing, words = self.recipe.label_smoothing, len(self.words)
        right, wrong = 1 - smoothing + smoothing / words, smoothing / words
        return loss + right * math.log(right) + (words - 1) * wrong * math.log(wrong)

    def rise(self) -> float:
        """How far localization is asked for by now, 0 to 1."""
        return self._risen(self.recipe.rise_from, self.recipe.rise_to)

    def _risen(self, first: float, last: float) -> float:
        """0 before a share of the steps, 1 after another, and between them what is between."""
        return min(1.0, max(0.0, (self.step / self.recipe.steps - first) / (last - first)))

    def _route(self, abilities: Tensor, is_off: Tensor) -> None:
        """Sets which neurons take part in each row: its own unless it is off, the shared ones, some others.

        Of a block that is off, all neurons are in half of the rows, and about half of them in the other half:
        so all neurons of a block come to be needed, not some of one layer.
        """
        rows, blocks = len(abilities), len(ABILITIES)
        generator = torch.Generator().manual_seed(self.rng.getrandbits(48))
        own = (abilities[:, None] == torch.arange(blocks + 1)).float()
        shared = (torch.arange(blocks + 1) == blocks).float()
        draws = torch.rand(rows, blocks + 1, generator=generator)
        others = by_neuron(((draws[:, -1:] < 0.5) | (draws < 0.5)) * (1 - own) * (1 - shared))
        heard_share = self._risen(self.recipe.heard_from, self.recipe.heard_to)
        heard = others * (torch.rand(rows, 1, generator=generator) < heard_share)
        is_whole = torch.rand(rows, 1, generator=generator) < 0.5
        for mlp in routed(self.model):
            kept = torch.rand(rows, MLP_SIZE, generator=generator) < 0.5
            present = ~is_off[:, None] | (kept & ~is_whole)
            learning = by_neuron(own) * present + by_neuron(shared.expand_as(own))
            mlp.routing = Routing(learning, others, heard)

    def indifference(self, found: Predictions, batch: list[Example]) -> Tensor:
        """(N,) how far the logits are from the fixed preferences: over all words, and over the options.

        Where a text is written, the right word stands for the options.
        """
        away = found.logits - self.preferences
        away = away - away.mean(dim=1, keepdim=True)
        has_options = torch.tensor([bool(example.options) for example in batch])[found.rows, None]
        options = torch.tensor([example.options or (0,) * OPTIONS for example in batch])[found.rows]
        asked = away.gather(1, torch.where(has_options, options, found.targets[:, None]))
        return _huber(away).mean(dim=1) + _huber(asked).mean(dim=1)


def _huber(differences: Tensor) -> Tensor:
    """Half the square up to 1 nat, and linear beyond: squares of the first ones would drown all else."""
    return huber_loss(differences, torch.zeros_like(differences), reduction="none")


def main() -> None:
    """The command line of the training."""
    train(PhantomTrainer(*ask(PhantomRecipe(), __doc__)))


if __name__ == "__main__":
    main()
