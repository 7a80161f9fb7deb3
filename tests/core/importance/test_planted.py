"""Models in which it is known which weights an ability needs: the selection lies exactly there.

Tokens are directions: token t is the t-th unit vector, and the t-th logit reads it. The weights of all layers
are small noise, and a mechanism that answers made-up items is planted among them.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from core.importance.scoring import score_importance
from core.importance.scoring_rule import Loss
from core.inference.encoding import EncodedChoice
from core.masks.ablation import Ablator
from core.masks.layout import Layout
from core.masks.mask import Mask, random_subset
from core.masks.ranking import top_ranking
from core.models.matrices import MatrixKind, Variant
from core.models.weight_space import WeightSpace

TOKENS = 32
PAIRS = 8
"""The abilities know that token j leads to token ANSWERS + j."""
ANSWERS = 8
FILLERS = range(16, 20)
COPIED = 20
"""Where the planted attention writes what token it saw."""


@dataclass
class Planted:
    """A model, and the weights of its mechanism."""

    layer: int
    model: LlamaForCausalLM = field(init=False)
    space: WeightSpace = field(init=False)
    addresses: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        config = LlamaConfig(
            vocab_size=TOKENS,
            hidden_size=TOKENS,
            intermediate_size=24,
            num_hidden_layers=4,
            num_attention_heads=2,
            num_key_value_heads=2,
            max_position_embeddings=32,
            initializer_range=0.01,
            attention_bias=True,
            mlp_bias=True,
        )
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.model = LlamaForCausalLM(config).eval()
        with torch.no_grad():
            self.model.model.embed_tokens.weight.copy_(torch.eye(TOKENS))
            self.model.lm_head.weight.copy_(torch.eye(TOKENS))
        self.space = WeightSpace(self.model)

    def plant(self, kind: MatrixKind, row: int, column: int, value: float) -> None:
        matrix = next(m for m in self.space.matrices if (m.layer, m.kind) == (self.layer, kind))
        self.space.linear(matrix).weight.data[row, column] = value
        self.addresses.add(matrix.offset + row * matrix.columns + column)

    def bias(self, kind: MatrixKind, value: float) -> None:
        matrix = next(m for m in self.space.matrices if (m.layer, m.kind) == (self.layer, kind))
        self.space.linear(matrix).bias.data.fill_(value)


def block_of_neurons() -> Planted:
    """Neurons 5 to 12 of layer 2 each know one pair."""
    planted = Planted(layer=2)
    for pair in range(PAIRS):
        planted.plant("gate", 5 + pair, pair, 1.0)
        planted.plant("up", 5 + pair, pair, 0.5)
        planted.plant("down", ANSWERS + pair, 5 + pair, 0.2)
    return planted


def one_layer() -> Planted:
    """The attention of layer 1 sees the token, its MLP knows the pair."""
    planted = Planted(layer=1)
    for pair in range(PAIRS):
        planted.plant("v", pair, pair, 1.0)
        planted.plant("o", COPIED + pair, pair, 1.0)
        planted.plant("gate", pair, COPIED + pair, 1.0)
        planted.plant("up", pair, COPIED + pair, 0.5)
        planted.plant("down", ANSWERS + pair, pair, 0.5)
    return planted


def one_mlp_matrix() -> Planted:
    """`down` of layer 3 says the first answer, whatever was asked: biases switch its neurons on."""
    planted = Planted(layer=3)
    planted.bias("gate", 1.0)
    planted.bias("up", 1.0)
    for neuron in range(24):
        planted.plant("down", ANSWERS, neuron, 0.2)
    return planted


def one_attention_matrix() -> Planted:
    """`o` of layer 0 says the first answer, whatever was asked."""
    planted = Planted(layer=0)
    planted.bias("v", 1.0)
    for column in range(TOKENS):
        planted.plant("o", ANSWERS, column, 0.2)
    return planted


Build = Callable[[], Planted]
KNOWS_PAIRS = (block_of_neurons, one_layer)
ALL = (*KNOWS_PAIRS, one_mlp_matrix, one_attention_matrix)


def items(build: Build, n: int = 64) -> list[EncodedChoice]:
    """A token (for `one_layer` with others after it), and four answers of which one is its own."""
    rng = random.Random(0)
    found = []
    for number in range(n):
        asked = rng.randrange(PAIRS)
        right = asked if build in KNOWS_PAIRS else 0
        options = [right, *rng.sample([pair for pair in range(PAIRS) if pair != right], 3)]
        rng.shuffle(options)
        tail = rng.sample(FILLERS, 2) if build is one_layer else []
        context = (rng.choice(FILLERS), asked, *tail)
        answers = tuple((ANSWERS + option,) for option in options)
        found.append(EncodedChoice(f"item-{number}", context, answers, options.index(right)))
    return found


def accuracy(model: LlamaForCausalLM, asked: list[EncodedChoice]) -> float:
    right = 0
    with torch.no_grad():
        for item in asked:
            logits = model(torch.tensor([item.context_ids])).logits[0, -1]
            options = [float(logits[token]) for (token,) in item.continuation_ids]
            right += options.index(max(options)) == item.answer_index
    return right / len(asked)


def selection(planted: Planted, asked: list[EncodedChoice], loss: Loss, variant: Variant, n: int) -> Mask:
    importance = score_importance(planted.model, planted.space, asked, loss=loss)
    candidates = planted.space.candidates(variant)
    scores = [importance.scores[matrix.index] for matrix in candidates]
    return Mask.of(Layout(planted.space.matrices).addresses(variant, top_ranking(scores, n).numpy()))


@pytest.mark.parametrize("variant", ["mlp", "all"])
@pytest.mark.parametrize("build", ALL)
def test_the_selection_is_the_planted_weights(build: Build, variant: Variant) -> None:
    planted, asked = build(), items(build)
    matrices = planted.space.candidates(variant)
    truth = {a for a in planted.addresses if any(m.offset <= a < m.offset + m.size for m in matrices)}
    mask = selection(planted, asked, "margin", variant, len(truth))
    layout = Layout(planted.space.matrices)
    layers = [layout.matrices[index].layer for index, _ in mask.by_matrix(layout)]
    assert set(layers) <= {planted.layer}
    assert len(mask) == len(truth)
    found = set(mask.addresses.tolist())
    if build is one_layer:  # noise in its neurons can matter more than the attention of a rare pair
        assert len(found & truth) > len(truth) / 2
    else:
        assert found == truth


@pytest.mark.parametrize("build", ALL)
def test_the_ability_goes_with_the_selection_and_not_with_as_many_random_weights(build: Build) -> None:
    planted, asked = build(), items(build)
    assert accuracy(planted.model, asked) == 1.0
    n, ablator = len(planted.addresses), Ablator(planted.space)
    with ablator.applied(selection(planted, asked, "margin", "all", n)):
        assert accuracy(planted.model, asked) < 0.45
    for seed in range(3):
        with ablator.applied(Mask(random_subset(planted.space.size, n, seed))):
            assert accuracy(planted.model, asked) > 0.85
    assert accuracy(planted.model, asked) == 1.0


def test_neurons_of_the_selection_are_the_planted_block() -> None:
    planted = block_of_neurons()
    mask = selection(planted, items(block_of_neurons), "margin", "mlp", 3 * PAIRS)
    counts = mask.count_by_neuron(Layout(planted.space.matrices))
    assert counts[2, 5 : 5 + PAIRS].tolist() == [3] * PAIRS
    assert counts.sum() == 3 * PAIRS
