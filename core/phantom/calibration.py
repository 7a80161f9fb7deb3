"""How far the method finds again what was planted in a phantom: what is ablated, located and recovered.

Parts are computed or stored, and put together in the same way. Reading takes seconds, computing minutes;
reading loads no torch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from itertools import product
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from cache.files import CorruptEntry
from cache.folder import Store
from core.abilities import ABILITY_IDS
from core.analysis.rounds import run_profile
from core.benchmarks.benchmark import Benchmark
from core.benchmarks.registry import find_benchmarks
from core.importance.scoring_rule import (
    DEFAULT_RULE,
    LOSSES,
    PAPER_RULE,
    REDUCTIONS,
    Loss,
    Reduction,
    ScoringRule,
)
from core.inference.cancelling import Cancelled
from core.masks.choices import CONTROLS, DEFAULT_SELECTION, Scope, Selection
from core.masks.layout import Layout
from core.masks.mask import Mask
from core.models.matrices import Matrix, neurons_of
from core.models.spec import ModelSpec
from core.phantom import ground_truth as phantom
from core.phantom.ground_truth import Truth
from core.run.events import EntryReplaced, Event
from core.run.experiment import cache_key
from core.run.plan import Plan
from core.run.runner import Runner
from core.run.selected import StoredMasks, stored_layout
from core.run.specs import ImportanceSpec, MaskSpec

PRIVATE = ABILITY_IDS
"""The abilities whose blocks are private, in the order of their numbers."""

SHARED = len(PRIVATE)
"""The number of the block that all abilities share."""

OUTSIDE = SHARED + 1
"""What stands for a block where a weight is in no MLP."""


class Placement(NamedTuple):
    """Where the weights that were selected for one ability lie."""

    weights: int
    """How many there are."""
    own: int
    """In the ability's own block."""
    other: int
    """In the private blocks of the other abilities."""
    shared: int
    """In the block that all share."""
    chance: float
    """The share of all candidates that lies in the ability's own block."""

    def figures(self) -> dict[str, Any]:
        """The placement as plain values."""
        return {
            "weights": self.weights,
            "own": self.precision,
            "enrichment": self.enrichment,
            "own_of_private": self.private_precision,
            "shared": self.shared_share,
        }

    @property
    def precision(self) -> float:
        """The share of the selected weights that lies in the own block, 0 to 1; 0 of none."""
        return self.own / self.weights if self.weights else 0.0

    @property
    def enrichment(self) -> float:
        """How many times as many as chance puts there."""
        return self.precision / self.chance

    @property
    def shared_share(self) -> float:
        """The share of the selected weights that lies in the block that all share, 0 to 1; 0 of none."""
        return self.shared / self.weights if self.weights else 0.0

    @property
    def private_precision(self) -> float | None:
        """Share of the privately placed selected weights that is in the own block; None without any."""
        private = self.own + self.other
        return self.own / private if private else None


class Localization(NamedTuple):
    """How well an ability's scores tell what is in its own block from what is in other private blocks."""

    neurons: float
    """AUROC over single neurons, each by the sum of the scores of its weights; those of all layers."""
    weights: float
    """AUROC over single weights."""


