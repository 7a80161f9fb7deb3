"""The matrices of decoder layers that are scored, found by names and shapes, and their units. No torch.

Units are neurons of MLPs and heads of attentions. A neuron is a row of `gate` and of `up` (one of each half
of `gate_up`), and a column of `down`. A head is rows of `q` and columns of `o`, and its rows of `k` and `v`
unless other heads read them too, as under grouped-query attention.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING, Literal, TypeVar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

Variant = Literal["base", "mlp", "all"]
"""`base` ablates nothing; `mlp` takes from the MLP matrices; `all` from all matrices of the layers."""

VARIANTS: tuple[Variant, ...] = ("base", "mlp", "all")

Block = Literal["attention", "mlp"]

MatrixKind = Literal["q", "k", "v", "qkv", "o", "gate", "up", "gate_up", "down"]

KINDS: tuple[MatrixKind, ...] = ("q", "k", "v", "qkv", "o", "gate", "up", "gate_up", "down")
"""The matrices of decoder layers, in the order of their addresses. `qkv` is three in one; the rows of
`gate_up` are those of a gate, then those of an up."""

ATTENTION_KINDS: tuple[MatrixKind, ...] = ("q", "k", "v", "qkv", "o")

ATTENTIONS: tuple[set[MatrixKind], ...] = ({"q", "k", "v", "o"}, {"qkv", "o"})
"""The sets of matrices that an attention may have."""

MLPS: tuple[set[MatrixKind], ...] = ({"gate", "up", "down"}, {"gate_up", "down"}, {"up", "down"})
"""The sets of matrices that an MLP may have."""

KIND_OF_MODULE: dict[str, MatrixKind] = {
    "self_attn.q_proj": "q",
    "self_attn.k_proj": "k",
    "self_attn.v_proj": "v",
    "self_attn.o_proj": "o",
    "self_attn.out_proj": "o",
    "self_attn.dense": "o",
    "self_attn.qkv_proj": "qkv",
    "self_attn.query_key_value": "qkv",
    "self_attention.query_key_value": "qkv",
    "self_attention.dense": "o",
    "attention.query_key_value": "qkv",
    "attention.dense": "o",
    "mlp.gate_proj": "gate",
    "mlp.up_proj": "up",
    "mlp.gate_up_proj": "gate_up",
    "mlp.down_proj": "down",
    "mlp.c_fc": "up",
    "mlp.c_proj": "down",
    "mlp.fc1": "up",
    "mlp.fc2": "down",
    "mlp.dense_h_to_4h": "up",
    "mlp.dense_4h_to_h": "down",
    "fc1": "up",
    "fc2": "down",
}
"""The kinds of matrices by the names that their modules have within a decoder layer."""

IN_A_LAYER = re.compile(r"(?P<stack>.+?)\.(?P<layer>\d{1,6})\.(?P<module>.+)")
"""The name of a tensor of a decoder layer, such as `model.layers.0.mlp.up_proj.weight`."""

REMEDY = (
    "use a model whose decoder layers have q, k, v and o (or qkv and o) in the attention and gate, up and "
    "down (or gate_up and down, or up and down) in the MLP, without experts or convolutions"
)

ALIKE = "use a model whose decoder layers are all alike"

Positions = TypeVar("Positions", "NDArray[np.int64]", "Tensor")


class UnsupportedModelError(ValueError):
    """A model whose decoder layers are not built from the known matrices."""


@dataclass(frozen=True)
class Matrix:
    """One candidate weight matrix."""

    index: int
    """Its number among all candidate matrices."""
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
        return "attention" if self.kind in ATTENTION_KINDS else "mlp"

    @property
    def is_mlp(self) -> bool:
        """Whether the variant `mlp` takes from it."""
        return self.block == "mlp"

    @property
    def size(self) -> int:
        """Number of weights."""
        return self.rows * self.columns


def neurons_of(matrix: Matrix, local: Positions) -> Positions:
    """(n,) int64: the intermediate units of weights at (n,) int64 row-major positions of an MLP's matrix.

    A unit is a row of `gate` and of `up`, one row of each half of `gate_up`, and a column of `down`.
    """
    if matrix.kind == "down":
        return local % matrix.columns
    rows = local // matrix.columns
    return rows % (matrix.rows // 2) if matrix.kind == "gate_up" else rows


def find_matrices(tensors: Iterable[tuple[str, Sequence[int]]]) -> tuple[Matrix, ...]:
    """The candidate matrices among named shapes, layer by layer, in each by KINDS: the order of addresses.

    Tensors outside of the decoder layers, and vectors, are ignored.

    Raises:
        UnsupportedModelError: a decoder layer has another matrix or lacks one, or layers are not alike.
    """
    found: list[tuple[int, MatrixKind, str, int, int]] = []
    for name, shape in tensors:
        match = IN_A_LAYER.fullmatch(name)
        if match is None or len(shape) < 2:
            continue
        kind = KIND_OF_MODULE.get(match["module"].removesuffix(".weight"))
        if kind is None or len(shape) != 2:
            raise UnsupportedModelError(f"{name} is no matrix that is scored: {REMEDY}.")
        found.append((int(match["layer"]), kind, name, shape[0], shape[1]))
    found.sort(key=lambda one: (one[0], KINDS.index(one[1])))
    matrices: list[Matrix] = []
    offset = 0
    for index, one in enumerate(found):
        matrices.append(Matrix(index, *one, offset))
        offset += matrices[-1].size
    _check_layers(matrices)
    return tuple(matrices)


def stack_of(matrix_name: str) -> str:
    """The name of the list of decoder layers that a candidate matrix is in, such as `model.layers`."""
    match = IN_A_LAYER.fullmatch(matrix_name)
    assert match is not None, "a candidate matrix is in a layer"
    return match["stack"]


def _check_layers(matrices: Sequence[Matrix]) -> None:
    """Refuses matrices that are not in one list of layers, alike and without a gap."""
    stacks = sorted({stack_of(matrix.name) for matrix in matrices})
    if len(stacks) != 1:
        names = f"decoder layers under {' and under '.join(stacks)}" if stacks else "no decoder layers"
        raise UnsupportedModelError(f"The model has {names}: use one that has them in one list.")
    layers = [list(layer) for _, layer in groupby(matrices, key=lambda one: one.layer)]
    for number, layer in enumerate(layers):
        if layer[0].layer != number:
            raise UnsupportedModelError(f"{stacks[0]}.{number} has no matrices: {REMEDY}.")
        if number:
            _check_alike(layers[0], layer)
        else:
            _check_first(layer)


def _check_first(layer: Sequence[Matrix]) -> None:
    """Refuses a layer that has not one attention and one MLP."""
    kinds = [matrix.kind for matrix in layer]
    attention = {kind for kind in kinds if kind in ATTENTION_KINDS}
    mlp = set(kinds) - attention
    if attention not in ATTENTIONS or mlp not in MLPS or len(set(kinds)) < len(kinds):
        names = ", ".join(matrix.name for matrix in layer)
        raise UnsupportedModelError(f"The matrices of the first decoder layer are {names}: {REMEDY}.")
    inner = next(matrix.columns for matrix in layer if matrix.kind == "down")
    for matrix in layer:
        rows = {"gate": inner, "up": inner, "gate_up": 2 * inner}.get(matrix.kind, matrix.rows)
        if matrix.rows != rows:
            raise UnsupportedModelError(
                f"{matrix.name} has {matrix.rows} rows, but the MLP has {inner} neurons: {REMEDY}."
            )


def _check_alike(first: Sequence[Matrix], layer: Sequence[Matrix]) -> None:
    """Refuses a layer that has other matrices than the first one."""
    found = {matrix.name: matrix for matrix in layer}
    stack, number = stack_of(first[0].name), layer[0].layer
    for matrix in first:
        name = f"{stack}.{number}" + matrix.name.removeprefix(f"{stack}.{matrix.layer}")
        other = found.pop(name, None)
        if other is None:
            raise UnsupportedModelError(
                f"{name} is missing, though {matrix.name} is there: copy or download the model again, or "
                f"{ALIKE}."
            )
        if (other.rows, other.columns) != (matrix.rows, matrix.columns):
            raise UnsupportedModelError(f"{name} has another shape than {matrix.name}: {ALIKE}.")
    if found:
        raise UnsupportedModelError(f"{min(found)} has none like it in the first layer: {ALIKE}.")


def weights_of(k: float, parameters: int) -> int:
    """Returns n = floor(k * parameters), exact in decimal: 0.01 of 1,000,000 is 10,000.

    Raises:
        ValueError: k is not in (0, 1].
    """
    if not 0 < k <= 1:
        raise ValueError(f"k is {k}; it is a fraction of all parameters: choose it above 0 and up to 1.")
    return int(Fraction(str(float(k))) * parameters)


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
