"""The tasks of a profile: what each is, what it takes and what it needs; shards and estimates. No torch.

A task scores an ability, or answers the benchmarks with the intact model or under one mask. It loads nothing
that another one needs, and stores what it makes under content keys: it can be done anywhere, twice, or again
after half of it was done. A mask's task measures its generation quality too.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal, NamedTuple

from cache.entries import KINDS, EntryFolder
from cache.files import write_atomically
from cache.keys import is_key
from cache.upkeep import Found
from core.abilities import ABILITY_IDS
from core.abilities.neutral_texts import neutral_texts
from core.analysis.probe import every_question, probe_requests
from core.benchmarks.drawn import is_drawn, parts_of
from core.run.events import Phase
from core.run.experiment import Experiment, OutcomesRequest, divergences_request
from core.run.pace import COSTS, Kind, answering, known_paces, rough_seconds, scoring_phase
from core.run.plan import Asked, Plan
from core.run.selected import has_ranking
from core.run.specs import MaskSpec, mask_weights

TaskKind = Literal["scoring", "intact", "mask"]


@dataclass(frozen=True)
class Task:
    """What one process does at a time."""

    ability: str | None = None
    """The ability to score; None for a task of evaluation."""
    mask: MaskSpec | None = None
    """The mask to evaluate; None for the intact model, if nothing is scored."""
    n_items: int | None = None
    """Diagnostic items that score it, where masks ask for another number than the rest."""

    @property
    def kind(self) -> TaskKind:
        if self.ability is not None:
            return "scoring"
        return "intact" if self.mask is None else "mask"

    def __str__(self) -> str:
        if self.ability is not None:
            return f"score {self.ability}"
        return "intact model" if self.mask is None else str(self.mask)


INTACT = Task()
"""The intact model on all benchmarks: written answers under a mask are compared with its."""


def tasks_of(asked: Asked, experiment: Experiment) -> list[Task]:
    """All tasks of what is asked for: abilities to score, the intact model, then masks."""
    scoring = scoring_tasks(experiment, wanted_rankings(asked.masks()))
    return [*scoring, INTACT, *(Task(mask=mask) for mask in asked.masks())]


def needs_of(task: Task, asked: Asked, experiment: Experiment) -> list[Task]:
    """The tasks that have to be done before another, lest it does their work as well."""
    if task.mask is None:
        return []
    is_compared = any(benchmark.kind != "multiple_choice" for benchmark in asked.benchmarks)
    intact = [INTACT] if is_compared or asked.until is not None else []
    return [*scoring_tasks(experiment, wanted_rankings([task.mask])), *intact]


def requests_of(asked: Asked, experiment: Experiment, mask: MaskSpec | None) -> Iterator[OutcomesRequest]:
    """The runs of one mask (None: of the intact model); with `until` all that may be needed."""
    if asked.until is None:
        yield from asked.requests(experiment, mask)
        return
    if isinstance(asked, Plan):
        drawn = asked.drawn().benchmarks
    else:
        drawn = tuple(run.benchmark for run in asked.runs if run.mask == mask)
    for benchmark in drawn:
        for part in parts_of(benchmark):
            yield experiment.request(mask, part, part.n_items)


# Rankings, and the abilities that are scored for them.


class WantedRanking(NamedTuple):
    """A ranking that masks are cut from."""

    mask: MaskSpec
    """With the largest k that is cut from it."""
    ks: tuple[float, ...]
    """All k that are cut from it, in ascending order."""


def wanted_rankings(masks: Sequence[MaskSpec]) -> list[WantedRanking]:
    """The rankings that some masks are cut from, each once, in the order of the masks."""
    found: dict[MaskSpec, set[float]] = {}
    for mask in masks:
        if mask.selection != "random":
            found.setdefault(replace(mask, k=0.0, seed=0), set()).add(mask.k)
    return [WantedRanking(replace(one, k=max(ks)), tuple(sorted(ks))) for one, ks in found.items()]


def scoring_tasks(experiment: Experiment, rankings: Sequence[WantedRanking]) -> list[Task]:
    """The scoring that some rankings are made from, in the order in which shares are added."""
    needed = {
        Task(ability, n_items=_own_items(experiment, one.mask))
        for one in rankings
        for ability in experiment.scored_abilities(one.mask)
    }
    return sorted(needed, key=lambda task: (task.n_items or 0, ABILITY_IDS.index(task.ability or "")))


def _own_items(experiment: Experiment, mask: MaskSpec) -> int | None:
    """The diagnostic items that score a mask, if that is another number than the usual one."""
    return None if mask.n_items == experiment.importance.n_items else mask.n_items


def scorings(experiment: Experiment, rankings: Sequence[WantedRanking], ability: str) -> list[Phase]:
    """The phases in which an ability is scored for rankings: its weights, its whole units, or both."""
    needing = [one.mask for one in rankings if ability in experiment.scored_abilities(one.mask)]
    return [scoring_phase(of_units=kind) for kind in sorted({mask.scope == "units" for mask in needing})]


def lacking_scorings(
    experiment: Experiment, unranked: Sequence[WantedRanking], ability: str, n_items: int | None = None
) -> list[Phase]:
    """The same for rankings that are not stored, of scores that are not."""
    own = [one for one in unranked if not one.mask.is_contrast]
    return [
        phase
        for phase in scorings(experiment, unranked, ability)
        if experiment.lacks_scores(ability, n_items, of_units=phase == "scoring_units")
        # Kept scores of weights serve contrasts alone.
        or (phase == "scoring" and phase in scorings(experiment, own, ability))
    ]


# What a task takes.

WEIGHT_BYTES, SCORE_BYTES, UNIT_BYTES = 6, 4, 12
"""A weight of a stored ranking, a candidate weight of kept scores, a unit's stored scores."""

