from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from transformers import LlamaForCausalLM

from core.masks.ablation import Ablator
from core.masks.layout import Layout
from core.masks.mask import Mask
from core.models.weight_space import LoadedWeights, WeightSpace, fingerprint

DTYPES = (torch.float32, torch.bfloat16, torch.float16)
reused_model = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _bytes(space: WeightSpace, number: int) -> torch.Tensor:
    return space.linear(space.matrices[number]).weight.data.view(-1).view(torch.uint8)


@reused_model
@given(st.data())
def test_any_flipped_bits_are_seen_and_seen_to_be_gone(
    tiny_llama: LlamaForCausalLM, data: st.DataObject
) -> None:
    space = WeightSpace(tiny_llama.to(data.draw(st.sampled_from(DTYPES))))
    number = data.draw(st.integers(0, 13))
    raw, matrix = _bytes(space, number), space.matrices[number]
    before, loaded = fingerprint(space, [matrix]), LoadedWeights(space)
    places = data.draw(st.sets(st.integers(0, len(raw) - 1), min_size=1, max_size=4))
    bit = data.draw(st.integers(0, 7))
    for place in places:
        raw[place] ^= 1 << bit
    assert fingerprint(space, [matrix]) != before
    assert loaded.changed() == (matrix,)
    for place in places:
        raw[place] ^= 1 << bit
    assert fingerprint(space, [matrix]) == before
    assert loaded.changed() == ()


@pytest.mark.parametrize("dtype", DTYPES)
def test_signs_of_zeros_are_seen(tiny_llama: LlamaForCausalLM, dtype: torch.dtype) -> None:
    """Two highest bits, which any plain sum of words would cancel out."""
    space = WeightSpace(tiny_llama.to(dtype))
    matrix = space.matrices[0]
    flat = space.linear(matrix).weight.data.view(-1)
    flat[:8] = 0.0
    before = fingerprint(space, [matrix])
    flat[1] = flat[5] = -0.0
    assert fingerprint(space, [matrix]) != before


def test_swapped_weights_and_swapped_matrices_are_seen(tiny_llama: LlamaForCausalLM) -> None:
    space = WeightSpace(tiny_llama)
    loaded = LoadedWeights(space)
    flat = space.linear(space.matrices[3]).weight.data.view(-1)
    flat[:2] = flat[:2].flip(0)
    assert loaded.changed() == (space.matrices[3],)
    gate, up = (space.linear(space.matrices[place]).weight.data for place in (4, 5))
    gate[:], up[:] = up.clone(), gate.clone()
    assert loaded.changed() == space.matrices[3:6]


def test_a_matrix_of_many_chunks(tiny_llama: LlamaForCausalLM, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.models.weight_space.HASHED_AT_ONCE", 50)
    monkeypatch.setattr("core.models.weight_space._factors", lambda device: torch.arange(1, 100, 2))
    space = WeightSpace(tiny_llama)
    loaded = LoadedWeights(space)
    raw = _bytes(space, 6)
    raw[:200], raw[200:400] = raw[200:400].clone(), raw[:200].clone()
    assert loaded.changed() == (space.matrices[6],)


def test_codes_of_packed_weights_are_bytes_too(tiny_llama: LlamaForCausalLM) -> None:
    """Two 4-bit weights a byte, and a number of bytes that fills no whole words."""
    space = WeightSpace(tiny_llama)
    codes = torch.arange(101, dtype=torch.uint8)[:, None]
    space.linear(space.matrices[0]).weight = torch.nn.Parameter(codes, requires_grad=False)
    loaded = LoadedWeights(space)
    assert loaded.changed() == ()
    codes[-1] += 1
    assert loaded.changed() == (space.matrices[0],)


def test_ablated_matrices_are_changed_and_restored_ones_are_not(tiny_llama: LlamaForCausalLM) -> None:
    space = WeightSpace(tiny_llama)
    loaded, mask = LoadedWeights(space), Mask(np.arange(5))
    touched = [space.matrices[index] for index, _ in mask.by_matrix(Layout(space.matrices))]
    with Ablator(space).applied(mask):
        assert loaded.changed() == loaded.changed(touched) == tuple(touched)
        assert loaded.changed(space.matrices[1:]) == ()
    assert loaded.changed() == ()
