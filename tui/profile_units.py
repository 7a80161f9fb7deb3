"""`profile --plan` and `profile --shard`: the units of a profile, listed, or done in part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from tui import output
from tui.numbers import duration_text, size_text

if TYPE_CHECKING:
    from pathlib import Path

    from core.cluster.estimates import Assumed, Basis, Chain, Timing
    from core.cluster.shards import Shard
    from core.cluster.work import UnitWork
    from core.run.plan import Plan
    from core.run.runner import Runner

BASIS_WORDS: Mapping[Basis, str] = {
    "measured": "Times are estimated from what was measured on this machine.",
    "size": "Times are a guess from the model's size: nothing was measured on this machine yet.",
    "h100": "Times are those of one H100, assumed from its operations a second: 40 % of them are used.",
}


def settle_by_stored(runner: Runner) -> None:
    """Settles prompt form and level without asking the model; says where they are only assumed."""
    from core.analysis.probe import known_prompts

    found = known_prompts(runner)
    runner.settle(*(found or ("text", "plain")))
    if found is None:
        output.note(
            "Prompt form and level are not settled: the profile asks the model first. Here they are taken "
            "to be text and plain."
        )


def run_shard(plan: Plan, runner: Runner, shard: Shard, out: Path) -> None:
    """Does one shard of a plan, and lists in a folder which entries it is made of.

    Raises:
        Exit: it was cancelled.
    """
    from core.cluster.sharing import run_share, share_of
    from core.cluster.used_entries import write_used_entries

    share = share_of(plan, runner, shard)
    output.note(
        f"shard {shard}: {len(share.first)} units that others need, {len(share.masks)} masks; what the cache "
        "has is not computed again"
    )
    if not run_share(plan, runner, share):
        raise typer.Exit(1)
    write_used_entries(plan, runner, [*share.first, *share.masks], out, shard)


def write_shard(plan: Plan, runner: Runner, shard: Shard, *, as_json: bool) -> None:
    """Writes what a shard did."""
    from core.cluster.sharing import share_of

    share = share_of(plan, runner, shard)
    if as_json:
        units = [str(unit) for unit in (*share.first, *share.masks)]
        output.write_document({"shard": str(shard), "units": units})
        return
    output.write(
        f"Shard {shard} is done. When all are, the same command without --shard writes the results.\n"
    )


def write_plan(
    plan: Plan, runner: Runner, shard: Shard | None, assume: Assumed | None, *, as_json: bool
) -> None:
    """Writes the units of a plan, or of one of its shards."""
    from core.cluster.estimates import critical_path, timing_of
    from core.cluster.shards import shares
    from core.cluster.work import Survey

    survey, timing = Survey(plan, runner, keeps_scores=shard is not None), timing_of(runner, assume)
    units, chain = survey.every, critical_path(survey, runner, timing)
    if shard is not None:
        share = shares(survey.first, survey.masks, shard.of)[shard.number - 1]
        units = [one for one in units if one.unit in (*share.first, *share.masks)]
    if as_json:
        output.write_document(_document(units, timing, chain))
    else:
        _write(units, timing, chain, plan.until)


def _document(units: Sequence[UnitWork], timing: Timing, chain: Chain) -> dict[str, Any]:
    """The units as one JSON document."""
    rows = [
        {
            "unit": str(one.unit),
            "kind": one.unit.kind,
            "stored": one.is_stored,
            "seconds": timing.seconds(one.lacking),
            "bytes": one.lacking_bytes,
        }
        for one in units
    ]
    return {
        "units": rows,
        "stored": sum(row["stored"] for row in rows),
        "seconds": sum(row["seconds"] for row in rows),
        "bytes": sum(row["bytes"] for row in rows),
        "estimated_from": timing.basis,
        "critical_path": {"units": [str(unit) for unit in chain.units], "seconds": chain.seconds},
    }


def _write(units: Sequence[UnitWork], timing: Timing, chain: Chain, until: float | None) -> None:
    """Writes a line for each kind of units, the sum, and the critical path."""
    table = output.plain_table(("units", "all", "stored", "to do", "time", "cache"))
    groups: dict[str, list[UnitWork]] = {}
    for one in units:
        groups.setdefault(_group(one), []).append(one)
    for name, some in (*groups.items(), ("in all", list(units))):
        table.add_row(name, *_cells(some, timing))
    output.write_table(table)
    if chain.seconds:
        words = ", then ".join(map(str, chain.units))
        output.write(f"Critical path: {duration_text(chain.seconds)}, {words}.\n")
    most = "" if until is None else " With --until it is the most: a cell stops once it is settled."
    output.write(f"{BASIS_WORDS[timing.basis]}{most}\n")


def _group(one: UnitWork) -> str:
    if one.unit.mask is not None:
        return f"masks: {one.unit.mask.selection}"
    return "score an ability" if one.unit.kind == "scoring" else "intact model"


def _cells(some: Sequence[UnitWork], timing: Timing) -> list[str]:
    stored = sum(one.is_stored for one in some)
    seconds = sum(timing.seconds(one.lacking) for one in some)
    size = size_text(sum(one.lacking_bytes for one in some))
    return [f"{len(some):,}", f"{stored:,}", f"{len(some) - stored:,}", duration_text(seconds), size]
