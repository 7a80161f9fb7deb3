"""Shares of a plan: every unit once, level, the same everywhere; they store what one process does."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.entries import KINDS, EntryFolder
from cache.folder import Store
from core.abilities import ABILITIES
from core.analysis.rounds import run_profile
from core.benchmarks.registry import find_benchmarks
from core.cluster.shards import Shard, shares
from core.cluster.sharing import drop_kept_scores, run_share, share_of
from core.cluster.units import INTACT, Unit, every_unit
from core.cluster.work import Survey, UnitWork
from core.models.spec import ModelSpec
from core.run.events import Event, Progressed, RunFinished
from core.run.pace import SCORING
from core.run.plan import Plan
from core.run.runner import Runner
from core.run.specs import ImportanceSpec, MaskSpec

IDS = tuple(ability.id for ability in ABILITIES)
PLAN = Plan(
    abilities=IDS[:1],
    variants=("mlp",),
    selections=("top", "contrast", "contrast_max", "random"),
    ks=(0.003, 0.03),
    benchmarks=find_benchmarks(IDS[:1]),
    limit=2,
)


def runner_of(root: Path, heard: list[Event] | None = None) -> Runner:
    emit = (lambda event: None) if heard is None else heard.append
    return Runner(ModelSpec(device="cpu"), Store(root), ImportanceSpec(n_items=3), emit=emit)


def scorings(heard: list[Event]) -> Counter[str]:
    scoring = [event for event in heard if isinstance(event, Progressed) and event.phase in SCORING]
    return Counter(event.about for event in scoring if event.done == event.total)


def payloads(root: Path, *, but: str = "scores") -> dict[str, bytes]:
    """The payload of every entry that is stored."""
    folders = [EntryFolder(root, kind) for kind in KINDS if kind.name != but]
    paths = [folder.payload_path(key) for folder in folders for key in folder.stored_keys()]
    return {f"{path.parent.name}/{path.name}": path.read_bytes() for path in paths}


def work(cost: float, unit: Unit = INTACT) -> UnitWork:
    return UnitWork(unit, {("evaluating", ""): cost}, {}, 0)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cache after one process has done it all."""
    root = tmp_path_factory.mktemp("whole")
    assert run_profile(PLAN, runner_of(root)) is not None
    return root


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "1/0", "a/b", "1/2/3", "-1/2", "1/99999999999"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a shard: give I/N"):
        Shard.parsed(text)


@given(
    st.lists(st.floats(0.1, 1000.0), min_size=1, max_size=11),
    st.lists(st.floats(1.0, 9.0), max_size=60),
    st.integers(1, 20),
)
def test_every_unit_is_in_one_share_and_they_are_level(
    first: list[float], masks: list[float], n: int
) -> None:
    before = [work(cost, Unit(f"{i}")) for i, cost in enumerate(first)]
    units = [work(cost, Unit(mask=MaskSpec(IDS[0], "mlp", "top", i + 1.0))) for i, cost in enumerate(masks)]
    found = shares(before, units, n)
    assert len(found) == n
    assert Counter(unit for share in found for unit in share.first) == Counter(one.unit for one in before)
    assert [unit for share in found for unit in share.masks] == [one.unit for one in units]
    costs = {one.unit: one.cost for one in (*before, *units)}
    loads = [sum(costs[unit] for unit in (*share.first, *share.masks)) for share in found]
    with_masks = [load for load, share in zip(loads, found, strict=True) if share.masks]
    # Beside what cannot be divided, no share with masks is above the mean of those that take any.
    bound = max(sum(loads) / n, max(sum(costs[unit] for unit in share.first) for share in found))
    assert max(with_masks, default=0.0) <= bound + max(masks, default=0.0) * 1.01


@pytest.mark.slow
def test_shares_do_not_depend_on_what_is_stored(whole: Path, tmp_path: Path) -> None:
    for number in (1, 2, 3):
        shard = Shard(number, 3)
        assert share_of(PLAN, runner_of(whole), shard) == share_of(PLAN, runner_of(tmp_path), shard)


@pytest.mark.slow
def test_two_shards_store_what_one_process_does_and_a_last_run_computes_nothing(
    whole: Path, tmp_path: Path
) -> None:
    heard: list[Event] = []
    for number in (2, 1):  # the second begins before the first has scored anything
        runner = runner_of(tmp_path, heard)
        assert run_share(PLAN, runner, share_of(PLAN, runner, Shard(number, 2)))
    assert scorings(heard) == Counter(IDS)
    assert payloads(tmp_path) == payloads(whole)
    kept = Store(tmp_path).scores.entries
    assert len(kept.stored_keys()) == len(IDS)
    heard.clear()
    runner = runner_of(tmp_path, heard)
    profile = run_profile(PLAN, runner)
    assert profile is not None
    assert "loaded" not in vars(runner)
    assert not any(isinstance(event, RunFinished) for event in heard)
    drop_kept_scores(PLAN, runner)
    assert kept.stored_keys() == []
    again = run_profile(PLAN, runner_of(whole))
    assert again is not None
    assert again.cells.equals(profile.cells)
    assert again.outcomes.equals(profile.outcomes)


