"""Any sequence of masks applied, restored, nested and interrupted leaves the model as it was."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from transformers import LlamaConfig, LlamaForCausalLM

from core.masks.ablation import Ablation, Ablator
from core.masks.layout import Layout
from core.masks.mask import Mask
from core.models.weight_space import LoadedWeights, WeightSpace

SPECIAL = (float("nan"), float("inf"), float("-inf"), -0.0, 0.0, 1e-40)
"""Values that arithmetic would not bring back; the last is subnormal or zero."""


def _model(dtype: torch.dtype) -> LlamaForCausalLM:
    torch.manual_seed(0)
    shape = {"hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 2, "num_attention_heads": 2}
    model = LlamaForCausalLM(LlamaConfig(vocab_size=16, num_key_value_heads=1, **shape)).to(dtype).eval()
    for number, parameter in enumerate(model.parameters()):
        parameter.requires_grad_(number % 3 > 0)
        if parameter.dim() == 2:
            parameter.data.view(-1)[: len(SPECIAL)] = torch.tensor(SPECIAL)
    model.model.layers[0].mlp.register_forward_hook(lambda module, inputs, output: None)
    model.model.layers[1].train()
    return model


def _bits(model: LlamaForCausalLM) -> dict[str, torch.Tensor]:
    return {name: tensor.view(torch.uint8).clone() for name, tensor in model.state_dict().items()}


def _rest(model: LlamaForCausalLM) -> list[Any]:
    """All but the weights' values: where they lie, gradients, hooks, modes."""
    parameters = [(p.data_ptr(), p.dtype, p.requires_grad, p.grad is None) for p in model.parameters()]
    modules = [
        (m.training, len(m._forward_hooks), len(m._forward_pre_hooks), len(m._backward_hooks))
        for m in model.modules()
    ]
    return [parameters, modules]


class Cancelled(BaseException):
    """As KeyboardInterrupt: no `except Exception` stops it."""


class AblatorStates(RuleBasedStateMachine):
    """Holds one ablator against a model of it: which mask is applied, with which factor."""

    dtype = torch.float32
    masks = st.tuples(st.sampled_from([0, 1, 7, 100, 1 << 20]), st.integers(0, 3))
    factors = st.sampled_from([0.0, 0.5, -2.0, 3e38])

    @initialize()
    def load(self) -> None:
        self.model = _model(self.dtype)
        self.space = WeightSpace(self.model)
        self.ablator = Ablator(self.space)
        self.loaded = LoadedWeights(self.space)
        self.before, self.rest = _bits(self.model), _rest(self.model)
        self.applied: tuple[Mask, float] | None = None

    def mask(self, size_and_seed: tuple[int, int]) -> Mask:
        size, seed = size_and_seed
        chosen = random.Random(seed).sample(range(self.space.size), min(size, self.space.size))
        return Mask(np.array(sorted(chosen), np.int64))

    @rule(mask=masks, factor=factors)
    def apply(self, mask: tuple[int, int], factor: float) -> None:
        chosen = self.mask(mask)
        done = self.ablator.apply(chosen, factor)
        assert done.weights == len(chosen) >= done.changed
        self.applied = chosen, factor

    @rule(times=st.integers(1, 2))
    def restore(self, times: int) -> None:
        for _ in range(times):
            self.ablator.restore()
        self.applied = None

    @rule(mask=masks, factor=factors)
    def interrupted(self, mask: tuple[int, int], factor: float) -> None:
        with pytest.raises(Cancelled), self.ablator.applied(self.mask(mask), factor):
            raise Cancelled
        self.applied = None

    @rule(outer=masks, inner=masks, factor=factors)
    def nested(self, outer: tuple[int, int], inner: tuple[int, int], factor: float) -> None:
        """Misuse: the inner mask replaces the outer one, and its end restores all."""
        with self.ablator.applied(self.mask(outer)):
            with self.ablator.applied(self.mask(inner), factor):
                self.applied = self.mask(inner), factor
                self.weights_are_as_expected()
            self.applied = None
            self.weights_are_as_expected()

    @rule(mask=masks)
    def refused(self, mask: tuple[int, int]) -> None:
        """What is wrong with an argument is found before anything changes."""
        with pytest.raises(ValueError, match="finite"):
            self.ablator.apply(self.mask(mask), float("nan"))
        with pytest.raises(ValueError, match="same model"):
            self.ablator.apply(Mask(np.array([0, self.space.size])))

    @rule()
    def runs(self) -> None:
        with torch.no_grad():
            self.model(torch.tensor([[1, 2, 3]]))

    @invariant()
    def weights_are_as_expected(self) -> None:
        expected = {name: raw.clone() for name, raw in self.before.items()}
        touched = []
        if self.applied:
            mask, factor = self.applied
            for index, local in mask.by_matrix(Layout(self.space.matrices)):
                matrix = self.space.matrices[index]
                values = expected[matrix.name].view(self.dtype).view(-1)
                values[local] = values[local] * factor if factor else 0.0
                if not torch.equal(expected[matrix.name], self.before[matrix.name]):
                    touched.append(matrix)
        found = _bits(self.model)
        assert all(torch.equal(found[name], raw) for name, raw in expected.items())
        assert self.loaded.changed() == tuple(touched)
        assert _rest(self.model) == self.rest


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_any_sequence_leaves_the_model_as_it_was(dtype: torch.dtype) -> None:
    states = type("States", (AblatorStates,), {"dtype": dtype})
    run_state_machine_as_test(
        states, settings=settings(max_examples=12, stateful_step_count=15, deadline=None)
    )


def test_a_mask_of_nothing_is_an_ablation_of_nothing() -> None:
    space = WeightSpace(_model(torch.float16))
    assert Ablator(space).apply(Mask(np.empty(0, np.int64))) == Ablation(0, 0)
