"""The weights are proved to be as loaded after each job; if they are not, nothing of it is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
import torch

from cache.folder import Store
from core.benchmarks.registry import find_benchmarks
from core.engine.protocol import StartRuns
from core.models.spec import ModelSpec
from core.run.events import Event, ModelLoaded, RunFinished
from core.run.loaded import WeightsChangedError
from core.run.runner import Runner
from core.run.runs import outcomes_of
from core.run.specs import MaskSpec, Run
from tests.core.engine.own_worker import WAIT_S, Engine
from tests.core.engine.talk import IMPORTANCE

MASK = MaskSpec("spatial_reasoning", "mlp", "random", 0.03)
N = 8
START = StartRuns("runs", (Run(None, "spatial_reasoning", N), Run(MASK, "spatial_reasoning", N)))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = Engine(tmp_path)
    yield engine
    engine.queue.close()
    engine.worker.join(WAIT_S)


def outcomes(runner: Runner) -> pl.DataFrame:
    (benchmark,) = find_benchmarks(["spatial_reasoning"])
    frame = runner.store.outcomes.load(runner.request(MASK, benchmark, N).key)
    assert frame is not None
    return frame


def test_weights_that_changed_end_the_job_and_what_it_stored_is_deleted(engine: Engine) -> None:
    def flip_a_bit(event: Event) -> None:
        """As failing memory would: a weight that no mask has touched, while the mask is applied."""
        if isinstance(event, RunFinished) and event.mask != "base":
            weight = engine.runner.loaded.model.get_parameter("model.layers.1.self_attn.q_proj.weight")
            weight.data.view(torch.int32)[0, 0] ^= 1

    first = engine.do(START)
    assert first.state == "completed"
    kept = engine.stored()
    truth = outcomes(engine.runner)

    other = MaskSpec("spatial_reasoning", "mlp", "top", 0.03)
    engine.on_event = flip_a_bit
    damaged = engine.do(StartRuns("other", (*START.runs, Run(other, "spatial_reasoning", N))))
    engine.on_event = lambda event: None
    assert damaged.state == "failed"
    assert damaged.problem.startswith(
        "The weights of model.layers.1.self_attn.q_proj.weight are not those that were loaded"
    )
    # Ranking, generation quality and outcomes of the new mask; what was proved before stays, and what is
    # compared with, the intact model's generation quality, is shipped.
    assert "3 cache entries written since are deleted" in damaged.problem
    assert engine.stored() == kept

    third = engine.do(StartRuns("other", (*START.runs, Run(other, "spatial_reasoning", N))))
    assert third.state == "completed"
    assert len(engine.stored()) == len(kept) + 3
    assert sum(isinstance(event, ModelLoaded) for event in engine.events) == 2
    assert outcomes(engine.runner).equals(truth)


def test_a_whole_model_is_verified_and_not_loaded_again(engine: Engine) -> None:
    assert engine.do(START).state == "completed"
    assert engine.do(StartRuns("again", START.runs)).state == "completed"
    assert sum(isinstance(event, ModelLoaded) for event in engine.events) == 1
    assert engine.runner.unverified == []


def test_a_runner_without_an_engine_raises_it_too(tmp_path: Path) -> None:
    runner = Runner(ModelSpec(), Store(tmp_path), IMPORTANCE)
    (benchmark,) = find_benchmarks(["spatial_reasoning"])
    outcomes_of(runner, runner.request(MASK, benchmark, N))
    with runner.ablated(runner.mask(MASK)):
        pass
    runner.loaded.model.get_parameter("model.layers.0.mlp.up_proj.weight").data[0, 0] += 1.0
    with pytest.raises(WeightsChangedError, match=r"up_proj\.weight are not those that were loaded"):
        runner.verify_restored()
    runner.verify_restored()  # the model is forgotten: there is nothing left to prove
    assert "loaded" not in vars(runner)
