"""The table of cells: one row for each mask and benchmark, and what is read from it. No torch.

Matrices, reports, comparisons, exports and the inspector read it. Its columns are those of `RUN` and of
`STATISTICS`, `BEYOND`, and what `compared` adds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.analysis.generation_quality import GenerationQuality
from core.analysis.statistics import LEAST_EFFECT, SIGNIFICANT
from core.analysis.statistics.cells import (
    CellStatistics,
    Paired,
    StoppedBenchmark,
    clusters_of,
    frame_statistics,
    paired_probabilities,
    paired_scores,
)
from core.analysis.statistics.intervals import excesses, specificities
from core.analysis.statistics.scores import benjamini_hochberg, collapsed, empirical_p, holm
from core.benchmarks.benchmark import Benchmark
from core.run.experiment import Experiment
from core.run.plan import Plan
from core.run.selected import selected
from core.run.specs import MaskSpec, mask_weights

Frames = Mapping[MaskSpec | None, Sequence[pl.DataFrame]]
"""The outcomes of each mask on each benchmark of a plan; None is the intact model."""

RUN: dict[str, pl.DataType] = {
    "ability": pl.String(),
    "variant": pl.String(),
    "selection": pl.String(),
    "k": pl.Float64(),
    "seed": pl.Int64(),
    "benchmark": pl.String(),
}
"""Which mask a row is about, and which benchmark; the seed is null where nothing is drawn."""

PROBABILITY = ("p_right", "base_p_right", "ais_p", "ais_p_low", "ais_p_high")
"""The columns of p(right), empty where there is none."""

STATISTICS: dict[str, pl.DataType] = {
    "n": pl.Int64(),
    **{name: pl.Float64() for name in ("score", "base_score", "chance", "ais", "ais_low", "ais_high")},
    "p_value": pl.Float64(),
    "defined": pl.Boolean(),
    "reason": pl.String(),
    "detectable_ais": pl.Float64(),
    "truncated": pl.Int64(),
    **{name: pl.Float64() for name in PROBABILITY},
    "ais_p_reason": pl.String(),
    "until": pl.Float64(),
    "specificity": pl.Float64(),
    "specificity_p": pl.Float64(),
}
"""The fields of `CellStatistics`, and the specificities where they are known."""

SIZE = ["variant", "selection", "k"]
"""The columns that masks of one kind and size share."""

MATRIX = [*SIZE, "seed"]
"""The columns that one matrix of abilities by benchmarks shares; each random draw is a matrix."""

CELL = ["ability", "variant", "k", "benchmark"]
"""The columns that a cell and its random controls share."""


def run_names(mask: MaskSpec) -> tuple[str, str, str, float, int | None]:
    """The values of `RUN` but the benchmark: only a mask that is drawn depends on its seed."""
    seed = mask.seed if mask.selection == "random" else None
    return mask.ability, mask.variant, mask.selection, mask.k, seed


def run_fields(mask: MaskSpec) -> dict[str, Any]:
    """The values of `RUN` but the benchmark, by name."""
    return dict(zip(RUN, run_names(mask), strict=False))


def cell_table(
    masks: Sequence[MaskSpec],
    benchmarks: Sequence[str],
    found: Mapping[tuple[MaskSpec, str], CellStatistics],
) -> pl.DataFrame:
    """The table of all masks on all benchmarks, mask by mask; cells that are not found are not defined.

    Args:
        masks: the rows' masks.
        found: by mask and benchmark.
    """
    rows = [
        {
            **run_fields(mask),
            "benchmark": benchmark,
            "defined": False,
            **(asdict(found[mask, benchmark]) if (mask, benchmark) in found else {}),
        }
        for mask in masks
        for benchmark in benchmarks
    ]
    return pl.DataFrame(rows, schema={**RUN, **STATISTICS})


def compared(
    cells: pl.DataFrame, random: pl.DataFrame, shown: Mapping[str, bool] | None = None
) -> pl.DataFrame:
    """The cells with corrections, collapse, random masks and links, see `with_...`, and `shown`.

    Args:
        random: a table with the random masks, which may be the same.
        shown: whether the intact model shows an ability, as far as it is known; null where it is not.
    """
    flags = [(shown or {}).get(ability) for ability in cells["ability"]]
    complete = with_random_masks(with_collapse(with_corrections(cells)), random)
    return with_links(complete.with_columns(pl.Series("shown", flags, pl.Boolean())))


def with_links(cells: pl.DataFrame) -> pl.DataFrame:
    """The cells with `link`: whether the whole interval of the AIS_p is above the least effect, or below.

    That is LEAST_EFFECT, or the least AIS of interest at which the runs stopped: they settle the AIS where
    there is no p(right).

    Null: the items do not settle it, there is no AIS_p, or the intact model does not show the ability.
    """
    by_score = pl.col("until").is_not_null() & pl.col("p_right").is_null()
    low, high = (pl.when(by_score).then(f"ais_{end}").otherwise(f"ais_p_{end}") for end in ("low", "high"))
    least = pl.col("until").fill_null(LEAST_EFFECT)
    settled = may_be_starred() & ((low > least) | (high < least))
    return cells.with_columns(link=pl.when(settled).then(low > least))


def may_be_starred() -> pl.Expr:
    """Whether a cell's significance says something: not where the intact model does not show the ability."""
    return pl.col("shown").fill_null(value=True)


