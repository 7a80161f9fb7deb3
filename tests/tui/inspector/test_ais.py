from __future__ import annotations

import csv
import json
import threading
from dataclasses import replace
from math import inf
from pathlib import Path

import numpy as np
import pytest
from textual.widgets import Static

from core.analysis.generation_quality import GenerationQuality, mask_generation_qualities
from core.analysis.matrix import Cell, Matrix
from core.analysis.statistics.cells import CellStatistics
from core.analysis.statistics.intervals import Specificity
from core.analysis.statistics.scores import EmpiricalP, accuracy
from core.engine.protocol import StartRuns
from core.run.events import RunStarted
from core.run.specs import Run
from tests.tui.inspector.conftest import CACHED_ABILITIES, CACHED_ITEMS, CACHED_K, SCORED_ITEMS
from tests.tui.inspector.host import Host, demo_session, screen_text, until
from tests.tui.report.pages import page_of, rows_of
from tui.inspector.ais.cell_screen import CellScreen
from tui.inspector.ais.cell_text import (
    ais_with_interval,
    cell_mark,
    cell_text,
    detail_lines,
    explained,
    legend,
    long_cell_text,
)
from tui.inspector.ais.curves import ForestBars, SweepView
from tui.inspector.ais.links import LinksView
from tui.inspector.ais.pane import AisPane
from tui.inspector.ais.table import read_matrix
from tui.inspector.lens import Lens
from tui.inspector.look.marks import ASCII, UNICODE, Marks
from tui.inspector.session import Session
from tui.inspector.widgets.heat_map import HeatMap
from tui.measures import AIS, AIS_P, Measure
from tui.numbers import interval, number, probability, share
from tui.result_words import times_text

DEDUCTIVE, QUANTITATIVE, SPATIAL = CACHED_ABILITIES

NARROW, SMALL, WIDE = (62, 19), (60, 15), (130, 43)

LENS = Lens(QUANTITATIVE, "mlp", "top", CACHED_K, QUANTITATIVE, limit=CACHED_ITEMS)


def hosted(
    cache: Path, lens: Lens = LENS, marks: Marks = UNICODE
) -> tuple[Host, AisPane, list[object], Session]:
    session, sent = demo_session(cache, marks=marks, n_items=SCORED_ITEMS)
    pane = AisPane(session, id="ais")
    pane.styles.padding = (0, 1)
    return Host(lambda: pane, lens), pane, sent, session


def detail_of(pane: AisPane) -> str:
    return str(pane.query_one("#ais-detail", Static).visual)


def statistics(**changes: object) -> CellStatistics:
    usual = CellStatistics(200, 0.45, 0.81, 0.25, 0.65, 0.52, 0.77, 1.2e-9, True, "")
    return replace(usual, **changes)


async def test_matrix_shows_all_columns_at_80_by_24(demo_cache: Path) -> None:
    app, pane, _, _ = hosted(demo_cache)
    async with app.run_test(size=NARROW) as pilot:
        await until(pilot, lambda: pane.matrix is not None)
        await pilot.pause()
        text = screen_text(app)
        assert pane.matrix is not None
        for name in ("analog", "causal", "recall", "deduct", "induct", "knowl", "quant", "semant", "tempor"):
            assert text.count(name) >= 2
        row = next(line for line in text.splitlines() if line.startswith(" ▸quant"))
        own = pane.matrix.cells[QUANTITATIVE, QUANTITATIVE]
        assert row.split()[7] == cell_text(own, UNICODE, AIS_P)
        assert row.split()[1] == "○"
        assert "9 of 100 cells" in text
        assert "runs are missing" in text
        assert "n 30" in detail_of(pane)
        assert "random" in detail_of(pane)


async def test_small_screen_scrolls_to_the_cursor_with_names_in_sight(demo_cache: Path) -> None:
    app, pane, _, _ = hosted(demo_cache)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: pane.matrix is not None)
        await pilot.press("G", "end")
        await pilot.pause()
        lines = screen_text(app).splitlines()
        assert any(line.startswith(" ▸tempor") for line in lines)
        assert any("(random)" in line or "random " in line for line in lines)
        assert "▲" in screen_text(app)
        assert "analog" in lines[1]


