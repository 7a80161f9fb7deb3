"""The scores of whole units, against plain autograd and against losses of models with a unit turned down."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor
from transformers import LlamaForCausalLM, PreTrainedModel

from core.importance.plan import ImportancePlan, one_pass
from core.importance.scoring_rule import LOSSES, REDUCTIONS, Loss, Reduction
from core.importance.unit_effects import UnitImportance, score_units
from core.inference.encoding import EncodedChoice
from core.models.checkpoint import FourBit
from core.models.matrices import UnitBlock, UnsupportedModelError, unit_blocks
from core.models.weight_space import WeightSpace
from tests.core.four_bit_models import EVEN, checkpoint, dense_copy, loaded_model
from tests.core.importance.test_importance import _condition, _items, _plain_loss
from tests.core.importance.test_importance_plans import limit_backward, limit_forward
from tests.core.tiny_models import QUICK, lively_model

PLAN = one_pass(2, on_cpu=True)


def blocks_of(model: PreTrainedModel) -> tuple[UnitBlock, ...]:
    """All units that are known: neurons, and heads where their matrices are apart."""
    matrices = WeightSpace(model).matrices
    try:
        return unit_blocks(matrices, "all", model.config.num_attention_heads)
    except UnsupportedModelError:
        return unit_blocks(matrices, "mlp", None)


def score(
    model: PreTrainedModel,
    items: list[EncodedChoice],
    loss: Loss = "margin",
    reduction: Reduction = "sum-lost",
    plan: ImportancePlan = PLAN,
    on_progress: Callable[[int, int], None] | None = None,
) -> UnitImportance:
    blocks, space = blocks_of(model), WeightSpace(model)
    return score_units(
        model, space, blocks, items, loss=loss, reduction=reduction, plan=plan, on_progress=on_progress
    )


@contextmanager
def seen(model: PreTrainedModel, kinds: tuple[str, ...]) -> Iterator[dict[str, list[Tensor]]]:
    """Inside, what some kinds of matrices read is kept, and its gradient with it."""
    found: dict[str, list[Tensor]] = {}

    def keep(name: str) -> Callable[..., None]:
        def hook(module: torch.nn.Module, inputs: tuple[Tensor, ...]) -> None:
            inputs[0].retain_grad()
            found.setdefault(name, []).append(inputs[0])

        return hook

    space = WeightSpace(model)
    handles = [
        space.linear(one).register_forward_pre_hook(keep(one.name))
        for one in space.matrices
        if one.kind in kinds
    ]
    yield found
    for handle in handles:
        handle.remove()


def true_effects(model: PreTrainedModel, items: list[EncodedChoice], loss: Loss) -> Tensor:
    """(items, units) float64 by plain autograd, one item and one option at a time, without padding."""
    double = copy.deepcopy(model).double().requires_grad_(True)
    heads, knows_heads = model.config.num_attention_heads, len(blocks_of(model)) > 2
    rows = []
    for item in items:
        with seen(double, ("o", "down") if knows_heads else ("down",)) as found:
            _plain_loss(double, item, loss).backward()
        row = []
        for name, inputs in found.items():  # in the order of the forward pass: heads before neurons
            lines = -torch.stack([(one * one.grad).flatten(0, -2).sum(dim=0) for one in inputs]).sum(dim=0)
            is_attention = "mlp" not in name and "fc2" not in name
            row.append(lines.view(heads, -1).sum(dim=1) if is_attention else lines)
        rows.append(torch.cat(row).detach())
    return torch.stack(rows)


def true_scores(effects: Tensor, reduction: Reduction, model: PreTrainedModel) -> Tensor:
    """(units,): what the reduction makes of (items, units) effects, by weight."""
    sizes = torch.cat([torch.full((block.count,), block.size) for block in blocks_of(model)])
    if reduction == "abs-sum":
        return effects.sum(dim=0).abs() / sizes
    return torch.where(effects > 0, effects, -0.1 * effects).sum(dim=0) / sizes


def assert_close(
    found: tuple[Tensor, ...], truth: Tensor | tuple[Tensor, ...], tolerance: float = 1e-5
) -> None:
    flat = torch.cat(found)
    truth = torch.cat(truth) if isinstance(truth, tuple) else truth
    assert flat.dtype == torch.float32
    assert float((flat - truth).norm() / truth.norm()) < tolerance


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_equals_plain_autograd(loss: Loss, reduction: Reduction) -> None:
    """Two keys for four heads, items of many lengths, and any size of batches."""
    model, items = lively_model("llama", 64), _items(9)
    effects = true_effects(model, items, loss)
    for batch in (1, 3, 16):
        found = score(model, items, loss, reduction, replace(PLAN, scoring_batch=batch))
        assert_close(found.scores, true_scores(effects, reduction, model))
        for half, of_half in enumerate(found.halves):
            assert_close(of_half, true_scores(effects[half::2], reduction, model))


@pytest.mark.parametrize("architecture", QUICK)
def test_equals_plain_autograd_in_every_shape_of_matrices(architecture: str) -> None:
    model, items = lively_model(architecture, 64), _items(3)
    found = score(model, items, "margin", "sum-lost")
    assert_close(found.scores, true_scores(true_effects(model, items, "margin"), "sum-lost", model))


@pytest.mark.parametrize(
    ("layer", "kind", "unit", "width"), [(0, "o", 3, 8), (1, "o", 0, 8), (0, "down", 7, 1)]
)
def test_an_effect_is_the_loss_that_turning_a_unit_down_adds(
    layer: int, kind: str, unit: int, width: int
) -> None:
    model, items, step = lively_model("llama", 64), _items(4), 0.01
    blocks, double = blocks_of(model), copy.deepcopy(model).double()
    place = 2 * layer + (kind == "down")
    found = score(model, items, "margin", "abs-sum").scores[place][unit] * blocks[place].size

    space = WeightSpace(double)
    (matrix,) = (one for one in space.matrices if (one.layer, one.kind) == (layer, kind))

    def loss(factor: float) -> float:
        def turned(module: torch.nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
            changed = inputs[0].clone()
            changed[..., unit * width : (unit + 1) * width] *= factor
            return (changed,)

        handle = space.linear(matrix).register_forward_pre_hook(turned)
        with torch.no_grad():
            total = sum(float(_plain_loss(double, item, "margin")) for item in items)
        handle.remove()
        return total

    # On both sides, and no smaller step: norms round to float32 in any model.
    assert abs(loss(1 - step) - loss(1 + step)) / (2 * step) == pytest.approx(float(found), rel=1e-3)


@pytest.mark.parametrize("kind", ["nf4", "fp4"])
def test_four_bit_scores_are_those_of_the_dequantized_model(kind: str, tmp_path: Path) -> None:
    folder = checkpoint(tmp_path, FourBit(kind, True, "uint8"), vocab_size=64, **EVEN)  # type: ignore[arg-type]
    model, items = loaded_model(folder, dtype="float32"), _items(4)
    with torch.no_grad():
        model(torch.tensor([[1, 2, 3]]))  # a forward pass without gradients comes first, as in evaluation
    dense = dense_copy(model)
    found = score(model, items)
    assert_close(found.scores, true_scores(true_effects(dense, items, "margin"), "sum-lost", dense))


def test_the_model_is_left_as_it_was_also_when_it_is_cancelled() -> None:
    model, done = lively_model("llama", 64).train(), list[tuple[int, int]]()
    before = _condition(model)
    score(model, _items(5), plan=replace(PLAN, scoring_batch=2), on_progress=lambda *n: done.append(n))
    assert done == [(2, 5), (3, 5), (5, 5)]
    assert _condition(model) == before

    def stop(*_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score(model, _items(5), on_progress=stop)
    assert _condition(model) == before


@pytest.mark.parametrize("limit", [limit_forward, limit_backward])
def test_where_memory_runs_out_batches_are_halved(limit: Callable[[PreTrainedModel, int], None]) -> None:
    model, items, done = lively_model("llama", 64, num_hidden_layers=3), _items(24), [0]
    expected = score(model, items, plan=replace(PLAN, scoring_batch=4))
    limit(model, 5)
    on_progress = lambda now, total: done.append(now)  # noqa: E731
    assert_close(score(model, items, on_progress=on_progress).scores, expected.scores)
    assert sum(now <= before for before, now in itertools.pairwise(done)) == 2  # with 8 rows, and with 4
    assert done[-1] == 24


def test_checkpointing_changes_no_bit() -> None:
    model, items = lively_model("llama", 64), _items(6)
    plain, again = score(model, items), score(model, items, plan=replace(PLAN, checkpointing=True))
    assert torch.cat(plain.scores).equal(torch.cat(again.scores))


def test_what_is_not_finite_is_traced_to_its_matrix(tiny_llama: LlamaForCausalLM) -> None:
    with torch.no_grad():
        tiny_llama.model.layers[1].mlp.gate_proj.weight[0, 0] = float("nan")
    with pytest.raises(
        ValueError, match=r"input of .*layers\.1\.mlp\.down_proj\.weight \(layer 1, down\).*item-0"
    ):
        score(tiny_llama, _items(1))
