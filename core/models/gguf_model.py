"""The families of models that are read from GGUF, and the Hugging Face names of their parameters. No torch.

llama.cpp's converter renames tensors, turns the rows of q and k of a Llama into another order, and adds 1 to
the norms of a Gemma. Names are translated back here, the config in `gguf_config`, values in `gguf_weights`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from core.models.files import ModelFilesError
from core.models.gguf_header import GgufTensor, read_header

OUTSIDE: dict[str, str] = {
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
    "output": "lm_head",
}
"""llama.cpp's and Hugging Face's names of the modules outside of the layers."""

IN_A_LAYER: dict[str, str] = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
"""The same within a layer."""

HEAD_NORMS = {"attn_q_norm": "self_attn.q_norm", "attn_k_norm": "self_attn.k_norm"}

FOUR_NORMS = {
    "post_attention_norm": "post_attention_layernorm",
    "ffn_norm": "pre_feedforward_layernorm",
    "post_ffw_norm": "post_feedforward_layernorm",
}
"""Where a layer of Gemma 2 and 3 differs: it has a norm before and after each block."""

ROPE_FACTORS = "rope_freqs.weight"
"""The tensor with which llama.cpp stretches the positions of Llama 3.1 and later."""


@dataclass(frozen=True)
class Family:
    """The models that llama.cpp calls by one name."""

    model_type: str
    """As in a config.json."""
    names: Mapping[str, str]
    """Names of the modules of a layer: llama.cpp's, and Hugging Face's."""
    permutes: bool = False
    """Whether the rows of q and k are in another order."""
    adds_one: bool = False
    """Whether norms are stored with 1 added."""


FAMILIES: dict[str, Family] = {
    "llama": Family("llama", IN_A_LAYER, permutes=True),
    "qwen2": Family("qwen2", IN_A_LAYER),
    "qwen3": Family("qwen3", IN_A_LAYER | HEAD_NORMS),
    "gemma": Family("gemma", IN_A_LAYER, adds_one=True),
    "gemma2": Family("gemma2", IN_A_LAYER | FOUR_NORMS, adds_one=True),
    "gemma3": Family("gemma3_text", IN_A_LAYER | HEAD_NORMS | FOUR_NORMS, adds_one=True),
}
"""The supported architectures, by llama.cpp's names."""


class GgufParameter(NamedTuple):
    """A parameter of the model, and the tensor that it comes from."""

    name: str
    """As in a Hugging Face model."""
    tensor: GgufTensor


def family_of(path: Path) -> Family:
    """The family of a file's model.

    Raises:
        ModelFilesError: the file cannot be read, or its architecture is not supported.
    """
    header = read_header(path)
    word = header.metadata.get("general.architecture")
    if word not in FAMILIES:
        raise ModelFilesError(
            f"{path} is a model of architecture '{str(word)[:40]}', which is not tested as GGUF: use one of "
            f"{', '.join(FAMILIES)}, or the original checkpoint."
        )
    parts = header.metadata.get("split.count", 1)
    if parts != 1:
        raise ModelFilesError(
            f"{path} is one of {parts} parts: join them with llama-gguf-split --merge, and give the "
            "whole file."
        )
    return FAMILIES[word]


def parameters_of(path: Path) -> Iterator[GgufParameter]:
    """The parameters in a file, in its order.

    Raises:
        ModelFilesError: the file cannot be read, or holds a tensor of another kind of model.
    """
    family, header = family_of(path), read_header(path)
    for tensor in header.tensors:
        if tensor.name != ROPE_FACTORS:
            yield GgufParameter(_parameter_name(path, tensor.name, family), tensor)


def _parameter_name(path: Path, name: str, family: Family) -> str:
    layer = re.fullmatch(r"blk\.(\d{1,6})\.(\w+)\.(weight|bias)", name)
    if layer and layer[2] in family.names:
        return f"model.layers.{int(layer[1])}.{family.names[layer[2]]}.{layer[3]}"
    module, _, kind = name.rpartition(".")
    if kind == "weight" and module in OUTSIDE:
        return f"{OUTSIDE[module]}.{kind}"
    raise ModelFilesError(
        f"{path} holds {name[:60]}, which no {family.model_type} that is tested has: use a model without "
        "experts, or the original checkpoint."
    )


def file_type(path: Path) -> str:
    """How a file stores most weights, as llama.cpp calls it, such as `Q4_K_M`.

    Raises:
        ModelFilesError: the file cannot be read.
    """
    from gguf.constants import LlamaFileType

    header = read_header(path)
    try:
        name = LlamaFileType(header.metadata["general.file_type"]).name
        return name.removeprefix("MOSTLY_").removeprefix("ALL_")
    except (KeyError, ValueError):  # it does not say, or says a type of its own
        sizes: Counter[str] = Counter()
        for tensor in header.tensors:
            sizes[tensor.kind] += tensor.size_bytes
        return sizes.most_common(1)[0][0]
