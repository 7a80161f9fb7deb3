"""The candidate weights of a model: their order and addresses, reading them, zeroing and restoring them."""

from core.weights.matrix import KINDS, Block, Matrix, MatrixKind
from core.weights.packed import PackedStorage
from core.weights.space import UnsupportedModelError, WeightSpace
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
