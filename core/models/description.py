"""What a model is, read from its config and the headers of its weight files. No torch."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from cache.fingerprints import fingerprint_files
from core.models.files import ModelFilesError, identity_files, weight_files
from core.models.headers import (
    DTYPES,
    PackedTensor,
    StoredTensor,
    require_dense,
    split_packed,
    stored_tensors,
)
from core.models.layer_matrices import (
    MatrixShape,
    UnsupportedModelError,
    Variant,
    find_matrices,
    selected_weights,
)
from core.models.quantization import (
    DTYPE_BYTES,
    dtype_in_memory,
    four_bit_bytes,
    four_bit_in_memory,
    storage_words,
    stored_four_bit,
)
from core.models.spec import DType, Quantization

ARCHITECTURES: dict[str, str] = {
    "apertus": "Apertus",
    "arcee": "Arcee",
    "biogpt": "BioGPT",
    "cohere": "Cohere",
    "cohere2": "Cohere 2",
    "cwm": "CWM",
    "ernie4_5": "Ernie 4.5",
    "exaone4": "EXAONE 4",
    "gemma": "Gemma",
    "gemma2": "Gemma 2",
    "gemma3_text": "Gemma 3",
    "glm": "GLM",
    "glm4": "GLM 4",
    "gpt_neox": "GPT-NeoX",
    "granite": "Granite",
    "helium": "Helium",
    "hunyuan_v1_dense": "HunYuan",
    "iquestcoder": "IQuestCoder",
    "internlm3": "InternLM 3",
    "jais2": "Jais 2",
    "llama": "Llama",
    "ministral": "Ministral",
    "ministral3": "Ministral 3",
    "mistral": "Mistral",
    "nanochat": "NanoChat",
    "nemotron": "Nemotron",
    "olmo": "OLMo",
    "olmo2": "OLMo 2",
    "olmo3": "OLMo 3",
    "opt": "OPT",
    "persimmon": "Persimmon",
    "phi": "Phi",
    "phi3": "Phi 3",
    "qwen2": "Qwen2",
    "qwen3": "Qwen3",
    "seed_oss": "Seed-OSS",
    "smollm3": "SmolLM 3",
    "stablelm": "StableLM",
    "starcoder2": "StarCoder 2",
    "vaultgemma": "VaultGemma",
}
"""The `model_type`s that are supported, and their names."""

TIED_UNLESS_TOLD = (
    "biogpt",
    "cohere",
    "cohere2",
    "ernie4_5",
    "gemma",
    "gemma2",
    "gemma3_text",
    "opt",
    "smollm3",
    "starcoder2",
    "vaultgemma",
)
"""The `model_type`s whose head is the embedding where their config does not say."""

HEADS = ("lm_head.weight", "embed_out.weight")
"""The names that the language-model head may have."""

BUFFERS = (
    "rotary_emb.inv_freq",
    "attention.bias",
    "attention.masked_bias",
    "attn.bias",
    "attn.masked_bias",
    "act_fn.beta",
    "act_fn.eps",
)
"""What the names of tensors end with that files have though they are no parameters."""


@dataclass(frozen=True)
class ModelInfo:
    """What a model is."""

    name: str
    architecture: str
    """`Llama`, `Qwen3` or another of ARCHITECTURES."""
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
        candidates=candidate_weights(weights.matrices),
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
    matrices: tuple[MatrixShape, ...]
    """The candidate matrices, in the order of their addresses."""

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
    stored = _stored_weights(folder, config)
    matrices = _matrices(folder, config, stored)
    packed = [math.prod(tensor.shape) for tensor in stored.packed]
    sizes: Counter[str] = Counter()
    for tensor in stored.dense:
        sizes[tensor.dtype] += math.prod(tensor.shape)
    parameters = sizes.total() + sum(packed)
    kind: Quantization = four_bit.kind if four_bit else "none"
    dtype_name = dtype_in_memory(dtype, kind, DTYPES[sizes.most_common(1)[0][0]][0])
    quantized = packed or [shape.size for shape in matrices if four_bit]
    size_bytes = (parameters - sum(quantized)) * DTYPE_BYTES[dtype_name]
    if four_bit:
        size_bytes += four_bit_bytes(quantized, four_bit.is_double)
    return Weights(parameters, kind, dtype_name, size_bytes, matrices)


def read_config(folder: Path) -> dict[str, Any]:
    """The model's config.json; of an architecture that is not supported, whatever it holds.

    Raises:
        ModelFilesError: it cannot be read.
    """
    path = folder / "config.json"
    try:
        config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        is_known = config["model_type"] in ARCHITECTURES
        told = [key for key in ("intermediate_size", "ffn_dim") if isinstance(config.get(key), int)]
        for key in ("num_hidden_layers", "hidden_size", "vocab_size", *told) if is_known else ():
            if int(config[key]) < 1:
                raise ValueError(f"{key} is {config[key]}")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ModelFilesError(
            f"{path} cannot be read ({error!r}): copy or download the model again."
        ) from error
    return config


def matrix_shapes(folder: Path) -> tuple[MatrixShape, ...]:
    """All candidate matrices of a folder's model in the order of their addresses, told from the headers.

    Raises:
        ModelFilesError: a file cannot be read or does not fit the config, or a layer has other matrices.
    """
    config = read_config(folder)
    return _matrices(folder, config, _stored_weights(folder, config))


def candidate_weights(shapes: Sequence[MatrixShape]) -> dict[str, int]:
    """Number of candidate weights of the variants `mlp` (those of the MLPs) and `all`."""
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


class _Stored(NamedTuple):
    """The parameters in the files of a model."""

    packed: list[PackedTensor]
    """In 4 bits."""
    dense: list[StoredTensor]


def _stored_weights(folder: Path, config: Mapping[str, Any]) -> _Stored:
    """The parameters in the files of a folder.

    Raises:
        ModelFilesError: a file cannot be read, or does not fit the config.
    """
    stored = stored_four_bit(config)
    packed, dense = split_packed(stored_tensors(weight_files(folder)))
    for tensor in packed:
        if stored is None or tensor.kind != stored.kind:
            raise ModelFilesError(
                f"{folder} stores {tensor.name} as {tensor.kind}, which does not fit its config.json: copy "
                "or download the model again, or use another checkpoint."
            )
    if stored and not packed:
        raise ModelFilesError(
            f"{folder} has no {stored.kind} weights, though its config.json says so: copy or download the "
            "model again."
        )
    parameters = [tensor for tensor in dense if not _is_spare(tensor.name, config)]
    for one in parameters:
        require_dense(one)
    return _Stored(packed, parameters)


def _matrices(folder: Path, config: Mapping[str, Any], stored: _Stored) -> tuple[MatrixShape, ...]:
    """The candidate matrices among the parameters.

    Raises:
        ModelFilesError: there are others, the architecture is not supported, or the config says another
            number of layers.
    """
    try:
        shapes = find_matrices(
            [
                *((one.name, one.shape) for one in stored.packed),
                *((one.name, one.shape) for one in stored.dense),
            ]
        )
    except UnsupportedModelError as error:
        raise ModelFilesError(f"The model in {folder} cannot be scored: {error}") from error
    if config["model_type"] not in ARCHITECTURES:
        raise ModelFilesError(
            f"{folder / 'config.json'} describes a model of type '{config['model_type']}', which nobody has "
            f"tested: use one of type {', '.join(ARCHITECTURES)}."
        )
    layers = shapes[-1].layer + 1
    if layers != config["num_hidden_layers"]:
        raise ModelFilesError(
            f"The weight files of {folder} have {layers} decoder layers, but its config.json says "
            f"{config['num_hidden_layers']}: copy or download the model again."
        )
    return shapes


def _is_spare(tensor: str, config: Mapping[str, Any]) -> bool:
    """Whether a stored tensor is no parameter: a tied head's copy, or a buffer of old files."""
    is_tied = config.get("tie_word_embeddings", config["model_type"] in TIED_UNLESS_TOLD)
    return bool(is_tied and tensor in HEADS) or tensor.endswith(BUFFERS)
