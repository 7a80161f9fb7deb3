"""One engine process on the embedded model, asked by one screen after another."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
import torch

from cache.folder import Store
from core.benchmarks.registry import find_benchmarks
from core.engine.protocol import (
    Cancel,
    EngineSpec,
    Pause,
    Resume,
    StartGeneration,
    StartRankings,
    StartRuns,
)
from core.engine.runtime import EngineProcess, start_engine
from core.masks.choices import SELECTIONS
from core.models.spec import ModelSpec
from core.run.events import (
    BatchFinished,
    ItemOutcome,
    JobChanged,
    ModelLoaded,
    Progressed,
    Refused,
    RunFinished,
    RunsFound,
    RunStarted,
    TextCompared,
    TextEnded,
    TextWritten,
)
from core.run.runner import Runner
from core.run.runs import outcomes_of
from core.run.specs import MaskSpec, Run
from tests.core.engine.talk import IMPORTANCE, Screen, end, kill, private_folder, screen_of

SPATIAL = MaskSpec("spatial_reasoning", "mlp", "top", 0.03)
BENCHMARKS = ("spatial_reasoning", "temporal_reasoning")
PROMPT = "see : seed bell seed rock seed . count of seed think :"


@pytest.fixture(scope="module")
def spec(
    tmp_path_factory: pytest.TempPathFactory, warm_engine_command: tuple[str, ...]
) -> Iterator[EngineSpec]:
    """An engine that runs while the module is tested."""
    spec = EngineSpec(ModelSpec(), str(tmp_path_factory.mktemp("cache")), IMPORTANCE)
    with private_folder(), pytest.MonkeyPatch.context() as patch:
        patch.setattr("core.engine.runtime.COMMAND", warm_engine_command)
        process = start_engine(spec)
        try:
            asyncio.run(_loaded(spec, process))
            yield spec
            asyncio.run(end(spec))
            assert process.wait(timeout=60) == 0
        finally:
            kill(process)


async def _loaded(spec: EngineSpec, process: EngineProcess) -> None:
    async with screen_of(spec, process) as screen:
        snapshot = await screen.snapshot()
        if not isinstance(snapshot.model, ModelLoaded):
            await screen.until(lambda event: isinstance(event, ModelLoaded))


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """The same model in this process, with a cache of its own."""
    return Runner(ModelSpec(), Store(tmp_path_factory.mktemp("own")), IMPORTANCE)


def outcomes_here(runner: Runner, mask: MaskSpec | None, benchmark: str, n: int) -> pl.DataFrame:
    (found,) = find_benchmarks([benchmark])
    return outcomes_of(runner, runner.request(mask, found, n))


def outcomes_by_run(screen: Screen) -> list[dict[int, ItemOutcome]]:
    """The outcomes of each run, by the items' indices."""
    runs: list[dict[int, ItemOutcome]] = []
    for event in screen.heard:
        if isinstance(event, RunStarted):
            runs.append({})
        elif isinstance(event, BatchFinished):
            runs[-1] |= {outcome.index: outcome for outcome in event.outcomes}
    return runs


def test_a_job_gives_what_a_workbench_gives_and_is_then_in_the_cache(
    spec: EngineSpec, runner: Runner
) -> None:
    runs = tuple(Run(mask, benchmark, 60) for benchmark in BENCHMARKS for mask in (None, SPATIAL))

    async def talk() -> None:
        async with screen_of(spec) as screen:
            job = await screen.all_of(StartRuns("first", runs))
            assert (job.state, job.done, job.total) == ("completed", 4, 4)
            assert screen.of(RunsFound) == [RunsFound(total=4, cached=0)]
            started = [(run.mask, run.benchmark) for run in screen.of(RunStarted)]
            # Each mask is applied once.
            assert started == [(mask, benchmark) for mask in (None, SPATIAL) for benchmark in BENCHMARKS]
            assert [run.done for run in screen.of(RunFinished)] == [1, 2, 3, 4]
            for (mask, benchmark), found in zip(started, outcomes_by_run(screen), strict=True):
                here = outcomes_here(runner, mask, benchmark, 60)
                assert sorted(found) == list(range(60))
                rows = [found[place] for place in range(60)]
                assert [row.gold for row in rows] == here["gold"].to_list()
                assert [row.prediction for row in rows] == here["prediction"].to_list()
                values = pl.Series([list(row.loglikelihoods) for row in rows], dtype=pl.List(pl.Float32))
                assert values.to_list() == here["loglikelihoods"].to_list()
        async with screen_of(spec) as screen:
            job = await screen.all_of(StartRuns("again", runs))
            assert (job.state, job.done) == ("completed", 4)
            assert screen.of(RunsFound) == [RunsFound(total=4, cached=4)]
            assert not screen.of(RunStarted)

    asyncio.run(talk())


