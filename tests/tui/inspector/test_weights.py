from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from textual.widgets import Static

from core.analysis.auto_k import grid_of
from core.analysis.mask_tables import MaskDistribution
from core.engine.protocol import Command, StartRankings
from core.models.spec import ModelSpec
from core.run.events import Job, JobChanged
from core.run.experiment import Experiment
from core.run.specs import MaskSpec
from tests.core.analysis.stored_quality import store_intact, store_quality, store_tried
from tests.progressed import progressed
from tests.tui.inspector.conftest import CACHED_ABILITIES, CACHED_K, SCORED_ITEMS
from tests.tui.inspector.host import Host, demo_session, screen_text, until
from tui.inspector.lens import Lens
from tui.inspector.look.bars import sparkline
from tui.inspector.look.marks import ASCII, UNICODE, Marks
from tui.inspector.masks.frontier_view import FrontierView
from tui.inspector.masks.overlap_table import shared_by_chance
from tui.inspector.masks.weight_table import MaskView, WeightTable
from tui.inspector.masks.weights_pane import NeuronList, WeightsPane
from tui.inspector.widgets.curve_plot import CurvePlot
from tui.numbers import percent, short_number, signed_number

NARROW, SMALL, WIDE = (61, 19), (60, 15), (160, 43)

DEDUCTIVE, QUANTITATIVE, _ = CACHED_ABILITIES

LENS = Lens(DEDUCTIVE, "mlp", "top", CACHED_K, DEDUCTIVE)


def hosted(cache: Path, lens: Lens = LENS, marks: Marks = UNICODE) -> tuple[Host, WeightsPane, list[Command]]:
    session, sent = demo_session(cache, marks=marks, n_items=SCORED_ITEMS)
    pane = WeightsPane(session, id="weights")
    return Host(lambda: pane, lens), pane, sent


def written(pane: WeightsPane, name: str) -> str:
    return str(pane.query_one(name, Static).visual)


def stored_weights(experiment: Experiment, ability: str) -> set[tuple[int, int]]:
    """The mask's weights as matrix and index in it, read from the ranking alone."""
    mask_spec = MaskSpec(ability, "mlp", "top", CACHED_K)
    n = int(CACHED_K * experiment.info.parameters)
    ranking = experiment.store.rankings.load(experiment.ranking_key(mask_spec), n)
    assert ranking is not None
    return set(zip(ranking.matrix_ids.tolist(), ranking.local_indices.tolist(), strict=True))


async def test_map_counts_the_weights_of_the_stored_ranking(demo_cache: Path) -> None:
    app, pane, _ = hosted(demo_cache)
    weights = stored_weights(pane.session.experiment, DEDUCTIVE)
    async with app.run_test(size=NARROW) as pilot:
        await until(pilot, lambda: pane.table is not None)
        table = pane.table
        assert table is not None
        gate_of_layer_2 = sum(matrix == 2 * 7 + 4 for matrix, _ in weights)
        row, column = table.rows.index("layer 2"), table.columns.index("gate")
        assert table.view.counts[row][column] == gate_of_layer_2
        assert table.view.counts[0][-1] == len(weights)
        await pilot.press("g", "j", "j", "j", "end", "h", "h", "h")
        await pilot.pause()
        assert written(pane, ".explained").startswith(f"layer 2, gate: {gate_of_layer_2:,} of 98,304 (")
        assert "random: " in written(pane, ".explained")
        await pilot.press("home")
        await pilot.pause()
        assert written(pane, ".explained") == "layer 2, q: MLP-only takes no weights from it"
        text = screen_text(app)
    assert f"{len(weights):,} weights: 3 % of the model" in text
    assert "Two halves of the items agree on" in text
    assert "neurons hit most (even " in text


async def test_i_turns_to_enrichment_and_counts(demo_cache: Path) -> None:
    app, pane, _ = hosted(demo_cache)
    async with app.run_test(size=NARROW) as pilot:
        await until(pilot, lambda: pane.table is not None)
        share = pane.table
        await pilot.press("i")
        enrichment = pane.table
        await pilot.press("i")
        count = pane.table
        await pilot.pause()
        assert written(pane, ".map-heading") == "weights"
    assert share is not None
    assert enrichment is not None
    assert count is not None
    shares, times = share.values[1][4], enrichment.values[1][4]
    assert shares is not None
    assert times == pytest.approx(
        shares / (count.view.mask_distribution.n / count.view.mask_distribution.candidates)
    )
    assert enrichment.values[0][-1] == pytest.approx(1)
    assert count.texts("-")[0][:4] == ["-"] * 4