ENTRY_BYTES = 6000
"""A stored table without its rows: manifest, and the columns' heads."""

CHOICE_BYTES, WRITTEN_BYTES, TEXT_BYTES = 40, 400, 400
"""A row of a stored table: an item with options, a written answer, a continued text."""

Work = Mapping[Kind, float]
"""Units of work by kind: items, answers, texts."""


@dataclass(frozen=True)
class TaskWork:
    """What one task takes."""

    task: Task
    whole: Work
    """On an empty cache."""
    lacking: Work
    """What the cache lacks of it."""
    lacking_bytes: int
    """What that adds to the cache."""

    @property
    def cost(self) -> float:
        """Rough cost on an empty cache, that of an evaluated item being 1: the same on every machine."""
        return sum(COSTS[phase] * units for (phase, _), units in self.whole.items())

    @property
    def is_stored(self) -> bool:
        """Whether the cache has all of it."""
        return not self.lacking


class Survey:
    """What each task takes, by the names of the cache's files."""

    def __init__(self, asked: Asked, experiment: Experiment, *, keeps_scores: bool = False) -> None:
        """Reads nothing yet.

        Args:
            asked: a plan, or single runs.
            experiment: the model, with settled prompts, and the cache.
            keeps_scores: whether scores are kept for contrasts that other processes make.
        """
        self.asked, self._experiment, self._keeps_scores = asked, experiment, keeps_scores

    @cached_property
    def tasks(self) -> list[TaskWork]:
        """Abilities to score, the intact model, then masks."""
        return [self._work(task) for task in tasks_of(self.asked, self._experiment)]

    @property
    def by_cost(self) -> list[TaskWork]:
        """The order in which tasks are dealt out: those that others need first, each kind by falling cost.

        Masks of equal cost come by k, so that those that are taken at the same time are not cut from one
        ranking.
        """
        return sorted(
            self.tasks, key=lambda one: (one.task.kind == "mask", -one.cost, getattr(one.task.mask, "k", 0.0))
        )

    @cached_property
    def _rankings(self) -> list[WantedRanking]:
        return wanted_rankings(self.asked.masks())

    @cached_property
    def _is_ranked(self) -> dict[MaskSpec, bool]:
        return {one.mask: has_ranking(self._experiment, one.mask) for one in self._rankings}

    def _work(self, task: Task) -> TaskWork:
        return self._evaluation(task) if task.ability is None else self._scoring(task, task.ability)

    def _scoring(self, task: Task, ability: str) -> TaskWork:
        """The rankings from one ability's importance alone; and its scores, if contrasts are to come."""
        experiment, n_items = self._experiment, task.n_items
        rankings = [one for one in self._rankings if _own_items(experiment, one.mask) == n_items]
        unranked = [one for one in rankings if not self._is_ranked[one.mask]]
        own = [one for one in rankings if not one.mask.is_contrast and one.mask.ability == ability]
        missing = [one for one in own if not self._is_ranked[one.mask]]
        n = experiment.diagnostic_set(ability, n_items).n
        phases = lacking_scorings(experiment, unranked, ability, n_items)
        all_phases = scorings(experiment, rankings, ability)
        whole = Counter[Kind]({(phase, ability): n for phase in all_phases}) + _ranking_of(own)
        lacking = Counter[Kind]({(phase, ability): n for phase in phases}) + _ranking_of(missing)
        size = sum(self._ranking_bytes(one) for one in missing)
        if "scoring_units" in phases:
            size += ENTRY_BYTES + UNIT_BYTES * self._units
        contrasts = (one for one in unranked if one.mask.is_contrast and one.mask.scope != "units")
        if (
            self._keeps_scores
            and any(contrasts)
            and experiment.lacks_scores(ability, n_items, of_units=False)
        ):
            size += SCORE_BYTES * experiment.info.candidates["all"]
        return TaskWork(task, whole, lacking, size)

    @property
    def _units(self) -> int:
        """About as many as the model has: nearly all are neurons."""
        info = self._experiment.info
        return info.candidates["mlp"] // info.unit_sizes["mlp"]

    def _ranking_bytes(self, one: WantedRanking) -> int:
        n = self._units if one.mask.scope == "units" else mask_weights(one.mask, self._experiment.info)
        return ENTRY_BYTES + WEIGHT_BYTES * n

    def _evaluation(self, task: Task) -> TaskWork:
        """A mask's runs, its generation quality, the divergences of its answers, and a contrast's ranking."""
        experiment, store, mask = self._experiment, self._experiment.store, task.mask
        whole, lacking, size = Counter[Kind](), Counter[Kind](), 0

        def add(work: Work, is_stored: bool, its_bytes: int) -> None:
            nonlocal size
            whole.update(work)
            if not is_stored:
                lacking.update(work)
                size += its_bytes

        for request in requests_of(self.asked, experiment, mask):
            benchmark, n = request.benchmark, request.n
            is_written = benchmark.kind != "multiple_choice"
            size_of_rows = n * (WRITTEN_BYTES if is_written else CHOICE_BYTES)
            is_there = store.outcomes.entries.has(request.key)
            add({answering(benchmark): n}, is_there, ENTRY_BYTES + size_of_rows)
            if is_written and mask is not None:
                base = experiment.request(None, benchmark, n)
                key = divergences_request(base, request)[0]
                is_there = store.divergences.entries.has(key)
                add({("comparing", benchmark.id): 2 * n}, is_there, ENTRY_BYTES + n * WRITTEN_BYTES)
        if self.asked.measures(mask):
            n = len(neutral_texts(experiment.spec.level))
            is_there = store.generation_quality.entries.has(experiment.generation_quality_request(mask)[0])
            add({("quality", ""): n, ("quality", "intact"): n}, is_there, ENTRY_BYTES + n * TEXT_BYTES)
        if mask is not None and (one := self._rankers.get(mask)) is not None:
            add(_ranking_of([one]), self._is_ranked[one.mask], self._ranking_bytes(one))
        return TaskWork(task, whole, lacking, size)

    @cached_property
    def _rankers(self) -> dict[MaskSpec, WantedRanking]:
        """The mask that makes each contrast's ranking: the first that is cut from it."""
        left = {replace(one.mask, k=0.0): one for one in self._rankings if one.mask.is_contrast}
        found = ((mask, left.pop(replace(mask, k=0.0, seed=0), None)) for mask in self.asked.masks())
        return {mask: one for mask, one in found if one is not None}


