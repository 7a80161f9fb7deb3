"""What a model is, read from its config and the headers of its weight files. No torch."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from cache.fingerprints import fingerprint_files
from core.choices import Variant, selected_weights
from core.models.files import ModelFilesError, identity_files, weight_files
from core.models.headers import DTYPES, StoredTensor, require_dense, split_packed, stored_tensors
from core.models.quantization import (
    DTYPE_BYTES,
    dtype_in_memory,
    four_bit_bytes,
    four_bit_in_memory,
    storage_words,
    stored_four_bit,
)
from core.models.spec import DType, Quantization

if TYPE_CHECKING:
    from core.weights.matrix import MatrixKind

ARCHITECTURES: dict[str, str] = {"llama": "Llama", "mistral": "Mistral", "qwen2": "Qwen2"}
"""The `model_type`s that are supported, and their names."""


@dataclass(frozen=True)
class ModelInfo:
    """What a model is."""

    name: str
    architecture: str
    """`Llama`, `Mistral` or `Qwen2`."""
    layers: int
    hidden_size: int
    vocabulary: int
    """Tokens."""
    parameters: int
    """All of them, tied weights once."""
    dtype: str
    """Of most weights in memory, the 4-bit ones left out, and of what is computed."""
    device: str | None
    """None until the model is loaded."""
    bytes: int
    """Of all parameters in memory, with the scales of 4-bit ones."""
    fingerprint: str
    """Hash of the bytes of weights, configuration and tokenizer."""
    candidates: Mapping[str, int]
    """How many weights each variant may take from: `mlp` and `all`."""
    quantization: Quantization = "none"
    """Of the candidate weights in memory."""

    @property
    def stored_as(self) -> str:
        """What the weights are in memory, in words: `float32`, or `nf4, bfloat16`."""
        return storage_words(self.quantization, self.dtype)


def describe_folder(
    folder: Path,
    name: str,
    memory: Path | None = None,
    quantization: Quantization = "none",
    dtype: DType = "auto",
) -> ModelInfo:
    """What the model in a folder is, or will be when it is loaded so, without loading it.

    Args:
        folder: as model_folder gives it.
        name: what the person calls the model.
        memory: the file that remembers fingerprints, so that weights are not read twice.
        quantization: that is asked for; `none` leaves the weights as the files have them.
        dtype: that is asked for.

    Raises:
        ModelFilesError: the config or a weight file cannot be read, or the architecture or the way in which
            the weights are quantized is not supported.
        ValueError: the weights are quantized in another way than is asked for.
    """
    config = read_config(folder)
    weights = weights_in_memory(folder, config, quantization, dtype)
    return ModelInfo(
        name=name,
        architecture=ARCHITECTURES[config["model_type"]],
        layers=config["num_hidden_layers"],
        hidden_size=config["hidden_size"],
        vocabulary=config["vocab_size"],
        parameters=weights.parameters,
        dtype=weights.dtype,
        device=None,
        bytes=weights.bytes,
        fingerprint=fingerprint_files(identity_files(folder), memory),
        candidates=candidate_weights(config),
        quantization=weights.quantization,
    )


class Weights(NamedTuple):
    """The weights of a model as they will be in memory."""

    parameters: int
    """All of them, tied weights once, 4-bit ones as if they were not packed."""
    quantization: Quantization
    dtype: str
    """Of most of those that are not 4-bit."""
    bytes: int
    """Of all, with the scales of 4-bit ones."""

    @property
    def stored_as(self) -> str:
        """What they are in memory, in words: `float32`, or `nf4, bfloat16`."""
        return storage_words(self.quantization, self.dtype)


def weights_in_memory(
    folder: Path, config: Mapping[str, Any], quantization: Quantization, dtype: DType
) -> Weights:
    """What loading the weights of a folder as they are asked for gives, told from the headers of the files.

    Raises:
        ModelFilesError: a file cannot be read, or does not fit the config.
        ValueError: the weights are quantized in another way than is asked for.
    """
    four_bit = four_bit_in_memory(quantization, config)
    packed, dense = _stored_weights(folder, config)
    sizes: Counter[str] = Counter()
    for tensor in dense:
        sizes[tensor.dtype] += math.prod(tensor.shape)
    parameters = sizes.total() + sum(packed)
    kind: Quantization = four_bit.kind if four_bit else "none"
    dtype_name = dtype_in_memory(dtype, kind, DTYPES[sizes.most_common(1)[0][0]][0])
    quantized = packed or [shape.size for shape in matrix_shapes(config) if four_bit]
    size_bytes = (parameters - sum(quantized)) * DTYPE_BYTES[dtype_name]
    if four_bit:
        size_bytes += four_bit_bytes(quantized, four_bit.is_double)
    return Weights(parameters, kind, dtype_name, size_bytes)


def read_config(folder: Path) -> dict[str, Any]:
    """The model's config.json.

    Raises:
        ModelFilesError: it cannot be read, or its architecture is not supported.
    """
    path = folder / "config.json"
    try:
        config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        kind = config["model_type"]
        for key in ("num_hidden_layers", "hidden_size", "vocab_size"):
            int(config[key])
    except (ValueError, KeyError, TypeError) as error:
        raise ModelFilesError(
            f"{path} cannot be read ({error!r}): copy or download the model again."
        ) from error
    if kind not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES.values())
        raise ModelFilesError(f"{path} describes a model of type '{kind}': use a {known} model.")
    return config


class MatrixShape(NamedTuple):
    """One candidate matrix, as a WeightSpace has it."""

    layer: int
    """The decoder layer, from 0."""
    kind: MatrixKind
    rows: int
    """Output features."""
    columns: int
    """Input features."""

    @property
    def size(self) -> int:
        """Number of weights."""
        return self.rows * self.columns

    @property
    def name(self) -> str:
        """The parameter's full name in the model."""
        return f"model.layers.{self.layer}.{'mlp' if self.is_mlp else 'self_attn'}.{self.kind}_proj.weight"

    @property
    def is_mlp(self) -> bool:
        """Whether the variant `mlp` takes from it."""
        return self.kind in ("gate", "up", "down")


