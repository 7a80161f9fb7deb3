"""The exact selection of the top weights, from signed maps, against torch.topk of all scores at once."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from core.importance.maps import MatrixScores
from core.masks.ranking import top_ranking
from tests.performance.clock import Clock
from tests.performance.figures import Aim, Figure, Measured, ratio
from tests.performance.subject import Scale

MATRICES = 50
AIM_ON_CPU = 60 / 7
AIM_ON_GPU = 5 / 7
"""Seconds for 1e9 weights: 7e9 in a minute on two threads, in 5 s where there is a GPU."""


def measure_selection(device: torch.device, scale: Scale) -> Measured:
    """`top_ranking` against `cat`, `abs` and `topk`; both give the greatest value first.

    The maps lie in main memory, as importance leaves them; on a GPU they are ranked there once more.
    """
    clock = Clock(device, scale.repeats)
    products, n = _products(scale.scores), int(scale.scores * scale.k)
    extra = clock.peak_of(lambda: _top(products, n)).process_bytes
    figures = []
    if scale.is_compared:
        seconds, plain_s = clock.best_of_both(lambda: _top(products, n), lambda: _plain_top(products, n))
        plain_extra = clock.peak_of(lambda: _plain_top(products, n)).process_bytes
        figures = [
            Figure("x as fast as cat + topk", ratio(plain_s, seconds), Aim(10, at_least=True)),
            Figure("x the extra memory of cat + topk", ratio(extra, plain_extra), Aim(0.01)),
        ]
    else:
        seconds = clock.best(lambda: _top(products, n))
    on_gpu = device.type == "cuda"
    figures = [
        Figure("s for 1e9 weights", 1e9 * seconds / scale.scores, Aim(AIM_ON_GPU if on_gpu else AIM_ON_CPU)),
        Figure("extra memory, MB", ratio(extra, 1e6)),
        *figures,
    ]
    if on_gpu:
        figures.append(Figure("s for 1e9 weights, maps on the GPU", _on_gpu(products, n, clock)))
    return Measured(
        "selection",
        tuple(figures),
        {"seconds": seconds, "extra bytes": extra},
        {"the values are those of topk": _is_equal(products, n)} if scale.is_compared else {},
        size=f"{n:,} of {scale.scores:,}",
    )


def _top(products: Sequence[Tensor], n: int) -> Tensor:
    return top_ranking([MatrixScores(tensor) for tensor in products], n)


def _plain_top(products: Sequence[Tensor], n: int) -> Tensor:
    return torch.cat([tensor.view(-1) for tensor in products]).abs_().topk(n).indices


def _on_gpu(products: Sequence[Tensor], n: int, clock: Clock) -> float:
    there = [tensor.to(clock.device) for tensor in products]
    return 1e9 * clock.best(lambda: _top(there, n)) / sum(map(Tensor.numel, there))


def _is_equal(products: Sequence[Tensor], n: int) -> bool:
    flat = torch.cat([tensor.view(-1) for tensor in products]).abs_()
    return torch.equal(flat[_top(products, n)], flat[_plain_top(products, n)])


def _products(total: int) -> list[Tensor]:
    """Products of two normal variables, as of gradients and weights; always the same."""
    generator = torch.Generator().manual_seed(0)
    side = (total // MATRICES,)
    return [
        torch.randn(side, generator=generator).mul_(torch.randn(side, generator=generator))
        for _ in range(MATRICES)
    ]
