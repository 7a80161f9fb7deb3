from __future__ import annotations

import json
import unicodedata
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from rich.cells import cell_len
from textual.pilot import Pilot

from core.abilities import Item
from core.analysis.samples import Answer, Sample
from core.benchmarks.benchmark import Benchmark
from core.benchmarks.diagnostic import ItemSource
from core.engine.protocol import EngineSpec
from core.models.spec import ModelSpec
from core.run.events import BatchFinished, ItemOutcome, RunFinished, RunStarted
from core.run.experiment import Experiment
from core.run.specs import MaskSpec
from tests.core.analysis.samples.stored_samples import (
    MASK,
    made_up_benchmark,
    predictions,
    save_outcomes,
    stored_samples,
)
from tests.tui.inspector.host import Host, screen_text, until
from tui.inspector.lens import Lens
from tui.inspector.look.marks import ASCII, UNICODE, Marks
from tui.inspector.look.text import LONGEST_ROW, fitted, rows_of
from tui.inspector.samples.answer_text import answer_notes
from tui.inspector.samples.item_view import SampleView
from tui.inspector.samples.lines import sample_lines
from tui.inspector.samples.listing import SampleList
from tui.inspector.samples.pane import SamplesPane
from tui.inspector.samples.reading import Subject
from tui.inspector.session import Session

N = 200
NARROW, WIDE = (61, 19), (160, 43)
LENS = Lens(MASK.ability, "mlp", "top", MASK.k, "made_up", limit=None)
CONTROL = replace(MASK, selection="random")

HOSTILE = (
    "\x1b[2J\x1b]0;title\x07 [red]markup[/] \x00 \u202eturned \u05d0\u05d1\u05d2 \u6f22\u5b57\u6f22\u5b57 "
    "\U0001f469\u200d\U0001f680\ufe0f \u200b e\u0301\u0301\u0301 \r\t\x9b1m \u2028 end"
)


class Samples:
    """The tab on made-up items."""

    def __init__(
        self, experiment: Experiment, benchmark: Benchmark, lens: Lens = LENS, marks: Marks = UNICODE
    ) -> None:
        spec = EngineSpec(experiment.spec, str(experiment.store.root))
        self.session = Session(spec, experiment, (benchmark,), marks, False, lambda command: None)
        self.app = Host(lambda: SamplesPane(self.session, id="samples"), lens)

    @property
    def pane(self) -> SamplesPane:
        assert isinstance(self.app.pane, SamplesPane)
        return self.app.pane

    @property
    def rows(self) -> SampleList:
        return self.pane.query_one(SampleList)

    @property
    def item(self) -> SampleView:
        return self.pane.query_one(SampleView)

    @property
    def text(self) -> str:
        return screen_text(self.app)

    @property
    def flat(self) -> str:
        """The same with its line breaks and spare spaces taken out."""
        return " ".join(self.text.split())

    async def says(self, pilot: Pilot[None], *texts: str) -> None:
        """Waits until the screen has all the texts."""
        await until(pilot, lambda: all(text in self.text or text in self.flat for text in texts))

    async def lists(self, pilot: Pilot[None], count: int) -> None:
        """Waits until so many items are listed."""
        await until(pilot, lambda: self.rows.position[1] == count)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Experiment, Benchmark]:
    """Base, ablated and control answers to 200 items."""
    experiment, benchmark = stored_samples(tmp_path_factory.mktemp("cache"), N)
    save_outcomes(experiment, benchmark, CONTROL, predictions(N, 0.85, seed=3))
    return experiment, benchmark


def flips(stored: tuple[Experiment, Benchmark]) -> dict[str, list[int]]:
    """The places of the items by what became of them."""
    gold = np.arange(N) % 4
    base, ablated = predictions(N, 0.9, seed=1) == gold, predictions(N, 0.6, seed=2) == gold
    return {
        "flipped": np.flatnonzero(base != ablated).tolist(),
        "broken": np.flatnonzero(base & ~ablated).tolist(),
        "fixed": np.flatnonzero(~base & ablated).tolist(),
    }