@dataclass(frozen=True)
class Blocks:
    """The blocks of a phantom."""

    layout: Layout

    @cached_property
    def of_neurons(self) -> NDArray[np.int64]:
        """(neurons of a layer,) the block of each."""
        found = np.full(phantom.MLP_SIZE, SHARED)
        for number, ability in enumerate(PRIVATE):
            found[phantom.neurons_of(ability)] = number
        return found

    @cached_property
    def of_weights(self) -> NDArray[np.int8]:
        """(weights of the space,) the block of each, by flat address; `OUTSIDE` of the MLPs."""
        return np.concatenate([self._of(shape) for shape in self.layout.matrices])

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """(blocks,) how many weights each has, over all layers; the shared one is the last."""
        return np.bincount(self.of_weights, minlength=OUTSIDE + 1)[:OUTSIDE]

    def placement(self, ability: str, mask: Mask) -> Placement:
        """Where the selected weights of an ability's mask lie, all of them in MLPs."""
        counts = np.bincount(self.of_weights[mask.addresses], minlength=OUTSIDE + 1)
        own, private = PRIVATE.index(ability), int(counts[:SHARED].sum())
        return Placement(
            weights=len(mask),
            own=int(counts[own]),
            other=private - int(counts[own]),
            shared=int(counts[SHARED]),
            chance=float(self.sizes[own] / self.sizes.sum()),
        )

    def localization(self, ability: str, scores: Sequence[NDArray[np.float32]]) -> Localization:
        """How well scores tell the own block from the other private ones.

        Args:
            ability: whose scores they are.
            scores: (size,) of each matrix of the MLPs, in their order, row-major.
        """
        shapes = [self.layout.matrices[place] for place in self.layout.candidates("mlp")]
        sums = neuron_sums(shapes, scores)
        neurons = np.broadcast_to(self.of_neurons, sums.shape)
        blocks = [self._of(shape) for shape in shapes]
        return Localization(
            neurons=_own_against_others(ability, sums, neurons),
            weights=_own_against_others(ability, np.concatenate(scores), np.concatenate(blocks)),
        )

    def _of(self, shape: Matrix) -> NDArray[np.int8]:
        """(size,) the block of each weight of a matrix, row-major."""
        if not shape.is_mlp:
            return np.full(shape.size, OUTSIDE, np.int8)
        return self.of_neurons[neurons_of(shape, np.arange(shape.size))].astype(np.int8)


def neuron_sums(shapes: Sequence[Matrix], scores: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
    """(layers, neurons) the sum of the scores of each neuron's weights: rows of gate and up, column of down.

    Args:
        shapes: of the matrices of the MLPs of all layers.
        scores: (size,) of each of them, row-major.
    """
    layers = 1 + max(shape.layer for shape in shapes)
    neurons = next(shape.columns for shape in shapes if shape.kind == "down")
    sums = np.zeros((layers, neurons))
    for shape, values in zip(shapes, scores, strict=True):
        sums[shape.layer] += np.bincount(neurons_of(shape, np.arange(shape.size)), values, neurons)
    return sums


def auroc(positive: NDArray[np.floating], negative: NDArray[np.floating]) -> float:
    """The chance that a score drawn from the positive is above one from the negative; a tie counts half.

    Args:
        positive: (m,) scores, at least one.
        negative: (n,) scores, at least one.
    """
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, side="left")
    not_above = np.searchsorted(ordered, positive, side="right")
    return float((below + not_above).sum() / (2 * len(positive) * len(negative)))


def _own_against_others(ability: str, scores: NDArray[np.floating], blocks: NDArray[np.integer]) -> float:
    """The AUROC of the scores in an ability's own block against those in the other private blocks."""
    is_own, is_private = blocks == PRIVATE.index(ability), blocks < SHARED
    return auroc(np.sort(scores[is_own]), scores[is_private & ~is_own])


Points = NDArray[np.float64]
"""(abilities, abilities) points of accuracy, 100 to the whole, that an ability (column) loses when something
(row) is taken away."""

RESAMPLES = 2000
"""Resamples of the bootstrap over items."""

LEVEL = 0.95
"""Coverage that the intervals aim at."""


class Estimate(NamedTuple):
    """A figure with its 95 % interval over resampled items."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Recovered:
    """A matrix that ablation found, beside the true one."""

    drops: Points
    items: int
    """Items per benchmark."""
    correlation: Estimate | None
    """Pearson's, over all cells of both matrices; None where all cells of one are the same."""
    diagonal: Estimate
    """Mean, in points."""
    off_diagonal: Estimate
    """Mean, in points."""

    def figures(self) -> dict[str, Any]:
        """The matrix as plain values."""
        return {
            "n": self.items,
            "r": None if self.correlation is None else self.correlation._asdict(),
            "rows": self.rows,
            "columns": self.columns,
            "diagonal": self.diagonal._asdict(),
            "off_diagonal": self.off_diagonal._asdict(),
            "drops": self.drops.tolist(),
        }

    @property
    def rows(self) -> int:
        """How many rows have their maximum on the diagonal; a tie counts against."""
        return rows_on_diagonal(self.drops)

    @property
    def columns(self) -> int:
        """How many columns have; a tie counts against."""
        return rows_on_diagonal(self.drops.T)


