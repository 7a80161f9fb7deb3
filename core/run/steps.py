"""What a job will do, step by step, as far as that is known before: what its time left is estimated from."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from core.abilities.neutral_texts import neutral_texts
from core.run.divergences import pairs_to_compare
from core.run.experiment import OutcomesRequest
from core.run.pace import Step, answering, scoring_phase
from core.run.runner import Runner
from core.run.selected import has_ranking
from core.run.specs import MaskSpec


def steps_of_runs(
    runner: Runner,
    runs: Mapping[MaskSpec | None, Sequence[OutcomesRequest]],
    stored: Collection[str],
    unmeasured: Collection[MaskSpec | None],
) -> list[Step]:
    """The steps of `compute_runs`, in its order.

    Args:
        runner: the model and the cache.
        runs: what is asked for.
        stored: the keys of the runs that are stored.
        unmeasured: masks whose generation quality is to be measured.
    """
    steps: list[Step] = []
    rankings, prepared = _Rankings(runner), set[str]()
    for mask in dict.fromkeys((None, *runs)):
        asked = runs.get(mask, ())
        missing = [request for request in asked if request.key not in stored]
        if mask is not None and (missing or mask in unmeasured):
            steps += rankings.steps(mask)
        for request in missing:
            if request.benchmark.id not in prepared:
                steps.append(Step("preparing", request.benchmark.id, request.n))
                prepared.add(request.benchmark.id)
            steps.append(Step(*answering(request.benchmark), request.n))
        steps += _after_runs(runner, mask, asked, missing, is_measured=mask not in unmeasured)
    return [*steps, checking(runner)] if any(mask is not None for mask in runs) else steps


def steps_of_rankings(runner: Runner, masks: Iterable[MaskSpec]) -> list[Step]:
    """The steps of scoring what some masks lack, in their order."""
    rankings = _Rankings(runner)
    return [step for mask in masks for step in rankings.steps(mask)]


def checking(runner: Runner) -> Step:
    """The check of all weights at the end of a job that ablated."""
    return Step("checking", "", MATRICES_OF_A_LAYER * (runner.info.layers or 1))


MATRICES_OF_A_LAYER = 7


def _after_runs(
    runner: Runner,
    mask: MaskSpec | None,
    asked: Sequence[OutcomesRequest],
    missing: Sequence[OutcomesRequest],
    *,
    is_measured: bool,
) -> list[Step]:
    """The steps that follow the runs of one mask: comparing answers, generation quality."""
    lacking = {pair.ablated.key for pair in pairs_to_compare(runner, asked)} | {one.key for one in missing}
    compared = [one for one in asked if one.key in lacking and one.benchmark.kind != "multiple_choice"]
    under = [Step("comparing", one.benchmark.id, one.n) for one in compared if mask is not None]
    if is_measured:
        return [*under, *under]
    n = len(neutral_texts(runner.spec.level))
    return [*under, Step("quality", "", n), Step("quality", "intact", n), *under]


class _Rankings:
    """The rankings and importance maps that will be there after the steps so far."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._ranked = set[str]()
        self._scored = {(ability, n, False) for ability, n in runner.scored}
        """Abilities, their diagnostic items, and whether it is whole units that are scored."""

    def steps(self, mask: MaskSpec) -> list[Step]:
        """The steps that the mask needs beyond those before."""
        runner, steps = self._runner, list[Step]()
        for one in runner.rankings_of(mask):
            key = runner.ranking_key(one)
            if key in self._ranked or has_ranking(runner, one):
                continue
            n, of_units = runner.n_items_of(one), one.scope == "units"
            missing = [each for each in runner.scored_abilities(one) if self._is_missing(each, n, of_units)]
            phase = scoring_phase(of_units=of_units)
            steps += [Step(phase, each, runner.diagnostic_set(each, n).n) for each in missing]
            steps.append(Step("ranking", "", 3 if one.selection == "top" else 1))
            self._ranked.add(key)
            self._scored.update((each, n, of_units) for each in missing)
        return steps

    def _is_missing(self, ability: str, n_items: int, of_units: bool) -> bool:
        is_known = (ability, n_items, of_units) in self._scored
        return not is_known and not (
            of_units and not self._runner.lacks_scores(ability, n_items, of_units=True)
        )
