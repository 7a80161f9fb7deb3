"""What the tab Run says beside the figures: how long it takes, and whether the mask wrecks the model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.analysis.generation_quality import GenerationQuality
from core.analysis.statistics.scores import EmpiricalP, accuracy
from core.run.pace import Estimate
from tests.tui.inspector.host import demo_session
from tui.inspector.lens import DEMO_GRID, Lens
from tui.inspector.look.marks import UNICODE
from tui.inspector.run.figures import Figures, nothing_yet, report_of
from tui.inspector.run.figures_table import figures_rows
from tui.inspector.run.pane import runs_of
from tui.inspector.run.status import plan_of, remark_of
from tui.inspector.session import Session

LENS = Lens("spatial_reasoning", "mlp", "max_minus_shared", 0.03, "temporal_reasoning", limit=40)
WIDTH = 20


def shares(hits: int) -> GenerationQuality:
    """A mask that doubles the perplexity, under which so many of ten answers repeat themselves."""
    none, some = accuracy(np.zeros(10, bool)), accuracy(np.arange(10) < hits)
    return GenerationQuality(50.0, 100.0, none, some, none, none)


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return demo_session(tmp_path, n_items=50)[0]


def figures(session: Session, lens: Lens = LENS, **known: object) -> Figures:
    return replace(nothing_yet(runs_of(session, lens), 0.25), **known)  # type: ignore[arg-type]


def test_a_run_says_before_it_begins_how_long_it_takes(session: Session) -> None:
    estimate = Estimate(12 * 60.0, 31.0, is_measured=True)
    lines = plan_of(session, LENS, figures(session, scorings=10, estimate=estimate))
    assert " ○ importance     of 10 abilities: 50 items each" in lines
    assert lines[-1] == "scores 10 abilities, about 12 min; then 30 s a cell"
    rough = figures(session, scorings=1, estimate=estimate._replace(is_measured=False))
    assert plan_of(session, LENS, rough)[-1] == "scores spatial, about 12 min; then 30 s a cell (rough)"
    scored = figures(session, estimate=estimate)
    assert plan_of(session, LENS, scored)[-1] == "about 30 s a cell"
    fewer = replace(LENS, n_items=20)
    assert "20 items each" in plan_of(session, fewer, figures(session, fewer, scorings=10))[2]


def test_a_mask_that_wrecks_the_model_is_called_so_with_the_remedy(session: Session) -> None:
    wrecked, kept = figures(session, quality=shares(6)), figures(session, quality=shares(2))
    remark = remark_of(session, LENS, wrecked)
    assert (remark.tone, remark.text) == (
        "warning",
        "! this mask wrecks the model: [ or K auto takes a smaller k",
    )
    smallest = replace(LENS, k=min(DEMO_GRID))
    assert remark_of(session, smallest, wrecked).text.endswith("try a smaller k (K)")
    assert remark_of(session, LENS, kept).text == ""
    assert remark_of(session, LENS, figures(session)).text == ""
    assert "this mask wrecks the model" in report_of("demo", LENS, wrecked)
    assert "this mask wrecks the model" not in report_of("demo", LENS, kept)


def test_a_k_that_auto_chose_is_called_so(session: Session) -> None:
    session.a.auto = LENS.mask
    assert "k 3 % is auto" in remark_of(session, LENS, figures(session)).text
    assert remark_of(session, replace(LENS, k=0.01), figures(session)).text == ""


def test_the_table_has_generation_quality_and_the_empirical_p(session: Session) -> None:
    found = figures(session, quality=shares(6), empirical=EmpiricalP(0.05, 19))
    rows = {
        label: ["".join(text for text, _ in cell) for cell in cells]
        for label, cells in figures_rows(found, "not run", UNICODE, WIDTH)
    }
    assert rows["language"] == ["perplexity 50", "x2.0 60 % repeat", ""]
    assert rows["random p"] == ["", "p .050 (19 masks)", ""]
    assert "empirical p .050 from 19 random masks" in report_of("demo", LENS, found)
    plain = dict(figures_rows(figures(session, empirical=EmpiricalP(0.5, 1)), "not run", UNICODE, WIDTH))
    assert "random p" not in plain  # of the one control, which has a column of its own
    assert "language" not in plain
