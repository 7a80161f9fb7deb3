"""Benchmarks whose answers are written, and passages whose items belong together, on a tiny model."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch

from cache.folder import Store
from cache.tables import SCHEMA
from core.analysis.answers import live_answers
from core.analysis.samples import Samples
from core.analysis.statistics.cells import cell_statistics, clusters_of, frame_statistics
from core.benchmarks.benchmark import (
    Benchmark,
    BenchmarkOptions,
    GenerationDocument,
    cut_new_tokens,
    fitted_new_tokens,
)
from core.benchmarks.registry import find_benchmarks
from core.benchmarks.task import Task
from core.benchmarks.task_source import judge_program, split_tests, task_benchmark
from core.benchmarks.tasks import TASKS
from core.inference import Finish
from core.models.loading import LoadedModel
from core.models.spec import ModelSpec
from core.run.evaluation import evaluate_run
from core.run.events import BatchFinished, Event
from core.run.runner import Runner
from core.run.runs import outcomes_of
from core.sandbox.bubblewrap import why_no_sandbox
from tests.core.benchmarks.conftest import DATA
from tests.core.tiny_models import byte_tokenizer, save_model

OPTIONS = BenchmarkOptions(data_dir=str(DATA), allow_code=True)
TOKENS = 24
ENDS: tuple[Finish, ...] = ("eos", "stop", "length", "repeats")

needs_sandbox = pytest.mark.skipif(bool(why_no_sandbox()), reason=why_no_sandbox() or "it works")


@pytest.fixture(scope="module")
def spec(byte_model: Path) -> ModelSpec:
    return ModelSpec(str(byte_model), device="cpu").settled("letters", "standard")


def short(task: str, shots: int | None = 1) -> Benchmark:
    """The benchmark with short answers."""
    described = dataclasses.replace(TASKS[task], max_new_tokens=TOKENS)
    return task_benchmark(described, dataclasses.replace(OPTIONS, shots=shots))


def gold_logprob(loaded: LoadedModel, prompt: str, gold: str) -> float:
    """The mean log-probability of a right answer's tokens after a prompt, by a plain forward pass."""
    before, whole = (loaded.tokenizer(text)["input_ids"] for text in (prompt, prompt + gold))
    with torch.inference_mode():
        logprobs = loaded.model(torch.tensor([whole])).logits[0, len(before) - 1 : -1].log_softmax(-1)
    return float(logprobs.gather(1, torch.tensor(whole[len(before) :])[:, None]).mean())


def test_answers_are_written_judged_told_and_shown(spec: ModelSpec, tmp_path: Path) -> None:
    told: list[Event] = []
    runner = Runner(spec, Store(tmp_path), emit=told.append)
    benchmark = short("gsm8k")
    frame = outcomes_of(runner, runner.request(None, benchmark, 5))
    assert frame["item_id"].to_list() == [f"gsm8k/{place}" for place in range(5)]
    assert frame["score"].to_list() == [0.0] * 5
    assert frame["answer"].to_list() == ["[invalid]"] * 5
    assert set(frame["finish"]) <= set(ENDS)
    assert frame["loglikelihoods"].null_count() == frame["gold"].null_count() == 5
    expected = [
        gold_logprob(runner.loaded, document.prompt, document.gold)
        for document in benchmark.documents(spec, 5)
        if isinstance(document, GenerationDocument)
    ]
    assert frame["gold_logprob"].to_list() == pytest.approx(expected, abs=1e-4)
    events = [outcome for event in told if isinstance(event, BatchFinished) for outcome in event.outcomes]
    assert sorted(outcome.index for outcome in events) == list(range(5))
    assert {(outcome.gold, outcome.prediction, outcome.loglikelihoods) for outcome in events} == {
        (-1, -1, ())
    }
    samples = Samples.open(runner, benchmark, 5, None)
    assert samples is not None
    sample = samples.sample(2)
    assert sample.base is not None
    assert (sample.base.text, sample.base.judged) == (frame["text"][2], "[invalid]")
    assert (sample.options, sample.gold, len(sample.targets)) == ((), None, 1)
    assert live_answers(tuple(events), 5).answer(2)["loglikelihoods"] is None
    means = benchmark.source.metric_means(benchmark.documents(spec, 5), frame)
    assert set(means) == set(benchmark.metrics)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    return Runner(ModelSpec("demo"), Store(tmp_path_factory.mktemp("demo")))


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS.keys())
def test_every_benchmark_runs_on_the_embedded_model_with_its_defaults(task: Task, demo: Runner) -> None:
    if task.runs_code and (problem := why_no_sandbox()):
        pytest.skip(problem)
    benchmark = task_benchmark(task, OPTIONS)
    n = min(2, benchmark.n_items)
    frame = outcomes_of(demo, demo.request(None, benchmark, n))
    assert len(frame) == n
    cut = cut_new_tokens(benchmark.documents(demo.spec, n), demo.info.positions)
    assert cut == ((task.max_new_tokens, 128) if task.kind == "generation" else None)
    if cut:
        assert max(map(len, frame["tokens"])) <= 128


def test_only_a_number_that_leaves_no_room_is_cut() -> None:
    assert [fitted_new_tokens(256, positions) for positions in (4096, 257, 256, 100)] == [256, 256, 128, 50]