def with_corrections(cells: pl.DataFrame) -> pl.DataFrame:
    """The cells with `q_value` and `holm_p`, both over the defined cells of one matrix."""
    parts = []
    for matrix in cells.partition_by(MATRIX, maintain_order=True):
        defined = matrix["defined"].to_numpy()
        p_values = matrix["p_value"].to_numpy()[defined]
        for name, adjusted in (("q_value", benjamini_hochberg(p_values)), ("holm_p", holm(p_values))):
            values = np.full(len(matrix), np.nan)
            values[defined] = adjusted
            matrix = matrix.with_columns(pl.Series(name, values).fill_nan(None))
        parts.append(matrix)
    return pl.concat(parts)


def with_collapse(cells: pl.DataFrame) -> pl.DataFrame:
    """The cells with `collapsed`: whether their mask takes every benchmark down to chance.

    Stated only of masks that are measured on all benchmarks of the table.
    """
    flags = {names: _is_collapsed(group) for names, group in cells.group_by("ability", *MATRIX)}
    rows = cells.select("ability", *MATRIX).rows()
    is_base = cells["variant"] == "base"
    return cells.with_columns(collapsed=pl.Series([flags[row] for row in rows], dtype=pl.Boolean) & ~is_base)


def _is_collapsed(cells: pl.DataFrame) -> bool:
    able = cells.filter("defined")
    is_whole = cells["n"].null_count() == 0
    return (
        is_whole
        and bool(len(able))
        and collapsed(able["score"].to_list(), able["chance"].to_list(), able["n"].to_list())
    )


def with_random_masks(cells: pl.DataFrame, random: pl.DataFrame) -> pl.DataFrame:
    """The cells with `empirical_p` and `random_masks`, how many it is from; null without a random mask.

    A cell is compared with the `random` masks of its own ability, variant and k. Masks that are drawn
    themselves are not compared.

    Args:
        random: a table with the random masks, which may be the same.
    """
    random = random.filter(pl.col("defined") & (pl.col("selection") == "random"))
    by_cell: dict[tuple[object, ...], list[float]] = {}
    for *cell, ais in random.select(*CELL, "ais").iter_rows():
        by_cell.setdefault(tuple(cell), []).append(ais)
    p_values: list[float | None] = []
    counts: list[int] = []
    for *cell, ais, selection in cells.select(*CELL, "ais", "selection").iter_rows():
        drawn = [] if ais is None or selection == "random" else by_cell.get(tuple(cell), [])
        p_values.append(empirical_p(ais, drawn).p_value if drawn else None)
        counts.append(len(drawn))
    return cells.with_columns(
        pl.Series("empirical_p", p_values, pl.Float64()), pl.Series("random_masks", counts, pl.Int64())
    )


SPECIFICITY = ("others_ais", "specificity", "specificity_low", "specificity_high")
"""Columns of what a mask does beyond the other abilities' masks."""

SPECIFICITY_P = ("others_ais_p", "specificity_p", "specificity_p_low", "specificity_p_high")
"""The same by p(right)."""

EXCESS_P = ("random_ais_p", "over_random_p", "over_random_p_low", "over_random_p_high")
"""Columns of what a mask does beyond random masks of its size, by p(right)."""

