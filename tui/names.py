"""What abilities, variants, selections, masks and jobs are called on a screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from core.abilities.catalogue import ABILITIES, JOINS
from core.inference import Finish
from core.masks.choices import Scope, Selection
from core.models.matrices import VARIANTS, Variant
from core.models.spec import FORM, one_of
from tui.numbers import k_text, number
from tui.safe_text import safe_line

if TYPE_CHECKING:
    from core.run.specs import MaskSpec

ABILITY_WORDS = {ability.id: ability.word for ability in ABILITIES}
"""Ability id to its short word; the diagnostic benchmarks have the same ids."""

SHORT_NAMES = {
    "analogical_reasoning": "analog",
    "commonsense_causal": "causal",
    "contextual_recall": "recall",
    "deductive_reasoning": "deduct",
    "inductive_reasoning": "induct",
    "long_term_knowledge": "knowl",
    "quantitative_reasoning": "quant",
    "semantic_relationship": "semant",
    "spatial_reasoning": "spatial",
    "temporal_reasoning": "tempor",
}
"""Ability id to a column head of at most seven columns."""

LONGEST_HEAD = 6
"""Columns of the head of a benchmark without an ability's name."""

VARIANT_WORDS: dict[Variant, str] = {"base": "base", "mlp": "MLP-only", "all": "all layers"}


def named_variant(name: str) -> Variant:
    """The variant that a person names: by id, or by the words that a screen has for it.

    Raises:
        ValueError: there is none; the message lists them.
    """
    written = name.casefold().replace("-", " ")
    by_words = {words.casefold().replace("-", " "): variant for variant, words in VARIANT_WORDS.items()}
    return by_words.get(written) or cast(Variant, one_of(name.casefold(), VARIANTS, "variant"))


SELECTION_MEANINGS: dict[Selection, str] = {
    "top": "the most important weights",
    "max_minus_shared": "most beyond any other's, without what most share",
    "random": "a control: as many weights at random",
    "bottom": "a control: the least important weights",
}
"""Each fits beside its name in a dialog on 80 columns."""

SCOPE_WORDS: dict[Scope, str] = {
    "global": "of all weights",
    "units": "whole units",
}

SCOPE_MEANINGS: dict[Scope, str] = {
    "global": "the first weights of all candidates together",
    "units": "the first whole neurons; of all layers, heads too",
}

UNTIL_MEANINGS: dict[float | None, str] = {
    None: "every run takes all items",
    0.05: "stops once an AIS above .05 is settled: a link or none",
    0.1: "the same of .10, which takes fewer items",
}
"""By least AIS of interest."""

FINISH_WORDS: dict[Finish | str, str] = {
    "eos": "ended",
    "stop": "ended at a stop string",
    "length": "cut at the limit",
    "repeats": "ended, it only repeats itself",
    "cancelled": "stopped",
}
"""Why an answer ended."""

OTHER_VERSION = "of another version, not used: "
"""What comes before the words of a cache entry that another version of abilityscope wrote."""


def short_benchmark(benchmark_id: str) -> str:
    """A benchmark or an ability in a word; safe on a screen, whoever made its id."""
    ability, form, style = benchmark_id.partition(FORM)
    needs = [ABILITY_WORDS.get(one) for one in benchmark_id.split(JOINS)]
    if None not in needs:
        return JOINS.join(map(str, needs))
    word = ABILITY_WORDS.get(ability)
    return safe_line(benchmark_id) if word is None else f"{word}{form}{safe_line(style)}"


def short_name(benchmark_id: str) -> str:
    """A benchmark or an ability as a column head; one in a form of its own with the form's first letter."""
    ability, form, style = benchmark_id.partition(FORM)
    if form and ability in SHORT_NAMES:
        return f"{SHORT_NAMES[ability][: LONGEST_HEAD - 2]}{form}{safe_line(style)[:1]}"
    if JOINS in benchmark_id and all(one in SHORT_NAMES for one in benchmark_id.split(JOINS)):
        return JOINS.join(SHORT_NAMES[one][:1] for one in benchmark_id.split(JOINS))
    return SHORT_NAMES.get(benchmark_id, safe_line(benchmark_id)[:LONGEST_HEAD])


def order_words(selection: Selection, scope: Scope) -> str:
    """Which weights come first: `top` or `top of units`."""
    return selection + {"global": "", "units": " of units"}[scope]


def file_words(variant: Variant, selection: Selection, scope: Scope, k: float) -> str:
    """How a mask's weights are chosen, in the name of a file: `mlp-top-of-units-k0.03`."""
    return f"{variant}-{order_words(selection, scope).replace(' ', '-')}-k{k:g}"


def scored_words(mask: MaskSpec) -> str:
    """By how many items its weights are scored, where that is not the usual number: ` · scored by 50`."""
    return "" if mask.n_items is None else f" · scored by {mask.n_items:,}"


def kind_words(mask: MaskSpec) -> str:
    """Which weights a mask takes first, without ability and k: `MLP-only · top`."""
    return f"{VARIANT_WORDS[mask.variant]} · {order_words(mask.selection, mask.scope)}"


def how_words(mask: MaskSpec) -> str:
    """How a mask's weights are chosen, without the ability: `MLP-only · top · k 3 %`."""
    return f"{kind_words(mask)} · k {k_text(mask.k)}{scored_words(mask)}"


MATRIX_JOB = "AIS matrix"
"""The beginning of the title of a job that fills the matrix of the tab AIS."""


def job_title(mask: MaskSpec | None, benchmark_id: str, until: float | None = None) -> str:
    """The title of a job that runs one mask, with base and control, on one benchmark."""
    what = "base" if mask is None else f"{short_benchmark(mask.ability)} · {how_words(mask)}"
    return f"{what} on {short_benchmark(benchmark_id)}{until_words(until)}"


def until_words(until: float | None) -> str:
    """When runs stop, behind what is run: ` · until .05`; empty where all items count."""
    return "" if until is None else f" · until {number(until)}"
