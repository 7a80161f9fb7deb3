"""What a candidate matrix is and where its weights lie. Plain descriptions."""

from __future__ import annotations

from dataclasses import dataclass

from core.models.layer_matrices import KINDS, Block, MatrixKind, block_of

__all__ = ["KINDS", "Block", "Matrix", "MatrixKind"]


@dataclass(frozen=True)
class Matrix:
    """One candidate weight matrix."""

    index: int
    """Its place among all candidate matrices."""
    layer: int
    """The decoder layer, from 0."""
    kind: MatrixKind
    name: str
    """The parameter's full name in the model."""
    rows: int
    """Output features."""
    columns: int
    """Input features."""
    offset: int
    """Flat address of its first element; rows follow each other."""

    @property
    def block(self) -> Block:
        """The block of the layer that it belongs to."""
        return block_of(self.kind)

    @property
    def size(self) -> int:
        """Number of weights."""
        return self.rows * self.columns