async def test_o_overlays_other_abilities(demo_cache: Path) -> None:
    app, pane, sent = hosted(demo_cache)
    weights = {
        ability: stored_weights(pane.session.experiment, ability) for ability in (DEDUCTIVE, QUANTITATIVE)
    }
    async with app.run_test(size=NARROW) as pilot:
        await until(pilot, lambda: pane.masks is not None)
        await pilot.press("o")
        await until(pilot, lambda: pane.masks is not None and pane.masks.other_spec is not None)
        await pilot.pause()
        assert "not stored: x scores it" in written(pane, ".figures")
        await pilot.press("x")
        assert sent == [
            StartRankings(
                f"ranking of analogical_reasoning · mlp · top · k {CACHED_K:g}",
                (MaskSpec("analogical_reasoning", "mlp", "top", CACHED_K),),
            )
        ]
        pane.other = "long_term_knowledge"
        await pilot.press("o")
        await until(pilot, lambda: pane.masks is not None and pane.masks.other is not None)
        await pilot.pause()
        shared = len(weights[DEDUCTIVE] & weights[QUANTITATIVE])
        assert f"deductive / quantitative: {shared:,} weights shared, by chance" in " ".join(
            written(pane, ".figures").split()
        )
        assert pane.table is not None
        assert pane.table.values[0][-1] == 0, "both masks have the same number of weights"
        assert "deductive minus quantitative" in written(pane, ".map-heading")
        assert "deductive / quantitative" in written(pane, ".neurons-heading")
        await pilot.press("escape")
        await until(pilot, lambda: pane.masks is not None and pane.masks.other is None)


async def test_what_is_missing_is_said_and_scored(demo_cache: Path) -> None:
    app, pane, sent = hosted(demo_cache, replace(LENS, selection="max_minus_shared"))
    mask_spec = MaskSpec(DEDUCTIVE, "mlp", "max_minus_shared", CACHED_K)
    async with app.run_test(size=NARROW) as pilot:
        await until(pilot, lambda: pane.missing is not None and bool(pane.missing.masks))
        await pilot.pause()
        assert "is not stored. It takes the importance of all ten abilities. x scores it" in " ".join(
            screen_text(app).split()
        )
        await pilot.press("x")
        assert sent == [StartRankings(f"ranking of {mask_spec}", (mask_spec,))]
        pane.session.activity.fold(JobChanged(Job("a-1", "rankings", f"ranking of {mask_spec}", "running")))
        pane.session.activity.fold(progressed("scoring", DEDUCTIVE, 340, 1000, job="a-1"))
        pane.tick()
        await pilot.pause()
        assert "The engine scores deductive: 340 of 1,000 items." in screen_text(app)
        await pilot.press("x")
        assert len(sent) == 1, "what the engine has to do already is not asked again"
        app.on_pane_lens_changed(WeightsPane.LensChanged(LENS))
        await until(pilot, lambda: pane.table is not None)
        await pilot.press("i")
        assert pane.measure == "enrichment", "the map took over the focus"
        app.on_pane_lens_changed(WeightsPane.LensChanged(replace(LENS, variant="base")))
        await until(pilot, lambda: "base ablates nothing" in screen_text(app))
        assert pane.copied() is None
        assert pane.exported() is None


async def test_too_large_a_k_is_one_sentence_in_place_of_the_map(demo_cache: Path) -> None:
    app, pane, _ = hosted(demo_cache, replace(LENS, k=0.9))
    async with app.run_test(size=NARROW) as pilot:
        await until(pilot, lambda: "choose a smaller k" in " ".join(screen_text(app).split()))
        assert pane.table is None
        assert app.failures == []


@pytest.mark.parametrize("marks", [UNICODE, ASCII])
async def test_w_turns_to_the_curve_where_both_have_no_room(demo_cache: Path, marks: Marks) -> None:
    app, pane, _ = hosted(demo_cache, marks=marks)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: pane.table is not None)
        await pilot.pause()
        assert pane.query_one(NeuronList).region.height > 0
        assert pane.query_one(CurvePlot).region.height == 0
        await pilot.press("w")
        await pilot.resize_terminal(*NARROW)
        await until(pilot, lambda: "MLP weights over neurons" in screen_text(app))
        assert pane.query_one(NeuronList).region.height == 0
        await pilot.resize_terminal(*WIDE)
        await until(pilot, lambda: pane.query_one(NeuronList).region.height > 10)
        await pilot.pause()
        assert pane.query_one(CurvePlot).region.height > 10
        assert pane.query_one(CurvePlot).region.x > 80, "beside the map"
        text = "".join(line[:-2] for line in screen_text(app).splitlines())
    assert text.isascii() == (marks is ASCII), "but for the scroll bar at the right"


