"""What a candidate matrix is and where its weights lie. Plain descriptions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Block = Literal["attention", "mlp"]

MatrixKind = Literal["q", "k", "v", "o", "gate", "up", "down"]

KINDS: tuple[MatrixKind, ...] = ("q", "k", "v", "o", "gate", "up", "down")
"""The matrices of a decoder layer, in the order of their addresses."""

ATTENTION_KINDS: tuple[MatrixKind, ...] = ("q", "k", "v", "o")


def block_of(kind: MatrixKind) -> Block:
    """The block of a decoder layer that a kind of matrix belongs to."""
    return "attention" if kind in ATTENTION_KINDS else "mlp"


def module_path(kind: MatrixKind) -> str:
    """The module's name within its decoder layer, as Llama, Qwen2 and Mistral name it."""
    return f"{'self_attn' if kind in ATTENTION_KINDS else 'mlp'}.{kind}_proj"


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
