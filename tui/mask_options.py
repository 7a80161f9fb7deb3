"""Options that name masks, `--k auto`, and the runner of the commands that ablate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from core.importance.scoring_rule import ScoringRule
from core.masks.choices import DEFAULT_SELECTION, Scope, Selection
from core.models.matrices import Variant, weights_of
from core.run.specs import CPU_ITEMS, EMBEDDED_ITEMS, GPU_ITEMS, ImportanceSpec, usual_n_items
from tui import output
from tui.frontier_words import found_k_text, search_text, tried_k_text
from tui.names import named_variant
from tui.options import ModelFlags, RuleFlags, UsageError, checked_arguments

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from core.abilities import Item
    from core.analysis.auto_k import FoundK
    from core.benchmarks.benchmark import Benchmark
    from core.models.spec import ModelSpec
    from core.run.events import Event
    from core.run.runner import Runner
    from core.run.specs import MaskSpec
    from tui.options import BenchmarkFlags

DEMO_K = 0.01
"""Default k of the embedded models, a fraction of all parameters: at a larger one the demo model cannot write
under some of the masks."""

REAL_K = 1e-4
"""Default k of real models, at which SmolLM2 can write under every mask of the default selection."""

AUTO = "auto"
"""Value of `--k`: the k at which masks best tell their own ability from others."""

AUTO_HELP = (
    "auto: the k of a grid at which masks take most from their own ability and least from the others, as "
    "long as the model can still write; each mask is asked 20 items of every ability that report nothing, "
    "at each k up to the first that is too large"
)


def parsed_variant(text: str) -> Variant:
    """The named variant.

    Raises:
        UsageError: there is none of that name.
    """
    with checked_arguments():
        return named_variant(text)


AbilityName = Annotated[
    str, typer.Option(help="An ability, such as deductive_reasoning, or deductive for short.", metavar="NAME")
]
AblatedAbility = Annotated[
    str | None,
    typer.Option(help="Ablate this ability, such as deductive. Default: the intact model.", metavar="NAME"),
]
VariantName = Annotated[
    Variant,
    typer.Option(
        parser=parsed_variant,
        help="Weights to ablate: of the MLPs, or of all layers.",
        metavar="base|mlp|all",
    ),
]
ItemsForScoring = Annotated[
    int | None,
    typer.Option(
        "--n-items",
        min=2,
        help="Diagnostic items per ability, from which weights are scored.",
        metavar="N",
        show_default=f"{EMBEDDED_ITEMS} for demo, else {GPU_ITEMS} on a GPU, {CPU_ITEMS} on a CPU",
    ),
]
OneK = Annotated[
    str | None,
    typer.Option(help=f"Fraction of all parameters. {AUTO_HELP}.", metavar="K|auto", show_default=False),
]
ScopeName = Annotated[
    Scope,
    typer.Option(
        help="Select from all candidates together, or whole units: neurons of the MLPs, and of all layers "
        "heads too."
    ),
]
SelectionName = Annotated[
    Selection | None,
    typer.Option(
        help="Which weights to ablate.",
        show_default=DEFAULT_SELECTION,
    ),
]


def default_k(spec: ModelSpec) -> float:
    """The k of a command without `--k`."""
    return DEMO_K if spec.is_embedded else REAL_K


def chosen_selection(rule: RuleFlags, selection: Selection | None) -> Selection:
    """The given or the default selection."""
    return selection or ("top" if rule.preset else DEFAULT_SELECTION)


def require_candidates(variant: Variant) -> None:
    """Checks that the variant has weights to select from.

    Raises:
        UsageError: it is `base`.
    """
    if variant == "base":
        raise UsageError("The variant 'base' has no candidates: give mlp or all.")


def numbers(text: str, name: str) -> tuple[float, ...]:
    """The distinct numbers of a comma-separated list, in order.

    Raises:
        UsageError: one is not a number.
    """
    return tuple(dict.fromkeys(_number(part.strip(), name, "0.001,0.01") for part in text.split(",")))


def words(text: str) -> list[str]:
    """The words of a comma-separated list."""
    return [part.strip() for part in text.split(",") if part.strip()]


def some_words(text: str, what: str, option: str) -> list[str]:
    """The words of a comma-separated list.

    Raises:
        UsageError: there is none.
    """
    found = words(text)
    if not found:
        raise UsageError(f"No {what} is named in {option}: give one or more, separated by commas.")
    return found


def named_variants(text: str) -> tuple[Variant, ...]:
    """The distinct variants of a comma-separated list.

    Raises:
        ValueError: one is unknown, or there is none.
    """
    return tuple(dict.fromkeys(map(named_variant, some_words(text, "variant", "--variants"))))


def start_k(spec: ModelSpec, text: str | None, selection: Selection) -> float:
    """The given or default k; for `auto`, the first k of the search.

    Raises:
        UsageError: the text is neither a number nor auto.
        ValueError: the number is out of range, or there is no search for the selection.
    """
    if text is None:
        return default_k(spec)
    if text == AUTO:
        return first_of_grid(spec, [selection])
    k = _number(text, "k", "0.001 or auto")
    weights_of(k, 1)
    return k


def first_of_grid(spec: ModelSpec, selections: Sequence[Selection]) -> float:
    """The first k of the search for masks of these selections.

    Raises:
        ValueError: all of them are controls.
    """
    from core.analysis.auto_k import grid_of, require_searchable

    require_searchable(selections)
    return grid_of(spec)[0]


def named_mask(
    model: ModelFlags,
    rule: RuleFlags,
    ability: str | None,
    variant: Variant,
    selection: Selection | None,
    scope: Scope,
    k: str | None,
) -> MaskSpec | None:
    """The mask that the options name; None for the intact model.

    Raises:
        ValueError: the ability is unknown, k is out of range, or there is no search for the selection.
    """
    from core.abilities import named_ability
    from core.run.specs import MaskSpec

    if ability is None:
        return None
    ability = named_ability(ability).id
    if variant == "base":
        return None
    chosen = chosen_selection(rule, selection)
    first_k = start_k(model.spec, k, chosen)
    return MaskSpec(ability, variant, chosen, first_k, model.seed, scope)


def find_ks(runner: Runner, masks: Sequence[MaskSpec]) -> tuple[FoundK, ...]:
    """The k that is chosen for the masks of each variant; stderr shows each k that is tried.

    Raises:
        ValueError: even the smallest k is too large, or the intact model has none of the abilities.
        WeightsChangedError: the weights were not restored.
    """
    from core.analysis.auto_k import find_k, search_seconds, searched_masks
    from core.benchmarks.diagnostic import ALL_CHOOSING_ITEMS

    wanted = searched_masks(masks)
    if wanted:
        variants = len({mask.variant for mask in wanted})
        each = len(wanted) // variants
        output.note(
            f"k auto: asks {ALL_CHOOSING_ITEMS} choosing items under each of {each:,} "
            f"{'mask' if each == 1 else 'masks'} at each k{' of each variant' if variants > 1 else ''}, and "
            f"whether it leaves the model able to write: {search_text(search_seconds(runner, wanted))}."
        )
    found = find_k(
        runner, masks, emit=lambda variant, tried: output.note(f"k auto, {variant}: {tried_k_text(tried)}")
    )
    for one in found:
        output.note(found_k_text(one))
    return found


def note_options(flags: BenchmarkFlags, benchmarks: Sequence[Benchmark]) -> None:
    """Warns on stderr where options change nothing.

    Raises:
        UsageError: an option changes nothing about any of the benchmarks.
    """
    from core.benchmarks.registry import ignored_options

    ignored = {one.id: ignored_options(one, flags.benchmark_options) for one in benchmarks}
    for option in dict.fromkeys(name for names in ignored.values() for name in names):
        ids = [benchmark for benchmark, names in ignored.items() if option in names]
        message = f"{option} changes nothing about {', '.join(ids)}, whose prompts are fixed"
        if len(ids) == len(benchmarks):
            raise UsageError(f"{message}: leave it out.")
        output.note(f"{message}.")


def open_runner(
    model: ModelFlags,
    rule: ScoringRule,
    emit: Callable[[Event], None],
    *,
    n_items: int | None,
    custom_items: Mapping[str, tuple[Item, ...]] | None = None,
    needs_items: bool = True,
) -> Runner:
    """The runner of a command, with settled prompt form and level, which may take a probe.

    Args:
        model: the model and the cache.
        rule: the scoring rule.
        emit: receives the events.
        n_items: diagnostic items of each ability; None for the model's usual number.
        custom_items: items in place of the generated ones, by ability.
        needs_items: whether the command uses any items; else nothing is settled, read or loaded yet.

    Raises:
        ValueError: the probe cannot use the model.
    """
    from core.analysis.probe import settle
    from core.run.runner import Runner

    runner = Runner(
        model.spec,
        model.store,
        ImportanceSpec(n_items or usual_n_items(model.spec), rule.loss, rule.reduction, model.seed),
        custom_items=custom_items or {},
        batch_size=model.batch_rows,
        emit=emit,
    )
    if needs_items:
        settle(runner)
    return runner


def _number(text: str, name: str, example: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"'{text}' in --{name} is not a number: give {example}.") from None