def recovered(
    true: Points, intact: Sequence[NDArray[np.bool_]], ablated: Sequence[NDArray[np.bool_]], seed: int = 0
) -> Recovered:
    """The matrix of masks by benchmarks beside the true one.

    The intervals say what other items would give, not other diagnostic items: the masks stay as they are.

    Args:
        true: the true matrix.
        intact: for each benchmark (items,) what the intact model answers right.
        ablated: for each benchmark (masks, items) what it answers right under each mask.
        seed: of the bootstrap.
    """
    lost = [base.astype(float) - under for base, under in zip(intact, ablated, strict=True)]
    drops = 100 * np.stack([one.mean(axis=1) for one in lost], axis=1)
    drawn = _resampled(lost, np.random.default_rng(seed))
    is_own = np.eye(len(drops), dtype=bool)
    correlation = _correlations(true, drops[None])[0]
    return Recovered(
        drops=drops,
        items=min(len(one) for one in intact),
        correlation=None if np.isnan(correlation) else _estimate(correlation, _correlations(true, drawn)),
        diagonal=_estimate(drops[is_own].mean(), drawn[:, is_own].mean(axis=1)),
        off_diagonal=_estimate(drops[~is_own].mean(), drawn[:, ~is_own].mean(axis=1)),
    )


def correlation(first: Points, second: Points) -> float | None:
    """Pearson's correlation over all cells; None where all cells of one matrix are the same."""
    found = float(_correlations(first, second[None])[0])
    return None if np.isnan(found) else found


def rows_on_diagonal(drops: Points) -> int:
    """How many rows have their one maximum on the diagonal."""
    others = np.where(np.eye(len(drops), dtype=bool), -np.inf, drops)
    return int((drops.diagonal() > others.max(axis=1)).sum())


def _resampled(lost: Sequence[NDArray[np.float64]], rng: np.random.Generator) -> NDArray[np.float64]:
    """(resamples, masks, benchmarks) the drops on items drawn anew, the same for all masks of a benchmark.

    Args:
        lost: for each benchmark (masks, items) 1 for a right answer that is lost, -1 for one that is won.
        rng: draws the items.
    """
    columns = []
    for one in lost:
        n = one.shape[1]
        times = rng.multinomial(n, np.full(n, 1 / n), RESAMPLES)
        columns.append(100 * (times @ one.T) / n)
    return np.stack(columns, axis=2)


def _correlations(true: Points, matrices: NDArray[np.float64]) -> NDArray[np.float64]:
    """(matrices,) the correlation of each with the true one; NaN where one of the two is all the same."""
    others = matrices.reshape(len(matrices), -1)
    vary = (np.ptp(others, axis=1) > 0) & (np.ptp(true) > 0)
    centred = true.ravel() - true.mean()
    others = others - others.mean(axis=1, keepdims=True)
    sizes = np.sqrt((centred**2).sum() * (others**2).sum(axis=1))
    found: NDArray[np.float64] = np.full(len(others), np.nan)
    np.divide(others @ centred, sizes, out=found, where=vary)
    return found


def _estimate(value: float, drawn: NDArray[np.float64]) -> Estimate:
    low, high = np.nanquantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(float(value), float(low), float(high))


KS = (0.001, 0.01)
"""Fractions of all parameters: the smaller takes an ability away, the larger what others need too."""

SELECTIONS: tuple[Selection, ...] = ("top", "max_minus_shared")
SCOPES: tuple[Scope, ...] = ("global",)
BESIDE: tuple[Selection, ...] = ("random", "bottom")
"""The controls."""