def test_cancel_restores_the_weights(spec: EngineSpec, runner: Runner) -> None:
    async def talk() -> None:
        async with screen_of(spec) as screen:
            masked = tuple(Run(SPATIAL, benchmark, 500) for benchmark in BENCHMARKS)
            screen.connection.send(StartRuns("long", masked))
            job = await screen.job("long", "running")
            await screen.until(lambda event: isinstance(event, BatchFinished))
            screen.connection.send(Cancel(job.id))
            ended = await screen.job("long", "cancelled", "completed")
            assert (ended.state, ended.done) == ("cancelled", 0)
            job = await screen.all_of(StartRuns("base", (Run(None, BENCHMARKS[0], 61),)))
            assert job.state == "completed"
            here = outcomes_here(runner, None, BENCHMARKS[0], 61)
            rows = [outcomes_by_run(screen)[-1][place] for place in range(61)]
            values = pl.Series([list(row.loglikelihoods) for row in rows], dtype=pl.List(pl.Float32))
            assert values.to_list() == here["loglikelihoods"].to_list()

    asyncio.run(talk())


def test_importance_is_cancelled_too(spec: EngineSpec) -> None:
    async def talk() -> None:
        async with screen_of(spec) as screen:
            contrast = MaskSpec("deductive_reasoning", "all", "max_minus_shared", 0.01)
            screen.connection.send(StartRankings("all ten", (contrast,)))
            job = await screen.job("all ten", "running")
            await screen.until(lambda event: isinstance(event, Progressed) and event.phase == "scoring")
            screen.connection.send(Cancel(job.id))
            assert (await screen.job("all ten", "cancelled", "completed")).state == "cancelled"

    asyncio.run(talk())


def test_every_selection_can_be_ranked(spec: EngineSpec) -> None:
    async def talk() -> None:
        async with screen_of(spec) as screen:
            masks = tuple(MaskSpec(SPATIAL.ability, "mlp", one, 0.01) for one in SELECTIONS)
            screen.connection.send(StartRankings("selections", masks))
            job = await screen.job("selections", "completed", "failed")
            assert (job.state, job.done, job.problem) == ("completed", len(masks), "")

    asyncio.run(talk())


def test_a_screen_goes_and_the_next_one_finds_the_job(spec: EngineSpec) -> None:
    async def talk() -> None:
        async with screen_of(spec) as screen:
            screen.connection.send(StartRuns("left", (Run(None, BENCHMARKS[1], 499),)))
            job = await screen.job("left", "running")
            await screen.until(lambda event: isinstance(event, BatchFinished))
            screen.connection.send(Pause(job.id))
            assert (await screen.job("left", "paused", "completed")).state == "paused"
        async with screen_of(spec) as screen:
            snapshot = await screen.snapshot()
            assert {one.id: one.state for one in snapshot.jobs}[job.id] == "paused"
            assert snapshot.run == RunStarted(None, BENCHMARKS[1], 499)
            assert 0 < len(snapshot.outcomes) < 499
            screen.connection.send(Resume(job.id))
            await screen.job("left", "running")
        async with screen_of(spec) as screen:
            snapshot = await screen.snapshot()
            (now,) = [one for one in snapshot.jobs if one.id == job.id]
            if now.state == "running":
                now = await screen.job("left", "completed", "failed", "cancelled")
            assert now.state == "completed"

    asyncio.run(talk())


def test_jobs_wait_in_line_and_can_be_cancelled_there_or_while_paused(spec: EngineSpec) -> None:
    async def talk() -> None:
        async with screen_of(spec) as screen:
            for title, n in (("one", 498), ("two", 497), ("three", 20)):
                screen.connection.send(StartRuns(title, (Run(None, BENCHMARKS[0], n),)))
            one = await screen.job("one", "running")
            engine, _, number = one.id.partition("-")
            two = f"{engine}-{int(number) + 1}"
            screen.connection.send(Pause(one.id))
            screen.connection.send(Cancel(two))
            screen.connection.send(Cancel(one.id))
            assert (await screen.job("three", "completed", "failed")).state == "completed"
            states = {event.job.title: event.job.state for event in screen.of(JobChanged)}
            assert states == {"one": "cancelled", "two": "cancelled", "three": "completed"}

    asyncio.run(talk())


def test_answers_stream_and_a_factor_of_one_changes_nothing(spec: EngineSpec) -> None:
    async def talk() -> None:
        async with screen_of(spec) as screen:
            for title, factor in (("zero", 0.0), ("one", 1.0)):
                screen.connection.send(StartGeneration(title, PROMPT, (None, SPATIAL), 24, factor=factor))
                assert (await screen.job(title, "completed", "failed")).state == "completed"
            texts: dict[tuple[str, int], str] = {}
            for event in screen.of(TextWritten):
                texts[event.job, event.pane] = texts.get((event.job, event.pane), "") + event.text
            base, ablated, again, whole = texts.values()
            assert base == again == whole != ablated
            assert [event.finish for event in screen.of(TextEnded)] == ["eos"] * 4
        async with screen_of(spec) as screen:
            assert [text.text for text in (await screen.snapshot()).texts] == [again, whole]

    asyncio.run(talk())