def matrix_shapes(config: Mapping[str, Any]) -> tuple[MatrixShape, ...]:
    """All candidate matrices in the order of their addresses, told from the config alone.

    Raises:
        ModelFilesError: the config does not say their shapes.
    """
    try:
        hidden, heads = int(config["hidden_size"]), int(config["num_attention_heads"])
        head_size = int(config.get("head_dim") or hidden // heads)
        queries, keys = heads * head_size, int(config.get("num_key_value_heads") or heads) * head_size
        inner, layers = int(config["intermediate_size"]), int(config["num_hidden_layers"])
    except (KeyError, TypeError, ValueError) as error:
        raise ModelFilesError(
            f"The model's config.json lacks or spoils {error}: copy the model again."
        ) from error
    of_a_layer: dict[MatrixKind, tuple[int, int]] = {
        "q": (queries, hidden),
        "k": (keys, hidden),
        "v": (keys, hidden),
        "o": (hidden, queries),
        "gate": (inner, hidden),
        "up": (inner, hidden),
        "down": (hidden, inner),
    }
    return tuple(
        MatrixShape(layer, kind, *shape) for layer in range(layers) for kind, shape in of_a_layer.items()
    )


def candidate_weights(config: Mapping[str, Any]) -> dict[str, int]:
    """Number of candidate weights of the variants `mlp` (gate, up, down) and `all` (q, k, v, o too).

    Raises:
        ModelFilesError: the config does not say their shapes.
    """
    shapes = matrix_shapes(config)
    return {
        "mlp": sum(shape.size for shape in shapes if shape.is_mlp),
        "all": sum(shape.size for shape in shapes),
    }


def selectable_weights(k: float, variant: Variant, info: ModelInfo) -> int:
    """Returns n = floor(k * parameters), the number of weights that a selection takes.

    Raises:
        ValueError: k is not in (0, 1], or n is more than the variant's candidates.
    """
    return selected_weights(k, info.parameters, variant, info.candidates.get(variant, 0))


def _stored_weights(folder: Path, config: Mapping[str, Any]) -> tuple[list[int], list[StoredTensor]]:
    """Sizes of the matrices that are stored in 4 bits, and the tensors of all other parameters."""
    stored = stored_four_bit(config)
    kinds, dense = split_packed(stored_tensors(weight_files(folder)))
    sizes = {shape.name: shape.size for shape in matrix_shapes(config)}
    for name, kind in kinds.items():
        if name not in sizes or stored is None or kind != stored.kind:
            raise ModelFilesError(
                f"{folder} stores {name} as {kind}, which does not fit its config.json: copy or download the "
                "model again, or use another checkpoint."
            )
    if stored and not kinds:
        raise ModelFilesError(
            f"{folder} has no {stored.kind} weights, though its config.json says so: copy or download the "
            "model again."
        )
    parameters = [tensor for tensor in dense if not _is_spare(tensor.name, config)]
    for tensor in parameters:
        require_dense(tensor)
    return [sizes[name] for name in kinds], parameters


def _is_spare(tensor: str, config: Mapping[str, Any]) -> bool:
    """Whether a stored tensor is no parameter: a tied head's copy, or a rotary buffer of old files."""
    is_tied_head = tensor == "lm_head.weight" and config.get("tie_word_embeddings", False)
    return bool(is_tied_head) or tensor.endswith("rotary_emb.inv_freq")