async def test_the_list_tells_of_each_item_what_became_of_it(stored: tuple[Experiment, Benchmark]) -> None:
    samples, found = Samples(*stored), flips(stored)
    async with samples.app.run_test(size=NARROW) as pilot:
        await samples.says(pilot, f"flipped {len(found['flipped'])}", "Item 0, ", "random .8", "n 200")
        broken = found["broken"][0]
        row = next(line for line in samples.text.splitlines() if f"#{broken} " in line)
        letters = "ABCD"
        chosen = letters[int(predictions(N, 0.6, seed=2)[broken])]
        assert row.split()[-3:] == [letters[broken % 4], letters[broken % 4], chosen]
        assert "✓→✗" in row


async def test_filters_narrow_the_list_and_the_cursor_stays_on_its_item(
    stored: tuple[Experiment, Benchmark],
) -> None:
    samples, found = Samples(*stored), flips(stored)
    async with samples.app.run_test(size=NARROW) as pilot:
        await samples.lists(pilot, N)
        await pilot.press("n", "n")
        assert samples.rows.index == [place for place in found["flipped"] if place > 0][1]
        place = samples.rows.index
        await pilot.press("f")
        await samples.lists(pilot, len(found["flipped"]))
        assert samples.rows.index == place
        await pilot.press("N")
        assert samples.rows.index == found["flipped"][found["flipped"].index(place) - 1]
        await pilot.press("f", "f")
        await samples.lists(pilot, len(found["fixed"]))
        await pilot.press("F")
        await samples.lists(pilot, len(found["broken"]))
        await pilot.press("G")
        assert samples.rows.index == found["broken"][-1]
        await samples.says(pilot, f"▸✓→✗ {len(found['broken'])}", f"▸✓→✗ #{samples.rows.index} ")


async def test_search_finds_as_one_types_and_esc_ends_it(stored: tuple[Experiment, Benchmark]) -> None:
    samples = Samples(*stored)
    async with samples.app.run_test(size=NARROW) as pilot:
        await samples.lists(pilot, N)
        assert samples.pane.search()
        await pilot.press(*"ITEM 17,")
        await samples.lists(pilot, 1)
        assert samples.rows.index == 17
        await pilot.press("enter", "j")
        await samples.says(pilot, "search 'ITEM 17,'", "1 listed", "#17")
        await pilot.press("escape")
        await samples.lists(pilot, N)
        assert samples.rows.has_focus
        samples.pane.search()
        await pilot.press(*"[/]")
        await samples.says(pilot, "There is no item, with '[/]' in it.")


async def test_tags_are_tried_as_the_cursor_comes_to_them(stored: tuple[Experiment, Benchmark]) -> None:
    samples = Samples(*stored)
    async with samples.app.run_test(size=NARROW) as pilot:
        await samples.lists(pilot, N)
        await pilot.press("w")
        await samples.says(pilot, "all tags  200", "chains  67")
        await pilot.press("j")
        await samples.lists(pilot, 67)
        await pilot.press("escape")
        await samples.lists(pilot, N)
        await pilot.press("w", "j", "j", "enter")
        await samples.says(pilot, "tag groups", "67 listed")
        assert samples.rows.has_focus


async def test_tags_are_counted_among_what_the_filter_lets_through(
    stored: tuple[Experiment, Benchmark],
) -> None:
    samples, broken = Samples(*stored), flips(stored)["broken"]
    async with samples.app.run_test(size=NARROW) as pilot:
        await samples.lists(pilot, N)
        await pilot.press("f", "f")
        await samples.lists(pilot, len(broken))
        await pilot.press("w")
        chains = sum(place % 3 == 0 for place in broken)
        await samples.says(pilot, f"all tags  {len(broken)}", f"chains  {chains}")
        await pilot.press("j")
        await samples.lists(pilot, chains)


