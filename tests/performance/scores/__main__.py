"""Judges other ways to score weights: `python -m tests.performance.scores --model phantom phantom-1 demo`.

Each is contrasted with the largest of the other abilities' shares, as `contrast_max` does. On a phantom the
table has what `abilityscope calibrate` has; elsewhere what an ability's mask takes of it and of others.
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np
import torch

from core.phantom.calibration.calibration import true_matrix
from core.phantom.calibration.matrix import correlation
from core.phantom.ground_truth import PHANTOMS, truth_of
from tests.performance.scores.judge import Judge, Masks, masks_of
from tests.performance.scores.pruning import step_by_step
from tests.performance.scores.subject import Map, Subject
from tests.performance.scores.ways import WAYS

KS = (0.01, 0.03)
"""Fractions of all parameters."""

FIGURES = f"{'own':>6} {'others':>6} {'r':>6} {'own block':>9} {'AUROC':>6} {'seconds':>8}"
"""Points that the own and the other abilities lose, and, on a phantom, what the calibration has."""


def report(subject: Subject, ways: list[str]) -> None:
    """Prints the table of a model, a line as soon as it is known."""
    judge = Judge(subject)
    _print(f"\n{subject.name}: {subject.n_items} diagnostic, {subject.limit} held-out items an ability")
    _print(f"{'scores':34} {'k':>3} {FIGURES}")
    for way in ways:
        started = time.monotonic()
        scores = judge.contrasts({ability: WAYS[way](subject, ability) for ability in judge.abilities})
        seconds, auroc = time.monotonic() - started, _auroc(judge, scores)
        for k in KS:
            masks = masks_of(scores, judge.weights_at(k), subject)
            _print(_line(judge, way, k, masks, auroc, seconds))
    for k in KS if ways == list(WAYS) else ():
        started = time.monotonic()
        masks = step_by_step(judge, judge.weights_at(k))
        seconds = time.monotonic() - started
        _print(_line(judge, "sum-abs, pruned in steps", k, masks, None, seconds))


def _line(judge: Judge, way: str, k: float, masks: Masks, auroc: float | None, seconds: float) -> str:
    drops = judge.drops(masks)
    is_own = np.eye(len(drops), dtype=bool)
    line = f"{way:34} {100 * k:3.0f} {drops[is_own].mean():6.1f} {drops[~is_own].mean():6.1f}"
    if judge.subject.name in PHANTOMS:
        r = correlation(true_matrix(truth_of(judge.subject.loaded.spec)), drops)
        line += f" {r or 0:6.3f} {judge.precision(masks):9.2f}"
        line += f" {auroc:6.2f}" if auroc is not None else " " * 7
    return f"{line} {seconds:8.0f}"


def _auroc(judge: Judge, scores: dict[str, Map]) -> float | None:
    if judge.subject.name not in PHANTOMS:
        return None
    found = [judge.blocks.localization(a, [one.flatten().numpy() for one in m]) for a, m in scores.items()]
    return float(np.mean([one.neurons for one in found]))


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", nargs="+", default=["phantom"], help="embedded models")
    parser.add_argument("--n-items", type=int, default=100, help="diagnostic items of each ability")
    parser.add_argument("--limit", type=int, default=40, help="held-out items of each ability")
    parser.add_argument("--way", choices=list(WAYS), action="append", help="all, and pruning, by default")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for name in arguments.model:
        report(Subject(name, arguments.n_items, arguments.limit), arguments.way or list(WAYS))


if __name__ == "__main__":
    main()
