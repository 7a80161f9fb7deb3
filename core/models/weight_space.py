"""The candidate weights in one fixed order, with flat addresses: read, scaled, restored to the same bits.

Matrices are stored dense or 4-bit: bitsandbytes packs two 4-bit weights to a byte, in blocks that share a
scale. Nothing is ever quantized again: a weight becomes 0 by its code, and its neighbours keep theirs.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from core.models.checkpoint import SCALES_IN_A_BLOCK
from core.models.matrices import (
    VARIANTS,
    Matrix,
    UnsupportedModelError,
    Variant,
    find_matrices,
    stack_of,
)
from core.models.spec import one_of

if TYPE_CHECKING:
    from transformers import PreTrainedModel

CHUNK = 12 << 10
"""Weights that are saved and then zeroed together on a CPU, while they are in its cache."""

BITS: dict[int, torch.dtype] = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
"""Integers by their bytes: NumPy has no bfloat16, and integers keep all bits as they are."""

ZERO_CODES: dict[str, int] = {"nf4": 7, "fp4": 0}
"""The code of +0 in each kind of 4-bit weights."""

SIGNIFICANT: dict[str, int] = {"nf4": 0xFF, "fp4": 0x77}
"""The bits of a byte in which codes differ from 0: in fp4 all but the signs, for -0 is 0 too."""

BLOCK_SIZES = (32, 64, 128, 256, 512, 1024, 2048, 4096)


@dataclass(frozen=True)
class Patch:
    """What restores a matrix after some of its weights were scaled."""

    matrix: Matrix
    positions: Tensor
    """(n,) int64 row-major positions of the weights, on their device."""
    saved: Tensor
    """(n,) the elements as they were, in the storage's own dtype; whole bytes of 4-bit weights, of which two
    weights may have the same one."""
    changed: Tensor
    """() int64: how many of the weights are another number now."""


class DenseStorage:
    """A floating-point parameter, one element a weight."""

    def __init__(self, matrix: Matrix, parameter: Tensor) -> None:
        self._matrix = matrix
        self._parameter = parameter

    def read(self) -> Tensor:
        """(rows, columns) a detached view of the parameter, in its dtype."""
        return self._parameter.detach()

    def scale(self, local: Tensor, factor: float) -> Patch:
        """Multiplies the weights at (n,) int64 row-major positions, in their dtype; 0 makes them +0."""
        flat = self._flat()
        positions = local.to(flat.device)
        with torch.no_grad():
            if not factor:
                saved = _zero(flat, positions)
                return Patch(self._matrix, positions, saved, torch.count_nonzero(saved))
            saved = flat.index_select(0, positions)
            scaled = saved * factor
            write_at(flat, positions, scaled)
        return Patch(self._matrix, positions, saved, torch.count_nonzero(scaled != saved))

    def restore(self, patch: Patch) -> None:
        """Writes the saved bits back, those of NaN and -0 too."""
        write_at(self._flat(), patch.positions, patch.saved)

    def _flat(self) -> Tensor:
        # `view` and not `reshape`, which may copy: the zeros would then be written into the copy.
        return self._parameter.data.view(-1)


def write_at(flat: Tensor, positions: Tensor, values: Tensor) -> None:
    """Writes elements, bit for bit; on a CPU with NumPy, in two thirds of the time of `index_copy_`.

    Args:
        flat: (size,) a parameter's data, without gradient.
        positions: (n,) int64 on its device.
        values: (n,) or () of its dtype, on its device.
    """
    if flat.device.type != "cpu":
        flat.index_copy_(0, positions, values.expand(len(positions)))
        return
    bits = BITS[flat.element_size()]
    flat.view(bits).numpy()[positions.numpy()] = values.view(bits).numpy()


def _zero(flat: Tensor, positions: Tensor) -> Tensor:
    """(n,) the elements at the positions as they were; now they are +0, also NaN, infinity and -0."""
    saved, zero = flat.new_empty(len(positions)), flat.new_zeros(())
    chunk = CHUNK if flat.device.type == "cpu" else max(1, len(positions))
    for some, into in zip(torch.split(positions, chunk), torch.split(saved, chunk), strict=True):
        torch.index_select(flat, 0, some, out=into)
        write_at(flat, some, zero)
    return saved


class PackedStorage:
    """The weights of a bitsandbytes Linear4bit: an even row-major position is the high half of a byte."""

    def __init__(self, matrix: Matrix, linear: nn.Linear) -> None:
        self._matrix = matrix
        self._linear = linear
        keep_layout(linear)

    def read(self) -> Tensor:
        """(rows, columns) a new tensor of the weights as the module multiplies by them, in its dtype."""
        return _dequantized(self._linear, self._state())

    def scale(self, local: Tensor, factor: float) -> Patch:
        """Makes the weights at (n,) int64 row-major positions +0; the patch has their bytes.

        Raises:
            ValueError: the factor is not 0; nothing has changed then.
        """
        check_factor(factor)
        flat = self._bytes()
        local = local.to(flat.device)
        saved = flat.new_empty(len(local))
        stored, changed = _array(flat), 0
        with torch.no_grad():
            for some, into in _whole_bytes(_array(local), _array(saved)):
                changed += self._zero(stored, some, into)
        return Patch(self._matrix, local, saved, torch.as_tensor(changed))

    def restore(self, patch: Patch) -> None:
        """Writes the saved bytes back."""
        stored = _array(self._bytes())
        for local, saved in _whole_bytes(_array(patch.positions), _array(patch.saved)):
            stored[local >> 1] = saved

    def _zero(self, stored: Any, local: Any, saved: Any) -> Any:
        """Saves the bytes of some weights and zeroes these; returns how many of them are a number but 0."""
        state, positions = self._state(), local >> 1
        zeros = 0x11 * ZERO_CODES[state.quant_type]  # of both halves
        saved[:] = stored[positions]
        own = (_low_bytes(local) & 1) * 0xFF ^ 0xF0  # the bits of each weight in its byte
        is_number = (saved ^ zeros) & own & SIGNIFICANT[state.quant_type]
        if self._has_zero_scale:
            is_number = is_number * _array(_scales(state, torch.as_tensor(local)) != 0)
        # Two weights of one byte write the same into it, and save it as it was, twice.
        is_pair = positions[1:] == positions[:-1]
        own[1:][is_pair] = 0xFF
        own[:-1][is_pair] = 0xFF
        stored[positions] = saved & ~own | own & zeros
        return (np if isinstance(saved, np.ndarray) else torch).count_nonzero(is_number)

    @cached_property
    def _has_zero_scale(self) -> bool:
        """Whether the scale of any block is 0; rare, and looking each scale up is slow."""
        state = self._state()
        firsts = torch.arange(0, self._matrix.size, state.blocksize, device=self._bytes().device)
        return bool((_scales(state, firsts) == 0).any())

    def _bytes(self) -> Tensor:
        """The packed bytes in one row: a view, whatever dtype they are declared as."""
        return self._linear.weight.data.view(torch.uint8).view(-1)

    def _state(self) -> Any:
        state = quantization_state(self._linear)
        assert not getattr(state, "packing_format_for_cpu", False), "keep_layout prevents it"
        return state


def _array(tensor: Tensor) -> Any:
    """The tensor; on a CPU as NumPy's array, whose operations on few elements take a fraction of torch's."""
    return tensor.numpy() if tensor.device.type == "cpu" else tensor


def _low_bytes(local: Any) -> Any:
    """(n,) uint8 the lowest byte of each int64, on processors that put it first."""
    return local.view(np.uint8 if isinstance(local, np.ndarray) else torch.uint8)[::8]


def _whole_bytes(local: Any, saved: Any) -> Iterator[tuple[Any, Any]]:
    """Positions of weights and what is saved of each, in chunks; two weights of one byte are in one."""
    size = CHUNK if isinstance(local, np.ndarray) else max(1, len(local))
    first = 0
    while first < len(local):
        last = min(first + size, len(local))
        if last < len(local) and local[last - 1] >> 1 == local[last] >> 1:
            last -= 1
        yield local[first:last], saved[first:last]
        first = last


def is_packed(linear: nn.Linear) -> bool:
    """Whether a module's weights are packed; does not import bitsandbytes, which takes seconds."""
    return hasattr(linear.weight, "quant_state")