async def test_a_random_mask_has_no_control(stored: tuple[Experiment, Benchmark]) -> None:
    experiment, benchmark = stored
    samples = Samples(experiment, benchmark, replace(LENS, selection="random"))
    async with samples.app.run_test(size=WIDE) as pilot:
        await samples.says(pilot, "Item 0, ", "Prompt", "ablated")
        assert "random control" not in samples.flat
        copied = samples.pane.copied()
        assert copied is not None
        assert "random control" not in copied.text
    nothing = Samples(experiment, benchmark, replace(LENS, selection="random", limit=N // 2))
    async with nothing.app.run_test(size=NARROW) as pilot:
        await nothing.says(pilot, "r runs base and the ablated model on 100 items")


async def test_an_item_takes_the_place_of_the_list_where_there_is_no_room_for_both(
    stored: tuple[Experiment, Benchmark],
) -> None:
    samples, place = Samples(*stored), flips(stored)["broken"][0]
    async with samples.app.run_test(size=NARROW) as pilot:
        await samples.lists(pilot, N)
        samples.rows.go_to(place)
        await pilot.press("enter")
        await samples.says(pilot, f"#{place}  ✓→✗ broken by the ablation", "tag ", "Prompt", f"Item {place},")
        assert not samples.rows.display
        await pilot.press("G")
        await samples.says(pilot, "✓ base", "✗ ablated", "random control", "█")
        await pilot.press("l")
        await samples.says(pilot, f"Item {place + 1},", f"item {place + 2} of 200 listed")
        await pilot.press("h", "h", "escape")
        await until(pilot, lambda: samples.rows.display)
        assert samples.rows.has_focus
        assert samples.rows.index == place - 1
        samples.pane.search()
        await pilot.press(*"no such text", "enter")
        await samples.says(pilot, "There is no item, with 'no such text' in it.")


async def test_a_wide_screen_has_list_and_item_side_by_side(stored: tuple[Experiment, Benchmark]) -> None:
    samples = Samples(*stored)
    async with samples.app.run_test(size=WIDE) as pilot:
        await samples.says(pilot, "Item 0, ", "Prompt", "random control", "-8.00", "broken ✓→✗")
        await pilot.press("j")
        await samples.says(pilot, "▸", "id made_up/1")
        await pilot.press("enter", "escape")
        assert samples.rows.has_focus


async def test_what_is_not_stored_is_said_with_the_key_that_runs_it(tmp_path: Path) -> None:
    experiment, benchmark = stored_samples(tmp_path, N)
    nothing = Samples(experiment, benchmark, replace(LENS, limit=N // 2))
    async with nothing.app.run_test(size=NARROW) as pilot:
        await nothing.says(pilot, "No answers to made up are stored", "r runs base", "100 items")
        assert (nothing.pane.copied(), nothing.pane.exported(), nothing.pane.search()) == (None, None, False)
    half = Samples(experiment, benchmark, replace(LENS, k=0.03))
    async with half.app.run_test(size=NARROW) as pilot:
        await half.says(
            pilot, "ablated: not stored, r runs it", "random control: not stored, r runs it", "✓→?"
        )
        await pilot.press("enter", "G")
        await half.says(pilot, "? ablated: not stored for this item, r runs it")
    base = Samples(experiment, benchmark, replace(LENS, variant="base"))
    async with base.app.run_test(size=NARROW) as pilot:
        await base.says(pilot, "nothing is ablated: v chooses what", "base .9", "▸✓")
        assert "ablated ." not in base.text
        assert "flipped" not in base.text
        await pilot.press("f")
        messages = [notification.message for notification in base.app._notifications]
        assert any("Filters need base and ablated answers" in message for message in messages)


async def test_a_running_run_fills_the_list_and_the_cursor_stays(tmp_path: Path) -> None:
    experiment, benchmark = stored_samples(tmp_path, N)
    mask = replace(MASK, k=0.03)
    samples = Samples(experiment, benchmark, replace(LENS, k=0.03))
    samples.pane._live_taken = -1e9
    async with samples.app.run_test(size=NARROW) as pilot:
        await samples.lists(pilot, N)
        samples.rows.go_to(50)
        fold = samples.session.activity.fold
        fold(RunStarted(mask, "made_up", N))
        fold(BatchFinished(tuple(outcome(place) for place in (50, 51))))
        samples.pane.tick()
        await samples.says(pilot, "ablated: 2 of 200 so far", "n 2")
        assert samples.rows.index == 50
        fold(BatchFinished(tuple(outcome(place) for place in range(50))))
        save_outcomes(experiment, benchmark, mask, predictions(N, 0.5, seed=4))
        fold(RunFinished(str(mask), "made_up", 0.5, 1, 1))
        samples.pane.look(samples.app.lens)
        await until(pilot, lambda: "so far" not in samples.text and "ablated ." in samples.text)
        assert samples.rows.index == 50


def outcome(place: int) -> ItemOutcome:
    """A wrong answer to an item."""
    gold = place % 4
    return ItemOutcome(place, gold, (gold + 1) % 4, False, (-1.0, -2.0, -3.0, -4.0))


async def test_copy_gives_the_item_and_the_command_line_and_export_what_is_filtered(
    stored: tuple[Experiment, Benchmark], tmp_path: Path
) -> None:
    samples, found = Samples(*stored), flips(stored)
    async with samples.app.run_test(size=NARROW) as pilot:
        await samples.lists(pilot, N)
        await pilot.press("f", "f")
        await samples.lists(pilot, len(found["broken"]))
        place = found["broken"][0]
        await until(pilot, lambda: samples.pane.copied() is not None)
        copied = samples.pane.copied()
        assert copied is not None
        assert f"item #{place} · tag " in copied.text
        assert "log-likelihood, nats: base -" in copied.text
        assert "ablated: " in copied.text
        assert "$ abilityscope bench --benchmark made_up" in copied.text
        exported = samples.pane.exported()
        assert exported is not None
        for suffix in exported.suffixes:
            exported.write(tmp_path / f"{exported.stem}{suffix}")
        lines = (tmp_path / f"{exported.stem}.jsonl").read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        assert [row["index"] for row in rows] == found["broken"]
        about = {"ability": MASK.ability, "variant": "mlp", "selection": "top", "k": 0.01, "seed": 0}
        about |= {"model": "demo", "benchmark": "made_up", "scope": "global"}
        assert all(row.items() >= about.items() for row in rows)
        control = predictions(N, 0.85, seed=3)
        assert [row["control_prediction"] for row in rows] == [control[place] for place in found["broken"]]
        assert {"base_cut", "ablated_loglikelihoods", "control_correct"} < set(rows[0])
        for suffix in (".csv", ".parquet"):
            read = pl.read_csv if suffix == ".csv" else pl.read_parquet
            frame = read(tmp_path / f"{exported.stem}{suffix}")
            assert frame.columns == list(rows[0])
            assert frame["index"].to_list() == found["broken"]


async def test_everything_can_be_shown_in_ascii(stored: tuple[Experiment, Benchmark]) -> None:
    samples = Samples(*stored, marks=ASCII)
    async with samples.app.run_test(size=WIDE) as pilot:
        await samples.says(pilot, "Item 0, ", "Prompt", "broken +>x", "+ gold")
        strange = {character for character in samples.text if not character.isascii()}
        # The frames and scrollbars are Textual's own; the whole app draws the signs in sentences anew.
        assert strange <= set("·▁▂▃▄▅▆▇█▔│▎▏▊▋ →“”")


@pytest.mark.parametrize("size", [NARROW, WIDE])
async def test_hostile_text_leaves_the_screen_whole(tmp_path: Path, size: tuple[int, int]) -> None:
    experiment, benchmark = Experiment(ModelSpec(), stored_samples(tmp_path, 4)[0].store), hostile_benchmark()
    for mask in (None, MASK):
        save_hostile_outcomes(experiment, benchmark, mask)
    samples = Samples(experiment, benchmark)
    async with samples.app.run_test(size=size) as pilot:
        await samples.says(pilot, r"\x1b[2J\x1b]0;titl")
        assert_whole(samples.app, size)
        await pilot.press("enter")
        await until(pilot, lambda: "[red]markup[/]" in samples.text and "Prompt" in samples.text)
        for key in ("j", "space", "G"):
            await pilot.press(key)
            await pilot.pause()
            assert_whole(samples.app, size)
        await until(pilot, lambda: samples.item.max_scroll_y > 800)
        copied = samples.pane.copied()
        assert copied is not None
        assert not {c for c in copied.text if unicodedata.category(c) in ("Cc", "Zl", "Zp")} - {"\n"}


def hostile_benchmark() -> Benchmark:
    items = tuple(
        Item(
            id=f"made_up/{place}",
            ability=MASK.ability,
            family=f"chains {HOSTILE}",
            context=HOSTILE + "x" * 100_000 * (place == 0),
            question="\u0301" * 5000,
            options=(HOSTILE, "\u6f22" * 300, "\n\n", "Mips"),
            answer_index=place % 4,
            steps=HOSTILE,
        )
        for place in range(4)
    )
    return replace(made_up_benchmark(4), source=ItemSource(lambda level, n: items[:n], 4, 0.25))


def save_hostile_outcomes(experiment: Experiment, benchmark: Benchmark, mask: MaskSpec | None) -> None:
    save_outcomes(experiment, benchmark, mask, (np.arange(4) + (mask is not None)) % 4)


def assert_whole(app: Host, size: tuple[int, int]) -> None:
    """Every line is as wide as the screen, and nothing in it acts on a terminal."""
    lines = [strip.text for strip in app.screen._compositor.render_strips()]
    assert [cell_len(line) for line in lines] == [size[0]] * size[1]
    assert not {c for line in lines for c in line if unicodedata.category(c) in ("Cc", "Zl", "Zp")}
    assert not any("\u202e" in line for line in lines)


def test_what_was_cut_of_a_prompt_is_said() -> None:
    cut, whole = (Answer(None, True, None, "42", finish="eos", cut=count) for count in (1812, 0))
    assert answer_notes(cut, "exact_match") == "prompt cut by 1,812 tokens · ended"
    assert answer_notes(whole, "exact_match") == "ended"


def test_generated_answers_stand_side_by_side_with_the_word_marked_at_which_they_part() -> None:
    base = Answer(None, True, None, "The answer is 42 because\nsix times seven.")
    ablated = Answer(None, False, None, "The answer is 17 the the the")
    sample = Sample(3, "gsm8k/3", "", "broken", "What is six times seven?", (), None, "", base, ablated)
    lines = sample_lines(Subject(sample, None, is_ablated=True), 60, UNICODE)
    pieces = [piece for line in lines for piece in line]
    assert [text for text, role in pieces if role == "divergence"] == ["42", "17"]
    assert {" because", "six times seven.", " the the the"} <= {
        text for text, role in pieces if role == "after"
    }
    assert all(sum(cell_len(text) for text, _ in line) <= 60 for line in lines)


def test_rows_hold_all_of_a_text_within_their_width() -> None:
    for text in (
        "",
        "one two  three",
        "x" * 50,
        HOSTILE,
        "a\n\nb",
        "\u6f22" * 9,
        "\u0301" * 99,
        " ".join("ab" * 20),
    ):
        for width in (1, 2, 7, 20):
            spans = rows_of(text, width)
            kept = "".join(text[slice(*span)] for span in spans)
            assert kept.replace(" ", "") == text.replace("\n", "").replace(" ", "")
            assert all(last - first <= LONGEST_ROW * width for first, last in spans)
            if width > 1:
                assert all(cell_len(text[slice(*span)]) <= width for span in spans)
            assert cell_len(fitted(text.replace("\n", ""), width, "…")) == width
