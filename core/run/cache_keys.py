"""Cache keys: a hash of everything that a stored content depends on. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from cache.keys import key_of
from core.run.specs import DiagnosticSet, ImportanceSpec, MaskSpec, ModelIdentity

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
    if mask.selection == "max_minus_shared":
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