def packed_linears(model: nn.Module) -> dict[str, nn.Linear]:
    """The modules of a model whose weights are packed, by their names."""
    linears = {name: module for name, module in model.named_modules() if isinstance(module, nn.Linear)}
    return {name: linear for name, linear in linears.items() if is_packed(linear)}


def keep_layout(linear: nn.Linear) -> None:
    """Prevents bitsandbytes from reordering a module's bytes.

    On CPUs with AVX512-BF16 the first forward pass without gradients would put them into another order, from
    which bitsandbytes computes wrong gradients and does not come back to the same bytes.
    """
    setattr(linear, "support_avx512bf16_for_cpu", False)  # noqa: B010 (mypy knows no such attribute)


def check_factor(factor: float) -> None:
    """Checks that 4-bit weights can be multiplied by a factor.

    Raises:
        ValueError: it is not 0; other products have no 4-bit code.
    """
    if factor:
        raise ValueError(
            f"4-bit weights can become 0 but cannot be multiplied by {factor:g}: give the factor 0, or use "
            "the model in full precision."
        )


def problem_of(linear: nn.Linear) -> str | None:
    """Error text after "its weights ...": why packed weights cannot be used; None if they can.

    bitsandbytes trusts the shape, so it would read beyond the end of smaller tensors.
    """
    state = quantization_state(linear)
    if getattr(state, "packing_format_for_cpu", False):
        return "were put into another order by a forward pass on the CPU: load the model again"
    if state is None or not _is_whole(linear, state):
        return "do not have the scales and bytes that their shape asks for: copy or download the model again"
    if linear.in_features % state.blocksize:
        # Row by row, as bitsandbytes reads in a forward pass on CPUs with AVX512, a block that continues in
        # the next row gets a wrong scale there; in one row no block does.
        flat = copy.copy(state)
        flat.shape = (1, linear.out_features * linear.in_features)
        if not _dequantized(linear, state).view(1, -1).equal(_dequantized(linear, flat)):
            return (
                f"are read with wrong scales by bitsandbytes on this CPU, because their {linear.in_features} "
                f"columns are no multiple of {state.blocksize}: use a checkpoint in full precision, without "
                "--quantization"
            )
    return None


