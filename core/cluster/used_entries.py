"""The cache entries that a profile, or a share of one, is made of, listed in its folder. No torch."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from cache.entries import KINDS, EntryFolder
from cache.files import write_atomically
from cache.keys import is_key
from cache.upkeep import Found
from core.analysis.probe import every_question, probe_requests
from core.benchmarks.drawn import is_drawn
from core.cluster.shards import Shard
from core.cluster.units import Unit, is_contrast, requests_of, wanted_rankings
from core.run.asked import Asked
from core.run.experiment import Experiment, divergences_request
from core.run.plan import Plan
from core.run.specs import MaskSpec

PATTERN = "entries*.json"
"""The lists in a folder: one of a whole profile, and one of each shard."""


def write_used_entries(
    plan: Plan, experiment: Experiment, units: Sequence[Unit], folder: Path, shard: Shard | None = None
) -> None:
    """Writes the list of the stored entries that some units of a plan are made of.

    Raises:
        OSError: the folder cannot be written to.
    """
    stored: dict[str, list[str]] = {kind.name: [] for kind in KINDS}
    for kind, key in dict.fromkeys(entries_of(plan, experiment, units)):
        entries: EntryFolder = getattr(experiment.store, kind).entries
        if entries.has(key) and not entries.is_shipped(key):
            stored[kind].append(key)
    name = "entries.json" if shard is None else f"entries-{shard.number}-of-{shard.of}.json"
    text = json.dumps({kind: keys for kind, keys in stored.items() if keys}, indent=1)
    write_atomically(folder / name, text.encode())


def entries_of(asked: Asked, experiment: Experiment, units: Sequence[Unit]) -> Iterator[tuple[str, str]]:
    """Kind and key of each entry, stored or not."""
    for one in wanted_rankings(experiment, asked.masks()):
        if Unit(one.mask.ability) in units and not is_contrast(one):
            yield "rankings", experiment.ranking_key(one.mask)
    for unit in units:
        if unit.ability is not None:
            yield "unit_scores", experiment.unit_scores_request(unit.ability)[0]
        else:
            yield from _entries_of_runs(asked, experiment, unit.mask)
    if not experiment.spec.is_embedded:
        for request in probe_requests(experiment, every_question()).values():
            yield "outcomes", request.key


def _entries_of_runs(
    asked: Asked, experiment: Experiment, mask: MaskSpec | None
) -> Iterator[tuple[str, str]]:
    for request in requests_of(asked, experiment, mask):
        yield "outcomes", request.key
        if mask is None and not is_drawn(request.benchmark):
            yield "items", experiment.items_request(request.benchmark, request.n)[0]
        if mask is not None and request.benchmark.kind != "multiple_choice":
            base = experiment.request(None, request.benchmark, request.n)
            yield "divergences", divergences_request(base, request)[0]
    if asked.masks():
        yield "generation_quality", experiment.generation_quality_request(mask)[0]
    if mask is not None:
        for one in experiment.rankings_of(mask):
            yield "rankings", experiment.ranking_key(one)
            if one.scope == "units":
                for ability in experiment.scored_abilities(one):
                    yield "unit_scores", experiment.unit_scores_request(ability, one.n_items)[0]


def used_entries(root: Path, folder: Path) -> list[Found]:
    """The entries that the lists in a folder of results name.

    Raises:
        ValueError: there is no list, or it is no list; or an entry is not in the cache any more.
    """
    paths = sorted(folder.glob(PATTERN)) if folder.is_dir() else []
    if not paths:
        raise ValueError(f"{folder} has no entries.json: give the --out of a profile or of a shard.")
    found = dict.fromkeys(one for path in paths for one in _listed(path))
    for one in found:
        if not EntryFolder(root, one.kind).has(one.key):
            raise ValueError(
                f"The entry {one.key[:12]} of {folder} is not in the cache {root}: give its --cache-dir, or "
                "run the profile again."
            )
    return list(found)


def _listed(path: Path) -> list[Found]:
    kinds = {kind.name: kind for kind in KINDS}
    try:
        rows = json.loads(path.read_bytes())
        listed = [(kinds[kind], key) for kind, keys in rows.items() for key in keys]
        if all(isinstance(key, str) and is_key(key) for _, key in listed):
            return [Found(kind, key) for kind, key in listed]
    except (OSError, ValueError, RecursionError, KeyError, TypeError, AttributeError):
        pass
    raise ValueError(f"{path} is no list of entries: run the profile again, which writes it.")