@dataclass(frozen=True)
class Setting:
    """A way to select the weights of an ability from the MLPs."""

    loss: Loss
    reduction: Reduction
    selection: Selection
    scope: Scope
    k: float

    def figures(self) -> dict[str, Any]:
        """The setting as plain values."""
        return {**asdict(self), "control": self.is_control}

    @property
    def rule(self) -> ScoringRule:
        """How the weights are scored."""
        return ScoringRule(self.loss, self.reduction)

    @property
    def is_control(self) -> bool:
        """Whether it selects what is not important."""
        return self.selection in CONTROLS

    def mask(self, ability: str, seed: int) -> MaskSpec:
        """The mask of one ability; the seed is of random controls."""
        return MaskSpec(ability, "mlp", self.selection, self.k, seed, self.scope)


USUAL = Setting(*DEFAULT_RULE, DEFAULT_SELECTION, "global", KS[0])
"""As the inspector begins on an embedded model, with a smaller k."""

PAPER = Setting(*PAPER_RULE, "top", "global", KS[0])
"""The paper's."""

OTHERS = (
    Setting("margin", "sum-lost", "max_minus_shared", "global", KS[1]),
    Setting("margin", "sum-lost", "top", "global", KS[0]),
    Setting("margin", "abs-sum", "max_minus_shared", "global", KS[0]),
)
"""What is one choice away from these two."""

SETTINGS: tuple[Setting, ...] = tuple(
    Setting(loss, reduction, selection, scope, k)
    for loss, reduction, selection, scope, k in product(LOSSES, REDUCTIONS, SELECTIONS, SCOPES, KS)
)
"""Every combination."""

CONTROL_SETTINGS: tuple[Setting, ...] = tuple(
    Setting(USUAL.loss, USUAL.reduction, selection, scope, k)
    for selection, scope, k in product(BESIDE, SCOPES, KS)
)
"""Loss and form say nothing of random ones."""


@dataclass(frozen=True)
class CalibrationPlan:
    """What is located, and what is ablated."""

    located: tuple[Setting, ...]
    """Whose weights are looked for in the planted blocks."""
    ablated: tuple[Setting, ...]
    """Whose matrices are recovered."""
    limit: int
    """Held-out items of each benchmark."""
    seed: int
    """Random seed of the controls and the bootstrap."""

    def scoring_rules(self) -> list[ScoringRule]:
        """The scoring rules, each once, the default first."""
        return list(dict.fromkeys(setting.rule for setting in (USUAL, *self.ablated, *self.located)))

    def located_by(self, rule: ScoringRule) -> list[Setting]:
        """The located settings of one scoring rule."""
        return [setting for setting in self.located if setting.rule == rule]

    def runs(self) -> int:
        """How many ablated models are asked a benchmark."""
        return len(self.ablated) * len(PRIVATE) ** 2

    def parts(self) -> int:
        """How many runs its profiles ask for, those of the intact model by each of them."""
        profiles = [one for rule in self.scoring_rules() for one in self.profiles(rule)]
        return sum((1 + len(one.masks())) * len(one.benchmarks) for one in profiles)

    def profiles(self, rule: ScoringRule) -> list[Plan]:
        """The profiles that recover the matrices of one scoring rule."""
        chosen = [setting for setting in self.ablated if setting.rule == rule]
        sizes = dict.fromkeys((setting.scope, setting.k) for setting in chosen)
        return [
            Plan(
                abilities=PRIVATE,
                variants=("mlp",),
                selections=tuple(s.selection for s in chosen if (s.scope, s.k) == (scope, k)),
                ks=(k,),
                benchmarks=benchmarks(),
                limit=self.limit,
                seed=self.seed,
                scope=scope,
            )
            for scope, k in sizes
        ]


def benchmarks() -> tuple[Benchmark, ...]:
    """The benchmarks of the planted abilities, in their order."""
    return find_benchmarks(PRIVATE)


def calibration_plan(limit: int, seed: int, *, every: bool) -> CalibrationPlan:
    """All settings located and ablated; or ablated the main ones, and located all that share their scores.

    Args:
        limit: held-out items of each benchmark.
        seed: of all that is drawn.
        every: whether the matrix of every setting is recovered.
    """
    main, whole = _main_settings(), (*SETTINGS, *CONTROL_SETTINGS)
    if every:
        return CalibrationPlan(whole, tuple(dict.fromkeys((*main, *whole))), limit, seed)
    rules = {setting.rule for setting in main}
    located = tuple(setting for setting in whole if setting.rule in rules)
    return CalibrationPlan(located, main, limit, seed)