BEYOND = (*SPECIFICITY, *SPECIFICITY_P, *EXCESS_P)

Beyond = dict[str, float | None]
"""Columns of `BEYOND` by name; None where they are not known."""


def beyond_masks(
    masks: Sequence[MaskSpec],
    base: pl.DataFrame,
    ablated: Sequence[pl.DataFrame],
    benchmark: Benchmark,
    statistics: CellStatistics,
    seed: int,
    *,
    by_score: bool = True,
) -> list[Beyond]:
    """The columns `BEYOND` of each mask on one benchmark; None where its AIS or AIS_p is not defined.

    Args:
        masks: those that are compared with each other.
        base: the intact model's outcomes, `cache.outcomes.SCHEMA`.
        ablated: those under each mask.
        benchmark: gives the chance level.
        statistics: of any of the masks; whether there is an AIS and an AIS_p depends on the intact model.
        by_score: whether the columns of the AIS are asked for, too.
    """
    rows: list[Beyond] = [dict.fromkeys(BEYOND) for _ in masks]
    clusters = clusters_of(base)
    scores = paired_scores(base, ablated, benchmark) if by_score and statistics.ais is not None else None
    probabilities = paired_probabilities(base, ablated, benchmark) if statistics.ais_p is not None else None
    for paired, names in ((scores, SPECIFICITY), (probabilities, SPECIFICITY_P)):
        if paired is not None:
            _add_specificities(rows, names, masks, paired, clusters, seed)
    if probabilities is not None:
        _add_excesses(rows, masks, probabilities, clusters, seed)
    return rows


def _add_specificities(
    rows: list[Beyond],
    names: Sequence[str],
    masks: Sequence[MaskSpec],
    paired: Paired,
    clusters: NDArray[Any] | None,
    seed: int,
) -> None:
    """Fills in what each mask does beyond the other abilities' masks of its kind and size.

    Not for random controls, nor where there is no other ability.
    """
    sizes = [None if m.selection == "random" else (m.variant, m.selection, m.k) for m in masks]
    chosen = [n for n, size in enumerate(sizes) if size is not None and sizes.count(size) > 1]
    if not chosen:
        return
    groups = np.array([sizes.index(sizes[n]) for n in chosen])
    base, ablated, chance = paired
    found = specificities(base, ablated[chosen], chance, groups=groups, seed=seed, clusters=clusters)
    for n, (_, others, _, *beyond) in zip(chosen, found, strict=True):
        rows[n].update(zip(names, (others, *beyond), strict=True))


def _add_excesses(
    rows: list[Beyond],
    masks: Sequence[MaskSpec],
    paired: Paired,
    clusters: NDArray[Any] | None,
    seed: int,
) -> None:
    drawn = _random_of(masks)
    chosen = [n for n, found in enumerate(drawn) if found]
    if not chosen:
        return
    base, ablated, chance = paired
    means = np.stack([ablated[drawn[n]].mean(axis=0) for n in chosen])
    found = excesses(base, ablated[chosen], means, chance, seed=seed, clusters=clusters)
    for n, one in zip(chosen, found, strict=True):
        rows[n].update(zip(EXCESS_P, one, strict=True))


def stopped_beyond(
    masks: Sequence[MaskSpec], stopped: StoppedBenchmark, ablated: Sequence[pl.DataFrame]
) -> list[Beyond]:
    """The columns `BEYOND` of each mask on a benchmark whose runs stop when it is known."""
    rows: list[Beyond] = [dict.fromkeys(BEYOND) for _ in masks]
    rivals, random = _others_of(masks), _random_of(masks)
    compared = [(stopped.score, SPECIFICITY, rivals)]
    if stopped.probability is not None:
        compared += [(stopped.probability, SPECIFICITY_P, rivals), (stopped.probability, EXCESS_P, random)]
    for measure, names, others in compared:
        for row, own, controls in zip(rows, ablated, others, strict=True):
            rival_frames = [ablated[n] for n in controls]
            if controls and all(map(measure.is_of, (own, *rival_frames))):
                found = stopped.beyond(measure, own, rival_frames)
                row.update(zip(names, found, strict=True))
    return rows


