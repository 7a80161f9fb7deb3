"""Makes the shipped cache: `python -m core.phantom.ship_cache`.

It has what a newcomer would wait for on the demo model, on a CPU: the rankings of every ability, and what
the intact model does. Outcomes under masks are left out: these one watches being computed.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from itertools import starmap
from pathlib import Path

from cache.entries import EntryFolder
from cache.folder import Store
from core.abilities import ABILITIES
from core.benchmarks.benchmark import Benchmark
from core.benchmarks.registry import find_benchmarks
from core.experiment.experiment import Experiment
from core.experiment.specs import MaskSpec
from core.masks.choices import Selection
from core.models.matrices import Variant
from core.models.spec import ModelSpec
from core.phantom.shipped import SHIPPED_CACHE, SHIPPED_MODEL
from core.runner.runner import Runner

SPEC = ModelSpec(SHIPPED_MODEL, device="cpu")
"""On a GPU scoring takes seconds, and its last digits differ."""

LARGEST_K: Mapping[tuple[Variant, Selection], float] = {
    ("mlp", "contrast"): 0.03,
    ("all", "contrast"): 0.01,
}
"""The largest k of each ranking, by variant and selection: the inspector's defaults."""

ITEMS = 200
"""Items of each benchmark: the inspector's default."""


def shipped_masks() -> list[MaskSpec]:
    """The largest mask of each shipped ranking."""
    return [
        MaskSpec(ability.id, variant, selection, k)
        for (variant, selection), k in LARGEST_K.items()
        for ability in ABILITIES
    ]


def shipped_benchmarks() -> tuple[Benchmark, ...]:
    """The benchmarks on which the intact model's outcomes are shipped: the ten diagnostic ones."""
    return find_benchmarks([ability.id for ability in ABILITIES])


def shipped_keys(experiment: Experiment) -> Iterator[tuple[EntryFolder, str]]:
    """Every entry that the shipped cache has to have, as today's code asks for it."""
    store = experiment.store
    for mask in shipped_masks():
        yield store.rankings.entries, experiment.ranking_key(mask)
    for benchmark in shipped_benchmarks():
        yield store.outcomes.entries, experiment.request(None, benchmark, ITEMS).key
        yield store.items.entries, experiment.items_request(benchmark, ITEMS)[0]
    yield store.generation_quality.entries, experiment.generation_quality_request(None)[0]


def make(root: Path) -> None:
    """Computes in an empty cache what is to be shipped."""
    from core.runner.generation_quality import measure_generation_quality, store_generation_quality
    from core.runner.runs import outcomes_of

    runner, masks = Runner(SPEC, Store(root)), shipped_masks()
    for mask in masks:
        runner.mask(mask, expected=masks)
    for benchmark in shipped_benchmarks():
        outcomes_of(runner, runner.request(None, benchmark, ITEMS))
    store_generation_quality(runner, None, measure_generation_quality(runner))


def ship(root: Path, target: Path) -> int:
    """Puts the entries in place of those that were shipped before; returns their bytes.

    Args:
        root: the cache that has them.
        target: the folder to ship.
    """
    shutil.rmtree(target, ignore_errors=True)
    keys = list(shipped_keys(Experiment(SPEC, Store(root))))
    return sum(starmap(lambda folder, key: _copy(folder.payload_path(key), target), keys))


def _copy(payload: Path, target: Path) -> int:
    """Copies an entry; returns its bytes."""
    folder = target / payload.parent.name
    folder.mkdir(parents=True, exist_ok=True)
    contents = {path.name: path.read_bytes() for path in (payload, payload.with_suffix(".json"))}
    for name, content in contents.items():
        # Not copied with its mode: safetensors writes files that only their owner may read.
        (folder / name).write_bytes(content)
    return sum(map(len, contents.values()))


def main() -> None:
    """The command line."""
    import torch

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder))
        size_bytes = ship(Path(folder), SHIPPED_CACHE)
    print(f"{size_bytes / 1e6:.1f} MB in {SHIPPED_CACHE}")  # noqa: T201 (a script's own output)


if __name__ == "__main__":
    main()