def main_plan(limit: int, seed: int) -> CalibrationPlan:
    """The usual setting, the paper's and the main others, located and ablated; arguments as above."""
    settings = _main_settings()
    return CalibrationPlan(settings, settings, limit, seed)


def _main_settings() -> tuple[Setting, ...]:
    return (USUAL, PAPER, *OTHERS, *_like(USUAL, CONTROL_SETTINGS))


def _like(setting: Setting, controls: Iterable[Setting]) -> Iterable[Setting]:
    """The controls of the same size."""
    return (one for one in controls if (one.scope, one.k) == (setting.scope, setting.k))


SCORED: tuple[Selection, ...] = ("top", "max_minus_shared")
"""The selections that rank all weights by a score."""

Localizations = Mapping[Selection, Mapping[str, Localization]]
"""By selection and ability."""


def localizations(runner: Runner, blocks: Blocks) -> Localizations:
    """The localizations of the runner's loss and form.

    Raises:
        Cancelled: it was cancelled.
        ValueError: the model cannot be used.
    """
    key, key_inputs = localization_request(runner)
    with runner.store.lock(key):
        found = _stored(runner, key)
        if found is not None:
            return found
        computed = {selection: _computed(runner, blocks, selection) for selection in SCORED}
        runner.store.localizations.save(key, key_inputs, _columns(computed))
        runner.note_stored(runner.store.localizations.entries, key)
        return computed


def stored_localizations(runner: Runner) -> Localizations | None:
    """The localizations of the runner's loss and form if they are stored; None if not, or damaged."""
    return _stored(runner, localization_request(runner)[0])


def localization_request(runner: Runner) -> tuple[str, dict[str, Any]]:
    """The cache key of the localizations of the runner's loss and form, and what it is made of."""
    masks = [MaskSpec(ability, "mlp", "max_minus_shared", 1.0) for ability in PRIVATE]
    key_inputs = {
        "loss": runner.importance.loss,
        "reduction": runner.importance.reduction,
        "blocks": [phantom.PRIVATE, phantom.SHARED],
        "rankings": [runner.ranking_key(mask) for mask in masks],
    }
    return cache_key("localizations", key_inputs), key_inputs


def _stored(runner: Runner, key: str) -> Localizations | None:
    try:
        frame = runner.store.localizations.load(key)
    except CorruptEntry as error:
        runner.emit(EntryReplaced(str(error)))
        return None
    if frame is None:
        return None
    rows = frame.to_dicts()
    return {
        selection: {
            row["ability"]: Localization(row["neurons"], row["weights"])
            for row in rows
            if row["selection"] == selection
        }
        for selection in SCORED
    }


def _columns(localizations: Localizations) -> dict[str, Sequence[Any]]:
    rows = [
        (s, ability, found)
        for s, by_ability in localizations.items()
        for ability, found in by_ability.items()
    ]
    return {
        "ability": [ability for _, ability, _ in rows],
        "selection": [selection for selection, _, _ in rows],
        "neurons": [found.neurons for _, _, found in rows],
        "weights": [found.weights for _, _, found in rows],
    }


def _computed(runner: Runner, blocks: Blocks, selection: Selection) -> dict[str, Localization]:
    return {ability: blocks.localization(ability, _scores(runner, selection, ability)) for ability in PRIVATE}


def _scores(runner: Runner, selection: Selection, ability: str) -> list[NDArray[np.float32]]:
    """The scores of the MLPs' weights from which a selection is made, matrix by matrix."""
    from core.masks.ranking import whole

    if selection != "top":
        contrasts = runner.maps.contrast(MaskSpec(ability, "mlp", selection, 1.0))
        return [whole(one).numpy() for one in contrasts]
    own = runner.maps.in_variant("mlp", runner.maps.scores(ability).scores)
    return [whole(one).numpy() for one in own]


