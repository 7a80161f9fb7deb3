"""A GGUF file: its metadata, where its tensors lie, the config and names they stand for. No torch.

The `gguf` package's own reader takes 2 to 14 s for the vocabulary of a real model, one small array for each
token, and a header that lies about a length makes it allocate without end.

llama.cpp's converter renames tensors, turns the rows of q and k of a Llama into another order, and adds 1 to
the norms of a Gemma. Names and config are translated back here, values where the weights are loaded.
"""

from __future__ import annotations

import math
import mmap
import re
import struct
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.models.files import ModelFilesError

VERSIONS = (2, 3)

SCALARS: dict[int, str] = {
    **{0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i"},
    **{6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"},
}
"""The numbers that metadata may be, by their code in the file, as `struct` names them."""

STRING, ARRAY = 8, 9

SHORT_ARRAY = 64
"""Numbers of an array that are kept; longer ones belong to the tokenizer."""

MOST_DIMENSIONS = 4

DEFAULT_ALIGNMENT = 32

TOKENS = "tokenizer.ggml.tokens"
"""Key of the vocabulary."""

SPECIAL_NAMES = {"unknown": "unk", "padding": "pad"}
"""What transformers calls special tokens, where llama.cpp has other words."""


@dataclass(frozen=True)
class GgufTensor:
    """A tensor of a GGUF file."""

    name: str
    """As llama.cpp calls it, such as `blk.0.attn_q.weight`."""
    shape: tuple[int, ...]
    """As torch has it: rows, then columns."""
    kind: str
    """How it is stored: `F32`, `Q8_0`, `Q4_K` …"""
    start: int
    """Its first byte in the file."""
    size_bytes: int


@dataclass(frozen=True)
class GgufHeader:
    """What a GGUF file says of itself."""

    path: Path
    metadata: Mapping[str, Any]
    """Numbers, words and short arrays; of a longer array its length."""
    arrays: Mapping[str, tuple[str, int, int]]
    """Each longer array's number code (empty for strings), first byte and length."""
    tensors: tuple[GgufTensor, ...]

    def texts(self, key: str) -> list[str]:
        """The strings of an array, read from the file; empty if there is none."""
        code, start, count = self.arrays.get(key, ("", 0, 0))
        with _Bytes(self.path) as data:
            data.at = start
            return [] if code else [data.string() for _ in range(count)]

    def numbers(self, key: str) -> tuple[Any, ...]:
        """The numbers of an array, read from the file; empty if there is none."""
        if isinstance(short := self.metadata.get(key), tuple):
            return short
        code, start, count = self.arrays.get(key, ("", 0, 0))
        with _Bytes(self.path) as data:
            data.at = start
            return data.numbers(code, count) if code else ()


def read_header(path: Path) -> GgufHeader:
    """The header of a file, which is remembered until the file changes.

    Raises:
        ModelFilesError: it is no GGUF file, not whole, or its version or a tensor's type is not known.
    """
    status = path.stat()
    return _read(path, status.st_size, status.st_mtime_ns, status.st_ino)


@lru_cache(maxsize=4)
def _read(path: Path, size: int, changed: int, number: int) -> GgufHeader:
    if size < 24:
        raise _not_whole(path, "it is too short")
    try:
        with _Bytes(path) as data:
            return _header(path, data)
    except ModelFilesError:
        raise
    except (struct.error, ValueError, OverflowError) as error:
        raise _not_whole(path, "its header ends early or holds nonsense") from error


def _header(path: Path, data: _Bytes) -> GgufHeader:
    magic = data.take(4)
    if magic != b"GGUF":
        raise ModelFilesError(f"{path} is no GGUF file, whatever its name says: give another file.")
    version = data.number("I")
    if version not in VERSIONS:
        raise ModelFilesError(
            f"{path} is GGUF of version {version} or of another byte order, and versions 2 and 3 are read: "
            "convert the model again."
        )
    tensor_count, entry_count = data.number("Q"), data.number("Q")
    metadata: dict[str, Any] = {}
    arrays: dict[str, tuple[str, int, int]] = {}
    for _ in range(entry_count):
        key = data.string()
        if key in metadata:
            raise _not_whole(path, f"it says {key} twice")
        metadata[key] = _value(data, data.number("I"), key, arrays)
    found = [_tensor_entry(data) for _ in range(tensor_count)]
    alignment = metadata.get("general.alignment", DEFAULT_ALIGNMENT)
    if not isinstance(alignment, int) or alignment < 1:
        raise _not_whole(path, f"its alignment is {alignment}")
    data_start = -(-data.at // alignment) * alignment
    tensors = tuple(_tensor(path, entry, data_start, data.size) for entry in found)
    if len({tensor.name for tensor in tensors}) < len(tensors):
        raise _not_whole(path, "two of its tensors have one name")
    return GgufHeader(path, metadata, arrays, tensors)


def _value(data: _Bytes, kind: int, key: str, arrays: dict[str, tuple[str, int, int]]) -> Any:
    if kind == STRING:
        return data.string()
    if kind != ARRAY:
        return data.number(SCALARS.get(kind) or _unknown(kind))
    inner, count = data.number("I"), data.number("Q")
    if inner == STRING:
        arrays[key] = ("", data.at, count)
        for _ in range(count):
            data.skip(data.number("Q"))
        return count
    code = SCALARS.get(inner) or _unknown(inner)
    if count <= SHORT_ARRAY:
        return data.numbers(code, count)
    arrays[key] = (code, data.at, count)
    data.skip(count * struct.calcsize(f"<{code}"))
    return count


def _unknown(kind: int) -> str:
    raise ValueError(f"metadata of type {kind}")


def _tensor_entry(data: _Bytes) -> tuple[str, tuple[int, ...], int, int]:
    """Name, shape, code of its type, and offset in the part of the tensors."""
    name, dimensions = data.string(), data.number("I")
    if not 1 <= dimensions <= MOST_DIMENSIONS:
        raise ValueError(f"{dimensions} dimensions")
    shape = tuple(data.number("Q") for _ in range(dimensions))
    return name, shape[::-1], data.number("I"), data.number("Q")


def _tensor(
    path: Path, entry: tuple[str, tuple[int, ...], int, int], data_start: int, size: int
) -> GgufTensor:
    from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType

    name, shape, code, offset = entry
    try:
        kind = GGMLQuantizationType(code)
    except ValueError as error:
        raise ModelFilesError(
            f"{path} stores {name} as type {code}, which is not known: use a file of a common type, such as "
            "Q8_0 or Q4_K_M."
        ) from error
    block, block_bytes = GGML_QUANT_SIZES[kind]
    if min(shape) < 1 or shape[-1] % block:
        raise _not_whole(path, f"the shape of {name} is {'x'.join(map(str, shape))}")
    tensor = GgufTensor(name, shape, kind.name, data_start + offset, math.prod(shape) // block * block_bytes)
    if tensor.start + tensor.size_bytes > size:
        raise _not_whole(path, f"{name} goes beyond its end")
    return tensor


def _not_whole(path: Path, why: str) -> ModelFilesError:
    return ModelFilesError(f"{path} is not a whole GGUF file ({why}): copy or download it again.")


def special_tokens(header: GgufHeader) -> dict[str, str]:
    """The special tokens that a file names, such as `bos_token`, by the texts in its vocabulary.

    Raises:
        ModelFilesError: it names one that its vocabulary does not have.
    """
    texts, found = header.texts(TOKENS), {}
    for name in ("bos", "eos", "unknown", "padding"):
        number = header.metadata.get(f"tokenizer.ggml.{name}_token_id")
        if number is None:
            continue
        if type(number) is not int or not 0 <= number < len(texts):
            raise _not_whole(header.path, f"its {name} token is {number} of {len(texts):,} tokens")
        found[f"{SPECIAL_NAMES.get(name, name)}_token"] = texts[number]
    return found


class _Bytes:
    """Reads a file from front to back; struct.error or ValueError beyond its end."""

    def __init__(self, path: Path) -> None:
        self._path, self.at = path, 0

    def __enter__(self) -> _Bytes:
        with self._path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.size = len(self._map)
        return self

    def __exit__(self, *_: object) -> None:
        self._map.close()

    def number(self, code: str) -> Any:
        """The next number, little-endian."""
        form = f"<{code}"
        (value,) = struct.unpack_from(form, self._map, self.at)
        self.at += struct.calcsize(form)
        return value

    def numbers(self, code: str, count: int) -> tuple[Any, ...]:
        """The next so many numbers."""
        return struct.unpack(f"<{count}{code}", self.take(count * struct.calcsize(f"<{code}")))

    def take(self, count: int) -> bytes:
        """The next so many bytes."""
        start = self.at
        self.skip(count)
        return self._map[start : self.at]

    def skip(self, count: int) -> None:
        """Goes on by so many bytes."""
        if count > self.size - self.at:
            raise ValueError("beyond the end")
        self.at += count

    def string(self) -> str:
        """The next string."""
        return self.take(self.number("Q")).decode()


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


def parameters_of(path: Path) -> dict[str, GgufTensor]:
    """The tensors in a file by the names of the parameters that they are, in the file's order.

    Raises:
        ModelFilesError: the file cannot be read, or holds a tensor of another kind of model.
    """
    family, header = family_of(path), read_header(path)
    return {
        _parameter_name(path, tensor.name, family): tensor
        for tensor in header.tensors
        if tensor.name != ROPE_FACTORS
    }


def _parameter_name(path: Path, name: str, family: Family) -> str:
    layer = re.fullmatch(r"blk\.(0|[1-9]\d{0,5})\.(\w+)\.(weight|bias)", name)
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


LARGEST = 1 << 31
"""Every size that a file says is smaller."""

LOW_FREQUENCY, HIGH_FREQUENCY, TRAINED_POSITIONS = 1.0, 4.0, 8192
"""How positions are stretched in every Llama 3.1 and 3.2; the factor is in the file."""

GEMMA_LOCAL_THETA = 10000.0
"""Base of the positions in the layers of a Gemma 3 that see a window only."""

OTHER_SCALES = ("attention.scale", "residual_scale", "logit_scale", "embedding_scale", "attention.clamp_kqv")
"""Factors that none of the families has."""

LARGEST_GEMMAS = {("gemma2", 46), ("gemma3_text", 62)}
"""Those of 27 B parameters, by layers: their scale of attention is that of another width of a head."""


class _Said:
    """What a header says, by the keys of its architecture; messages name the file."""

    def __init__(self, header: GgufHeader) -> None:
        self.header = header
        self.architecture = str(header.metadata["general.architecture"])
        self._shapes = {tensor.name: tensor.shape for tensor in header.tensors}

    def value(self, key: str, default: Any = None) -> Any:
        """What it says under a key."""
        return self.header.metadata.get(f"{self.architecture}.{key}", default)

    def size(self, key: str, default: int | None = None) -> int:
        """A size under a key, from 1."""
        value = self.value(key, default)
        if type(value) is not int or not 1 <= value < LARGEST:
            raise self.wrong(f"its {self.architecture}.{key} is {str(value)[:40]}")
        return value

    def number(self, key: str, default: float | None = None) -> float:
        """A positive number under a key."""
        value = self.value(key, default)
        if not isinstance(value, int | float) or not 0 < value < math.inf:
            raise self.wrong(f"its {self.architecture}.{key} is {str(value)[:40]}")
        return float(f"{value:.7g}")  # a float32 in the file: 1e-05, and not 9.99999974e-06

    def rows(self, tensor: str) -> int:
        """Rows of a matrix that has to be there."""
        if len(self._shapes.get(tensor, ())) != 2:
            raise self.wrong(f"it has no matrix {tensor}")
        return self._shapes[tensor][0]

    def has(self, tensor: str) -> bool:
        """Whether it has a tensor."""
        return tensor in self._shapes

    def token(self, name: str) -> int | None:
        """The id of a special token; None if it has none."""
        value = self.header.metadata.get(f"tokenizer.ggml.{name}_token_id")
        return value if type(value) is int else None

    def end_tokens(self) -> list[int]:
        """The ids of the tokens that end a text, a turn or a message."""
        found = map(self.token, ("eos", "eot", "eom"))
        return list(dict.fromkeys(token for token in found if token is not None))

    def wrong(self, why: str) -> ModelFilesError:
        """Error for a file that makes no sense."""
        return ModelFilesError(f"{self.header.path} describes no model ({why}): copy or download it again.")


def gguf_config(path: Path) -> dict[str, Any]:
    """What a config.json would say of a file's model.

    Raises:
        ModelFilesError: the file cannot be read, is not supported, or contradicts itself.
    """
    family = family_of(path)
    said = _Said(read_header(path))
    heads, hidden = said.size("attention.head_count"), said.size("embedding_length")
    rotated = said.size("rope.dimension_count", said.size("attention.key_length", max(1, hidden // heads)))
    config: dict[str, Any] = {
        "model_type": family.model_type,
        "num_hidden_layers": said.size("block_count"),
        "hidden_size": hidden,
        "intermediate_size": said.size("feed_forward_length"),
        "num_attention_heads": heads,
        "num_key_value_heads": said.size("attention.head_count_kv", heads),
        "head_dim": said.size("attention.key_length", rotated),
        "max_position_embeddings": said.size("context_length"),
        "rms_norm_eps": said.number("attention.layer_norm_rms_epsilon"),
        "vocab_size": said.rows("token_embd.weight"),
        "tie_word_embeddings": not said.has("output.weight"),
        "bos_token_id": said.token("bos"),
        "eos_token_id": said.end_tokens() or None,
        "pad_token_id": said.token("padding"),
    }
    _refuse_untested(said, config)
    if config["head_dim"] != rotated:
        raise said.wrong(f"{rotated} of {config['head_dim']} dimensions of a head have positions")
    config["rope_parameters"] = _rope(said, config["head_dim"])
    if family.model_type in _EXTRAS:
        config |= _EXTRAS[family.model_type](said, config)
    _check_names(said, family, config["num_hidden_layers"])
    _check_shapes(said, config)
    return config


def _refuse_untested(said: _Said, config: dict[str, Any]) -> None:
    """Refuses a file that asks for another computation than the tested ones."""
    window = said.value("attention.sliding_window")
    for key, is_other in {
        **{key: said.value(key) is not None for key in OTHER_SCALES},
        "attention.causal": said.value("attention.causal", True) is not True,
        "attention.sliding_window": "gemma" not in config["model_type"]
        and isinstance(window, int)
        and window < config["max_position_embeddings"],
    }.items():
        if is_other:
            raise ModelFilesError(
                f"{said.header.path} sets {said.architecture}.{key}, which is not tested as GGUF: use the "
                "original checkpoint."
            )


def _rope(said: _Said, head_dim: int) -> dict[str, Any]:
    """The parameters of rotary positions."""
    theta = said.number("rope.freq_base", 10000.0)
    old_factor = said.value("rope.scale_linear")
    kind = said.value("rope.scaling.type", "linear" if old_factor else "none")
    if said.has(ROPE_FACTORS):
        return {"rope_theta": theta, **_llama3(said, theta, head_dim)}
    if kind == "linear":
        factor = said.number("rope.scaling.factor", old_factor)
        return {"rope_theta": theta, "rope_type": "linear", "factor": factor}
    if kind != "none":
        raise ModelFilesError(
            f"{said.header.path} stretches positions by '{str(kind)[:40]}', which is not tested as GGUF: use "
            "the original checkpoint."
        )
    return {"rope_theta": theta, "rope_type": "default"}


def _llama3(said: _Said, theta: float, head_dim: int) -> dict[str, Any]:
    """How Llama 3.1 stretches positions, checked against the factor that the file has for each frequency."""
    import numpy as np

    tensor = next(one for one in said.header.tensors if one.name == ROPE_FACTORS)
    if tensor.kind != "F32" or tensor.shape != (head_dim // 2,):
        raise said.wrong(f"its {ROPE_FACTORS} has another form than the heads")
    found = np.fromfile(said.header.path, "<f4", count=tensor.shape[0], offset=tensor.start)
    factor = float(found.max())
    wavelengths = 2 * math.pi * theta ** (np.arange(0, head_dim, 2) / head_dim)
    turns = TRAINED_POSITIONS / wavelengths
    smooth = np.clip((turns - LOW_FREQUENCY) / (HIGH_FREQUENCY - LOW_FREQUENCY), 0, 1)
    if not np.allclose(found, 1 / ((1 - smooth) / factor + smooth), rtol=1e-3):
        raise ModelFilesError(
            f"{said.header.path} stretches positions in another way than Llama 3.1 and 3.2, which is not "
            "tested: use the original checkpoint."
        )
    return {
        "rope_type": "llama3",
        "factor": factor,
        "low_freq_factor": LOW_FREQUENCY,
        "high_freq_factor": HIGH_FREQUENCY,
        "original_max_position_embeddings": TRAINED_POSITIONS,
    }


def _llama(said: _Said, config: dict[str, Any]) -> dict[str, Any]:
    return {
        "attention_bias": said.has("blk.0.attn_q.bias"),
        "mlp_bias": said.has("blk.0.ffn_up.bias"),
    }


def _qwen3(said: _Said, config: dict[str, Any]) -> dict[str, Any]:
    return {"attention_bias": said.has("blk.0.attn_q.bias")}


def _gemma2(said: _Said, config: dict[str, Any]) -> dict[str, Any]:
    return {
        "sliding_window": said.size("attention.sliding_window"),
        "attn_logit_softcapping": said.number("attn_logit_softcapping", 50.0),
        "final_logit_softcapping": said.number("final_logit_softcapping", 30.0),
        "query_pre_attn_scalar": _attention_scale(config),
    }


def _gemma3(said: _Said, config: dict[str, Any]) -> dict[str, Any]:
    local = {"rope_theta": said.number("rope.freq_base_swa", GEMMA_LOCAL_THETA), "rope_type": "default"}
    return {
        "sliding_window": said.size("attention.sliding_window"),
        "query_pre_attn_scalar": _attention_scale(config),
        "rope_parameters": {"full_attention": config["rope_parameters"], "sliding_attention": local},
    }


def _attention_scale(config: dict[str, Any]) -> int:
    """The width of a head by whose root queries are divided."""
    if (config["model_type"], config["num_hidden_layers"]) in LARGEST_GEMMAS:
        return int(config["hidden_size"] // config["num_attention_heads"])
    return int(config["head_dim"])


_EXTRAS: dict[str, Callable[[_Said, dict[str, Any]], dict[str, Any]]] = {
    "llama": _llama,
    "qwen3": _qwen3,
    "gemma2": _gemma2,
    "gemma3_text": _gemma3,
}


def _check_names(said: _Said, family: Family, layers: int) -> None:
    """Refuses a file that has another number of layers than it says, or lacks a tensor."""
    numbers = {
        name.split(".")[2] for name in parameters_of(said.header.path) if name.startswith("model.layers.")
    }
    if len(numbers) != layers:
        raise said.wrong(f"it has tensors of {len(numbers)} layers, and says {layers}")
    in_layers = (f"blk.{layer}.{name}.weight" for layer in range(layers) for name in family.names)
    for name in ("token_embd.weight", "output_norm.weight", *in_layers):
        if not said.has(name):
            raise said.wrong(f"it lacks {name}")


def _check_shapes(said: _Said, config: dict[str, Any]) -> None:
    """Refuses a file whose tensors have other shapes than the config asks for.

    Loading would build what the config says first, however large that is.
    """
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    width = config["num_attention_heads"] * config["head_dim"]
    kv_width = config["num_key_value_heads"] * config["head_dim"]
    expected = {
        "embed_tokens": (config["vocab_size"], hidden),
        "lm_head": (config["vocab_size"], hidden),
        "q_proj": (width, hidden),
        "k_proj": (kv_width, hidden),
        "v_proj": (kv_width, hidden),
        "o_proj": (hidden, width),
        "gate_proj": (inner, hidden),
        "up_proj": (inner, hidden),
        "down_proj": (hidden, inner),
        "q_norm": (config["head_dim"],),
        "k_norm": (config["head_dim"],),
    }
    if config["num_attention_heads"] % config["num_key_value_heads"]:
        raise said.wrong(
            f"it has {config['num_attention_heads']} heads for {config['num_key_value_heads']} of keys"
        )
    for name, tensor in parameters_of(said.header.path).items():
        *_, module, kind = name.split(".")
        shape = expected.get(module, (hidden,))
        if tensor.shape != (shape if kind == "weight" else shape[:1]):
            found, asked = ("x".join(map(str, one)) for one in (tensor.shape, shape))
            raise said.wrong(f"{tensor.name} is {found}, and its sizes ask for {asked}")
