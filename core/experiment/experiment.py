"""An experiment: a model, a cache, and how weights are scored; what every cache key is made of. No torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cache.folder import Store
from core.abilities import Item
from core.benchmarks.benchmark import Benchmark
from core.experiment.cache_keys import (
    divergences_key,
    divergences_key_inputs,
    generation_quality_key,
    generation_quality_key_inputs,
    outcomes_key,
    ranking_key,
    ranking_key_inputs,
    scope_key_inputs,
)
from core.experiment.events import Event
from core.experiment.specs import (
    SHARED_ABILITIES,
    DiagnosticSet,
    ImportanceSpec,
    MaskSpec,
    ModelIdentity,
    own_first,
)
from core.importance.memory_options import rounding_of
from core.importance.plan import MemoryOptions
from core.masks.choices import CONTRASTS
from core.models.description import ModelInfo, describe_folder, selectable_weights
from core.models.devices import device_kind
from core.models.files import model_folder
from core.models.spec import ModelSpec

if TYPE_CHECKING:
    from core.inference.choice_plan import BatchSize


@dataclass(frozen=True)
class OutcomesRequest:
    """The outcomes of one mask (None: the intact model) on the first n items of one benchmark."""

    mask: MaskSpec | None
    benchmark: Benchmark
    n: int
    key: str
    key_inputs: Mapping[str, Any]


class Experiment:
    """A model, a cache and a scoring rule: asks the cache, and loads nothing."""

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
    ) -> None:
        """Touches neither model nor cache.

        Args:
            spec: the model.
            store: the cache.
            importance: how importance is computed.
            custom_items: a person's own diagnostic items, by ability, in place of the generated ones.
            batch_size: rows of a batch in evaluation.
            memory_options: how importance is computed within memory.
            emit: receives the events.
        """
        self.spec, self.store, self.importance = spec, store, importance or ImportanceSpec()
        self.memory_options = memory_options or MemoryOptions()
        self.emit = emit
        self._custom_items = custom_items or {}
        self.batch_size = batch_size
        self.reported_unwritable: set[str] = set()
        """Why the cache could not be written to, as far as that was reported."""

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

    def diagnostic_set(self, ability: str) -> DiagnosticSet:
        """The items from which an ability's importance is computed."""
        own = self._custom_items.get(ability, ())
        return DiagnosticSet(ability, self.spec.level, self.importance.n_items, self.importance.seed, own)

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
            return {"rankings": keys, "shared_abilities": SHARED_ABILITIES, "n": n}
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
        found = ranking_key_inputs(self.identity, self.importance, sets, mask)
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
            "batch_size": self.batch_size,
        }
        return OutcomesRequest(mask, benchmark, n, outcomes_key(key_inputs), key_inputs)

    def ranking_metadata(self, mask_spec: MaskSpec) -> dict[str, Any]:
        """What was stored with the ranking of its own ability that a mask, made before, is cut from.

        Raises:
            CorruptEntry: it is damaged.
        """
        for one in self.rankings_of(mask_spec)[:1]:
            ranking = self.store.rankings.load(self.ranking_key(one), 0)
            return {} if ranking is None else ranking.metadata
        return {}


def divergences_request(base: OutcomesRequest, ablated: OutcomesRequest) -> tuple[str, dict[str, Any]]:
    """The cache key of the divergences of a base and an ablated run, and its key inputs."""
    benchmark = ablated.benchmark.id
    key_inputs = divergences_key_inputs(base.key, ablated.key, str(ablated.mask), benchmark, ablated.n)
    return divergences_key(key_inputs), key_inputs


def generation_quality_request(experiment: Experiment, mask: MaskSpec | None) -> tuple[str, dict[str, Any]]:
    """The cache key of the generation quality of a mask (None: of the intact model), and its key inputs.

    Raises:
        ValueError: k asks for more weights than there are candidates.
    """
    ablated, key_inputs = ("base", None) if mask is None else (str(mask), experiment.mask_key_inputs(mask))
    whole = generation_quality_key_inputs(experiment.identity, experiment.spec.level, ablated, key_inputs)
    return generation_quality_key(whole), whole
