"""A smaller k cut from a stored ranking, against reading the whole file."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import torch

from cache.keys import key_of
from cache.rankings import Ranking, Rankings
from tests.performance.clock import Clock
from tests.performance.figures import Aim, Figure, Measured, ratio
from tests.performance.subject import Scale

MATRICES = 224
IN_A_MATRIX = 50_000_000
"""As in a model of 8 billion parameters."""


def measure_slice(device: torch.device, scale: Scale) -> Measured:
    """The first half of the stored ranking, proved whole."""
    clock = Clock(device, scale.repeats)
    rng = np.random.default_rng(0)
    n = scale.ranked
    matrices = rng.integers(MATRICES, size=n, dtype=np.int16)
    places = rng.integers(IN_A_MATRIX, size=n, dtype=np.int32)
    with tempfile.TemporaryDirectory() as folder:
        rankings, key = Rankings(Path(folder)), key_of("ranking", 1, {"test": n})
        rankings.save(key, {"test": n}, matrices, places, {})
        path = rankings.entries.payload_path(key)
        cut = rankings.load(key, n // 2)
        seconds, reading_s = clock.best_of_both(
            lambda: rankings.load(key, n // 2), path.read_bytes, scale.cycles
        )
        size_bytes = sum(file.stat().st_size for file in path.parent.iterdir())
    return Measured(
        "slice of a stored ranking",
        (
            Figure("ms", 1e3 * seconds, Aim(20)),
            Figure("x reading the file", ratio(seconds, reading_s)),
            Figure("bytes a weight on disk", size_bytes / n, Aim(8)),
        ),
        {"seconds": seconds, "bytes on disk": size_bytes},
        {"it is the beginning": _is_beginning(cut, matrices[: n // 2], places[: n // 2])},
        size=f"{n // 2:,} of {n:,}",
    )


def _is_beginning(cut: Ranking | None, matrices: np.ndarray, places: np.ndarray) -> bool:
    return (
        cut is not None
        and np.array_equal(cut.matrix_ids, matrices)
        and np.array_equal(cut.local_indices, places)
    )
