"""A job ends within a layer of being cancelled: weights as loaded, nothing half stored.

A paused job leaves the intact model to whoever wants to write, and goes on as if nothing had been.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from cache.folder import Store
from core.benchmarks.registry import find_benchmarks
from core.engine.protocol import Start, StartGeneration, StartRuns
from core.masks.choices import Selection
from core.models.spec import ModelSpec
from core.run.events import Event, JobChanged, JobState, Progressed, RunFinished, RunStarted, TextWritten
from core.run.runner import Runner
from core.run.runs import outcomes_of
from core.run.specs import MaskSpec, Run
from tests.core.engine.own_worker import WAIT_S, Engine
from tests.core.engine.talk import IMPORTANCE
from tests.core.tiny_models import save_model

N = 12
ABILITY = "spatial_reasoning"
TEXT = StartGeneration("text", "see : seed bell seed rock seed . think :", (None,), 24)


def runs(selection: Selection, ability: str = ABILITY) -> StartRuns:
    mask = MaskSpec(ability, "mlp", selection, 0.03)
    return StartRuns(selection, (Run(None, ABILITY, N), Run(mask, ABILITY, N)))


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Has the outcomes of the intact model."""
    with running(tmp_path_factory.mktemp("cache")) as engine:
        assert engine.do(StartRuns("base", (Run(None, ABILITY, N),))).state == "completed"
        yield engine


@contextmanager
def running(root: Path, model: ModelSpec | None = None) -> Iterator[Engine]:
    engine = Engine(root, model or ModelSpec())
    try:
        yield engine
    finally:
        engine.queue.close()
        engine.worker.join(WAIT_S)


def cancel_running(engine: Engine) -> None:
    engine.queue.cancel(engine.queue._taken[-1].job.id)


class InTheMiddle:
    """Cancels the job at the second layer of a pass, and counts the layers that begin afterwards."""

    def __init__(self, engine: Engine, begins: Callable[[Event], bool], *, backward: bool) -> None:
        self.late, self.cancelled_at = 0, 0.0
        self._engine, self._begins, self._backward = engine, begins, backward
        self._is_due = self._is_cancelled = False
        engine.on_event = self._watch

    def _watch(self, event: Event) -> None:
        self._is_due = self._is_due or self._begins(event)

    def watch(self) -> Callable[[], None]:
        """Looks at every layer from now on; returns what ends that."""
        layers = list(self._engine.runner.space.layers)
        self._second = layers[-2] if self._backward else layers[1]
        with ExitStack() as stack:
            for layer in layers:
                if self._backward:
                    handle = layer.register_forward_hook(self._await_backward)
                else:
                    handle = layer.register_forward_pre_hook(self._seen)
                stack.callback(handle.remove)
            return stack.pop_all().close

    def _await_backward(self, layer: nn.Module, _: Any, output: Any) -> None:
        hidden = output[0] if isinstance(output, tuple) else output
        if hidden.requires_grad:
            hidden.register_hook(lambda gradient: self._seen(layer))

    def _seen(self, layer: nn.Module, *_: Any) -> None:
        self.late += self._is_cancelled
        if self._is_due and layer is self._second and not self._is_cancelled:
            self._is_cancelled, self.cancelled_at = True, time.time()
            cancel_running(self._engine)


def is_under_mask(event: Event) -> bool:
    return isinstance(event, RunStarted) and event.mask is not None


def is_measured_next(event: Event) -> bool:
    return isinstance(event, RunFinished) and event.mask != "base"


def is_scoring(event: Event) -> bool:
    return isinstance(event, Progressed) and event.phase == "scoring"


def is_writing(event: Event) -> bool:
    return isinstance(event, TextWritten)


