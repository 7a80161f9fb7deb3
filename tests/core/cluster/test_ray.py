"""Profiles on Ray: equal to the bit to those of one process, whatever happens to workers and nodes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from cache.folder import Store
from core.analysis.probe import known_prompts, settle
from core.analysis.rounds import run_profile
from core.benchmarks.registry import find_benchmarks
from core.cluster.on_ray import RayOptions, run_on_ray, settle_on_ray, started
from core.cluster.sharing import drop_kept_scores
from core.models.spec import ModelSpec
from core.run.events import Event, Progressed, RunFinished, RunsFound
from core.run.plan import Plan
from core.run.runner import Runner
from core.run.specs import ImportanceSpec
from tests.core.cluster.test_shards import IDS, payloads

# Ray reads it when it is imported: also clusters of several nodes then listen on 127.0.0.1 alone.
os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("default"),
]

TAKES_LONG = pytest.mark.long
"""Half a minute to a minute each, with workers that start, die and come back: run with -m long."""

DASHBOARD_PORT = 8265

ONE = RayOptions(workers=1, cpus_per_worker=1)
TWO = RayOptions(workers=2, cpus_per_worker=1)
SMALL = Plan(
    abilities=IDS[:1],
    variants=("mlp",),
    selections=("top", "max_minus_shared", "random", "bottom"),
    ks=(0.003, 0.03),
    benchmarks=find_benchmarks(IDS[:1]),
    limit=4,
)
LONG = replace(SMALL, selections=("random",), ks=(0.03,), limit=900)
"""Long enough for something to happen while it runs."""


def runner_of(root: Path, heard: list[Event] | None = None, spec: ModelSpec | None = None) -> Runner:
    emit = (lambda event: None) if heard is None else heard.append
    spec = spec or ModelSpec(device="cpu")
    return Runner(spec, Store(root), ImportanceSpec(n_items=4), batch_size=4, emit=emit)


def by_one_process(plan: Plan, root: Path, spec: ModelSpec | None = None) -> dict[str, bytes]:
    """The payloads that a process without Ray stores."""
    assert run_profile(plan, runner_of(root, spec=spec)) is not None
    return payloads(root)


def assert_equal(plan: Plan, root: Path, truth: dict[str, bytes], spec: ModelSpec | None = None) -> None:
    """The cache is that of one process to the bit, and a run without Ray computes nothing.

    But for the log-probabilities of divergences: a process that wrote the intact answers itself has noted
    theirs, any other reads the answers once more, which rounds otherwise.
    """
    found = payloads(root)
    assert found.keys() == truth.keys()
    assert _without_divergences(found) == _without_divergences(truth)
    runner = runner_of(root, spec=spec)
    assert run_profile(plan, runner) is not None
    assert "loaded" not in vars(runner)
    drop_kept_scores(plan, runner)


def _without_divergences(entries: dict[str, bytes]) -> dict[str, bytes]:
    return {name: content for name, content in entries.items() if not name.startswith("divergences/")}


@pytest.fixture(scope="module")
def long_truth(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return by_one_process(LONG, tmp_path_factory.mktemp("long"))


@pytest.mark.parametrize(
    ("quantization", "scope"),
    [
        ("none", "global"),
        pytest.param("none", "units", marks=TAKES_LONG),
        pytest.param("nf4", "global", marks=TAKES_LONG),
    ],
)
def test_it_is_equal_to_one_process_to_the_bit(quantization: Any, scope: Any, tmp_path: Path) -> None:
    spec, plan = ModelSpec(device="cpu", quantization=quantization), replace(SMALL, scope=scope)
    truth = by_one_process(plan, tmp_path / "one", spec)
    (tmp_path / "ray").mkdir()
    heard: list[Event] = []
    assert run_on_ray(plan, runner_of(tmp_path / "ray", heard, spec), TWO)
    assert_equal(plan, tmp_path / "ray", truth, spec)
    runs = [event for event in heard if isinstance(event, RunFinished)]
    assert heard[0] == RunsFound(9, 0)
    assert [event.done for event in runs] == list(range(1, 10))
    assert {event.total for event in runs} == {9}
    assert any(isinstance(event, Progressed) and event.left_s for event in heard)


def ray_workers() -> list[psutil.Process]:
    """The processes that do a unit now."""
    below = psutil.Process().children(recursive=True)
    return [one for one in below if command_of(one).startswith(("ray::Worker.do", "ray::Worker.events"))]


def command_of(process: psutil.Process) -> str:
    """The command line; empty if the process has just ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:  # a zombie, too
        return ""


@contextmanager
def once(is_time: Callable[[], bool], act: Callable[[], object]) -> Iterator[list[bool]]:
    """A context in which something is done in another thread, as soon as it is time."""
    acted: list[bool] = []

    def watch() -> None:
        while not acted:
            if is_time():
                act()
                acted.append(True)
            time.sleep(0.01)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield acted
    finally:
        acted.append(False)
        thread.join()


def kill_one() -> None:
    os.kill(ray_workers()[0].pid, signal.SIGKILL)


def has_batches(root: Path) -> bool:
    journals = list((root / "outcomes").glob("*.part"))
    return any(path.stat().st_size > 8_000 for path in journals) and bool(ray_workers())


@TAKES_LONG
def test_a_worker_that_is_killed_while_it_evaluates_costs_a_batch(
    tmp_path: Path, long_truth: dict[str, bytes]
) -> None:
    with once(lambda: has_batches(tmp_path), kill_one) as killed:
        assert run_on_ray(LONG, runner_of(tmp_path), ONE)
    assert killed[0]
    assert_equal(LONG, tmp_path, long_truth)


