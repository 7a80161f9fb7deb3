"""Training-time MLPs of which each ability teaches its own block of neurons (gradient routing).

Training starts from the embedded Llama: each ability's block gets copies of the neurons that do most for it,
each layer on its own; the shared block those that do most for all, besides these. The weights of every block
are parameters of their own, so that an optimizer that orthogonalizes a matrix treats each block alone.
`split` puts such MLPs into a Llama, `merged` makes a plain Llama of it again.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, silu
from transformers import LlamaForCausalLM

from core.abilities.catalogue import ABILITIES
from core.models.files import model_folder
from core.models.spec import ModelSpec
from core.phantom.ground_truth import PRIVATE, SHARED
from tests.research.training.corpus import IGNORED, Corpus, collate
from tests.research.training.demo import mean_by_row

SIZES = [PRIVATE] * len(ABILITIES) + [SHARED]
"""Neurons of the blocks: the abilities' in their order, then the shared one."""

BATCHES, ROWS = 40, 32
"""Train items from which it is told what a neuron does."""


@dataclass
class Routing:
    """Which neurons of a layer take part in the rows of a batch; all (B, neurons), float, 0 or 1."""

    learning: Tensor
    """Neurons that are on and learn."""
    silenced: Tensor
    """Neurons of other abilities' blocks that learn to add little, heard or not."""
    heard: Tensor
    """Those of them that are on."""