@pytest.mark.slow
def test_a_contrast_reads_what_other_shards_have_kept(tmp_path: Path, whole: Path) -> None:
    plan = replace(PLAN, selections=("contrast",))
    heard: list[Event] = []
    for number in range(1, 12):
        runner = runner_of(tmp_path, heard)
        assert run_share(plan, runner, share_of(plan, runner, Shard(number, 11)))
    assert scorings(heard) == Counter(IDS)
    assert payloads(tmp_path).items() <= payloads(whole).items()


@pytest.mark.slow
def test_shards_score_whole_units_once_and_store_what_one_process_does(tmp_path: Path) -> None:
    plan = replace(PLAN, scope="units", ks=(0.01, 0.03))
    one, empty = runner_of(tmp_path / "one"), Survey(plan, runner_of(tmp_path / "empty"))
    assert run_profile(plan, one) is not None
    heard: list[Event] = []
    for number in (3, 1, 2):
        runner = runner_of(tmp_path / "shards", heard)
        assert run_share(plan, runner, share_of(plan, runner, Shard(number, 3)))
    assert scorings(heard) == Counter(IDS)
    assert payloads(tmp_path / "shards", but="") == payloads(tmp_path / "one", but="")  # no maps of weights
    phases = [{phase for phase, _ in one.lacking} for one in empty.first]
    assert phases == [{"scoring_units", "ranking"}, *[{"scoring_units"}] * 9, {"evaluating", "quality"}]
    assert all(one.is_stored and not one.lacking_bytes for one in Survey(plan, runner).every)
    written = sum(path.stat().st_size for path in (tmp_path / "one").rglob("*") if path.is_file())
    assert written / 2 < sum(one.lacking_bytes for one in empty.every) < written * 2


@pytest.mark.slow
def test_damaged_kept_scores_are_scored_again(tmp_path: Path, whole: Path) -> None:
    plan = replace(PLAN, selections=("contrast",))
    heard: list[Event] = []
    runner = runner_of(tmp_path, heard)
    share = share_of(plan, runner, Shard(1, 1))
    assert run_share(plan, runner, replace(share, masks=()))
    scores = runner.store.scores.entries
    path = scores.payload_path(runner.scores_request(IDS[4])[0])
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    heard.clear()
    assert run_share(plan, runner_of(tmp_path, heard), share)
    assert scorings(heard) == Counter([IDS[4]])
    assert payloads(tmp_path).items() <= payloads(whole).items()


@pytest.mark.slow
def test_a_cancelled_shard_says_so_and_goes_on_later(tmp_path: Path, whole: Path) -> None:
    heard: list[Event] = []
    runner = runner_of(tmp_path, heard)
    runner.cancelled = lambda: len(scorings(heard)) > 3
    share = share_of(PLAN, runner, Shard(1, 1))
    assert not run_share(PLAN, runner, share)
    assert run_share(PLAN, runner_of(tmp_path, heard), share)
    assert payloads(tmp_path) == payloads(whole)


@pytest.mark.slow
def test_a_survey_knows_what_is_stored(whole: Path, tmp_path: Path) -> None:
    done, empty = Survey(PLAN, runner_of(whole)), Survey(PLAN, runner_of(tmp_path))
    assert [one.unit for one in done.every] == every_unit(PLAN, runner_of(whole))
    assert all(one.is_stored and not one.lacking_bytes for one in done.every)
    assert not any(one.is_stored for one in empty.every)
    assert [one.whole for one in done.every] == [one.whole for one in empty.every]
    assert all(one.whole == one.lacking for one in empty.every)
    written = sum(path.stat().st_size for path in whole.rglob("*") if path.is_file())
    estimated = sum(one.lacking_bytes for one in empty.every)
    assert written / 2 < estimated < written * 2


@pytest.mark.slow
def test_shards_stop_their_cells_as_one_process_does(tmp_path: Path) -> None:
    plan = replace(PLAN, selections=("random",), ks=(0.0001, 0.6), limit=60, until=0.05)
    one = run_profile(plan, runner_of(tmp_path / "one"))
    for number in (2, 1):
        runner = runner_of(tmp_path / "shards")
        share = share_of(plan, runner, Shard(number, 2))
        assert len(share.masks) == 1
        assert run_share(plan, runner, share)
    last = runner_of(tmp_path / "shards")
    profile = run_profile(plan, last)
    assert "loaded" not in vars(last)
    assert one is not None
    assert profile is not None
    assert profile.cells.equals(one.cells)
    assert payloads(tmp_path / "shards") == payloads(tmp_path / "one")
    assert any(not unit.is_stored for unit in Survey(plan, last).masks)  # what nobody needed
