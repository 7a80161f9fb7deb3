"""What an importance pass takes of main memory beside weights and maps, against what the plan says.

    python -m tests.performance.importance_memory SETTINGS

prints the measured and the estimated bytes as JSON. It has to be a process of its own, with
MALLOC_MMAP_THRESHOLD_=65536, so that the peak is that of one pass and no freed memory is kept.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from core.importance.plan import ImportancePlan, ItemsShape, ModelShape, activation_bytes, batch_tokens
from core.importance.scoring import score_importance
from core.importance.scoring_rule import Loss
from core.inference.encoding import EncodedChoice
from core.models.weight_space import WeightSpace
from tests.performance.peaks import peak_memory_bytes


@dataclass(frozen=True)
class Settings:
    """A random Llama and its items."""

    dtype: str = "float32"
    loss: Loss = "margin"
    checkpointing: bool = False
    keys: int = 2
    """Heads of keys; of queries there are 8."""
    vocabulary: int = 1000
    hidden: int = 256
    layers: int = 6
    tokens: int = 128
    rows: int = 16
    """Rows in a batch, an item each."""


@dataclass(frozen=True)
class Taken:
    """Bytes of a batch, beside weights and maps."""

    measured: int
    estimated: int


def taken_in_a_process(settings: Settings) -> Taken | None:
    """What a pass takes in a fresh process; None where the system does not tell the peak."""
    command = [sys.executable, "-m", "tests.performance.importance_memory", json.dumps(asdict(settings))]
    variables = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    return None if found is None else Taken(**found)


def _measure(settings: Settings) -> Taken | None:
    torch.set_num_threads(1)
    config = LlamaConfig(
        vocab_size=settings.vocabulary,
        hidden_size=settings.hidden,
        intermediate_size=3 * settings.hidden,
        num_hidden_layers=settings.layers,
        num_attention_heads=8,
        num_key_value_heads=settings.keys,
        max_position_embeddings=512,
    )
    model = LlamaForCausalLM(config).eval().requires_grad_(False).to(getattr(torch, settings.dtype))
    space = WeightSpace(model)
    plan = ImportancePlan(
        ((0, settings.layers),), "host", scoring_batch=settings.rows, checkpointing=settings.checkpointing
    )
    # What is there once the code is loaded and the maps are filled.
    kept = score_importance(model, space, _items(settings, 2, 9), loss=settings.loss, plan=plan)
    del kept
    maps = 8 * space.size
    before = _resident_bytes()
    items = _items(settings, 2 * settings.rows, settings.tokens)
    score_importance(model, space, items, loss=settings.loss, plan=plan)
    peak = peak_memory_bytes()
    if peak is None or before is None:
        return None
    shape = ModelShape.of(space.matrices, config.vocab_size, settings.dtype, is_four_bit=False)
    items_shape = ItemsShape.of(items, settings.loss, 512)
    tokens = batch_tokens(items_shape, settings.rows, on_gpu=False)
    positions = settings.rows * items_shape.counted
    estimated = activation_bytes(shape, tokens, positions, 0, checkpointing=settings.checkpointing)
    return Taken(peak - before - maps, estimated)


def _items(settings: Settings, n: int, tokens: int) -> list[EncodedChoice]:
    rng = random.Random(0)

    def some(length: int) -> tuple[int, ...]:
        return tuple(rng.randrange(settings.vocabulary) for _ in range(length))

    return [EncodedChoice(str(i), some(tokens - 1), tuple(some(2) for _ in range(4)), 0) for i in range(n)]


def _resident_bytes() -> int | None:
    status = Path("/proc/self/status")
    for line in status.read_text().splitlines() if status.exists() else []:
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return None


if __name__ == "__main__":
    taken = _measure(Settings(**json.loads(sys.argv[1])))
    sys.stdout.write(json.dumps(taken and asdict(taken)))