@pytest.mark.parametrize("task", ["gsm8k", "arc_easy"])
def test_a_prompt_that_is_too_long_is_cut_and_counted(task: str, tmp_path: Path) -> None:
    tokenizer = byte_tokenizer()
    save_model(tmp_path, tokenizer=tokenizer, max_position_embeddings=160)
    spec = ModelSpec(str(tmp_path), device="cpu")
    told: list[Event] = []
    runner = Runner(spec, Store(tmp_path / "cache"), emit=told.append)
    benchmark = short(task, 0)
    request = runner.request(None, benchmark, 6)
    frame = outcomes_of(runner, request)
    texts = [
        [document.prompt]
        if isinstance(document, GenerationDocument)
        else [f"{document.contexts[0]}{option}" for option in document.continuations]
        for document in benchmark.documents(spec, 6)
    ]
    room = 160 - TOKENS if task == "gsm8k" else 161  # the last token of an option is no input
    lengths = [max(len(tokenizer(one)["input_ids"]) for one in some) for some in texts]
    assert frame["cut"].to_list() == [max(length - room, 0) for length in lengths]
    events = [outcome for event in told if isinstance(event, BatchFinished) for outcome in event.outcomes]
    assert {one.index: one.cut for one in events} == dict(enumerate(frame["cut"]))
    truncated = int((frame["cut"] > 0).sum())
    assert 0 < truncated < 6 or task == "gsm8k"
    (cell,) = frame_statistics(frame, [frame], benchmark)
    assert cell.truncated == truncated
    samples = Samples.open(runner, benchmark, 6, None)
    assert samples is not None
    assert samples.base_answers is not None
    assert samples.base_answers.cut.tolist() == (frame["cut"] > 0).to_list()
    assert live_answers(tuple(events), 6).cut.tolist() == samples.base_answers.cut.tolist()
    first = samples.sample(0).base
    assert first is not None
    assert first.cut == frame["cut"][0]


def test_cancelled_writing_stops_within_a_token_and_stores_nothing(spec: ModelSpec, tmp_path: Path) -> None:
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > 6

    runner = Runner(spec, Store(tmp_path), cancelled=cancelled)
    request = runner.request(None, short("gsm8k"), 5)
    assert evaluate_run(runner, request) is None
    assert asked < 6 + TOKENS
    assert runner.store.outcomes.load(request.key) is None


def test_items_of_one_passage_are_resampled_together(spec: ModelSpec, tmp_path: Path) -> None:
    runner = Runner(spec, Store(tmp_path))
    (boolq,) = find_benchmarks(["boolq"], OPTIONS)
    frame = outcomes_of(runner, runner.request(None, boolq, 6))
    labels = clusters_of(frame)
    assert labels is not None
    assert len(labels) == 6
    half = [False] * 3 + [True] * 3
    joined = frame.with_columns(
        cluster=pl.Series(["a", "a", "a", "b", "b", None]),
        correct=pl.lit(True),
        score=pl.lit(1.0),
        loglikelihoods=pl.lit(None, pl.List(pl.Float32())),  # so there is no p(right) beside the AIS
    )
    worse = joined.with_columns(correct=pl.Series(half), score=pl.Series(half).cast(pl.Float64))
    (found,) = frame_statistics(joined, [worse], short("gsm8k"), seed=3)
    right, wrong = np.ones(6, bool), np.array(half)
    clusters = np.array([0, 0, 0, 1, 1, 2])
    (expected,) = cell_statistics(right, wrong[None], 0.0, seed=3, clusters=clusters)
    (single,) = cell_statistics(right, wrong[None], 0.0, seed=3)
    of_probability = dict.fromkeys(("p_right", "base_p_right", "ais_p", "ais_p_low", "ais_p_high"))
    by_score = dataclasses.replace(found, **of_probability, ais_p_reason="")
    assert by_score == expected != single


def test_a_score_between_right_and_wrong_makes_the_ais(tmp_path: Path) -> None:
    columns = {"correct": [True] * 20, "score": [0.9] * 20, "cluster": [None] * 20, "cut": [0] * 19 + [7]}
    columns |= {"gold": [None] * 20, "loglikelihoods": [None] * 20, "gold_logprob": [None] * 20}
    base = pl.DataFrame(columns, schema={name: SCHEMA[name] for name in columns})
    ablated = base.with_columns(score=pl.lit(0.45, pl.Float32()))
    (cell,) = frame_statistics(base, [ablated], short("gsm8k"))
    assert (cell.base_score, cell.score, cell.ais) == pytest.approx((0.9, 0.45, 0.5), abs=1e-6)
    assert (cell.p_value, cell.truncated) == (1.0, 1)
    (without_chance,) = find_benchmarks(["truthfulqa_mc2"], OPTIONS)
    assert "no usable chance level" in frame_statistics(base, [ablated], without_chance)[0].reason
    never_right = base.with_columns(score=pl.lit(0.0, pl.Float32()))
    (broken,) = frame_statistics(never_right, [ablated], short("gsm8k"))
    assert "base score 0 is not plausible for gsm8k [0.005, 1]" in broken.reason


@needs_sandbox
@pytest.mark.parametrize("task", ["humaneval", "mbpp"])
def test_reference_programs_pass_and_broken_ones_fail(task: str, spec: ModelSpec) -> None:
    (benchmark,) = find_benchmarks([task], OPTIONS)
    for document in benchmark.documents(spec, 6):
        assert isinstance(document, GenerationDocument)
        assert document.code is not None
        assert judge_program(document, document.code.solution).score == 1.0
        judged = judge_program(document, "    return 'nothing of the kind'\n")
        assert judged.score == 0.0
        assert f"0 of {len(split_tests(document.code)[1])} tests passed" in str(judged.answer)


@needs_sandbox
def test_what_a_model_writes_is_run_and_fails(spec: ModelSpec, tmp_path: Path) -> None:
    runner = Runner(spec, Store(tmp_path))
    frame = outcomes_of(runner, runner.request(None, short("mbpp", None), 2))
    assert frame["score"].to_list() == [0.0, 0.0]
    assert frame["answer"].str.starts_with("0 of 3 tests passed; test 1: ").all()
