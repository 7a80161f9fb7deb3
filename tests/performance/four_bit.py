"""4-bit weights against half and full precision: loading, importance, ablation, reading."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from transformers import PreTrainedModel

from core.ablation import Ablator
from core.importance.scoring import score_importance
from core.masks import Mask
from core.models.loading import LoadedModel, load
from core.models.spec import DType, ModelSpec, Quantization
from core.selection import random_addresses
from core.weights import WeightSpace
from tests.core.tiny_models import word_tokenizer
from tests.performance.comparison import Comparison, seconds_of, time_both
from tests.performance.importance_pass import BATCH_SIZE, random_items
from tests.performance.random_llama import random_llama

K = 0.01
CYCLES = 5
BLOCK = 64
"""Weights that share a scale: the rows of a matrix are whole blocks, as in the models that people use."""


def compare_four_bit(parameters: int) -> list[Comparison]:
    """nf4 against bfloat16 and float32, for a random bfloat16 Llama of about so many parameters."""
    with _saved(parameters) as folder:
        loads = time_both(lambda: _load(folder, "nf4"), lambda: _load(folder, "none", "float32"))
        packed, half, full = (
            _load(folder, "nf4"),
            _load(folder, "none", "bfloat16").model,
            _load(folder, "none", "float32").model,
        )
        return [
            Comparison(
                f"load {packed.info.parameters:,} parameters as nf4",
                "as float32",
                *loads,
                facts={"bytes in memory": packed.info.bytes},
            ),
            _importance(packed.model, half, full),
            _ablation(packed.model, half),
            _reading(packed.model),
        ]


def _importance(packed: PreTrainedModel, half: PreTrainedModel, full: PreTrainedModel) -> Comparison:
    items = random_items(packed.config.vocab_size)

    def scoring(model: PreTrainedModel) -> Callable[[], object]:
        space = WeightSpace(model)
        return lambda: score_importance(model, space, items, loss="answer", batch_size=BATCH_SIZE)

    times = time_both(scoring(packed), scoring(half))
    in_full = seconds_of(scoring(full))
    return Comparison(
        "importance pass, nf4",
        "bfloat16",
        *times,
        checks={"no .grad is held": all(p.grad is None for p in packed.parameters())},
        facts={"items": len(items), "seconds, float32": in_full},
    )


def _ablation(packed: PreTrainedModel, half: PreTrainedModel) -> Comparison:
    space = WeightSpace(packed)
    n = space.number_of_weights(K, "all")
    mask = Mask(random_addresses(space.size, n, seed=0))
    before = [parameter.clone() for parameter in packed.parameters()]

    def cycle(model: PreTrainedModel) -> Callable[[], object]:
        ablator = Ablator(WeightSpace(model))
        return lambda: (ablator.apply(mask), ablator.restore())

    times = time_both(cycle(packed), cycle(half), CYCLES)
    pairs = zip(before, packed.parameters(), strict=True)
    return Comparison(
        "apply + restore, 1 % of the weights, nf4",
        "bfloat16",
        *times,
        checks={"the same bytes afterwards": all(torch.equal(a, b) for a, b in pairs)},
        facts={"weights": n},
    )


def _reading(packed: PreTrainedModel) -> Comparison:
    space = WeightSpace(packed)
    dense = [space.read(matrix) for matrix in space.matrices]
    copies = [torch.empty_like(matrix) for matrix in dense]
    times = time_both(
        lambda: [space.read(matrix) for matrix in space.matrices],
        lambda: [copy.copy_(matrix) for copy, matrix in zip(copies, dense, strict=True)],
        CYCLES,
    )
    speed = space.size / min(times[0]) / 1e6
    return Comparison(
        "dequantize every candidate matrix", "copy it in bfloat16", *times, facts={"M weights/s": speed}
    )


@contextmanager
def _saved(parameters: int) -> Iterator[Path]:
    """The folder of a random bfloat16 checkpoint; gone afterwards."""
    folder = Path(tempfile.mkdtemp())
    try:
        random_llama(parameters, multiple=BLOCK).to(torch.bfloat16).save_pretrained(folder)
        word_tokenizer().save_pretrained(folder)
        yield folder
    finally:
        shutil.rmtree(folder)


def _load(folder: Path, quantization: Quantization, dtype: DType = "auto") -> LoadedModel:
    return load(ModelSpec(str(folder), quantization, dtype, "cpu"))
