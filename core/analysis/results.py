"""The folder of a profile, read back. Anyone may have written it: everything is checked first."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import polars as pl

from core.abilities.catalogue import ABILITIES
from core.analysis.failures import CHOICES_SCHEMA, SHARES_SCHEMA, TAGS_SCHEMA
from core.analysis.profile import FILES
from core.analysis.statistics import LEAST_EFFECT
from core.analysis.statistics.frontier import Estimate
from core.analysis.table import BEYOND, QUALITY, RUN, STATISTICS, AttributionAccuracy
from core.masks.choices import SELECTIONS
from core.models.matrices import VARIANTS
from core.models.spec import shortened

AGAIN = "run its profile again; what is cached is not computed again"

UNTIL = "until"
"""The column that only says something of a profile with --until."""

OF_CELL = (
    *("n", "score", "base_score", "chance", "ais", "ais_low", "ais_high", "reason", "detectable_ais"),
    *(UNTIL, "truncated", "ais_p", "ais_p_low", "ais_p_high", "ais_p_reason"),
)
"""Statistics of a cell that readers use."""

CELLS: dict[str, pl.DataType] = {
    **RUN,
    **{name: STATISTICS[name] for name in OF_CELL},
    **{name: pl.String() for name in ("model", "prompt", "level", "scope")},
    **{name: pl.Float64() for name in (*BEYOND, *QUALITY, "share_of_candidates")},
    **{name: pl.Float64() for name in ("q_value", "holm_p", "empirical_p")},
    **{name: pl.Int64() for name in ("weights", "random_masks")},
    **{name: pl.Boolean() for name in ("collapsed", "shown", "link")},
}
"""The columns of cells.parquet that readers use."""

OUTCOMES: dict[str, pl.DataType] = {
    **RUN,
    **{name: pl.String() for name in ("item_id", "prompt", "text", "answer", "finish", "family", "cluster")},
    **{name: pl.Int64() for name in ("gold", "prediction", "cut")},
    "score": pl.Float64(),
    **{name: pl.Boolean() for name in ("correct", "correct_norm")},
    "loglikelihoods": pl.List(pl.Float64()),
    **{name: pl.List(pl.String()) for name in ("options", "targets")},
}
"""The columns of outcomes.parquet that readers use."""

KNOWN = {
    "ability": ("", *(one.id for one in ABILITIES)),
    "variant": VARIANTS,
    "selection": ("", *SELECTIONS),
}
"""The names that may stand in a column."""


class Asked(msgspec.Struct, frozen=True):
    """The model as it was asked for."""

    name: str
    quantization: str
    dtype: str
    device: str
    prompt: str
    level_asked: str
    revision: str | None = None
    gguf: str | None = None
    tokenizer: str | None = None


class Found(msgspec.Struct, frozen=True):
    """The model as it was found."""

    architecture: str
    layers: int
    parameters: int
    dtype: str
    fingerprint: str
    candidates: dict[str, int]
    file_type: str | None = None


class Identity(msgspec.Struct, frozen=True):
    """What of the model enters cache keys."""

    fingerprint: str
    quantization: str
    dtype: str
    device: str


class Model(msgspec.Struct, frozen=True):
    """The field `model` of profile.json."""

    spec: Asked
    info: Found
    identity: Identity


class Importance(msgspec.Struct, frozen=True):
    """How weights were scored."""

    n_items: int
    loss: str
    reduction: str
    seed: int


class OfBenchmark(msgspec.Struct, frozen=True):
    """A benchmark of the profile."""

    id: str
    version: int
    n: int
    chance: float | None = None


class ShownAbility(msgspec.Struct, frozen=True):
    """Items of an ability that the intact model has right."""

    ability: str
    n: int
    right: int
    accuracy: float
    low: float
    high: float
    shown: bool


class MaskChoices(msgspec.Struct, frozen=True):
    """What one mask prefers among options, over all benchmarks."""

    ability: str
    variant: str
    selection: str
    k: float
    preferences: list[str]


class Failures(msgspec.Struct, frozen=True):
    """The field `failures` of profile.json."""

    choices: list[MaskChoices]


class TriedRecord(msgspec.Struct, frozen=True):
    """One k of a search for one: mean AIS_p, None where it was no candidate; see `statistics.frontier`."""

    k: float
    acceptable: bool
    """Whether all masks leave the model able to write."""
    own: Estimate | None = None
    others: Estimate | None = None
    gain: Estimate | None = None
    """Own less others."""


class SearchRecord(msgspec.Struct, frozen=True):
    """What `--k auto` tried for one variant, and what it chose."""

    variant: str
    selections: list[str]
    k: float
    tried: list[TriedRecord]
    best_k: float | None = None
    """The k with the largest own less others; None of searches that chose by generation quality alone."""
    choosing_items: int = 0
    """Items of each ability that chose."""


class Settings(msgspec.Struct, frozen=True):
    """The fields of profile.json that readers use."""

    model: Model
    prompt: str
    level: str
    importance: Importance
    abilities: list[str]
    variants: list[str]
    selections: list[str]
    scope: str
    k: list[float]
    benchmarks: list[OfBenchmark]
    seed: int
    random_seeds: list[int]
    formats: dict[str, int]
    versions: dict[str, str]
    shown: list[ShownAbility]
    failures: Failures
    attribution: list[AttributionAccuracy]
    """On compound benchmarks, by matrix and rule; empty without any."""
    auto_k: list[SearchRecord]
    """What `--k auto` has tried, for each variant; empty if k was given."""


@dataclass(frozen=True, eq=False)
class Results:
    """The contents of a profile's folder."""

    folder: Path
    settings: Settings
    cells: pl.DataFrame
    """Columns of `CELLS`."""
    outcomes: pl.LazyFrame
    """Columns of `OUTCOMES`: not read yet, for there may be millions."""
    failures: pl.DataFrame
    tags: pl.DataFrame
    choices: pl.DataFrame

    @property
    def model(self) -> str:
        """The model as it was asked for."""
        return self.settings.model.spec.name

    @property
    def date(self) -> str:
        """When the profile was written: ISO 8601, UTC, to the second."""
        written = datetime.fromtimestamp((self.folder / "profile.json").stat().st_mtime, UTC)
        return written.strftime("%Y-%m-%dT%H:%M:%SZ")

    @property
    def until(self) -> float | None:
        """The least effect at which runs stopped once it was settled; None if all items were run."""
        until = self.cells[UNTIL].max()
        return until if isinstance(until, float) else None

    @property
    def least_effect(self) -> float:
        """The effect that the whole interval of a link is above."""
        return self.until or LEAST_EFFECT


