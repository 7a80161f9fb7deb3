"""The workbench: one loaded model, and all that can be asked of it, through the cache."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cache.files import CorruptEntry
from cache.folder import Store
from core.abilities import Item
from core.benchmarks.description import Benchmark
from core.experiment.cache_keys import (
    items_key,
    items_key_inputs,
    outcomes_key,
    ranking_key,
    ranking_key_inputs,
    scope_key_inputs,
)
from core.experiment.events import Event, ModelLoaded, ModelLoading
from core.experiment.specs import (
    SHARED_ABILITIES,
    DiagnosticSet,
    ImportanceSpec,
    MaskSpec,
    ModelIdentity,
    own_first,
)
from core.importance.memory_options import check_memory_options_for, rounding_of
from core.importance.plan import MemoryOptions
from core.masks.choices import CONTRASTS, Selection
from core.models.description import ModelInfo, describe_folder, selectable_weights
from core.models.device import device_kind
from core.models.files import model_folder
from core.models.layer_matrices import Variant
from core.models.spec import ModelSpec
from core.runner.storing import replace_damaged
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
    from core.models.weight_checksums import LoadedWeights
    from core.models.weight_space import WeightSpace


@dataclass(frozen=True)
class OutcomesRequest:
    """The outcomes of one mask (None: the intact model) on the first n items of one benchmark."""

    mask: MaskSpec | None
    benchmark: Benchmark
    n: int
    key: str
    key_inputs: Mapping[str, Any]


class Workbench:
    """A model, loaded when it is first needed; what the cache has is answered without loading it."""

    def __init__(
        self,
        spec: ModelSpec,
        store: Store,
        recipe: ImportanceSpec | None = None,
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
            recipe: how importance is computed.
            custom_items: a person's own diagnostic items, by ability, in place of the generated ones.
            batch_size: of evaluation.
            memory options: what is decided of how importance is computed.
            tell: is told what happens.
            cancelled: asked between the batches of evaluation and importance, which it may hold up; True
                ends them.
        """
        self.spec, self.store, self.recipe = spec, store, recipe or ImportanceSpec()
        self.memory_options = memory_options or MemoryOptions()
        self.emit = emit
        self.cancelled = cancelled
        self._custom_items = custom_items or {}
        self._batch_size = batch_size
        self.importances: dict[str, Importance] = {}
        self.share_sums: dict[tuple[Variant, Selection], Shares] = {}
        """Over all abilities, or the first of them; for `contrast`."""
        self.expected: tuple[MaskSpec, ...] = ()
        """The masks that the work in hand asks for."""
        self._prepared: dict[str, Prepared] = {}
        self._has_ablated = False
        self.unverified: list[tuple[EntryFolder, str]] = []
        """What was stored since the weights were last known to be as loaded."""
        self.told_unwritable: set[str] = set()
        """Why the cache could not be written to, as far as that was told."""

    @cached_property
    def info(self) -> ModelInfo:
        """What the model will be in memory, from its files.

        Raises:
            ModelFilesError: there is no such model, or a file is missing or broken.
            ValueError: it is stored quantized in another way than is asked for.
        """
        spec = self.spec
        memory = self.store.fingerprint_memory
        return describe_folder(model_folder(spec), spec.name, memory, spec.quantization, spec.dtype)

    @cached_property
    def identity(self) -> ModelIdentity:
        """What of the model is in every cache key."""
        return ModelIdentity.of(self.spec, self.info, device_kind(self.spec.device))

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
        from core.models.weight_checksums import LoadedWeights

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

    def diagnostic_set(self, ability: str) -> DiagnosticSet:
        """The items from which an ability's importance is computed."""
        own = self._custom_items.get(ability, ())
        return DiagnosticSet(ability, self.spec.level, self.recipe.n_items, self.recipe.seed, own)

    def mask_key_inputs(self, mask: MaskSpec) -> dict[str, Any]:
        """What the selected weights depend on."""
        n = selectable_weights(mask.k, mask.variant, self.info)
        if mask.selection == "random":
            return {"random": mask.random_seed, "variant": mask.variant, "n": n} | scope_key_inputs(mask)
        if mask.selection == "random_matched":
            ranking = self.ranking_key(replace(mask, selection="top"))
            return {"random_matched": mask.random_seed, "ranking": ranking, "n": n}
        if mask.selection == "top_minus_shared":
            keys = [self.ranking_key(one) for one in self.rankings_of(mask)]
            return {"rankings": keys, "core": SHARED_ABILITIES, "n": n}
        return {"ranking": self.ranking_key(mask), "n": n}

    def rankings_of(self, mask: MaskSpec) -> list[MaskSpec]:
        """The masks whose stored rankings a mask is cut from, its own ability's first; none for `random`."""
        if mask.selection == "random":
            return []
        if mask.selection == "top_minus_shared":
            return [replace(mask, ability=ability, selection="top") for ability in own_first(mask.ability)]
        return [replace(mask, selection="top")] if mask.selection == "random_matched" else [mask]

    def ranking_key(self, mask: MaskSpec) -> str:
        """The cache key of the ranking that a mask is the first n of."""
        return ranking_key(self.ranking_key_inputs(mask))

    def ranking_key_inputs(self, mask: MaskSpec) -> dict[str, Any]:
        """What the ranking that a mask is the first n of depends on."""
        sets = [self.diagnostic_set(ability) for ability in self.scored_abilities(mask)]
        found = ranking_key_inputs(self.identity, self.recipe, sets, mask)
        return found | rounding_of(self.memory_options, on_gpu=self.identity.device != "cpu")

    def scored_abilities(self, mask: MaskSpec) -> list[str]:
        """The abilities whose importance one ranking needs, its own first."""
        return own_first(mask.ability) if mask.selection in CONTRASTS else [mask.ability]

    def request(self, mask: MaskSpec | None, benchmark: Benchmark, n: int) -> OutcomesRequest:
        """The request for the outcomes of a mask on the first n items of a benchmark, and its cache key.

        The first time in a process, the rows of a benchmark that is not diagnostic are read and rendered.

        Raises:
            ValueError: these rows are not here, or bad; or k asks for more weights than there are candidates.
        """
        key_inputs = {
            "model": self.identity,
            "ablated": "base" if mask is None else str(mask),
            "mask": None if mask is None else self.mask_key_inputs(mask),
            **benchmark.key_inputs(self.spec, n),
            "batch_size": self._batch_size,
        }
        return OutcomesRequest(mask, benchmark, n, outcomes_key(key_inputs), key_inputs)

    def mask(self, recipe: MaskSpec, ks: Sequence[float] = ()) -> Mask:
        """The selected weights.

        Args:
            recipe: which.
            ks: other values of k that will be asked for: the ranking is made for the largest.

        Raises:
            ValueError: k is out of range, or asks for more weights than there are candidates.
        """
        from core.runner.rankings import make_mask

        return make_mask(self, recipe, ks)

    def ranking_metadata(self, recipe: MaskSpec) -> dict[str, Any]:
        """What was stored with the ranking of its own ability that a mask, made before, is cut from.

        Raises:
            CorruptEntry: it is damaged.
        """
        for one in self.rankings_of(recipe)[:1]:
            ranking = self.store.rankings.load(self.ranking_key(one), 0)
            return {} if ranking is None else ranking.metadata
        return {}

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
        from core.analysis.stored.items import ensure_items
        from core.benchmarks.evaluation import prepare

        key = items_key(items_key_inputs(benchmark, n, self.spec))
        if key not in self._prepared:
            prepared = prepare(self.loaded, benchmark, n, self._batch_size)
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
                workbench's own.

        Raises:
            ValueError: a log-likelihood is not finite, or the benchmark cannot be run here.
        """
        from core.runner.evaluating import evaluate_request

        return evaluate_request(self, request, cancelled or self.cancelled)

    def outcomes(self, request: OutcomesRequest) -> pl.DataFrame:
        """The outcomes of a request, from the cache or computed now.

        Afterwards the mask's generation quality is stored, and an ablated run with written answers has its divergences, if
        its base run is stored.

        Raises:
            Cancelled: the workbench was cancelled.
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
