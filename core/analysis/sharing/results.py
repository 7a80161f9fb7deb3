"""The folder of a profile, read back: what was run, and the outcomes of each model, intact and ablated."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from core.analysis.comparisons import RUN
from core.analysis.profile import FILES
from core.benchmarks.tasks.catalogue import TASKS

EFFECTS = ("ais", "ais_low", "ais_high", "ais_p", "ais_p_low", "ais_p_high")
"""The columns of a cell that other formats have no place for, and get all the same."""

NOT_IN_NAMES = re.compile(r'["<>:/|\\?*\[\]]+')
"""What lm-evaluation-harness replaces in a model's name to make a folder's; no name leaves its folder."""

MASK = [name for name in RUN if name != "benchmark"]
"""The columns that say which weights were zeroed."""


@dataclass(frozen=True, eq=False)
class Results:
    """The files of a profile; untrusted, like every file."""

    document: Mapping[str, Any]
    """`profile.json`."""
    cells: pl.DataFrame
    outcomes: pl.DataFrame
    date: str
    """When the profile was written: ISO 8601, UTC, to the second."""

    @property
    def model(self) -> str:
        """The model as it was asked for."""
        return str(self.document["model"]["spec"]["name"])

    @property
    def hub_id(self) -> tuple[str, str]:
        """Its owner, `unknown` for a file or folder, and its name."""
        owner, _, name = self.model.rpartition("/")
        is_local = not owner or "/" in owner or owner.startswith((".", "~"))
        return ("unknown", Path(self.model).name) if is_local else (owner, name)

    @property
    def benchmarks(self) -> list[Mapping[str, Any]]:
        """Id, version, chance, n of each."""
        return list(self.document["benchmarks"])

    def runs(self) -> Iterator[ModelRun]:
        """The intact model, then one model for each mask."""
        for names, outcomes in self.outcomes.group_by(MASK, maintain_order=True):
            matches = [pl.col(name).eq_missing(value) for name, value in zip(MASK, names, strict=True)]
            mask = dict(zip(MASK, names, strict=True))
            yield ModelRun(mask, outcomes, self.cells.filter(matches))


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


def first_metric(benchmark: str) -> str:
    """The name of the metric that a score is."""
    return TASKS[benchmark].metrics[0] if benchmark in TASKS else "acc"


def read_results(folder: Path) -> Results:
    """The results in the `--out` of a profile.

    Raises:
        ValueError: a file is missing, or is not what a profile writes.
    """
    cells, outcomes, *_, document = (folder / name for name in FILES)
    try:
        found = json.loads(document.read_text("utf-8"))
        written = datetime.fromtimestamp(document.stat().st_mtime, UTC)
        date = written.strftime("%Y-%m-%dT%H:%M:%SZ")
        results = Results(found, pl.read_parquet(cells), pl.read_parquet(outcomes), date)
        known = isinstance(found, dict) and {"model", "benchmarks", "versions"} <= set(found)
        complete = {*MASK, "benchmark", "item_id", "prompt", "options"} <= set(results.outcomes.columns)
    except (OSError, ValueError, pl.exceptions.PolarsError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"'{folder}' has no results of a profile ({reason}): give its --out.") from error
    if not known or not complete:
        raise ValueError(f"'{folder}' has no results of a profile: give its --out.")
    return results
