"""The scope `units`: whole neurons and heads, against plain dense PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from transformers import PreTrainedModel

from cache.folder import Store
from core.abilities import ABILITIES
from core.abilities.prompts import render_choice
from core.analysis.mask_tables import mask_distribution, overlaps
from core.inference.encoding import encode_choice
from core.masks.ablation import Ablator
from core.masks.choices import SHARED_ABILITIES, Selection
from core.masks.layout import Layout
from core.masks.mask import Mask
from core.masks.units import Units
from core.models.checkpoint import FourBit
from core.models.matrices import Matrix, UnsupportedModelError, Variant, find_matrices
from core.models.spec import ModelSpec
from core.models.weight_space import WeightSpace
from core.run.events import EntryReplaced, Event, ImportancePlanned
from core.run.pace import Step
from core.run.runner import Runner
from core.run.runs import steps_of_rankings
from core.run.selected import has_ranking, selected, split_half_overlap_of
from core.run.specs import ImportanceSpec, MaskSpec, mask_weights
from tests.core.four_bit_models import checkpoint, loaded_model
from tests.core.importance.test_importance import _plain_loss
from tests.core.tiny_models import lively_model

SPEC = MaskSpec("spatial_reasoning", "mlp", "top", 0.05, scope="units")
HEADS, WIDTH, INNER = 4, 3, 7

ATTENTIONS = {
    "grouped": {"q_proj": (12, 5), "k_proj": (6, 5), "v_proj": (6, 5), "o_proj": (5, 12)},
    "own keys": {"q_proj": (12, 5), "k_proj": (12, 5), "v_proj": (12, 5), "o_proj": (5, 12)},
}
MLPS = {
    "gate and up": {"gate_proj": (7, 5), "up_proj": (7, 5), "down_proj": (5, 7)},
    "in one": {"gate_up_proj": (14, 5), "down_proj": (5, 7)},
    "up alone": {"up_proj": (7, 5), "down_proj": (5, 7)},
}
UP = {"up_proj": "fc1", "down_proj": "fc2"}


def layout_of(attention: str, mlp: str, layers: int = 2) -> Layout:
    tensors = []
    for layer in range(layers):
        for name, shape in ATTENTIONS[attention].items():
            tensors.append((f"model.layers.{layer}.self_attn.{name}.weight", shape))
        for name, shape in MLPS[mlp].items():
            name = UP[name] if mlp == "up alone" else name
            tensors.append((f"model.layers.{layer}.mlp.{name}.weight", shape))
    return Layout(find_matrices(tensors))


def marked(matrix: Matrix, mark: Callable[[Tensor], None]) -> set[int]:
    """The flat addresses that a marking of the dense matrix hits."""
    dense = torch.zeros(matrix.rows, matrix.columns)
    mark(dense)
    return {matrix.offset + i for i in dense.flatten().nonzero().flatten().tolist()}


def zero_unit(kind: str, dense: Tensor, unit: int, width: int, value: float = 1.0) -> None:
    """The independent truth: what a unit has of a dense matrix."""
    if kind == "down":
        dense[:, unit] = value
    elif kind == "o":
        dense[:, unit * width : (unit + 1) * width] = value
    elif kind == "gate_up":
        dense[unit] = value
        dense[len(dense) // 2 + unit] = value
    elif kind in ("gate", "up"):
        dense[unit] = value
    else:
        dense[unit * width : (unit + 1) * width] = value


def true_units(layout: Layout, variant: Variant, attention: str) -> list[set[int]]:
    """The weights of every unit, in order: layer by layer, heads before neurons."""
    found = []
    for layer in range(layout.matrices[-1].layer + 1):
        here = [one for one in layout.matrices if one.layer == layer]
        heads = [m for m in here if not m.is_mlp and (attention == "own keys" or m.kind not in ("k", "v"))]
        groups = [(heads, HEADS)] if variant == "all" else []
        for matrices, count in [*groups, ([one for one in here if one.is_mlp], INNER)]:
            for unit in range(count):
                parts = [marked(m, lambda d, m=m, u=unit: zero_unit(m.kind, d, u, WIDTH)) for m in matrices]  # type: ignore[misc]
                found.append(set().union(*parts))
    return found


@pytest.mark.parametrize("attention", ATTENTIONS)
@pytest.mark.parametrize("mlp", MLPS)
@pytest.mark.parametrize("variant", ["mlp", "all"])
def test_a_unit_has_its_rows_and_columns(attention: str, mlp: str, variant: Variant) -> None:
    layout = layout_of(attention, mlp)
    units, truth = Units(layout, variant, HEADS), true_units(layout, variant, attention)
    assert len(units) == len(truth)
    assert units.sizes.tolist() == [len(one) for one in truth]
    assert units.addresses.tolist() == [min(one) for one in truth]
    for number, weights in enumerate(truth):
        assert set(units.mask(np.array([number])).addresses.tolist()) == weights
    everything = units.mask(np.random.default_rng(0).permutation(len(units)))
    assert set(everything.addresses.tolist()) == set().union(*truth)


@given(
    order=st.permutations(range(22)), n=st.integers(0, 900), more=st.integers(0, 100), seed=st.integers(0, 99)
)
def test_masks_are_whole_units_as_many_as_fit_and_nested(
    order: list[int], n: int, more: int, seed: int
) -> None:
    layout = layout_of("grouped", "gate and up")
    units, truth = Units(layout, "all", HEADS), true_units(layout, "all", "grouped")
    ranked = np.array(order)
    chosen, larger = units.fitting(ranked, n), units.fitting(ranked, n + more)
    assert larger[: len(chosen)].tolist() == chosen.tolist() == order[: len(chosen)]
    sizes = [len(truth[number]) for number in order]
    assert sum(sizes[: len(chosen)]) <= n
    assert len(chosen) == len(order) or sum(sizes[: len(chosen) + 1]) > n
    for mask in (units.mask(chosen), units.random_mask(n, seed)):
        weights = set(mask.addresses.tolist())
        assert len(weights) <= n
        assert all(not weights & one or one <= weights for one in truth)
        assert weights <= set().union(*truth)
    assert units.random_mask(n, seed).difference(units.random_mask(n + more, seed)) == Mask(
        np.empty(0, np.int64)
    )


def test_random_units_are_uniform() -> None:
    units = Units(layout_of("grouped", "gate and up"), "mlp", None)
    size = int(units.sizes[0])
    drawn = [units.random_mask(4 * size, seed).addresses for seed in range(700)]
    counts = np.bincount(np.concatenate(drawn), minlength=int(units.addresses[-1]) + 1)[units.addresses]
    assert counts.min() > 150  # 200 expected, 5 standard deviations are 60
    assert counts.max() < 260


def test_a_weight_that_begins_no_unit_is_refused() -> None:
    units = Units(layout_of("grouped", "gate and up"), "all", HEADS)
    for address in (1, 10**6):
        with pytest.raises(ValueError, match="not the first of a unit"):
            units.numbers(np.array([address]))


def test_unknown_heads_are_refused_and_neurons_are_not() -> None:
    layout = layout_of("grouped", "gate and up")
    for heads in (None, 5):
        with pytest.raises(UnsupportedModelError, match="takes the variant mlp"):
            Units(layout, "all", heads)
        assert len(Units(layout, "mlp", heads)) == 2 * INNER


ARCHITECTURES = ["llama", "qwen2", "gemma3_text", "opt", "phi3", "gpt_neox"]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_zeroing_units_takes_out_what_they_write(architecture: str) -> None:
    model = lively_model(architecture, 64)
    space, tokens = WeightSpace(model), torch.tensor([[3, 1, 4, 1, 5, 9]])
    is_split = architecture not in ("phi3", "gpt_neox")
    units = Units(Layout(space.matrices), "all" if is_split else "mlp", model.config.num_attention_heads)
    rng = np.random.default_rng(1)
    numbers = np.sort(rng.choice(len(units), 20, replace=False))
    handles = [
        space.linear(part.matrix).register_forward_pre_hook(without(lines))
        for part, lines in written(units, numbers)
    ]
    with torch.no_grad():
        truth = model(tokens).logits
        for handle in handles:
            handle.remove()
        intact = model(tokens).logits
        with Ablator(space).applied(units.mask(numbers)):
            ablated = model(tokens).logits
    assert not ablated.allclose(intact)
    assert ablated.allclose(truth, atol=1e-4)


def written(units: Units, numbers: np.ndarray) -> list[tuple]:  # type: ignore[type-arg]
    """The last matrix of each block, and the inputs of it that some units make."""
    found, start = [], 0
    for block in units.blocks:
        part = block.parts[-1]
        here = [n - start for n in numbers.tolist() if start <= n < start + block.count]
        found.append((part, [unit * part.width + line for unit in here for line in range(part.width)]))
        start += block.count
    return found


def without(lines: list[int]) -> Callable[..., tuple[Tensor, ...]]:
    def hook(_: object, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        changed = inputs[0].clone()
        changed[..., lines] = 0
        return (changed,)

    return hook


def zeroed(model: PreTrainedModel, units: list[tuple[int, str, int]], width: int) -> dict[str, Tensor]:
    """A copy of all matrices in which units (layer, head or neuron, number) are zeroed by hand."""
    found = {}
    for matrix in WeightSpace(model).matrices:
        dense = WeightSpace(model).read(matrix).detach().clone()
        for layer, what, unit in units:
            if layer == matrix.layer and (what == "neuron") == matrix.is_mlp and matrix.kind not in "kv":
                zero_unit(matrix.kind, dense, unit, width, value=0.0)
        found[matrix.name] = dense
    return found


@pytest.mark.parametrize("kind", ["dense", "nf4"])
def test_ablation_zeroes_rows_and_columns_and_nothing_else(kind: str, tmp_path: Path) -> None:
    model = (
        lively_model("llama", 64, hidden_size=64, intermediate_size=128)
        if kind == "dense"
        else loaded_model(checkpoint(tmp_path, FourBit("nf4", True, "uint8")))
    )
    space = WeightSpace(model)
    units = Units(Layout(space.matrices), "all", 4)
    truth = zeroed(model, [(0, "head", 2), (0, "neuron", 5), (1, "head", 0), (1, "neuron", 127)], 16)
    numbers = np.array([4 + 128 + 4 + 127, 4 + 128, 2, 4 + 5])
    with Ablator(space).applied(units.mask(numbers)):
        for matrix in space.matrices:
            assert space.read(matrix).equal(truth[matrix.name]), matrix.name


# The embedded model: rankings.


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    return Runner(ModelSpec(device="cpu"), Store(tmp_path_factory.mktemp("cache")), ImportanceSpec(n_items=4))


@pytest.fixture(scope="module")
def own_effects(runner: Runner) -> dict[str, Tensor]:
    """By ability, what zeroing each neuron costs its items, layer by layer, by plain autograd."""
    found = {}
    model, space = runner.loaded.model, runner.space
    model.requires_grad_(True)
    downs, read = [space.linear(one) for one in space.matrices if one.kind == "down"], list[Tensor]()
    handles = [one.register_forward_pre_hook(lambda _, inputs: read.append(inputs[0])) for one in downs]
    for ability in ABILITIES:
        items = runner.diagnostic_set(ability.id)
        total = torch.zeros(len(downs) * downs[0].in_features, dtype=torch.float64)
        for item in items.items():
            read.clear()
            encoded = encode_choice(render_choice(item, items.style), runner.loaded.tokenizer)
            gradients = torch.autograd.grad(_plain_loss(model, encoded, "margin"), read)
            pairs = zip(read, gradients, strict=True)
            by_read = [-(one * gradient).double().sum(dim=(0, 1)) for one, gradient in pairs]
            # The options' forward passes follow each other, layer by layer.
            effects = torch.stack(by_read).view(len(encoded.continuation_ids), -1).sum(dim=0)
            total += torch.where(effects > 0, effects, -0.1 * effects)
        found[ability.id] = total.detach()
    for handle in handles:
        handle.remove()
    model.requires_grad_(False)
    return found


def true_score(selection: Selection, own: str, effects: dict[str, Tensor]) -> Tensor:
    """What a selection ranks neurons by, the greatest first; as shares of all."""
    shares = {ability: one / one.sum() for ability, one in effects.items()}
    others = torch.stack([one for ability, one in shares.items() if ability != own])
    if selection == "max_minus_shared":
        counted = (torch.stack([*shares.values()]) > 16 / len(shares[own])).sum(dim=0)
        return (shares[own] - others.amax(dim=0)).masked_fill(counted >= SHARED_ABILITIES, -2)
    return shares[own] if selection == "top" else -shares[own]


@pytest.mark.parametrize("selection", ["top", "bottom", "max_minus_shared"])
def test_a_ranking_is_that_of_plain_autograd(
    runner: Runner, own_effects: dict[str, Tensor], selection: Selection
) -> None:
    spec = replace(SPEC, selection=selection)
    score = true_score(selection, spec.ability, own_effects)
    masks = [runner.mask(replace(spec, k=k)) for k in (0.01, 0.05)]
    for mask in masks:
        counts = torch.from_numpy(mask.count_by_neuron(Layout(runner.space.matrices))).flatten()
        size = 3 * runner.info.hidden_size
        assert set(counts.unique().tolist()) == {0, size}
        chosen = counts > 0
        assert (
            int(chosen.sum()) == mask_weights(replace(spec, k=0.01), runner.info) // size or mask is masks[1]
        )
        # float32 cannot tell neurons apart that are equal to its rounding
        assert float(score[chosen].min()) >= float(score[~chosen].max()) - 1e-7
    assert masks[0].intersection(masks[1]) == masks[0]
    assert len(masks[1]) == mask_weights(spec, runner.info) == len(masks[1]) // size * size
    assert has_ranking(runner, replace(spec, k=0.2))  # one ranking serves every k


def test_scores_are_stored_and_no_maps_are_made(tmp_path: Path) -> None:
    """A contrast in another process, of any variant and selection, scores nothing again."""
    heard: list[Event] = []
    runners = [
        Runner(ModelSpec(device="cpu"), Store(tmp_path), ImportanceSpec(n_items=1), emit=heard.append)
        for _ in range(3)
    ]
    contrast = replace(SPEC, selection="max_minus_shared")
    runners[0].mask(contrast)
    assert (runners[0].maps.by_ability, runners[0].maps.share_sums) == ({}, {})
    assert len([one for one in heard if isinstance(one, ImportancePlanned)]) == len(ABILITIES)
    assert steps_of_rankings(runners[1], [SPEC]) == [Step("ranking", "", 3)]
    heard.clear()
    runners[1].mask(replace(contrast, variant="all"))
    runners[1].mask(SPEC)
    assert not any(isinstance(one, ImportancePlanned) for one in heard)
    entries = runners[2].store.unit_scores.entries
    path = entries.payload_path(runners[2].unit_scores_request(SPEC.ability)[0])
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    runners[2].mask(replace(SPEC, selection="bottom"))
    assert [one.ability for one in heard if isinstance(one, ImportancePlanned)] == [SPEC.ability]
    assert any(isinstance(one, EntryReplaced) for one in heard)


SELECTIONS: list[Selection] = ["top", "max_minus_shared", "random", "bottom"]


@pytest.mark.parametrize("variant", ["mlp", "all"])
@pytest.mark.parametrize("selection", SELECTIONS)
def test_every_selection_takes_whole_units(runner: Runner, variant: Variant, selection: Selection) -> None:
    spec = replace(SPEC, variant=variant, selection=selection)
    mask, units = runner.mask(spec), Units(Layout(runner.space.matrices), variant, runner.info.heads)
    assert units.mask(np.flatnonzero(np.isin(units.addresses, mask.addresses))) == mask
    assert 0 < len(mask) <= mask_weights(spec, runner.info)
    assert selected(runner, spec) == mask  # read without torch


def test_where_a_mask_lies_and_how_reliable_it_is(runner: Runner) -> None:
    spec = replace(SPEC, ability="temporal_reasoning")
    mask, size = runner.mask(spec), 3 * runner.info.hidden_size
    found = mask_distribution(runner, spec)
    assert found is not None
    assert {(neuron.count, neuron.size) for neuron in found.neurons} == {(size, size)}
    scored, first = runner.units.scores(spec), len(mask) // size
    halves = [set(torch.cat(half).argsort(descending=True)[:first].tolist()) for half in scored.halves]
    shared = len(halves[0] & halves[1]) / first
    assert split_half_overlap_of(runner, spec) == found.split_half_overlap == pytest.approx(shared)
    shown = overlaps(runner, spec)
    own = shown.abilities.index(spec.ability)
    assert (shown.sizes[own], shown.n) == (len(mask), len(mask))


def test_less_than_a_unit_is_refused_with_the_least_k(runner: Runner) -> None:
    size = 3 * runner.info.hidden_size
    with pytest.raises(ValueError, match=rf"a neuron has {size}: choose k from 0\.0002") as raised:
        runner.mask(replace(SPEC, k=1e-4))
    least = float(str(raised.value).split("from ")[1].split(" ")[0])
    assert len(runner.mask(replace(SPEC, k=least))) == size
    with pytest.raises(ValueError, match="a head has"):
        mask_weights(replace(SPEC, k=1e-3, variant="all"), runner.info)
    with pytest.raises(ValueError, match="heads of this model are not known"):
        mask_weights(replace(SPEC, variant="all"), replace(runner.info, unit_sizes={"mlp": size}))


def test_keys_and_words(tmp_path: Path) -> None:
    runner = Runner(ModelSpec(device="cpu"), Store(tmp_path))
    for selection in SELECTIONS:
        spec = replace(SPEC, selection=selection)
        assert runner.mask_key_inputs(spec) != runner.mask_key_inputs(replace(spec, scope="global"))
    assert "scope" not in runner.ranking_key_inputs(replace(SPEC, scope="global"))
    assert str(SPEC) == "spatial_reasoning · mlp · top · k 0.05 · scope units"
