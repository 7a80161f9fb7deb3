"""`abilityscope compare`: what a second model, or another form of the same one, has lost, by ability."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast, get_args

import typer

from core.masks.choices import DEFAULT_SELECTION, Selection
from core.models.matrices import Variant
from core.models.spec import (
    AskedLevel,
    AskedPrompt,
    DType,
    ModelSpec,
    Quantization,
    one_of,
)
from tui import output
from tui.comparison_tables import write_comparison, write_masks
from tui.mask_options import (
    ItemsForScoring,
    SelectionName,
    default_k,
    note_options,
    parsed_variant,
    require_candidates,
    words,
)
from tui.option_groups import with_flags
from tui.options import BenchmarkFlags, CacheDir, Json, Seed, UsageError, checked_arguments, open_store
from tui.progress import shown_progress

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from core.benchmarks.benchmark import Benchmark
    from core.run.events import Event
    from core.run.runner import Runner
    from core.run.specs import MaskSpec

FILES = ("comparison.parquet", "items.parquet")
"""The files of `--out`."""


@dataclass(frozen=True)
class PairFlags:
    """The two models. Each field is an option."""

    model: Annotated[
        str, typer.Option(help="A: smollm2, a folder, a GGUF file, or a hub id (owner/name).", metavar="NAME")
    ]
    other: Annotated[
        str | None,
        typer.Option("--with", help="B; its architecture may differ.", metavar="NAME", show_default="A"),
    ] = None
    quantization: Annotated[str, typer.Option(help="none, nf4 or fp4; of A,B if two.", metavar="Q[,R]")] = (
        "none"
    )
    dtype: Annotated[
        str,
        typer.Option(help="auto, bfloat16, float16 or float32; of A,B if two.", metavar="D[,E]"),
    ] = "auto"
    device: Annotated[str, typer.Option(help="Device.", metavar="auto|cpu|cuda:N|mps")] = "auto"
    prompt: Annotated[AskedPrompt, typer.Option(help="Form of the items; auto: what A does better.")] = "auto"
    level: Annotated[AskedLevel, typer.Option(help="Level of the items; auto: what fits A.")] = "auto"
    cache_dir: CacheDir = None
    seed: Seed = 0

    @property
    def specs(self) -> tuple[ModelSpec, ModelSpec]:
        """A and B.

        Raises:
            UsageError: they are the same, or a word is unknown.
        """
        quantizations = _two(self.quantization, get_args(Quantization), "quantization")
        dtypes = _two(self.dtype, get_args(DType), "dtype")
        names = (self.model, self.other or self.model)
        with checked_arguments():
            a, b = (
                ModelSpec(
                    name,
                    cast(Quantization, quantization),
                    cast(DType, dtype),
                    self.device,
                    prompt=self.prompt,
                    level_asked=self.level,
                )
                for name, quantization, dtype in zip(names, quantizations, dtypes, strict=True)
            )
            if a == b:
                raise ValueError(
                    "A and B are the same: give --with, or two of --quantization or --dtype, as in none,nf4."
                )
            if a.is_embedded != b.is_embedded:
                raise ValueError("An embedded model has prompts of its own: compare it with another such.")
        return a, b


def _two(text: str, allowed: tuple[str, ...], what: str) -> tuple[str, str]:
    """The word of A and that of B."""
    with checked_arguments():
        found = [one_of(word, allowed, what) for word in words(text)]
    if len(found) not in (1, 2):
        raise UsageError(f"--{what} '{text}' names {len(found)}: give one, or one for each model.")
    return found[0], found[-1]


@with_flags
def compare(
    pair: PairFlags,
    running: BenchmarkFlags,
    *,
    benchmarks: Annotated[
        str, typer.Option(help="Benchmarks, separated by commas, or a group such as all.", metavar="X,Y")
    ] = "diagnostic",
    limit: Annotated[
        int | None, typer.Option(min=1, help="Items per benchmark.", metavar="N", show_default="all")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the table and all items.", metavar="DIR")
    ] = None,
    variant: Annotated[
        Variant | None,
        typer.Option(
            parser=parsed_variant,
            metavar="mlp|all",
            help="Also compare the masks of mlp or all, as far as profiles of both models are in the cache.",
            show_default=False,
        ),
    ] = None,
    k: Annotated[
        float | None, typer.Option(help="Of these masks; fraction of all parameters.", metavar="K")
    ] = None,
    selection: SelectionName = None,
    n_items: ItemsForScoring = None,
    as_json: Json = False,
) -> None:
    """Compare two models by ability, item by item.

    Shows what quantization, fine-tuning or distillation has cost: --model A --with B, or one model in two
    forms, such as --model A --quantization none,nf4. Nothing is ablated. One model is in memory at a time.
    """
    from core.analysis.model_comparison import compared_benchmarks, compared_items
    from core.benchmarks.registry import find_benchmarks

    a, b = pair.specs
    mask = _mask(a, variant, k, selection, pair.seed)
    with checked_arguments():
        find_benchmarks(words(benchmarks), running.benchmark_options, a.settled("text", "plain").style)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)  # before hours are spent on what goes into it
    with shown_progress() as emit:
        first = _open(pair, a, n_items, emit)
        chosen = find_benchmarks(words(benchmarks), running.benchmark_options, first.spec.style)
        note_options(running, chosen)
        second = _open(pair, b.settled(first.spec.prompt, first.spec.level_asked), n_items, emit)
        of_a, of_b = (_outcomes(runner, chosen, limit) for runner in (first, second))
    table = compared_benchmarks(chosen, of_a, of_b, pair.seed)
    if out is not None:
        _write_files(out, table, compared_items(chosen, of_a, of_b))
    masks = None if mask is None else _masks(first, second, mask, chosen, limit)
    if as_json:
        document = {"a": _named(first), "b": _named(second), "benchmarks": table.to_dicts()}
        names = ("shared_weights", "effects")
        more = dict(zip(names, (one.to_dicts() for one in masks or ()), strict=False))
        output.write_document({**document, **more})
        return
    write_comparison(table, _form(first), _form(second))
    if masks is not None:
        write_masks(*masks)
    if out is not None:
        output.note(f"Written: {out}/{', '.join(FILES)}")


def _mask(
    spec: ModelSpec, variant: Variant | None, k: float | None, selection: Selection | None, seed: int
) -> MaskSpec | None:
    """What masks to compare, that of the first ability; None if none are."""
    from core.abilities import ABILITIES
    from core.run.specs import MaskSpec

    if variant is None:
        return None
    require_candidates(variant)
    selection = selection or DEFAULT_SELECTION
    return MaskSpec(ABILITIES[0].id, variant, selection, default_k(spec) if k is None else k, seed)


def _masks(
    first: Runner, second: Runner, mask: MaskSpec, benchmarks: tuple[Benchmark, ...], limit: int | None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Shared weights, and differences of effects."""
    from core.analysis.model_comparison import compared_effects, shared_weights

    shared = shared_weights(first, second, mask)
    return shared, compared_effects(first, second, mask, benchmarks, limit)


