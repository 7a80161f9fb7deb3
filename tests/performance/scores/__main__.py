"""Judges ways to score and select weights: `python -m tests.performance.scores --model phantom demo`.

A way scores, a rule compares abilities. The first held-out items choose k and what else has a number, those
after them report. AIS_p is of p(right); first: in how many columns and rows the own cell is the largest;
specific: abilities whose specificity has an interval above 0; cannot write: masks with more than twice the
intact model's perplexity on neutral texts that were not scored. `*` marks what was chosen of a family.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import torch

from core.analysis.generation_quality import MOST_TIMES
from core.phantom.calibration import PRIVATE, correlation, true_matrix
from core.phantom.ground_truth import PHANTOMS, truth_of
from tests.performance.scores.judge import Judge, Judged, Part, own_and_others
from tests.performance.scores.masking import MEAN, Candidate, Maker, all_rules, all_ways
from tests.performance.scores.subject import Form, Subject

HEADER = (
    "| way, rule | k | chosen by | points own, others | AIS_p own, others | first column, row | specific "
    "| cannot write | r | own block | AUROC |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- "
    "| --- |"
)


def report(maker: Maker, wanted: list[tuple[str, list[str]]], *, staged: bool, matrices: bool) -> None:
    """Prints the table of a model, a line as soon as it is known.

    Args:
        maker: of the masks.
        wanted: ways, each with its rules.
        staged: whether only what was chosen is asked the items that report; the first family comes first,
            then those that did best.
        matrices: whether the points of p(right) of each mask are printed too.
    """
    _print(HEADER)
    parts: tuple[Part, ...] = ("choose",) if staged else ("choose", "report")
    best: dict[tuple[str, str], tuple[float, Candidate, dict[Part, Judged]]] = {}
    for candidate in _all(maker, wanted):
        started = time.process_time()
        found = maker.judge.judged(candidate.ablation, parts)
        _print(_line(maker.judge, candidate, found) + f" {time.process_time() - started:.0f} s")
        score = found["choose"].specificity
        if candidate.family not in best or score > best[candidate.family][0]:
            best[candidate.family] = score, candidate, found
    first, *rest = best.values()
    for _, candidate, found in (first, *sorted(rest, key=lambda one: -one[0])):
        if staged:
            found = found | maker.judge.judged(candidate.ablation, ("report",))
        _print(_line(maker.judge, candidate, found, mark="* "))
        if matrices:
            _print(_matrix(found["report"]))


def _all(maker: Maker, wanted: list[tuple[str, list[str]]]) -> Iterator[Candidate]:
    for way, rules in wanted:
        yield from maker.candidates(way, rules)


def _line(judge: Judge, candidate: Candidate, found: dict[Part, Judged], mark: str = "") -> str:
    cells = [f"{mark}{candidate.way}, {candidate.rule}", f"{candidate.k:g}"]
    cells.append(f"{found['choose'].specificity:.3f}")
    judged = found.get("report", found["choose"])
    cells.append("{:.1f}, {:.1f}".format(*own_and_others(judged.points)))
    cells.append("{:.3f}, {:.3f}".format(*own_and_others(judged.ais_p)))
    cells.append("{}, {}".format(*judged.firsts))
    cells.append(f"{judged.specific}")
    cells.append(f"{(judged.times > MOST_TIMES).sum()}")
    if judge.subject.name in PHANTOMS:
        r = correlation(true_matrix(truth_of(judge.subject.loaded.spec)), judged.points)
        auroc = "" if candidate.auroc is None else f"{candidate.auroc:.2f}"
        cells += [f"{r or 0:.2f}", f"{judge.precision(candidate.masks):.2f}", auroc]
    return f"| {' | '.join(cells)} |"


def _matrix(judged: Judged) -> str:
    lines = []
    for ability, row, times in zip(PRIVATE, judged.p_points, judged.times, strict=True):
        lines.append(f"{ability[:8]:8} " + " ".join(f"{cell:4.0f}" for cell in row) + f"  x {times:.2f}")
    return "\n".join(lines)


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", nargs="+", default=["phantom"], help="embedded models, or a real one")
    parser.add_argument("--way", nargs="+", choices=all_ways(), default=["sum-abs"])
    parser.add_argument("--rule", nargs="+", choices=all_rules(), default=["contrast_max"])
    parser.add_argument("--k", nargs="+", type=float, default=[0.01], help="fractions of all parameters")
    parser.add_argument(
        "--replacement", nargs="+", default=["0"], help=f"factors of weights, or {MEAN}, of whole neurons"
    )
    parser.add_argument("--form", choices=get_args(Form), default="own", help="of the diagnostic items")
    parser.add_argument("--asked", choices=get_args(Form), default="own", help="form of the held-out items")
    parser.add_argument("--knockouts", type=int, default=400, help="random knockouts")
    parser.add_argument("--knockout-items", type=int, default=12, help="items of each ability under each")
    parser.add_argument("--n-items", type=int, default=100, help="diagnostic items of each ability")
    parser.add_argument("--choose", type=int, default=20, help="held-out items of each ability that choose")
    parser.add_argument("--report", type=int, default=40, help="those after them, that report")
    parser.add_argument("--staged", action="store_true", help="report only what is chosen of a family")
    parser.add_argument("--matrices", action="store_true", help="points of p(right) of what is chosen")
    parser.add_argument("--maps", type=Path, help="existing folder where sums over items are kept")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for name in arguments.model:
        subject = Subject(name, arguments.n_items, arguments.maps, arguments.form)
        judge = Judge(subject, arguments.choose, arguments.report, arguments.asked)
        held_out = f"{judge.choosing} + {judge.reporting} held-out ones"
        _print(f"\n{name}: {arguments.n_items} diagnostic items of each ability, {held_out}\n")
        maker = Maker(
            judge, arguments.k, arguments.replacement, arguments.knockouts, arguments.knockout_items
        )
        wanted = [(way, arguments.rule) for way in arguments.way]
        report(maker, wanted, staged=arguments.staged, matrices=arguments.matrices)


if __name__ == "__main__":
    main()
