from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

from textual.widgets import Static

from core.abilities import ABILITIES
from core.engine.protocol import Command, StartRankings
from tests.tui.inspector.conftest import CACHED_ABILITIES, CACHED_K, SCORED_ITEMS
from tests.tui.inspector.host import Host, demo_session, screen_text, until
from tests.tui.inspector.test_weights import stored_weights
from tui.inspector.lens import Lens
from tui.inspector.look.marks import ASCII, UNICODE, Marks
from tui.inspector.masks.overlap_pane import OverlapPane
from tui.inspector.masks.overlap_table import OverlapTable
from tui.numbers import fraction_text, lift_text

NARROW, SMALL, WIDE = (61, 19), (60, 15), (160, 43)

DEDUCTIVE, QUANTITATIVE, SPATIAL = CACHED_ABILITIES

LENS = Lens(DEDUCTIVE, "mlp", "top", CACHED_K, DEDUCTIVE)


def hosted(cache: Path, lens: Lens = LENS, marks: Marks = UNICODE) -> tuple[Host, OverlapPane, list[Command]]:
    session, sent = demo_session(cache, marks=marks, n_items=SCORED_ITEMS)
    pane = OverlapPane(session, id="overlap")
    return Host(lambda: pane, lens), pane, sent


def explained(pane: OverlapPane) -> list[str]:
    return str(pane.query_one(".explained", Static).visual).splitlines()


def shown_table(pane: OverlapPane) -> OverlapTable:
    assert pane.table is not None
    return pane.table


async def test_pairs_are_compared_weight_by_weight(demo_cache: Path) -> None:
    app, pane, sent = hosted(demo_cache)
    own, other = (stored_weights(pane.session.experiment, ability) for ability in (DEDUCTIVE, QUANTITATIVE))
    shared = len(own & other)
    place = {ability.id: number for number, ability in enumerate(ABILITIES)}
    async with app.run_test(size=NARROW) as pilot:
        await until(pilot, lambda: pane.table is not None)
        await pilot.press(*["l"] * place[QUANTITATIVE])
        await pilot.pause()
        table = shown_table(pane)
        row, column = place[DEDUCTIVE], place[QUANTITATIVE]
        jaccard = fraction_text(shared / len(own | other))
        assert table.texts("jaccard", "o")[row][column] == jaccard
        assert table.texts("jaccard", "o")[row][0] == "o", "analogical is not stored"
        lines = explained(pane)
        assert lines[0].startswith(f"deductive / quantitative: {shared:,} shared (")
        lift = lift_text(shared * table.overlaps.candidates / len(own) ** 2)
        assert lines[1].startswith("chance ")
        assert lines[1].endswith(f", lift {lift}, Jaccard {jaccard}")
        assert lines[2].startswith("control: two halves of deductive's own items share ")
        assert "3 of 10 stored: x scores the rest" in " ".join(screen_text(app).split())
        await pilot.press("i", "i")
        assert pane.measure == "lift"
        assert lift in screen_text(app)
        await pilot.press("x")
    (command,) = sent
    assert isinstance(command, StartRankings)
    assert {mask.ability for mask in command.masks} == set(place) - set(CACHED_ABILITIES)


async def test_enter_takes_the_rows_ability_into_the_lens(demo_cache: Path) -> None:
    app, pane, _ = hosted(demo_cache)
    async with app.run_test(size=NARROW) as pilot:
        await until(pilot, lambda: pane.table is not None)
        await pilot.press("j", "enter")
        await until(pilot, lambda: app.lens.ability == "inductive_reasoning")


async def test_random_masks_share_what_chance_gives(demo_cache: Path) -> None:
    app, pane, _ = hosted(demo_cache, replace(LENS, selection="random"), ASCII)
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: pane.table is not None)
        await pilot.pause()
        text = screen_text(app)
        pairs = [
            value
            for row, values in enumerate(shown_table(pane).values("lift"))
            for column, value in enumerate(values)
            if row != column
        ]
    assert all(value is not None and 0.85 < value < 1.15 for value in pairs)
    assert "Of deductive's mask, the others have" in text, "where there is room, bars stand below"
    assert text.isascii()


async def test_what_is_missing_is_said(demo_cache: Path) -> None:
    app, pane, sent = hosted(demo_cache, replace(LENS, variant="all"))
    async with app.run_test(size=SMALL) as pilot:
        await until(
            pilot, lambda: "10 rankings of weights are not stored" in " ".join(screen_text(app).split())
        )
        await pilot.press("x")
        app.on_pane_lens_changed(OverlapPane.LensChanged(replace(LENS, variant="base")))
        await until(pilot, lambda: "base ablates nothing" in screen_text(app))
        assert pane.copied() is None
    (command,) = sent
    assert isinstance(command, StartRankings)
    assert len(command.masks) == 10


async def test_export_and_copy(demo_cache: Path, tmp_path: Path) -> None:
    app, pane, _ = hosted(demo_cache)
    async with app.run_test(size=NARROW) as pilot:
        await until(pilot, lambda: pane.table is not None)
        exported, copied = pane.exported(), pane.copied()
    assert exported is not None
    assert copied is not None
    exported.write(tmp_path / "pairs.csv")
    with (tmp_path / "pairs.csv").open(encoding="utf-8", newline="") as sheet:
        rows = list(csv.DictReader(sheet))
    assert {row["ability"] for row in rows} == {row["other"] for row in rows} == set(CACHED_ABILITIES)
    exported.write(tmp_path / "pairs.json")
    document = json.loads((tmp_path / "pairs.json").read_text())
    assert len(document["pairs"]) == len(rows) == 9
    assert len(document["missing"]) == 7
    assert "abilityscope overlap --variant mlp --selection top --k 0.03 --n-items 40" in copied.text