def test_an_ablated_answer_is_compared_with_base_token_by_token(spec: EngineSpec, runner: Runner) -> None:
    masks, titles = (SPATIAL, None, SPATIAL), ("greedy", "sampled", "halved")

    async def talk() -> None:
        async with screen_of(spec) as screen:
            for title, temperature, factor in zip(titles, (0.0, 1.0, 0.0), (0.0, 0.0, 0.5), strict=True):
                start = StartGeneration(
                    title, PROMPT, masks, 24, temperature=temperature, seed=3, factor=factor
                )
                screen.connection.send(start)
                assert (await screen.job(title, "completed", "failed")).state == "completed"
            found = screen.of(TextCompared)
            # The first answer came before base's: there was nothing yet to compare it with.
            assert [one.pane for one in found] == [2, 2, 2]
            ends = {(end.job, end.pane): end for end in screen.of(TextEnded)}
            for one, factor in zip(found, (0.0, 0.0, 0.5), strict=True):
                assert len(one.base_tokens) == ends[one.job, 1].tokens
                assert len(one.ablated_tokens) == ends[one.job, 2].tokens
                check_comparison(runner, one, factor)
        async with screen_of(spec) as screen:
            assert (await screen.snapshot()).compared == (found[-1],)

    asyncio.run(talk())


def check_comparison(runner: Runner, one: TextCompared, factor: float) -> None:
    """Against plain forward passes of the same model in this process."""
    tokenizer, model = runner.loaded.tokenizer, runner.loaded.model
    ids = tokenizer(PROMPT)["input_ids"]

    def chances(answer: tuple[int, ...], place: int) -> torch.Tensor:
        with torch.no_grad():
            return model(torch.tensor([[*ids, *answer[:place]]])).logits[0, -1].float().softmax(0)

    for answer, logprobs in (
        (one.base_tokens, one.base_logprobs),
        (one.ablated_tokens, one.ablated_logprobs),
    ):
        truth = [float(chances(answer, place)[token].log()) for place, token in enumerate(answer)]
        assert logprobs == pytest.approx(truth, abs=1e-3)
    divergence = one.divergence
    if divergence is None:
        assert one.base_tokens == one.ablated_tokens
        return
    place = divergence.index
    assert one.base_tokens[:place] == one.ablated_tokens[:place]
    tokens = one.base_tokens[place], one.ablated_tokens[place]
    assert tokens[0] != tokens[1]
    for text, token in zip((divergence.base_token, divergence.ablated_token), tokens, strict=True):
        assert text == (None if token == tokenizer.eos_token_id else f" {tokenizer.decode([token])}")
    found = divergence.base_probabilities, divergence.ablated_probabilities
    for probabilities, mask in zip(found, (None, SPATIAL), strict=True):
        with runner.ablated(mask and runner.mask(mask), factor):
            truth = chances(one.base_tokens, place)
        assert probabilities == pytest.approx([float(truth[token]) for token in tokens], rel=1e-3)


def test_what_makes_no_sense_is_refused_or_fails_in_a_sentence(spec: EngineSpec) -> None:
    async def talk() -> None:
        async with screen_of(spec) as screen:
            for line in (b"{\n", b'{"type":"StartRuns","title":3,"runs":[]}\n', b"\xff\x00\n", b"\n"):
                screen.connection._writer.write(line)
                refused = await screen.until(lambda event: isinstance(event, Refused))
                assert isinstance(refused, Refused)
                assert refused.problem.startswith("This is no command of the engine")
            screen.connection.send(Cancel("none-1"))
            unknown = Refused("There is no job 'none-1' here that has not ended.")
            await screen.until(lambda event: event == unknown)
            too_much = MaskSpec("spatial_reasoning", "mlp", "top", 0.99)
            jobs = {
                "Did you mean spatial_reasoning?": Run(None, "spacial_reasoning", 3),
                "spatial_reasoning' has 500, give 1": Run(None, "spatial_reasoning", 501),
                "choose a smaller k": Run(too_much, BENCHMARKS[0], 3),
            }
            for words, run in jobs.items():
                job = await screen.all_of(StartRuns(words, (run,)))
                assert job.state == "failed"
                assert words in job.problem
            screen.connection.send(StartGeneration("empty", " ", (None,)))
            assert "empty" in (await screen.job("empty", "failed")).problem

    asyncio.run(talk())


def test_the_cache_has_the_items_of_what_was_evaluated(spec: EngineSpec) -> None:
    assert list((Path(spec.cache) / "items").glob("*.parquet"))


def test_a_second_engine_of_the_same_kind_ends_at_once(spec: EngineSpec) -> None:
    second = start_engine(spec)
    try:
        assert second.wait(timeout=60) == 0
        asyncio.run(_loaded(spec, second))
    finally:
        kill(second)
