"""A calibration in words: tables of 80 columns, a verdict, and the JSON document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui import output
from tui.names import SHORT_NAMES
from tui.numbers import number
from tui.output import wrapped

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.table import Table

    from core.models.spec import ModelSpec
    from core.phantom.calibration import (
        Calibration,
        Estimate,
        Localization,
        Placement,
        Points,
        Recovered,
        Setting,
    )

GOOD, FAIR = 0.9, 0.7
"""Correlations from which a matrix is good and partly right; GOOD is also for a share of weights."""

FEWEST_TIMES = 2
"""Multiple of chance from which the selected weights are partly right."""

TWO_DIGITS = 9.95
"""Smallest number that rounds to two digits before the point."""

SETTING_HEADS = ("rule", "selection", "k")

MATRICES_LEGEND = (
    "r: correlation of the 100 cells with the true matrix. row, col: rows and columns, of 10, with their "
    "maximum on the diagonal. own, others: mean points lost on and off the diagonal. Brackets, and ± for the "
    "wider side: 95 % interval over held-out items; true matrix, masks and diagnostic items are fixed."
)

PLACES_LEGEND = (
    "Share of the selected weights in the ability's own block, and as a multiple of chance; by scope and k. "
    "AUROC, .5 is chance: own block against the other private ones, by neuron (sum of its weights' scores) "
    "and by weight. Means of 10 abilities; --json has each."
)


def write_calibration(found: Calibration, spec: ModelSpec, n_items: int) -> None:
    """Writes all tables and the verdict."""
    from core.phantom.calibration import USUAL, true_matrix

    usual = found.matrices[USUAL]
    output.write(f"{wrapped(what_it_is(spec))}\n\n")
    output.write(f"Accuracy lost, in points. True: a planted block is zeroed, n {found.truth.items}.\n")
    output.write(f"Recovered: {setting_words(USUAL)}, n {usual.items}.\n")
    output.write(_side_by_side(true_matrix(found.truth), usual.drops) + "\n")
    output.write(f"Recovered matrices · n {usual.items} held-out, {n_items} diagnostic items per ability\n")
    output.write_table(matrices_table(found))
    output.write(f"{wrapped(MATRICES_LEGEND)}\n\n")
    output.write(f"Where the selected weights are · {n_items} diagnostic items per ability\n")
    output.write_table(_places_table(found))
    output.write(f"{wrapped(PLACES_LEGEND)}\n\n")
    output.write("".join(f"{wrapped(line)}\n" for line in verdict(found, spec)) + "\n")


def verdict(found: Calibration, spec: ModelSpec) -> list[str]:
    """What is good and what is only partly right at the default setting, in sentences with figures."""
    lines = [
        _matrix_sentence(found),
        *_best_sentence(found),
        _places_sentence(found),
        "The true matrix is about 0 off the diagonal: r tells own from others, nothing finer.",
    ]
    if spec.quantization != "none":
        lines.append(
            f"The true matrix is for full precision; the model here is {spec.quantization}, and answers "
            f"{min(found.accuracy.values()):.0%} or more of each ability's items when intact."
        )
    return lines


def _matrix_sentence(found: Calibration) -> str:
    from core.phantom.calibration import PAPER, USUAL, true_matrix

    usual, paper, true = found.matrices[USUAL], found.matrices[PAPER], true_matrix(found.truth)
    own, rest = true.trace() / len(true), len(true) * (len(true) - 1)
    others = (true.sum() - true.trace()) / rest
    return (
        f"{_grade(usual)} the matrix ({setting_words(USUAL)}). r {_estimate(usual.correlation)}; "
        f"{usual.rows} of 10 rows and {usual.columns} of 10 columns have their maximum on the diagonal. An "
        f"ability's mask costs it {usual.diagonal.value:.0f} of the {own:.0f} points that its whole block "
        f"does, and each other ability {_tenths(usual.off_diagonal.value)} (the block: {_tenths(others)}). "
        f"With the paper's setting ({setting_words(PAPER)}): r {_estimate(paper.correlation)}, "
        f"{paper.rows} rows, {paper.columns} columns."
    )


def _best_sentence(found: Calibration) -> list[str]:
    """The setting nearest to the true matrix, if not the default one, and its options."""
    from core.phantom.calibration import USUAL

    def r(setting: Setting) -> float:
        correlation = found.matrices[setting].correlation
        return -1.0 if correlation is None or setting.is_control else round(correlation.value, 2)

    best = max(found.matrices, key=r)
    if r(best) <= r(USUAL):
        return []
    matrix, places = found.matrices[best], list(found.placements[best].values())
    return [
        f"{_grade(matrix)} the matrix with {setting_words(best)}, the nearest here. "
        f"r {_estimate(matrix.correlation)}; {matrix.rows} rows, {matrix.columns} columns; it costs "
        f"{matrix.diagonal.value:.0f} and {_tenths(matrix.off_diagonal.value)} points, and "
        f"{mean(place.precision for place in places):.0%} of its weights are in the own block."
    ]


def _places_sentence(found: Calibration) -> str:
    from core.phantom.calibration import USUAL

    places = found.placements[USUAL].values()
    own, shared = [place.precision for place in places], mean(place.shared_share for place in places)
    localizations = found.localizations[USUAL.loss, USUAL.reduction, USUAL.selection].values()
    neurons = [one.neurons for one in localizations]
    return (
        f"{_grade_of_places(places)} the weights. Of those selected, {mean(own):.0%} are in the ability's "
        f"own block ({min(own):.0%} to {max(own):.0%} by ability), {mean_times(places):.1f} times chance, "
        f"and {shared:.0%} in the block that all share. A neuron of the own block outscores one of another's "
        f"in {mean(neurons):.0%} of all pairs ({min(neurons):.0%} to {max(neurons):.0%}). A mask says that "
        "these weights matter to the ability, not that it is here and nowhere else."
    )


def document(found: Calibration, spec: ModelSpec, n_items: int) -> dict[str, Any]:
    """The calibration as plain values, with the verdict."""
    return {
        "model": spec.name,
        "quantization": spec.quantization,
        "diagnostic_items": n_items,
        **found.figures(),
        "verdict": verdict(found, spec),
    }


def what_it_is(spec: ModelSpec) -> str:
    """What the phantom is, and what a calibration on it shows."""
    return (
        f"Calibration on {spec.name}, a tiny Llama trained so that each of ten abilities needs neurons of "
        "its own: what the method should find is known. This tests the method; it says nothing about real "
        "models, in which nobody planted anything."
    )


def setting_words(setting: Setting) -> str:
    """A setting in words: `margin, abs-sum, top, k 1 %`."""
    scope = "" if setting.scope == "global" else f", scope {setting.scope}"
    return f"{setting.loss}, {setting.reduction}, {setting.selection}, k {100 * setting.k:g} %{scope}"


def setting_cells(setting: Setting, *, is_narrow: bool) -> tuple[str, ...]:
    """The cells of a setting in a `settings_table`; narrow, `margin, abs-sum, top 1%`."""
    rule, k = f"{setting.loss}, {setting.reduction}", f"{100 * setting.k:g}%"
    selection = setting.selection if setting.scope == "global" else f"{setting.selection} {setting.scope}"
    return (f"{rule}, {selection} {k}",) if is_narrow else (rule, selection, k)


def _grade(matrix: Recovered) -> str:
    """How close a matrix is to the true one, as the beginning of a sentence."""
    r = 0.0 if matrix.correlation is None else round(matrix.correlation.value, 2)
    return "Good:" if r >= GOOD else "Only partly right:" if r >= FAIR else "Not right:"


def _grade_of_places(places: Iterable[Placement]) -> str:
    """How well the selected weights match the planted block, as the beginning of a sentence."""
    found = list(places)
    if mean(place.precision for place in found) >= GOOD:
        return "Good:"
    return "Only partly right:" if mean_times(found) >= FEWEST_TIMES else "Not right:"


def _side_by_side(true: Points, drops: Points) -> str:
    """Both matrices, three columns per cell; a dot is less than half a point."""
    names = list(SHORT_NAMES.values())
    heads = "".join(f"{name[:2]:>3}" for name in names)
    lines = [f"{'':7}{'true':>30}{'':3}{'recovered':>30}", f"{'':7}{heads}{'':3}{heads}"]
    for name, left, right in zip(names, true, drops, strict=True):
        cells = ("".join(f"{points(value):>3}" for value in row) for row in (left, right))
        lines.append(f"{name:7}{'   '.join(cells)}")
    return "".join(f"{line}\n" for line in lines)


def points(value: float) -> str:
    """Whole points of accuracy; a dot for none."""
    text = f"{value:.0f}"
    return "·" if text in ("0", "-0") else text


def matrices_table(found: Calibration, *, is_narrow: bool = False) -> Table:
    """A row per recovered matrix; narrow, with the setting in one column."""
    table = settings_table(("r", "row", "col", "own", "others"), is_narrow=is_narrow)
    for setting, matrix in found.matrices.items():
        table.add_row(
            *setting_cells(setting, is_narrow=is_narrow),
            _estimate(matrix.correlation),
            f"{matrix.rows}",
            f"{matrix.columns}",
            _with_half(matrix.diagonal, 0),
            _with_half(matrix.off_diagonal, 1),
            style="dim" if setting.is_control else None,
        )
    return table


def _places_table(found: Calibration) -> Table:
    """A row per scoring rule and selection; columns by scope and k."""
    sizes = list(dict.fromkeys((setting.scope, setting.k) for setting in found.placements))
    heads = [f"{scope}\n{100 * k:g}%" for scope, k in sizes]
    table = plain_table(("rule and selection",), (*heads, "neuron", "weight"))
    rules = dict.fromkeys((setting.loss, setting.reduction) for setting in found.placements)
    for rule in rules:
        table.add_row(", ".join(rule))
        of_rule = {one: at for one, at in found.placements.items() if (one.loss, one.reduction) == rule}
        for selection in dict.fromkeys(setting.selection for setting in of_rule):
            places = {(s.scope, s.k): at.values() for s, at in of_rule.items() if s.selection == selection}
            table.add_row(
                f"  {selection}",
                *(
                    f"{number(mean(p.precision for p in places[size]))} {times_words(places[size])}"
                    for size in sizes
                ),
                *aurocs(found.localizations.get((*rule, selection), {}).values()),
            )
    return table


def aurocs(localizations: Iterable[Localization]) -> tuple[str, str]:
    """Mean AUROCs by neuron and by weight; dots if there are none."""
    found = list(localizations)
    if not found:
        return "·", "·"
    return number(mean(one.neurons for one in found)), number(mean(one.weights for one in found))


def settings_table(right: Sequence[str], *, is_narrow: bool) -> Table:
    """An empty table of settings, with a column for each part; narrow, with one column that may fold.

    Args:
        right: heads of the columns of figures.
        is_narrow: whether the wide table has no room.
    """
    return plain_table(("setting",) if is_narrow else SETTING_HEADS, right, folds=is_narrow)


def plain_table(left: Sequence[str], right: Sequence[str], *, folds: bool = False) -> Table:
    """An empty table without lines: left-aligned columns, which may fold, then right-aligned ones."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for head in left:
        table.add_column(head, no_wrap=not folds)
    for head in right:
        table.add_column(head, justify="right", no_wrap=True)
    return table


def _estimate(estimate: Estimate | None) -> str:
    """A figure and its interval: `.97 [.95,.98]`."""
    if estimate is None:
        return "·"
    return f"{number(estimate.value)} [{number(estimate.low)},{number(estimate.high)}]"


def _tenths(value: float) -> str:
    """One decimal, and no sign before 0."""
    return f"{round(value, 1) + 0.0:.1f}"


def _with_half(estimate: Estimate, decimals: int) -> str:
    """A figure and the wider side of its interval: `70 ±4`."""
    half = max(estimate.high - estimate.value, estimate.value - estimate.low)
    value = round(estimate.value, decimals) + 0.0  # no sign before 0
    return f"{value:.{decimals}f} ±{half:.{decimals}f}"


def mean(values: Iterable[float]) -> float:
    """The mean of at least one value."""
    found = list(values)
    return sum(found) / len(found)


def mean_times(places: Iterable[Placement]) -> float:
    """Mean share of the weights in the own block, as a multiple of chance."""
    return mean(place.enrichment for place in places)


def times_words(places: Iterable[Placement]) -> str:
    """The same in at most three digits: `x8.7`, `x15`."""
    times = mean_times(places)
    return f"x{times:.1f}" if times < TWO_DIGITS else f"x{times:.0f}"
