"""`abilityscope bench`: one benchmark, on the intact model or under a mask."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tui import output
from tui.mask_options import (
    AUTO,
    AblatedAbility,
    ItemsForScoring,
    OneK,
    ScopeName,
    SelectionName,
    VariantName,
    find_ks,
    named_mask,
    note_options,
    open_runner,
)
from tui.option_groups import with_flags
from tui.options import (
    BenchmarkFlags,
    Json,
    ModelFlags,
    RuleFlags,
    checked_arguments,
)
from tui.progress import shown_progress
from tui.result_words import answers_text, cut_text, detectable_text, new_tokens_text, perplexity_text
from tui.safe_text import shown

if TYPE_CHECKING:
    import polars as pl

    from core.analysis.auto_k import FoundK
    from core.analysis.generation_quality import GenerationQuality
    from core.analysis.statistics.cells import CellStatistics
    from core.analysis.statistics.scores import Verdict
    from core.benchmarks.benchmark import Benchmark, BenchmarkOptions, Document
    from core.run.runner import Runner
    from core.run.specs import MaskSpec


@with_flags
def bench(
    model: ModelFlags,
    rule: RuleFlags,
    running: BenchmarkFlags,
    *,
    benchmark: Annotated[
        str,
        typer.Option(
            help="A benchmark, such as spatial_reasoning or arc_easy (`benchmarks` lists them), or the "
            ".yaml file of a custom one.",
            metavar="NAME",
        ),
    ],
    ability: AblatedAbility = None,
    variant: VariantName = "mlp",
    k: OneK = None,
    selection: SelectionName = None,
    scope: ScopeName = "global",
    limit: Annotated[
        int | None, typer.Option(min=1, help="Items to evaluate.", metavar="N", show_default="all")
    ] = None,
    n_items: ItemsForScoring = None,
    as_json: Json = False,
) -> None:
    """Run one benchmark, intact or ablated.

    With --ability, runs the intact and the ablated model and compares them.

    The score is the mean over all items; lm-evaluation-harness also weights the subjects of MMLU and the
    subtasks of BIG-Bench Hard so.
    """
    from core.benchmarks.registry import GROUPS, find_benchmarks, is_generated

    with checked_arguments():
        if benchmark in GROUPS:
            raise ValueError(
                f"'{benchmark}' stands for several benchmarks: give one, or run them all with "
                f"'profile --benchmarks {benchmark}' (and '--variants base' for the intact model alone)."
            )
        (chosen,) = find_benchmarks([benchmark], running.benchmark_options)
        mask = named_mask(model, rule, ability, variant, selection, scope, k)
    note_options(running, [chosen])
    with shown_progress() as emit:
        needs_items = mask is not None or is_generated(chosen)
        runner = open_runner(model, rule.rule, emit, n_items=n_items, needs_items=needs_items)
        found = find_ks(runner, [mask]) if mask is not None and k == AUTO else ()
        if mask is not None and found:
            mask = replace(mask, k=found[0].k)
        report = _run(runner, chosen, mask, limit)
        if as_json:
            output.write_document(_document(report, runner, running.benchmark_options, found))
        else:
            _write(report, runner)


@dataclass(frozen=True, eq=False)
class Report:
    """The results of the command."""

    benchmark: Benchmark
    mask: MaskSpec | None
    base: pl.DataFrame
    """Outcomes of the intact model."""
    frame: pl.DataFrame
    """Outcomes of the ablated model; without a mask, those of the intact one."""
    effect: CellStatistics | None
    quality: GenerationQuality | None
    """Generation quality under the mask; None without a mask, or where it is not measured."""
    documents: tuple[Document, ...]

    def metrics(self, frame: pl.DataFrame) -> dict[str, float]:
        """Every metric of some outcomes."""
        return self.benchmark.source.metric_means(self.documents, frame)

    @property
    def is_at_chance(self) -> bool:
        """Whether the ablated model is at chance."""
        from core.analysis.statistics.scores import collapsed

        effect = self.effect
        if effect is None or effect.chance is None or not effect.defined:
            return False
        return collapsed([effect.score], [effect.chance], [effect.n])

    @property
    def verdict(self) -> Verdict:
        """Whether the intact model's score is in the benchmark's plausible range."""
        from core.analysis.statistics.cells import limits_of
        from core.analysis.statistics.scores import is_plausible

        return is_plausible(_mean(self.base["score"]), limits_of(self.benchmark), len(self.base))


def _run(runner: Runner, benchmark: Benchmark, mask: MaskSpec | None, limit: int | None) -> Report:
    """Evaluates the intact and, with a mask, the ablated model.

    Raises:
        ValueError: the mask has no or too many weights.
    """
    from core.analysis.generation_quality import mask_generation_qualities
    from core.analysis.statistics.cells import frame_statistics
    from core.run.runs import all_outcomes
    from core.run.specs import mask_weights

    n = min(limit or benchmark.n_items, benchmark.n_items)
    if mask is not None:
        mask_weights(mask, runner.info)  # before minutes of the intact model
    masks = [None] if mask is None else [None, mask]
    base, *rest = all_outcomes(runner, [runner.request(one, benchmark, n) for one in masks])
    documents = benchmark.documents(runner.spec, n)
    if mask is None:
        return Report(benchmark, None, base, base, None, None, documents)
    (ablated,) = rest
    (effect,) = frame_statistics(base, [ablated], benchmark, runner.importance.seed)
    quality = mask_generation_qualities(runner, [mask]).get(mask)
    return Report(benchmark, mask, base, ablated, effect, quality, documents)


def _document(
    report: Report, runner: Runner, options: BenchmarkOptions, found: tuple[FoundK, ...]
) -> dict[str, Any]:
    from cache.keys import as_plain
    from core.analysis.statistics.cells import truncated_of
    from core.benchmarks.benchmark import cut_new_tokens

    benchmark, frame = report.benchmark, report.frame
    document: dict[str, Any] = {
        "benchmark": benchmark.id,
        "model": {"name": runner.spec.name, **as_plain(runner.identity)},
        "prompt": runner.spec.style if runner.spec.is_settled else None,
        "level": runner.spec.level if runner.spec.is_settled else None,
        "options": as_plain(options),
        "n": len(frame),
        "truncated": truncated_of(frame),
        "new_tokens_cut": cut_new_tokens(report.documents, runner.info.positions),
        "score": _mean(frame["score"]),
        "metrics": report.metrics(frame),
        "base_metrics": report.metrics(report.base),
        "families": _families(frame, [document.family for document in report.documents]),
        "chance": benchmark.chance,
        "plausible": report.verdict.holds,
        "mask": None if report.mask is None else _mask_of(report.mask, runner),
        "auto_k": [as_plain(one.figures()) for one in found],
        "effect": None,
        "generation_quality": None,
        "outcomes": [_outcome(row) for row in frame.rename({"item_id": "id"}).to_dicts()],
    }
    if report.effect is not None:
        document["effect"] = output.finite(asdict(report.effect)) | {"at_chance": report.is_at_chance}
    if report.quality is not None:
        document["generation_quality"] = report.quality.figures()
    return document


def _mask_of(mask: MaskSpec, runner: Runner) -> Any:
    """The mask in plain values, with the number of items that scored its weights."""
    from cache.keys import as_plain

    return as_plain(replace(mask, n_items=runner.n_items_of(mask)))


def _outcome(row: dict[str, Any]) -> dict[str, Any]:
    """One outcome, with its log-likelihoods or its text."""
    shared = ("id", "gold", "prediction", "correct", "score", "cut")
    own = ("loglikelihoods",) if row["text"] is None else ("text", "answer", "finish")
    return {name: row[name] for name in (*shared, *own)}


def _families(frame: pl.DataFrame, families: list[str]) -> dict[str, Any]:
    """Number of items and score by subject or subtask; empty for a benchmark without."""
    import polars as pl

    by_family = frame.select("score").with_columns(family=pl.Series(families, dtype=pl.String))
    groups = by_family.filter(pl.col("family") != "").group_by("family", maintain_order=True)
    found = groups.agg(n=pl.len(), score=pl.col("score").cast(float).mean()).to_dicts()
    return {row["family"]: {"n": row["n"], "score": row["score"]} for row in found}


def _write(report: Report, runner: Runner) -> None:
    from core.analysis.statistics.cells import truncated_of
    from core.analysis.statistics.scores import accuracy
    from core.benchmarks.benchmark import cut_new_tokens

    benchmark, base, effect = report.benchmark, report.base, report.effect
    chance = "no chance level" if benchmark.chance is None else f"chance {benchmark.chance:.2f}"
    score = f"base      {_mean(base['score']):.3f}"
    if base["score"].cast(bool).equals(base["correct"]) and base["score"].is_in([0.0, 1.0]).all():
        intact = accuracy(base["correct"].to_numpy())
        score += f" [{intact.low:.3f}, {intact.high:.3f}]"
    lines = [f"{benchmark.name} · {benchmark.metrics[0]} · n {len(base)} · {chance}", score]
    lines.insert(1, f"model     {runner.spec.name}, {_stored_as(runner)}, on {runner.identity.device}")
    lines += _other_metrics(report.metrics(base))
    if truncated := truncated_of(base):
        lines.append(f"          {cut_text(truncated, len(base))}")
    if cut := cut_new_tokens(report.documents, runner.info.positions):
        lines.append(f"          {new_tokens_text(*cut)}")
    if not report.verdict.holds:
        lines.append(f"          {report.verdict.reason}")
    if effect is not None:
        lines.append(f"ablated   {effect.score:.3f}   {report.mask}")
        lines += _other_metrics(report.metrics(report.frame))
        if effect.defined:
            lines.append(
                f"AIS       {effect.ais:.2f} [{effect.ais_low:.2f}, {effect.ais_high:.2f}]   "
                f"McNemar p {effect.p_value:.2g}"
            )
            if effect.detectable_ais is not None:
                least = detectable_text(f"{effect.n:,}", f"{effect.detectable_ais:.2f}")
                lines.append(f"          {least}")
        else:
            lines.append(f"AIS       {effect.reason if report.verdict.holds else 'none, for that reason'}")
        if effect.ais_p is not None:
            lines.append(
                f"AIS_p     {effect.ais_p:.2f} [{effect.ais_p_low:.2f}, {effect.ais_p_high:.2f}]   "
                f"p(right) {effect.base_p_right:.3f} to {effect.p_right:.3f}"
            )
        if report.is_at_chance:
            lines.append("          at chance: a mask that does this to every benchmark says nothing about")
            lines.append("          abilities")
        if report.quality is not None:
            lines.append(f"quality   {perplexity_text(report.quality)}")
            lines.append(f"          {answers_text(report.quality, beside_intact=True)}")
        lines.append("For a control, run the same with --selection random.")
    output.write("".join(f"{shown(line)}\n" for line in lines))


def _other_metrics(metrics: dict[str, float]) -> list[str]:
    """A line for each metric but the first, which is the score."""
    return [f"          {value:.3f}   {name}" for name, value in [*metrics.items()][1:]]


def _stored_as(runner: Runner) -> str:
    """Format of the weights in memory, and whether it is the checkpoint's."""
    info = runner.info
    if info.file_type:
        return f"{info.stored_as} from {info.file_type}"
    is_own = runner.spec.keeps_dtype(info.quantization)
    return f"{info.stored_as}{' as in the checkpoint' if is_own else ''}"


def _mean(scores: pl.Series) -> float:
    """The mean of scores, in double precision."""
    return float(scores.cast(float).to_numpy().mean())
