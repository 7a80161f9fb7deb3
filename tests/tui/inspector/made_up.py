"""A cache of made-up answers and rankings, and the whole inspector on it without an engine.

No number in it comes from a model: so what is on the screen is the same on every machine.
"""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from cache.entries import EntryFolder, Manifest
from cache.folder import Store
from core.abilities import ABILITIES
from core.benchmarks.benchmark import Benchmark
from core.benchmarks.registry import find_benchmarks
from core.engine.protocol import EngineSpec
from core.masks.choices import Selection
from core.models.description import selectable_weights, stored_matrices
from core.models.files import model_folder
from core.models.spec import ModelSpec
from core.run.events import Event, ModelLoaded, Snapshot
from core.run.experiment import Experiment
from core.run.specs import ImportanceSpec, MaskSpec
from core.run.storing import ensure_items
from tests.tui.inspector.host import screen_text, until
from tui.inspector.app import Inspector
from tui.inspector.lens import Lens
from tui.inspector.look.marks import ASCII, UNICODE
from tui.inspector.session import Session
from tui.inspector.settings import Settings

if TYPE_CHECKING:
    from textual.pilot import Pilot

N, K, LARGEST_K = 60, 0.03, 0.1
SWEEP = (0.003, 0.01, LARGEST_K)
"""Further values of k that the cell of `SPATIAL` has."""

SPATIAL = "spatial_reasoning"
LENS = Lens(SPATIAL, "mlp", "top", K, SPATIAL, N)

UNMEASURED, WRECKING, TOO_HARD = "long_term_knowledge", "inductive_reasoning", "temporal_reasoning"
"""An ability without results; one whose mask takes everything to chance; a benchmark that base guesses."""

MODEL = ModelLoaded("demo", 1.2, "cpu", 12_600_000)
CONNECTED = Snapshot("3f2a", 4711, (), MODEL, None, (), ())


class StillInspector(Inspector):
    """The whole app without an engine: it hears only what a test tells it."""

    CSS_PATH = Path(inspect.getfile(Inspector)).with_name("inspector.tcss")

    def connect_engine(self) -> None:
        self.session.activity.fold(CONNECTED)

    def emit(self, *events: Event) -> None:
        """What an engine would tell."""
        for event in events:
            self.session.activity.fold(event)


def still_inspector(
    root: Path,
    lens: Lens = LENS,
    *,
    settings: Settings | None = None,
    spec: ModelSpec | None = None,
    benchmarks: Sequence[Benchmark] = (),
    tab: str = "run",
) -> StillInspector:
    """The app on a cache folder, not yet running."""
    settings = settings or Settings()
    engine_spec = EngineSpec(spec or ModelSpec(device="cpu"), str(root), ImportanceSpec())
    experiment = Experiment(engine_spec.model, Store(root), engine_spec.importance)  # nothing shipped
    known = tuple(benchmarks) or find_benchmarks(["diagnostic"])
    marks = ASCII if settings.ascii else UNICODE
    session = Session(engine_spec, experiment, known, marks, settings.readonly, send=lambda command: None)
    return StillInspector(session, lens, settings, tab)


@asynccontextmanager
async def running(
    app: StillInspector, size: tuple[int, int]
) -> AsyncIterator[tuple[StillInspector, Pilot[None]]]:
    """The app on a screen of so many columns and rows, once it has nothing more to show."""
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.controller.info is not None)
        await settled(app, pilot)
        yield app, pilot


LOOKS = 5
"""How often in a row a screen has to look the same: what a worker found is laid out a little later."""


async def settled(app: StillInspector, pilot: Pilot[None], *pieces: str) -> str:
    """What is on the screen, once the pieces are there and nothing more changes.

    What is kept for the next time is written later, and changes nothing on the screen.
    """
    before, looks = "", 0

    def is_still() -> bool:
        nonlocal before, looks
        if not is_at_rest():  # drawing the screen takes time that the workers could use
            looks = 0
            return False
        last, before = before, screen_text(app)
        seen = " ".join(before.split())
        looks = looks + 1 if before == last and all(piece in seen for piece in pieces) else 0
        return looks >= LOOKS

    def is_at_rest() -> bool:
        is_busy = any(not worker.is_finished for worker in app.workers if worker.group != "remember")
        return not is_busy and app.controller.is_current

    try:
        await until(pilot, is_still)
    except AssertionError as error:
        error.add_note(before)
        raise
    return before


