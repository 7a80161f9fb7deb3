"""What rankings, masks and outcomes depend on: the ingredients of their cache keys. No torch."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cache.keys import canonical_json, key_of
from core.abilities import ABILITIES, GENERATOR_VERSION, Item, Level, find_ability, generate_items
from core.benchmarks.description import Benchmark
from core.choices import CONTRASTS, USUAL_WAY, Form, Loss, Quota, Selection, Variant
from core.models.description import ModelInfo
from core.models.quantization import dtype_in_memory, quantization_in_memory
from core.models.spec import ModelSpec
from core.prompts import PromptStyle

RANKING_VERSION = 1
"""Raised whenever the same ingredients give another ranking."""

CONTRAST_VERSION = 2
"""Raised whenever the same ingredients give another ranking of `contrast`, and of that alone."""

OUTCOMES_VERSION = 3
"""Raised whenever the same ingredients give other outcomes, or outcomes say more."""

PARTINGS_VERSION = 1
"""Raised whenever the same ingredients give other partings."""

HEALTH_VERSION = 1
"""Raised whenever the same ingredients give another health: so also with the neutral texts."""

ITEMS_VERSION = 2
"""Raised whenever the same ingredients give another table of items."""

CORE_ABILITIES = 6
"""Of the ten abilities, how many have to share a weight for it to belong to the core: most of them."""


@dataclass(frozen=True)
class DiagnosticSet:
    """The items from which an ability's importance is computed."""

    ability: str
    level: Level
    n: int
    seed: int
    own: tuple[Item, ...] = ()
    """A person's own items; empty for the generated ones of the `train` split."""

    def items(self) -> tuple[Item, ...]:
        """The items: never one of those that the benchmarks evaluate, unless they are one's own."""
        return self.own or generate_items(self.ability, self.level, "train", self.n, self.seed)

    def ingredients(self) -> dict[str, Any]:
        """What the items depend on."""
        if self.own:
            return {"ability": self.ability, "own_items": _digest_of(self.own)}
        return {
            "ability": self.ability,
            "level": self.level,
            "n": self.n,
            "seed": self.seed,
            "generator": GENERATOR_VERSION,
        }


@dataclass(frozen=True)
class ImportanceRecipe:
    """How importance is computed."""

    n_items: int = 1000
    """Items of each ability."""
    loss: Loss = USUAL_WAY.loss
    form: Form = USUAL_WAY.form
    seed: int = 0
    """Of the items."""


@dataclass(frozen=True)
class MaskRecipe:
    """Which weights are ablated."""

    ability: str
    variant: Variant
    selection: Selection
    k: float
    """Fraction of all parameters of the model."""
    seed: int = 0
    """Of the random controls."""
    quota: Quota = "global"

    def __str__(self) -> str:
        """In words, as tables show it."""
        words = f"{self.ability} · {self.variant} · {self.selection} · k {self.k:g}"
        return words if self.quota == "global" else f"{words} · quota {self.quota}"

    @property
    def random_seed(self) -> int:
        """The seed of the random controls, another one for each ability."""
        place = [ability.id for ability in ABILITIES].index(find_ability(self.ability).id)
        return self.seed * len(ABILITIES) + place


def own_first(ability: str) -> list[str]:
    """The ids of all abilities, this one's first."""
    return [ability, *(one.id for one in ABILITIES if one.id != ability)]


def drawn_seed(seed: int, draw: int) -> int:
    """The `MaskRecipe.seed` of one of several random masks of one size; of the first it is the seed itself.

    Args:
        seed: from which all are derived.
        draw: which, from 0.
    """
    if draw == 0:
        return seed
    # Hashed, not counted on from the seed: two profiles with seeds side by side share no random mask.
    return int.from_bytes(hashlib.blake2b(f"{seed}/{draw}".encode(), digest_size=4).digest())


