"""`abilityscope profile`: every ability, variant, selection and k on every benchmark."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from core.masks.choices import SELECTIONS, Scope, Selection
from core.models.matrices import VARIANTS, Variant, weights_of
from core.models.spec import one_of
from tui import output
from tui.bench_options import (
    ItemsForScoring,
    ScopeName,
    note_insisting,
    numbers,
    open_runner,
    some_words,
    words,
)
from tui.k_options import AUTO, AUTO_HELP, first_of_grid, found_ks
from tui.options import Json, RunOptions, checked_arguments, with_model_options
from tui.progress import shown_progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.analysis.profile import Profile
    from core.experiment.plan import Plan
    from core.runner.runner import Runner

DEMO_KS = "0.003,0.01,0.03"
REAL_KS = "0.0001,0.001,0.01"


@with_model_options
def profile(
    options: RunOptions,
    *,
    abilities: Annotated[
        str, typer.Option(help="Abilities, separated by commas, or all.", metavar="A,B")
    ] = "all",
    variants: Annotated[str, typer.Option(help="Of base, mlp, all.", metavar="V,W")] = "mlp,all",
    k: Annotated[
        str | None,
        typer.Option(
            help=f"Fractions of all parameters. {AUTO_HELP}; one for each variant, at which the top, "
            "contrast and top_minus_shared masks of all abilities are acceptable. Default: "
            f"{DEMO_KS} for demo, else {REAL_KS}.",
            show_default=False,
            metavar="K,L|auto",
        ),
    ] = None,
    selections: Annotated[
        str | None,
        typer.Option(
            help=f"Of {', '.join(SELECTIONS)}.",
            metavar="S,T",
            show_default="top,contrast,random,bottom",
        ),
    ] = None,
    scope: ScopeName = "global",
    benchmarks: Annotated[
        str,
        typer.Option(
            help="Benchmarks, separated by commas; diagnostic: the ten; compound: those that need two or "
            "three abilities at once (pairs, triples); all: diagnostic, and whatever data is here.",
            metavar="X,Y",
        ),
    ] = "diagnostic",
    limit: Annotated[
        int | None, typer.Option(min=1, help="Items of each benchmark.", metavar="N", show_default="all")
    ] = None,
    random_seeds: Annotated[
        int,
        typer.Option(
            min=1,
            metavar="N",
            help="Random masks of each ability, variant and k; an empirical p of .05 takes 19.",
        ),
    ] = 1,
    out: Annotated[Path, typer.Option(help="Folder for the results.", metavar="DIR")] = Path("out"),
    n_items: ItemsForScoring = 1000,
    as_json: Json = False,
) -> None:
    """Profile benchmarks: ablate each ability, run every benchmark, and see which depends on which.

    What the cache has is not computed again; a run that was stopped goes on where it was.
    """
    with checked_arguments():
        plan = _plan(options, abilities, variants, selections, scope, k, benchmarks, limit, random_seeds)
    _require_folder(out)
    note_insisting(options, plan.benchmarks)
    output.note(plan.size())
    with shown_progress() as emit:
        from core.runner.runs import run_profile

        runner = open_runner(options, emit, n_items=n_items, way=options.way)
        if k == AUTO:
            plan = plan.with_found(tuple(found.chosen for found in found_ks(runner, plan.masks())))
        result = run_profile(plan, runner)
    if result is None:
        raise typer.Exit(1)
    _write(result, runner, out, as_json)


def _plan(
    options: RunOptions,
    abilities: str,
    variants: str,
    selections: str | None,
    scope: Scope,
    k: str | None,
    benchmarks: str,
    limit: int | None,
    random_seeds: int,
) -> Plan:
    """The plan that the words stand for.

    Raises:
        ValueError: a word is unknown.
    """
    from core.abilities import ABILITIES, find_ability
    from core.benchmarks.registry import find_benchmarks
    from core.experiment.plan import Plan

    named = some_words(abilities, "ability", "--abilities")
    chosen = [a.id for a in ABILITIES] if named == ["all"] else [find_ability(name).id for name in named]
    where = some_words(variants, "variant", "--variants")
    usual = "top,random,bottom" if options.preset else "top,contrast,random,bottom"
    how = some_words(usual if selections is None else selections, "selection", "--selections")
    kinds = tuple(dict.fromkeys(cast(Selection, one_of(s, SELECTIONS, "selection")) for s in how))
    options.require_selections(kinds)
    return Plan(
        abilities=tuple(dict.fromkeys(chosen)),
        variants=tuple(dict.fromkeys(cast(Variant, one_of(v, VARIANTS, "variant")) for v in where)),
        selections=kinds,
        ks=_ks(options, k, kinds),
        benchmarks=find_benchmarks(words(benchmarks), options.spec.level, options.benchmark_options),
        limit=limit,
        seed=options.seed,
        random_seeds=random_seeds,
        scope=scope,
    )


def _ks(options: RunOptions, k: str | None, selections: Sequence[Selection]) -> tuple[float, ...]:
    """The values of k; where it is to be found, the first that is tried.

    Raises:
        UsageError: one is no number.
        ValueError: one is out of range, or the selections are controls whose k is not looked for.
    """
    if k == AUTO:
        return (first_of_grid(options, selections),)
    ks = numbers(k or (DEMO_KS if options.spec.is_embedded else REAL_KS), "k")
    for one in ks:
        weights_of(one, 1)
    return ks


def _require_folder(out: Path) -> None:
    """Refuses a folder that cannot be made before hours are spent on what goes into it.

    Raises:
        OSError: it cannot be made, or is a file.
    """
    out.mkdir(parents=True, exist_ok=True)


def _write(result: Profile, runner: Runner, out: Path, as_json: bool) -> None:
    from core.analysis.comparisons import summaries
    from core.analysis.profile_folder import (
        FILES,
        attributions_of,
        failures_of,
        generation_quality_of,
        holm_significant_of,
        settings_of,
        write_profile,
    )
    from tui.matrix import write_matrices

    write_profile(result, runner, out)
    if not as_json:
        write_matrices(result)
        output.note(f"Written: {out}/{', '.join(FILES)}")
        return
    from cache.keys import as_plain

    output.write_document(
        {
            "out": str(out),
            "settings": as_plain(settings_of(result, runner)),
            "summaries": as_plain(summaries(result.cells)),
            "cells": [output.finite(row) for row in result.cells.to_dicts()],
            "holm_significant": holm_significant_of(result),
            "attribution": attributions_of(result),
            "generation_quality": generation_quality_of(result),
            "failures": as_plain(failures_of(result)),
        }
    )
