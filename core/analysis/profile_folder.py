"""Writes a profile into a folder: `FILES`. No torch."""

from __future__ import annotations

import json
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

from cache.files import write_atomically
from cache.keys import as_plain
from core.abilities import GENERATOR_VERSION
from core.analysis.attribution import attributions
from core.analysis.comparisons import run_fields
from core.analysis.profile import Profile
from core.analysis.samples.items import ensure_items
from core.analysis.statistics import SIGNIFICANT
from core.experiment.cache_keys import CONTRAST_VERSION, VERSIONS
from core.experiment.experiment import Experiment
from core.masks.choices import DRAWN

ITEM_COLUMNS = ("item_id", "family", "prompt", "options", "targets")
"""What of an item stands beside its outcomes."""

HOLDING_COLUMNS = (
    "ability", "variant", "selection", "k", "benchmark", "ais", "holm_p", "empirical_p", "random_masks",
)  # fmt: skip
"""Of a cell that holds."""

FILES = (
    "cells.parquet",
    "outcomes.parquet",
    "failures.parquet",
    "tags.parquet",
    "choices.parquet",
    "profile.json",
)
"""What a profile's folder holds."""

PACKAGES = ("abilityscope", "torch", "transformers", "polars", "numpy")
"""Whose versions are written down."""


def write_profile(profile: Profile, experiment: Experiment, folder: Path) -> None:
    """Writes the profile's files, each atomically.

    Raises:
        OSError: the folder cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    failures = profile.failures
    frames = (
        profile.cells,
        _with_items(profile, experiment),
        failures.shares,
        failures.tags,
        failures.choices,
    )
    for name, frame in zip(FILES, frames, strict=False):
        write_atomically(folder / name, frame.write_parquet)
    document = {
        **settings_of(profile, experiment),
        "holm_significant": holm_significant_of(profile),
        "attribution": attributions_of(profile),
        "generation_quality": generation_quality_of(profile),
        "failures": failures_of(profile),
    }
    text = json.dumps(as_plain(document), indent=2, ensure_ascii=False)
    write_atomically(folder / FILES[-1], (text + "\n").encode())


def settings_of(profile: Profile, experiment: Experiment) -> dict[str, Any]:
    """Every setting, seed, version and fingerprint: enough to run the profile again."""
    plan = profile.plan
    return {
        "model": {"spec": experiment.spec, "info": experiment.info, "identity": experiment.identity},
        "importance": experiment.importance,
        "memory": experiment.memory_options,
        "abilities": plan.abilities,
        "variants": plan.variants,
        "selections": plan.selections,
        "scope": plan.scope,
        "k": plan.ks,
        "auto_k": [found.record for found in plan.found_ks],
        "benchmarks": [
            {
                "id": b.id,
                "version": b.version,
                "chance": b.chance,
                "n": plan.items_of(b),
                "needs": b.needs,
            }
            for b in plan.benchmarks
        ],
        "seed": plan.seed,
        "random_seeds": plan.seeds_of("random"),
        "formats": {
            "ranking": VERSIONS["ranking"],
            "contrast": CONTRAST_VERSION,
            "outcomes": VERSIONS["outcomes"],
            "generation_quality": VERSIONS["generation_quality"],
            "generator": GENERATOR_VERSION,
        },
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
    }


def holm_significant_of(profile: Profile) -> list[dict[str, Any]]:
    """The cells that hold with all cells of their matrix taken together (Holm), and their empirical p.

    The empirical p is null without random masks; of N it is 1 / (N + 1) at least.
    """
    holm_significant = profile.cells.filter(
        (pl.col("holm_p") < SIGNIFICANT) & ~pl.col("selection").is_in(DRAWN)
    )
    return holm_significant.select(*HOLDING_COLUMNS).to_dicts()


def attributions_of(profile: Profile) -> list[dict[str, Any]]:
    """How well each matrix names what the compound benchmarks need, in plain values; empty without any."""
    return [attribution.figures() for attribution in attributions(profile)]


def generation_quality_of(profile: Profile) -> list[dict[str, Any]]:
    """The generation quality of each mask, in plain values."""
    return [
        {**run_fields(mask), **generation_quality.figures()}
        for mask, generation_quality in profile.generation_qualities.items()
    ]


def failures_of(profile: Profile) -> dict[str, Any]:
    """How the ablated answers fail, in plain values: of written ones the shares, of choices the sums.

    Each mask's choices are of all multiple-choice benchmarks together; margins are means in nats.
    """
    failures = profile.failures
    return {
        "written_benchmarks": failures.written,
        "choice_benchmarks": failures.choice,
        "written": failures.shares.to_dicts(),
        "choices": [
            {
                **{name: getattr(one.mask, name) for name in ("ability", "variant", "selection", "k")},
                "n": one.n_choices,
                "base_margin": one.margins[0] if one.margins else None,
                "margin": one.margins[1] if one.margins else None,
                "preferences": one.preferences,
            }
            for one in failures.sums
            if one.n_choices
        ],
    }


def _with_items(profile: Profile, experiment: Experiment) -> pl.DataFrame:
    """The outcomes with what is stored of each item."""
    plan = profile.plan
    paths = [ensure_items(experiment, benchmark, plan.items_of(benchmark)) for benchmark in plan.benchmarks]
    items = pl.concat([pl.read_parquet(path).select(ITEM_COLUMNS) for path in paths])
    return profile.outcomes.join(items.unique("item_id"), on="item_id", how="left")