async def test_cursor_explains_cells_and_takes_one_into_the_lens(demo_cache: Path) -> None:
    app, pane, sent, _ = hosted(demo_cache)
    async with app.run_test(size=NARROW) as pilot:
        await until(pilot, lambda: pane.matrix is not None)
        await pilot.press("l")
        await until(pilot, lambda: "not computed" in detail_of(pane))
        assert pane.cell == (QUANTITATIVE, "semantic_relationship")
        await pilot.press("o")
        await until(pilot, lambda: app.lens.benchmark == "semantic_relationship")
        await pilot.press("x")
        assert pane.matrix is not None
        assert [command.runs for command in sent if isinstance(command, StartRuns)] == [pane.matrix.missing]


async def test_w_turns_to_right_and_wrong_and_back(demo_cache: Path) -> None:
    app, pane, _, session = hosted(demo_cache)
    async with app.run_test(size=(140, 45)) as pilot:
        await until(pilot, lambda: "AIS_p over k" in screen_text(app))
        await app.workers.wait_for_complete()
        await pilot.pause()
        before = screen_text(app)
        assert pane.matrix is not None
        found = pane.matrix.cells[QUANTITATIVE, QUANTITATIVE].statistics
        assert found is not None
        assert found.ais_p is not None
        assert found.base_p_right is not None
        detail = detail_of(pane)
        assert f"AIS_p {number(found.ais_p)} " in detail
        assert f"p(right) {share(found.base_p_right)} → " in detail
        assert "* > .05  ** beyond others  ? random too" in before
        assert "AIS_p of every ability on quantitative" in before
        await pilot.press("w")
        await until(pilot, lambda: "AIS over k" in screen_text(app))
        assert session.measure is AIS
        assert f"p {probability(found.p_value)}" in detail_of(pane)
        assert "* q < .05" in screen_text(app)
        await pilot.press("w")
        await until(pilot, lambda: screen_text(app) == before)


async def test_mouse_explains_what_is_under_it(demo_cache: Path) -> None:
    app, pane, _, _ = hosted(demo_cache)
    async with app.run_test(size=NARROW) as pilot:
        await until(pilot, lambda: pane.matrix is not None)
        await pilot.hover(HeatMap, offset=(10, 2))
        await until(pilot, lambda: "analogical" in detail_of(pane))
        assert pane.cell == (QUANTITATIVE, QUANTITATIVE)
        await pilot.click(HeatMap, offset=(10, 3))
        await until(pilot, lambda: pane.cell == ("commonsense_causal", "analogical_reasoning"))


async def test_enter_opens_the_cell_with_sweep_bars_and_control(demo_cache: Path) -> None:
    app, pane, sent, _ = hosted(demo_cache)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: pane.matrix is not None)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, CellScreen))
        sweep = app.screen.query_one(SweepView)
        await until(pilot, lambda: bool(sweep.points))
        await pilot.pause()
        assert [point.k for point in sweep.points if point.statistics is not None] == [CACHED_K]
        assert "random control" in screen_text(app)
        assert "10 %      ○ not computed" in screen_text(app)
        await pilot.press("i")
        await until(pilot, lambda: app.screen.query_one(ForestBars).display)
        await pilot.pause()
        assert "▸quantitative" in screen_text(app)
        await pilot.press("x")
        (command,) = [command for command in sent if isinstance(command, StartRuns)]
        assert command.runs[0] == Run(None, QUANTITATIVE, CACHED_ITEMS)
        assert {run.mask.k for run in command.runs if run.mask} == {0.001, 0.003, 0.01, 0.1}
        await pilot.press("j", "o")
        await until(pilot, lambda: app.lens.ability == "semantic_relationship")
        assert not isinstance(app.screen, CellScreen)


async def test_wide_and_tall_screen_shows_intervals_and_curves(demo_cache: Path) -> None:
    app, pane, _, _ = hosted(demo_cache)
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: pane.matrix is not None)
        await until(pilot, lambda: bool(pane.query_one(SweepView).points))
        await pilot.pause()
        assert pane.matrix is not None
        own = pane.matrix.cells[QUANTITATIVE, QUANTITATIVE].statistics
        assert own is not None
        assert own.ais_p_low is not None
        assert own.ais_p_high is not None
        text = screen_text(app)
        assert interval(own.ais_p_low, own.ais_p_high).replace(",", "") in text
        assert "AIS_p of every ability on quantitative" in text
        assert "AIS_p over k" in text


