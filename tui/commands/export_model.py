"""`abilityscope export-model`: a copy of the model without an ability, as a checkpoint folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from tui import output
from tui.mask_options import (
    AUTO,
    AbilityName,
    ItemsForScoring,
    OneK,
    ScopeName,
    SelectionName,
    VariantName,
    find_ks,
    named_mask,
    open_runner,
    require_candidates,
)
from tui.option_groups import with_flags
from tui.options import Json, ModelFlags, RuleFlags, checked_arguments
from tui.progress import shown_progress


@with_flags
def export_model(
    model: ModelFlags,
    rule: RuleFlags,
    *,
    ability: AbilityName,
    to: Annotated[Path, typer.Option(help="Folder of the copy; must not exist.", metavar="DIR")],
    variant: VariantName = "mlp",
    k: OneK = None,
    selection: SelectionName = None,
    scope: ScopeName = "global",
    n_items: ItemsForScoring = None,
    as_json: Json = False,
) -> None:
    """Write a copy of the model with an ability's weights at 0.

    The folder has safetensors, config, tokenizer and a model card that says how it was made. Models that are
    4-bit in memory cannot be copied.
    """
    from core.run.ablated_copy import check_copy, write_copy

    with checked_arguments():
        require_candidates(variant)
        spec = named_mask(model, rule, ability, variant, selection, scope, k)
        assert spec is not None, "there is an ability, and the variant is not base"
    with shown_progress() as emit:
        runner = open_runner(model, rule.rule, emit, n_items=n_items)
        check_copy(runner, to)
        found = find_ks(runner, [spec]) if k == AUTO else ()
        spec = replace(spec, k=found[0].k) if found else spec
        mask = runner.mask(spec)
        write_copy(runner, spec, mask, to)
    if as_json:
        output.write_document({"to": str(to), "mask": str(spec), "weights": len(mask)})
    else:
        output.write(f"{spec}: {len(mask):,} weights at 0\nWritten: {to}\n")
        output.note(f"abilityscope bench --model {to} --benchmark {spec.ability} evaluates it.")
