"""Divergences of base and ablated runs: computed beside them, stored, and true."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import torch

from cache.folder import Store
from core.analysis.rounds import run_profile
from core.analysis.samples import stored_divergences
from core.benchmarks.benchmark import Benchmark, GenerationDocument
from core.benchmarks.registry import find_benchmarks
from core.engine.protocol import StartRuns
from core.engine.work import do
from core.inference import choice_plan
from core.inference.cancelling import Cancelled
from core.masks.mask import Mask
from core.models.spec import ModelSpec
from core.run.events import EntryReplaced, Event, RunFinished, RunStarted
from core.run.experiment import OutcomesRequest, divergences_request
from core.run.plan import Plan
from core.run.runner import Runner
from core.run.runs import compute_runs, outcomes_of
from core.run.specs import MaskSpec, Run
from tests.core.benchmarks.test_written_evaluation import OPTIONS, short

N = 4
MASKS = [MaskSpec("spatial_reasoning", variant, "random", 0.05) for variant in ("mlp", "all")]  # type: ignore[arg-type]


class Counting(Runner):
    """Counts how often masks are applied, and keeps its events."""

    def __init__(self, spec: ModelSpec, root: Path, cancelled: Callable[[], bool] = lambda: False) -> None:
        self.events: list[Event] = []
        self.applied = 0
        super().__init__(spec, Store(root), emit=self.events.append, cancelled=cancelled)

    def ablated(self, mask: Mask | None, factor: float = 0.0) -> AbstractContextManager[object]:
        self.applied += mask is not None
        return super().ablated(mask, factor)


@pytest.fixture(scope="module")
def spec(byte_model: Path) -> ModelSpec:
    return ModelSpec(str(byte_model), device="cpu").settled("letters", "standard")


@pytest.fixture(scope="module")
def written() -> Benchmark:
    return short("gsm8k")


def requests(runner: Runner, benchmark: Benchmark) -> list[OutcomesRequest]:
    return [runner.request(mask, benchmark, N) for mask in (None, *MASKS)]


def computed(runner: Runner, asked: list[OutcomesRequest], stored: tuple[str, ...] = ()) -> list[str]:
    """Computes runs; returns the keys of those that had to be."""
    runs: dict[MaskSpec | None, list[OutcomesRequest]] = {}
    for request in asked:
        runs.setdefault(request.mask, []).append(request)
    return [request.key for request, _ in compute_runs(runner, runs, stored)]


def delete_divergences(runner: Runner) -> None:
    for path in (runner.store.root / "divergences").iterdir():
        path.unlink()


@pytest.mark.slow
def test_runs_with_written_answers_have_true_divergences(
    spec: ModelSpec, written: Benchmark, tmp_path: Path
) -> None:
    runner = Counting(spec, tmp_path)
    base, *ablated = asked = requests(runner, written)
    # The ablated runs come first here: their base run has to be computed before all the same.
    assert computed(runner, [*ablated, base]) == [one.key for one in asked]
    assert runner.applied == 2
    prompts = [one.prompt for one in written.documents(spec, N) if isinstance(one, GenerationDocument)]
    for request in ablated:
        assert request.mask is not None
        frame = stored_divergences(runner, base, request)
        assert frame is not None
        before, after = outcomes_of(runner, base), outcomes_of(runner, request)
        assert frame["item_id"].equals(before["item_id"])
        assert frame["index"].null_count() < N
        for place, (row, prompt) in enumerate(zip(frame.iter_rows(named=True), prompts, strict=True)):
            answers = before["tokens"][place].to_list(), after["tokens"][place].to_list()
            check_row(runner, runner.mask(request.mask), prompt, answers, row)


def check_row(
    runner: Runner, mask: Mask, prompt: str, answers: tuple[list[int], list[int]], row: dict[str, object]
) -> None:
    """Against plain forward passes over one sequence at a time."""
    tokenizer, model = runner.loaded.tokenizer, runner.loaded.model
    ids = tokenizer(prompt)["input_ids"]

    def chances(answer: list[int], place: int) -> torch.Tensor:
        with torch.no_grad():
            return model(torch.tensor([[*ids, *answer[:place]]])).logits[0, -1].float().softmax(0)

    for name, answer in zip(("base_logprobs", "ablated_logprobs"), answers, strict=True):
        truth = [float(chances(answer, place)[token].log()) for place, token in enumerate(answer)]
        assert row[name] == pytest.approx(truth, abs=1e-3)
    if answers[0] == answers[1]:
        assert row["index"] is None
        return
    place = next(i for i, (one, other) in enumerate(zip(*answers, strict=False)) if one != other)
    assert row["index"] == place
    tokens = [answer[place] for answer in answers]
    for name, token in zip(("base", "ablated"), tokens, strict=True):
        assert row[f"{name}_token"] == tokenizer.decode([token])
    for name, context in (("base", runner.ablated(None)), ("ablated", runner.ablated(mask))):
        with context:
            found = chances(answers[0], place)
        for which, token in zip(("base", "ablated"), tokens, strict=True):
            assert row[f"{name}_p_{which}"] == pytest.approx(float(found[token]), rel=1e-3)


def test_stored_runs_without_divergences_get_them_and_damaged_ones_are_replaced(
    spec: ModelSpec, written: Benchmark, tmp_path: Path
) -> None:
    base, *ablated = asked = requests(Counting(spec, tmp_path), written)
    keys = tuple(one.key for one in asked)
    first = Counting(spec, tmp_path)
    computed(first, asked)
    noted = [stored_divergences(first, base, one) for one in ablated]
    delete_divergences(first)
    assert computed(Counting(spec, tmp_path), asked, keys) == []
    expected = [stored_divergences(first, base, one) for one in ablated]
    delete_divergences(first)
    for before, after in zip(noted, expected, strict=True):
        assert before is not None
        assert after is not None
        # What was noted while the base answers were written is what reading them gives.
        pairs = zip(before["base_logprobs"].to_list(), after["base_logprobs"].to_list(), strict=True)
        assert all(one == pytest.approx(other, abs=1e-4) for one, other in pairs)
        assert before["index"].equals(after["index"])

    again = Counting(spec, tmp_path)
    assert computed(again, asked, keys) == []
    assert again.applied == 2
    assert not [event for event in again.events if isinstance(event, RunStarted)]
    for frame, one in zip(expected, ablated, strict=True):
        found = stored_divergences(again, base, one)
        assert found is not None
        assert frame is not None
        assert found.equals(frame)

    path = again.store.divergences.entries.payload_path(divergences_request(base, ablated[1])[0])
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    third = Counting(spec, tmp_path)
    outcomes_of(third, ablated[1])
    assert [event.problem for event in third.events if isinstance(event, EntryReplaced)] == [
        f"The cache entry {path} is damaged: its bytes differ from those that were written."
    ]
    assert stored_divergences(third, base, ablated[1]) is not None

    last = Counting(spec, tmp_path)
    assert computed(last, asked, keys) == []
    assert last.applied == 0
    assert "loaded" not in vars(last)


@pytest.mark.parametrize("allowed", range(4))
def test_cancelled_between_batches_stores_nothing_and_leaves_the_model_as_loaded(
    allowed: int, spec: ModelSpec, written: Benchmark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice_plan, "TOKENS_ON_CPU", 1)  # an item is a batch
    asked_after = 0

    def cancelled() -> bool:
        nonlocal asked_after
        asked_after += runner.store.outcomes.entries.has(ablated.key)
        return asked_after > 2 * allowed

    runner = Counting(spec, tmp_path, cancelled)
    base, ablated, _ = requests(runner, written)
    before = [weight.clone() for weight in runner.loaded.model.state_dict().values()]
    with pytest.raises(Cancelled):
        computed(runner, [base, ablated])
    assert asked_after == 2 * allowed + 1
    assert runner.store.outcomes.load(ablated.key) is not None
    assert stored_divergences(runner, base, ablated) is None
    assert not (tmp_path / "divergences").exists()
    assert all(map(torch.equal, before, runner.loaded.model.state_dict().values()))
    assert runner.applied == 1


def test_without_a_base_run_or_for_multiple_choice_there_are_none(
    spec: ModelSpec, written: Benchmark, tmp_path: Path
) -> None:
    runner = Counting(spec, tmp_path)
    base, ablated, _ = requests(runner, written)
    outcomes_of(runner, ablated)
    assert stored_divergences(runner, base, ablated) is None
    (boolq,) = find_benchmarks(["boolq"], OPTIONS)
    chosen = [runner.request(mask, boolq, N) for mask in (None, MASKS[0])]
    frames = [outcomes_of(runner, request) for request in chosen]
    assert [frame["tokens"].null_count() for frame in frames] == [N, N]
    assert stored_divergences(runner, chosen[0], chosen[1]) is None
    outcomes_of(runner, base)
    outcomes_of(runner, ablated)
    assert stored_divergences(runner, base, ablated) is not None
    assert len(list((tmp_path / "divergences").glob("*.parquet"))) == 1


def test_a_profile_has_the_divergences_of_its_written_answers(
    spec: ModelSpec, written: Benchmark, tmp_path: Path
) -> None:
    plan = Plan(("spatial_reasoning",), ("mlp",), ("random",), (0.05,), (written,), N, 0)
    runner = Counting(spec, tmp_path)
    assert run_profile(plan, runner) is not None
    base, ablated, _ = requests(runner, written)
    assert stored_divergences(runner, base, ablated) is not None
    delete_divergences(runner)
    assert run_profile(plan, Counting(spec, tmp_path, lambda: True)) is None
    assert run_profile(plan, Counting(spec, tmp_path)) is not None
    assert stored_divergences(runner, base, ablated) is not None
    again = Counting(spec, tmp_path, lambda: True)
    assert run_profile(plan, again) is not None
    assert "loaded" not in vars(again)


def test_a_job_of_the_engine_has_them_too(spec: ModelSpec, tmp_path: Path) -> None:
    runs = tuple(Run(mask, "gsm8k", 2) for mask in (MASKS[0], None))
    runner = Counting(spec, tmp_path)
    steps: list[int] = []
    do(runner, "job", StartRuns("written", runs), steps.append, OPTIONS)
    assert steps == [0, 1, 2]
    assert [event.mask for event in runner.events if isinstance(event, RunFinished)] == [
        "base",
        str(MASKS[0]),
    ]
    (gsm8k,) = find_benchmarks(["gsm8k"], OPTIONS)
    base, ablated = (runner.request(mask, gsm8k, 2) for mask in (None, MASKS[0]))
    frame = stored_divergences(runner, base, ablated)
    assert frame is not None
    assert (
        frame["base_logprobs"].list.len().to_list()
        == outcomes_of(runner, base)["tokens"].list.len().to_list()
    )
    delete_divergences(runner)
    do(runner, "job", StartRuns("again", runs), steps.append, OPTIONS)
    assert steps == [0, 1, 2, 2]
    assert stored_divergences(runner, base, ablated) is not None
