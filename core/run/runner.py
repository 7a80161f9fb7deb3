"""The runner: an experiment that loads its model and makes what the cache lacks. Imports no torch itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from core.benchmarks.benchmark import Benchmark
from core.benchmarks.drawn import is_drawn
from core.run.loaded import LoadedExperiment
from core.run.specs import ImportanceSpec, MaskSpec

if TYPE_CHECKING:
    from core.benchmarks.evaluation import Prepared
    from core.masks.mask import Mask
    from core.run.rankings import ImportanceMaps, MaskMaker, UnitScores


@dataclass(eq=False, repr=False)
class Runner(LoadedExperiment):
    """A loaded experiment, its masks, and its benchmarks made ready."""

    _prepared: dict[str, Prepared] = field(default_factory=dict, init=False)

    @cached_property
    def _mask_maker(self) -> MaskMaker:
        from core.run.rankings import MaskMaker

        return MaskMaker(self)

    @property
    def maps(self) -> ImportanceMaps:
        """The importance maps that were computed and are kept."""
        return self._mask_maker.maps

    @property
    def units(self) -> UnitScores:
        """The scores of whole units that were computed."""
        return self._mask_maker.units

    @property
    def scored(self) -> tuple[tuple[str, int], ...]:
        """The abilities whose maps of weights are kept, with their numbers of diagnostic items."""
        maker: MaskMaker | None = vars(self).get("_mask_maker")
        if maker is None:
            return ()
        return tuple((one, maker.maps.n_items) for one in maker.maps.by_ability)

    def mask(self, spec: MaskSpec, ks: Sequence[float] = (), expected: Sequence[MaskSpec] = ()) -> Mask:
        """The selected weights; see `MaskMaker.mask`."""
        return self._mask_maker.mask(spec, ks, expected)

    def prepared(self, benchmark: Benchmark, n: int) -> Prepared:
        """The first n items of a benchmark, made ready once for the intact and every ablated model.

        Their table is stored, so that whoever shows the outcomes need not make the items again.

        Raises:
            ValueError: the benchmark cannot be run here.
        """
        from core.benchmarks.evaluation import prepare
        from core.run.storing import ensure_items

        key, _ = self.items_request(benchmark, n)
        if key not in self._prepared:
            loaded = self.loaded
            with self.progress.phase("preparing", benchmark.id, n):
                prepared = prepare(loaded, benchmark, n, self.batch_size)
                if not is_drawn(benchmark):  # whose table is of the whole, not of each part
                    ensure_items(self, benchmark, n)
            self._prepared[key] = prepared
        return self._prepared[key]

    def score_as(self, importance: ImportanceSpec) -> None:
        """Computes importance in this way from now on; what was scored in another one is forgotten."""
        if importance != self.importance:
            self.importance = importance
            vars(self).pop("_mask_maker", None)

    def forget_model(self) -> None:
        """Drops the model and what was made from it."""
        super().forget_model()
        vars(self).pop("_mask_maker", None)
        self._prepared.clear()