@pytest.mark.parametrize(
    ("start", "begins", "backward", "kept"),
    [
        pytest.param(runs("random"), is_under_mask, False, 0, id="evaluation"),
        pytest.param(runs("top", "temporal_reasoning"), is_measured_next, False, 1, id="generation quality"),
        pytest.param(runs("top"), is_scoring, False, 0, id="scoring forward"),
        pytest.param(runs("top"), is_scoring, True, 0, id="scoring backward"),
        pytest.param(TEXT, is_writing, False, 0, id="writing"),
    ],
)
def test_no_layer_begins_after_cancel(
    engine: Engine, start: Start, begins: Callable[[Event], bool], backward: bool, kept: int
) -> None:
    entries = engine.runner.store.outcomes.entries
    model, stored = engine.runner.loaded.model, entries.stored_keys()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    middle = InTheMiddle(engine, begins, backward=backward)
    unwatch = middle.watch()
    ended = engine.do(start)
    unwatch()
    engine.on_event = lambda event: None
    assert (ended.state, ended.is_cancelling, middle.late) == ("cancelled", False, 0)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert len(entries.stored_keys()) == len(stored) + kept
    assert engine.runner.unverified == []


@pytest.mark.parametrize("begins", [is_scoring, is_under_mask], ids=["scoring", "under the mask"])
def test_in_a_pause_the_intact_model_writes(engine: Engine, begins: Callable[[Event], bool]) -> None:
    asked = runs("top" if begins is is_scoring else "bottom")
    changes: list[tuple[str, JobState]] = []
    written: dict[str, str] = {}

    def step_in(event: Event) -> None:
        """Pauses the job once and asks for a text; lets the job go on when that is done."""
        if isinstance(event, TextWritten):
            written[event.job] = written.get(event.job, "") + event.text
        if isinstance(event, JobChanged):
            changes.append((event.job.title, event.job.state))
            if changes[-1] == ("text", "completed") and engine.queue.is_working:
                engine.queue.resume(engine.queue._taken[0].job.id)
        if begins(event) and ("text", "queued") not in changes:
            engine.queue.pause(engine.queue._taken[0].job.id)
            engine.queue.add(TEXT)

    engine.on_event = step_in
    assert engine.do(asked, jobs=2).state == "completed"
    assert engine.do(TEXT).state == "completed"
    engine.on_event = lambda event: None
    own = [state for title, state in changes if title == asked.title]
    assert [state for state, _ in itertools.groupby(own)] == [
        "queued",
        "running",
        "paused",
        "running",
        "completed",
    ]
    assert changes.index(("text", "completed")) < changes.index((asked.title, "completed"))
    in_pause, alone = written.values()
    assert in_pause == alone != ""


def test_what_was_cancelled_or_paused_gives_what_it_would_have_given(engine: Engine, tmp_path: Path) -> None:
    """After the tests above: nothing may be left behind in the gradient sums."""
    undisturbed = Runner(ModelSpec(), Store(tmp_path), IMPORTANCE)
    (benchmark,) = find_benchmarks([ABILITY], "basic")
    for start in (runs("top"), runs("bottom")):
        assert engine.do(start).state == "completed"
        request = undisturbed.request(start.runs[1].mask, benchmark, N)
        stored = engine.runner.store.outcomes.load(request.key)
        assert stored is not None
        assert stored.equals(outcomes_of(undisturbed, request))


@pytest.mark.slow
def test_a_batch_of_minutes_ends_within_a_second(tmp_path: Path) -> None:
    """In real time: a thousand layers over a thousand tokens, cancelled early in the first batch."""
    folder = tmp_path / "deep"
    save_model(folder, num_hidden_layers=1000, hidden_size=64, intermediate_size=256)
    with running(
        tmp_path / "cache", ModelSpec(str(folder), device="cpu", prompt="letters", level_asked="plain")
    ) as engine:
        assert engine.do(StartGeneration("warm", "the cat", (None,), 1)).state == "completed"
        middle = InTheMiddle(engine, lambda event: isinstance(event, RunStarted), backward=False)
        unwatch = middle.watch()
        ended = engine.do(StartRuns("runs", (Run(None, "spatial_reasoning", 100),)))
        unwatch()
    assert ended.state == "cancelled"
    assert ended.ended is not None
    assert ended.ended - middle.cancelled_at < 1.0
