"""The candidate matrices of a model in one fixed order, with flat addresses, and checksums of their bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from core.models.matrices import (
    VARIANTS,
    Matrix,
    UnsupportedModelError,
    Variant,
    find_matrices,
    stack_of,
)
from core.models.spec import one_of
from core.models.storage import (
    DenseStorage,
    PackedStorage,
    Patch,
    check_factor,
    is_packed,
    packed_linears,
    problem_of,
)

if TYPE_CHECKING:
    from transformers import PreTrainedModel

CHUNK = 1 << 18
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
    parts = [(part, len(part)) for part in torch.split(words, CHUNK)]
    sums = [torch.mul(part, factors[:size], out=products[:size]).sum() for part, size in parts]
    if sums:
        yield torch.stack(sums).cpu().numpy().tobytes()


@cache
def _factors(device: torch.device) -> Tensor:
    """(CHUNK,) int64 odd and random, always the same."""
    generator = torch.Generator().manual_seed(0)
    bounds = torch.iinfo(torch.int64)
    return (torch.randint(bounds.min, bounds.max, (CHUNK,), generator=generator) | 1).to(device)


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
