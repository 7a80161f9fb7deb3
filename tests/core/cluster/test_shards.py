"""Tasks and shares of a plan: each once, level, the same everywhere; shards store what one process does."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from cache.entries import KINDS, EntryFolder
from cache.folder import Store
from core.abilities import ABILITIES
from core.analysis.rounds import run_profile
from core.benchmarks.registry import find_benchmarks
from core.cluster.ray_options import Machine, sizes
from core.cluster.sharing import drop_kept_scores, run_tasks
from core.cluster.tasks import INTACT, Shard, Survey, Task, needs_of, share_of, tasks_of
from core.models.spec import ModelSpec
from core.run.events import Event, Progressed, RunFinished
from core.run.pace import SCORING
from core.run.plan import AskedRun, AskedRuns, Plan
from core.run.runner import Runner
from core.run.specs import ImportanceSpec, MaskSpec

IDS = tuple(ability.id for ability in ABILITIES)
PLAN = Plan(
    abilities=IDS[:1],
    variants=("mlp",),
    selections=("top", "max_minus_shared", "random"),
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


@pytest.mark.parametrize("n", [1, 3, 20])
def test_every_task_is_in_one_share_and_they_are_level(n: int, tmp_path: Path) -> None:
    plan, runner = replace(PLAN, abilities=IDS[:3]), runner_of(tmp_path)
    found = [share_of(plan, runner, Shard(number, n)) for number in range(1, n + 1)]
    costs = {one.task: one.cost for one in Survey(plan, runner).tasks}
    assert Counter(task for share in found for task in share) == Counter(list(costs))
    loads = [sum(costs[task] for task in share) for share in found]
    masks = [cost for task, cost in costs.items() if task.mask]
    assert max(loads) - min(loads) <= max(costs.values()) + max(masks)


def test_masks_need_what_they_are_cut_from_and_compared_with(tmp_path: Path) -> None:
    runner, scored = runner_of(tmp_path), list(map(Task, IDS))
    top, contrast, random = (
        MaskSpec(IDS[0], "mlp", one, 0.03) for one in ("top", "max_minus_shared", "random")
    )
    assert needs_of(Task(mask=top), PLAN, runner) == [Task(IDS[0])]
    assert needs_of(Task(mask=contrast), PLAN, runner) == scored
    assert needs_of(Task(mask=random), PLAN, runner) == []
    assert needs_of(Task(mask=random), replace(PLAN, until=0.05), runner) == [INTACT]
    eight = AskedRuns(ranked=(replace(top, n_items=8), top))
    assert tasks_of(eight, runner)[:2] == [Task(IDS[0]), Task(IDS[0], n_items=8)]
    assert needs_of(Task(mask=eight.ranked[0]), eight, runner) == [Task(IDS[0], n_items=8)]


def test_neighbours_in_the_order_by_cost_are_cut_from_different_rankings(tmp_path: Path) -> None:
    plan = replace(PLAN, abilities=IDS[:2], selections=("top", "max_minus_shared"))
    tasks = [one.task.mask for one in Survey(plan, runner_of(tmp_path)).by_cost if one.task.mask]
    for first, second in pairwise(tasks):
        assert replace(first, k=0.0) != replace(second, k=0.0)


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
        assert run_tasks(PLAN, runner, share_of(PLAN, runner, Shard(number, 2)))
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
    plan = replace(PLAN, selections=("max_minus_shared",))
    heard: list[Event] = []
    for number in range(1, 12):
        runner = runner_of(tmp_path, heard)
        assert run_tasks(plan, runner, share_of(plan, runner, Shard(number, 11)))
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
        assert run_tasks(plan, runner, share_of(plan, runner, Shard(number, 3)))
    assert scorings(heard) == Counter(IDS)
    assert payloads(tmp_path / "shards", but="") == payloads(tmp_path / "one", but="")  # no maps of weights
    phases = [{phase for phase, _ in one.lacking} for one in empty.tasks if not one.task.mask]
    assert phases == [{"scoring_units", "ranking"}, *[{"scoring_units"}] * 9, {"evaluating", "quality"}]
    assert all(one.is_stored and not one.lacking_bytes for one in Survey(plan, runner).tasks)
    written = sum(path.stat().st_size for path in (tmp_path / "one").rglob("*") if path.is_file())
    assert written / 2 < sum(one.lacking_bytes for one in empty.tasks) < written * 2


@pytest.mark.slow
def test_damaged_kept_scores_are_scored_again(tmp_path: Path, whole: Path) -> None:
    plan = replace(PLAN, selections=("max_minus_shared",))
    heard: list[Event] = []
    runner = runner_of(tmp_path, heard)
    share = share_of(plan, runner, Shard(1, 1))
    assert run_tasks(plan, runner, [task for task in share if not task.mask])
    scores = runner.store.scores.entries
    path = scores.payload_path(runner.scores_request(IDS[4])[0])
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    heard.clear()
    assert run_tasks(plan, runner_of(tmp_path, heard), share)
    assert scorings(heard) == Counter([IDS[4]])
    assert payloads(tmp_path).items() <= payloads(whole).items()


@pytest.mark.slow
def test_a_cancelled_shard_says_so_and_goes_on_later(tmp_path: Path, whole: Path) -> None:
    heard: list[Event] = []
    runner = runner_of(tmp_path, heard)
    runner.cancelled = lambda: len(scorings(heard)) > 3
    share = share_of(PLAN, runner, Shard(1, 1))
    assert not run_tasks(PLAN, runner, share)
    assert run_tasks(PLAN, runner_of(tmp_path, heard), share)
    assert payloads(tmp_path) == payloads(whole)


@pytest.mark.slow
def test_a_survey_knows_what_is_stored(whole: Path, tmp_path: Path) -> None:
    done, empty = Survey(PLAN, runner_of(whole)), Survey(PLAN, runner_of(tmp_path))
    assert [one.task for one in done.tasks] == tasks_of(PLAN, runner_of(whole))
    assert all(one.is_stored and not one.lacking_bytes for one in done.tasks)
    assert not any(one.is_stored for one in empty.tasks)
    assert [one.whole for one in done.tasks] == [one.whole for one in empty.tasks]
    assert all(one.whole == one.lacking for one in empty.tasks)
    written = sum(path.stat().st_size for path in whole.rglob("*") if path.is_file())
    estimated = sum(one.lacking_bytes for one in empty.tasks)
    assert written / 2 < estimated < written * 2


@pytest.mark.slow
def test_shards_stop_their_cells_as_one_process_does(tmp_path: Path) -> None:
    plan = replace(PLAN, selections=("random",), ks=(0.0001, 0.6), limit=60, until=0.05)
    one = run_profile(plan, runner_of(tmp_path / "one"))
    for number in (2, 1):
        runner = runner_of(tmp_path / "shards")
        share = share_of(plan, runner, Shard(number, 2))
        assert len([task for task in share if task.mask]) == 1
        assert run_tasks(plan, runner, share)
    last = runner_of(tmp_path / "shards")
    profile = run_profile(plan, last)
    assert "loaded" not in vars(last)
    assert one is not None
    assert profile is not None
    assert profile.cells.equals(one.cells)
    assert payloads(tmp_path / "shards") == payloads(tmp_path / "one")
    assert any(not one.is_stored for one in Survey(plan, last).tasks)  # what nobody needed


def test_runs_and_rankings_alone_are_what_tasks_are_made_of(tmp_path: Path) -> None:
    (benchmark,), runner = find_benchmarks(IDS[:1]), runner_of(tmp_path)
    random, top = MaskSpec(IDS[0], "mlp", "random", 0.01), MaskSpec(IDS[0], "mlp", "top", 0.01)
    both = AskedRuns((AskedRun(None, benchmark, 4), AskedRun(random, benchmark, 3)), ranked=(top,))
    lacking = {one.task: dict(one.lacking) for one in Survey(both, runner).tasks}
    assert set(lacking) == {INTACT, Task(IDS[0]), Task(mask=random), Task(mask=top)}
    assert lacking[INTACT] == {("evaluating", IDS[0]): 4}
    assert lacking[Task(mask=random)] == {("evaluating", IDS[0]): 3}, "controls are not measured"
    assert lacking[Task(IDS[0])] == {("scoring", IDS[0]): 3, ("ranking", ""): 3}
    assert lacking[Task(mask=top)] == {}


@pytest.mark.parametrize(
    ("machines", "asked", "on_gpu", "expected"),
    [
        ([(8, 0)], (None, None), False, (1, 8)),
        ([(0, 0), (8, 0), (6, 0)], (None, None), False, (2, 6)),  # a head that does no work
        ([(8, 0), (8, 0)], (1, None), False, (1, 8)),  # no more than one machine has
        ([(8, 0), (8, 0)], (3, None), False, (3, 4)),
        ([(32, 4), (16, 2), (64, 0)], (None, None), True, (6, 8)),
        ([(32, 4)], (2, None), True, (2, 16)),
        ([(4, 0)], (2, 3), False, (2, 3)),
        ([(2, 0)], (5, None), False, (5, 1)),
    ],
)
def test_workers_take_what_the_machines_have(
    machines: list[tuple[int, int]],
    asked: tuple[int | None, int | None],
    on_gpu: bool,
    expected: tuple[int, int],
) -> None:
    assert sizes([Machine(*one) for one in machines], *asked, on_gpu) == expected
