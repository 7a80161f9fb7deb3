"""Which devices a model will run on, told without torch."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

DRIVERS: dict[str, tuple[Path, ...]] = {
    "cuda": (Path("/proc/driver/nvidia/version"), Path("/usr/lib/wsl/lib/libcuda.so.1")),
    "hip": (Path("/dev/kfd"),),
}
"""For each platform that a torch may be built for, files of which one is there where its driver is."""

SHARE_OF_FREE = 0.9
"""Of a GPU's free memory, what weights may fill: something has to be left for computing."""


def device_kind(device: str) -> str:
    """`cpu`, `cuda` or another torch device type; `auto` is the first GPU if there is one, else the CPU.

    A guess for `auto`: whoever loads the model compares it with where the model really is. AMD's GPUs are
    `cuda` to torch. Apple's are not chosen by themselves, because nobody has tried them: `mps` has to be
    asked for.
    """
    if device != "auto":
        return device.split(":")[0]
    built_for = _platforms_of_torch()
    found = [name for name in built_for if any(path.exists() for path in DRIVERS[name])]
    return "cuda" if found else "cpu"


def layers_over_gpus(
    config: Mapping[str, Any], weights_bytes: int, dtype_bytes: int, free_bytes: Sequence[int]
) -> dict[str, int] | None:
    """The number of the GPU for each part of a model that the first GPU cannot hold; None if it can.

    Consecutive layers stay together, and each GPU gets as much as its free memory is of all. What comes
    before and after the layers is on the first: so ids, last hidden states and logits are where one looks for
    them, and only the layers' own are elsewhere.

    Args:
        config: of a Llama, Qwen2 or Mistral.
        weights_bytes: of all weights in memory.
        dtype_bytes: of one number of the embedding.
        free_bytes: of each GPU.

    Raises:
        ValueError: all GPUs together cannot hold it.
    """
    if len(free_bytes) < 2 or weights_bytes <= SHARE_OF_FREE * free_bytes[0]:
        return None
    if weights_bytes > SHARE_OF_FREE * sum(free_bytes):
        raise ValueError(no_room(weights_bytes, sum(free_bytes), f"all {len(free_bytes)} GPUs together"))
    layers = int(config["num_hidden_layers"])
    ends = 1 if config.get("tie_word_embeddings") else 2
    ends_bytes = ends * config["vocab_size"] * config["hidden_size"] * dtype_bytes
    layer_bytes = max(0, weights_bytes - ends_bytes) / layers
    places = dict.fromkeys(("model.embed_tokens", "model.rotary_emb", "model.norm", "lm_head"), 0)
    shares = [one / sum(free_bytes) * weights_bytes for one in free_bytes]
    gpu, end = 0, shares[0]
    for number in range(layers):
        while ends_bytes + (number + 0.5) * layer_bytes > end and gpu < len(shares) - 1:
            gpu += 1
            end += shares[gpu]
        places[f"model.layers.{number}"] = gpu
    return places


def no_room(weights_bytes: int, free_bytes: int, where: str) -> str:
    """One sentence for weights that do not fit, and what to do."""
    return (
        f"The weights take {weights_bytes / 1e9:.1f} GB, and {free_bytes / 1e9:.1f} GB are free on {where}: "
        "use --quantization nf4 or a smaller model, close what else uses the memory, or give --device cpu."
    )


def _platforms_of_torch() -> list[str]:
    """The platforms that the installed torch is built for; all if it does not say."""
    found = importlib.util.find_spec("torch")
    path = Path(found.origin).with_name("version.py") if found and found.origin else None
    if path is None or not path.is_file():
        return list(DRIVERS)
    text = path.read_text(encoding="utf-8")
    return [name for name in DRIVERS if re.search(rf"^{name}\b[^=\n]*= *['\"]", text, re.MULTILINE)]