class RoutedMLP(nn.Module):
    """A Llama's MLP in blocks of neurons."""

    def __init__(self, gate: Tensor, up: Tensor, down: Tensor) -> None:
        """Takes over the weights of a plain MLP: (neurons, hidden) twice, and (hidden, neurons)."""
        super().__init__()
        self.gate = nn.ParameterList(part.clone() for part in torch.split(gate, SIZES))
        self.up = nn.ParameterList(part.clone() for part in torch.split(up, SIZES))
        self.down = nn.ParameterList(part.clone() for part in torch.split(down, SIZES, dim=1))
        self.routing: Routing | None = None
        """Routing of the current batch; None: all blocks are on and learn."""
        self.loudness = torch.zeros(0)
        """(B,) mean square of what the blocks of others would add, of the last batch."""

    def weights(self) -> tuple[Tensor, Tensor, Tensor]:
        """The weights of the plain MLP: gate, up and down."""
        return torch.cat(list(self.gate)), torch.cat(list(self.up)), torch.cat(list(self.down), dim=1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, hidden) what the MLP adds to the residual stream."""
        gate, up, down = self.weights()
        activations = silu(linear(x, gate)) * linear(x, up)
        if self.routing is None:
            return linear(activations, down)
        learning, silenced, heard = (
            one.unsqueeze(1) for one in (self.routing.learning, self.routing.silenced, self.routing.heard)
        )
        with torch.no_grad():
            fixed = linear(activations * heard, down)
        # From a detached input: the blocks of others learn to be quiet, nothing learns to hide from them.
        apart = x.detach()
        unwanted = silu(linear(apart, gate)) * linear(apart, up) * silenced
        self.loudness = linear(unwanted, down).square().mean(dim=(1, 2))
        return linear(activations * learning, down) + fixed


def split(model: LlamaForCausalLM) -> None:
    """Replaces the MLPs of a Llama by routed ones of the same weights."""
    for layer in model.model.layers:
        mlp = layer.mlp
        layer.mlp = RoutedMLP(
            mlp.gate_proj.weight.detach(), mlp.up_proj.weight.detach(), mlp.down_proj.weight.detach()
        )


def routed(model: LlamaForCausalLM) -> list[RoutedMLP]:
    """The routed MLPs of a model, layer by layer."""
    return [layer.mlp for layer in model.model.layers]


def merged(model: LlamaForCausalLM) -> LlamaForCausalLM:
    """A plain Llama of the same weights."""
    plain = LlamaForCausalLM(copy.deepcopy(model.config))
    state = {name: value for name, value in model.state_dict().items() if ".mlp." not in name}
    for number, mlp in enumerate(routed(model)):
        for kind, weight in zip(("gate", "up", "down"), mlp.weights(), strict=True):
            state[f"model.layers.{number}.mlp.{kind}_proj.weight"] = weight.detach()
    plain.load_state_dict(state)
    return plain


def by_neuron(blocks: Tensor) -> Tensor:
    """(B, neurons) of (B, blocks)."""
    return blocks.repeat_interleave(torch.tensor(SIZES), dim=1)


def embedded_llama() -> LlamaForCausalLM:
    """The demo, in float32."""
    return LlamaForCausalLM.from_pretrained(model_folder(ModelSpec("demo")), dtype=torch.float32)


def copied_weights(llama: LlamaForCausalLM, corpus: Corpus) -> dict[str, Tensor]:
    """The state of a phantom whose neurons are copies of a Llama's, by parameter name.

    Args:
        llama: has MLPs of at least as many neurons as a private and the shared block together.
        corpus: gives the items from which it is told which neurons do most for which ability.
    """
    shares = neuron_shares(llama, corpus)
    state = {name: value for name, value in llama.state_dict().items() if ".mlp." not in name}
    for number, layer in enumerate(llama.model.layers):
        chosen, mlp = chosen_neurons(shares[number]), layer.mlp
        place = f"model.layers.{number}.mlp"
        state[f"{place}.gate_proj.weight"] = mlp.gate_proj.weight.detach()[chosen]
        state[f"{place}.up_proj.weight"] = mlp.up_proj.weight.detach()[chosen]
        state[f"{place}.down_proj.weight"] = mlp.down_proj.weight.detach()[:, chosen]
    return state


def neuron_shares(llama: LlamaForCausalLM, corpus: Corpus) -> Tensor:
    """(layers, abilities, neurons) float32: how much each neuron does for each ability; rows sum to 1.

    It is the sum over items and tokens of |activation x gradient|. What is differentiated is the log of the
    odds of the right tokens, which does not go flat where the model is sure, as the loss does.
    """
    ids = [ability.id for ability in ABILITIES]
    ability_of = torch.tensor([ids.index(ability) for ability, _ in corpus.families])
    layers = list(llama.model.layers)
    sums = torch.zeros(len(layers), len(ids), llama.config.intermediate_size)
    activations: dict[int, Tensor] = {}

    def keep(number: int) -> Callable[..., None]:
        def hook(_: nn.Module, inputs: tuple[Tensor]) -> None:
            activations[number] = inputs[0]

        return hook

    handles = [
        layer.mlp.down_proj.register_forward_pre_hook(keep(number)) for number, layer in enumerate(layers)
    ]
    for _ in range(BATCHES):
        batch = corpus.draw(ROWS)
        tokens, labels, families = collate(batch)
        odds = _log_odds(llama, tokens, labels).sum()
        gradients = torch.autograd.grad(odds, list(activations.values()))
        for number, gradient in zip(activations, gradients, strict=True):
            done = (activations[number].detach() * gradient).abs().sum(dim=1)
            sums[number].index_add_(0, ability_of[families], done)
    for handle in handles:
        handle.remove()
    return sums / sums.sum(dim=2, keepdim=True)


def chosen_neurons(shares: Tensor) -> Tensor:
    """(neurons of the phantom,) which neurons of a layer are copied, block after block.

    Args:
        shares: (abilities, neurons) what each does for each ability.
    """
    others = (shares.sum(0) - shares) / (len(shares) - 1)
    special = (shares - others).topk(PRIVATE).indices
    shared = shares.scatter(1, special, 0.0).sum(0).topk(SHARED).indices
    private = shares.index_fill(1, shared, -1.0).topk(PRIVATE).indices
    return torch.cat([private.flatten(), shared])


def _log_odds(llama: LlamaForCausalLM, tokens: Tensor, labels: Tensor) -> Tensor:
    """(B,) the log of the odds of each row's target tokens, means over its tokens."""
    rows, places = (labels[:, 1:] != IGNORED).nonzero(as_tuple=True)
    hidden = llama.model(input_ids=tokens, use_cache=False).last_hidden_state
    logits = llama.lm_head(hidden[rows, places])
    targets = labels[rows, places + 1][:, None]
    rest = logits.scatter(1, targets, float("-inf")).logsumexp(dim=1)
    return mean_by_row(rows, logits.gather(1, targets)[:, 0] - rest)
