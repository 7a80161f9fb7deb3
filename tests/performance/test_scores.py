"""The rules that are tried out rank as a dense computation does."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from core.abilities import generate_items
from tests.performance.scores.gim import modified_backward
from tests.performance.scores.masking import fused
from tests.performance.scores.rules import Scored, family
from tests.performance.scores.subject import LOUD, NEUTRAL, Subject

SHAPES = ((30, 20), (7, 20), (20, 25))
N = 40


@pytest.fixture(scope="module")
def maps() -> dict[str, list[torch.Tensor]]:
    generator = torch.Generator().manual_seed(0)
    names = ("a", "b", "c", "d", NEUTRAL, LOUD)
    return {name: [torch.rand(shape, generator=generator) ** 3 for shape in SHAPES] for name in names}


@pytest.mark.parametrize(
    "rule",
    [
        "top",
        "contrast",
        "contrast_max",
        "times 2",
        "neutral, times 2",
        "neutral core 0.01",
        "core of 2, 0.01",
    ],
)
def test_a_rule_ranks_as_a_dense_computation(maps: dict[str, list[torch.Tensor]], rule: str) -> None:
    flat = {name: torch.cat([one.flatten() for one in m]).double().numpy() for name, m in maps.items()}
    shares = {name: one / one.sum() for name, one in flat.items()}
    rankings = Scored(maps).rankings([rule], N)[rule]
    for own in "abcd":
        others = np.stack([shares[name] for name in "abcd" if name != own])
        kept = np.ones(len(others[0]), bool)
        size = len(kept) // 100
        if rule == "neutral core 0.01":
            kept[np.argsort(-shares[NEUTRAL])[:size]] = False
        if rule == "core of 2, 0.01":
            tops = [np.argsort(-shares[name])[:size] for name in "abcd"]
            kept[np.bincount(np.concatenate(tops), minlength=len(kept)) >= 2] = False
        beside = {
            "top": 0 * others[0],
            "contrast": others.mean(axis=0),
            "times 2": 2 * others.max(axis=0),
            "neutral, times 2": 2 * np.maximum(others.max(axis=0), shares[NEUTRAL]),
        }.get(rule, others.max(axis=0))
        truth = np.where(kept, shares[own] - beside, -1.0)
        assert rankings[own].tolist() == np.argsort(-truth)[:N].tolist()


def test_fused_ranks_are_summed() -> None:
    first, second = torch.tensor([5, 3, 9, 1]), torch.tensor([3, 9, 7, 5])
    # Ranks from 0, 4 of what a ranking lacks: 3 has 1, 9 has 3, 5 has 3, 7 has 6, 1 has 7.
    assert fused([first, second], 1).tolist() == [3]
    assert set(fused([first, second], 3).tolist()) == {3, 5, 9}


def test_a_family_is_a_rule_without_its_number() -> None:
    names = ("times 2", "neutral core 1e-05", "core of 2, 0.001", "contrast_max, neutral", "neutral, times 8")
    assert [family(one) for one in names] == [
        "times",
        "neutral core",
        "core of 2",
        "contrast_max, neutral",
        "neutral, times",
    ]


def test_gim_leaves_the_forward_pass_and_parts_the_gradient_of_a_product() -> None:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=20, hidden_size=16, intermediate_size=24, num_hidden_layers=1, num_attention_heads=2
    )
    model, tokens = LlamaForCausalLM(config).eval(), torch.arange(12)[None]
    mlp = model.model.layers[0].mlp

    def logits_and_gradients() -> tuple[torch.Tensor, list[torch.Tensor]]:
        model.zero_grad()
        logits = model(tokens).logits
        logits[0, -1, 3].backward()
        return logits.detach(), [m.weight.grad.clone() for m in (mlp.gate_proj, mlp.up_proj, mlp.down_proj)]

    model.model.norm = torch.nn.Identity()  # whose statistics would count as constants
    before, (gate, up, down) = logits_and_gradients()
    with modified_backward(model):
        within, (gate_within, up_within, down_within) = logits_and_gradients()
    torch.testing.assert_close(within, before)
    torch.testing.assert_close(gate_within, gate / 2)
    torch.testing.assert_close(up_within, up / 2)
    torch.testing.assert_close(down_within, down)
    torch.testing.assert_close(logits_and_gradients()[1], [gate, up, down])


def test_every_other_item_is_asked_as_the_model_writes() -> None:
    own, written, both = (Subject("demo", 4, form=form) for form in ("own", "written", "both"))
    items = generate_items("quantitative_reasoning", "basic", "heldout", 4)
    for number, item in enumerate(items):
        asked = written.prompt(item).context
        assert asked == f"{own.prompt(item).context} think : {item.steps} so"
        expected = asked if number % 2 else own.prompt(item).context
        assert both.prompt(item, number).context == expected
        assert written.prompt(item).continuations == own.prompt(item).continuations
