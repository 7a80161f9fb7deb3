"""Key inputs of each kind of cache entry, and the cache keys made of them. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cache.keys import key_of
from core.benchmarks.benchmark import Benchmark
from core.experiment.specs import DiagnosticSet, ImportanceSpec, MaskSpec, ModelIdentity
from core.masks.choices import CONTRASTS
from core.models.spec import Level, ModelSpec

RANKING_VERSION = 2
"""Raised whenever the same key inputs give another ranking."""

CONTRAST_VERSION = 2
"""Raised whenever the same key inputs give another ranking of `contrast` alone."""

OUTCOMES_VERSION = 4
"""Raised whenever the same key inputs give other outcomes, or outcomes have more columns."""

DIVERGENCES_VERSION = 2
"""Raised whenever the same key inputs give other divergences."""

GENERATION_QUALITY_VERSION = 2
"""Raised whenever the same key inputs give another generation quality, or the neutral texts change."""

ITEMS_VERSION = 3
"""Raised whenever the same key inputs give another table of items."""


def ranking_key_inputs(
    model: ModelIdentity,
    importance: ImportanceSpec,
    sets: Sequence[DiagnosticSet],
    mask: MaskSpec,
) -> dict[str, Any]:
    """Everything that a ranking depends on.

    Args:
        model: whose weights are ranked.
        importance: how importance is computed.
        sets: the ability's items; for `contrast` followed by the other abilities'.
        mask: a mask cut from the ranking, whatever its k and seed.
    """
    key_inputs: dict[str, Any] = {
        "model": model,
        "ability": sets[0].ability,
        "loss": importance.loss,
        "reduction": importance.reduction,
        "items": [diagnostic.key_inputs() for diagnostic in sets],
        "variant": mask.variant,
        "selection": mask.selection,
    }
    if mask.selection in CONTRASTS:
        key_inputs["contrast"] = CONTRAST_VERSION
    return key_inputs | scope_key_inputs(mask)


def scope_key_inputs(mask: MaskSpec) -> dict[str, Any]:
    """The part of a key for a mask's scope: nothing for the default one."""
    return {} if mask.scope == "global" else {"scope": mask.scope}


def ranking_key(key_inputs: Mapping[str, Any]) -> str:
    """The cache key of a ranking."""
    return key_of("ranking", RANKING_VERSION, key_inputs)


def outcomes_key(key_inputs: Mapping[str, Any]) -> str:
    """The cache key of the outcomes of one mask on one benchmark."""
    return key_of("outcomes", OUTCOMES_VERSION, key_inputs)


def divergences_key_inputs(
    base_key: str, ablated_key: str, ablated: str, benchmark: str, n: int
) -> dict[str, Any]:
    """Everything that the divergences of two runs depend on.

    Args:
        base_key: the key of the intact model's outcomes.
        ablated_key: the key of the ablated model's.
        ablated: the mask in words; this and what follows is for people to read, the keys have it all.
        benchmark: its id.
        n: items.
    """
    names = {"ablated": ablated, "benchmark": benchmark, "n": n}
    return {"base_outcomes": base_key, "ablated_outcomes": ablated_key, **names}


def divergences_key(key_inputs: Mapping[str, Any]) -> str:
    """The cache key of the divergences of two runs."""
    return key_of("divergences", DIVERGENCES_VERSION, key_inputs)


def generation_quality_key_inputs(
    model: ModelIdentity, level: Level, ablated: str, mask: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Everything that the generation quality of a model under a mask depends on.

    Args:
        model: the model.
        level: the level of the neutral texts.
        ablated: the mask in words, for people to read; `mask` has it all.
        mask: its key inputs; None for the intact model.
    """
    return {"model": model, "level": level, "ablated": ablated, "mask": mask}


def generation_quality_key(key_inputs: Mapping[str, Any]) -> str:
    """The cache key of the generation quality of a model under a mask."""
    return key_of("generation_quality", GENERATION_QUALITY_VERSION, key_inputs)


def items_key_inputs(benchmark: Benchmark, n: int, spec: ModelSpec) -> dict[str, Any]:
    """Everything that the table of a benchmark's first n items, as prompts for a model, depends on.

    Raises:
        ValueError: the benchmark's rows are missing or bad.
    """
    return benchmark.key_inputs(spec, n)


def items_key(key_inputs: Mapping[str, Any]) -> str:
    """The cache key of a table of items."""
    return key_of("items", ITEMS_VERSION, key_inputs)
