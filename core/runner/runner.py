"""The runner: one loaded model, and all that can be asked of it, through the cache."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from cache.files import CorruptEntry
from cache.folder import Store
from core.abilities import Item
from core.benchmarks.benchmark import Benchmark
from core.experiment.cache_keys import (
    items_key,
    items_key_inputs,
)
from core.experiment.events import Event, ModelLoaded, ModelLoading
from core.experiment.experiment import Experiment, OutcomesRequest
from core.experiment.specs import (
    ImportanceSpec,
    MaskSpec,
)
from core.experiment.storing import replace_damaged
from core.importance.memory_options import check_memory_options_for
from core.importance.plan import MemoryOptions
from core.masks.choices import Selection
from core.models.matrices import Variant
from core.models.spec import ModelSpec
from core.runner.verification import WeightsChangedError, drop_entries

if TYPE_CHECKING:
    import polars as pl

    from cache.entries import EntryFolder
    from core.benchmarks.evaluation import Prepared
    from core.importance.maps import Importance
    from core.inference.choice_plan import BatchSize
    from core.masks.ablation import Ablation, Ablator
    from core.masks.contrast import Shares
    from core.masks.mask import Mask
    from core.models.loading import LoadedModel
    from core.models.weight_space import LoadedWeights, WeightSpace


class Runner(Experiment):
    """An experiment whose model is loaded when it is first needed, and that computes what the cache lacks."""

    def __init__(
        self,
        spec: ModelSpec,
        store: Store,
        importance: ImportanceSpec | None = None,
        *,
        custom_items: Mapping[str, tuple[Item, ...]] | None = None,
        batch_size: BatchSize = "auto",
        memory_options: MemoryOptions | None = None,
        emit: Callable[[Event], None] = lambda event: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        """Touches neither model nor cache.

        Args:
            spec: the model.
            store: the cache.
            importance: how importance is computed.
            custom_items: a person's own diagnostic items, by ability, in place of the generated ones.
            batch_size: of evaluation.
            memory_options: what is decided of how importance is computed.
            emit: is told what happens.
            cancelled: asked between the batches of evaluation and importance, which it may hold up; True
                ends them.
        """
        super().__init__(
            spec,
            store,
            importance,
            custom_items=custom_items,
            batch_size=batch_size,
            memory_options=memory_options,
            emit=emit,
        )
        self.cancelled = cancelled
        self.importances: dict[str, Importance] = {}
        self.share_sums: dict[tuple[Variant, Selection], Shares] = {}
        """Over all abilities, or the first of them; for `contrast`."""
        self.expected: tuple[MaskSpec, ...] = ()
        """The masks that the work in hand asks for."""
        self._prepared: dict[str, Prepared] = {}
        self._has_ablated = False
        self.unverified: list[tuple[EntryFolder, str]] = []
        """What was stored since the weights were last known to be as loaded."""

    @cached_property
    def loaded(self) -> LoadedModel:
        """The model in memory.

        Raises:
            ValueError: it cannot be loaded, or it is on another device than was told from outside; or what is
                wished for does not make sense for it.
        """
        started = time.monotonic()
        identity = self.identity  # files that are not usable are told before seconds go into torch
        check_memory_options_for(self.memory_options, self.info.layers, on_gpu=identity.device != "cpu")
        self.emit(ModelLoading(self.spec.name, "importing torch and transformers"))
        from core.models.loading import load

        emit = self.emit
        loaded = load(
            self.spec,
            lambda doing, done, total: emit(ModelLoading(self.spec.name, doing, done, total)),
            memory=self.store.fingerprint_memory,
        )
        if loaded.model.device.type != identity.device:
            raise ValueError(
                f"torch put the model on '{loaded.model.device}', though the drivers here speak for "
                f"'{identity.device}': give --device {loaded.model.device.type}, or install a torch that "
                "sees the GPU."
            )
        seconds = time.monotonic() - started
        emit(ModelLoaded(self.spec.name, seconds, loaded.info.device or "", loaded.info.bytes))
        return loaded

    @cached_property
    def space(self) -> WeightSpace:
        """The model's candidate weights."""
        from core.models.weight_space import WeightSpace

        return WeightSpace(self.loaded.model)

    @cached_property
    def ablator(self) -> Ablator:
        """What applies masks to the model."""
        from core.masks.ablation import Ablator

        _ = self.as_loaded  # while no mask was ever applied
        return Ablator(self.space)

    @cached_property
    def as_loaded(self) -> LoadedWeights:
        """What the weights are before the first mask is applied."""
        from core.models.weight_space import LoadedWeights

        return LoadedWeights(self.space)

    def verify_restored(self) -> None:
        """Makes sure that the weights are as they were loaded, if a mask was applied since that was known.

        Where they are not, nothing that was stored since can be trusted: it is deleted, and the model is
        forgotten, to be loaded again when it is next needed.

        Raises:
            WeightsChangedError: they are not.
        """
        changed = self.as_loaded.changed() if "ablator" in vars(self) and self._has_ablated else ()
        unverified, self.unverified, self._has_ablated = self.unverified, [], False
        if changed:
            for name in ("loaded", "space", "ablator", "as_loaded"):
                vars(self).pop(name, None)
            self.importances.clear()
            self.share_sums.clear()
            self._prepared.clear()
            raise WeightsChangedError(changed, drop_entries(self.store.root, unverified))

    def mask(self, mask_spec: MaskSpec, ks: Sequence[float] = ()) -> Mask:
        """The selected weights.

        Args:
            mask_spec: which.
            ks: other values of k that will be asked for: the ranking is made for the largest.

        Raises:
            ValueError: k is out of range, or asks for more weights than there are candidates.
        """
        from core.runner.rankings import make_mask

        return make_mask(self, mask_spec, ks)

    @contextmanager
    def ablated(self, mask: Mask | None, factor: float = 0.0) -> Iterator[Ablation | None]:
        """The model under a mask; the intact one without. Afterwards it is as loaded, whatever happened.

        Args:
            mask: which weights.
            factor: what they are multiplied by; 0 ablates.
        """
        if mask is None:
            yield None
            return
        self._has_ablated = True
        with self.ablator.applied(mask, factor) as ablation:
            yield ablation

    def prepared(self, benchmark: Benchmark, n: int) -> Prepared:
        """The first n items of a benchmark, made ready once for the intact and every ablated model.

        Their table is stored, so that whoever shows the outcomes need not make the items again.
        """
        from core.analysis.samples.items import ensure_items
        from core.benchmarks.evaluation import prepare

        key = items_key(items_key_inputs(benchmark, n, self.spec))
        if key not in self._prepared:
            prepared = prepare(self.loaded, benchmark, n, self.batch_size)
            ensure_items(self, benchmark, n)
            self._prepared[key] = prepared
        return self._prepared[key]

    def evaluate(self, request: OutcomesRequest, cancelled: Callable[[], bool] | None = None) -> float | None:
        """The score of the model as it is now, its outcomes stored under the request's key.

        Whoever calls has applied the request's mask. Each batch's outcomes are told. None if it was
        cancelled: then the batches that were finished are kept, and the next time goes on from them.

        Args:
            request: what to evaluate.
            cancelled: asked between batches, and before each token that is written, in place of the
                runner's own.

        Raises:
            ValueError: a log-likelihood is not finite, or the benchmark cannot be run here.
        """
        from core.runner.evaluating import evaluate_request

        return evaluate_request(self, request, cancelled or self.cancelled)

    def outcomes(self, request: OutcomesRequest) -> pl.DataFrame:
        """The outcomes of a request, from the cache or computed now.

        Afterwards the mask's generation quality is stored too, and so are an ablated run's divergences if its
        answers are written and its base run is stored.

        Raises:
            Cancelled: the runner was cancelled.
            WeightsChangedError: the weights were not restored.
            ValueError: k is out of range, or a log-likelihood is not finite.
        """
        from core.runner.runs import compute_runs

        frame = self._stored(request)
        stored = () if frame is None else (request.key,)
        try:
            with closing(compute_runs(self, {request.mask: [request]}, self.cancelled, stored)) as computed:
                for _ in computed:
                    frame = self.store.outcomes.load(request.key)
        finally:
            self.verify_restored()
        assert frame is not None, "what was just stored is there"
        return frame

    def _stored(self, request: OutcomesRequest) -> pl.DataFrame | None:
        try:
            return self.store.outcomes.load(request.key)
        except CorruptEntry as error:
            replace_damaged(self, self.store.outcomes.entries, request.key, error)
            return None