def _others_of(masks: Sequence[MaskSpec]) -> list[list[int]]:
    """For each mask the indices of the other abilities' masks of its kind and size; none if it is drawn."""
    groups: dict[tuple[str, str, float], list[int]] = {}
    for n, mask in enumerate(masks):
        groups.setdefault((mask.variant, mask.selection, mask.k), []).append(n)
    return [
        [] if m.selection == "random" else [i for i in groups[m.variant, m.selection, m.k] if i != n]
        for n, m in enumerate(masks)
    ]


def _random_of(masks: Sequence[MaskSpec]) -> list[list[int]]:
    """For each mask the indices of the random masks of its ability, variant and k; none if it is drawn."""
    controls: dict[tuple[str, str, float], list[int]] = {}
    for n, mask in enumerate(masks):
        if mask.selection == "random":
            controls.setdefault((mask.ability, mask.variant, mask.k), []).append(n)
    return [controls.get((m.ability, m.variant, m.k), []) if m.selection != "random" else [] for m in masks]


QUALITY = ("perplexity", "base_perplexity", "repeating", "unreadable", "generation_quality_answers")
"""Columns of the generation quality of a mask."""

NULLABLE: Mapping[str, pl.DataType] = {
    "seed": RUN["seed"],
    **{name: STATISTICS[name] for name in ("chance", "ais", "ais_low", "ais_high", "detectable_ais")},
    **{name: pl.Float64() for name in ("until", *PROBABILITY, *BEYOND, *QUALITY[:-1])},
    QUALITY[-1]: pl.Int64(),
}
"""The types of columns that may be empty on a whole benchmark."""

HEAVY = ("text", "answer", "finish", "tokens")
"""Columns of outcomes that no cell needs, and that take most of the memory: all masks are read at once."""

BASE = ("", "base", "", 0.0, None)
"""The values of `RUN` but the benchmark for the intact model."""


def cells_of(
    plan: Plan, experiment: Experiment, frames: Frames, qualities: Mapping[MaskSpec, GenerationQuality]
) -> pl.DataFrame:
    """One row per mask and benchmark, benchmark by benchmark; of the intact model if nothing is ablated."""
    masks = plan.masks()
    if not masks:
        return _base_cells(plan, experiment, frames)
    names = [_names(experiment, mask) for mask in masks]
    quality_fields = [_quality_fields(qualities.get(mask)) for mask in masks]
    rows = []
    for index, benchmark in enumerate(plan.benchmarks):
        base, ablated = frames[None][index], [frames[mask][index].drop(HEAVY) for mask in masks]
        if plan.until is None:
            statistics = frame_statistics(base, ablated, benchmark, plan.seed)
            beyond = beyond_masks(masks, base, ablated, benchmark, statistics[0], plan.seed)
        else:
            stopped = StoppedBenchmark(base, benchmark)
            statistics = [stopped.statistics(frame, plan.until) for frame in ablated]
            beyond = stopped_beyond(masks, stopped, ablated)
        rows += [
            {**name, "benchmark": benchmark.id, **asdict(cell), **excess, **quality}
            for name, cell, excess, quality in zip(names, statistics, beyond, quality_fields, strict=True)
        ]
    return pl.DataFrame(rows, infer_schema_length=None, schema_overrides=NULLABLE)


def _base_cells(plan: Plan, experiment: Experiment, frames: Frames) -> pl.DataFrame:
    rows = []
    for benchmark, frame in zip(plan.benchmarks, frames[None], strict=True):
        (cell,) = frame_statistics(frame, [frame], benchmark, plan.seed)
        names = {
            **dict(zip(RUN, BASE, strict=False)),
            "scope": "",
            "weights": 0,
            "share_of_candidates": 0.0,
            "benchmark": benchmark.id,
        }
        fields = {**asdict(cell), **dict.fromkeys(BEYOND), **_quality_fields(None)}
        rows.append({**_model_names(experiment), **names, **fields})
    return pl.DataFrame(rows, infer_schema_length=None, schema_overrides=NULLABLE)


def _model_names(experiment: Experiment) -> dict[str, str]:
    spec = experiment.spec
    return {"model": spec.name, "prompt": spec.style, "level": spec.level}


