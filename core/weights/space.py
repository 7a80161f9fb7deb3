"""The candidate matrices of a model in one fixed order, with flat addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from core.choices import VARIANTS, Variant, one_of, selected_weights
from core.weights.matrix import KINDS, Matrix, MatrixKind, module_path
from core.weights.packed import PackedStorage, check_factor, is_packed, problem_of
from core.weights.storage import DenseStorage, Patch, Storage

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class UnsupportedModelError(ValueError):
    """A model whose decoder layers are not built from the seven known matrices."""


class WeightSpace:
    """The candidate weights of a model: layer by layer q, k, v, o, gate, up, down.

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
        for number, layer in enumerate(_decoder_layers(model)):
            _check_layer(layer, number)
            for kind in KINDS:
                name = f"model.layers.{number}.{module_path(kind)}"
                linear = _linear(layer, kind, name)
                offset = matrices[-1].offset + matrices[-1].size if matrices else 0
                rows, columns = linear.out_features, linear.in_features
                matrix = Matrix(len(matrices), number, kind, f"{name}.weight", rows, columns, offset)
                matrices.append(matrix)
                self._linears.append(linear)
                self._storages.append(_storage(matrix, linear))
        self.matrices: tuple[Matrix, ...] = tuple(matrices)
        """All candidate matrices, in the order of their addresses."""

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


def _decoder_layers(model: PreTrainedModel) -> nn.ModuleList:
    layers = getattr(getattr(model, "model", None), "layers", None)
    if not isinstance(layers, nn.ModuleList) or not len(layers):
        raise UnsupportedModelError(
            f"{type(model).__name__} has no decoder layers under model.layers: "
            "use a model that is built like Llama, Qwen2 or Mistral."
        )
    return layers


def _check_layer(layer: nn.Module, number: int) -> None:
    """Makes sure that the layer's weight matrices are the seven known ones."""
    known = [f"{module_path(kind)}.weight" for kind in KINDS]
    found = [name for name, parameter in layer.named_parameters() if parameter.dim() >= 2]
    odd = [name for name in found if name not in known] + [name for name in known if name not in found]
    if odd:
        raise UnsupportedModelError(
            f"model.layers.{number}.{odd[0]} {'is not one' if odd[0] in found else 'is missing: it is one'} "
            f"of the seven matrices that are scored ({', '.join(KINDS)}): "
            "use a model that is built like Llama, Qwen2 or Mistral, without fused or expert projections."
        )


def _linear(layer: nn.Module, kind: MatrixKind, name: str) -> nn.Linear:
    """The module of a matrix, whose weights can be read and changed in place."""
    linear = layer.get_submodule(module_path(kind))
    if not isinstance(linear, nn.Linear):
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
