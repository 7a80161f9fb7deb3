from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import polars as pl
import pytest
from textual.pilot import Pilot

from core.analysis.matrix import matrix
from core.analysis.statistics.cells import frame_statistics
from core.benchmarks.registry import find_benchmarks
from core.engine.protocol import EngineSpec
from core.importance.scoring_rule import PAPER_RULE
from core.run.events import (
    AnswerWritten,
    BatchFinished,
    ItemOutcome,
    Job,
    JobChanged,
    JobState,
    ModelLoading,
    RunFinished,
    RunStarted,
)
from core.run.specs import ImportanceSpec
from tests.core.analysis.samples.graded_samples import GRADED, SCORES, graded_samples
from tests.core.analysis.samples.stored_samples import MASK
from tests.progressed import progressed
from tests.tui.inspector.conftest import CACHED_ABILITIES, CACHED_ITEMS, CACHED_K, SCORED_ITEMS
from tests.tui.inspector.host import Host, demo_session, screen_text, until
from tests.tui.inspector.written import MASK as WRITTEN_MASK
from tests.tui.inspector.written import stored_answers as written_answers
from tui.command_line import run as run_command
from tui.inspector.ais.cell_text import ais_with_interval
from tui.inspector.command_of import command_line, overlap_line, profile_line
from tui.inspector.lens import Lens
from tui.inspector.look.marks import ASCII, UNICODE, Marks
from tui.inspector.run.comparison import STORED_RESAMPLES, Comparison
from tui.inspector.run.figures import Curve, ItemLine, Listing, Side
from tui.inspector.run.line_plot import AXIS_HEIGHT, LinePlot, PlotLook, drawn
from tui.inspector.run.pane import RunPane, runs_of
from tui.inspector.run.status import answer_of, queue_of, status_of
from tui.inspector.run.tables import Ticker
from tui.inspector.session import Session
from tui.names import job_title
from tui.numbers import interval, number, share

NARROW, WIDE = (62, 19), (130, 43)
ABILITY = CACHED_ABILITIES[0]
LENS = Lens(ABILITY, "mlp", "top", CACHED_K, ABILITY, limit=CACHED_ITEMS)
LACKING = replace(LENS, k=0.1)
HOSTILE = "\x1b[2J [red]markup[/] \x00 \u202eturned \u6f22\u5b57\n\t end"


class Hosted:
    """The tab, alone in an app."""

    def __init__(
        self, cache: Path, lens: Lens = LENS, *, marks: Marks = UNICODE, readonly: bool = False
    ) -> None:
        self.session, _ = demo_session(cache, marks=marks, readonly=readonly, n_items=SCORED_ITEMS)
        self.session.activity.link = "connected"
        self.pane = RunPane(self.session, id="run")
        self.pane.styles.padding = (0, 1)
        self.app = Host(lambda: self.pane, lens)

    @property
    def text(self) -> str:
        return screen_text(self.app)

    @property
    def flat(self) -> str:
        return " ".join(self.text.split())

    async def shows(self, pilot: Pilot[None], *pieces: str) -> None:
        """Waits until the screen has all the pieces."""
        await until(pilot, lambda: all(piece in self.flat for piece in pieces))

    def fold(self, *events: object) -> None:
        for event in events:
            self.session.activity.fold(event)  # type: ignore[arg-type]
        self.pane.tick()


@pytest.fixture
def partial_cache(demo_cache: Path, tmp_path: Path) -> Path:
    """The demo's cache without the ablated model's answers to the lens's benchmark."""
    copy = tmp_path / "cache"
    shutil.copytree(demo_cache, copy)
    for path in (copy / "outcomes").glob(f"{key_of(copy, 'ablated')}.*"):
        path.unlink()
    return copy


def key_of(cache: Path, side: Side) -> str:
    session, _ = demo_session(cache, n_items=SCORED_ITEMS)
    run = runs_of(session, LENS)[side]
    return session.experiment.request(run.mask, session.benchmark(run.benchmark), run.n).key


def answers(cache: Path, side: Side) -> pl.DataFrame:
    return pl.read_parquet(cache / "outcomes" / f"{key_of(cache, side)}.parquet")


