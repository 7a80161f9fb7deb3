"""The exact selection of the top 1 % against torch.topk of all scores in one tensor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import torch
from torch import Tensor

from core.selection import top_ranking
from tests.performance.comparison import Comparison, time_both
from tests.performance.machine import peak_memory_bytes

SCORES = 10_000_000
MATRICES = 50
SELECTED = SCORES // 100


def compare_selection() -> Comparison:
    """`top_ranking` against `cat` and `topk`, both of which give the greatest value first."""
    scores = _scores(SCORES)
    times = time_both(lambda: top_ranking(scores, SELECTED), lambda: _plain_top(scores, SELECTED))
    found, truth = top_ranking(scores, SELECTED), _plain_top(scores, SELECTED)
    flat = torch.cat([tensor.view(-1) for tensor in scores])
    return Comparison(
        f"exact selection, 1 % of {SCORES:,} float32",
        "cat + torch.topk",
        *times,
        checks={"equal values": torch.equal(flat[found], flat[truth])},
        facts={
            "bytes of scores": 4 * SCORES,
            "peak extra bytes, ours": _peak_extra_bytes(top_ranking),
            "peak extra bytes, plain": _peak_extra_bytes(_plain_top),
        },
    )


def _plain_top(scores: Sequence[Tensor], n: int) -> Tensor:
    return torch.cat([tensor.view(-1) for tensor in scores]).topk(n).indices


def _scores(total: int) -> list[Tensor]:
    """Products of two normal variables, absolute, as of gradients and weights; always the same."""
    generator = torch.Generator().manual_seed(0)
    side = (total // MATRICES,)
    return [
        torch.randn(side, generator=generator).mul_(torch.randn(side, generator=generator)).abs_()
        for _ in range(MATRICES)
    ]


def _peak_extra_bytes(select: Callable[[Sequence[Tensor], int], Tensor]) -> int | None:
    """By how much a selection raises the peak of a fresh process; None where that is not told."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_raised_peak, select, torch.get_num_threads()).result()


def _raised_peak(select: Callable[[Sequence[Tensor], int], Tensor], threads: int) -> int | None:
    torch.set_num_threads(threads)
    select(_scores(1000), 10)  # loads code, which is not counted
    scores = _scores(SCORES)
    before = peak_memory_bytes()
    select(scores, SELECTED)
    after = peak_memory_bytes()
    return None if before is None or after is None else after - before
