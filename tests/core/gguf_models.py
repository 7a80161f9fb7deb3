"""Writes a model as a GGUF file as llama.cpp's converter does: its names, its order of rows, its norms."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGUFWriter, get_tensor_name_map
from gguf.constants import MODEL_ARCH_NAMES, GGMLQuantizationType, LlamaFileType
from gguf.quants import quantize
from numpy.typing import NDArray
from transformers import PreTrainedModel, PreTrainedTokenizerFast

Floats = NDArray[np.float32]

ARCHITECTURE = {"gemma3_text": "gemma3"}
"""What llama.cpp calls a `model_type`, where the names differ."""

NORMS_PLUS_ONE = ("gemma", "gemma2", "gemma3")

FILE_TYPES = {
    "F32": LlamaFileType.ALL_F32,
    "F16": LlamaFileType.MOSTLY_F16,
    "BF16": LlamaFileType.MOSTLY_BF16,
    "Q8_0": LlamaFileType.MOSTLY_Q8_0,
    "Q4_1": LlamaFileType.MOSTLY_Q4_1,
    "Q4_K": LlamaFileType.MOSTLY_Q4_K_M,
}

CONTROL, NORMAL = 3, 1
"""Types of tokens."""


def write_gguf(
    path: Path,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    kind: str = "F32",
    edit: Callable[[GGUFWriter], None] = lambda writer: None,
    **metadata: Any,
) -> Path:
    """Writes a model with its byte-level tokenizer; metadata by keys without the architecture.

    Args:
        path: the file.
        model: to be written.
        tokenizer: byte-level BPE.
        kind: how matrices are stored.
        edit: called before the file is written, to add more.
        metadata: integers or numbers in place of what the model says; None leaves one out.
    """
    config = model.config
    architecture = ARCHITECTURE.get(config.model_type, config.model_type)
    writer = GGUFWriter(path, architecture)
    writer.add_file_type(FILE_TYPES[kind])
    for key, value in {**_sizes(config), **metadata}.items():
        if value is not None:
            add = writer.add_float32 if isinstance(value, float) else writer.add_uint32
            (writer.add_string if isinstance(value, str) else add)(f"{architecture}.{key}", value)
    _add_tokenizer(writer, tokenizer)
    for name, values in converted(model).items():
        stored = kind if values.ndim > 1 else "F32"
        writer.add_tensor(name, pack(values, stored), raw_dtype=GGMLQuantizationType[stored])
    edit(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _sizes(config: Any) -> dict[str, Any]:
    rope = config.rope_parameters
    sizes = {
        "block_count": config.num_hidden_layers,
        "context_length": config.max_position_embeddings,
        "embedding_length": config.hidden_size,
        "feed_forward_length": config.intermediate_size,
        "attention.head_count": config.num_attention_heads,
        "attention.head_count_kv": config.num_key_value_heads,
        "attention.layer_norm_rms_epsilon": config.rms_norm_eps,
        "rope.freq_base": float(rope.get("full_attention", rope)["rope_theta"]),
    }
    if config.model_type == "llama":
        sizes |= {"rope.dimension_count": config.head_dim, "vocab_size": config.vocab_size}
    elif config.model_type != "qwen2":
        sizes |= {"attention.key_length": config.head_dim, "attention.value_length": config.head_dim}
    if config.model_type in ("gemma2", "gemma3_text"):
        sizes["attention.sliding_window"] = config.sliding_window
    if config.model_type == "gemma2":
        sizes["attn_logit_softcapping"] = config.attn_logit_softcapping
        sizes["final_logit_softcapping"] = config.final_logit_softcapping
    return sizes


def _add_tokenizer(writer: GGUFWriter, tokenizer: PreTrainedTokenizerFast) -> None:
    model = json.loads(tokenizer.backend_tokenizer.to_str())["model"]
    tokens = tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
    special = set(tokenizer.all_special_tokens)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_types([CONTROL if token in special else NORMAL for token in tokens])
    writer.add_token_merges([" ".join(pair) for pair in model["merges"]])
    writer.add_eos_token_id(tokenizer.eos_token_id)
    if tokenizer.bos_token_id is not None:
        writer.add_bos_token_id(tokenizer.bos_token_id)
    writer.add_pad_token_id(tokenizer.pad_token_id)
    writer.add_add_bos_token(False)
    if tokenizer.chat_template:
        writer.add_chat_template(tokenizer.chat_template)


def converted(model: PreTrainedModel) -> dict[str, Floats]:
    """The model's weights under llama.cpp's names, with its values."""
    config = model.config
    architecture = ARCHITECTURE.get(config.model_type, config.model_type)
    arch = next(key for key, name in MODEL_ARCH_NAMES.items() if name == architecture)
    names = get_tensor_name_map(arch, config.num_hidden_layers)
    found = {}
    for name, parameter in model.named_parameters():
        values = parameter.detach().float().numpy()
        if config.model_type == "llama" and ".q_proj" in name:
            values = permuted(values, config.num_attention_heads)
        if config.model_type == "llama" and ".k_proj" in name:
            values = permuted(values, config.num_key_value_heads)
        if architecture in NORMS_PLUS_ONE and "norm" in name:
            values = values + 1
        gguf_name = names.get_name(name, try_suffixes=(".weight", ".bias"))
        assert gguf_name is not None, name
        found[gguf_name] = values
    return found


def permuted(values: Floats, heads: int) -> Floats:
    """`LlamaModel.permute` of convert_hf_to_gguf.py."""
    rows = values.shape[0]
    return (
        values.reshape(heads, 2, rows // heads // 2, *values.shape[1:]).swapaxes(1, 2).reshape(values.shape)
    )


def pack(values: Floats, kind: str) -> NDArray[Any]:
    """Values as a type stores them."""
    if kind == "Q4_K":
        return pack_q4_k(values)[0]
    return quantize(values, GGMLQuantizationType[kind])


def pack_q4_k(values: Floats) -> tuple[NDArray[np.uint8], Floats]:
    """Blocks of 256 values in Q4_K, which the `gguf` package only reads, and the values that they stand for.

    After `quantize_row_q4_K_ref` of ggml: 8 parts of 32 values, each with a scale and a minimum of 6 bits,
    which two half-precision numbers scale again.
    """
    parts = values.reshape(-1, 8, 32)
    low = np.minimum(parts.min(axis=2), 0)
    scales, minima = (parts.max(axis=2) - low) / 15, -low
    d = (scales.max(axis=1, keepdims=True) / 63).astype(np.float16).astype(np.float32)
    d_min = (minima.max(axis=1, keepdims=True) / 63).astype(np.float16).astype(np.float32)
    six, six_min = (
        np.clip(np.rint(some / np.where(unit, unit, 1)), 0, 63).astype(np.uint8)
        for some, unit in ((scales, d), (minima, d_min))
    )
    scale, minimum = (d * six)[..., None], (d_min * six_min)[..., None]
    codes = np.clip(np.rint((parts + minimum) / np.where(scale, scale, 1)), 0, 15).astype(np.uint8)
    packed_scales = np.empty((len(parts), 12), np.uint8)
    packed_scales[:, 0:4] = six[:, :4] | (six[:, 4:] >> 4) << 6
    packed_scales[:, 4:8] = six_min[:, :4] | (six_min[:, 4:] >> 4) << 6
    packed_scales[:, 8:12] = six[:, 4:] & 15 | (six_min[:, 4:] & 15) << 4
    nibbles = codes[:, 0::2] | codes[:, 1::2] << 4
    halves = np.concatenate([d, d_min], axis=1).astype(np.float16).view(np.uint8)
    blocks = np.concatenate([halves, packed_scales, nibbles.reshape(len(parts), 128)], axis=1)
    rows = blocks.reshape(*values.shape[:-1], -1)
    return rows, (scale * codes - minimum).reshape(values.shape).astype(np.float32)
