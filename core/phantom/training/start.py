"""Where the phantom's training starts: the embedded Llama, its MLP neurons copied into the blocks.

Each ability's block gets the neurons of the embedded Llama that do most for it, each layer on its own; the
shared block those that do most for all, beside these. A neuron may be copied into several blocks.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from transformers import LlamaForCausalLM

from core.abilities.catalogue import ABILITIES
from core.models.files import model_folder
from core.models.spec import ModelSpec
from core.phantom.ground_truth import PRIVATE, SHARED
from core.phantom.training.corpus import IGNORED, Corpus, collate
from core.phantom.training.demo import mean_by_row

BATCHES, ROWS = 40, 32
"""Train items from which it is told what a neuron does."""


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
