"""The units of decoder layers: neurons of MLPs and heads of attentions, as parts of the matrices. No torch.

A neuron is a row of `gate` and of `up` (one of each half of `gate_up`), and a column of `down`. A head is
rows of `q` and columns of `o`, and its rows of `k` and `v` unless other heads read them too, as under
grouped-query attention.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from core.models.matrices import Matrix, MatrixKind, UnsupportedModelError, Variant

BY_COLUMNS: tuple[MatrixKind, ...] = ("o", "down")
"""The matrices of which a unit has columns; of the others it has rows."""


@dataclass(frozen=True)
class Part:
    """What the units of a block have of one matrix: unit i has the lines from i * width on."""

    matrix: Matrix
    width: int
    """Lines of a unit, next to each other."""
    repeats: int = 1
    """How often they come: 2 in a `gate_up`, whose second half is an up."""

    @property
    def by(self) -> Literal["rows", "columns"]:
        """Whether lines are rows or columns."""
        return "columns" if self.matrix.kind in BY_COLUMNS else "rows"

    @property
    def weights(self) -> int:
        """Weights of a unit."""
        length = self.matrix.rows if self.by == "columns" else self.matrix.columns
        return self.width * self.repeats * length


@dataclass(frozen=True)
class UnitBlock:
    """The units of one MLP or one attention: all of one size."""

    count: int
    parts: tuple[Part, ...]
    """By matrix, in the order of addresses."""

    @property
    def size(self) -> int:
        """Weights of a unit."""
        return sum(part.weights for part in self.parts)


def unit_blocks(matrices: Iterable[Matrix], variant: Variant, heads: int | None) -> tuple[UnitBlock, ...]:
    """The units that a variant takes from, block by block in the order of addresses.

    Args:
        matrices: the candidate matrices.
        variant: `mlp` for neurons; `all` for heads too.
        heads: query heads of each attention; None if unknown.

    Raises:
        UnsupportedModelError: the variant is `all`, and the heads of the attentions are not known.
    """
    found = []
    for (_, block), group in groupby(matrices, key=lambda one: (one.layer, one.block)):
        if block == "mlp":
            found.append(_neurons(list(group)))
        elif variant == "all":
            found.append(_heads(list(group), heads))
    return tuple(found)


def largest_units(matrices: Sequence[Matrix], heads: int | None) -> Mapping[Variant, int]:
    """Weights of the largest unit of each variant; without `all` where heads are not known."""
    found: dict[Variant, int] = {}
    for variant in ("mlp", "all"):
        try:
            found[variant] = max(block.size for block in unit_blocks(matrices, variant, heads))
        except UnsupportedModelError:
            continue
    return found


def _neurons(matrices: Sequence[Matrix]) -> UnitBlock:
    count = next(matrix.columns for matrix in matrices if matrix.kind == "down")
    parts = (Part(one, 1, 2 if one.kind == "gate_up" else 1) for one in matrices)
    return UnitBlock(count, tuple(parts))


def _heads(matrices: Sequence[Matrix], heads: int | None) -> UnitBlock:
    by_kind = {matrix.kind: matrix for matrix in matrices}
    q, o = by_kind.get("q"), by_kind["o"]
    if q is None or not heads or q.rows % heads or q.rows != o.columns:
        raise UnsupportedModelError(
            "The heads of this model are not known: --scope units takes the variant mlp."
        )
    own = [q, *(by_kind[kind] for kind in ("k", "v") if by_kind[kind].rows == q.rows), o]
    return UnitBlock(heads, tuple(Part(matrix, q.rows // heads) for matrix in own))
