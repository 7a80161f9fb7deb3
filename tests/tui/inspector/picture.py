"""Draws the picture of the README from the real inspector: `python -m tests.tui.inspector.picture`.

It profiles the embedded Llama (minutes the first time, seconds from the cache), opens the app on
what was stored, and writes `.github/inspector.svg`. Run it whenever a screen changes.
"""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from pathlib import Path

from cache.folder import Store, cache_root
from core.abilities.catalogue import ABILITIES
from core.analysis.rounds import run_profile
from core.benchmarks.registry import find_benchmarks
from core.engine.protocol import EngineSpec
from core.masks.choices import DEFAULT_SELECTION
from core.models.spec import ModelSpec
from core.run.plan import Plan
from core.run.runner import Runner
from core.run.specs import ImportanceSpec
from tests.tui.inspector.host import until
from tests.tui.inspector.whole import opened
from tui.inspector.ais.pane import AisPane
from tui.inspector.lens import Lens

PICTURE = Path(__file__).resolve().parents[3] / ".github" / "inspector.svg"
SIZE = (120, 30)
K, LIMIT, N_ITEMS = 0.01, 100, 1000
LENS = Lens("analogical_reasoning", "mlp", DEFAULT_SELECTION, K, "analogical_reasoning", LIMIT)


def profile_demo(root: Path) -> None:
    """Computes what the picture shows, as far as the cache lacks it."""
    plan = Plan(
        abilities=tuple(ability.id for ability in ABILITIES),
        variants=("mlp",),
        selections=(DEFAULT_SELECTION, "random"),
        ks=(K,),
        benchmarks=find_benchmarks(["diagnostic"]),
        limit=LIMIT,
    )
    run_profile(plan, Runner(ModelSpec(), Store(root), ImportanceSpec(n_items=N_ITEMS)))


async def draw(root: Path) -> str:
    """The AIS tab as SVG, without fonts from elsewhere."""
    place = EngineSpec(ModelSpec(), str(root), ImportanceSpec(n_items=N_ITEMS))
    async with opened(place, lens=LENS, size=SIZE) as (app, pilot):
        await pilot.press("3")
        await until(pilot, lambda: isinstance(app.pane, AisPane) and app.pane.matrix is not None)
        await pilot.pause(2)
        svg = app.export_screenshot(title="abilityscope")
    return re.sub(r"@font-face\s*\{.*?\}\s*", "", svg, flags=re.DOTALL)


def main() -> None:
    """Draws the picture."""
    root = cache_root()
    profile_demo(root)
    with tempfile.TemporaryDirectory(prefix="as-", dir="/tmp") as folder:
        os.environ |= {"ABILITYSCOPE_RUNTIME": f"{folder}/run", "ABILITYSCOPE_STATE": f"{folder}/state.json"}
        PICTURE.write_text(asyncio.run(draw(root)), encoding="utf-8")


if __name__ == "__main__":
    main()