def fraction(*parts: object) -> float:
    """A number from 0 to 1 that looks random and is the same everywhere."""
    digest = hashlib.sha256(json.dumps(parts).encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32


class MadeUp:
    """Fills a cache, one entry a second."""

    def __init__(self, root: Path, spec: ModelSpec | None = None, lost: float = 0.0) -> None:
        """Fills nothing yet; a second model has `lost` of what the first one has right."""
        self.experiment = Experiment(spec or ModelSpec(device="cpu"), Store(root), ImportanceSpec())
        self.lost = lost
        self.benchmarks = find_benchmarks(["diagnostic"])
        self._items: dict[str, pl.DataFrame] = {}
        self._written: list[tuple[EntryFolder, str]] = []

    def fill(self) -> None:
        """Stores items, answers and rankings, as a person who ran most of one matrix would have them."""
        self._answer_intact()
        for number, ability in enumerate(ABILITIES):
            if ability.id != UNMEASURED:
                self._rank(ability.id, number)
                self._measure(ability.id)
        here = next(benchmark for benchmark in self.benchmarks if benchmark.id == SPATIAL)
        for k, right in zip(SWEEP, (0.90, 0.72, 0.27), strict=True):
            self._answer(MaskSpec(SPATIAL, "mlp", "top", k), here, right)
            self._answer(MaskSpec(SPATIAL, "mlp", "random", k), here, 0.92)
        self._date()

    def fill_some(self) -> None:
        """Stores what the intact model and the mask of `SPATIAL` answer."""
        self._answer_intact()
        self._measure(SPATIAL)

    def _answer_intact(self) -> None:
        for benchmark in self.benchmarks:
            path = ensure_items(self.experiment, benchmark, N)
            self._written.append((self.experiment.store.items.entries, path.stem))
            self._items[benchmark.id] = pl.read_parquet(path)
            self._answer(None, benchmark, 0.27 if benchmark.id == TOO_HARD else 0.93)

    def _measure(self, ability: str) -> None:
        for benchmark in self.benchmarks:
            if benchmark.id == TOO_HARD:
                right = 0.25
            elif ability == WRECKING:
                right = 0.26
            elif ability == benchmark.id:
                right = 0.42
            else:
                right = 0.93 - 0.3 * fraction(ability, benchmark.id) ** 3
            self._answer(MaskSpec(ability, "mlp", "top", K), benchmark, right)
            self._answer(MaskSpec(ability, "mlp", "random", K), benchmark, min(right + 0.5, 0.92))

    def _answer(self, mask: MaskSpec | None, benchmark: Benchmark, right: float) -> None:
        """Stores answers of which about a share is right."""
        request = self.experiment.request(mask, benchmark, N)
        columns = answers(self._items[benchmark.id], right - self.lost, "base" if mask is None else str(mask))
        self.experiment.store.outcomes.save(request.key, request.key_inputs, columns)
        self._written.append((self.experiment.store.outcomes.entries, request.key))

    def _rank(self, ability: str, number: int, selection: Selection = "top") -> None:
        """Stores a ranking that takes unevenly from the MLP matrices, and from their first neurons most."""
        mask = MaskSpec(ability, "mlp", selection, LARGEST_K)
        info = self.experiment.info
        n = selectable_weights(LARGEST_K, "mlp", info)
        shapes = stored_matrices(model_folder(self.experiment.spec))
        indices = [index for index, shape in enumerate(shapes) if shape.is_mlp]
        weights = np.array([1 + (number * 5 + index * 3) % 7 for index in indices])
        counts = n * weights // weights.sum()
        counts[-1] += n - counts.sum()
        ids, local, ranks = [], [], []
        for index, count in zip(indices, counts.tolist(), strict=True):
            size = shapes[index].size
            near = (np.arange(count) * 3 + number * 400) % size
            ids.append(np.full(count, index, np.int16))
            local.append(near.astype(np.int32))
            ranks.append((np.arange(count) * 7919 % count + 0.5) / count)
        order = np.argsort(np.concatenate(ranks), kind="stable")
        key, key_inputs = self.experiment.ranking_key(mask), self.experiment.ranking_key_inputs(mask)
        at = str(selectable_weights(K, "mlp", info))
        metadata = {
            "split_half_overlap": {at: 0.5 - number / 50},
            "items": self.experiment.importance.n_items,
        }
        self.experiment.store.rankings.save(
            key, key_inputs, np.concatenate(ids)[order], np.concatenate(local)[order], metadata
        )
        self._written.append((self.experiment.store.rankings.entries, key))

    def _date(self) -> None:
        """Makes all entries three hours old, the last one the youngest."""
        now = datetime.now(UTC) - timedelta(hours=3, minutes=1)
        for seconds, (folder, key) in enumerate(reversed(self._written)):
            path = folder.payload_path(key).with_suffix(".json")
            created = (now - timedelta(seconds=seconds)).isoformat(timespec="seconds")
            path.write_bytes(replace(Manifest.from_json(path.read_bytes()), created=created).to_json())


def answers(items: pl.DataFrame, right: float, salt: str) -> Mapping[str, Sequence[Any]]:
    """The columns of made-up outcomes on stored items, each of four options; about a share is right."""
    ids, golds = items["item_id"].to_list(), items["gold"].to_list()
    chosen = []
    for index, (name, gold) in enumerate(zip(ids, golds, strict=True)):
        # The item decides most: models that err on the same items flip few of them.
        is_right = 0.8 * fraction(name) + 0.2 * fraction(salt, name) < right
        chosen.append((gold + (0 if is_right else 1 + index % 3)) % 4)
    correct = [option == gold for option, gold in zip(chosen, golds, strict=True)]
    values = [[-1.25 if option == pick else -3.5 - 0.75 * option for option in range(4)] for pick in chosen]
    return {
        "item_id": ids,
        "gold": golds,
        "prediction": chosen,
        "correct": correct,
        "correct_norm": correct,
        "loglikelihoods": values,
    }
