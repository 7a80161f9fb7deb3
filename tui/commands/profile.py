"""`abilityscope profile`: every ability, variant, selection and k on every benchmark."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from core.masks.choices import DEFAULT_SELECTION, SELECTIONS, Scope, Selection
from core.models.matrices import weights_of
from core.models.spec import one_of
from tui import output
from tui.frontier_words import write_frontiers
from tui.mask_options import (
    AUTO,
    AUTO_HELP,
    ItemsForScoring,
    ScopeName,
    find_ks,
    first_of_grid,
    named_variants,
    note_options,
    numbers,
    open_runner,
    some_words,
    words,
)
from tui.measures import MEASURES, Measure
from tui.option_groups import with_flags
from tui.options import (
    BenchmarkFlags,
    Json,
    ModelFlags,
    RuleFlags,
    UsageError,
    checked_arguments,
)
from tui.profile_units import run_shard, settle_by_stored, write_plan, write_shard
from tui.progress import shown_progress
from tui.ray_options import RayFlags, run_on, settle_on

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.analysis.profile import Profile
    from core.models.spec import ModelSpec
    from core.run.plan import Plan
    from core.run.runner import Runner

DEMO_KS, DEMO_UNITS_KS = "0.001,0.003,0.01", "0.01,0.03"
REAL_KS, REAL_UNITS_KS = "0.00001,0.0001", "0.001,0.003"
"""Default k, and those of whole units: a head of the demo model is a hundredth of it."""


@with_flags
def profile(
    model: ModelFlags,
    rule: RuleFlags,
    running: BenchmarkFlags,
    spreading: RayFlags,
    *,
    abilities: Annotated[
        str, typer.Option(help="Abilities, separated by commas, or all.", metavar="A,B")
    ] = "all",
    variants: Annotated[str, typer.Option(help="Some of base, mlp, all.", metavar="V,W")] = "mlp,all",
    k: Annotated[
        str | None,
        typer.Option(
            help=f"Fractions of all parameters. {AUTO_HELP}; one for each variant, over the masks of all "
            "abilities and selections but controls. Default: "
            f"{DEMO_KS} for demo, else {REAL_KS}; of units {DEMO_UNITS_KS} and {REAL_UNITS_KS}.",
            show_default=False,
            metavar="K,L|auto",
        ),
    ] = None,
    selections: Annotated[
        str | None,
        typer.Option(
            help=f"Some of {', '.join(SELECTIONS)}.",
            metavar="S,T",
            show_default=f"top,{DEFAULT_SELECTION},random,bottom",
        ),
    ] = None,
    scope: ScopeName = "global",
    benchmarks: Annotated[
        str,
        typer.Option(
            help="Benchmarks, separated by commas; diagnostic: the ten; compound: those that need two or "
            "three abilities at once (pairs, triples); other-form: the ten in the other prompt form; all: "
            "diagnostic, and those whose data is here.",
            metavar="X,Y",
        ),
    ] = "diagnostic",
    limit: Annotated[
        int | None, typer.Option(min=1, help="Items per benchmark.", metavar="N", show_default="all")
    ] = None,
    until: Annotated[
        float | None,
        typer.Option(
            help="Stop a cell once it is known whether its AIS_p is above this, the least effect of "
            "interest (0.05, say); --limit is the most. Items come in an order drawn by --seed.",
            metavar="AIS",
            show_default="all items",
        ),
    ] = None,
    random_seeds: Annotated[
        int,
        typer.Option(
            min=1,
            metavar="N",
            help="Random masks per ability, variant and k; an empirical p of .05 takes 19.",
        ),
    ] = 1,
    out: Annotated[Path, typer.Option(help="Folder for the results.", metavar="DIR")] = Path("out"),
    n_items: ItemsForScoring = None,
    plan_only: Annotated[
        bool,
        typer.Option(
            "--plan",
            help="Do nothing, and print what there is to do: abilities to score, masks to evaluate, what "
            "the cache has of them, about how long the rest takes, and how much it adds to the cache.",
        ),
    ] = False,
    shard: Annotated[
        str | None,
        typer.Option(
            help="Do the I-th of N shares of the work, on a cache folder that all N processes share. A "
            "last run without it writes the results.",
            metavar="I/N",
            show_default=False,
        ),
    ] = None,
    measure: Annotated[
        str,
        typer.Option(
            "--cells",
            help="What the cells of tables show: the AIS of the probability of the right answer, or of right "
            "and wrong.",
            metavar="<ais_p|ais>",
        ),
    ] = "ais_p",
    as_json: Json = False,
) -> None:
    """Show which benchmark needs which ability.

    Ablates each ability, runs every benchmark, and writes tables and files. Cached results are not
    computed again; a stopped run resumes.
    """
    from core.benchmarks.registry import OTHER_FORM, find_benchmarks
    from core.cluster.tasks import Shard
    from core.run.plan import Plan

    named, running_options = words(benchmarks), running.benchmark_options
    with checked_arguments():
        shown = MEASURES[one_of(measure, tuple(MEASURES), "measure")]
        chosen = _selections(rule, selections)
        own_shard = None if shard is None else Shard.parsed(shard)
        _check_together(k, shard, spreading.ray, plan_only=plan_only)
        plan = Plan(
            abilities=_abilities(abilities),
            variants=named_variants(variants),
            selections=chosen,
            ks=_ks(model.spec, k, chosen, scope),
            # As if the form were known: the words are checked before the model is loaded to find it.
            benchmarks=find_benchmarks(named, running_options, model.spec.settled("text", "plain").style),
            limit=limit,
            seed=model.seed,
            random_seeds=random_seeds,
            scope=scope,
            until=until,
        )
    if not plan_only:
        out.mkdir(parents=True, exist_ok=True)  # before hours are spent on what goes into it
    note_options(running, plan.benchmarks)
    output.note(plan.size())
    with shown_progress() as emit:
        ray, probes = spreading.options, not (plan_only or spreading.ray)
        runner = open_runner(model, rule.rule, emit, n_items=n_items, needs_items=probes)
        if plan_only:
            settle_by_stored(runner)
        elif ray is not None:
            settle_on(runner, ray)
        if OTHER_FORM in named:
            plan = replace(plan, benchmarks=find_benchmarks(named, running_options, runner.spec.style))
        if k == AUTO:
            plan = plan.with_found(tuple(found.chosen for found in find_ks(runner, plan.masks())))
        if ray is not None and not plan_only:
            run_on(plan, runner, ray)
        result = None if plan_only or own_shard else _run(plan, runner, out)
        if own_shard and not plan_only:
            run_shard(plan, runner, own_shard, out)
    if plan_only:
        write_plan(plan, runner, own_shard, as_json=as_json)
    elif result is not None:
        _write(result, runner, out, None if as_json else shown)
    elif own_shard is not None:
        write_shard(plan, runner, own_shard, as_json=as_json)


def _check_together(k: str | None, shard: str | None, ray: str | None, *, plan_only: bool) -> None:
    """Checks that the options go together.

    Raises:
        UsageError: they do not.
    """
    if shard and ray:
        raise UsageError("--shard and --ray both divide the work: give one of them.")
    if k == AUTO and (plan_only or shard or ray):
        option = "--plan" if plan_only else "--shard" if shard else "--ray"
        raise UsageError(f"--k auto is found by trying masks, before {option}: give the k that it found.")


def _run(plan: Plan, runner: Runner, out: Path) -> Profile:
    """The profile of a plan; lists in a folder which entries it is made of.

    Raises:
        Exit: it was cancelled.
    """
    from core.analysis.rounds import run_profile
    from core.cluster.sharing import drop_kept_scores
    from core.cluster.tasks import tasks_of, write_used_entries

    result = run_profile(plan, runner)
    if result is None:
        raise typer.Exit(1)
    drop_kept_scores(plan, runner)
    write_used_entries(plan, runner, tasks_of(plan, runner), out)
    return result


def _abilities(text: str) -> tuple[str, ...]:
    from core.abilities import ABILITY_IDS, named_ability

    named = some_words(text, "ability", "--abilities")
    ids = list(ABILITY_IDS) if named == ["all"] else [named_ability(n).id for n in named]
    return tuple(dict.fromkeys(ids))


def _selections(rule: RuleFlags, text: str | None) -> tuple[Selection, ...]:
    """The named or default selections.

    Raises:
        ValueError: one is unknown.
    """
    default = "top,random,bottom" if rule.preset else f"top,{DEFAULT_SELECTION},random,bottom"
    named = some_words(default if text is None else text, "selection", "--selections")
    found = tuple(dict.fromkeys(cast(Selection, one_of(word, SELECTIONS, "selection")) for word in named))
    return found


def _ks(
    spec: ModelSpec, text: str | None, selections: Sequence[Selection], scope: Scope
) -> tuple[float, ...]:
    """The given or default values of k; for `auto`, the first k of the search.

    Raises:
        UsageError: one is not a number.
        ValueError: one is out of range, or all selections are controls and k is `auto`.
    """
    if text == AUTO:
        return (first_of_grid(spec, selections),)
    usual, of_units = (DEMO_KS, DEMO_UNITS_KS) if spec.is_embedded else (REAL_KS, REAL_UNITS_KS)
    ks = numbers(text or (of_units if scope == "units" else usual), "k")
    for one in ks:
        weights_of(one, 1)
    return ks


def _write(result: Profile, runner: Runner, out: Path, measure: Measure | None) -> None:
    """Writes the files, then the tables in a measure; without one a JSON document."""
    from core.analysis.profile import FILES, findings_of, settings_of, write_profile
    from core.analysis.table import summaries
    from tui.profile_tables import write_profile as write_tables

    write_profile(result, runner, out)
    if measure is not None:
        write_frontiers(result.plan.found_ks)
        write_tables(result, measure)
        output.note(f"Written: {out}/{', '.join(FILES)}")
        return
    from cache.keys import as_plain

    output.write_document(
        {
            "out": str(out),
            "settings": as_plain(settings_of(result, runner)),
            "summaries": as_plain(summaries(result.cells)),
            "cells": [output.finite(row) for row in result.cells.to_dicts()],
            **as_plain(findings_of(result)),
        }
    )
