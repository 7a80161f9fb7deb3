"""Training-time MLPs of which each ability teaches its own block of neurons (gradient routing).

The weights of every block are parameters of their own, so that an optimizer that orthogonalizes a matrix
treats each block alone. `split` puts such MLPs into a Llama, `merged` makes a plain Llama of it again.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, silu
from transformers import LlamaForCausalLM

from core.abilities.catalogue import ABILITIES
from core.phantom.ground_truth import PRIVATE, SHARED

SIZES = [PRIVATE] * len(ABILITIES) + [SHARED]
"""Neurons of the blocks: the abilities' in their order, then the shared one."""


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
        """Of the batch at hand; None: all blocks are on and learn."""
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
