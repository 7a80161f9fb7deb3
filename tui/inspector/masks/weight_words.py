"""What is written around the map of a mask: its figures, its neurons, its curve. Pure: no screen."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from core.masks.choices import DRAWN
from tui.inspector.masks.numbers import shared_by_chance, sparkline
from tui.inspector.masks.weight_table import NEURON_KINDS, MaskView, WeightTable
from tui.numbers import fraction_text, percent, short_number

if TYPE_CHECKING:
    from core.models.matrices import Variant
    from tui.inspector.look.marks import Marks
    from tui.inspector.masks.weight_reading import Masks

Points = Sequence[tuple[float, float]]

MANY_LAYERS = 8
"""From more layers than this the map has to be scrolled, and a profile of them all helps."""

CANDIDATES: dict[Variant, str] = {"mlp": "MLP weights", "all": "weights of the layers"}

LEVELS, ASCII_LEVELS = "▁▂▃▄▅▆▇█", "123456789"
"""Bars of one column, from the lowest up."""

BAR_WIDTH = 10
"""Columns of a neuron's bar."""


def figures(masks: Masks) -> str:
    """How much is selected, how sure that is, and how concentrated, in sentences."""
    mask_distribution, mask_spec = masks.own.mask_distribution, masks.mask_spec
    sentences = [
        f"{mask_distribution.n:,} weights: {percent(mask_distribution.n / masks.parameters)} of the model, "
        f"{percent(masks.own.even)} of the {CANDIDATES[mask_spec.variant]}."
    ]
    if mask_spec.selection in DRAWN:
        sentences.append("Drawn at random: a control.")
    elif mask_distribution.split_half_overlap is not None:
        sentences.append(f"Two halves of the items agree on {percent(mask_distribution.split_half_overlap)}.")
    sentences.append(_concentration(masks))
    return " ".join(sentences)


def comparison(masks: Masks) -> str:
    """What the mask and the other ability's have in common, in a sentence; empty without another one."""
    if masks.other_spec is None:
        return ""
    if masks.other is None:
        return "The other ability's ranking is not stored: x scores it."
    own, others = masks.own.mask_distribution.n, masks.other.mask_distribution.n
    either = own + others - masks.shared
    chance = shared_by_chance(own, others, masks.own.mask_distribution.candidates)
    jaccard = fraction_text(masks.shared / either) if either else "not defined: both masks are empty"
    return (
        f"{masks.own.ability} / {masks.other.ability}: {masks.shared:,} weights shared, by chance {chance}; "
        f"Jaccard {jaccard}."
    )


def heading(table: WeightTable) -> str:
    """What the numbers of the map are."""
    if table.measure != "share" or table.other is not None:
        return table.unit
    return f"{table.unit} (an even spread: {short_number(table.view.even * table.scale[0])})"


def profile(table: WeightTable, marks: Marks) -> str:
    """The layers' shares as one line of bars, from the first layer to the last; empty if there are few."""
    shares = table.by_layer()
    if len(shares) <= MANY_LAYERS:
        return ""
    levels = LEVELS if marks.bar_eighths else ASCII_LEVELS
    return f"layers 0 {sparkline(shares, levels)} {len(shares) - 1}  most {percent(max(shares))}"


def neurons_heading(masks: Masks) -> str:
    """What the list of neurons is, and what chance gives."""
    neurons = masks.own.mask_distribution.neurons
    if not neurons:
        return "No MLP weight is selected."
    even = masks.own.even * neurons[0].size
    names = f": {masks.own.ability} / {masks.other.ability}" if masks.other is not None else ""
    text = f"neurons hit most{names} (even {short_number(even)} of {neurons[0].size:,}"
    if masks.control is not None and masks.control.mask_distribution.neurons:
        text += f"; random max. {masks.control.mask_distribution.neurons[0].count:,}"
    return f"{text})"


def neuron_lines(masks: Masks, marks: Marks) -> list[tuple[str, str]]:
    """The neurons hit most, one a line, each with a bar; behind a slash, what the other mask has of it."""
    lines = []
    others = (
        {(n.layer, n.index): n.count for n in masks.other.mask_distribution.neurons} if masks.other else {}
    )
    for neuron in masks.own.mask_distribution.neurons:
        share = neuron.count / neuron.size
        count = f"{neuron.count:>6,}"
        if masks.other is not None:
            other = others.get((neuron.layer, neuron.index))
            count += f" / {marks.flat if other is None else f'{other:,}':<6}"
        bar = marks.bar * round(share * BAR_WIDTH)
        line = f"layer {neuron.layer:<3} neuron {neuron.index:<6}{count} {percent(share):>6} "
        lines.append((line, bar))
    return lines


def curves(masks: Masks) -> list[tuple[str, Points]]:
    """The concentration of the masks, each with its name; only such as have MLP weights."""
    views = [(masks.own.ability, masks.own)]
    if masks.other is not None:
        views.append((masks.other.ability, masks.other))
    if masks.control is not None:
        views.append(("random", masks.control))
    return [
        (name, view.mask_distribution.concentration)
        for name, view in views
        if view.mask_distribution.concentration
    ]


def half_of(points: Points) -> float:
    """The share of neurons, most hit first, that holds half of the mask's MLP weights."""
    for (x0, y0), (x1, y1) in pairwise(points):
        if y1 >= 0.5:
            return x0 + (x1 - x0) * (0.5 - y0) / (y1 - y0)
    return 1.0


def _concentration(masks: Masks) -> str:
    points = masks.own.mask_distribution.concentration
    if not points:
        return "None of them is in an MLP."
    whose = "them" if masks.mask_spec.variant == "mlp" else f"its {_mlp_count(masks.own):,} in MLPs"
    text = f"Half of {whose} lie in {percent(half_of(points))} of the neurons"
    if masks.control is not None and masks.control.mask_distribution.concentration:
        text += f" (random {percent(half_of(masks.control.mask_distribution.concentration))})"
    return f"{text}."


def _mlp_count(view: MaskView) -> int:
    columns = [place for place, kind in enumerate(view.mask_distribution.kinds) if kind in NEURON_KINDS]
    return sum(view.counts[0][column] for column in columns)