def quantization_state(linear: nn.Linear) -> Any:
    """The QuantState of a packed module: scales, kind and shape; None if it has none."""
    return getattr(linear.weight, "quant_state", None)


def scales_bytes(model: nn.Module) -> int:
    """Memory of the scales and code tables of a model's packed weights, in bytes."""
    total = 0
    for state in map(quantization_state, packed_linears(model).values()):
        nested = [state.offset, state.state2.absmax, state.state2.code] if state.nested else []
        total += sum(tensor.nbytes for tensor in (state.absmax, state.code, *nested))
    return total


def _dequantized(linear: nn.Linear, state: Any) -> Tensor:
    """(rows, columns) a new tensor of a packed module's weights, dequantized as in its forward pass."""
    from bitsandbytes.functional import dequantize_4bit

    with torch.no_grad():
        dense: Tensor = dequantize_4bit(linear.weight.data, state)
    return dense


def _is_whole(linear: nn.Linear, state: Any) -> bool:
    """Whether all tensors have the sizes that the module's shape asks for, and are of a known kind."""
    if tuple(state.shape or ()) != (linear.out_features, linear.in_features):
        return False
    if state.quant_type not in ZERO_CODES or state.blocksize not in BLOCK_SIZES:
        return False
    size = linear.out_features * linear.in_features
    blocks = -(-size // state.blocksize)
    expected: list[tuple[Tensor, torch.dtype | None, int]] = [(linear.weight, None, -(-size // 2))]
    if state.nested:
        outer = state.state2
        outer_blocks = -(-blocks // SCALES_IN_A_BLOCK) if outer.blocksize == SCALES_IN_A_BLOCK else -1
        expected += [
            (state.absmax, torch.uint8, blocks),
            (outer.absmax, torch.float32, 4 * outer_blocks),
            (outer.code, torch.float32, 4 * 256),
        ]
    else:
        expected.append((state.absmax, torch.float32, 4 * blocks))
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


HASHED_AT_ONCE = 1 << 18
"""32-bit words that are summed together: they and their products stay in a processor's cache."""


class WeightSpace:
    """The candidate weights of a model: layer by layer, in each by KINDS (q, k, v, o, gate, up, down).

    An address is the same whatever the variant: it counts the weights of all candidates of `all`.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        """Finds the candidates.

        Raises:
            UnsupportedModelError: a decoder layer has other weight matrices, or they are neither dense nor
                4-bit by bitsandbytes.
        """
        self.total_parameters: int = model.num_parameters()
        """All parameters of the model, tied ones once, as if unquantized: what k is a fraction of."""
        self.matrices: tuple[Matrix, ...] = find_matrices(_tensors(model))
        """All candidate matrices, in the order of their addresses."""
        self._linears = [_linear(model, matrix.name) for matrix in self.matrices]
        self._storages = [
            PackedStorage(matrix, linear) if is_packed(linear) else DenseStorage(matrix, linear.weight)
            for matrix, linear in zip(self.matrices, self._linears, strict=True)
        ]
        stack = model.get_submodule(stack_of(self.matrices[0].name))
        self.layers: tuple[nn.Module, ...] = tuple(stack.children())
        """The decoder layers, in order."""

    @property
    def size(self) -> int:
        """Number of candidate weights of the variant `all`; addresses lie below it."""
        return sum(matrix.size for matrix in self.matrices)

    def candidates(self, variant: Variant) -> tuple[Matrix, ...]:
        """The matrices that a variant takes weights from, in the order of their addresses."""
        one_of(variant, VARIANTS, "variant")
        if variant == "base":
            return ()
        return tuple(matrix for matrix in self.matrices if variant == "all" or matrix.is_mlp)

    def linear(self, matrix: Matrix) -> nn.Linear:
        """The module that multiplies by the matrix."""
        return self._linears[matrix.index]

    def read(self, matrix: Matrix) -> Tensor:
        """(rows, columns) the matrix, dense, in the model's dtype, on its device; to be read only.

        4-bit weights are dequantized at each call, into a new tensor.
        """
        return self._storages[matrix.index].read()

    def device(self, matrix: Matrix) -> torch.device:
        """The device of the matrix."""
        return self.linear(matrix).weight.device

    def check_factor(self, factor: float) -> None:
        """Checks that the weights can be multiplied by a factor.

        Raises:
            ValueError: it is not 0, and some weights are 4-bit.
        """
        if any(isinstance(storage, PackedStorage) for storage in self._storages):
            check_factor(factor)

    def scale(self, matrix: Matrix, local: Tensor, factor: float) -> Patch:
        """Multiplies a matrix's weights at (n,) int64 row-major positions; returns what restores them.

        Positions ascend without repeats. The factor is finite; 0 makes the weights exactly +0.

        Raises:
            ValueError: the weights are 4-bit, and the factor is not 0.
        """
        return self._storages[matrix.index].scale(local, factor)

    def restore(self, patch: Patch) -> None:
        """Writes the very same bits back."""
        self._storages[patch.matrix.index].restore(patch)


class LoadedWeights:
    """The candidate weights at the time of loading, to compare with after each job."""

    def __init__(self, space: WeightSpace) -> None:
        """Fingerprints every candidate matrix, which have to be as loaded."""
        self._space = space
        self._before = {matrix: fingerprint(space, [matrix]) for matrix in space.matrices}

    def changed(self, matrices: Iterable[Matrix] | None = None) -> tuple[Matrix, ...]:
        """Those of the matrices (all if None) that have other bytes now; none after a full restoration."""
        looked_at = self._space.matrices if matrices is None else matrices
        return tuple(m for m in looked_at if fingerprint(self._space, [m]) != self._before[m])


def fingerprint(space: WeightSpace, matrices: Iterable[Matrix]) -> str:
    """Digest of the raw bytes of some matrices as they are stored, packed 4-bit codes too.

    Each chunk is summed as 32-bit words times random odd 64-bit numbers (multilinear hashing, Lemire and
    Kaser 2014): a change of one word is always seen, of several in all but 2 of 1e10 cases. It guards against
    accident, not forgery. Computed on the weights' device; same bytes, same digest, on every device.
    """
    digest = hashlib.blake2b(digest_size=16)
    for matrix in matrices:
        digest.update(matrix.name.encode())
        for part in _checksums(space.linear(matrix).weight):
            digest.update(part)
    return digest.hexdigest()


def _checksums(weight: Tensor) -> Iterator[bytes]:
    """The size of a tensor, the last bytes that fill no word, and the checksums of its chunks."""
    raw = weight.detach().contiguous().view(-1).view(torch.uint8)
    yield str(len(raw)).encode()
    whole = len(raw) - len(raw) % 4
    yield bytes(raw[whole:].tolist())
    factors = _factors(raw.device)
    words = raw[:whole].view(torch.int32)
    products = torch.empty_like(factors)  # reused: fresh memory for each chunk takes longer than the sums
    parts = [(part, len(part)) for part in torch.split(words, HASHED_AT_ONCE)]
    sums = [torch.mul(part, factors[:size], out=products[:size]).sum() for part, size in parts]
    if sums:
        yield torch.stack(sums).cpu().numpy().tobytes()


@cache
def _factors(device: torch.device) -> Tensor:
    """(HASHED_AT_ONCE,) int64 odd and random, always the same."""
    generator = torch.Generator().manual_seed(0)
    bounds = torch.iinfo(torch.int64)
    return (torch.randint(bounds.min, bounds.max, (HASHED_AT_ONCE,), generator=generator) | 1).to(device)


def _tensors(model: PreTrainedModel) -> list[tuple[str, tuple[int, ...]]]:
    """Names and shapes of all parameters; of packed ones the shape that they stand for."""
    packed = {
        f"{name}.weight": (linear.out_features, linear.in_features)
        for name, linear in packed_linears(model).items()
    }
    return [(name, packed.get(name, tuple(parameter.shape))) for name, parameter in model.named_parameters()]


def _linear(model: PreTrainedModel, parameter_name: str) -> nn.Linear:
    """The module of a matrix, whose weights can be read and changed in place."""
    name = parameter_name.removesuffix(".weight")
    linear = model.get_submodule(name)
    # Other subclasses may multiply by something else than their weights.
    if not isinstance(linear, nn.Linear) or (type(linear) is not nn.Linear and not is_packed(linear)):
        raise UnsupportedModelError(f"{name} is a {type(linear).__name__} and no Linear: use another model.")
    parameter = linear.weight
    if is_packed(linear):
        problem = problem_of(linear)
        if problem:
            raise UnsupportedModelError(f"The 4-bit weights of {name} {problem}.")
    elif not isinstance(parameter, nn.Parameter) or not parameter.is_floating_point():
        raise UnsupportedModelError(
            f"{name} is stored as {parameter.dtype}: load the model in full or half precision, or as nf4 or "
            "fp4."
        )
    if parameter.is_meta or not parameter.is_contiguous():
        raise UnsupportedModelError(f"{name} is offloaded or strided: load the model whole, on one device.")
    return linear
