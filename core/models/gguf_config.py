"""What a config.json would say of the model in a GGUF file. No torch."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.models.files import ModelFilesError
from core.models.gguf_header import GgufHeader, read_header
from core.models.gguf_model import ROPE_FACTORS, Family, family_of, parameters_of

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
        """A size under a key, from 1.

        Raises:
            ModelFilesError: there is none, or it is no such number.
        """
        value = self.value(key, default)
        if type(value) is not int or not 1 <= value < LARGEST:
            raise self.wrong(f"its {self.architecture}.{key} is {str(value)[:40]}")
        return value

    def number(self, key: str, default: float | None = None) -> float:
        """A positive number under a key.

        Raises:
            ModelFilesError: there is none.
        """
        value = self.value(key, default)
        if not isinstance(value, int | float) or not 0 < value < math.inf:
            raise self.wrong(f"its {self.architecture}.{key} is {str(value)[:40]}")
        return float(f"{value:.7g}")  # a float32 in the file: 1e-05, and not 9.99999974e-06

    def rows(self, tensor: str) -> int:
        """Rows of a matrix that has to be there.

        Raises:
            ModelFilesError: it is not.
        """
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
        name.split(".")[2] for name, _ in parameters_of(said.header.path) if name.startswith("model.layers.")
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
    for parameter in parameters_of(said.header.path):
        *_, module, kind = parameter.name.split(".")
        shape = expected.get(module, (hidden,))
        if parameter.tensor.shape != (shape if kind == "weight" else shape[:1]):
            found, asked = ("x".join(map(str, one)) for one in (parameter.tensor.shape, shape))
            raise said.wrong(f"{parameter.tensor.name} is {found}, and its sizes ask for {asked}")
