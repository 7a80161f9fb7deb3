"""The option `--k`: a fraction of all parameters, or `auto`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from core.models.matrices import weights_of
from tui import output
from tui.bench_options import default_k
from tui.options import UsageError
from tui.quality_words import found_k_text, tried_k_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.experiment.specs import MaskSpec
    from core.masks.choices import Selection
    from core.models.matrices import Variant
    from core.runner.auto_k import FoundK
    from core.runner.runner import Runner
    from tui.options import ModelOptions

AUTO = "auto"
"""In place of a number: the largest k at which the model can still write."""

AUTO_HELP = (
    "auto: the largest of a grid at which the model can still write; it measures the generation quality "
    "of each mask at each k up to the first that is too large"
)

OneK = Annotated[
    str | None,
    typer.Option(help=f"Fraction of all parameters. {AUTO_HELP}.", metavar="K|auto", show_default=False),
]


def start_k(options: ModelOptions, text: str | None, variant: Variant, selection: Selection) -> float:
    """The k that is asked for; where it is to be found, the first that is tried.

    Raises:
        UsageError: the text is neither a number nor auto.
        ValueError: the number is out of range, or the selection is one whose k is not looked for.
    """
    if text is None:
        return default_k(options, variant)
    if text == AUTO:
        return first_of_grid(options, [selection])
    try:
        k = float(text)
    except ValueError:
        raise UsageError(f"'{text}' in --k is no number: give 0.001 or the like, or auto.") from None
    weights_of(k, 1)
    return k


def first_of_grid(options: ModelOptions, selections: Sequence[Selection]) -> float:
    """The first k that is tried for masks of these selections.

    Raises:
        ValueError: there are only controls among them.
    """
    from core.runner.auto_k import grid_of, require_searchable

    require_searchable(selections)
    return grid_of(options.spec)[0]


def found_ks(runner: Runner, masks: Sequence[MaskSpec]) -> tuple[FoundK, ...]:
    """The k for the masks of each variant; what is tried and what was found is told on stderr.

    Raises:
        ValueError: even the smallest k is too large.
        WeightsChangedError: the weights were not restored.
    """
    from core.runner.auto_k import find_k, searched_masks

    wanted = searched_masks(masks)
    if wanted:
        variants = len({mask.variant for mask in wanted})
        each = len(wanted) // variants
        masks_each = f"{each:,} {'mask' if each == 1 else 'masks'}"
        output.note(
            f"k auto: measures the generation quality of {masks_each} at each k"
            f"{' of each variant' if variants > 1 else ''}, from the smallest to the first that is too large."
        )
    found = find_k(
        runner, masks, emit=lambda variant, tried: output.note(f"k auto, {variant}: {tried_k_text(tried)}")
    )
    for one in found:
        output.note(found_k_text(one))
    return found
