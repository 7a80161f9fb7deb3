"""The small profile that the campaign runs, and how two of them are compared."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from cache.entries import KINDS, EntryFolder
from cache.files import checksum_of
from cache.folder import Store
from cache.journals import journal_keys, read_journal
from cache.upkeep import verify
from tests.campaign.nursery import Nursery, computed

WORDS = (
    "profile", "--abilities", "spatial_reasoning,deductive_reasoning", "--variants", "mlp",
    "--selections", "top,random", "--k", "0.03", "--benchmarks", "spatial_reasoning,temporal_reasoning",
    "--n-items", "20", "--limit", "20", "--batch-size", "4",
)  # fmt: skip
"""Two abilities on two benchmarks: two rankings, five masks with the intact model, ten runs."""

RANKINGS, RUNS = 2, 10


def arguments(root: Path, out: Path) -> list[str]:
    """The command line of the profile with this cache and this folder for the results."""
    return [*WORDS, "--cache-dir", str(root), "--out", str(out)]


class Truth(NamedTuple):
    """The profile that nobody disturbed."""

    nursery: Nursery
    folder: Path
    """With its `cache` and its results, `out`."""
    seconds: float
    """What it took."""


@contextmanager
def undisturbed(folder: Path) -> Iterator[Truth]:
    """The profile that nobody disturbed, and a nursery for others."""
    with Nursery() as nursery:
        began = time.monotonic()
        pid = nursery.start(arguments(folder / "cache", folder / "out"), folder)
        assert nursery.status(pid) == 0, (folder / "stderr").read_text()
        times = times_computed(folder)
        assert (len(times), set(times.values())) == (RANKINGS + RUNS, {1})
        yield Truth(nursery, folder, time.monotonic() - began)


def results(out: Path) -> dict[str, str]:
    """The checksum of each file of results. None of them says when it was made."""
    return {path.name: checksum_of(path.read_bytes()) for path in sorted(out.iterdir())}


def payloads(root: Path) -> list[Path]:
    """The payload of every finished entry; reads it whole, and raises if it is damaged."""
    folders = [EntryFolder(root, kind) for kind in KINDS]
    stored = [(folder, key) for folder in folders for key in folder.stored_keys()]
    return [folder.payload_path(key) for folder, key in stored if folder.whole_payload(key) is not None]


def entries(root: Path) -> dict[str, dict[str, Any]]:
    """The manifest of every entry by kind and key, without the time it was made and the seal."""
    manifests = {path: json.loads(path.with_suffix(".json").read_bytes()) for path in payloads(root)}
    return {
        f"{path.parent.name}/{path.stem}": {n: v for n, v in fields.items() if n not in ("created", "seal")}
        for path, fields in manifests.items()
    }


def finished_files(root: Path) -> dict[Path, tuple[int, int, int]]:
    """Inode, time of writing and size of every finished entry's files: writing one again changes them."""
    paths = [part for path in payloads(root) for part in (path, path.with_suffix(".json"))]
    return {path: (s.st_ino, s.st_mtime_ns, s.st_size) for path in paths for s in [path.stat()]}


def kept_batches(root: Path) -> dict[str, list[list[str]]]:
    """The ids of the items of each batch that the journal of a run has, by its key."""
    folder, found = Store(root).outcomes.entries, {}
    for key in journal_keys(folder):
        kept = read_journal(folder, key)
        assert kept is None or kept.damage is None, "a kill is no damage"
        if kept is not None:
            found[key] = [[row["item_id"] for row in batch] for batch in kept.batches]
    return found


def computed_again(folder: Path, finished: dict[Path, Any], kept: dict[str, list[list[str]]]) -> list[Any]:
    """What a process computed though it was there: a finished ranking or run, or a batch that was kept."""
    stored = {path.stem for path in finished}
    return [
        note
        for note in computed(folder)
        if note[1] in stored or (note[0] == "batch" and note[2] in kept.get(note[1], []))
    ]


def times_computed(folder: Path) -> dict[str, int]:
    """How often a process computed each ranking, and each item of each run at the most, by key."""
    rankings = [key for kind, key, *_ in computed(folder) if kind == "ranking"]
    items = [(note[1], item) for note in computed(folder) if note[0] == "batch" for item in note[2]]
    times = {key: rankings.count(key) for key in rankings}
    for key, item in items:
        times[key] = max(times.get(key, 0), items.count((key, item)))
    return times


def assert_equal(root: Path, out: Path, truth: Path) -> None:
    """Cache and results are those of the undisturbed profile to the bit, and nothing is damaged."""
    assert results(out) == results(truth / "out")
    assert entries(root) == entries(truth / "cache")
    assert verify(root) == []
    assert kept_batches(root) == {}
