"""What importance needs of memory, estimated from a model's sizes. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.importance.scoring_rule import Loss
from core.models.checkpoint import DTYPE_BYTES

if TYPE_CHECKING:
    from core.inference.encoding import EncodedChoice
    from core.models.matrices import Matrix

FLOAT32_BYTES = 4

USUAL_TOKENS = 256
"""Of the longest generated item."""

STAGED_MATRICES = 2
"""Matrices that are on their way from a GPU to main memory at once: one is copied while the one before is
taken in."""


@dataclass(frozen=True)
class ModelShape:
    """The sizes of a model that its memory depends on."""

    layers: int
    layer_weights: int
    """Candidate weights of a decoder layer."""
    largest_matrix: int
    """Weights of the largest candidate matrix."""
    hidden: int
    queries: int
    """Outputs of the query matrix: heads times their size."""
    keys: int
    """Outputs of the key matrix."""
    inner: int
    """Of the MLP."""
    vocabulary: int
    dtype_bytes: int
    """Of one number of what is computed."""
    is_four_bit: bool

    @classmethod
    def of(
        cls, matrices: Sequence[Matrix | Matrix], vocabulary: int, dtype: str, *, is_four_bit: bool
    ) -> ModelShape:
        """The sizes that the candidate matrices say.

        Args:
            matrices: all of them, in order.
            vocabulary: tokens.
            dtype: of what is computed: `bfloat16`, `float16` or `float32`.
            is_four_bit: whether the candidate weights are packed.
        """
        of_a_layer = {matrix.kind: matrix for matrix in matrices if matrix.layer == 0}
        output, down = of_a_layer["o"], of_a_layer["down"]
        queries = output.columns
        fused = of_a_layer.get("qkv")
        return cls(
            layers=matrices[-1].layer + 1,
            layer_weights=sum(matrix.size for matrix in of_a_layer.values()),
            largest_matrix=max(matrix.size for matrix in of_a_layer.values()),
            hidden=output.rows,
            queries=queries,
            keys=(fused.rows - queries) // 2 if fused else of_a_layer["k"].rows,
            inner=down.columns,
            vocabulary=vocabulary,
            dtype_bytes=DTYPE_BYTES[dtype],
            is_four_bit=is_four_bit,
        )

    @property
    def candidates(self) -> int:
        """All candidate weights."""
        return self.layers * self.layer_weights


@dataclass(frozen=True)
class ItemsShape:
    """The sizes of the diagnostic items that activations depend on."""

    tokens: int
    """Of the longest row."""
    rows: int
    """Of an item: one for each option if the loss compares options."""
    counted: int
    """Tokens of the longest option; all tokens of a row if the loss counts them all."""

    @classmethod
    def of(cls, items: Sequence[EncodedChoice], loss: Loss, longest_row: int) -> ItemsShape:
        """The sizes of items for a model that takes rows of so many tokens."""
        options = max(len(ids) for item in items for ids in item.continuation_ids)
        tokens = max(len(item.context_ids) + max(map(len, item.continuation_ids)) - 1 for item in items)
        tokens = min(tokens, longest_row)
        rows = max(len(item.continuation_ids) for item in items) if loss == "margin" else 1
        return cls(tokens, rows, tokens if loss == "full" else options)

    @classmethod
    def usual(cls, loss: Loss) -> ItemsShape:
        """What the generated items come to, before any is tokenized."""
        return cls(USUAL_TOKENS, 4 if loss == "margin" else 1, USUAL_TOKENS if loss == "full" else 4)


def activation_bytes(
    shape: ModelShape, items: ItemsShape, rows: int, first_layer: int, *, checkpointing: bool
) -> int:
    """What a batch of so many rows takes for forward and backward from a layer on, beside weights and sums.

    With h, q, k, f the sizes of hidden states, queries, keys and the MLP, and d bytes a number, a layer keeps
    for a token: 8h of its norms in float32; d(2h + q + f), what goes into its matrices; d(2q + 2k), the
    attention's queries, keys, values and output; 3df of the gated product. With checkpointing it keeps dh,
    and one layer at a time the rest. On top comes, whichever is more: the head, for a kept position
    V(2d + 12) bytes of logits, or the backward of one layer: 3df and, where d < 4, float32 copies 4(f + h).
    """
    d, h, f = shape.dtype_bytes, shape.hidden, shape.inner
    layer = 8 * h + d * (2 * h + shape.queries + f) + d * (2 * shape.queries + 2 * shape.keys) + 3 * d * f
    layers = shape.layers - first_layer
    kept = d * h * layers + layer if checkpointing else layer * layers
    backward = 3 * d * f + (FLOAT32_BYTES * (f + h) if d < FLOAT32_BYTES else 0)
    tokens = rows * items.tokens
    positions = min(items.tokens, items.counted * -(-rows // items.rows)) * rows
    head = positions * shape.vocabulary * (2 * d + 12)
    return tokens * kept + max(tokens * backward, head)
