"""`abilityscope bench`: one benchmark, on the intact model or under a mask."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.masks.choices import Scope, Selection
from core.models.matrices import Variant
from tui import output
from tui.bench_options import (
    ItemsForScoring,
    ScopeName,
    chosen_selection,
    note_insisting,
    open_runner,
)
from tui.k_options import AUTO, OneK, found_ks, start_k
from tui.options import Json, RunOptions, checked_arguments, with_model_options
from tui.progress import shown_progress
from tui.quality_words import answers_text, perplexity_text
from tui.safe_text import shown

if TYPE_CHECKING:
    import polars as pl

    from core.analysis.generation_quality import GenerationQuality
    from core.analysis.statistics.accuracy import Verdict
    from core.analysis.statistics.cells import CellStatistics
    from core.benchmarks.benchmark import Benchmark
    from core.experiment.specs import MaskSpec
    from core.runner.auto_k import FoundK
    from core.runner.runner import Runner


@with_model_options
def bench(
    options: RunOptions,
    *,
    benchmark: Annotated[
        str,
        typer.Option(
            help="A benchmark, such as spatial_reasoning or arc_easy (`benchmarks` lists them), or the "
            ".toml file of a custom one.",
            metavar="NAME",
        ),
    ],
    ability: Annotated[
        str | None, typer.Option(help="Ablate this ability. Default: the intact model.", metavar="NAME")
    ] = None,
    variant: Annotated[Variant, typer.Option(help="Where to ablate.")] = "mlp",
    k: OneK = None,
    selection: Annotated[
        Selection | None,
        typer.Option(help="Which weights. Default: contrast for demo, else top.", show_default=False),
    ] = None,
    scope: ScopeName = "global",
    limit: Annotated[int | None, typer.Option(min=1, help="Items.", metavar="N", show_default="all")] = None,
    n_items: ItemsForScoring = 1000,
    as_json: Json = False,
) -> None:
    """Run one benchmark; with --ability, on the model without that ability, beside the intact one.

    The score is the mean over the items, which is how lm-evaluation-harness weights MMLU's subjects and
    BIG-Bench Hard's subtasks too.
    """
    from core.analysis.generation_quality import mask_generation_qualities
    from core.benchmarks.registry import find_benchmarks
    from core.models.description import selectable_weights
    from core.runner.runs import outcomes_of

    with checked_arguments():
        chosen = find_benchmarks([benchmark], options.spec.level, options.benchmark_options)[0]
        mask = _mask(options, ability, variant, selection, scope, k)
    n = min(limit or chosen.n_items, chosen.n_items)
    note_insisting(options, [chosen])
    with shown_progress() as emit:
        runner = open_runner(options, emit, n_items=n_items, way=options.way)
        found = found_ks(runner, [mask]) if mask is not None and k == AUTO else ()
        if mask is not None:
            mask = replace(mask, k=found[0].k) if found else mask
            selectable_weights(mask.k, mask.variant, runner.info)  # before minutes of the intact model
        base = outcomes_of(runner, runner.request(None, chosen, n))
        ablated = None if mask is None else outcomes_of(runner, runner.request(mask, chosen, n))
        effect = None if ablated is None else _effect(base, ablated, chosen, options.seed)
        generation_quality = None if mask is None else mask_generation_qualities(runner, [mask]).get(mask)
        report = Report(
            chosen,
            options,
            mask,
            base,
            base if ablated is None else ablated,
            effect,
            generation_quality,
            found,
        )
        if as_json:
            output.write_document(_document(report, runner))
        else:
            _write(report, runner)


@dataclass(frozen=True, eq=False)
class Report:
    """What a command of this kind found."""

    benchmark: Benchmark
    options: RunOptions
    mask: MaskSpec | None
    base: pl.DataFrame
    """The intact model's outcomes."""
    frame: pl.DataFrame
    """Those that were asked for: the ablated model's, or the same."""
    effect: CellStatistics | None
    generation_quality: GenerationQuality | None
    """Of the mask."""
    found: tuple[FoundK, ...]
    """How its k was found; empty where it was given."""

    @property
    def is_at_chance(self) -> bool:
        """Whether the mask takes the benchmark down to chance."""
        from core.analysis.statistics.accuracy import collapsed

        effect = self.effect
        if effect is None or effect.chance is None or not effect.defined:
            return False
        return collapsed([effect.score], [effect.chance], [effect.n])

    @property
    def verdict(self) -> Verdict:
        """Whether the intact model's score is one that a working set-up gives."""
        from core.analysis.statistics.accuracy import plausible_range
        from core.analysis.statistics.cells import limits_of

        return plausible_range(_mean(self.base["score"]), limits_of(self.benchmark))


def _mask(
    options: RunOptions,
    ability: str | None,
    variant: Variant,
    selection: Selection | None,
    scope: Scope,
    k: str | None,
) -> MaskSpec | None:
    """The mask that the options name; None for the intact model.

    Raises:
        ValueError: there is no such ability, or k is out of range, or not looked for with this selection.
    """
    from core.abilities import find_ability
    from core.experiment.specs import MaskSpec

    if ability is None or variant == "base":
        return None
    chosen = chosen_selection(options, selection)
    share = start_k(options, k, variant, chosen)
    return MaskSpec(find_ability(ability).id, variant, chosen, share, options.seed, scope)


