"""Makes the shipped cache: `python -m tests.research.ship_cache`.

It has what a newcomer would wait for on the demo model and on SmolLM2, on a CPU: the rankings of every
ability, and what the intact model does. Outcomes under masks are left out: these one watches being computed.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import starmap
from pathlib import Path

from cache.entries import EntryFolder
from cache.fingerprints import remember_name
from cache.folder import Store
from core.abilities import ABILITIES
from core.analysis.probe import every_question, probe_requests
from core.benchmarks.benchmark import Benchmark
from core.benchmarks.registry import find_benchmarks
from core.masks.choices import DEFAULT_SELECTION, Selection
from core.models.matrices import Variant
from core.models.spec import SMOLLM2, ModelSpec
from core.phantom import SHIPPED_CACHE
from core.run.experiment import Experiment
from core.run.runner import Runner
from core.run.specs import ImportanceSpec, MaskSpec, usual_n_items

ITEMS = 200
"""Items of each benchmark: the inspector's default."""


@dataclass(frozen=True)
class Shipped:
    """What is shipped of a model, as the inspector asks for it where nothing else is said."""

    spec: ModelSpec
    """On a CPU: a GPU scores in seconds, and rounds differently. Prompt form and level as the probe finds."""
    largest_k: Mapping[tuple[Variant, Selection], float]
    """The largest k of each ranking, by variant and selection."""

    @property
    def importance(self) -> ImportanceSpec:
        """How its weights are scored."""
        return ImportanceSpec(usual_n_items(self.spec))

    def experiment(self, store: Store) -> Experiment:
        """Its experiment on a cache."""
        return Experiment(self.spec, store, self.importance)

    def masks(self) -> list[MaskSpec]:
        """The largest mask of each ranking."""
        return [
            MaskSpec(ability.id, variant, selection, k)
            for (variant, selection), k in self.largest_k.items()
            for ability in ABILITIES
        ]


DEMO = Shipped(ModelSpec(device="cpu"), {("mlp", DEFAULT_SELECTION): 0.03, ("all", DEFAULT_SELECTION): 0.01})
SMOLLM2_135M = Shipped(
    ModelSpec(SMOLLM2, device="cpu", prompt="text", level_asked="plain"),
    {("mlp", DEFAULT_SELECTION): 1e-3},
)
SHIPPED = (DEMO, SMOLLM2_135M)


def shipped_benchmarks() -> tuple[Benchmark, ...]:
    """The benchmarks on which the intact model's outcomes are shipped: the ten diagnostic ones."""
    return find_benchmarks([ability.id for ability in ABILITIES])


def shipped_keys(shipped: Shipped, store: Store) -> Iterator[tuple[EntryFolder, str]]:
    """Every entry of a model that the shipped cache has to have, as today's code asks for it."""
    experiment = shipped.experiment(store)
    for mask in shipped.masks():
        yield store.rankings.entries, experiment.ranking_key(mask)
    for benchmark in shipped_benchmarks():
        yield store.outcomes.entries, experiment.request(None, benchmark, ITEMS).key
        yield store.items.entries, experiment.items_request(benchmark, ITEMS)[0]
    if not shipped.spec.is_embedded:
        for request in probe_requests(experiment, every_question()).values():
            yield store.outcomes.entries, request.key
    yield store.generation_quality.entries, experiment.generation_quality_request(None)[0]


def make(shipped: Shipped, store: Store) -> None:
    """Computes in a cache what is to be shipped of a model."""
    from core.analysis.probe import whole_probe
    from core.run.generation_quality import measure_generation_quality, store_generation_quality
    from core.run.runs import outcomes_of

    runner, masks = Runner(shipped.spec, store, shipped.importance), shipped.masks()
    if not shipped.spec.is_embedded:
        whole_probe(runner)
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
    store, size_bytes = Store(root), 0
    for shipped in SHIPPED:
        keys = {(folder.kind.name, key): (folder, key) for folder, key in shipped_keys(shipped, store)}
        size_bytes += sum(starmap(lambda folder, key: _copy(folder.payload_path(key), target), keys.values()))
        info = shipped.experiment(store).info
        remember_name(Store(target).fingerprint_memory, info.fingerprint, shipped.spec.name)
    return size_bytes


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
        for shipped in SHIPPED:
            make(shipped, Store(Path(folder)))
        size_bytes = ship(Path(folder), SHIPPED_CACHE)
    print(f"{size_bytes / 1e6:.1f} MB in {SHIPPED_CACHE}")  # noqa: T201 (a script's own output)


if __name__ == "__main__":
    main()
