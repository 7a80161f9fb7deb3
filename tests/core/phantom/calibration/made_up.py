"""A cache that has a whole calibration of the phantom, made up: no model computed any of it.

So it is known what must come out, whatever weights and layout the phantom has:

* the contrasts select weights of the own block alone, `bottom` those of another ability's block;
* `top` selects as many of the own block as of the shared one: the same shared ones for all abilities;
* the intact model answers everything right; a mask that selects what is important takes half of its own
  ability's items, and nothing else; a control takes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import polars as pl

from cache.folder import Store
from core.abilities.neutral_texts import neutral_texts
from core.benchmarks.benchmark import Benchmark
from core.importance.scoring_rule import ScoringRule
from core.models.description import selectable_weights
from core.models.spec import ModelSpec
from core.phantom.calibration import (
    KS,
    PRIVATE,
    SCORED,
    SHARED,
    Blocks,
    CalibrationPlan,
    Setting,
    benchmarks,
    localization_request,
    runners,
)
from core.run.runner import Runner
from core.run.selected import stored_layout
from core.run.specs import MaskSpec
from core.run.storing import ensure_items

PHANTOM = ModelSpec("phantom", device="cpu")

NEURONS, WEIGHTS = 0.9, 0.8
"""AUROC of every ability."""

LOST = 50.0
"""Points that a mask takes of its own ability."""


def fill(root: Path, plan: CalibrationPlan, n_items: int) -> None:
    """Stores all that a calibration of a plan needs.

    Args:
        root: the cache folder.
        plan: what is located and ablated.
        n_items: diagnostic items of each ability.
    """
    runner_for = runners(PHANTOM, Store(root), n_items, plan.seed)
    for rule in plan.scoring_rules():
        runner = runner_for(rule)
        blocks = Blocks(stored_layout(runner))
        _separate(runner)
        for setting in rankings_of(rule, (*plan.located, *plan.ablated)):
            for ability in PRIVATE:
                _rank(runner, blocks, setting, ability, plan.seed)
        masks = [mask for profile in plan.profiles(rule) for mask in profile.masks()]
        for benchmark in benchmarks():
            items = pl.read_parquet(ensure_items(runner, benchmark, plan.limit))
            for mask in (None, *masks):
                _answer(runner, benchmark, items, mask)
        for mask in (None, *masks):
            _measure(runner, mask)


def rankings_of(rule: ScoringRule, settings: Iterable[Setting]) -> list[Setting]:
    """A setting for each kind of ranking that those of one scoring rule are cut from."""
    found = {(one.selection, one.scope) for one in settings if one.rule == rule and one.selection != "random"}
    return [Setting(*rule, selection, scope, max(KS)) for selection, scope in sorted(found)]


def _separate(runner: Runner) -> None:
    (key, key_inputs), n = localization_request(runner), len(PRIVATE) * len(SCORED)
    columns = {
        "ability": [ability for _ in SCORED for ability in PRIVATE],
        "selection": [selection for selection in SCORED for _ in PRIVATE],
        "neurons": [NEURONS] * n,
        "weights": [WEIGHTS] * n,
    }
    runner.store.localizations.save(key, key_inputs, columns)


def _rank(runner: Runner, blocks: Blocks, setting: Setting, ability: str, seed: int) -> None:
    mask, n = setting.mask(ability, seed), selectable_weights(setting.k, "mlp", runner.info)
    own = np.flatnonzero(blocks.of_weights == PRIVATE.index(ability))
    if setting.selection == "top":
        shared = np.flatnonzero(blocks.of_weights == SHARED)
        chosen = np.stack([own[: n // 2 + 1], shared[: n // 2 + 1]], axis=1).ravel()[:n]
    elif setting.selection == "bottom":
        other = (PRIVATE.index(ability) + 1) % len(PRIVATE)
        chosen = np.flatnonzero(blocks.of_weights == other)[:n]
    else:
        chosen = own[:n]
    assert len(chosen) == n, "a block holds all that is selected"
    ids = np.searchsorted(blocks.layout.starts, chosen, side="right") - 1
    local = chosen - blocks.layout.starts[ids]
    key, key_inputs = runner.ranking_key(mask), runner.ranking_key_inputs(mask)
    runner.store.rankings.save(key, key_inputs, ids.astype(np.int16), local.astype(np.int32), {})


def _answer(runner: Runner, benchmark: Benchmark, items: pl.DataFrame, mask: MaskSpec | None) -> None:
    is_effective = mask is not None and mask.selection not in ("random", "bottom")
    lost = len(items) // 2 if is_effective and mask is not None and mask.ability == benchmark.id else 0
    golds = items["gold"].to_list()
    correct = [place >= lost for place in range(len(golds))]
    chosen = [gold if is_right else (gold + 1) % 4 for gold, is_right in zip(golds, correct, strict=True)]
    request = runner.request(mask, benchmark, len(items))
    columns = {
        "item_id": items["item_id"].to_list(),
        "gold": golds,
        "prediction": chosen,
        "correct": correct,
        "correct_norm": correct,
        "loglikelihoods": [[-1.0 if option == pick else -3.0 for option in range(4)] for pick in chosen],
    }
    runner.store.outcomes.save(request.key, request.key_inputs, columns)


def _measure(runner: Runner, mask: MaskSpec | None) -> None:
    key, key_inputs = runner.generation_quality_request(mask)
    n = len(neutral_texts(runner.spec.level))
    columns = {
        "logprobs": [[-1.0, -1.0]] * n,
        "written": ["a word"] * n,
        "finish": ["length"] * n,
        "tokens": [[1, 2]] * n,
        "written_logprobs": [[-1.0, -1.0]] * n,
    }
    runner.store.generation_quality.save(key, key_inputs, columns)
