"""Fixtures that several rooms' tests share."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings

from tests.warm_engine import warm, warm_engines

for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS"):
    # Workers run side by side; with a thread for every core each, they would wait for one another.
    os.environ[name] = "1"

# Where bytecode is not kept, each process compiles torch, transformers and textual, which takes 10 s.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# A busy machine is no failure: no example has a deadline, and slow ones are no fault.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM
    from xdist.workermanage import WorkerController

ENGINES = pytest.StashKey[list[str]]()
"""The command that starts an engine, the same for all workers."""


@pytest.fixture(scope="session", autouse=True)
def no_wait_for_the_disk() -> Iterator[None]:
    """Nobody cuts the power here, and a disk takes 4 ms or more for each of thousands of small files."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", os.fstat)  # which refuses a closed file as well
        yield


@pytest.fixture
def tiny_llama() -> LlamaForCausalLM:
    """A random two-layer Llama with grouped queries, vocabulary 64, float32, evaluating; always the same."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=64,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=128,
        initializer_range=0.2,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return LlamaForCausalLM(config).eval()


@pytest.fixture(scope="session")
def word_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a random Llama of a few words; never to be written to."""
    from tests.core.tiny_models import save_model

    folder = tmp_path_factory.mktemp("word-model")
    save_model(folder)
    return folder


@pytest.fixture(scope="session")
def byte_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a random Llama whose tokens are bytes, 4096 at most; never to be written to."""
    from tests.core.tiny_models import byte_tokenizer, save_model

    folder = tmp_path_factory.mktemp("byte-model")
    save_model(folder, tokenizer=byte_tokenizer(), max_position_embeddings=4096)
    return folder


@pytest.fixture(scope="session")
def warm_engine_command(pytestconfig: pytest.Config) -> Iterator[tuple[str, ...]]:
    """Starts an engine at once: a fork of one process that has torch imported. Its spec follows."""
    shared: list[str] | None = getattr(pytestconfig, "workerinput", {}).get("engines")
    with nullcontext(shared) if shared else warm_engines() as command:
        warm(command)
        yield tuple(command)


@pytest.fixture(scope="session")
def made_once(
    tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Callable[[str, Callable[[Path], None]], Path]:
    """Makes a folder by its name once for all workers of a session; never to be written to afterwards."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent

    def made(name: str, make: Callable[[Path], None]) -> Path:
        root, done = shared / name, shared / f"{name}.done"
        with FileLock(shared / f"{name}.lock"):
            if not done.exists():
                root.mkdir()
                make(root)
                done.touch()
        return root

    return made


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: WorkerController) -> None:
    """One warm process for the engines of all workers."""
    config = node.config
    if ENGINES not in config.stash:
        stack = ExitStack()
        config.stash[ENGINES] = stack.enter_context(warm_engines())
        config.add_cleanup(stack.close)
    node.workerinput["engines"] = config.stash[ENGINES]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """One more than there are processors: tests of screens, files and engines wait for half of their time."""
    return None if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ else (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The inspector's modules first: they are few and long, and would leave one worker alone at the end."""
    items.sort(key=lambda item: "tests/tui/inspector" not in item.nodeid)
