"""The candidate weights of a model: their order and addresses, reading them, zeroing and restoring them."""

from core.layer_matrices import UnsupportedModelError
from core.weights.matrix import KINDS, Block, Matrix, MatrixKind
from core.weights.packed import PackedStorage
from core.weights.space import WeightSpace
from core.weights.storage import DenseStorage, Patch, Storage

__all__ = [
    "KINDS",
    "Block",
    "DenseStorage",
    "Matrix",
    "MatrixKind",
    "PackedStorage",
    "Patch",
    "Storage",
    "UnsupportedModelError",
    "WeightSpace",
]