def outcomes_of(frame: pl.DataFrame) -> list[ItemOutcome]:
    """As a run tells them: not in the order of the items."""
    rows = list(enumerate(frame.iter_rows(named=True)))
    return [
        ItemOutcome(index, row["gold"], row["prediction"], row["correct"], tuple(row["loglikelihoods"]))
        for index, row in reversed(rows)
    ]


def job(state: JobState, done: int = 0, total: int = 3, title: str = "", **more: str) -> JobChanged:
    return JobChanged(
        Job("ab-1", "runs", title or job_title(LENS.mask, LENS.benchmark), state, done, total, **more)  # type: ignore[arg-type]
    )


async def test_what_the_cache_has_is_shown_at_once(demo_cache: Path) -> None:
    hosted = Hosted(demo_cache)
    frames = [answers(demo_cache, side) for side in ("base", "ablated", "control")]
    (benchmark,) = find_benchmarks([LENS.benchmark])
    effects = frame_statistics(frames[0], frames[1:], benchmark)
    base, ablated = (frame["correct"].to_numpy() for frame in frames[:2])
    async with hosted.app.run_test(size=(NARROW[0], NARROW[1] + AXIS_HEIGHT)) as pilot:
        await hosted.shows(pilot, "accuracy", f"{base.mean():.3f}".removeprefix("0"))
        for effect in effects:
            assert effect.ais is not None
            assert effect.ais_p is not None
            assert f"{effect.ais:.2f} [".replace("0.", ".", 1) in hosted.flat
            assert f"{number(effect.ais_p)} [" in hosted.flat
        flipped = int((base != ablated).sum())
        await hosted.shows(pilot, f"flipped: {flipped} of {CACHED_ITEMS}", f"{CACHED_ITEMS} items")
        assert hosted.app.failures == []


async def test_passages_and_partial_scores_count_as_in_the_ais_tab(tmp_path: Path) -> None:
    experiment, benchmark = graded_samples(tmp_path)
    lens = Lens(MASK.ability, "mlp", "top", MASK.k, benchmark.id, limit=None, seed=0)
    spec = EngineSpec(experiment.spec, str(experiment.store.root), experiment.importance)
    session = Session(spec, experiment, (benchmark,), UNICODE, False, lambda command: None)
    comparison = Comparison.read(experiment, benchmark, runs_of(session, lens), None)
    figures = comparison.figures(None, (), STORED_RESAMPLES)
    cells = matrix(experiment, MASK, [benchmark], GRADED).cells.values()
    (cell,) = [one for one in cells if one.statistics]
    assert cell.statistics is not None
    assert figures.sides["ablated"].effect == cell.statistics
    assert figures.score_word == "score"
    sides: tuple[Side, ...] = ("base", "ablated")
    for index, side in enumerate(sides):
        found = figures.sides[side].accuracy
        assert found is not None
        assert found.score == pytest.approx(SCORES[side].mean(), abs=1e-6)
        # The usual interval over passages, which are of one size here.
        means = SCORES[side].reshape(-1, 3).mean(axis=1)
        half = 1.96 * means.std() / len(means) ** 0.5
        assert (found.high - found.low) / 2 == pytest.approx(half, rel=0.06)
        assert figures.curves[index].shares[-1] == pytest.approx(found.score)
    app = Host(lambda: RunPane(session, id="run"), lens)
    async with app.run_test(size=WIDE) as pilot:
        base, statistics = figures.sides["base"].accuracy, cell.statistics
        assert base is not None
        assert statistics is not None
        pieces = (f"score {share(base.score)} {interval(base.low, base.high)}", ais_with_interval(statistics))
        await until(pilot, lambda: all(p in " ".join(screen_text(app).split()) for p in pieces[1:]))
        assert f"{share(base.score)} {interval(base.low, base.high)}" in screen_text(app)
        pane = app.pane
        assert isinstance(pane, RunPane)
        copied = pane.copied()
        assert copied is not None
        assert pieces[0] in copied.text


