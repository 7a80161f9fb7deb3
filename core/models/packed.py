"""4-bit weights as bitsandbytes packs them: two to a byte, in blocks that share a scale.

Nothing is ever quantized again: a weight becomes 0 by its code, and its neighbours keep theirs.
"""

from __future__ import annotations

import copy
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from core.models.matrix import Matrix
from core.models.storage import Patch, write_at

ZERO_CODES: dict[str, int] = {"nf4": 7, "fp4": 0}
"""The code of +0 in each kind of 4-bit weights."""

SIGNIFICANT: dict[str, int] = {"nf4": 0xFF, "fp4": 0x77}
"""The bits of a byte by which its codes differ from 0: in fp4 all but the signs, for -0 is 0 too."""

BLOCK_SIZES = (32, 64, 128, 256, 512, 1024, 2048, 4096)
SCALES_IN_A_BLOCK = 256
"""Scales that share one when the scales are quantized too."""


def is_packed(linear: nn.Linear) -> bool:
    """Whether a module's weights are packed, told without importing bitsandbytes, which takes seconds."""
    return hasattr(linear.weight, "quant_state")


def packed_linears(model: nn.Module) -> dict[str, nn.Linear]:
    """The modules of a model whose weights are packed, by their names."""
    linears = {name: module for name, module in model.named_modules() if isinstance(module, nn.Linear)}
    return {name: linear for name, linear in linears.items() if is_packed(linear)}


def keep_layout(linear: nn.Linear) -> None:
    """Makes sure that a module's bytes stay as they are.

    On CPUs with AVX512-BF16 the first forward pass without gradients would put them into another order, from
    which bitsandbytes computes wrong gradients and does not come back to the same bytes.
    """
    setattr(linear, "support_avx512bf16_for_cpu", False)  # noqa: B010 (mypy knows no such attribute)


def problem_of(linear: nn.Linear) -> str | None:
    """Why a module's packed weights cannot be used and what to do, after "its weights ..."; None if they can.

    bitsandbytes reads as far as the shape says, so that it would read beyond the end of smaller tensors.
    """
    state = quantization_state(linear)
    if getattr(state, "packing_format_for_cpu", False):
        return "were put into another order by a forward pass on the CPU: load the model again"
    if state is None or not _is_whole(linear, state):
        return "do not have the scales and bytes that their shape asks for: copy or download the model again"
    if linear.in_features % state.blocksize and not read_packed(linear).equal(_read_in_one_row(linear)):
        return (
            "are read with wrong scales by bitsandbytes on this CPU, because their "
            f"{linear.in_features} columns are no multiple of {state.blocksize}: use a checkpoint in full "
            "precision, without --quantization"
        )
    return None


def quantization_state(linear: nn.Linear) -> Any:
    """The QuantState of a packed module: scales, kind and shape; None if it has none."""
    return getattr(linear.weight, "quant_state", None)


def read_packed(linear: nn.Linear) -> Tensor:
    """(rows, columns) a new tensor of a packed module's weights, dequantized as in its forward pass."""
    return _dequantized(linear, quantization_state(linear))


class PackedStorage:
    """The weights of a bitsandbytes Linear4bit: an even row-major position is the high half of a byte."""

    def __init__(self, matrix: Matrix, linear: nn.Linear) -> None:
        self._matrix = matrix
        self._linear = linear
        keep_layout(linear)

    def read(self) -> Tensor:
        """(rows, columns) a new tensor of the weights as the module multiplies by them, in its dtype."""
        assert self._state() is not None
        return read_packed(self._linear)

    def scale(self, local: Tensor, factor: float) -> Patch:
        """What restores the bytes, after the weights at the positions became +0.

        Raises:
            ValueError: the factor is not 0; nothing has changed then.
        """
        check_factor(factor)
        flat, state = self._bytes(), self._state()
        zeros = 0x11 * ZERO_CODES[state.quant_type]  # of both halves
        with torch.no_grad():
            local = local.to(flat.device)
            places = local >> 1
            saved = flat.index_select(0, places)
            own = (local & 1).to(torch.uint8) * 0xFF ^ 0xF0  # the bits of each weight in its byte
            is_number = (saved ^ zeros) & own & SIGNIFICANT[state.quant_type] != 0
            if self._has_zero_scale:
                is_number &= _scales(state, local) != 0
            changed = torch.count_nonzero(is_number)
            # Two weights of one byte write the same into it, and save it as it was, twice.
            is_pair = places[1:] == places[:-1]
            own[1:].masked_fill_(is_pair, 0xFF)
            own[:-1].masked_fill_(is_pair, 0xFF)
            write_at(flat, places, saved & ~own | own & zeros)
        return Patch(self._matrix, places, saved, changed)

    def restore(self, patch: Patch) -> None:
        """Writes the saved bytes back."""
        write_at(self._bytes(), patch.positions, patch.saved)

    @cached_property
    def _has_zero_scale(self) -> bool:
        """Whether a block of weights is all 0 whatever its codes; rare, and looking each scale up is slow."""
        state = self._state()
        firsts = torch.arange(0, self._matrix.size, state.blocksize, device=self._bytes().device)
        return bool((_scales(state, firsts) == 0).any())

    def _bytes(self) -> Tensor:
        """The packed bytes in one row: a view, whatever dtype they are stored as."""
        return self._linear.weight.data.view(torch.uint8).view(-1)

    def _state(self) -> Any:
        state = quantization_state(self._linear)
        assert not getattr(state, "packing_format_for_cpu", False), "keep_layout prevents it"
        return state