def read_results(folder: Path) -> Results:
    """The results in the folder that `abilityscope profile --out` has written.

    Raises:
        ValueError: it is not such a folder, is damaged or of an earlier version; in one sentence.
        OSError: a file cannot be read.
    """
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise ValueError(f"'{folder}' has no {missing[0]}: give the --out folder of abilityscope profile.")
    cells = _table(folder, "cells.parquet", CELLS).collect()
    _check_names(folder / "cells.parquet", cells)
    return Results(
        folder,
        _settings(folder / "profile.json"),
        cells,
        _table(folder, "outcomes.parquet", OUTCOMES),
        _table(folder, "failures.parquet", SHARES_SCHEMA).collect(),
        _table(folder, "tags.parquet", TAGS_SCHEMA).collect(),
        _table(folder, "choices.parquet", CHOICES_SCHEMA).collect(),
    )


def _settings(path: Path) -> Settings:
    try:
        return msgspec.convert(json.loads(path.read_bytes()), Settings)
    except (msgspec.ValidationError, ValueError) as error:
        why = shortened(" ".join(str(error).split()))
        raise ValueError(f"'{path}' cannot be read ({why}): {AGAIN}.") from None


def _check_names(path: Path, cells: pl.DataFrame) -> None:
    for column, names in KNOWN.items():
        for name in cells[column].unique():
            if name not in names:
                raise ValueError(f"'{path}' has an unknown {column}, '{shortened(str(name))}': {AGAIN}.")


def _table(folder: Path, name: str, schema: dict[str, pl.DataType] | pl.Schema) -> pl.LazyFrame:
    path = folder / name
    try:
        lazy = pl.scan_parquet(path)
        found = lazy.collect_schema()
        lacking = [column for column in schema if column not in found and column != UNTIL]
        if lacking:
            raise ValueError(f"'{path}' is of an earlier version, without '{lacking[0]}': {AGAIN}.")
        table = lazy.select(
            (pl.col(column) if column in found else pl.lit(None)).cast(dtype).alias(column)
            for column, dtype in schema.items()
        )
        table.head(1).collect()
    except pl.exceptions.PolarsError:
        raise ValueError(f"'{path}' is damaged or no such table: {AGAIN}.") from None
    return table