def _ranking_of(rankings: Sequence[WantedRanking]) -> Counter[Kind]:
    n = sum(3 if one.mask.selection == "top" else 1 for one in rankings)
    return Counter({("ranking", ""): n} if n else {})


# Shards and estimates.


@dataclass(frozen=True)
class Shard:
    """One of several shares of a profile."""

    number: int
    """From 1."""
    of: int

    @classmethod
    def parsed(cls, text: str) -> Shard:
        """The shard of `I/N`.

        Raises:
            ValueError: the text is not of this form, or I is not from 1 to N.
        """
        match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text.strip())
        shard = cls(int(match[1]), int(match[2])) if match else None
        if shard is None or not 1 <= shard.number <= shard.of:
            raise ValueError(f"'{text}' is not a shard: give I/N with I from 1 to N, such as 3/8.")
        return shard

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


def share_of(plan: Plan, experiment: Experiment, shard: Shard) -> list[Task]:
    """What one shard does: every Nth task by cost, the same on every machine and whatever the cache has."""
    return [one.task for one in Survey(plan, experiment).by_cost[shard.number - 1 :: shard.of]]


class Timing(NamedTuple):
    """Seconds of work."""

    is_measured: bool
    """Whether they come from measurements on this machine; else from the model's size."""
    seconds: Callable[[Work], float]


