"""Options of the commands that ablate, and the runner that they stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from core.importance.scoring_rule import ScoringRule
from core.masks.choices import Scope, Selection
from core.models.matrices import Variant
from tui import output
from tui.options import ModelOptions, RunOptions, ScoringOptions, UsageError, WayOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from core.abilities import Item
    from core.benchmarks.benchmark import Benchmark
    from core.experiment.events import Event
    from core.runner.runner import Runner

DEMO_K: dict[Variant, float] = {"mlp": 0.03, "all": 0.01}
"""Where the embedded model's ablations begin to be seen, as fractions of all its parameters."""

REAL_K = 0.001
"""Where one begins with a real model: between collapse by a handful of weights and nothing at all."""

AbilityName = Annotated[str, typer.Option(help="An ability, such as deductive_reasoning.", metavar="NAME")]
ItemsForScoring = Annotated[
    int, typer.Option("--n-items", min=2, help="Diagnostic items of each ability.", metavar="N")
]
ScopeName = Annotated[
    Scope, typer.Option(help="Take from all candidates together, or the same share of every matrix.")
]


def default_k(options: ModelOptions, variant: Variant) -> float:
    """The k that one begins with."""
    return DEMO_K.get(variant, 0.01) if options.spec.is_embedded else REAL_K


def chosen_selection(options: WayOptions, selection: Selection | None) -> Selection:
    """The selection asked for; else what tells abilities apart best, where all ten importances are cheap.

    Raises:
        UsageError: it is not that of the preset.
    """
    chosen = selection or ("contrast" if options.spec.is_embedded and not options.preset else "top")
    options.require_selections([chosen])
    return chosen


def numbers(text: str, name: str) -> tuple[float, ...]:
    """The numbers of a comma-separated list, each once, in order.

    Raises:
        UsageError: one of them is no number.
    """
    found = []
    for part in text.split(","):
        try:
            found.append(float(part))
        except ValueError:
            raise UsageError(
                f"'{part.strip()}' in --{name} is no number: give 0.001,0.01 or the like."
            ) from None
    return tuple(dict.fromkeys(found))


def words(text: str) -> list[str]:
    """The words of a comma-separated list."""
    return [part.strip() for part in text.split(",") if part.strip()]


def some_words(text: str, what: str, option: str) -> list[str]:
    """The words of a comma-separated list that may not be empty.

    Raises:
        UsageError: there is none.
    """
    found = words(text)
    if not found:
        raise UsageError(f"No {what} is named in {option}: give one or more, with commas between them.")
    return found


def note_insisting(options: RunOptions, benchmarks: Sequence[Benchmark]) -> None:
    """Says on stderr how programs run, where a person insists and one of the benchmarks runs any."""
    from core.benchmarks.program_tests import insisting
    from core.benchmarks.registry import runs_code

    if options.without_sandbox and any(runs_code(benchmark) for benchmark in benchmarks):
        output.note(insisting())


def open_runner(
    options: ScoringOptions,
    emit: Callable[[Event], None],
    *,
    n_items: int,
    way: ScoringRule,
    custom_items: Mapping[str, tuple[Item, ...]] | None = None,
) -> Runner:
    """The runner of a command; nothing is read or loaded yet."""
    from core.experiment.specs import ImportanceSpec
    from core.runner.runner import Runner

    importance = ImportanceSpec(n_items, way.loss, way.reduction, options.seed)
    return Runner(
        options.spec,
        options.store,
        importance,
        custom_items=custom_items or {},
        batch_size=options.batch_rows or "auto",
        memory_options=options.memory_options,
        emit=emit,
    )
