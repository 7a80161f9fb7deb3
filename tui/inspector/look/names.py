"""Short names and words for abilities, masks, jobs and failures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.inference.repeats import Finish
from core.masks.choices import Scope, Selection
from core.models.layer_matrices import Variant
from tui.inspector.lens import k_text
from tui.inspector.look.text import fitted, rows_of, safe_line

if TYPE_CHECKING:
    from core.analysis.diagnosis.failure_modes import Share
    from core.analysis.samples.failures import Failures
    from core.experiment.specs import MaskSpec

ABILITY_WORDS = {
    "analogical_reasoning": "analogical",
    "commonsense_causal": "causal",
    "contextual_recall": "recall",
    "deductive_reasoning": "deductive",
    "inductive_reasoning": "inductive",
    "long_term_knowledge": "knowledge",
    "quantitative_reasoning": "quantitative",
    "semantic_relationship": "semantic",
    "spatial_reasoning": "spatial",
    "temporal_reasoning": "temporal",
}
"""By the ability's id, 12 columns at most; the diagnostic benchmarks have the same ids."""

VARIANT_WORDS: dict[Variant, str] = {"base": "base", "mlp": "MLP-only", "all": "all layers"}

SELECTION_WORDS: dict[Selection, str] = {
    "top": "top",
    "contrast": "contrast",
    "contrast_max": "over max",
    "top_minus_shared": "minus shared",
    "random": "random",
    "random_matched": "matched",
    "bottom": "bottom",
}

SELECTION_MEANINGS: dict[Selection, str] = {
    "top": "the largest importance",
    "contrast": "the largest importance over the mean of the other abilities",
    "contrast_max": "the largest importance over the largest of the other abilities",
    "top_minus_shared": "top, without what most abilities share",
    "random": "a control: as many weights at random",
    "random_matched": "a control: in each matrix as many weights at random as top has there",
    "bottom": "a control: the least important weights",
}

SCOPE_MEANINGS: dict[Scope, str] = {
    "global": "the first weights of all candidates together",
    "per-matrix": "the same share of every matrix, its first weights",
}

FINISH_WORDS: dict[Finish | str, str] = {
    "eos": "ended",
    "stop": "ended at a stop string",
    "length": "cut at the limit",
    "repeats": "ended, it only repeats itself",
    "cancelled": "stopped",
}
"""Why an answer ended."""


def short_benchmark(benchmark_id: str) -> str:
    """A benchmark (or an ability) in few columns; harmless on a screen, whoever made its id."""
    return ABILITY_WORDS.get(benchmark_id) or safe_line(benchmark_id)


def order_words(selection: Selection, scope: Scope) -> str:
    """Which weights come first: `top`, or `top per matrix`."""
    return f"{SELECTION_WORDS[selection]}{'' if scope == 'global' else ' per matrix'}"


def how_words(mask: MaskSpec) -> str:
    """How weights are chosen, whatever the ability: `MLP-only · top · k 3 %`."""
    order = order_words(mask.selection, mask.scope)
    return f"{VARIANT_WORDS[mask.variant]} · {order} · k {k_text(mask.k)}"


def job_title(mask: MaskSpec | None, benchmark_id: str) -> str:
    """What a job is called that runs one mask, with base and control, on one benchmark."""
    what = "base" if mask is None else f"{short_benchmark(mask.ability)} · {how_words(mask)}"
    return f"{what} on {short_benchmark(benchmark_id)}"


NOTHING_PREFERRED = "Prefers no "
"""How the sentence begins that says of multiple choice that there is nothing to say."""


def failure_rows(failures: Failures, width: int, most: int, cut: str) -> list[str]:
    """The failures of written answers with their shares, or what is said of multiple choice.

    What does not fit as a whole is left out; only what comes first is cut. That nothing is preferred is not
    worth a row.

    Args:
        failures: of one run.
        width: cells of a row.
        most: rows.
        cut: the sign that text goes on.
    """
    if failures.shares:
        pieces, joint = _share_words(failures.shares), ", "
    else:
        said = [one for one in failures.sentences if not one.startswith(NOTHING_PREFERRED)]
        pieces, joint = [safe_line(sentence) for sentence in said], " "
    if not pieces:
        return []
    text = pieces[0]
    for piece in pieces[1:]:
        longer = f"{text}{joint}{piece}"
        if len(rows_of(longer, width)) > most:
            break
        text = longer
    rows = [text[slice(*row)] for row in rows_of(text, width)]
    if len(rows) > most:
        rows = [*rows[: most - 1], fitted(f"{rows[most - 1]} {cut}", width, cut).rstrip()]
    return rows


def _share_words(shares: Sequence[Share]) -> list[str]:
    """Such as `fails: 41 % [34, 48] miscount upward`, then `12 % [8, 17] repeat themselves`."""
    from core.analysis.diagnosis.failure_modes import LEAST_SHARE, failing

    found = [one.brief() for one in failing(shares)]
    if not found:
        return [f"fails: no way in {100 * LEAST_SHARE:.0f} % or more of {shares[0].share.n:,} answers"]
    return [f"fails: {found[0]}", *found[1:]]
