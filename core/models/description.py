"""What a model is, read from its config and the headers of its weight files. No torch."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from cache.fingerprints import fingerprint_files, remember_name
from core.models.checkpoint import (
    DTYPE_BYTES,
    STORED_DTYPES,
    PackedTensor,
    StoredTensor,
    dtype_in_memory,
    four_bit_bytes,
    four_bit_in_memory,
    require_dense,
    split_packed,
    storage_words,
    stored_four_bit,
    stored_tensors,
)
from core.models.devices import device_kind
from core.models.files import (
    ModelFilesError,
    identity_files,
    is_gguf,
    model_folder,
    tokenizer_path,
    weight_files,
)
from core.models.gguf import file_type, gguf_config, parameters_of
from core.models.matrices import (
    Matrix,
    UnsupportedModelError,
    Variant,
    find_matrices,
    largest_units,
    weights_of,
)
from core.models.spec import DType, ModelSpec, Quantization


@dataclass(frozen=True)
class ModelInfo:
    """What a model is."""

    name: str
    architecture: str
    """`Llama`, `Qwen3` or another of ARCHITECTURES."""
    layers: int
    hidden_size: int
    vocabulary: int
    """Number of tokens."""
    parameters: int
    """All parameters, tied weights once."""
    dtype: str
    """Dtype of computation and of most weights in memory that are not 4-bit."""
    device: str | None
    """None until the model is loaded."""
    bytes: int
    """Memory of all parameters, with the scales of 4-bit ones."""
    fingerprint: str
    """Hash of the bytes of weights, configuration and tokenizer."""
    candidates: Mapping[str, int]
    """Number of weights that each variant may take from: `mlp` and `all`."""
    quantization: Quantization = "none"
    """How the candidate weights are quantized in memory."""
    heads: int | None = None
    """Query heads of each attention; None if the config does not say."""
    unit_sizes: Mapping[Variant, int] = field(default_factory=dict)
    """Weights of the largest whole unit, neuron or head, of each variant; none where heads are not known."""
    positions: int | None = None
    """Largest number of tokens in a sequence; None if the config does not say."""
    file_type: str | None = None
    """How a GGUF file stores most weights, such as `Q4_K_M`; None for other files."""

    @property
    def stored_as(self) -> str:
        """How the weights are stored in memory, in words: `float32`, or `nf4, bfloat16`."""
        return storage_words(self.quantization, self.dtype)


class Weights(NamedTuple):
    """The weights of a model as they will be in memory."""

    parameters: int
    """All parameters, tied weights once, 4-bit ones as if they were not packed."""
    quantization: Quantization
    dtype: str
    """Dtype of most of those that are not 4-bit."""
    bytes: int
    """Memory of all, with the scales of 4-bit ones."""
    matrices: tuple[Matrix, ...]
    """The candidate matrices, in the order of their addresses."""


def describe_model(spec: ModelSpec, memory: Path | None = None) -> ModelInfo:
    """The description of the model that a spec asks for, as it will be when it is loaded.

    Args:
        spec: what is asked for.
        memory: the file that remembers fingerprints, so that weights are not read twice.

    Raises:
        ModelFilesError: there is no such model, or a file is missing or broken.
        ValueError: it is stored quantized in another way than is asked for.
    """
    folder = model_folder(spec)
    tokenizer = tokenizer_path(spec) if spec.tokenizer else None
    return describe_folder(folder, spec.name, memory, spec.quantization, spec.dtype, spec.device, tokenizer)


def describe_folder(
    folder: Path,
    name: str,
    memory: Path | None = None,
    quantization: Quantization = "none",
    dtype: DType = "auto",
    device: str = "auto",
    tokenizer: Path | None = None,
) -> ModelInfo:
    """The description of a folder's model as it is, or will be when it is loaded, without loading it.

    Args:
        folder: as `model_folder` gives it.
        name: what the person calls the model.
        memory: the file that remembers fingerprints, so that weights are not read twice.
        quantization: what is asked for; `none` leaves the weights as the files have them.
        dtype: what is asked for.
        device: what is asked for; it decides the dtype of a GGUF file.
        tokenizer: where the tokenizer is taken from, if it is not the model's own.

    Raises:
        ModelFilesError: the config or a weight file cannot be read, or the architecture or the way in which
            the weights are quantized is not supported.
        ValueError: the weights are quantized in another way than is asked for.
    """
    config = read_config(folder)
    weights = weights_in_memory(folder, config, quantization, dtype, device)
    fingerprint = fingerprint_files(identity_files(folder, tokenizer), memory)
    heads = _heads(config)
    if memory is not None:
        remember_name(memory, fingerprint, name)
    return ModelInfo(
        name=name,
        architecture=ARCHITECTURES[config["model_type"]],
        layers=config["num_hidden_layers"],
        hidden_size=config["hidden_size"],
        vocabulary=config["vocab_size"],
        positions=config.get("max_position_embeddings"),
        parameters=weights.parameters,
        dtype=weights.dtype,
        device=None,
        bytes=weights.bytes,
        fingerprint=fingerprint,
        candidates=candidate_weights(weights.matrices),
        quantization=weights.quantization,
        heads=heads,
        unit_sizes=largest_units(weights.matrices, heads),
        file_type=file_type(folder) if is_gguf(folder) else None,
    )


def weights_in_memory(
    folder: Path, config: Mapping[str, Any], quantization: Quantization, dtype: DType, device: str = "auto"
) -> Weights:
    """The weights of a folder as they will be once loaded as asked for, from the headers of the files.

    Raises:
        ModelFilesError: a file cannot be read, or does not fit the config.
        ValueError: the weights are quantized in another way than is asked for.
    """
    four_bit = four_bit_in_memory(quantization, config)
    stored_packed, dense = _stored_weights(folder, config)
    matrices = _matrices(folder, config, [*stored_packed, *dense])
    packed = [math.prod(tensor.shape) for tensor in stored_packed]
    sizes: Counter[str] = Counter()
    for tensor in dense:
        sizes[tensor.dtype] += math.prod(tensor.shape)
    parameters = sizes.total() + sum(packed)
    kind: Quantization = four_bit.kind if four_bit else "none"
    if is_gguf(folder):
        stored = "float32" if device_kind(device) == "cpu" else "bfloat16"
    else:
        stored = STORED_DTYPES[sizes.most_common(1)[0][0]]
    dtype_name = dtype_in_memory(dtype, kind, stored)
    quantized = packed or [matrix.size for matrix in matrices if four_bit]
    size_bytes = (parameters - sum(quantized)) * DTYPE_BYTES[dtype_name]
    if four_bit:
        size_bytes += four_bit_bytes(quantized, four_bit.is_double)
    return Weights(parameters, kind, dtype_name, size_bytes, matrices)


def read_config(folder: Path) -> dict[str, Any]:
    """The model's config.json; its fields are checked if the architecture is supported.

    Of a GGUF file it is what a config.json would say.

    Raises:
        ModelFilesError: it cannot be read, or a size is missing or below 1.
    """
    if is_gguf(folder):
        return gguf_config(folder)
    path = folder / "config.json"
    try:
        config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        is_known = config["model_type"] in ARCHITECTURES
        inner = [key for key in ("intermediate_size", "ffn_dim") if isinstance(config.get(key), int)]
        for key in ("num_hidden_layers", "hidden_size", "vocab_size", *inner) if is_known else ():
            if int(config[key]) < 1:
                raise ValueError(f"{key} is {config[key]}")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ModelFilesError(
            f"{path} cannot be read ({error!r}): copy or download the model again."
        ) from error
    return config


def stored_matrices(folder: Path) -> tuple[Matrix, ...]:
    """The candidate matrices of a folder's model in the order of their addresses, from the headers.

    Raises:
        ModelFilesError: a file cannot be read or does not fit the config, or a layer has other matrices.
    """
    config = read_config(folder)
    packed, dense = _stored_weights(folder, config)
    return _matrices(folder, config, [*packed, *dense])


def candidate_weights(matrices: Sequence[Matrix]) -> dict[str, int]:
    """Number of candidate weights of the variants `mlp` (those of the MLPs) and `all`."""
    return {
        "mlp": sum(matrix.size for matrix in matrices if matrix.is_mlp),
        "all": sum(matrix.size for matrix in matrices),
    }


def selectable_weights(k: float, variant: Variant, info: ModelInfo) -> int:
    """Returns n = floor(k * parameters), the number of weights that a selection takes.

    Raises:
        ValueError: k is not in (0, 1], or n is more than the variant's candidates; it says both numbers.
    """
    n, available = weights_of(k, info.parameters), info.candidates.get(variant, 0)
    if n > available:
        raise ValueError(
            f"k = {k} of {info.parameters:,} parameters is {n:,} weights, but the variant '{variant}' has "
            f"only {available:,} candidates: choose a smaller k."
        )
    return n


def _stored_weights(folder: Path, config: Mapping[str, Any]) -> tuple[list[PackedTensor], list[StoredTensor]]:
    """The parameters in the files of a folder: those in 4 bits, and the others."""
    if is_gguf(folder):
        return [], [
            StoredTensor(name, tensor.kind, tensor.shape, folder)
            for name, tensor in parameters_of(folder).items()
        ]
    four_bit = stored_four_bit(config)
    packed, dense = split_packed(stored_tensors(weight_files(folder)))
    for tensor in packed:
        if four_bit is None or tensor.kind != four_bit.kind:
            raise ModelFilesError(
                f"{folder} stores {tensor.name} as {tensor.kind}, which does not fit its config.json: copy "
                "or download the model again, or use another checkpoint."
            )
    if four_bit and not packed:
        raise ModelFilesError(
            f"{folder} has no {four_bit.kind} weights, though its config.json says so: copy or download the "
            "model again."
        )
    parameters = [tensor for tensor in dense if not _is_spare(tensor.name, config)]
    for one in parameters:
        require_dense(one)
    return packed, parameters


def _matrices(
    folder: Path, config: Mapping[str, Any], tensors: Sequence[PackedTensor | StoredTensor]
) -> tuple[Matrix, ...]:
    """The candidate matrices among the parameters."""
    try:
        matrices = find_matrices([(tensor.name, tensor.shape) for tensor in tensors])
    except UnsupportedModelError as error:
        raise ModelFilesError(f"The model in {folder} cannot be scored: {error}") from error
    if config["model_type"] not in ARCHITECTURES:
        raise ModelFilesError(
            f"{folder / 'config.json'} describes a model of type '{config['model_type']}', which is not "
            f"tested: use one of type {', '.join(ARCHITECTURES)}."
        )
    layers = matrices[-1].layer + 1
    if layers != config["num_hidden_layers"]:
        raise ModelFilesError(
            f"The weight files of {folder} have {layers} decoder layers, but its config.json says "
            f"{config['num_hidden_layers']}: copy or download the model again."
        )
    return matrices


def _heads(config: Mapping[str, Any]) -> int | None:
    """Query heads of each attention; None if the config does not say, or says nonsense."""
    said = config.get("num_attention_heads")
    return said if isinstance(said, int) and said > 0 else None


def _is_spare(tensor: str, config: Mapping[str, Any]) -> bool:
    """Whether a stored tensor is no parameter: a tied head's copy, or a buffer of old files."""
    is_tied = config.get("tie_word_embeddings", config["model_type"] in TIED_BY_DEFAULT)
    return bool(is_tied and tensor in HEADS) or tensor.endswith(BUFFERS)


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
"""The supported `model_type`s and their names."""

TIED_BY_DEFAULT = (
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
"""The `model_type`s whose head is the embedding unless their config says otherwise."""

HEADS = ("lm_head.weight", "embed_out.weight")
"""Names of the language-model head."""

BUFFERS = (
    "rotary_emb.inv_freq",
    "attention.bias",
    "attention.masked_bias",
    "attn.bias",
    "attn.masked_bias",
    "act_fn.beta",
    "act_fn.eps",
)
"""Endings of the names of tensors that are in files but are no parameters."""
