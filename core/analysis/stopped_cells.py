"""What is stored of runs that stop when it is known, on one benchmark. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from cache.files import CorruptEntry
from core.analysis.beyond import Beyond, stopped_beyond
from core.analysis.statistics.cells import CellStatistics, StoppedBenchmark
from core.analysis.stored_parts import Version, stored_parts, version_of
from core.benchmarks.benchmark import Benchmark
from core.benchmarks.drawn import part_ends, part_of
from core.run.experiment import Experiment
from core.run.specs import MaskSpec, Run

MOST_KNOWN = 20_000
"""Cells that are kept (about 10 MB) before all are dropped."""

MOST_BASES = 100
"""Benchmarks whose base outcomes are kept before all are dropped."""

Versions = tuple[Version, ...]
"""The versions of the stored parts of a run, in order."""


@dataclass(frozen=True)
class StoppedCell:
    """One mask on one benchmark."""

    statistics: CellStatistics
    """What it does, from the items that count."""
    is_over: bool
    """Whether its run is settled or has no items left."""


_bases: dict[Versions, StoppedBenchmark] = {}
_cells: dict[tuple[Versions, Versions, float], StoppedCell] = {}
_beyond: dict[tuple[Versions, tuple[Versions, ...], float], list[Beyond]] = {}


class StoppedCells:
    """The cells of a benchmark in an order drawn by seed, as far as they are stored."""

    def __init__(self, experiment: Experiment, benchmark: Benchmark, until: float) -> None:
        """Reads the intact model's outcomes.

        Args:
            experiment: the model and the cache.
            benchmark: in its order.
            until: the least AIS of interest.
        """
        self._experiment, self._benchmark, self._until = experiment, benchmark, until
        self._ends = part_ends(benchmark.n_items)
        self.damaged: list[CorruptEntry] = []
        """Entries that were found damaged; they count as missing."""
        self._base_versions = self._versions(None)
        self.base = self._read_base()
        """The intact model's outcomes; None unless those of all items are stored."""

    def run(self, mask: MaskSpec | None) -> Run:
        """The run of a mask (None: of the intact model) on all items, as it can be asked for."""
        return Run(mask, self._benchmark.id, self._benchmark.n_items, part_of(self._benchmark))

    def cells(self, masks: Sequence[MaskSpec]) -> dict[MaskSpec, StoppedCell]:
        """The cells of which anything is stored, if the intact model's outcomes are."""
        if self.base is None:
            return {}
        found = {}
        for mask in masks:
            cell = self._cell(self.base, mask)
            if cell is not None:
                found[mask] = cell
        return found

    def are_over(self, masks: Sequence[MaskSpec | None]) -> list[bool]:
        """Whether the run of each mask is over; for None whether the intact model has answered all items."""
        cells = self.cells([mask for mask in masks if mask is not None])
        return [
            self.base is not None if mask is None else mask in cells and cells[mask].is_over for mask in masks
        ]

    def frame(self, mask: MaskSpec | None) -> pl.DataFrame | None:
        """The outcomes that count: the intact model's of all items, a mask's of those it needed so far."""
        if self.base is None:
            return None
        if mask is None:
            return self.base.outcomes
        cell = self._cell(self.base, mask)
        frame = None if cell is None else self._read(mask)
        return None if cell is None or frame is None else frame.head(cell.statistics.n)

    def beyond(self, masks: Sequence[MaskSpec]) -> list[Beyond] | None:
        """What each mask does beyond the others; None if one of them is not stored."""
        key = (self._base_versions, tuple(map(self._versions, masks)), self._until)
        if self.base is not None and key not in _beyond:
            frames = [self.frame(mask) for mask in masks]
            known = [frame for frame in frames if frame is not None]
            if len(known) < len(frames):
                return None
            if len(_beyond) >= MOST_BASES:
                _beyond.clear()
            _beyond[key] = stopped_beyond(masks, self.base, known)
        return _beyond.get(key)

    def _cell(self, base: StoppedBenchmark, mask: MaskSpec) -> StoppedCell | None:
        versions = self._versions(mask)
        key = (self._base_versions, versions, self._until)
        if key not in _cells:
            frame = self._read(mask) if versions else None
            if frame is None:
                return None
            stop = base.stop(frame, self._ends, self._until)
            statistics = base.statistics(frame.head(stop or len(frame)), self._until)
            if len(_cells) >= MOST_KNOWN:
                _cells.clear()
            _cells[key] = StoppedCell(statistics, stop is not None)
        return _cells[key]

    def _read_base(self) -> StoppedBenchmark | None:
        if len(self._base_versions) < len(self._ends):
            return None
        if self._base_versions not in _bases:
            frame = self._read(None)
            if frame is None or len(frame) < self._ends[-1]:
                return None
            if len(_bases) >= MOST_BASES:
                _bases.clear()
            _bases[self._base_versions] = StoppedBenchmark(frame, self._benchmark)
        return _bases[self._base_versions]

    def _keys(self, mask: MaskSpec | None) -> list[str]:
        parts = stored_parts(self._experiment, mask, self._benchmark, self._benchmark.n_items)
        return [request.key for request in parts]

    def _versions(self, mask: MaskSpec | None) -> Versions:
        found = [version_of(self._experiment, key) for key in self._keys(mask)]
        return tuple(version for version in found if version is not None)

    def _read(self, mask: MaskSpec | None) -> pl.DataFrame | None:
        """The outcomes of the parts up to the first that lacks or is damaged; None without any."""
        keys = self._keys(mask)
        loaded = self._experiment.store.outcomes.load_many(keys)
        self.damaged += loaded.corrupt
        frames = []
        for key in keys:
            if key not in loaded.frames:
                break
            frames.append(loaded.frames[key])
        return pl.concat(frames) if frames else None


def needed_items(experiment: Experiment, benchmark: Benchmark, mask: MaskSpec, until: float) -> int | None:
    """How many stored items of a mask's run count; None if that is not known."""
    cell = StoppedCells(experiment, benchmark, until).cells([mask]).get(mask)
    return None if cell is None else cell.statistics.n