def _effect(base: pl.DataFrame, ablated: pl.DataFrame, benchmark: Benchmark, seed: int) -> CellStatistics:
    from core.analysis.statistics.cells import frame_statistics

    return frame_statistics(base, [ablated], benchmark, seed)[0]


def _document(report: Report, runner: Runner) -> dict[str, Any]:
    from cache.keys import as_plain

    benchmark, frame = report.benchmark, report.frame
    documents = benchmark.documents(runner.spec, len(frame))
    document: dict[str, Any] = {
        "benchmark": benchmark.id,
        "model": {"name": runner.spec.name, **as_plain(runner.identity)},
        "options": as_plain(report.options.benchmark_options),
        "n": len(frame),
        "score": _mean(frame["score"]),
        "metrics": benchmark.source.metric_means(documents, frame),
        "families": _families(frame, [document.family for document in documents]),
        "chance": benchmark.chance,
        "plausible_range": report.verdict.holds,
        "mask": None if report.mask is None else as_plain(report.mask),
        "auto_k": [as_plain(found.figures()) for found in report.found],
        "effect": None,
        "generation_quality": None,
        "outcomes": [_outcome(row) for row in frame.rename({"item_id": "id"}).to_dicts()],
    }
    if report.effect is not None:
        document["effect"] = output.finite(asdict(report.effect)) | {"at_chance": report.is_at_chance}
    if report.generation_quality is not None:
        document["generation_quality"] = report.generation_quality.figures()
    return document


def _outcome(row: dict[str, Any]) -> dict[str, Any]:
    """One outcome, with what there is of it: log-likelihoods, or a text."""
    shared = ("id", "gold", "prediction", "correct", "score")
    own = ("loglikelihoods",) if row["text"] is None else ("text", "answer", "finish")
    return {name: row[name] for name in (*shared, *own)}


def _families(frame: pl.DataFrame, families: list[str]) -> dict[str, Any]:
    """Items and score of each subject or subtask; none where there are no such."""
    import polars as pl

    by_family = frame.select("score").with_columns(family=pl.Series(families, dtype=pl.String))
    groups = by_family.filter(pl.col("family") != "").group_by("family", maintain_order=True)
    found = groups.agg(n=pl.len(), score=pl.col("score").cast(float).mean()).to_dicts()
    return {row["family"]: {"n": row["n"], "score": row["score"]} for row in found}


def _write(report: Report, runner: Runner) -> None:
    from core.analysis.statistics.accuracy import accuracy

    benchmark, base, effect = report.benchmark, report.base, report.effect
    chance = "no chance level" if benchmark.chance is None else f"chance {benchmark.chance:.2f}"
    score = f"base      {_mean(base['score']):.3f}"
    if base["score"].cast(bool).equals(base["correct"]) and base["score"].is_in([0.0, 1.0]).all():
        intact = accuracy(base["correct"].to_numpy())
        score += f" [{intact.low:.3f}, {intact.high:.3f}]"
    lines = [f"{benchmark.name} · {benchmark.metrics[0]} · n {len(base)} · {chance}", score]
    lines.insert(1, f"model     {runner.spec.name}, {_stored_as(runner)}, on {runner.identity.device}")
    if not report.verdict.holds:
        lines.append(f"          {report.verdict.reason}")
    if effect is not None:
        lines.append(f"ablated   {effect.score:.3f}   {report.mask}")
        if effect.defined:
            lines.append(
                f"AIS       {effect.ais:.2f} [{effect.ais_low:.2f}, {effect.ais_high:.2f}]   "
                f"McNemar p {effect.p_value:.2g}"
            )
            if effect.detectable_ais is not None:
                lines.append(
                    f"          with n {effect.n:,}, below {effect.detectable_ais:.2f} cannot be told from 0 "
                    "(power 0.8)"
                )
        else:
            lines.append(f"AIS       {effect.reason if report.verdict.holds else 'none, for that reason'}")
        if report.is_at_chance:
            lines.append("          down to chance: a mask that does so to every benchmark says nothing")
            lines.append("          about abilities")
        if report.generation_quality is not None:
            lines.append(f"quality   {perplexity_text(report.generation_quality)}")
            lines.append(f"          {answers_text(report.generation_quality, beside_intact=True)}")
        lines.append("A control says what chance does: the same with --selection random.")
    output.write("".join(f"{shown(line)}\n" for line in lines))


def _stored_as(runner: Runner) -> str:
    """How the weights are in memory, and whether that is because the checkpoint has them so."""
    is_own = runner.spec.keeps_dtype(runner.info.quantization)
    return f"{runner.info.stored_as}{' as in the checkpoint' if is_own else ''}"


def _mean(scores: pl.Series) -> float:
    """The mean of scores, in double precision."""
    return float(scores.cast(float).to_numpy().mean())
