"""Draws the picture of a report: `python -m tests.tui.report.picture`, which needs chromium.

It profiles the embedded Llama (minutes the first time, seconds from the cache) and writes
`.github/report.png`. Run it whenever the answer of a report looks otherwise.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from cache.files import write_atomically
from cache.folder import Store, cache_root
from core.abilities.catalogue import ABILITIES
from core.analysis.profile import write_profile
from core.analysis.results import read_results
from core.analysis.rounds import run_profile
from core.benchmarks.registry import find_benchmarks
from core.masks.choices import DEFAULT_SELECTION
from core.models.spec import ModelSpec
from core.run.plan import Plan
from core.run.runner import Runner
from core.run.specs import ImportanceSpec
from tests.tui.report.browser import opened_browser, show
from tui.report.document import report_of
from tui.report.rendering import html_of

PICTURE = Path(__file__).resolve().parents[3] / ".github" / "report.png"
WIDTH, HEIGHT = 1040, 1140
LIMIT, N_ITEMS = 40, 60


def profile_demo(folder: Path) -> None:
    """Computes what the picture shows, as far as the cache lacks it, and writes it into a folder."""
    plan = Plan(
        abilities=tuple(ability.id for ability in ABILITIES),
        variants=("mlp",),
        selections=(DEFAULT_SELECTION, "random"),
        ks=(0.01,),
        benchmarks=find_benchmarks(["diagnostic"]),
        limit=LIMIT,
    )
    runner = Runner(ModelSpec(), Store(cache_root()), ImportanceSpec(n_items=N_ITEMS))
    profile = run_profile(plan, runner)
    assert profile is not None
    write_profile(profile, runner, folder)


def draw(path: Path) -> bytes:
    """The answer of the report in a file, as PNG."""
    with opened_browser() as browser:
        show(browser, WIDTH, look="light", height=HEIGHT)
        browser.get(path.as_uri())
        browser.execute_script("document.getElementById('answer').scrollIntoView()")
        return browser.get_screenshot_as_png()


def main() -> None:
    """Draws the picture."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        profile_demo(folder)
        path = folder / "report.html"
        path.write_text(html_of(report_of(read_results(folder))), "utf-8")
        write_atomically(PICTURE, draw(path))


if __name__ == "__main__":
    main()