Score = tuple[str, str, Selection]
"""Loss, reduction and selection: what the scores of weights depend on."""

Answers = Mapping[tuple[MaskSpec | None, str], NDArray[np.bool_]]
"""By mask (None: the intact model) and benchmark: (items,) whether each answer is right."""

RunnerFor = Callable[[ScoringRule], Runner]
"""Makes the phantom's runner for a scoring rule."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """What the method found, beside what was planted."""

    plan: CalibrationPlan
    truth: Truth
    accuracy: dict[str, float] = field(default_factory=dict)
    """Accuracy of the intact model on the plan's held-out items by ability, a fraction."""
    placements: dict[Setting, Mapping[str, Placement]] = field(default_factory=dict)
    """By setting and ability: where the selected weights lie."""
    localizations: dict[Score, Mapping[str, Localization]] = field(default_factory=dict)
    """By score and ability: how well scores tell the ability's own block from other private ones."""
    matrices: dict[Setting, Recovered] = field(default_factory=dict)

    def figures(self) -> dict[str, Any]:
        """The calibration as plain values."""
        return {
            "abilities": list(PRIVATE),
            "heldout_items": self.plan.limit,
            "seed": self.plan.seed,
            "accuracy": dict(self.accuracy),
            "truth": {"items": self.truth.items, "drops": true_matrix(self.truth).tolist()},
            "matrices": [setting.figures() | matrix.figures() for setting, matrix in self.matrices.items()],
            "places": [
                setting.figures()
                | {"abilities": {ability: place.figures() for ability, place in places.items()}}
                for setting, places in self.placements.items()
            ],
            "auroc": [
                dict(zip(("loss", "reduction", "selection"), score, strict=True))
                | {"abilities": {ability: one._asdict() for ability, one in localizations.items()}}
                for score, localizations in self.localizations.items()
            ],
        }


def run_calibration(plan: CalibrationPlan, truth: Truth, runner_for: RunnerFor) -> Calibration:
    """Computes a calibration; every finished ranking and run is stored as it comes.

    Args:
        plan: what is located and ablated.
        truth: the phantom's truth.
        runner_for: makes the runner for a scoring rule.

    Raises:
        Cancelled: a runner was cancelled.
        ValueError: the model cannot be used.
        WeightsChangedError: the weights were not restored.
    """
    return _assembled(plan, truth, lambda rule: _Computed(runner_for(rule), plan.seed))


def stored_calibration(plan: CalibrationPlan, truth: Truth, runner_for: RunnerFor) -> Calibration | None:
    """Reads a calibration from the cache; None if a part is missing or damaged. Loads no model.

    Args:
        plan: what is located and ablated.
        truth: the phantom's truth.
        runner_for: makes the runner for a scoring rule.

    Raises:
        ModelFilesError: the phantom's files are missing or broken.
    """
    try:
        return _assembled(plan, truth, lambda rule: _Stored(runner_for(rule), plan.seed))
    except _NotStoredError:
        return None


