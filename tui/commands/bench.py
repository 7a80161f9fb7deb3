"""`abilityscope bench`: one benchmark, on the intact model or under a mask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.choices import Selection, Variant, weights_of
from tui import output
from tui.bench_options import (
    FormName,
    ItemsForScoring,
    LossName,
    default_k,
    default_selection,
    open_workbench,
)
from tui.options import Json, ModelOptions, checked_arguments, with_model_options
from tui.progress import shown_progress

if TYPE_CHECKING:
    import polars as pl

    from core.benchmarks import Benchmark
    from core.statistics import CellStatistics
    from core.workbench import MaskRecipe


@with_model_options
def bench(
    options: ModelOptions,
    *,
    benchmark: Annotated[str, typer.Option(help="A benchmark, such as spatial_reasoning.", metavar="NAME")],
    ability: Annotated[
        str | None, typer.Option(help="Ablate this ability. Default: the intact model.", metavar="NAME")
    ] = None,
    variant: Annotated[Variant, typer.Option(help="Where to ablate.")] = "mlp",
    k: Annotated[
        float | None, typer.Option(help="Fraction of all parameters.", metavar="K", show_default=False)
    ] = None,
    selection: Annotated[
        Selection | None,
        typer.Option(help="Which weights. Default: contrast for demo, else top.", show_default=False),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Items.", metavar="N", show_default="all")] = None,
    n_items: ItemsForScoring = 1000,
    loss: LossName = "margin",
    form: FormName = "sum",
    as_json: Json = False,
) -> None:
    """Run one benchmark; with --ability, on the model without that ability, beside the intact one."""
    from core.benchmarks import find_benchmarks

    with checked_arguments():
        found = find_benchmarks([benchmark], options.spec.level)
        chosen = found[0]
        n = min(limit or chosen.n_items, chosen.n_items)
        mask = _mask(options, ability, variant, selection, k)
    with shown_progress() as tell:
        workbench = open_workbench(options, tell, n_items=n_items, loss=loss, form=form)
        if mask is not None:
            weights_of(mask.k, workbench.info.parameters)
        base = workbench.outcomes(workbench.request(None, chosen, n))
        ablated = None if mask is None else workbench.outcomes(workbench.request(mask, chosen, n))
    effect = None if ablated is None else _effect(base, ablated, chosen)
    if as_json:
        output.write_document(_document(chosen, base if ablated is None else ablated, mask, effect))
    else:
        _write(chosen, base, mask, effect)


def _mask(
    options: ModelOptions, ability: str | None, variant: Variant, selection: Selection | None, k: float | None
) -> MaskRecipe | None:
    """The mask that the options name; None for the intact model.

    Raises:
        ValueError: there is no such ability, or k is out of range.
    """
    from core.abilities import find_ability
    from core.workbench import MaskRecipe

    if ability is None or variant == "base":
        return None
    k = default_k(options, variant) if k is None else k
    weights_of(k, 1)
    chosen = selection or default_selection(options)
    return MaskRecipe(find_ability(ability).id, variant, chosen, k, options.seed)


def _effect(base: pl.DataFrame, ablated: pl.DataFrame, benchmark: Benchmark) -> CellStatistics:
    from core.statistics import cell_statistics

    answers = ablated["correct"].to_numpy()[None]
    return cell_statistics(base["correct"].to_numpy(), answers, benchmark.chance)[0]


def _document(
    benchmark: Benchmark, frame: pl.DataFrame, mask: MaskRecipe | None, effect: CellStatistics | None
) -> dict[str, Any]:
    from cache.keys import as_plain

    rows = frame.rename({"item_id": "id"}).to_dicts()
    shown = ("id", "gold", "prediction", "correct", "loglikelihoods")
    document: dict[str, Any] = {
        "benchmark": benchmark.id,
        "n": len(frame),
        "score": frame["correct"].mean(),
        "metrics": {"acc": frame["correct"].mean(), "acc_norm": frame["correct_norm"].mean()},
        "mask": None if mask is None else as_plain(mask),
        "effect": None,
        "outcomes": [{name: row[name] for name in shown} for row in rows],
    }
    if effect is not None:
        values = as_plain(effect).items()
        document["effect"] = {
            name: None if isinstance(v, float) and not abs(v) < float("inf") else v for name, v in values
        }
    return document


def _write(
    benchmark: Benchmark, base: pl.DataFrame, mask: MaskRecipe | None, effect: CellStatistics | None
) -> None:
    from core.statistics import accuracy

    intact = accuracy(base["correct"].to_numpy())
    lines = [
        f"{benchmark.name} · n {len(base)} · chance {benchmark.chance:.2f}",
        f"base      {intact.score:.3f} [{intact.low:.3f}, {intact.high:.3f}]",
    ]
    if effect is not None:
        lines.append(f"ablated   {effect.score:.3f}   {mask}")
        if effect.defined:
            lines.append(
                f"AIS       {effect.ais:.2f} [{effect.ais_low:.2f}, {effect.ais_high:.2f}]   "
                f"McNemar p {effect.p_value:.2g}"
            )
        else:
            lines.append(f"AIS       {effect.reason}")
        lines.append("A control says what chance does: the same with --selection random.")
    output.write("\n".join(lines) + "\n")