@dataclass(frozen=True)
class ModelIdentity:
    """Everything about a model that can change a number."""

    fingerprint: str
    quantization: str
    dtype: str
    device: str
    """`cpu`, `cuda` …: kernels differ between them, and so do the last digits."""
    style: PromptStyle

    @classmethod
    def of(cls, spec: ModelSpec, info: ModelInfo, device: str) -> ModelIdentity:
        """The identity of a model on a kind of device.

        Raises:
            ValueError: it is stored quantized in another way than is asked for.
        """
        quantization = quantization_in_memory(spec.quantization, info.quantization)
        dtype = dtype_in_memory(spec.dtype, quantization, info.dtype)
        return cls(info.fingerprint, quantization, dtype, device, spec.style)


def ranking_ingredients(
    model: ModelIdentity,
    recipe: ImportanceRecipe,
    sets: Sequence[DiagnosticSet],
    mask: MaskRecipe,
) -> dict[str, Any]:
    """What a ranking depends on.

    Args:
        model: whose weights are ranked.
        recipe: how importance is computed.
        sets: the ability's own items; for `contrast` the other abilities' after them.
        mask: that is the first of the ranking, whatever its k and seed.
    """
    ingredients: dict[str, Any] = {
        "model": model,
        "ability": sets[0].ability,
        "loss": recipe.loss,
        "form": recipe.form,
        "items": [diagnostic.ingredients() for diagnostic in sets],
        "variant": mask.variant,
        "selection": mask.selection,
    }
    if mask.selection in CONTRASTS:
        ingredients["contrast"] = CONTRAST_VERSION
    return ingredients | quota_ingredients(mask)


def quota_ingredients(mask: MaskRecipe) -> dict[str, Any]:
    """What a mask's quota adds to a key: nothing where it is the usual one."""
    return {} if mask.quota == "global" else {"quota": mask.quota}


def ranking_key(ingredients: Mapping[str, Any]) -> str:
    """The cache key of a ranking."""
    return key_of("ranking", RANKING_VERSION, ingredients)


def outcomes_key(ingredients: Mapping[str, Any]) -> str:
    """The cache key of the outcomes of one mask on one benchmark."""
    return key_of("outcomes", OUTCOMES_VERSION, ingredients)


def partings_ingredients(
    base_key: str, ablated_key: str, ablated: str, benchmark: str, n: int
) -> dict[str, Any]:
    """What the partings of two runs depend on.

    Args:
        base_key: of the intact model's outcomes.
        ablated_key: of the ablated model's.
        ablated: the mask in words; with what follows for people to read, it is all in the keys.
        benchmark: its id.
        n: items.
    """
    names = {"ablated": ablated, "benchmark": benchmark, "n": n}
    return {"base_outcomes": base_key, "ablated_outcomes": ablated_key, **names}


def partings_key(ingredients: Mapping[str, Any]) -> str:
    """The cache key of the partings of two runs."""
    return key_of("partings", PARTINGS_VERSION, ingredients)


def health_ingredients(
    model: ModelIdentity, level: Level, ablated: str, mask: Mapping[str, Any] | None
) -> dict[str, Any]:
    """What the health of a model under a mask depends on.

    Args:
        model: the model.
        level: of the neutral texts.
        ablated: the mask in words, for people to read; it is all in `mask`.
        mask: its ingredients; None for the intact model.
    """
    return {"model": model, "level": level, "ablated": ablated, "mask": mask}


def health_key(ingredients: Mapping[str, Any]) -> str:
    """The cache key of the health of a model under a mask."""
    return key_of("health", HEALTH_VERSION, ingredients)


def items_ingredients(benchmark: Benchmark, n: int, spec: ModelSpec) -> dict[str, Any]:
    """What the table of a benchmark's first n items, as prompts for a model, depends on.

    Raises:
        ValueError: the benchmark's rows are not here, or bad.
    """
    return benchmark.ingredients(spec, n)


def items_key(ingredients: Mapping[str, Any]) -> str:
    """The cache key of a table of items."""
    return key_of("items", ITEMS_VERSION, ingredients)


def _digest_of(items: Sequence[Item]) -> str:
    return hashlib.sha256(canonical_json(list(items)).encode()).hexdigest()