def runners(
    spec: ModelSpec,
    store: Store,
    n_items: int,
    seed: int,
    emit: Callable[[Event], None] = lambda event: None,
    cancelled: Callable[[], bool] = lambda: False,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> RunnerFor:
    """Makes the runners of a calibration; nothing is read or loaded yet.

    Args:
        spec: the phantom.
        store: the cache.
        n_items: diagnostic items of each ability.
        seed: random seed of these items.
        emit: receives the events.
        cancelled: asked between batches.
        is_cancelled: asked between layers.
    """
    return lambda rule: Runner(
        spec,
        store,
        ImportanceSpec(n_items, *rule, seed),
        emit=emit,
        cancelled=cancelled,
        is_cancelled=is_cancelled,
    )


def true_matrix(truth: Truth) -> Points:
    """(blocks, abilities) points of accuracy that each ability loses when a private block is zeroed."""
    return np.array([[truth.drops[block][ability] for ability in PRIVATE] for block in PRIVATE])


class _NotStoredError(Exception):
    """A part of a calibration is not in the cache, or damaged."""


class _Parts(Protocol):
    """Where the parts of a calibration come from, for one scoring rule."""

    runner: Runner

    def answers(self, plan: Plan) -> Answers: ...

    def localizations(self, blocks: Blocks) -> Localizations: ...

    def mask(self, spec: MaskSpec) -> Mask: ...


def _assembled(
    plan: CalibrationPlan, truth: Truth, parts_for: Callable[[ScoringRule], _Parts]
) -> Calibration:
    found = Calibration(plan, truth)
    for rule in plan.scoring_rules():
        parts = parts_for(rule)
        blocks = Blocks(stored_layout(parts.runner))
        # Matrices first: where the cache lacks anything, it most often lacks these.
        for profile in plan.profiles(rule):
            _take_answers(found, profile, rule, parts.answers(profile))
        for selection, by_ability in parts.localizations(blocks).items():
            found.localizations[(*rule, selection)] = by_ability
        for setting in plan.located_by(rule):
            found.placements[setting] = {
                ability: blocks.placement(ability, parts.mask(setting.mask(ability, plan.seed)))
                for ability in PRIVATE
            }
    return replace(
        found,
        placements={setting: found.placements[setting] for setting in plan.located},
        matrices={setting: found.matrices[setting] for setting in plan.ablated},
    )


def _take_answers(found: Calibration, plan: Plan, rule: ScoringRule, answers: Answers) -> None:
    """Takes the matrix of each selection of a profile from the answers under its masks."""
    intact = [answers[None, benchmark] for benchmark in PRIVATE]
    found.accuracy.update(zip(PRIVATE, (float(right.mean()) for right in intact), strict=True))
    for selection in plan.selections:
        masks = [mask for mask in plan.masks() if mask.selection == selection]
        ablated = [np.stack([answers[mask, benchmark] for mask in masks]) for benchmark in PRIVATE]
        setting = Setting(*rule, selection, plan.scope, plan.ks[0])
        found.matrices[setting] = recovered(true_matrix(found.truth), intact, ablated, plan.seed)


class _Stored:
    """Parts that are read from the cache."""

    def __init__(self, runner: Runner, seed: int) -> None:
        self.runner, self._masks = runner, StoredMasks(runner)

    def answers(self, plan: Plan) -> Answers:
        keys = {
            (mask, request.benchmark.id): request.key
            for mask in (None, *plan.masks())
            for request in plan.requests(self.runner, mask)
        }
        frames = self.runner.store.outcomes.load_many(list(keys.values())).frames
        if not all(key in frames for key in keys.values()):
            raise _NotStoredError
        return {cell: frames[key]["correct"].to_numpy() for cell, key in keys.items()}

    def localizations(self, blocks: Blocks) -> Localizations:
        found = stored_localizations(self.runner)
        if found is None:
            raise _NotStoredError
        return found

    def mask(self, spec: MaskSpec) -> Mask:
        try:
            found = self._masks.mask(spec)
        except CorruptEntry:
            raise _NotStoredError from None
        if found is None:
            raise _NotStoredError
        return found


class _Computed(_Stored):
    """Parts that are computed and stored where the cache lacks them."""

    def answers(self, plan: Plan) -> Answers:
        profile = run_profile(plan, self.runner)
        if profile is None:
            raise Cancelled
        right: dict[tuple[str, str, str], NDArray[np.bool_]] = {
            (str(selection), str(ability), str(benchmark)): rows["correct"].to_numpy()
            for (selection, ability, benchmark), rows in profile.outcomes.group_by(
                ["selection", "ability", "benchmark"], maintain_order=True
            )
        }
        return {
            (mask, one.id): right[(mask.selection, mask.ability, one.id) if mask else ("", "", one.id)]
            for mask in (None, *plan.masks())
            for one in plan.benchmarks
        }

    def localizations(self, blocks: Blocks) -> Localizations:
        return localizations(self.runner, blocks)

    def mask(self, spec: MaskSpec) -> Mask:
        try:
            return super().mask(spec)
        except _NotStoredError:
            return self.runner.mask(spec, KS)  # one ranking for every k