async def test_copying_gives_the_figures_and_a_command_line_that_repeats_them(
    demo_cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hosted = Hosted(demo_cache)
    async with hosted.app.run_test(size=NARROW) as pilot:
        await hosted.shows(pilot, "flipped:")
        copied = hosted.pane.copied()
    assert copied is not None
    *figures, command = copied.text.splitlines()
    assert "MLP-only, top, k 3 %" in figures[1]
    assert run_command(shlex.split(command)[1:]) == 0
    printed = capsys.readouterr().out
    score = next(line.split()[1] for line in printed.splitlines() if line.startswith("ablated"))
    assert f"accuracy {score.removeprefix('0')} [" in figures[3]


async def test_what_is_lacking_is_said_with_the_key_that_runs_it(demo_cache: Path) -> None:
    hosted = Hosted(demo_cache, LACKING)
    async with hosted.app.run_test(size=NARROW) as pilot:
        await hosted.shows(
            pilot,
            "r runs it",
            "● base stored",
            "○ importance of deductive: 40 items",
            "○ ablated 30 items",
            "not run",
        )
        hosted.fold(job("queued", title=job_title(LACKING.mask, LACKING.benchmark)))
        await hosted.shows(pilot, "pending", "next: ")
        assert "runs it" not in hosted.flat


async def test_a_run_is_followed_and_its_end_comes_from_the_cache(
    partial_cache: Path, demo_cache: Path
) -> None:
    hosted = Hosted(partial_cache)
    given = outcomes_of(answers(demo_cache, "ablated"))
    mask = LENS.mask
    async with hosted.app.run_test(size=NARROW) as pilot:
        await hosted.shows(pilot, "● random control stored", "○ ablated")
        hosted.fold(job("running", done=1), RunStarted(mask, ABILITY, CACHED_ITEMS))
        hosted.fold(BatchFinished(tuple(given[:1])))
        hosted.fold(progressed("evaluating", ABILITY, 1, CACHED_ITEMS, job="ab-1"))
        await hosted.shows(pilot, "▶ ablated 1/30", "run 2 of 3", "1 of 30", "(n 1)", "not identifiable")
        hosted.fold(BatchFinished(tuple(given[1:20])))
        await hosted.shows(pilot, "20 of 30", "ablated, as items arrive", f"#{given[19].index} ")
        right = sum(outcome.correct for outcome in given[:20]) / 20
        assert f"{right:.3f}".removeprefix("0") in hosted.flat
        for path in (demo_cache / "outcomes").glob(f"{key_of(demo_cache, 'ablated')}.*"):
            shutil.copy(path, partial_cache / "outcomes")
        hosted.fold(
            BatchFinished(tuple(given[20:])), RunFinished("", ABILITY, 0.0, 2, 3), job("completed", done=3)
        )
        hosted.pane.look(LENS)
        await hosted.shows(pilot, "flipped: ")
        assert "as items arrive" not in hosted.flat


async def test_items_whose_prompt_was_cut_are_counted(partial_cache: Path, demo_cache: Path) -> None:
    hosted = Hosted(partial_cache)
    given = outcomes_of(answers(demo_cache, "ablated"))
    cut = [msgspec.structs.replace(one, cut=one.index % 2) for one in given[:7]]
    n = sum(one.cut > 0 for one in cut)
    async with hosted.app.run_test(size=NARROW) as pilot:
        await hosted.shows(pilot, "● random control stored")
        assert "too long" not in hosted.flat
        hosted.fold(job("running", done=1), RunStarted(LENS.mask, ABILITY, CACHED_ITEMS))
        hosted.fold(BatchFinished(tuple(cut)))
        await hosted.shows(pilot, f"{n} of {CACHED_ITEMS} prompts were too long for the model")
        copied = hosted.pane.copied()
        assert copied is not None
        assert f"{n} of {CACHED_ITEMS} prompts were too long" in copied.text


async def test_written_answers_have_no_columns_of_options(tmp_path: Path) -> None:
    experiment, benchmark = written_answers(tmp_path)
    lens = Lens(WRITTEN_MASK.ability, "mlp", "top", WRITTEN_MASK.k, "sums", limit=None)
    spec = EngineSpec(experiment.spec, str(experiment.store.root))
    session = Session(spec, experiment, (benchmark,), UNICODE, False, lambda command: None)
    app = Host(lambda: RunPane(session, id="run"), lens)
    async with app.run_test(size=NARROW) as pilot:
        await until(pilot, lambda: "flipped: 4 of 5" in screen_text(app))
        lines = screen_text(app).splitlines()
        (heading,) = (line for line in lines if "flipped: 4 of 5" in line)
        assert "gold" not in heading
        (row,) = (line for line in lines if "#0 " in line)
        assert "✓→✗" in row
        assert "?" not in row


async def test_a_damaged_file_counts_as_lacking_and_is_told(partial_cache: Path) -> None:
    damaged = partial_cache / "outcomes" / f"{key_of(partial_cache, 'control')}.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    hosted = Hosted(partial_cache)
    async with hosted.app.run_test(size=NARROW) as pilot:
        await hosted.shows(pilot, "○ random control", "● base stored")
        await until(pilot, lambda: bool(hosted.app.failures))
        assert "r recomputes it" in hosted.app.failures[0]


async def test_a_k_beyond_the_candidates_is_explained_and_base_has_one_column(demo_cache: Path) -> None:
    hosted = Hosted(demo_cache, replace(LENS, k=0.99))
    async with hosted.app.run_test(size=NARROW) as pilot:
        await hosted.shows(pilot, "choose a smaller k")
        hosted.pane.look(replace(LENS, variant="base"))
        await hosted.shows(pilot, "base wrong: ")
        assert "ablated" not in hosted.flat
        assert "smaller k" not in hosted.flat


@pytest.mark.parametrize("size", [(60, 15), NARROW, WIDE])
async def test_every_size_has_figures_plot_and_items(demo_cache: Path, size: tuple[int, int]) -> None:
    hosted = Hosted(demo_cache)
    async with hosted.app.run_test(size=size) as pilot:
        await hosted.shows(pilot, "McNemar", "1.00┤", "flipped:", "random control")
        assert hosted.pane.query_one(Ticker).size.height > 1
        assert hosted.pane.query_one(LinePlot).size.height >= 4


async def test_ascii_has_nothing_else(demo_cache: Path) -> None:
    hosted = Hosted(demo_cache, marks=ASCII)
    async with hosted.app.run_test(size=NARROW) as pilot:
        await hosted.shows(pilot, "1.00|", "flipped:")
        assert hosted.text.isascii()


def said(change: Callable[[Session], None], tmp_path: Path, lens: Lens = LENS) -> str:
    """The status after a change of the engine's activity."""
    session, _ = demo_session(tmp_path, n_items=SCORED_ITEMS)
    session.activity.link = "connected"
    change(session)
    return status_of(session, lens, runs_of(session, lens), 80).text


def test_the_engine_s_doing_is_put_into_words(tmp_path: Path) -> None:
    def fold(*events: object) -> Callable[[Session], None]:
        return lambda session: [session.activity.fold(event) for event in events] and None  # type: ignore[arg-type, func-returns-value]

    contrast = replace(LENS, selection="max_minus_shared")
    second = progressed("scoring", CACHED_ABILITIES[1], 20, 40, job="ab-1", number=7, of=10, rate=0.5)
    assert said(fold(), tmp_path) == ""
    assert "loading the model: reading" in said(fold(ModelLoading("demo", "reading")), tmp_path)
    scoring = said(fold(job("running"), second), tmp_path, contrast)
    assert "scoring weights for quantitative (7 of 10) 20/40" in scoring
    assert "30.0/min" in scoring
    paused = said(fold(job("running"), job("paused"), second), tmp_path, contrast)
    assert "p resumes" in paused
    assert "/min" not in paused
    other = (job("running", 4, 30, "a matrix"), RunStarted(None, CACHED_ABILITIES[2], 7))
    answering = progressed("evaluating", CACHED_ABILITIES[2], 3, 7, job="ab-1", elapsed_s=62.5, left_s=600.0)
    assert "a matrix" in said(fold(*other), tmp_path)
    first, second_line = said(fold(*other, answering), tmp_path).split("\n")
    assert "answering spatial 3/7" in first
    assert second_line == "  run 5 of 30 · 1:03, about 10 min left"
    told = msgspec.structs.replace(other[0].job, is_cancelling=True)
    assert "cancelling" in said(fold(*other, answering, JobChanged(told)), tmp_path)
    own = said(fold(job("cancelled", 1)), tmp_path)
    assert own.endswith("1 of 3 runs are done and kept; r resumes")
    matrix = said(fold(job("cancelled", 1, title="AIS matrix: MLP-only, top, k 1 %")), tmp_path)
    assert matrix.endswith("x in AIS resumes")
    assert said(fold(job("cancelled", 1, title="k sweep")), tmp_path).endswith("ask for it again to resume")
    assert "failed: no memory \\x1b" in said(fold(job("failed", problem="no memory \x1b")), tmp_path)
    assert "R restarts" in said(lambda session: session.activity.lose("The engine was killed."), tmp_path)


def test_the_end_of_an_answer_is_shown_while_it_is_written(tmp_path: Path) -> None:
    session, _ = demo_session(tmp_path)
    activity = session.activity
    assert answer_of(activity, 20, 2) == ""
    activity.fold(AnswerWritten(14, "one two"))
    activity.fold(AnswerWritten(14, " three\x1b[2J"))
    assert answer_of(activity, 60, 2) == "writing #14: one two three\\x1b[2J"
    for index in range(200):
        activity.fold(AnswerWritten(14, f" {index}"))
    heading, *rows = answer_of(activity, 20, 3).split("\n")
    assert heading == "writing #14:"
    assert len(rows) == 2
    assert all(len(row) <= 20 for row in rows)
    assert rows[-1].endswith(" 199")
    activity.fold(AnswerWritten(15, "another"))
    assert answer_of(activity, 30, 1) == "writing #15: another"


def test_the_queue_keeps_to_its_room(tmp_path: Path) -> None:
    session, _ = demo_session(tmp_path)
    for index in range(9):
        session.activity.fold(JobChanged(Job(f"ab-{index}", "runs", f"job {index}", "queued")))
    assert queue_of(session.activity, 1) == ["next: job 0 and 8 more"]
    assert queue_of(session.activity, 3) == ["9 jobs waiting, the first:", "  job 0", "  job 1"]


def test_the_command_line_has_what_is_not_usual(tmp_path: Path) -> None:
    session, _ = demo_session(tmp_path / "a cache")
    session.a.spec = replace(
        session.spec,
        model=replace(session.spec.model, name="my model", dtype="bfloat16"),
        importance=ImportanceSpec(60, *PAPER_RULE),
        batch_size=4,
    )
    line = command_line(session, replace(LENS, k=1e-5, limit=None, seed=3))
    assert "--k 1e-05 --seed 3 --n-items 60 --preset paper --model 'my model' --dtype bfloat16" in line
    assert f"--batch-size 4 --cache-dir '{tmp_path}/a cache'" in line
    assert "--limit" not in line
    assert "--scope" not in line
    assert "--ability" not in command_line(session, replace(LENS, variant="base"))
    of_units = replace(LENS, scope="units")
    for write in (command_line, profile_line, overlap_line):
        assert " --scope units --k 0.0" in write(session, of_units)


@pytest.mark.parametrize("height", [4, 7, 20])
def test_curves_fill_the_size_and_differ_in_shape(height: int) -> None:
    sides: tuple[Side, ...] = ("base", "ablated", "control")
    curves = [
        Curve(side, (1, 20, 40), (1.0, share, share))
        for side, share in zip(sides, (0.9, 0.6, 0.7), strict=True)
    ]
    colours = tuple((side, (9, 9, 9)) for side in ("control", "base", "ablated"))
    plot = drawn(curves, 40, PlotLook(60, height, colours, "default", False))  # type: ignore[arg-type]
    lines = plot.plain.rstrip("\n").split("\n")
    assert len(lines) == height
    assert max(map(len, lines)) <= 60
    assert "·" in plot.plain
    assert any("\u2800" < character <= "\u28ff" for character in plot.plain)
    assert any("\u2580" <= character <= "\u259f" for character in plot.plain)


async def test_text_of_items_does_nothing(demo_cache: Path) -> None:
    hosted = Hosted(demo_cache)
    line = ItemLine(3, HOSTILE, (HOSTILE, HOSTILE), 0, 0, 1, True, False)
    async with hosted.app.run_test(size=WIDE) as pilot:
        await hosted.shows(pilot, "flipped:")
        hosted.pane.query_one(Ticker).show(Listing("flipped", "ablated", (line,) * 40, 40, 40), 40)
        await hosted.shows(pilot, "\\x1b[2J [red]markup[/] \\x00 \\u202e", "flipped: 40 of 40")
        assert all(character.isprintable() or character == "\n" for character in hosted.text)
        assert "McNemar" in hosted.text