def _names(experiment: Experiment, mask: MaskSpec) -> dict[str, str | float | int | None]:
    may_be_fewer = (mask.scope, mask.variant) == ("units", "all")
    stored = selected(experiment, mask) if may_be_fewer else None
    weights = mask_weights(mask, experiment.info) if stored is None else len(stored)
    return {
        **_model_names(experiment),
        **run_fields(mask),
        "scope": mask.scope,
        "weights": weights,
        "share_of_candidates": weights / experiment.info.candidates[mask.variant],
    }


def _quality_fields(quality: GenerationQuality | None) -> dict[str, Any]:
    if quality is None:
        return dict.fromkeys(QUALITY)
    repeating, unreadable = quality.repeating, quality.unreadable
    values = (quality.perplexity, quality.base_perplexity, repeating.score, unreadable.score, repeating.n)
    return dict(zip(QUALITY, values, strict=True))


IS_OWN = pl.col("ability") == pl.col("benchmark")
"""Whether a cell is of an ability's mask on its own benchmark."""


@dataclass(frozen=True)
class MatrixSummary:
    """One matrix of abilities by benchmarks; of random controls, all their draws together."""

    variant: str
    selection: str
    k: float
    mean_own: float | None
    """Mean AIS of each ability on its own benchmark; None without such cells."""
    mean_others: float | None
    """Mean AIS of each ability on the other abilities' benchmarks."""
    mean_specificity: float | None
    """Mean over the own cells of the AIS less that of the other abilities' masks on the same benchmark."""
    holm_significant: int
    """How many cells hold when all of a matrix are taken together (Holm)."""
    own_in_top_three: int
    """How many abilities hurt their own benchmark among the three most; a tie counts against."""
    rows: int
    """How many abilities have an own benchmark in the profile."""
    mean_absolute: float | None
    """Mean absolute AIS of all cells: of a random control, how far chance alone gets."""
    collapsed: int
    """How many masks took every benchmark down to chance."""
    mean_own_p: float | None = None
    """Mean AIS_p of each ability on its own benchmark; None without such cells."""
    mean_others_p: float | None = None
    """Mean AIS_p of each ability on the other abilities' benchmarks."""
    mean_specificity_p: float | None = None
    """Mean over the own cells of the AIS_p less that of the other abilities' masks on the same benchmark."""
    links: int = 0
    """How many cells are links: the whole interval of their AIS_p is above the least effect."""
    own_first: int = 0
    """How many abilities' own benchmark is hurt most by their own mask, by AIS_p; a tie counts against."""


def summaries(cells: pl.DataFrame) -> list[MatrixSummary]:
    """One summary for each variant, selection and k, in the order of the cells."""
    return [_summary(matrix) for matrix in cells.partition_by(SIZE, maintain_order=True)]


def _summary(matrix: pl.DataFrame) -> MatrixSummary:
    defined = matrix.filter(pl.col("defined"))
    ranked = defined.with_columns(rank=pl.col("ais").rank("max", descending=True).over("ability", "seed"))
    masks = matrix.unique(["ability", "seed"])
    first = matrix.row(0, named=True)
    own, others, specificity = _means(matrix, "ais", "specificity")
    own_p, others_p, specificity_p = _means(matrix, "ais_p", "specificity_p")
    return MatrixSummary(
        variant=first["variant"],
        selection=first["selection"],
        k=first["k"],
        mean_own=own,
        mean_others=others,
        mean_specificity=specificity,
        holm_significant=len(matrix.filter((pl.col("holm_p") < SIGNIFICANT) & may_be_starred())),
        own_in_top_three=len(ranked.filter(IS_OWN & (pl.col("rank") <= 3))),
        rows=len(defined.filter(IS_OWN)),
        mean_absolute=_mean([abs(ais) for ais in defined["ais"].to_list()]),
        collapsed=int(masks["collapsed"].sum()),
        mean_own_p=own_p,
        mean_others_p=others_p,
        mean_specificity_p=specificity_p,
        links=int(matrix["link"].sum()),
        own_first=own_firsts(matrix, "ais_p", "benchmark"),
    )