async def test_links_show_the_cursors_effects_and_can_be_typed(demo_cache: Path) -> None:
    app, pane, _, _ = hosted(demo_cache, marks=ASCII)
    async with app.run_test(size=NARROW) as pilot:
        await until(pilot, lambda: pane.matrix is not None)
        await pilot.press("i")
        await until(pilot, lambda: pane.query_one(LinksView).has_focus)
        await pilot.pause()
        assert screen_text(app).isascii()
        assert detail_of(pane).startswith("without quantitative: quantitative ")
        await pilot.press("l", "k")
        await until(pilot, lambda: detail_of(pane).startswith("on knowledge: no line"))
        await pilot.press("i")
        await until(pilot, lambda: pane.query_one(HeatMap).has_focus)
        await pilot.pause()
        assert screen_text(app).isascii()


async def test_base_and_a_k_beyond_the_candidates_are_explained(demo_cache: Path) -> None:
    app, pane, _, _ = hosted(demo_cache, replace(LENS, variant="base"))
    async with app.run_test(size=NARROW) as pilot:
        await until(pilot, lambda: "nothing is ablated" in screen_text(app))
        pane.look(replace(LENS, k=0.9))
        await until(pilot, lambda: "smaller k" in screen_text(app))
        pane.look(LENS)
        await until(pilot, lambda: "9 of 100 cells" in screen_text(app))
        await until(pilot, lambda: pane.query_one(HeatMap).has_focus)
        assert app.failures == []


async def test_cursor_stays_when_another_matrix_is_looked_at(demo_cache: Path) -> None:
    app, pane, _, _ = hosted(demo_cache)
    async with app.run_test(size=NARROW) as pilot:
        await until(pilot, lambda: pane.matrix is not None)
        await pilot.press("j", "l")
        place = pane.cell
        pane.look(replace(LENS, k=0.01))
        assert pane.cell is None
        await until(pilot, lambda: pane.matrix is not None and pane.matrix.mask.k == 0.01)
        assert pane.cell == place


async def test_running_cell_has_its_mark(demo_cache: Path) -> None:
    app, pane, _, session = hosted(demo_cache)
    async with app.run_test(size=NARROW) as pilot:
        await until(pilot, lambda: pane.matrix is not None)
        mask = replace(LENS, ability="temporal_reasoning").mask
        session.activity.fold(RunStarted(mask, "temporal_reasoning", CACHED_ITEMS))
        pane.tick()
        await pilot.pause()
        assert "▶" in next(line for line in screen_text(app).splitlines() if line.startswith("  tempor"))


