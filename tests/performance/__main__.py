"""Runs every comparison: a table on stdout, and with --json all numbers in a file."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch

from core.models.loading import load
from core.models.spec import ModelSpec
from tests.performance.ablation_cycle import compare_ablation
from tests.performance.choice_scoring import compare_choices
from tests.performance.comparison import REPEATS, Comparison
from tests.performance.exact_selection import compare_selection
from tests.performance.failure_sums import compare_failures
from tests.performance.four_bit import compare_four_bit
from tests.performance.importance_pass import compare_importance
from tests.performance.machine import machine_facts
from tests.performance.random_llama import random_llama
from tests.performance.samples_table import compare_samples

UNITS = {"": 1, "K": 10**3, "M": 10**6}


def main() -> int:
    """0, or 1 if a check failed; a slow result is no failure."""
    options = _options()
    torch.set_num_threads(1)
    machine = machine_facts()
    model = random_llama(options.parameters)
    # Importance first, as in the program: in a fresh process torch.topk of new memory takes longer.
    comparisons = [
        compare_importance(model),
        compare_selection(),
        compare_ablation(model),
        compare_choices(load(ModelSpec("demo", device="cpu"))),
        compare_samples(),
        compare_failures(),
        *compare_four_bit(options.parameters),
    ]
    sys.stdout.write(_table(comparisons))
    facts = ", ".join(f"{name} {value}" for name, value in machine.items())
    sys.stdout.write(f"\nBest of {REPEATS} after a warm-up; {facts}\n")
    if options.json:
        document = {"machine": machine, "comparisons": [_document(found) for found in comparisons]}
        options.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return 0 if all(all(found.checks.values()) for found in comparisons) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.performance", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write all numbers")
    parser.add_argument(
        "--parameters", type=_count, default="16M", metavar="N", help="of the random Llama (default: 16M)"
    )
    options = parser.parse_args()
    if options.json and not options.json.parent.is_dir():
        parser.error(f"there is no folder {options.json.parent}: make it first")
    return options


def _count(text: str) -> int:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([KM]?)", text)
    if not match:
        raise argparse.ArgumentTypeError(f"'{text}' is no number of parameters: give one such as 16M")
    return int(float(match[1]) * UNITS[match[2]])


def _table(comparisons: Sequence[Comparison]) -> str:
    """A line for each comparison, and the checks below."""
    lines = [("what", "against", "ours", "plain", "ratio"), *(_line(found) for found in comparisons)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]
    checks = [f"{found.what}: {_checks(found)}" for found in comparisons]
    return "\n".join([*text, "", *checks, ""])


def _line(found: Comparison) -> tuple[str, str, str, str, str]:
    ours, plain, ratio = min(found.ours_s), min(found.plain_s), found.times_as_long
    if found.items is None:
        figures = f"{1000 * ours:.1f} ms", f"{1000 * plain:.1f} ms", f"{ratio:.2f} x the time"
    else:
        speeds = f"{found.items / ours:.0f} items/s", f"{found.items / plain:.0f} items/s"
        figures = *speeds, f"{1 / ratio:.2f} x the speed"
    return found.what, found.plain, *figures


def _checks(found: Comparison) -> str:
    checks = [f"{name}: {'yes' if holds else 'NO'}" for name, holds in found.checks.items()]
    facts = [f"{name} {_number(value)}" for name, value in found.facts.items()]
    return "; ".join([*checks, *facts])


def _number(value: float | int | str | None) -> str:
    if value is None:
        return "not measured"
    return f"{value:.3g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else value


def _document(found: Comparison) -> dict[str, object]:
    return {**asdict(found), "times_as_long": found.times_as_long}


if __name__ == "__main__":
    sys.exit(main())
