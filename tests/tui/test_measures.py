"""What cells show where there is no p(right), in tables and on the screen."""

from __future__ import annotations

import polars as pl
import pytest

from core.analysis.matrix import Cell
from core.analysis.statistics import NO_PROBABILITY
from core.analysis.statistics.cells import CellStatistics
from tui.inspector.ais.cell_text import cell_mark, explained
from tui.inspector.ais.cell_text import cell_text as screen_text
from tui.inspector.look.marks import UNICODE
from tui.measures import AIS, AIS_P
from tui.result_words import cell_text, mean_effect, reasons

KNOWN = {"ais": 0.4, "ais_low": 0.3, "ais_high": 0.5, "q_value": 0.01, "holm_p": 0.01, "reason": ""}
LACKING = {"ais_p": None, "ais_p_low": None, "ais_p_high": None, "link": None, "ais_p_reason": NO_PROBABILITY}
REST = {"shown": True, "empirical_p": None, "random_masks": 0, "benchmark": "bbh"}
WRITTEN = {**KNOWN, **LACKING, **REST}
CHOSEN = {
    **{**WRITTEN, "benchmark": "piqa", "ais_p": 0.2, "ais_p_low": 0.1, "ais_p_high": 0.3, "link": True},
    **{"specificity_p_low": 0.05, "over_random_p_low": 0.01, "ais_p_reason": ""},
}


def test_a_table_shows_ais_where_there_is_no_p_right() -> None:
    assert [cell_text(CHOSEN, one, with_interval=True) for one in (AIS_P, AIS)] == [
        ".20** [.10 .30]",
        ".40** [.30 .50]",
    ]
    assert [cell_text(WRITTEN, one) for one in (AIS_P, AIS)] == [".40**", ".40**"]
    cells = pl.DataFrame([WRITTEN, CHOSEN], infer_schema_length=None)
    assert mean_effect(cells, AIS_P) == pytest.approx(0.3)
    assert reasons(cells, AIS_P) == ""


def test_a_table_says_why_there_is_neither() -> None:
    unknown = {**WRITTEN, "ais": None, "reason": "base is at chance"}
    guessing = {**CHOSEN, "ais_p": None, "ais_p_reason": "p(right) is at chance"}
    cells = pl.DataFrame([unknown, guessing], infer_schema_length=None)
    assert reasons(cells, AIS_P) == "bbh: base is at chance\npiqa: p(right) is at chance\n"
    assert reasons(cells, AIS) == "bbh: base is at chance\n"


def test_the_screen_shows_ais_where_there_is_no_p_right() -> None:
    usual = CellStatistics(200, 0.45, 0.81, 0.0, 0.65, 0.52, 0.77, 1.2e-9, True, "")
    written = CellStatistics(**{**usual.__dict__, "ais_p_reason": NO_PROBABILITY})
    cell = Cell("spatial_reasoning", "bbh", "defined", written, 0.01, None, holm_p=0.02)
    assert AIS_P.bounds(written) == (0.52, 0.65, 0.77)
    assert (screen_text(cell, UNICODE, AIS_P), cell_mark(cell, AIS_P)) == (".65*", "**")
    assert explained(cell, UNICODE, "", AIS_P) == explained(cell, UNICODE, "", AIS)


def test_marks_of_a_link_on_the_screen_are_those_of_a_profile() -> None:
    found = CellStatistics(
        *(200, 0.45, 0.81, 0.25, 0.65, 0.52, 0.77, 1.2e-9, True, ""), ais_p=0.4, ais_p_low=0.3, ais_p_high=0.5
    )
    for beyond, over_random, mark in (
        (0.1, 0.1, "**"),
        (-0.1, 0.1, "*"),
        (None, -0.1, "*?"),
        (0.1, None, "**"),
    ):
        cell = Cell(
            *("spatial_reasoning", "spatial_reasoning", "defined", found, 0.01, None),
            link=True, specificity_p_low=beyond, over_random_p_low=over_random,
        )  # fmt: skip
        assert cell_mark(cell, AIS_P) == mark