@TAKES_LONG
def test_a_worker_that_is_killed_while_it_scores_scores_again(tmp_path: Path) -> None:
    plan = replace(SMALL, selections=("max_minus_shared",))
    truth = by_one_process(plan, tmp_path / "one")
    (tmp_path / "ray").mkdir()
    kept = Store(tmp_path / "ray").scores.entries
    with once(lambda: len(kept.stored_keys()) >= 2 and bool(ray_workers()), kill_one) as killed:
        assert run_on_ray(plan, runner_of(tmp_path / "ray"), TWO)
    assert killed[0]
    assert_equal(plan, tmp_path / "ray", truth)


DRIVER = """
import sys
from pathlib import Path
from tests.core.cluster.test_ray import LONG, ONE, run_on_ray, runner_of
run_on_ray(LONG, runner_of(Path(sys.argv[1])), ONE)
"""


@TAKES_LONG
def test_a_driver_that_is_killed_goes_on_when_it_is_started_again(
    tmp_path: Path, long_truth: dict[str, bytes]
) -> None:
    driver = subprocess.Popen([sys.executable, "-c", DRIVER, str(tmp_path)], cwd=Path(__file__).parents[3])
    with once(lambda: has_batches(tmp_path), driver.kill) as killed:
        assert driver.wait() == -signal.SIGKILL
    assert killed[0]
    stored = {path: path.stat().st_mtime_ns for path in (tmp_path / "outcomes").glob("*.parquet")}
    assert run_on_ray(LONG, runner_of(tmp_path), ONE)
    assert all(path.stat().st_mtime_ns == written for path, written in stored.items())
    assert_equal(LONG, tmp_path, long_truth)


@contextmanager
def cluster_of(nodes: int, **arguments: Any) -> Iterator[Any]:
    from ray.cluster_utils import Cluster

    cluster = Cluster(
        initialize_head=True,
        head_node_args={"num_cpus": 0, "include_dashboard": False},
    )
    try:
        for _ in range(nodes):
            cluster.add_node(num_cpus=1, **arguments)
        yield cluster
    finally:
        cluster.shutdown()


LATE_NODE = """
import signal, sys
from types import SimpleNamespace
from ray.cluster_utils import Cluster
cluster = Cluster()
cluster.head_node = SimpleNamespace(gcs_address=sys.argv[1])
cluster.add_node(num_cpus=1)
signal.pause()
"""


@TAKES_LONG
def test_a_node_goes_and_another_comes(tmp_path: Path, long_truth: dict[str, bytes]) -> None:
    with cluster_of(1) as cluster:
        node = next(one for one in cluster.list_all_nodes() if one is not cluster.head_node)

        late: list[subprocess.Popen[bytes]] = []

        def exchange() -> None:
            cluster.remove_node(node, allow_graceful=False)
            # In a process of its own: in this one only the main thread can make a node.
            late.append(subprocess.Popen([sys.executable, "-c", LATE_NODE, cluster.address]))

        try:
            with once(lambda: has_batches(tmp_path), exchange) as exchanged:
                options = RayOptions(cluster.address, workers=2, cpus_per_worker=1)
                assert run_on_ray(LONG, runner_of(tmp_path), options)
            assert exchanged[0]
        finally:
            for one in late:
                one.terminate()
                one.wait()
    assert_equal(LONG, tmp_path, long_truth)


@TAKES_LONG
def test_a_node_whose_weights_differ_is_refused_by_name_and_the_others_go_on(
    tmp_path: Path, word_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.core.tiny_models import save_model

    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    (here / "model").symlink_to(word_model)
    save_model(there / "model", initializer_range=0.1)
    monkeypatch.setenv("HOME", str(here))
    spec = ModelSpec("~/model", device="cpu", prompt="text", level_asked="plain")
    plan, notes = replace(SMALL, selections=("top",)), list[str]()
    truth = by_one_process(plan, tmp_path / "one", spec)
    (tmp_path / "ray").mkdir()
    with cluster_of(1) as cluster:
        cluster.add_node(num_cpus=1, env_vars={"HOME": str(there)})
        options = RayOptions(cluster.address, workers=2, cpus_per_worker=1)
        assert run_on_ray(plan, runner_of(tmp_path / "ray", spec=spec), options, notes.append)
    assert_equal(plan, tmp_path / "ray", truth, spec)
    (note,) = notes
    assert re.fullmatch(r"Worker \d is out: its weights of ~/model differ from the driver's: .*", note)


def test_a_worker_settles_what_the_driver_does_not_know(byte_model: Path, tmp_path: Path) -> None:
    asked = ModelSpec(str(byte_model), device="cpu")
    plain, driver = (runner_of(tmp_path / name, spec=asked) for name in ("one", "ray"))
    (tmp_path / "ray").mkdir()
    settle(plain)
    settle_on_ray(driver, ONE)
    assert driver.spec == plain.spec
    assert "loaded" not in vars(driver)
    assert known_prompts(runner_of(tmp_path / "ray", spec=asked)) == (
        plain.spec.prompt,
        plain.spec.level,
    )


def test_nothing_listens_beyond_this_machine() -> None:
    with started(RayOptions(workers=1, cpus_per_worker=1)) as ray:
        assert ray.is_initialized()
        below = psutil.Process().children(recursive=True)
        listening = [
            (one.name(), place.laddr)
            for one in [psutil.Process(), *below]
            for place in one.net_connections("inet")
            if place.status == psutil.CONN_LISTEN
        ]
        assert listening
        assert {place.ip.removeprefix("::ffff:") for _, place in listening} == {"127.0.0.1"}
        assert DASHBOARD_PORT not in {place.port for _, place in listening}


def test_an_address_without_a_cluster_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^Nothing answers at '127.0.0.1:1' \(Connection refused\): "):
        run_on_ray(SMALL, runner_of(tmp_path), RayOptions("127.0.0.1:1"))