async def test_a_matrix_that_is_read_anew_says_nothing_of_what_is_missing(
    demo_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A big one takes seconds to read, and meanwhile all may have been stored."""
    app, pane, _, _ = hosted(demo_cache)
    async with app.run_test(size=NARROW) as pilot:
        await until(pilot, lambda: "runs are missing" in screen_text(app))
        go_on = threading.Event()

        def slow(session: Session, lens: Lens) -> Matrix:
            assert go_on.wait(60)
            return read_matrix(session, lens)

        monkeypatch.setattr("tui.inspector.ais.pane.read_matrix", slow)
        pane.look(LENS)
        await until(pilot, lambda: "reading what is stored now" in screen_text(app))
        assert "runs are missing" not in screen_text(app)
        assert "read so far: 9 of 100 cells" in screen_text(app)
        go_on.set()
        await until(pilot, lambda: "runs are missing" in screen_text(app))
        assert "read so far" not in screen_text(app)


async def test_export_and_copy_hold_the_matrix(demo_cache: Path, tmp_path: Path) -> None:
    app, pane, _, _ = hosted(demo_cache)
    async with app.run_test(size=NARROW) as pilot:
        await until(pilot, lambda: pane.matrix is not None)
        exported, copied = pane.exported(), pane.copied()
    assert exported is not None
    assert copied is not None
    assert pane.matrix is not None
    paths = {suffix: tmp_path / f"{exported.stem}{suffix}" for suffix in exported.suffixes}
    for path in paths.values():
        exported.write(path)
    with paths[".csv"].open() as file:
        rows = list(csv.DictReader(file))
    own = pane.matrix.cells[QUANTITATIVE, QUANTITATIVE].statistics
    assert own is not None
    row = next(row for row in rows if row["ability"] == row["benchmark"] == QUANTITATIVE)
    assert (len(rows), float(row["ais"]), row["n"]) == (100, own.ais, "30")
    cell = pane.matrix.cells[QUANTITATIVE, QUANTITATIVE]
    assert cell.empirical is not None
    assert (float(row["holm_p"]), row["random_masks"]) == (cell.holm_p, "1")
    assert float(row["empirical_p"]) == cell.empirical.p_value
    assert len(json.loads(paths[".json"].read_text())) == 100
    assert "| quantitative |" in paths[".md"].read_text()
    page = page_of(paths[".html"].read_text())
    effects = next(one for one in page.every("table") if "Effects, " in one.first("caption").text)
    heads, *cells = rows_of(effects)
    assert (len(heads), len(cells)) == (4, 4), "what is stored whole, and the random masks"
    assert "profile --variants mlp --selections top,random --k 0.03" in copied.text


@pytest.mark.parametrize("measure", [AIS, AIS_P])
@pytest.mark.parametrize("least", [None, 0.05])
@pytest.mark.parametrize("has_not_shown", [False, True])
def test_the_legend_keeps_to_one_line_wherever_the_tab_has_room(
    measure: Measure, least: float | None, has_not_shown: bool
) -> None:
    for room in (60, 94, 126):  # the lines of 80, 120 and 160 columns
        line = legend(UNICODE, measure=measure, until=least, has_not_shown=has_not_shown, room=room)
        assert len(line) <= room
        signs = ["*", "·", "!", *(["∅"] if has_not_shown else []), *(["**", "?"] if room > 60 else [])]
        signs += ["~"] if least and measure is AIS_P else []
        assert {pair.split(" ")[0] for pair in line.split("  ")} - {"○"} == set(signs)


def test_what_is_not_identifiable_is_said_in_words() -> None:
    reason = "not identifiable: base accuracy 0.27 is not above chance 0.25 (n 200)"
    found = statistics(base_score=0.27, ais=None, ais_low=None, ais_high=None, defined=False, reason=reason)
    cell = Cell(SPATIAL, DEDUCTIVE, "not_identifiable", found, None, None)
    assert cell_text(cell, UNICODE).strip() == "·"
    assert explained(cell, UNICODE, "") == [
        reason,
        "accuracy .270 → .450, chance .25; random control not computed",
    ]


def test_cell_is_explained_with_interval_tests_and_control() -> None:
    control = statistics(score=0.8, ais=0.01, ais_low=-0.04, ais_high=0.06)
    cell = Cell(SPATIAL, SPATIAL, "defined", statistics(), 3e-8, control, 6e-8)
    assert cell_text(cell, UNICODE) == ".65*"
    assert long_cell_text(cell, UNICODE) == ".65** "
    assert explained(cell, UNICODE, "") == [
        "AIS .65 [.52, .77]  p 1e-9  q 3e-8  Holm 6e-8**  n 200",
        "accuracy .810 → .450, chance .25; random .01 [-.04, .06]",
    ]


@pytest.mark.parametrize(
    ("holm_p", "p", "masks", "mark"),
    [
        (0.01, 0.05, 19, "**"),
        (0.01, 0.1, 19, "**?"),
        (0.2, 0.15, 19, "*?"),
        (0.2, 0.5, 1, "*"),
        (0.2, 1.0, 1, "*?"),
    ],
)
def test_the_mark_is_that_of_the_tables(holm_p: float, p: float, masks: int, mark: str) -> None:
    cell = Cell(SPATIAL, SPATIAL, "defined", statistics(), 3e-2, None, holm_p, EmpiricalP(p, masks))
    assert cell_mark(cell) == mark
    assert long_cell_text(cell, UNICODE) == f".65{mark:<3}"
    assert cell_mark(replace(cell, q_value=0.06)) == ""
    first, second = explained(cell, UNICODE, "")
    assert f"Holm {probability(holm_p)}{mark}  n" in first
    assert (f"empirical p {probability(p)} (19 masks)" in second) == (masks == 19)
    assert max(map(len, (first, second))) <= 61  # what the tab has at 80 columns
    few = "" if masks == 19 else ": m runs 19, which can show .05"
    (line,) = detail_lines(cell, None, None)
    assert line == f"empirical p {probability(p)} from {masks} random {'masks' if masks > 1 else 'mask'}{few}"


def test_what_is_behind_a_cell_is_said_in_a_line_each() -> None:
    cell = Cell(SPATIAL, SPATIAL, "defined", statistics(detectable_ais=0.07), 3e-8, None)
    beside = Specificity(0.65, 0.12, 9, 0.53, 0.4, 0.66)
    few, many = (accuracy(np.arange(50) < count) for count in (1, 9))
    generation_quality = GenerationQuality(1.09, 1.42, few, many, few, few)
    assert detail_lines(cell, beside, generation_quality) == [
        "minimum detectable AIS with n 200: .07 (80 % power)",
        "specific .53 [.40, .66]: its AIS less .12, the mean of 9 other abilities",
        "quality: perplexity x1.3; of 50 answers 18 % repeat themselves, 2 % unreadable",
    ]
    assert max(map(len, detail_lines(cell, beside, generation_quality))) <= 78
    cut = replace(cell, statistics=statistics(truncated=3))
    assert detail_lines(cut, None, None) == [
        "3 of 200 prompts were too long for the model: cut from the left"
    ]
    assert detail_lines(Cell(SPATIAL, SPATIAL, "missing", None, None, None), None, None) == []


async def test_the_cell_says_what_is_specific_and_whether_the_model_can_write(demo_cache: Path) -> None:
    app, pane, _, session = hosted(demo_cache)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: pane.matrix is not None)
        await pilot.press("enter")
        await until(pilot, lambda: "quality: perplexity x" in screen_text(app))
        assert pane.matrix is not None
        ais = {
            ability: cell.statistics.ais_p
            for (ability, benchmark), cell in pane.matrix.cells.items()
            if benchmark == QUANTITATIVE and cell.statistics and cell.statistics.ais_p is not None
        }
        own = ais.pop(QUANTITATIVE)
        others = sum(ais.values()) / len(ais)
        assert f"specific {number(own - others)} [" in screen_text(app)
        assert f"its AIS_p less {number(others)}, the mean of 2 other abilities" in screen_text(app)
        assert "minimum detectable AIS with n 30: " in screen_text(app)
        (generation_quality,) = mask_generation_qualities(session.experiment, [LENS.mask_or_fail]).values()
        assert f"perplexity {times_text(generation_quality.times)}" in screen_text(app)


def test_a_reason_with_a_name_of_ones_own_cannot_break_the_screen() -> None:
    found = statistics(ais=None, ais_low=None, ais_high=None, defined=False, reason="no \x1b[2J AIS")
    assert explained(Cell(SPATIAL, DEDUCTIVE, "not_identifiable", found, None, None), UNICODE, "")[0] == (
        r"no \x1b[2J AIS"
    )


def test_numbers_are_written_as_people_read_them() -> None:
    assert [probability(p) for p in (1.0, 0.0341, 0.001, 2e-12, 0.0)] == [
        "1.000", ".034", ".001", "2e-12", "<1e-300",
    ]  # fmt: skip
    assert [interval(*ends) for ends in ((-0.001, 1.2), (0.1, inf), (-inf, 0.1), (-inf, inf))] == [
        "[.00, 1.20]", "[at least .10]", "[at most .10]", "[unbounded]",
    ]  # fmt: skip
    assert ais_with_interval(statistics(ais_high=inf)) == ".65 [at least .52]"
    wide = Cell(SPATIAL, SPATIAL, "defined", statistics(ais=1.034), 0.2, None)
    assert cell_text(wide, UNICODE) == "1.0 "