def own_firsts(cells: pl.DataFrame, effect: str, by: Literal["ability", "benchmark"]) -> int:
    """How many abilities' own cell has the largest effect of its row or column; a tie counts against.

    Args:
        cells: `IS_OWN` and `seed` say which are own, and which are of one draw.
        effect: the column of the effect.
        by: `benchmark` for columns, `ability` for rows.
    """
    rank = pl.col(effect).rank("max", descending=True).over(by, "seed")
    return len(cells.drop_nulls(effect).filter((rank == 1) & IS_OWN))


def _means(matrix: pl.DataFrame, effect: str, specificity: str) -> tuple[float | None, ...]:
    known = matrix.drop_nulls(effect)
    own = known.filter(IS_OWN)
    others = known.filter(~IS_OWN & pl.col("benchmark").is_in(matrix["ability"].implode()))
    columns = (own[effect], others[effect], own[specificity].drop_nulls())
    return tuple(_mean(column.to_list()) for column in columns)


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


Rule = Literal["link", "specific"]
"""When a cell names its ability. `link`: the whole interval of its AIS_p is above the least effect.
`specific`: its AIS_p, however small, is above that of the other abilities' masks by the whole interval of the
difference, and above random ones where these were run."""

RULES: tuple[Rule, ...] = ("link", "specific")


@dataclass(frozen=True)
class AttributionAccuracy:
    """How well one matrix names what is needed, by one rule, over its cells on compound benchmarks."""

    variant: str
    selection: str
    k: float
    rule: Rule
    cells: int
    """Pairs of a benchmark and an ability, for random controls in all draws."""
    needed: int
    """Cells whose benchmark needs the ability."""
    named: int
    """Cells that the rule names."""
    right: int
    """Cells that it names and that are needed."""
    silent: int
    """Cells that cannot be named: there is no AIS_p, the mask is collapsed, or the intact model does not show
    the ability."""

    @property
    def precision(self) -> float | None:
        """The share of the named that is needed; None if nothing is named."""
        return self.right / self.named if self.named else None

    @property
    def recall(self) -> float | None:
        """The share of the needed that is named; None if nothing is needed."""
        return self.right / self.needed if self.needed else None

    @property
    def f1(self) -> float | None:
        """The harmonic mean of the two; None if nothing is named and nothing needed."""
        both = self.named + self.needed
        return 2 * self.right / both if both else None

    @property
    def f1_of_all(self) -> float | None:
        """The F1 of naming every ability everywhere, which a rule has to exceed."""
        both = self.cells + self.needed
        return 2 * self.needed / both if both else None

    def figures(self) -> dict[str, str | float | int | None]:
        """Plain values."""
        return {**self.__dict__, "precision": self.precision, "recall": self.recall, "f1": self.f1}


def attributions_of(cells: pl.DataFrame, needs: Mapping[str, tuple[str, ...]]) -> list[AttributionAccuracy]:
    """The attribution accuracy by each rule of each variant, selection and k, in the order of the cells.

    Args:
        cells: `Profile.cells`; other benchmarks are ignored.
        needs: the ids of the abilities that each benchmark needs.
    """
    chosen = cells.filter(pl.col("benchmark").is_in(list(needs)))
    truth = [ability in needs[name] for name, ability in chosen.select("benchmark", "ability").iter_rows()]
    speaks = pl.col("ais_p").is_not_null() & ~pl.col("collapsed") & may_be_starred()
    beyond = (pl.col("specificity_p_low") > 0) & (pl.col("over_random_p_low").fill_null(math.inf) > 0)
    marked = chosen.with_columns(
        pl.Series("needed", truth, pl.Boolean),
        silent=~speaks,
        link=(speaks & pl.col("link")).fill_null(value=False),
        specific=(speaks & beyond & (pl.col("ais_p") > 0)).fill_null(value=False),
    )
    return [
        _attribution(matrix, rule)
        for matrix in marked.partition_by(SIZE, maintain_order=True)
        for rule in RULES
    ]


def _attribution(matrix: pl.DataFrame, rule: Rule) -> AttributionAccuracy:
    first = matrix.row(0, named=True)
    return AttributionAccuracy(
        variant=first["variant"],
        selection=first["selection"],
        k=first["k"],
        rule=rule,
        cells=len(matrix),
        needed=int(matrix["needed"].sum()),
        named=int(matrix[rule].sum()),
        right=int((matrix[rule] & matrix["needed"]).sum()),
        silent=int(matrix["silent"].sum()),
    )
