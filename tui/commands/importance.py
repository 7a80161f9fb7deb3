"""`abilityscope importance`: scores every weight for one ability and shows where the top ones are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tui import output
from tui.mask_options import (
    AUTO,
    AbilityName,
    ItemsForScoring,
    OneK,
    ScopeName,
    VariantName,
    find_ks,
    open_runner,
    require_candidates,
    start_k,
)
from tui.numbers import percent
from tui.option_groups import with_flags
from tui.options import Json, ModelFlags, RuleFlags, checked_arguments
from tui.progress import shown_progress
from tui.result_words import shown_text

if TYPE_CHECKING:
    from core.abilities import Item
    from core.masks.mask import Mask
    from core.run.runner import Runner
    from core.run.specs import MaskSpec

MOST_OWN_ITEMS = 1000
"""Most items of a file that are used without --n-items."""


@with_flags
def importance(
    model: ModelFlags,
    rule: RuleFlags,
    *,
    ability: AbilityName,
    variant: VariantName = "all",
    k: OneK = None,
    scope: ScopeName = "global",
    n_items: ItemsForScoring = None,
    items: Annotated[
        Path | None, typer.Option(help="Your own items (JSONL or Parquet).", metavar="FILE")
    ] = None,
    as_json: Json = False,
) -> None:
    """Rank all weights for one ability.

    Scores every candidate weight, stores the ranking, and shows where the top weights are.
    """
    from cache.keys import as_plain
    from core.abilities import named_ability
    from core.analysis.shown import own_items
    from core.run.specs import MaskSpec

    with checked_arguments():
        ability = named_ability(ability).id
        require_candidates(variant)
        first_k = start_k(model.spec, k, "top")
    own = _custom_items(items, ability, n_items or MOST_OWN_ITEMS, model.seed)
    mask_spec = MaskSpec(ability, variant, "top", first_k, model.seed, scope)
    with shown_progress() as emit:
        runner = open_runner(model, rule.rule, emit, n_items=n_items, custom_items=own)
        found = find_ks(runner, [mask_spec]) if k == AUTO else ()
        mask_spec = replace(mask_spec, k=found[0].k) if found else mask_spec
        mask = runner.mask(mask_spec)
        scored, heldout = own_items(runner, ability)
    document = _document(runner, mask_spec, mask)
    document |= {"prompt": runner.spec.style, "level": runner.spec.level}
    document |= {"right": {"scored": scored.figures(), "heldout": heldout.figures()}}
    document |= {"auto_k": [as_plain(one.figures()) for one in found]}
    if as_json:
        output.write_document(document)
    else:
        _write(mask_spec, document)
        words = f"The intact model: {shown_text(scored)} of the items that score weights; held out "
        output.write(f"{words}{shown_text(heldout)}.\n")
        if not heldout.is_shown:
            output.write("Not shown by this model: held out it is not above chance, so this says nothing.\n")


def _custom_items(path: Path | None, ability: str, limit: int, seed: int) -> dict[str, tuple[Item, ...]]:
    """The items of a file, by ability; a note on stderr says what was read."""
    if path is None:
        return {}
    from core.abilities.custom_items import load_items

    own = load_items(path, seed=seed, limit=limit)
    prior = ", ".join(f"{share:.2f}" for share in own.report.gold_position_prior)
    output.note(
        f"{path}: {own.report.rows} rows, {len(own.items)} used; gold positions as read: {prior}; "
        "options are shuffled."
    )
    return {ability: own.items}


def _document(runner: Runner, mask_spec: MaskSpec, mask: Mask) -> dict[str, Any]:
    """The selected weights by matrix: their number, share of the matrix, and enrichment."""
    from core.masks.layout import Layout
    from core.run.specs import mask_weights

    candidates = runner.space.candidates(mask_spec.variant)
    total = sum(matrix.size for matrix in candidates)
    counts = mask.count_by_matrix(Layout(runner.space.matrices)).tolist()
    metadata = runner.ranking_metadata(mask_spec)
    return {
        "ability": mask_spec.ability,
        "variant": mask_spec.variant,
        "scope": mask_spec.scope,
        "k": mask_spec.k,
        "weights": len(mask),
        "share_of_model": len(mask) / runner.info.parameters,
        "share_of_candidates": len(mask) / total,
        "loss": runner.importance.loss,
        "reduction": runner.importance.reduction,
        "items": len(runner.diagnostic_set(mask_spec.ability).items()),
        "split_half_overlap": metadata["split_half_overlap"].get(str(mask_weights(mask_spec, runner.info))),
        "ranking": runner.ranking_key(mask_spec),
        "by_matrix": [
            {
                "layer": matrix.layer,
                "kind": matrix.kind,
                "selected": counts[matrix.index],
                "share": counts[matrix.index] / matrix.size,
                "enrichment": counts[matrix.index] / matrix.size * total / max(1, len(mask)),
            }
            for matrix in candidates
        ],
    }


def _write(mask_spec: MaskSpec, document: dict[str, Any]) -> None:
    overlap = document["split_half_overlap"]
    title = (
        f"{mask_spec}: {document['weights']:,} weights, {percent(document['share_of_model'])} of the model, "
        f"{percent(document['share_of_candidates'])} of the candidates"
    )
    output.write(f"{title}\n")
    kinds = list(dict.fromkeys(row["kind"] for row in document["by_matrix"]))
    table = output.plain_table(("layer", *kinds), left=(), wraps=True)
    shares = {(row["layer"], row["kind"]): row["share"] for row in document["by_matrix"]}
    for layer in sorted({row["layer"] for row in document["by_matrix"]}):
        table.add_row(str(layer), *(percent(shares[layer, kind]) for kind in kinds))
    output.write_table(table)
    output.write("Numbers: selected share of each matrix.\n")
    if overlap is not None:
        output.write(
            f"Split-half overlap of the {document['items']} items: {overlap:.0%} of these weights.\n"
        )
