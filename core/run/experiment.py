"""An experiment: a model, a cache and a scoring rule. Knows every cache key, loads nothing. No torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from cache.files import Unwritable
from cache.folder import Store
from cache.keys import key_of
from core.abilities import Item
from core.benchmarks.benchmark import Benchmark
from core.models.description import ModelInfo, describe_model
from core.models.devices import device_kind
from core.models.spec import AskedLevel, AskedPrompt, ModelSpec
from core.run.events import Event, NotStored
from core.run.specs import (
    DiagnosticSet,
    ImportanceSpec,
    MaskSpec,
    ModelIdentity,
    mask_weights,
    own_first,
)

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


@dataclass(eq=False, repr=False)
class Experiment:
    """A model, a cache and a scoring rule. Creating one touches neither model nor cache."""

    spec: ModelSpec
    store: Store
    importance: ImportanceSpec = field(default_factory=ImportanceSpec)
    """How importance is computed."""
    _: KW_ONLY
    custom_items: Mapping[str, tuple[Item, ...]] = field(default_factory=dict)
    """Diagnostic items by ability, in place of the generated ones."""
    batch_size: BatchSize = "auto"
    """Rows per batch in evaluation."""
    emit: Callable[[Event], None] = lambda event: None
    """Receives the events."""
    _reported: set[str] = field(default_factory=set, init=False)
    """Reasons why the cache could not be written to that were reported already."""

    @cached_property
    def info(self) -> ModelInfo:
        """What the model will be in memory, from its files.

        Raises:
            ModelFilesError: there is no such model, or a file is missing or broken.
            ValueError: it is stored quantized in another way than is asked for.
        """
        return describe_model(self.spec, self.store.fingerprint_memory)

    @cached_property
    def identity(self) -> ModelIdentity:
        """The part of the model that enters every cache key."""
        return ModelIdentity.of(self.spec, self.info, device_kind(self.spec.device))

    def settle(self, prompt: AskedPrompt, level: AskedLevel) -> None:
        """Settles prompt form and level where they are `auto`; no key that has them was made before."""
        self.spec = self.spec.settled(prompt, level)

    def n_items_of(self, mask: MaskSpec) -> int:
        """Diagnostic items of each ability that score the weights of a mask."""
        return mask.n_items or self.importance.n_items

    def diagnostic_set(self, ability: str, n_items: int | None = None) -> DiagnosticSet:
        """The items from which an ability's importance is computed; None for as many as `importance` says."""
        custom = self.custom_items.get(ability, ())
        n = n_items or self.importance.n_items
        return DiagnosticSet(ability, self.spec.level, self.spec.style, n, self.importance.seed, custom)

    # Rankings and masks.

    def scored_abilities(self, mask: MaskSpec) -> list[str]:
        """The abilities whose importance a mask's ranking needs, its own first."""
        return own_first(mask.ability) if mask.is_contrast else [mask.ability]

    def ranking_key_inputs(self, mask: MaskSpec) -> dict[str, Any]:
        """The key inputs of the ranking whose first n weights are the mask."""
        sets = [self.diagnostic_set(ability, mask.n_items) for ability in self.scored_abilities(mask)]
        return ranking_key_inputs(self.identity, self.importance, sets, mask)

    def ranking_key(self, mask: MaskSpec) -> str:
        """The cache key of the ranking whose first n weights are the mask."""
        return cache_key("ranking", self.ranking_key_inputs(mask))

    def scores_request(self, ability: str, n_items: int | None = None) -> tuple[str, dict[str, Any]]:
        """The cache key and key inputs of the kept scores of an ability."""
        sets = [self.diagnostic_set(ability, n_items)]
        key_inputs = scores_key_inputs(self.identity, self.importance, sets)
        return cache_key("scores", key_inputs), key_inputs

    def unit_scores_request(self, ability: str, n_items: int | None = None) -> tuple[str, dict[str, Any]]:
        """The cache key and key inputs of an ability's scores of whole units."""
        _, key_inputs = self.scores_request(ability, n_items)
        return cache_key("unit_scores", key_inputs), key_inputs

    def lacks_scores(self, ability: str, n_items: int | None = None, *, of_units: bool) -> bool:
        """Whether the cache lacks an ability's scores, of weights or of whole units."""
        if of_units:
            return not self.store.unit_scores.entries.has(self.unit_scores_request(ability, n_items)[0])
        return not self.store.scores.entries.has(self.scores_request(ability, n_items)[0])

    def ranking_metadata(self, mask: MaskSpec) -> dict[str, Any]:
        """The metadata stored with the ranking that a mask is cut from; none for `random`.

        Raises:
            CorruptEntry: it is damaged.
        """
        if mask.selection == "random":
            return {}
        ranking = self.store.rankings.load(self.ranking_key(mask), 0)
        return {} if ranking is None else ranking.metadata

    def ranking_entries(self, mask: MaskSpec) -> int:
        """How many entries, at least, a stored ranking has from which a mask can be cut.

        One for each weight; a ranking of units always has all of them.

        Raises:
            ValueError: k asks for more weights than there are candidates, or for less than one unit.
        """
        n = mask_weights(mask, self.info)
        return 1 if mask.scope == "units" else n

    def mask_key_inputs(self, mask: MaskSpec) -> dict[str, Any]:
        """The key inputs of the selected weights.

        Raises:
            ValueError: k asks for more weights than there are candidates.
        """
        n = mask_weights(mask, self.info)
        if mask.selection == "random":
            return {"random": mask.random_seed, "variant": mask.variant, "n": n} | scope_key_inputs(mask)
        return {"ranking": self.ranking_key(mask), "n": n}

    # Runs.

    def request(self, mask: MaskSpec | None, benchmark: Benchmark, n: int) -> OutcomesRequest:
        """The request for the outcomes of a mask on the first n items of a benchmark, with its cache key.

        The first time in a process, the rows of a benchmark that is not diagnostic are read and rendered.

        Raises:
            ValueError: these rows are missing or bad; or k asks for more weights than there are candidates.
        """
        key_inputs = {
            "model": self.identity,
            "ablated": words_of(mask),
            "mask": None if mask is None else self.mask_key_inputs(mask),
            **benchmark.key_inputs(self.spec, n),
            "batch_size": self.batch_size,
        }
        return OutcomesRequest(mask, benchmark, n, cache_key("outcomes", key_inputs), key_inputs)

    def generation_quality_request(self, mask: MaskSpec | None) -> tuple[str, dict[str, Any]]:
        """The cache key and key inputs of the generation quality of a mask (None: the intact model).

        Raises:
            ValueError: k asks for more weights than there are candidates.
        """
        key_inputs = {
            "model": self.identity,
            "level": self.spec.level,
            "ablated": words_of(mask),  # for people to read: "mask" has it all
            "mask": None if mask is None else self.mask_key_inputs(mask),
        }
        return cache_key("generation_quality", key_inputs), key_inputs

    def items_request(self, benchmark: Benchmark, n: int) -> tuple[str, dict[str, Any]]:
        """The cache key and key inputs of the table of a benchmark's first n items.

        Raises:
            ValueError: the benchmark's rows are missing or bad.
        """
        key_inputs = benchmark.key_inputs(self.spec, n)
        return cache_key("items", key_inputs), key_inputs

    def report_unwritable(self, problem: OSError) -> None:
        """Emits that nothing can be stored, once for each reason."""
        known = problem if isinstance(problem, Unwritable) else Unwritable(self.store.root, problem)
        if str(known) not in self._reported:
            self._reported.add(str(known))
            self.emit(NotStored(str(known)))


