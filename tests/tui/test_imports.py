from __future__ import annotations

import subprocess
import sys

LIGHT = (
    "tui.command_line",
    "core.masks.choices",
    "core.abilities",
    "core.models.spec",
    "core.benchmarks.registry",
)
HEAVY = ("torch", "transformers", "datasets", "bitsandbytes", "polars", "numpy", "textual", "rich")


def test_the_command_line_and_plain_descriptions_load_nothing_heavy() -> None:
    code = f"import sys, {', '.join(LIGHT)}; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