@pytest.mark.parametrize("marks", [UNICODE, ASCII])
async def test_w_turns_on_to_own_and_others_over_k_where_k_was_looked_for(
    demo_cache: Path, tmp_path: Path, marks: Marks
) -> None:
    cache = Path(shutil.copytree(demo_cache, tmp_path / "cache"))
    app, pane, _ = hosted(cache, marks=marks)
    experiment, grid = pane.session.experiment, grid_of(ModelSpec())
    store_quality(experiment, None, 1.0)
    store_intact(experiment, LENS.mask_or_fail)
    for k, own in zip(grid[:3], (0.0, 0.4, 0.5), strict=True):
        store_tried(experiment, replace(LENS.mask_or_fail, k=k), own, own**2)
    async with app.run_test(size=NARROW) as pilot:
        await until(pilot, lambda: pane.masks is not None and pane.masks.search is not None)
        frontier = pane.query_one(FrontierView)
        assert frontier.region.height == 0
        await pilot.press("w", "w")
        await pilot.pause()
        assert "AIS_p over k in %, 3 of 8 so far" in screen_text(app)
        assert "best 0.016 %: own .50 [.50, .50], others .25 [.25, .25]" in screen_text(app)
        assert frontier.query_one(CurvePlot).region.height >= 6
        assert pane.query_one(NeuronList).region.height == 0
        store_tried(experiment, replace(LENS.mask_or_fail, k=grid[3]), 0.4, 0.4, 9.0)
        await pilot.press("w")
        await pilot.resize_terminal(*WIDE)
        pane.refresh_view(LENS)
        await until(pilot, lambda: "auto 0.016 %: own .50" in screen_text(app))
        shown = [pane.query_one(kind).region.height for kind in (NeuronList, FrontierView)]
        assert min(shown) > 6
        assert not pane.check_action("turn", ()), "all three are there"
        text = "".join(line[:-2] for line in screen_text(app).splitlines())
    assert text.isascii() == (marks is ASCII)
    exported = pane.exported()
    assert exported is not None
    exported.write(tmp_path / "map.json")
    assert json.loads((tmp_path / "map.json").read_text())["auto_k"]["k"] == grid[2]


async def test_export_and_copy(demo_cache: Path, tmp_path: Path) -> None:
    app, pane, _ = hosted(demo_cache)
    async with app.run_test(size=NARROW) as pilot:
        await until(pilot, lambda: pane.table is not None)
        exported, copied = pane.exported(), pane.copied()
    assert exported is not None
    assert copied is not None
    exported.write(tmp_path / "map.csv")
    with (tmp_path / "map.csv").open(encoding="utf-8", newline="") as sheet:
        rows = list(csv.DictReader(sheet))
    own = [row for row in rows if row["selection"] == "top"]
    assert len(own) == 4 * 3
    exported.write(tmp_path / "map.json")
    document = json.loads((tmp_path / "map.json").read_text())
    assert sum(int(row["weights"]) for row in own) == document["weights"]
    assert sum(row["weights"] for row in document["matrices"]) == 2 * document["weights"]
    assert document["neurons"][0]["count"] >= document["neurons"][-1]["count"]
    lines = copied.text.splitlines()
    assert lines[1].split() == ["q", "k", "v", "o", "gate", "up", "down", "all"]
    assert lines[-1].startswith("abilityscope bench --benchmark deductive_reasoning --ability")


def large_view() -> MaskView:
    """As of a model of 8 billion parameters at k 0.064 %; later layers have more."""
    sizes = np.tile([2**24, 2**22, 2**22, 2**24, *[4096 * 14336] * 3], (32, 1)).astype(np.int64)
    counts = (sizes * np.linspace(0.0002, 0.001, 32)[:, None]).astype(np.int64)
    n, candidates = int(counts.sum()), int(sizes.sum())
    return MaskView(
        "deductive",
        MaskDistribution(
            ("q", "k", "v", "o", "gate", "up", "down"), counts, sizes, n, candidates, (), (), None
        ),
    )


def test_small_shares_of_a_large_model_can_be_read() -> None:
    table = WeightTable(large_view(), "all", "share")
    assert table.unit == "share of each matrix, per million"
    assert table.texts("-")[1][0] == "200"
    assert table.texts("-")[-1][-1] == "1.0k"
    assert all(len(text) <= 5 for row in table.texts("-") for text in row)
    assert table.profile(UNICODE).startswith("layers 0 ▂▂▂")
    assert table.profile(ASCII).endswith("99 31  most 0.1 %")
    assert table.explained(0, 7) == ["all layers: 4,187,488 of 6.98 B (0.06 %, 1.0 x even)"]


def test_numbers_keep_to_their_columns() -> None:
    assert [short_number(value) for value in (0, 0.01, 0.44, 9.96, 999.6, 12_345, 2e6)] == [
        "0", "<.1", "0.4", "10", "1.0k", "12k", "2.0M",
    ]  # fmt: skip
    assert short_number(7, whole=True) == "7"
    assert [signed_number(value) for value in (0.001, 0.07, -0.349, 12.3, -4.56)] == [
        "0", "+.07", "-.35", "+12", "-4.6",
    ]  # fmt: skip
    assert [percent(value) for value in (0.000461, 0.03, 0.038, 0.43)] == ["0.046 %", "3 %", "3.8 %", "43 %"]
    assert sparkline([0, 1, 4, 8], "12345678") == " 148"


def test_range_of_chance_is_that_of_the_hypergeometric_distribution() -> None:
    low, high = (int(word.replace(",", "")) for word in shared_by_chance(3000, 2000, 50_000).split(" to "))
    shared = np.random.default_rng(0).hypergeometric(3000, 47_000, 2000, size=50_000)
    assert ((low <= shared) & (shared <= high)).mean() == pytest.approx(0.95, abs=0.01)