def words_of(mask: MaskSpec | None) -> str:
    """What is ablated, in words: `base` for the intact model."""
    return "base" if mask is None else str(mask)


def divergences_request(base: OutcomesRequest, ablated: OutcomesRequest) -> tuple[str, dict[str, Any]]:
    """The cache key and key inputs of the divergences of a base and an ablated run."""
    key_inputs = {
        "base_outcomes": base.key,
        "ablated_outcomes": ablated.key,
        # For people to read: the keys have it all.
        "ablated": str(ablated.mask),
        "benchmark": ablated.benchmark.id,
        "n": ablated.n,
    }
    return cache_key("divergences", key_inputs), key_inputs


KeyKind = Literal[
    "ranking",
    "scores",
    "unit_scores",
    "outcomes",
    "divergences",
    "generation_quality",
    "items",
    "localizations",
]

VERSIONS: Mapping[KeyKind, int] = {
    "ranking": 3,
    "scores": 1,
    "unit_scores": 1,
    "outcomes": 5,
    "divergences": 2,
    "generation_quality": 3,
    "items": 3,
    "localizations": 4,
}
"""Raised whenever the same key inputs give another content: so also if the neutral texts change."""

CONTRAST_VERSION = 2
"""Raised whenever the same key inputs give another ranking of `max_minus_shared` alone."""


def cache_key(kind: KeyKind, key_inputs: Mapping[str, Any]) -> str:
    """The cache key of a content."""
    return key_of(kind, VERSIONS[kind], key_inputs)


def ranking_key_inputs(
    model: ModelIdentity, importance: ImportanceSpec, sets: Sequence[DiagnosticSet], mask: MaskSpec
) -> dict[str, Any]:
    """Everything that a ranking depends on.

    Args:
        model: whose weights are ranked.
        importance: how importance is computed.
        sets: the ability's items; for `max_minus_shared` followed by the other abilities'.
        mask: a mask cut from the ranking, whatever its k and seed.
    """
    key_inputs = scores_key_inputs(model, importance, sets)
    key_inputs |= {"variant": mask.variant, "selection": mask.selection}
    if mask.is_contrast:
        key_inputs["contrast"] = CONTRAST_VERSION
    if mask.scope == "units":
        key_inputs["unit_scores"] = VERSIONS["unit_scores"]
    return key_inputs | scope_key_inputs(mask)


def scores_key_inputs(
    model: ModelIdentity, importance: ImportanceSpec, sets: Sequence[DiagnosticSet]
) -> dict[str, Any]:
    """Everything that the importance of a model's weights depends on.

    Args:
        model: whose weights are scored.
        importance: how.
        sets: the ability's items, and those of others that it is compared with.
    """
    return {
        "model": model,
        "ability": sets[0].ability,
        "loss": importance.loss,
        "reduction": importance.reduction,
        "items": [diagnostic.key_inputs() for diagnostic in sets],
    }


def scope_key_inputs(mask: MaskSpec) -> dict[str, Any]:
    """The part of a key for a mask's scope: nothing for the default one."""
    return {} if mask.scope == "global" else {"scope": mask.scope}
