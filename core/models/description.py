"""What a model is, read from its config and the headers of its weight files. No torch."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from cache.fingerprints import fingerprint_files
from core.choices import Variant, selected_weights
from core.models.files import ModelFilesError, identity_files, weight_files

if TYPE_CHECKING:
    from core.weights.matrix import MatrixKind

ARCHITECTURES: dict[str, str] = {"llama": "Llama", "mistral": "Mistral", "qwen2": "Qwen2"}
"""The `model_type`s that are supported, and their names."""

DTYPES_OF_HEADERS: dict[str, tuple[str, int]] = {
    "BF16": ("bfloat16", 2),
    "F16": ("float16", 2),
    "F32": ("float32", 4),
}
"""The dtypes that weights may be stored in: their names in safetensors, their usual names, bytes."""

LONGEST_HEADER_BYTES = 100_000_000
"""What the safetensors format allows; anything longer is a broken file."""


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
    """Of most weights: the checkpoint's until the model is loaded, then the model's."""
    device: str | None
    """None until the model is loaded."""
    bytes: int
    """Of all parameters: stored until the model is loaded, then in memory."""
    fingerprint: str
    """Hash of the bytes of weights, configuration and tokenizer."""
    candidates: Mapping[str, int]
    """How many weights each variant may take from: `mlp` and `all`."""


def describe_folder(folder: Path, name: str, memory: Path | None = None) -> ModelInfo:
    """What the model in a folder is, without loading it.

    Args:
        folder: as model_folder gives it.
        name: what the person calls the model.
        memory: the file that remembers fingerprints, so that weights are not read twice.

    Raises:
        ModelFilesError: the config or a weight file cannot be read, or the architecture is not supported.
    """
    config = read_config(folder)
    sizes: Counter[str] = Counter()
    for path in weight_files(folder):
        for tensor, dtype, shape in _stored_tensors(path):
            if not _is_spare(tensor, config):
                sizes[dtype] += math.prod(shape)
    return ModelInfo(
        name=name,
        architecture=ARCHITECTURES[config["model_type"]],
        layers=config["num_hidden_layers"],
        hidden_size=config["hidden_size"],
        vocabulary=config["vocab_size"],
        parameters=sizes.total(),
        dtype=DTYPES_OF_HEADERS[sizes.most_common(1)[0][0]][0],
        device=None,
        bytes=sum(size * DTYPES_OF_HEADERS[dtype][1] for dtype, size in sizes.items()),
        fingerprint=fingerprint_files(identity_files(folder), memory),
        candidates=candidate_weights(config),
    )


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


def _stored_tensors(path: Path) -> Iterator[tuple[str, str, list[int]]]:
    """Name, dtype and shape of each tensor in a safetensors file, from its header alone."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if length > LONGEST_HEADER_BYTES:
                raise ValueError("a header longer than the format allows")
            header = json.loads(file.read(length))
        header.pop("__metadata__", None)
        tensors = [(name, entry["dtype"], entry["shape"]) for name, entry in header.items()]
        end = max(entry["data_offsets"][1] for entry in header.values())
        if path.stat().st_size != 8 + length + end:
            raise ValueError("another size than its header says")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelFilesError(
            f"{path} is not a whole safetensors file: copy or download it again."
        ) from error
    for name, dtype, shape in tensors:
        if dtype not in DTYPES_OF_HEADERS:
            raise ModelFilesError(
                f"{path} stores {name} as {dtype}: use a checkpoint in bfloat16, float16 or float32."
            )
        yield name, dtype, shape


def _is_spare(tensor: str, config: dict[str, Any]) -> bool:
    """Whether a stored tensor is no parameter: a tied head's copy, or a rotary buffer of old files."""
    is_tied_head = tensor == "lm_head.weight" and config.get("tie_word_embeddings", False)
    return bool(is_tied_head) or tensor.endswith("rotary_emb.inv_freq")
