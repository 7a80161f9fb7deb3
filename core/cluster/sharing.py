"""One process's tasks of a profile, on a cache folder that others work on, too."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from cache.files import Busy
from cache.upkeep import delete
from core.analysis.rounds import run_part
from core.cluster.tasks import (
    INTACT,
    Task,
    WantedRanking,
    lacking_scorings,
    needs_of,
    scoring_tasks,
    wanted_rankings,
)
from core.inference.cancelling import Cancelled
from core.run.events import Phase
from core.run.pace import Step
from core.run.plan import Asked, Plan
from core.run.runner import Runner
from core.run.selected import has_ranking
from core.run.specs import MaskSpec
from core.run.storing import alone_with


def run_tasks(asked: Asked, runner: Runner, tasks: Sequence[Task]) -> bool:
    """Does tasks of what is asked for, and stores what they make; False if it was cancelled.

    Abilities are scored first, then those that the masks need and nobody has scored. One that another process
    is scoring at the time is waited for, one that nobody works on is scored here: so no process waits for one
    that never starts. The same holds for the intact model and for each ranking.

    Raises:
        ValueError: the model cannot be used, or a mask cannot be made.
        WeightsChangedError: the weights were not restored.
    """
    scoring, masks = _Scoring(asked, runner), [task.mask for task in tasks if task.mask is not None]
    needs_intact = any(INTACT in needs_of(task, asked, runner) for task in tasks)
    try:
        scoring.score(sorted(task.ability for task in tasks if task.ability is not None))
        if INTACT in tasks:
            run_part(asked, runner, [None])
        scoring.score(scoring.lacking_for(masks))
        scoring.rank_contrasts(masks)
        if masks:
            run_part(asked, runner, [*([None] if needs_intact else []), *masks])
    except Cancelled:
        return False
    finally:
        runner.verify_restored()
    return True


def drop_kept_scores(plan: Plan, runner: Runner) -> None:
    """Deletes the scores that were kept for contrasts of a plan, once all of these are ranked."""
    rankings = wanted_rankings(plan.masks())
    if all(has_ranking(runner, one.mask) for one in rankings):
        for task in scoring_tasks(runner, rankings):
            key, _ = runner.scores_request(task.ability or "")
            if runner.store.scores.entries.has(key):
                delete(runner.store.root, key)


class _Scoring:
    """Scores abilities for the masks that are asked for, each under a lock of its own."""

    def __init__(self, asked: Asked, runner: Runner) -> None:
        wanted, usual = wanted_rankings(asked.masks()), runner.importance.n_items
        self._runner = runner
        self._rankings = [one for one in wanted if runner.n_items_of(one.mask) == usual]

    def score(self, abilities: Sequence[str]) -> None:
        """Scores some abilities; those that other processes are scoring come last, and are waited for."""
        runner, steps = self._runner, list[Step]()
        left = [ability for ability in abilities if not self._is_scored(ability)]
        for ability in left:
            steps += [
                Step(phase, ability, runner.diagnostic_set(ability).n) for phase in self._scorings(ability)
            ]
            reads = (3 if one.mask.selection == "top" else 1 for one in self._missing(ability))
            steps += [Step("ranking", "", read) for read in reads]
        runner.progress.expect(steps)
        for wait in (False, True):
            for ability in left:
                with suppress(Busy):
                    self._score(ability, wait=wait)

    def lacking_for(self, masks: Sequence[MaskSpec]) -> list[str]:
        """The abilities that have to be scored for the rankings which some masks lack."""
        own = {replace(one.mask, k=0.0) for one in wanted_rankings(masks)}
        wanted = [one for one in self._rankings if replace(one.mask, k=0.0) in own]
        return [task.ability or "" for task in scoring_tasks(self._runner, self._unranked(wanted))]

    def rank_contrasts(self, masks: Sequence[MaskSpec]) -> None:
        """Stores the contrasts that some masks are cut from, each for all masks that are asked for."""
        own = {replace(mask, k=0.0, seed=0) for mask in masks}
        wanted = [one for one in self._rankings if one.mask.is_contrast and replace(one.mask, k=0.0) in own]
        lacking = self._unranked(wanted)
        self._runner.progress.expect([Step("ranking", "", 1) for _ in lacking])
        for one in lacking:
            self._runner.check_cancelled()
            self._runner.mask(one.mask, one.ks, [other.mask for other in lacking])

    def _score(self, ability: str, *, wait: bool) -> None:
        """Stores the rankings from one ability's importance, and its scores if contrasts are to come.

        Raises:
            Busy: `wait` is off, and another process is scoring it.
        """
        if self._is_scored(ability):
            return
        with alone_with(self._runner, self._runner.scores_request(ability)[0], wait=wait):
            if self._lacks_scores(ability):
                self._runner.maps.keep(ability)
            if "scoring_units" in self._scorings(ability):
                self._runner.units.of(ability)
            for one in self._missing(ability):
                self._runner.check_cancelled()
                self._runner.mask(one.mask, one.ks)

    def _is_scored(self, ability: str) -> bool:
        return not self._missing(ability) and not self._scorings(ability)

    def _scorings(self, ability: str) -> list[Phase]:
        """How it has to be scored for rankings that are not stored."""
        return lacking_scorings(self._runner, self._unranked(self._rankings), ability)

    def _missing(self, ability: str) -> list[WantedRanking]:
        """The rankings from its importance alone that are not stored."""
        own = [one for one in self._rankings if not one.mask.is_contrast and one.mask.ability == ability]
        return self._unranked(own)

    def _unranked(self, wanted: Sequence[WantedRanking]) -> list[WantedRanking]:
        return [one for one in wanted if not has_ranking(self._runner, one.mask)]

    def _lacks_scores(self, ability: str) -> bool:
        """Whether contrasts of weights are to come for which its scores are not kept."""
        contrasts = [one for one in self._rankings if one.mask.is_contrast and one.mask.scope != "units"]
        return self._runner.lacks_scores(ability, of_units=False) and bool(self._unranked(contrasts))
