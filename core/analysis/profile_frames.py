"""The outcomes of a profile, read from the cache as they are needed: all may be gigabytes. No torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from core.analysis.failures import Frames
from core.run.experiment import Experiment, OutcomesRequest
from core.run.specs import MaskSpec

KEPT_ROWS = 500_000
"""Outcomes that a profile may have to be kept in memory: 0.1 to 0.5 GB. Of a larger one each run is read, in
a millisecond, whenever it is needed."""


class StoredFrames(Frames):
    """The stored outcomes of a plan."""

    def __init__(
        self, experiment: Experiment, asked: Mapping[MaskSpec | None, Sequence[OutcomesRequest]]
    ) -> None:
        """Reads all, if they are few.

        Args:
            experiment: the model and the cache, which has all of them.
            asked: the runs of each mask, in the order of the benchmarks.
        """
        self._experiment, self._asked = experiment, asked
        every = [request for requests in asked.values() for request in requests]
        self._kept: Mapping[str, pl.DataFrame] = {}
        if sum(request.n for request in every) <= KEPT_ROWS:
            self._kept = experiment.store.outcomes.load_many([request.key for request in every]).frames

    def __getitem__(self, mask: MaskSpec | None) -> Sequence[pl.DataFrame]:
        return _Runs(self, self._asked[mask])

    def __iter__(self) -> Iterator[MaskSpec | None]:
        return iter(self._asked)

    def __len__(self) -> int:
        return len(self._asked)

    def read(self, request: OutcomesRequest) -> pl.DataFrame:
        """The outcomes of one run.

        Raises:
            CorruptEntry: they are damaged by now.
            ValueError: they are not stored any more.
        """
        found = self._kept.get(request.key)
        if found is None:
            found = self._experiment.store.outcomes.load(request.key)
        if found is None:
            root = self._experiment.store.root
            raise ValueError(f"The cache folder {root} has lost a run meanwhile: run this once more.")
        return found


class _Runs(Sequence[pl.DataFrame]):
    """Those of one mask."""

    def __init__(self, frames: StoredFrames, requests: Sequence[OutcomesRequest]) -> None:
        self._frames, self._requests = frames, requests

    def __getitem__(self, index: int) -> pl.DataFrame:  # type: ignore[override]
        return self._frames.read(self._requests[index])

    def __len__(self) -> int:
        return len(self._requests)
