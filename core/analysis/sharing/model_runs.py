"""The models of a profile, intact and ablated, each with its outcomes, as other programs know models."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from core.analysis.comparisons import RUN
from core.analysis.results import Results
from core.benchmarks.tasks.catalogue import TASKS

EFFECTS = ("ais", "ais_low", "ais_high", "ais_p", "ais_p_low", "ais_p_high")
"""The columns of a cell that other formats have no place for, and get all the same."""

NOT_IN_NAMES = re.compile(r'["<>:/|\\?*\[\]]+')
"""What lm-evaluation-harness replaces in a model's name to make a folder's; no name leaves its folder."""

MASK = [name for name in RUN if name != "benchmark"]
"""The columns that say which weights were zeroed."""


@dataclass(frozen=True, eq=False)
class ModelRun:
    """One model on all benchmarks."""

    mask: Mapping[str, Any]
    """The values of `MASK`."""
    outcomes: pl.DataFrame
    """One row for each benchmark and item."""
    cells: pl.DataFrame
    """One row for each benchmark; empty for the intact model beside ablated ones."""

    @property
    def is_base(self) -> bool:
        """Whether nothing was ablated."""
        return bool(self.mask["variant"] == "base")

    @property
    def name(self) -> str:
        """`base`, or a word for the mask that can be part of a file's name."""
        if self.is_base:
            return "base"
        words = [self.mask["ability"], self.mask["variant"], self.mask["selection"], f"k{self.mask['k']:g}"]
        words += [] if self.mask["seed"] is None else [f"seed{self.mask['seed']}"]
        return NOT_IN_NAMES.sub("_", "-".join(words))

    def of(self, benchmark: str) -> pl.DataFrame:
        """The outcomes on one benchmark."""
        return self.outcomes.filter(pl.col("benchmark") == benchmark)

    def effects(self, benchmark: str) -> dict[str, float]:
        """The `EFFECTS` on one benchmark that are defined; none of the intact model."""
        rows = self.cells.filter(pl.col("benchmark") == benchmark).to_dicts()
        cell = rows[0] if rows and not self.is_base else {}
        return {name: cell[name] for name in EFFECTS if cell.get(name) is not None}


def model_runs(results: Results) -> Iterator[ModelRun]:
    """The intact model, then one model for each mask."""
    for names, outcomes in results.outcomes.collect().group_by(MASK, maintain_order=True):
        matches = [pl.col(name).eq_missing(value) for name, value in zip(MASK, names, strict=True)]
        yield ModelRun(dict(zip(MASK, names, strict=True)), outcomes, results.cells.filter(matches))


def hub_id(model: str) -> tuple[str, str]:
    """The owner of a model, `unknown` of a file or folder, and its name."""
    owner, _, name = model.rpartition("/")
    is_local = not owner or "/" in owner or owner.startswith((".", "~"))
    return ("unknown", Path(model).name) if is_local else (owner, name)


def first_metric(benchmark: str) -> str:
    """The name of the metric that a score is."""
    return TASKS[benchmark].metrics[0] if benchmark in TASKS else "acc"
