"""`abilityscope overlap`: how many weights the abilities' masks share."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.masks.choices import Selection
from tui import output
from tui.mask_options import (
    ItemsForScoring,
    ScopeName,
    VariantName,
    default_k,
    open_runner,
    require_candidates,
)
from tui.names import SHORT_NAMES
from tui.option_groups import with_flags
from tui.options import Json, ModelFlags, RuleFlags, checked_arguments
from tui.progress import shown_progress

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.table import Table

    from core.analysis.mask_tables import Overlaps
    from core.run.runner import Runner
    from core.run.specs import MaskSpec

LEGEND = (
    "Jaccard: shared weights as a fraction of the weights of either mask.\n"
    "Lift: shared weights as a multiple of what two random masks share.\n"
)


@with_flags
def overlap(
    model: ModelFlags,
    rule: RuleFlags,
    *,
    variant: VariantName = "mlp",
    k: Annotated[
        float | None,
        typer.Option(help="Fraction of all parameters to select.", metavar="K", show_default=False),
    ] = None,
    selection: Annotated[Selection, typer.Option(help="Which of the candidates.")] = "top",
    scope: ScopeName = "global",
    n_items: ItemsForScoring = None,
    as_json: Json = False,
) -> None:
    """Compare the masks of all abilities.

    Missing rankings are computed.
    """
    from core.abilities import ABILITIES
    from core.run.specs import MaskSpec, mask_weights

    require_candidates(variant)
    k = default_k(model.spec) if k is None else k
    mask = MaskSpec(ABILITIES[0].id, variant, selection, k, model.seed, scope)
    with shown_progress() as emit:
        runner = open_runner(model, rule.rule, emit, n_items=n_items)
        with checked_arguments():
            mask_weights(mask, runner.info)
        found = _completed(runner, mask)
    title = f"{variant} · {selection} · k {k:g}" + ("" if scope == "global" else f" · scope {scope}")
    if as_json:
        asked = {"variant": variant, "selection": selection, "scope": scope, "k": k}
        output.write_document(asked | _document(found))
    else:
        _write(found, title)


def _completed(runner: Runner, mask: MaskSpec) -> Overlaps:
    """The overlaps of all ten abilities, after missing rankings are computed."""
    from core.analysis.mask_tables import overlaps

    found = overlaps(runner, mask)
    for mask_spec in found.missing:
        runner.mask(mask_spec, expected=found.missing)
    return overlaps(runner, mask) if found.missing else found


def _document(found: Overlaps) -> dict[str, Any]:
    return {
        "weights": found.n,
        "candidates": found.candidates,
        "abilities": list(found.abilities),
        "sizes": found.sizes.tolist(),
        "shared": found.shared.tolist(),
        "jaccard": _plain(found.jaccard.tolist()),
        "containment": _plain(found.containment.tolist()),
        "lift": _plain(found.lift.tolist()),
        "split_half_overlap": dict(found.split_half_overlaps),
    }


def _plain(rows: Sequence[Sequence[float]]) -> list[list[float | None]]:
    """The numbers, None where there is none: the lift of a mask without weights."""
    return [[None if math.isnan(value) else value for value in row] for row in rows]


def _write(found: Overlaps, title: str) -> None:
    fewest, most = int(found.sizes.min()), int(found.sizes.max())
    sizes = f"{most:,}" if fewest == most else f"{fewest:,} to {most:,}"
    output.write(f"{title} · {sizes} weights of {found.candidates:,} candidates\n\n")
    output.write_table(_table("Jaccard", found, found.jaccard.tolist(), lambda value: f"{value:.2f}"))
    output.write("\n")
    output.write_table(_table("Lift over chance", found, found.lift.tolist(), _factor))
    output.write(f"\n{LEGEND}")
    if found.split_half_overlaps:
        low, high = min(found.split_half_overlaps.values()), max(found.split_half_overlaps.values())
        output.write(f"Split-half overlap of an ability's items: {low:.0%} to {high:.0%} of its weights.\n")


def _factor(value: float) -> str:
    """A factor in five columns, such as `9.6`, `238` or `24k`."""
    if value >= 9999.5:
        return f"{value / 1000:.0f}k"
    return f"{value:.1f}" if value < 99.95 else f"{value:.0f}"


def _table(
    title: str, found: Overlaps, rows: Sequence[Sequence[float]], write: Callable[[float], str]
) -> Table:
    heads = ("", *(SHORT_NAMES[ability] for ability in found.abilities))
    table = output.plain_table(heads, title=title, is_tight=True)
    for ability, row in zip(found.abilities, rows, strict=True):
        table.add_row(SHORT_NAMES[ability], *("·" if math.isnan(value) else write(value) for value in row))
    return table
