"""Profiles that stop when it is known: what is evaluated, what is stated, what an interruption costs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from cache.folder import Store
from core.analysis.profile import Profile
from core.analysis.rounds import run_profile
from core.analysis.samples import stored_divergences
from core.analysis.statistics.intervals import anytime_interval, anytime_p, losses_of
from core.analysis.statistics.scores import right_probabilities
from core.benchmarks import drawn
from core.benchmarks.drawn import parts_of
from core.benchmarks.registry import find_benchmarks
from core.models.spec import ModelSpec
from core.run.events import CellsSettled, Event, RunFinished
from core.run.plan import Plan
from core.run.runner import Runner
from tests.core.benchmarks.test_written_evaluation import short
from tui.measures import AIS_P
from tui.profile_tables import write_profile as write_tables

pytestmark = pytest.mark.slow

ABILITY = "spatial_reasoning"
LIMIT = 60

PLAN = Plan(
    abilities=(ABILITY,),
    variants=("mlp",),
    selections=("random",),
    ks=(0.0001, 0.6),
    benchmarks=find_benchmarks([ABILITY]),
    limit=LIMIT,
    until=0.05,
)
"""One mask that changes nothing, and one that wrecks the model."""


class Subject:
    """A cache, and the events of the last run."""

    def __init__(self, root: Path) -> None:
        self.root, self.events = root, list[Event]()

    @property
    def computed(self) -> list[RunFinished]:
        return [event for event in self.events if isinstance(event, RunFinished)]

    def profile(self, plan: Plan = PLAN, most: int = 99) -> Profile | None:
        self.events.clear()

        def cancelled() -> bool:
            return len(self.computed) >= most

        return run_profile(
            plan, Runner(ModelSpec(), Store(self.root), emit=self.events.append, cancelled=cancelled)
        )


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Subject, Profile]:
    subject = Subject(tmp_path_factory.mktemp("cache"))
    profile = subject.profile()
    assert profile is not None
    return subject, profile


def cells_by_k(profile: Profile) -> dict[float, dict[str, object]]:
    return {cell["k"]: cell for cell in profile.cells.to_dicts()}


def test_a_wrecked_model_is_known_after_the_first_part_and_nothing_lost_takes_all(
    finished: tuple[Subject, Profile],
) -> None:
    _, profile = finished
    cells = cells_by_k(profile)
    assert (cells[0.6]["n"], cells[0.6]["link"], cells[0.6]["until"]) == (32, True, 0.05)
    assert (cells[0.0001]["n"], cells[0.0001]["link"]) == (LIMIT, None)
    rounds = [event for event in finished[0].events if isinstance(event, CellsSettled)]
    assert rounds in ([], [CellsSettled(32, 1, 2), CellsSettled(LIMIT, 2, 2)])


def test_what_is_stated_follows_from_the_first_items_of_one_order(finished: tuple[Subject, Profile]) -> None:
    _, profile = finished
    base = profile.outcomes.filter(variant="base")
    assert len(base) == LIMIT
    items = [one.id for one in find_benchmarks([ABILITY])[0].documents(ModelSpec(), LIMIT)]
    assert sorted(base["item_id"]) == sorted(items)
    assert base["item_id"].to_list() != items
    for k, cell in cells_by_k(profile).items():
        ablated = profile.outcomes.filter(k=k)
        first = base.head(len(ablated))
        assert ablated["item_id"].equals(first["item_id"])
        p, q = right_probabilities(first), right_probabilities(ablated)
        assert p is not None
        assert q is not None
        assert cell["ais_p"] == pytest.approx((p.mean() - q.mean()) / (p.mean() - 0.25))
        assert (cell["ais_p_low"], cell["ais_p_high"]) == anytime_interval(losses_of(p, q, 0.25))
        right = losses_of(first["score"].to_numpy(), ablated["score"].to_numpy(), 0.25)
        assert (cell["ais_low"], cell["ais_high"]) == anytime_interval(right)
        assert cell["p_value"] == anytime_p(right)
        assert cell["detectable_ais"] is None


def test_again_nothing_is_computed_and_another_least_effect_takes_what_it_needs_of_what_is_stored(
    finished: tuple[Subject, Profile],
) -> None:
    subject, profile = finished
    again = subject.profile()
    assert again is not None
    assert again.cells.equals(profile.cells)
    assert not subject.computed
    coarse = subject.profile(replace(PLAN, until=0.9))
    assert coarse is not None
    cells = cells_by_k(coarse)
    assert (cells[0.0001]["n"], cells[0.0001]["link"]) == (32, False)
    # Of the wrecked model it may take more: then only that is computed.
    assert len(subject.computed) == (cells[0.6]["n"] == LIMIT)


def test_an_interrupted_matrix_goes_on_and_gives_the_same_to_the_bit(
    finished: tuple[Subject, Profile], tmp_path: Path
) -> None:
    subject = Subject(tmp_path)
    assert subject.profile(most=3) is None  # the intact model on both parts, and one mask on the first
    assert len(subject.computed) == 3
    resumed = subject.profile()
    assert resumed is not None
    assert len(subject.computed) == 2
    assert resumed.outcomes.equals(finished[1].outcomes)
    assert resumed.cells.equals(finished[1].cells)


def test_the_order_is_drawn_by_the_seed(finished: tuple[Subject, Profile]) -> None:
    other = replace(PLAN, seed=1).drawn().benchmarks[0]
    ids = [one.id for one in other.documents(ModelSpec(), LIMIT)]
    assert ids != finished[1].outcomes.filter(variant="base")["item_id"].to_list()
    assert sorted(ids) == sorted(finished[1].outcomes.filter(variant="base")["item_id"])


@pytest.mark.parametrize("until", [0.0, 1.0, -0.1])
def test_a_least_effect_that_settles_nothing_is_refused(until: float) -> None:
    with pytest.raises(ValueError, match="give one between 0 and 1"):
        replace(PLAN, until=until)


def test_the_profile_says_how_it_was_made(finished: tuple[Subject, Profile], tmp_path: Path) -> None:
    from core.analysis.profile import write_profile

    subject, profile = finished
    write_profile(profile, Runner(ModelSpec(), Store(subject.root)), tmp_path)
    assert '"until": 0.05' in (tmp_path / "profile.json").read_text()
    written = pl.read_parquet(tmp_path / "outcomes.parquet")
    assert written["prompt"].null_count() == 0
    assert pl.read_parquet(tmp_path / "choices.parquet")["n"].to_list() == [LIMIT, 32]


@pytest.mark.parametrize(("benchmark", "n"), [("bbh", 2), ("gsm8k", 5)])
def test_written_answers_stop_too_and_are_tagged(
    byte_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, benchmark: str, n: int
) -> None:
    """No item is right, so there is nothing to settle but AIS_p where a right answer is known."""
    monkeypatch.setattr(drawn, "STEP", 2)
    spec = ModelSpec(str(byte_model), prompt="text", level_asked="basic")
    plan = replace(PLAN, ks=(0.2,), benchmarks=(short(benchmark),), limit=5)
    runner = Runner(spec, Store(tmp_path))
    profile = run_profile(plan, runner)
    assert profile is not None
    (cell,) = profile.cells.to_dicts()
    assert (cell["n"], cell["defined"], cell["ais_p"] is None) == (n, False, benchmark == "bbh")
    assert len(profile.outcomes) == 5 + n
    tagged = set(profile.failures.tags["item_id"])
    assert tagged
    assert tagged <= set(profile.outcomes["item_id"].head(n))
    first = parts_of(plan.drawn().benchmarks[0])[0]
    runs = [runner.request(mask, first, 2) for mask in (None, *plan.masks())]
    assert stored_divergences(runner, runs[0], runs[1]) is not None


def test_the_tables_say_how_many_items_it_took(
    finished: tuple[Subject, Profile], capsys: pytest.CaptureFixture[str]
) -> None:
    write_tables(finished[1], AIS_P)
    shown = " ".join(capsys.readouterr().out.split())
    assert "n 32" in shown
    assert "whether an effect is above .05: 32 of 60 items (53%); 0 of 1 cells are open." in shown
