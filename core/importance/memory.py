"""Memory of importance: what it needs and what is available. No torch by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from core.importance.scoring_rule import Loss
from core.inference.batching import HEAD_POSITIONS
from core.models.checkpoint import DTYPE_BYTES
from core.models.devices import free_memory, free_on_disk

if TYPE_CHECKING:
    from core.inference.encoding import EncodedChoice
    from core.models.matrices import Matrix
    from core.models.weight_space import WeightSpace

AccumulateOn = Literal["device", "host"]
"""Where gradients are summed: beside the weights, or in main memory, in the maps themselves."""

Maps = Literal["memory", "disk"]
"""Where the two maps of the scores are."""

FLOAT32_BYTES = 4

DEFAULT_TOKENS = 256
"""Tokens of the longest generated item with all its options."""

DEFAULT_COUNTED = 16
"""Positions of a generated item that predict a token of an option, at most."""

CPU_BATCH_TOKENS = 512
"""Padded tokens of a batch on a CPU, unless a single item has more: larger ones are no quicker, take more
memory, and are longer in the way of a cancel."""

OFFLOAD_SLOTS = 2
"""Matrices on their way from a GPU to main memory: one is copied while the one before is added up."""


@dataclass(frozen=True)
class MemoryNeed:
    """The memory that a part of importance takes at its peak."""

    part: Literal["weights", "accumulators", "activations", "maps"]
    device_bytes: int = 0
    """GPU memory."""
    host_bytes: int = 0
    disk_bytes: int = 0


@dataclass(frozen=True)
class AvailableMemory:
    """What is free, in bytes; None where the system does not say, which counts as enough."""

    device_bytes: int | None
    """Memory of the GPU, or of all that the model is spread over; ignored on a CPU."""
    host_bytes: int | None
    disk_bytes: int | None


def available_memory(space: WeightSpace, folder: Path) -> AvailableMemory:
    """What is free now on the loaded model's devices, in main memory, and on the disk of a folder."""
    import torch

    def on_gpu(device: torch.device) -> int:
        # What the driver has free, and what torch keeps of the GPU for later.
        free: int = torch.cuda.mem_get_info(device)[0]
        return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)

    devices = {space.device(matrix) for matrix in space.matrices}
    is_on_gpus = all(device.type == "cuda" for device in devices)
    device_bytes = sum(map(on_gpu, devices)) if is_on_gpus else None
    return AvailableMemory(device_bytes, free_memory(), free_on_disk(folder))


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
    """Neurons of an MLP."""
    vocabulary: int
    dtype_bytes: int
    """Bytes of one number in computation."""
    is_four_bit: bool

    @classmethod
    def of(cls, matrices: Sequence[Matrix], vocabulary: int, dtype: str, *, is_four_bit: bool) -> ModelShape:
        """The sizes, from all candidate matrices in order, and the dtype of computation."""
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
    """Tokens of the longest row: an item's context and the options that the loss reads."""
    counted: int
    """Positions of a row that predict a counted token, at most."""

    @classmethod
    def of(cls, items: Sequence[EncodedChoice], loss: Loss, longest_row: int) -> ItemsShape:
        """The sizes of items for a model that takes so many tokens of a context with an option."""
        shapes = [_shape_of_a_row(item, loss, longest_row) for item in items]
        return cls(*map(max, zip(*shapes, strict=True)))

    @classmethod
    def usual(cls, loss: Loss) -> ItemsShape:
        """The sizes of generated items, before any is tokenized."""
        return cls(DEFAULT_TOKENS, DEFAULT_TOKENS if loss == "full" else DEFAULT_COUNTED)


def _shape_of_a_row(item: EncodedChoice, loss: Loss, longest_row: int) -> tuple[int, int]:
    """Tokens of an item's row, and positions of it that predict a counted token."""
    inputs = [len(ids) - 1 for ids in item.continuation_ids]
    context = min(len(item.context_ids), longest_row - max(inputs))
    of_options = sum(inputs) if loss == "margin" else inputs[item.answer_index]
    return context + of_options, context + of_options if loss == "full" else 1 + of_options


def batch_tokens(items: ItemsShape, batch_size: int, *, on_gpu: bool) -> int:
    """Padded tokens of the largest batch of at most batch_size items."""
    most = batch_size * items.tokens
    return most if on_gpu else min(most, max(items.tokens, CPU_BATCH_TOKENS))


def activation_bytes(
    shape: ModelShape, tokens: int, positions: int, first_layer: int, *, checkpointing: bool
) -> int:
    """Bytes of a batch's forward and backward from a layer on, beside weights and sums.

    Its positions are those that predict a counted token.

    With h, q, k, f the sizes of hidden states, queries, keys and the MLP, and d bytes a number, a layer keeps
    for a token: 8h of its norms in float32; d(2h + q + f), the inputs of its matrices; d(2q + 2k), the
    attention's queries, keys, values and output; 3df of the gated product. With checkpointing it keeps dh. On
    top comes the larger of: the head, V(2d + 12) bytes of logits for a position, of those in memory at once;
    the backward of one layer, 3df and, where d < 4, float32 copies 4(f + h), with checkpointing beside all
    that the layer would have kept.
    """
    d, h, f = shape.dtype_bytes, shape.hidden, shape.inner
    layer = 8 * h + d * (2 * h + shape.queries + f) + d * (2 * shape.queries + 2 * shape.keys) + 3 * d * f
    layers = shape.layers - first_layer
    kept = d * h * layers if checkpointing else layer * layers
    backward = 3 * d * f + (FLOAT32_BYTES * (f + h) if d < FLOAT32_BYTES else 0) + layer * checkpointing
    head = min(positions, tokens, HEAD_POSITIONS) * shape.vocabulary * (2 * d + 12)
    return tokens * kept + max(tokens * backward, head)
