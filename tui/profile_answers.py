"""Writes how the ablated model of a profile answers: generation quality, and how answers fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui import output
from tui.failure_words import share_text
from tui.names import SHORT_NAMES, VARIANT_WORDS
from tui.output import plain_table, wrapped
from tui.quality_words import mean_quality_cell
from tui.safe_text import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.table import Table

    from core.analysis.generation_quality import GenerationQuality
    from core.analysis.profile import Profile
    from core.analysis.profile_failures import MaskSums
    from core.experiment.plan import Plan

NAMED = 4
"""Most benchmarks that a heading names."""


def write_generation_quality(profile: Profile) -> None:
    """Writes the generation quality under the masks of the largest k, where it is measured.

    One row per ability, and one for all random controls together.
    """
    plan = profile.plan
    found: dict[tuple[str, str], dict[str, GenerationQuality]] = {}
    for mask, quality in profile.generation_qualities.items():
        is_first_draw = mask.seed == plan.seed
        if mask.k == max(plan.ks_of(mask.variant)) and is_first_draw:
            found.setdefault((mask.variant, mask.selection), {})[mask.ability] = quality
    kinds = [(v, s) for v in plan.variants for s in plan.effects if (v, s) in found]
    if not kinds:
        return
    answers = next(iter(found[kinds[0]].values())).repeating.n
    heading = (
        f"Generation quality at {_largest_ks(plan)}: perplexity on neutral text as a multiple of the intact "
        f"model's; share of {answers} answers that repeat themselves; share that is unreadable"
    )
    output.write(f"{wrapped(heading)}\n")
    heads = ("ablated", *(f"{variant} {selection}" for variant, selection in kinds))
    table = plain_table(heads, left=heads)
    for ability in plan.abilities:
        cells = [found[kind].get(ability) for kind in kinds]
        table.add_row(SHORT_NAMES[ability], *(mean_quality_cell([one] if one else []) for one in cells))
    controls = [list(found.get((variant, "random"), {}).values()) for variant, _ in kinds]
    if "random" not in plan.effects and any(controls):
        table.add_row("(random)", *map(mean_quality_cell, controls), style="dim")
    output.write_table(table)
    output.write("\n")


def write_failures(profile: Profile) -> None:
    """Writes how answers fail at one selection and the largest k: written answers, then choices.

    One row per ability, and one for all random controls together. The files have the rest.
    """
    effects, found = profile.plan.effects, profile.failures
    selection = "contrast" if "contrast" in effects else effects[0]
    at_k = [one for one in found.sums if one.mask.k == max(profile.plan.ks_of(one.mask.variant))]
    masks = [one for one in at_k if one.mask.selection == selection]
    controls = [one for one in at_k if one.mask.selection == "random" != selection]
    of_mask = f"{selection} · {_largest_ks(profile.plan)}"
    if found.written:
        size = f"{_listed(found.written)} · n {masks[0].modes.total()}"
        output.write(shown(f"How written answers fail · {of_mask} · {size}") + "\n")
        output.write_table(_failure_table(masks, controls, _written_text))
    if found.written and found.choice:
        output.write("\n")
    if found.choice:
        size = f"{_listed(found.choice)} · n {masks[0].n_choices}"
        output.write(shown(f"Margin of the right option in nats · {of_mask} · {size}") + "\n")
        output.write_table(_failure_table(masks, controls, _choice_text))


def _failure_table(
    masks: Sequence[MaskSums], controls: Sequence[MaskSums], text: Callable[[Sequence[MaskSums]], str]
) -> Table:
    """Abilities by variants, and below them all controls together; `text` makes a cell."""
    variants = list(dict.fromkeys(one.mask.variant for one in masks))
    heads = ("ablated", *(VARIANT_WORDS[variant] for variant in variants))
    table = plain_table(heads, left=heads, wraps=True)

    def cells(sums: Sequence[MaskSums]) -> list[str]:
        return [shown(text([one for one in sums if one.mask.variant == variant])) for variant in variants]

    for ability in dict.fromkeys(one.mask.ability for one in masks):
        table.add_row(SHORT_NAMES[ability], *cells([one for one in masks if one.mask.ability == ability]))
    if controls:
        table.add_row("(random)", *cells(controls), style="dim")
    return table


def _written_text(sums: Sequence[MaskSums]) -> str:
    """The frequent failures of the written answers under some masks together."""
    from core.analysis.diagnosis.failure_modes import LEAST_SHARE, frequent, shares

    found = shares(mode for one in sums for mode in one.modes.elements())
    failures = frequent(found)
    if failures:
        return ", ".join(share_text(share) for share in failures)
    same = next((share_text(share) for share in found if share.name == "same"), "none are the same")
    return f"{same}, no failure in {100 * LEAST_SHARE:.0f} % or more"


def _choice_text(sums: Sequence[MaskSums]) -> str:
    """The mean margin of the choices under some masks together; for one mask, with its preferences."""
    n = sum(one.n_choices for one in sums if one.margins)
    if not n:
        return "·"
    base, ablated = (
        sum(one.n_choices * one.margins[side] for one in sums if one.margins) / n for side in (0, 1)
    )
    preferences = sums[0].preferences if len(sums) == 1 else ()
    return " ".join((f"{base:+.1f} → {ablated:+.1f}", *preferences))


def _largest_ks(plan: Plan) -> str:
    """The largest k of each variant: `k 0.01`, or `k 0.01 (mlp), 0.003 (all)` if they differ."""
    largest = {variant: max(plan.ks_of(variant)) for variant in plan.variants if variant != "base"}
    if len(set(largest.values())) == 1:
        return f"k {max(plan.ks):g}"
    return "k " + ", ".join(f"{k:g} ({variant})" for variant, k in largest.items())


def _listed(benchmarks: Sequence[str]) -> str:
    return ", ".join(benchmarks) if len(benchmarks) <= NAMED else f"{len(benchmarks)} benchmarks"
