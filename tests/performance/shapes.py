"""The shapes of the random models: those of models that people use, or a size."""

from __future__ import annotations

import re
from typing import Any

from transformers import LlamaConfig, MistralConfig, PretrainedConfig, Qwen2Config

UNITS = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9}
VOCABULARY = 2048
LAYERS = 6
HEAD_SIZE = 32
WIDTHS = range(64, 16384, 64)
"""Multiples of what 4-bit weights share a scale in."""

LONGEST = 4096
"""Tokens of a row; more are never asked for."""

EIGHT_BILLION: dict[str, Any] = {
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "max_position_embeddings": LONGEST,
}
NAMED: dict[str, tuple[Any, dict[str, Any]]] = {
    "llama-3.1-8b": (LlamaConfig, {**EIGHT_BILLION, "vocab_size": 128256}),
    "mistral-7b": (MistralConfig, {**EIGHT_BILLION, "vocab_size": 32768, "sliding_window": None}),
    "qwen2.5-7b": (
        Qwen2Config,
        {
            "vocab_size": 152064,
            "hidden_size": 3584,
            "intermediate_size": 18944,
            "num_hidden_layers": 28,
            "num_attention_heads": 28,
            "num_key_value_heads": 4,
            "max_position_embeddings": LONGEST,
        },
    ),
}


def config_of(shape: str) -> PretrainedConfig:
    """The config of a named shape, or of a Llama with about so many parameters, such as `100M`.

    Raises:
        ValueError: it is neither.
    """
    if shape in NAMED:
        config_class, settings = NAMED[shape]
        return config_class(**settings)
    return _llama_config(_number(shape))


def _number(text: str) -> int:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([KMB]?)", text)
    if not match:
        raise ValueError(
            f"'{text}' is no shape: give {', '.join(NAMED)}, or a number of parameters such as 16M."
        )
    return int(float(match[1]) * UNITS[match[2]])


def _llama_config(parameters: int) -> PretrainedConfig:
    hidden = min(WIDTHS, key=lambda width: abs(_parameters(width) - parameters))
    return LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=hidden,
        intermediate_size=3 * hidden,
        num_hidden_layers=LAYERS,
        num_attention_heads=hidden // HEAD_SIZE,
        max_position_embeddings=LONGEST,
    )


def _parameters(hidden: int) -> int:
    """Parameters of a model of that width: four square matrices and three of the MLP a layer, two outside."""
    return LAYERS * 13 * hidden**2 + 2 * VOCABULARY * hidden
