"""What importing a part of the program must not load: it decides how soon the first screen is there."""

from __future__ import annotations

import subprocess
import sys

import pytest

MODELS = ("torch", "transformers", "datasets", "bitsandbytes")
HEAVY = (*MODELS, "polars", "numpy", "textual", "rich")

LIGHT = {
    "command line": (
        HEAVY,
        (
            "tui.command_line",
            "core.masks.choices",
            "core.abilities",
            "core.models.spec",
            "core.benchmarks.registry",
        ),
    ),
    "descriptions": (
        (*MODELS, "huggingface_hub"),
        ("core.models.description", "core.models.devices", "core.benchmarks", "core.abilities.prompts"),
    ),
    "plans of memory": (MODELS, ("core.importance.plan",)),
    "what is known of a phantom": (MODELS, ("core.phantom.ground_truth",)),
    "neutral texts": (MODELS, ("core.abilities.neutral_texts",)),
    "inspector": (
        MODELS,
        (
            "tui.inspector.app",
            "tui.inspector.keys",
            "core.analysis.stored",
            "core.analysis.stored",
            "core.analysis.generation_quality",
            "core.analysis.mask_tables",
            "core.analysis.matrix",
            "core.run.selected",
            "core.analysis.profile",
            "core.analysis.answers",
            "core.analysis.samples",
            "tui.report.rendering",
        ),
    ),
    "first paint": (("polars", "numpy", "plotext"), ("tui.inspector.run.pane",)),
    "comparison of runs": (("torch",), ("tui.inspector.run.comparison",)),
}
"""What is imported, and before it what must not come along."""


@pytest.mark.parametrize("what", LIGHT)
def test_it_loads_nothing_heavy(what: str) -> None:
    heavy, modules = LIGHT[what]
    code = f"import sys, {', '.join(modules)}; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