def _open(pair: PairFlags, spec: ModelSpec, n_items: int | None, emit: Callable[[Event], None]) -> Runner:
    """The runner of one model, with settled prompt form and level."""
    from core.analysis.probe import settle
    from core.run.runner import Runner
    from core.run.specs import ImportanceSpec, usual_n_items

    scoring = ImportanceSpec(n_items or usual_n_items(spec), seed=pair.seed)
    runner = Runner(spec, open_store(pair.cache_dir), scoring, emit=emit)
    settle(runner)
    return runner


def _outcomes(runner: Runner, benchmarks: tuple[Benchmark, ...], limit: int | None) -> list[pl.DataFrame]:
    """The intact model's outcomes on each benchmark; afterwards it is not in memory any more."""
    from core.analysis.stored import items_of
    from core.run.runs import all_outcomes

    requests = [runner.request(None, one, items_of(one, limit)) for one in benchmarks]
    found = all_outcomes(runner, requests)
    runner.forget_model()
    return found


def _named(runner: Runner) -> dict[str, Any]:
    """A model in plain values."""
    names = runner.identity
    return {
        "model": runner.spec.name,
        "fingerprint": names.fingerprint,
        "quantization": names.quantization,
        "dtype": names.dtype,
        "prompt": runner.spec.style,
        "level": runner.spec.level,
    }


def _write_files(out: Path, table: pl.DataFrame, items: pl.DataFrame) -> None:
    from cache.files import write_atomically

    for name, frame in zip(FILES, (table, items), strict=True):
        write_atomically(out / name, frame.write_parquet)


def _form(runner: Runner) -> str:
    """A model and its format in memory, such as `smollm2 (nf4, bfloat16)`."""
    quantization, dtype = runner.identity.quantization, runner.identity.dtype
    return f"{runner.spec.name} ({dtype if quantization == 'none' else f'{quantization}, {dtype}'})"
