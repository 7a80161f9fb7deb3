"""Attribution accuracy: a hand-worked matrix, and a small profile with its tables and files."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from cache.folder import Store
from core.abilities.compound import compound_id
from core.analysis.profile import Profile, attributions, write_profile
from core.analysis.results import read_results
from core.analysis.rounds import run_profile
from core.analysis.table import AttributionAccuracy, attributions_of
from core.benchmarks.registry import find_benchmarks
from core.models.spec import ModelSpec
from core.run.plan import Plan
from core.run.runner import Runner
from core.run.specs import ImportanceSpec
from tests.tui.report.pages import page_of, rows_of
from tui.measures import AIS
from tui.profile_tables import write_profile as write_tables
from tui.report.document import report_of
from tui.report.rendering import html_of

A, B, C = "contextual_recall", "quantitative_reasoning", "temporal_reasoning"
NEEDS = {"AB": (A, B), "BC": (B, C)}

# ability, benchmark, collapsed, AIS_p, link, low ends of the excess over the others' and over random masks
Row = tuple[str, str, bool, float | None, bool | None, float | None, float | None]

CELLS: list[Row] = [
    (A, "AB", False, 0.5, True, 0.1, 0.1),  # named by both rules, right
    (B, "AB", False, 0.4, True, -0.1, None),  # a link that is not specific, right
    (C, "AB", False, 0.3, True, 0.2, None),  # named by both rules, wrong
    (A, "BC", False, -0.4, False, 0.1, None),  # better without: not named
    (B, "BC", False, 0.4, None, 0.1, None),  # an open link that is specific, right
    (C, "BC", True, 0.9, True, 0.1, None),  # collapsed: missed
    (A, "spatial_reasoning", False, 0.9, True, 0.1, None),  # no compound
]


def cells(rows: list[Row]) -> pl.DataFrame:
    names = ("ability", "benchmark", "collapsed", "ais_p", "link", "specificity_p_low", "over_random_p_low")
    kinds = (pl.String, pl.String, pl.Boolean, pl.Float64, pl.Boolean, pl.Float64, pl.Float64)
    frame = pl.DataFrame(rows, schema=dict(zip(names, kinds, strict=True)), orient="row")
    unknown = pl.lit(None, pl.Boolean)
    return frame.with_columns(variant=pl.lit("mlp"), selection=pl.lit("top"), k=pl.lit(0.01), shown=unknown)


def test_a_hand_worked_matrix() -> None:
    link, specific = attributions_of(cells(CELLS), NEEDS)
    assert link == AttributionAccuracy("mlp", "top", 0.01, "link", 6, needed=4, named=3, right=2, silent=1)
    assert specific == AttributionAccuracy(
        "mlp", "top", 0.01, "specific", 6, needed=4, named=3, right=2, silent=1
    )
    assert (link.precision, link.recall) == (pytest.approx(2 / 3), 0.5)
    assert link.f1 == pytest.approx(2 * (2 / 3) * 0.5 / (2 / 3 + 0.5))
    assert link.f1_of_all == pytest.approx(2 * (4 / 6) * 1 / (4 / 6 + 1))


def test_an_ability_that_the_model_does_not_show_names_nothing() -> None:
    shown = pl.when(pl.col("ability") == A).then(pl.lit(value=False)).otherwise(pl.lit(value=True))
    link, specific = attributions_of(cells(CELLS).with_columns(shown=shown), NEEDS)
    # A's two cells are silent, the first of which was named and right.
    assert (link.named, link.right, link.silent) == (2, 1, 3)
    assert (specific.named, specific.right, specific.silent) == (2, 1, 3)


def test_nothing_is_named_where_nothing_is_known() -> None:
    undefined: list[Row] = [(a, name, False, None, None, None, None) for a in (A, B, C) for name in NEEDS]
    for attribution in attributions_of(cells(undefined), NEEDS):
        assert (attribution.named, attribution.silent, attribution.precision, attribution.recall) == (
            0,
            6,
            None,
            0,
        )
        assert attribution.f1 == 0


def test_what_random_masks_do_as_well_is_not_specific() -> None:
    weaker = cells(CELLS).with_columns(over_random_p_low=pl.lit(-0.01))
    link, specific = attributions_of(weaker, NEEDS)
    assert (link.named, specific.named) == (3, 0)


def test_each_matrix_is_judged_by_itself() -> None:
    one = cells(CELLS)
    two = one.with_columns(k=pl.lit(0.03), link=pl.col("ais_p") < 0)
    found = attributions_of(pl.concat([one, two]), NEEDS)
    assert [(attribution.k, attribution.rule) for attribution in found] == [
        (0.01, "link"),
        (0.01, "specific"),
        (0.03, "link"),
        (0.03, "specific"),
    ]
    assert (found[2].named, found[2].right) == (1, 0)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[Runner, Profile]:
    runner = Runner(ModelSpec(), Store(tmp_path_factory.mktemp("cache")), ImportanceSpec(n_items=20))
    ids = [A, compound_id((A, B)), compound_id((B, C))]
    plan = Plan((A, B, C), ("mlp",), ("top", "random"), (0.03,), find_benchmarks(ids), limit=20)
    profile = run_profile(plan, runner)
    assert profile is not None
    return runner, profile


def test_a_profile_says_what_its_names_are_worth(
    found: tuple[Runner, Profile], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runner, profile = found
    expected = attributions(profile)
    assert [(one.selection, one.cells, one.needed) for one in expected] == [
        (selection, 6, 4) for selection in ("top", "top", "random", "random")
    ]
    write_profile(profile, runner, tmp_path)
    document = json.loads((tmp_path / "profile.json").read_text("utf-8"))
    assert document["attribution"] == [one.figures() for one in expected]
    assert [one["needs"] for one in document["benchmarks"]] == [[A], [A, B], [B, C]]
    items = pl.read_parquet(tmp_path / "outcomes.parquet").filter(pl.col("benchmark") == compound_id((A, B)))
    assert items["prompt"].str.contains(" _ . ").all()
    assert all(len(option.split("; ")) == 2 for options in items["options"] for option in options)

    page = page_of(html_of(report_of(read_results(tmp_path))))
    table = next(one for one in page.every("table") if "Attribution" in one.first("caption").text)
    rows = [(row[1], *row[4:7]) for row in rows_of(table)[1:]]
    assert rows == [(one.rule, str(one.named), str(one.right), str(one.needed)) for one in expected]

    write_tables(profile, AIS)
    out = capsys.readouterr().out
    (row,) = (line for line in out.splitlines() if line.startswith("recall+quant"))
    assert [text.startswith("[") for text in row.split()[1:]] == [True, True, False]
    assert "Attribution accuracy" in out
    assert "naming every ability everywhere gives .80" in " ".join(out.split())


def test_a_profile_without_compounds_says_nothing_of_names(found: tuple[Runner, Profile]) -> None:
    plan = Plan((A,), ("mlp",), ("top",), (0.03,), find_benchmarks([A]), limit=20)
    profile = run_profile(plan, found[0])
    assert profile is not None
    assert attributions(profile) == []
