"""What stands around the map of a mask: its figures, its neurons, its concentration curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from textual.content import Content

from core.models.matrices import Variant
from tui.inspector.look.marks import Marks
from tui.inspector.masks.mask_pane import Missing, missing_rankings
from tui.inspector.masks.overlap_table import shared_by_chance
from tui.inspector.masks.weight_table import MaskView
from tui.inspector.widgets.curve_plot import Curve
from tui.names import short_benchmark
from tui.numbers import fraction_text, percent, short_number

if TYPE_CHECKING:
    from core.analysis.auto_k import FoundK
    from core.run.experiment import Experiment
    from core.run.specs import MaskSpec

Points = Sequence[tuple[float, float]]

CANDIDATES: dict[Variant, str] = {"mlp": "MLP weights", "all": "weights of the layers"}

NEURON_KINDS = ("gate", "up", "down")

BAR_WIDTH = 10
"""Columns of a neuron's bar."""

TICKS = ("0 %", "50 %", "100 %")
"""Along the x axis of the plot, at 0, 1 and 2."""

NEURONS_TITLE = "neurons hit most"
CURVE_TITLE = "MLP weights over neurons"

CURVE_LOOKS = (("primary", "braille", "⠶"), ("accent", "+", "+"), ("warning", "x", "x"))
"""Colour, marker and sign in the legend of each curve, in order."""

ASCII_SIGN = "*"
"""Replaces a curve's dots in ASCII."""


@dataclass(frozen=True)
class Masks:
    """One mask, and the masks that it is compared with."""

    spec: MaskSpec
    parameters: int
    """Number of weights in the whole model."""
    own: MaskView
    control: MaskView | None
    """As many weights at random; None for a mask that is drawn at random itself."""
    other_spec: MaskSpec | None
    """The same mask of another ability, if one is chosen."""
    other: MaskView | None
    """None also if its ranking is not stored."""
    shared: int
    """Weights that are in both masks."""
    search: FoundK | None = None
    """The search for the k of the mask, as far as it is stored; None if none of it is."""

    def records(self) -> list[dict[str, Any]]:
        """One row for each mask and each matrix that it takes weights from."""
        rows = self.own.records(self.spec)
        if self.control is not None:
            rows += self.control.records(replace(self.spec, selection="random"))
        if self.other is not None and self.other_spec is not None:
            rows += self.other.records(self.other_spec)
        return rows

    def document(self) -> dict[str, Any]:
        """Everything that the tab shows."""
        found = self.own.mask_distribution
        return {
            **asdict(self.spec),
            "weights": found.n,
            "candidates": found.candidates,
            "parameters": self.parameters,
            "split_half_overlap": found.split_half_overlap,
            "other": None if self.other is None else self.other.ability,
            "shared_with_other": None if self.other is None else self.shared,
            "matrices": self.records(),
            "neurons": [asdict(neuron) for neuron in found.neurons],
            "concentration": [list(point) for point in found.concentration],
            "auto_k": None if self.search is None else self.search.figures(),
        }


def read_masks(experiment: Experiment, mask: MaskSpec, other: str | None) -> Masks | Missing:
    """Where the weights of a mask, of its random control and of another ability's mask lie.

    Raises:
        CorruptEntry: a ranking is damaged.
        OSError: the model's files cannot be read.
        ValueError: k asks for more weights than there are candidates, or the model's config is broken.
    """
    # The plot is drawn on the event loop, and its import would be felt there.
    import textual_plotext  # noqa: F401

    own = _view(experiment, mask)
    if own is None:
        return missing_rankings([mask])
    control = None if mask.selection == "random" else _view(experiment, mask.control)
    other_spec = None if other is None else replace(mask, ability=other)
    other_view = None if other_spec is None else _view(experiment, other_spec)
    shared = 0 if other_spec is None or other_view is None else _shared(experiment, mask, other_spec)
    search = _search(experiment, mask)
    return Masks(mask, experiment.info.parameters, own, control, other_spec, other_view, shared, search)


def _search(experiment: Experiment, mask: MaskSpec) -> FoundK | None:
    """The stored search for a mask's k, if it has come to a k that can be chosen."""
    from core.analysis.auto_k import stored_search

    try:
        found = stored_search(experiment, mask)
    except ValueError:  # no k of the grid fits the model, which is said where a search is asked for
        return None
    return found if found is not None and found.frontier else None


def _view(experiment: Experiment, mask: MaskSpec) -> MaskView | None:
    from core.analysis.mask_tables import mask_distribution

    found = mask_distribution(experiment, mask)
    return None if found is None else MaskView(short_benchmark(mask.ability), found)


def _shared(experiment: Experiment, first: MaskSpec, second: MaskSpec) -> int:
    from core.run.selected import selected

    some, others = selected(experiment, first), selected(experiment, second)
    return 0 if some is None or others is None else len(some.intersection(others))


