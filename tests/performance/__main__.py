"""Measures speed and memory of every part on random models: tables on stdout, with --json all numbers.

    python -m tests.performance                                            about 100 M parameters, here
    python -m tests.performance --shape llama-3.1-8b --quantization none nf4      the real size, on a GPU
    python -m tests.performance --growth                                   how each figure grows

Every figure that has an aim says whether it is met. A slow result does not make the script fail, a wrong one
does.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import torch
from transformers.utils import logging

from core.models.spec import DType, Quantization
from tests.performance.ablation_cycle import measure_ablation
from tests.performance.choice_scoring import measure_choices
from tests.performance.clock import Clock
from tests.performance.exact_selection import measure_selection
from tests.performance.failure_sums import measure_failures
from tests.performance.figures import Measured
from tests.performance.growth import (
    QUICK_SIZES,
    SIZES_ON_CPU,
    SIZES_ON_GPU,
    Growth,
    growth_with_items,
    growth_with_k,
    growth_with_size,
)
from tests.performance.importance_pass import measure_importance, measure_reductions
from tests.performance.loading import measure_loading
from tests.performance.machine import machine_facts
from tests.performance.one_ability import measure_ability
from tests.performance.report import checks, document, growth_document, growth_table, table
from tests.performance.samples_table import measure_samples
from tests.performance.shapes import config_of
from tests.performance.stored_ranking import measure_slice
from tests.performance.subject import ON_CPU, ON_GPU, QUICK, Subject
from tests.performance.whole_cell import measure_cell
from tests.performance.writing import measure_writing

OF_A_MODEL: dict[str, Callable[[Subject], Measured]] = {
    "load": measure_loading,
    "importance": measure_importance,
    "reductions": measure_reductions,
    "ablation": measure_ablation,
    "choices": measure_choices,
    "generation": measure_writing,
    "cell": measure_cell,
}
"""Each is measured for every way of storing the weights."""

OF_NO_MODEL: dict[str, Callable[[Subject], Measured]] = {
    "selection": lambda subject: measure_selection(subject.device, subject.scale),
    "slice": lambda subject: measure_slice(subject.device, subject.scale),
    "ability": lambda subject: measure_ability(
        "1M" if subject.scale is QUICK else "117M", subject.device, subject.scale
    ),
    "samples": lambda subject: measure_samples(subject.clock, 1000 if subject.scale is QUICK else 100_000),
    "failures": lambda subject: measure_failures(
        subject.clock, *((1000, 8) if subject.scale is QUICK else (100_000, 1319))
    ),
}


@dataclass
class Found:
    """Everything that was measured."""

    of_a_model: dict[str, list[Measured]] = field(default_factory=dict)
    of_no_model: list[Measured] = field(default_factory=list)
    growth: list[Growth] = field(default_factory=list)

    @property
    def columns(self) -> dict[str, list[Measured]]:
        """By how the weights are stored; what no model is needed for comes last."""
        others = {"measured": self.of_no_model} if self.of_no_model else {}
        return {**self.of_a_model, **others}


def main(arguments: Sequence[str] | None = None) -> int:
    """0, or 1 if a check failed."""
    options = _options(arguments)
    logging.set_verbosity_error()
    if options.device.type == "cpu":
        torch.set_num_threads(1)
    machine = _machine(options.device)
    found = _measure(options)
    for columns in (found.of_a_model, {"measured": found.of_no_model}):
        if any(columns.values()):
            sys.stdout.write(table(columns) + "\n")
    sys.stdout.write(checks(found.columns))
    if found.growth:
        sys.stdout.write("\n" + growth_table(found.growth))
    sys.stdout.write(_footnote(options, machine))
    if options.json:
        all_of_it = {
            "machine": machine,
            "shape": options.shape,
            "measured": document(found.columns),
            "growth": growth_document(found.growth),
        }
        options.json.write_text(json.dumps(all_of_it, indent=2) + "\n", encoding="utf-8")
    measured = [one for column in found.columns.values() for one in column]
    return 0 if all(all(one.checks.values()) for one in measured) else 1


def _measure(options: argparse.Namespace) -> Found:
    found = Found()
    for quantization in options.quantization:
        subject = Subject(options.config, options.device, options.dtype, quantization, options.scale)
        if options.growth:
            sizes = SIZES_ON_GPU if subject.on_gpu else SIZES_ON_CPU
            found.growth += growth_with_size(subject, QUICK_SIZES if options.quick else sizes)
            found.growth += growth_with_items(subject) + growth_with_k(subject)
        else:
            found.of_a_model[subject.name] = [
                _told(part, subject, measure) for part, measure in OF_A_MODEL.items() if part in options.only
            ]
        del subject
        gc.collect()
    if not options.growth:
        subject = Subject(options.config, options.device, options.dtype, "none", options.scale)
        found.of_no_model = [
            _told(part, subject, measure) for part, measure in OF_NO_MODEL.items() if part in options.only
        ]
    return found


def _told(part: str, subject: Subject, measure: Callable[[Subject], Measured]) -> Measured:
    sys.stderr.write(f"{subject.name}: {part}\n")
    return measure(subject)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.performance",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parts = [*OF_A_MODEL, *OF_NO_MODEL]
    parser.add_argument(
        "--shape", default="100M", help="llama-3.1-8b, qwen2.5-7b, mistral-7b, or such as 16M"
    )
    parser.add_argument("--device", default="auto", help="auto (a GPU if there is one), cpu or cuda:0")
    parser.add_argument(
        "--dtype", choices=get_args(DType), default="auto", help="auto: float32 on a CPU, else bfloat16"
    )
    parser.add_argument("--quantization", nargs="+", choices=get_args(Quantization), default=["none"])
    parser.add_argument(
        "--only", nargs="+", choices=parts, default=parts, metavar="PART", help=", ".join(parts)
    )
    parser.add_argument(
        "--growth", action="store_true", help="measure how each figure grows, and nothing else"
    )
    parser.add_argument("--quick", action="store_true", help="little of everything: shows that it runs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write all numbers")
    options = parser.parse_args(arguments)
    if options.json and not options.json.parent.is_dir():
        parser.error(f"there is no folder {options.json.parent}: make it first")
    try:
        options.config, options.device = config_of(options.shape), _device(options.device)
    except ValueError as error:
        parser.error(str(error))
    on_gpu = options.device.type == "cuda"
    automatic = "bfloat16" if on_gpu else "float32"
    options.dtype = getattr(torch, automatic if options.dtype == "auto" else options.dtype)
    options.scale = QUICK if options.quick else ON_GPU if on_gpu else ON_CPU
    return options


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
    if name != "cpu" and not torch.cuda.is_available():
        raise ValueError(f"there is no {name} here: use --device cpu")
    return torch.device(name)


def _machine(device: torch.device) -> dict[str, Any]:
    gpu = {"gpu": torch.cuda.get_device_name(device)} if device.type == "cuda" else {}
    return {**gpu, **machine_facts()}


def _footnote(options: argparse.Namespace, machine: Mapping[str, Any]) -> str:
    clock = Clock(options.device, options.scale.repeats)
    facts = ", ".join(f"{name} {value}" for name, value in machine.items())
    return f"\nTimes are {clock.unit}, the best of {clock.repeats} after a warm-up; {facts}\n"


if __name__ == "__main__":
    sys.exit(main())
