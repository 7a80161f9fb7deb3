import numpy as np
import pytest
import torch
from transformers import LlamaForCausalLM

from core.masks.ablation import Ablation, Ablator
from core.masks.mask import Mask, random_subset
from core.models.matrices import Matrix
from core.models.weight_space import Patch, WeightSpace


def _snapshot(model: torch.nn.Module) -> dict[str, bytes]:
    state = model.state_dict()
    return {
        name: bytes(tensor.contiguous().view(torch.uint8).flatten().tolist())
        for name, tensor in state.items()
    }


def _with_special_values(model: LlamaForCausalLM) -> None:
    with torch.no_grad():
        row = model.model.layers[0].mlp.down_proj.weight[0]
        row[:4] = torch.tensor([float("nan"), -0.0, float("-inf"), 0.0])


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_zeros_exactly_where_planned_and_the_same_bits_back(
    tiny_llama: LlamaForCausalLM, dtype: torch.dtype
) -> None:
    model = tiny_llama.to(dtype)
    _with_special_values(model)
    space = WeightSpace(model)
    before, state = _snapshot(model), {n: t.clone() for n, t in model.state_dict().items()}
    down = space.matrices[6]
    special = np.arange(down.offset, down.offset + 4)
    mask = Mask(np.union1d(random_subset(space.size, 3000, 1), special))
    expected = {name: tensor.clone() for name, tensor in state.items()}
    for address in mask.addresses.tolist():
        matrix = next(m for m in space.matrices if m.offset <= address < m.offset + m.size)
        row, column = divmod(address - matrix.offset, matrix.columns)
        expected[matrix.name][row, column] = 0.0
    with Ablator(space).applied(mask) as ablation:
        for name, tensor in model.state_dict().items():
            assert tensor.view(torch.uint8).equal(expected[name].view(torch.uint8)), name
    assert ablation == Ablation(len(mask), len(mask) - 2)  # -0.0 and 0.0 were zero already
    assert _snapshot(model) == before


def test_the_model_sees_the_zeros(tiny_llama: LlamaForCausalLM) -> None:
    space = WeightSpace(tiny_llama)
    tokens = torch.tensor([[3, 1, 4, 1, 5]])
    up = space.matrices[5]
    with torch.no_grad():
        intact = tiny_llama(tokens).logits
        with Ablator(space).applied(Mask(np.arange(up.offset, up.offset + up.size))):
            ablated = tiny_llama(tokens).logits
        hook = tiny_llama.model.layers[0].mlp.register_forward_hook(lambda m, a, output: output * 0)
        without_block = tiny_llama(tokens).logits
        hook.remove()
        assert tiny_llama(tokens).logits.equal(intact)
    assert ablated.equal(without_block)
    assert not ablated.equal(intact)


def test_another_mask_replaces_the_first(tiny_llama: LlamaForCausalLM) -> None:
    space, before = WeightSpace(tiny_llama), _snapshot(tiny_llama)
    ablator = Ablator(space)
    first, second = Mask(random_subset(space.size, 500, 1)), Mask(random_subset(space.size, 500, 2))
    ablator.apply(second)
    only_second = _snapshot(tiny_llama)
    ablator.apply(first)
    ablator.apply(second)
    assert _snapshot(tiny_llama) == only_second
    ablator.restore()
    ablator.restore()
    assert _snapshot(tiny_llama) == before


def test_restores_after_an_exception_inside(tiny_llama: LlamaForCausalLM) -> None:
    space, before = WeightSpace(tiny_llama), _snapshot(tiny_llama)
    with pytest.raises(KeyboardInterrupt), Ablator(space).applied(Mask(np.arange(100))):
        raise KeyboardInterrupt
    assert _snapshot(tiny_llama) == before


def test_an_apply_that_fails_midway_leaves_nothing(tiny_llama: LlamaForCausalLM) -> None:
    class FailsInTheLastMatrix(WeightSpace):
        def scale(self, matrix: Matrix, local: torch.Tensor, factor: float) -> Patch:
            if matrix.index == 13:
                raise MemoryError
            return super().scale(matrix, local, factor)

    space, before = FailsInTheLastMatrix(tiny_llama), _snapshot(tiny_llama)
    with pytest.raises(MemoryError):
        Ablator(space).apply(Mask(np.arange(space.size)))
    assert _snapshot(tiny_llama) == before


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_factor_multiplies_and_the_same_bits_come_back(
    tiny_llama: LlamaForCausalLM, dtype: torch.dtype
) -> None:
    model = tiny_llama.to(dtype)
    _with_special_values(model)
    space = WeightSpace(model)
    before, mask = _snapshot(model), Mask(np.arange(space.size))
    doubled = [space.read(matrix) * 2.0 for matrix in space.matrices]
    ablator = Ablator(space)
    with ablator.applied(mask, factor=2.0) as ablation:
        pairs = zip(space.matrices, doubled, strict=True)
        assert all(torch.equal(space.read(matrix).nan_to_num(), new.nan_to_num()) for matrix, new in pairs)
    assert 0 < ablation.changed < ablation.weights == space.size
    assert _snapshot(model) == before
    with pytest.raises(ValueError, match="finite"):
        ablator.apply(mask, factor=float("nan"))
    assert _snapshot(model) == before


def test_a_mask_of_another_model_changes_nothing(tiny_llama: LlamaForCausalLM) -> None:
    space = WeightSpace(tiny_llama)
    ablator = Ablator(space)
    ablator.apply(Mask(np.arange(10)))
    applied = _snapshot(tiny_llama)
    with pytest.raises(ValueError, match="same model"):
        ablator.apply(Mask(np.array([0, space.size])))
    assert _snapshot(tiny_llama) == applied


def test_empty_and_whole_masks(tiny_llama: LlamaForCausalLM) -> None:
    space, before = WeightSpace(tiny_llama), _snapshot(tiny_llama)
    ablator = Ablator(space)
    assert ablator.apply(Mask(np.empty(0, np.int64))) == Ablation(0, 0)
    assert _snapshot(tiny_llama) == before
    assert ablator.apply(Mask(np.arange(space.size))) == Ablation(space.size, space.size)
    assert all(not space.read(matrix).any() for matrix in space.matrices)
    ablator.restore()
    assert _snapshot(tiny_llama) == before