def figures(masks: Masks) -> str:
    """How much is selected, how reproducible that is, and how concentrated, in sentences."""
    found, mask = masks.own.mask_distribution, masks.spec
    sentences = [
        f"{found.n:,} weights: {percent(found.n / masks.parameters)} of the model, "
        f"{percent(masks.own.even)} of the {CANDIDATES[mask.variant]}."
    ]
    if mask.selection == "random":
        sentences.append("Drawn at random: a control.")
    elif found.split_half_overlap is not None:
        sentences.append(f"Two halves of the items agree on {percent(found.split_half_overlap)}.")
    return " ".join([*sentences, _concentration(masks)])


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


def neurons_heading(masks: Masks, title: str) -> str:
    """The heading of the list of neurons, with what chance gives.

    Args:
        masks: whose neurons they are.
        title: what they are, if no frame says it; else empty.
    """
    neurons = masks.own.mask_distribution.neurons
    if not neurons:
        return "No MLP weight is selected."
    even = masks.own.even * neurons[0].size
    names = f"{masks.own.ability} / {masks.other.ability}" if masks.other is not None else ""
    text = f"even {short_number(even)} of {neurons[0].size:,}"
    if masks.control is not None and masks.control.mask_distribution.neurons:
        text += f"; random max. {masks.control.mask_distribution.neurons[0].count:,}"
    head = ": ".join(filter(None, (title, names)))
    return f"{head} ({text})" if head else text


def neuron_lines(masks: Masks, marks: Marks) -> list[tuple[str, str]]:
    """The neurons hit most, a text and a bar each; behind a slash the other mask's count."""
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
        line = f"layer {neuron.layer:<3} neuron {neuron.index:<6}{count} {percent(share):>6} "
        lines.append((line, marks.bar * round(share * BAR_WIDTH)))
    return lines


def with_bars(lines: Sequence[tuple[str, str]]) -> Content:
    """Lines of a text and a bar each, the bars in the theme's first colour."""
    return Content("\n").join(Content(text) + Content.styled(bar, "$primary") for text, bar in lines)


def plotted(masks: Masks) -> list[Curve]:
    """The concentration curves, the mask's own on top; x goes from 0 to 2."""
    drawn = [
        Curve("", colour, [(2 * x, y) for x, y in points], marker=marker)
        for (_, points), (colour, marker, _) in zip(_curves(masks), CURVE_LOOKS, strict=False)
    ]
    even = Curve("", "foreground", [(0.0, 0.0), (2.0, 1.0)], marker=".")
    return [even, *reversed(drawn)] if drawn else []


def curve_legend(masks: Masks, title: str, *, is_ascii: bool) -> Content:
    """What the curves are; not in the plot, where plotext would hide them behind their names.

    Args:
        masks: whose curves they are.
        title: what they show, if no frame says it; else empty.
        is_ascii: whether signs can be typed.
    """
    parts: list[Content | str] = [f"{title}: "] if title else []
    for (name, _), (colour, _, sign) in zip(_curves(masks), CURVE_LOOKS, strict=False):
        parts += [curve_sign(sign, colour, is_ascii=is_ascii), f" {name} "]
    return Content.assemble(*parts, ". even")


def curve_sign(sign: str, colour: str, *, is_ascii: bool) -> Content:
    """The sign of a curve in a legend, in its colour."""
    return Content.styled(ASCII_SIGN if is_ascii and not sign.isascii() else sign, f"${colour}")


def _curves(masks: Masks) -> list[tuple[str, Points]]:
    """The concentration of each mask that has MLP weights, with its name."""
    views = [(view.ability, view) for view in (masks.own, masks.other) if view is not None]
    views += [] if masks.control is None else [("random", masks.control)]
    curves = [(name, view.mask_distribution.concentration) for name, view in views]
    return [(name, points) for name, points in curves if points]


def _concentration(masks: Masks) -> str:
    own = masks.own
    points = own.mask_distribution.concentration
    if not points:
        return "None of them is in an MLP."
    pairs = zip(own.mask_distribution.kinds, own.counts[0], strict=False)
    in_mlps = sum(count for kind, count in pairs if kind in NEURON_KINDS)
    whose = "them" if masks.spec.variant == "mlp" else f"its {in_mlps:,} in MLPs"
    text = f"Half of {whose} lie in {percent(_half_of(points))} of the neurons"
    if masks.control is not None and masks.control.mask_distribution.concentration:
        text += f" (random {percent(_half_of(masks.control.mask_distribution.concentration))})"
    return f"{text}."


def _half_of(points: Points) -> float:
    """The share of neurons, most hit first, that holds half of the mask's MLP weights."""
    for (x0, y0), (x1, y1) in pairwise(points):
        if y1 >= 0.5:
            return x0 + (x1 - x0) * (0.5 - y0) / (y1 - y0)
    return 1.0
