"""The candidate matrices of a model in one fixed order, with flat addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from core.models.layer_matrices import (
    VARIANTS,
    UnsupportedModelError,
    Variant,
    find_matrices,
    selected_weights,
    stack_of,
)
from core.models.matrix import Matrix
from core.models.names import one_of
from core.models.packed import PackedStorage, check_factor, is_packed, packed_linears, problem_of
from core.models.storage import DenseStorage, Patch, Storage

if TYPE_CHECKING:
    from transformers import PreTrainedModel


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
        self._linears: list[nn.Linear] = []
        self._storages: list[Storage] = []
        matrices: list[Matrix] = []
        for found in find_matrices(_tensors(model)):
            linear = _linear(model, found.name)
            offset = matrices[-1].offset + matrices[-1].size if matrices else 0
            matrix = Matrix(
                len(matrices), found.layer, found.kind, found.name, found.rows, found.columns, offset
            )
            matrices.append(matrix)
            self._linears.append(linear)
            self._storages.append(_storage(matrix, linear))
        self.matrices: tuple[Matrix, ...] = tuple(matrices)
        """All candidate matrices, in the order of their addresses."""
        self.layers: tuple[nn.Module, ...] = tuple(model.get_submodule(stack_of(matrices[0].name)).children())
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
        return tuple(m for m in self.matrices if variant == "all" or m.block == "mlp")

    def number_of_weights(self, k: float, variant: Variant) -> int:
        """Returns n = floor(k * total parameters), exact in decimal: 0.01 of 1,000,000 is 10,000.

        Raises:
            ValueError: k is not in (0, 1], or n is more than the variant's candidates.
        """
        available = sum(matrix.size for matrix in self.candidates(variant))
        return selected_weights(k, self.total_parameters, variant, available)

    def linear(self, matrix: Matrix) -> nn.Linear:
        """The module that multiplies by the matrix."""
        return self._linears[matrix.index]

    def read(self, matrix: Matrix) -> Tensor:
        """(rows, columns) the matrix, dense, in the model's dtype, on its device; to be read only.

        4-bit weights are dequantized at each call, into a new tensor.
        """
        return self._storages[matrix.index].read()

    def device(self, matrix: Matrix) -> torch.device:
        """Where the matrix is."""
        return self.linear(matrix).weight.device

    def check_factor(self, factor: float) -> None:
        """Makes sure that the weights can be multiplied by a factor.

        Raises:
            ValueError: it is not 0, and some weights are 4-bit.
        """
        if any(isinstance(storage, PackedStorage) for storage in self._storages):
            check_factor(factor)

    def scale(self, matrix: Matrix, local: Tensor, factor: float) -> Patch:
        """What restores the matrix, after its weights at the (n,) int64 row-major positions were multiplied.

        Args:
            matrix: one of `matrices`.
            local: ascending, without repeats.
            factor: finite; 0 makes the weights exactly +0.

        Raises:
            ValueError: the weights are 4-bit, and the factor is not 0.
        """
        return self._storages[matrix.index].scale(local, factor)

    def restore(self, patch: Patch) -> None:
        """Writes the very same bits back."""
        self._storages[patch.matrix.index].restore(patch)


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


def _storage(matrix: Matrix, linear: nn.Linear) -> Storage:
    if is_packed(linear):
        return PackedStorage(matrix, linear)
    return DenseStorage(matrix, linear.weight)
