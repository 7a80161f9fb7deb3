"""The exact selection of the top 1 %, from signed maps, against torch.topk of all scores in one tensor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import torch
from torch import Tensor

from core.importance.maps import MatrixScores
from core.selection import top_ranking
from tests.performance.comparison import Comparison, time_both
from tests.performance.machine import peak_memory_bytes

SCORES = 10_000_000
MATRICES = 50
SELECTED = SCORES // 100


def compare_selection() -> Comparison:
    """`top_ranking` against `cat`, `abs` and `topk`; both give the greatest value first."""
    products = _products(SCORES)
    times = time_both(lambda: _top(products, SELECTED), lambda: _plain_top(products, SELECTED))
    found, truth = _top(products, SELECTED), _plain_top(products, SELECTED)
    flat = torch.cat([tensor.view(-1) for tensor in products]).abs_()
    return Comparison(
        f"exact selection, 1 % of {SCORES:,} float32",
        "cat + abs + torch.topk",
        *times,
        checks={"equal values": torch.equal(flat[found], flat[truth])},
        facts={
            "bytes of scores": 4 * SCORES,
            "peak extra bytes, ours": _peak_extra_bytes(_top),
            "peak extra bytes, plain": _peak_extra_bytes(_plain_top),
        },
    )


def _top(products: Sequence[Tensor], n: int) -> Tensor:
    return top_ranking([MatrixScores(tensor) for tensor in products], n)


def _plain_top(products: Sequence[Tensor], n: int) -> Tensor:
    return torch.cat([tensor.view(-1) for tensor in products]).abs_().topk(n).indices


def _products(total: int) -> list[Tensor]:
    """Products of two normal variables, as of gradients and weights; always the same."""
    generator = torch.Generator().manual_seed(0)
    side = (total // MATRICES,)
    return [
        torch.randn(side, generator=generator).mul_(torch.randn(side, generator=generator))
        for _ in range(MATRICES)
    ]


def _peak_extra_bytes(select: Callable[[Sequence[Tensor], int], Tensor]) -> int | None:
    """By how much a selection raises the peak of a fresh process; None where that is not told."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_raised_peak, select, torch.get_num_threads()).result()


def _raised_peak(select: Callable[[Sequence[Tensor], int], Tensor], threads: int) -> int | None:
    torch.set_num_threads(threads)
    select(_products(1000), 10)  # loads code, which is not counted
    products = _products(SCORES)
    before = peak_memory_bytes()
    select(products, SELECTED)
    after = peak_memory_bytes()
    return None if before is None or after is None else after - before