def check_factor(factor: float) -> None:
    """Makes sure that 4-bit weights can be multiplied by a factor.

    Raises:
        ValueError: it is not 0; other products have no 4-bit code.
    """
    if factor:
        raise ValueError(
            f"4-bit weights can become 0 but cannot be multiplied by {factor:g}: give the factor 0, or use "
            "the model in full precision."
        )


def scales_bytes(model: nn.Module) -> int:
    """What the scales and code tables of a model's packed weights take, beside the weights."""
    states = map(quantization_state, packed_linears(model).values())
    return sum(tensor.nbytes for state in states for tensor in _tensors_of(state))


def _tensors_of(state: Any) -> list[Tensor]:
    nested = [state.offset, state.state2.absmax, state.state2.code] if state.nested else []
    return [state.absmax, state.code, *nested]


def _dequantized(linear: nn.Linear, state: Any) -> Tensor:
    from bitsandbytes.functional import dequantize_4bit

    with torch.no_grad():
        dense: Tensor = dequantize_4bit(linear.weight.data, state)
    return dense


def _read_in_one_row(linear: nn.Linear) -> Tensor:
    """(rows, columns) the same weights, dequantized block by block as they lie.

    Row by row, as bitsandbytes does it in a forward pass on CPUs with AVX512, a block that goes on in the
    next row gets a wrong scale there.
    """
    state = copy.copy(quantization_state(linear))
    state.shape = (1, linear.out_features * linear.in_features)
    return _dequantized(linear, state).view(linear.out_features, linear.in_features)


def _is_whole(linear: nn.Linear, state: Any) -> bool:
    """Whether all tensors are of the sizes that the module's shape asks for, and of a known kind."""
    if tuple(state.shape or ()) != (linear.out_features, linear.in_features):
        return False
    if state.quant_type not in ZERO_CODES or state.blocksize not in BLOCK_SIZES:
        return False
    size = linear.out_features * linear.in_features
    expected = [(linear.weight, None, -(-size // 2)), *_expected_scales(state, -(-size // state.blocksize))]
    return all(
        tensor.nbytes == size_bytes and dtype in (None, tensor.dtype)
        for tensor, dtype, size_bytes in expected
    )


def _scales(state: Any, local: Tensor) -> Tensor:
    """(n,) float32: what the codes at the positions are multiplied by."""
    blocks = local // state.blocksize
    scales: Tensor = state.absmax.index_select(0, blocks)
    if not state.nested:
        return scales
    outer = state.state2
    outer_scales: Tensor = outer.absmax.index_select(0, blocks // outer.blocksize)
    dequantized: Tensor = outer.code.index_select(0, scales.int()) * outer_scales + state.offset
    return dequantized


def _expected_scales(state: Any, blocks: int) -> list[tuple[Tensor, torch.dtype, int]]:
    """The tensors of the scales, each with the dtype and the number of bytes that it has to have."""
    if not state.nested:
        return [(state.absmax, torch.float32, 4 * blocks)]
    outer = state.state2
    outer_blocks = -(-blocks // SCALES_IN_A_BLOCK) if outer.blocksize == SCALES_IN_A_BLOCK else -1
    return [
        (state.absmax, torch.uint8, blocks),
        (outer.absmax, torch.float32, 4 * outer_blocks),
        (outer.code, torch.float32, 4 * 256),
    ]
