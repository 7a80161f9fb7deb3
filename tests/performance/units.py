"""Whole neurons beside single weights: `python -m tests.performance.units --cache-dir DIR --model phantom`.

For each selection, k and scope: what a mask takes of its own ability and of the others, in points of accuracy
and as AIS_p; in how many columns the own mask hurts most, and in how many rows its own ability is hurt most;
and on a phantom the correlation with the true matrix, the share of the weights in the own block, and how well
the scores tell its neurons apart (AUROC).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl
import torch

from cache.folder import Store
from core.analysis.rounds import run_profile
from core.masks.choices import Scope, Selection
from core.masks.ranking import whole
from core.models.spec import ModelSpec
from core.phantom.calibration import PRIVATE, Blocks, auroc, benchmarks, correlation, true_matrix
from core.phantom.ground_truth import PHANTOMS, truth_of
from core.run.plan import Plan
from core.run.runner import Runner
from core.run.selected import stored_layout
from core.run.specs import ImportanceSpec, MaskSpec

SCOPES: tuple[Scope, ...] = ("global", "units")
SELECTIONS: tuple[Selection, ...] = "max_minus_shared"
KS = (0.01, 0.03)

HEAD = (
    "| model | selection | k | scope | own, others | AIS_p: own, others | first in column, row | r "
    "| in own block | AUROC |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
)


def rows(runner: Runner, limit: int, scopes: Sequence[Scope]) -> Iterator[str]:
    """The rows of one model."""
    for scope in scopes:
        plan = Plan(PRIVATE, ("mlp",), SELECTIONS, KS, benchmarks(), limit, scope=scope)
        profile = run_profile(plan, runner)
        assert profile is not None, "nobody cancels it"
        for (selection, k), cells in profile.cells.group_by("selection", "k", maintain_order=True):
            spec = MaskSpec(PRIVATE[0], "mlp", selection, float(str(k)), scope=scope)  # type: ignore[arg-type]
            names = f"{runner.spec.name} | {selection} | {k} | {scope}"
            yield f"| {names} | {_effects(cells)} | {_places(runner, spec, cells)} |"


def _effects(cells: pl.DataFrame) -> str:
    drops, ais_p = _matrix(cells, 100 * (pl.col("base_score") - pl.col("score"))), _matrix(cells, "ais_p")
    points = ", ".join(f"{one:.1f}" for one in _own_and_others(drops))
    effects = ", ".join(f"{one:.3f}" for one in _own_and_others(ais_p))
    place = np.arange(len(ais_p))
    firsts = ((ais_p.argmax(axis=axis) == place).sum() for axis in (0, 1))
    return f"{points} | {effects} | {', '.join(map(str, firsts))}"


def _places(runner: Runner, spec: MaskSpec, cells: pl.DataFrame) -> str:
    """What is known on a phantom alone."""
    if runner.spec.name not in PHANTOMS:
        return "| | "
    drops = _matrix(cells, 100 * (pl.col("base_score") - pl.col("score")))
    r = correlation(true_matrix(truth_of(runner.spec)), drops)
    blocks = Blocks(stored_layout(runner))
    specs = [MaskSpec(a, spec.variant, spec.selection, spec.k, scope=spec.scope) for a in PRIVATE]
    precision = np.mean([blocks.placement(one.ability, runner.mask(one)).precision for one in specs])
    return f"{r or 0:.3f} | {precision:.2f} | {np.mean([_auroc(runner, blocks, one) for one in specs]):.2f}"


def _auroc(runner: Runner, blocks: Blocks, spec: MaskSpec) -> float:
    """How well the scores tell the own neurons from those of other private blocks."""
    if spec.scope == "units":
        scores = np.concatenate([whole(one).numpy() for one in runner.units.contrast(spec)])
        found, own = (
            np.tile(blocks.of_neurons, len(scores) // len(blocks.of_neurons)),
            PRIVATE.index(spec.ability),
        )
        return auroc(scores[found == own], scores[(found != own) & (found < len(PRIVATE))])
    contrast = [whole(one).numpy() for one in runner.maps.contrast(spec)]
    return blocks.localization(spec.ability, contrast).neurons


def _matrix(cells: pl.DataFrame, values: str | pl.Expr) -> np.ndarray:  # type: ignore[type-arg]
    """(abilities, abilities) masks by benchmarks."""
    expr = pl.col(values) if isinstance(values, str) else values
    table = cells.select("ability", "benchmark", value=expr).pivot(
        "benchmark", index="ability", values="value"
    )
    by_ability = {row["ability"]: row for row in table.to_dicts()}
    return np.array([[by_ability[mask][benchmark] for benchmark in PRIVATE] for mask in PRIVATE])


def _own_and_others(matrix: np.ndarray) -> tuple[float, float]:  # type: ignore[type-arg]
    is_own = np.eye(len(matrix), dtype=bool)
    return float(matrix[is_own].mean()), float(matrix[~is_own].mean())


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scope", nargs="+", choices=SCOPES, default=SCOPES)
    parser.add_argument("--model", nargs="+", default=["phantom"], help="embedded models")
    parser.add_argument("--n-items", type=int, default=200, help="diagnostic items of each ability")
    parser.add_argument("--limit", type=int, default=50, help="held-out items of each ability")
    parser.add_argument("--cache-dir", type=Path, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    sys.stdout.write(f"{HEAD}\n")
    for name in arguments.model:
        runner = Runner(ModelSpec(name), Store(arguments.cache_dir), ImportanceSpec(arguments.n_items))
        for row in rows(runner, arguments.limit, arguments.scope):
            sys.stdout.write(f"{row}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