def timing_of(experiment: Experiment) -> Timing:
    """How to estimate the seconds of work on a model with settled prompts."""
    paces = known_paces(experiment)
    if not paces.measured():
        return Timing(False, lambda work: rough_seconds(experiment, work))
    return Timing(True, lambda work: paces.seconds(work) or 0.0)


# The cache entries that tasks are made of, listed in a profile's folder.

PATTERN = "entries*.json"
"""The lists in a folder: one of a whole profile, and one of each shard."""


def write_used_entries(
    plan: Plan, experiment: Experiment, tasks: Sequence[Task], folder: Path, shard: Shard | None = None
) -> None:
    """Writes the list of the stored entries that some tasks of a plan are made of.

    Raises:
        OSError: the folder cannot be written to.
    """
    stored: dict[str, list[str]] = {kind.name: [] for kind in KINDS}
    for kind, key in dict.fromkeys(entries_of(plan, experiment, tasks)):
        entries: EntryFolder = getattr(experiment.store, kind).entries
        if entries.has(key) and not entries.is_shipped(key):
            stored[kind].append(key)
    name = "entries.json" if shard is None else f"entries-{shard.number}-of-{shard.of}.json"
    text = json.dumps({kind: keys for kind, keys in stored.items() if keys}, indent=1)
    write_atomically(folder / name, text.encode())


def entries_of(asked: Asked, experiment: Experiment, tasks: Sequence[Task]) -> Iterator[tuple[str, str]]:
    """Kind and key of each entry, stored or not."""
    for one in wanted_rankings(asked.masks()):
        if not one.mask.is_contrast and scoring_tasks(experiment, [one])[0] in tasks:
            yield "rankings", experiment.ranking_key(one.mask)
    for task in tasks:
        if task.ability is not None:
            yield "unit_scores", experiment.unit_scores_request(task.ability, task.n_items)[0]
        else:
            yield from _entries_of_runs(asked, experiment, task.mask)
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
    if mask is not None and mask.selection != "random":
        yield "rankings", experiment.ranking_key(mask)
        if mask.scope == "units":
            for ability in experiment.scored_abilities(mask):
                yield "unit_scores", experiment.unit_scores_request(ability, mask.n_items)[0]


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
