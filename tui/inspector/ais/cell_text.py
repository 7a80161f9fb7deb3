"""Cells of the AIS matrix, as sentences and in few columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from core.analysis.statistics import SIGNIFICANT
from tui.inspector.look.marks import Marks
from tui.measures import AIS, AIS_P, Measure
from tui.names import VARIANT_WORDS, order_words, short_benchmark
from tui.numbers import cell_number, interval, k_text, number, probability, share
from tui.result_words import (
    ENOUGH,
    cut_text,
    detectable_text,
    quality_text,
    random_masks,
    settled_words,
    shown_text,
)
from tui.safe_text import safe_line

if TYPE_CHECKING:
    from core.analysis.generation_quality import GenerationQuality
    from core.analysis.matrix import Cell, Matrix
    from core.analysis.statistics.cells import CellStatistics
    from core.analysis.statistics.intervals import Specificity

MARK_WIDTH = 3
"""Columns of a cell's mark where there is room for all of it."""

COLLAPSED = "collapses every benchmark: within two standard errors of chance, k is too large"

NOT_SHOWN = "not shown by this model"
"""Said of an ability on whose own items the intact model is not above chance; see `core.analysis.shown`."""


def ais_with_interval(statistics: CellStatistics, measure: Measure = AIS) -> str:
    """The effect and its interval: `.65 [.52, .77]`; `not identifiable` without one."""
    bounds = measure.bounds(statistics)
    if bounds is None:
        return "not identifiable"
    return f"{number(bounds[1])} {interval(bounds[0], bounds[2])}"


def is_significant(cell: Cell, measure: Measure = AIS) -> bool:
    """Whether the cell is marked: q below 0.05, or a link; never where the ability is not shown."""
    return bool(cell_mark(cell, measure))


def cell_mark(cell: Cell, measure: Measure = AIS) -> str:
    """The mark of the tables of a profile: `*`, `**`, and `?` where random masks go as far."""
    measure = measure if cell.statistics is None else measure.of(cell.statistics.ais_p_reason)
    if measure is AIS and (cell.q_value is None or cell.holm_p is None):
        return ""
    empirical, masks = (None, 0) if cell.empirical is None else (cell.empirical.p_value, cell.empirical.masks)
    return measure.mark(
        {
            **{"q_value": cell.q_value, "holm_p": cell.holm_p, "shown": cell.is_shown, "link": cell.link},
            **{"empirical_p": empirical, "random_masks": masks},
            "specificity_p_low": cell.specificity_p_low,
            "over_random_p_low": cell.over_random_p_low,
        }
    )


def is_open(cell: Cell, measure: Measure = AIS_P) -> bool:
    """Whether its run stops when it is known, and has settled nothing yet, or with all items."""
    found = cell.statistics
    if found is None or found.until is None or measure is AIS or not cell.is_shown:
        return False
    return cell.link is None and measure.bounds(found) is not None


def long_cell_text(cell: Cell, marks: Marks, measure: Measure = AIS) -> str:
    """A cell in at most eight columns, the last three for its whole mark: `.65**?`."""
    short = cell_text(cell, marks, measure)
    mark = cell_mark(cell, measure) if measure.bounds(cell.statistics) else ""
    mark = marks.open if is_open(cell, measure) else mark
    return f"{short[:-1]}{mark:<{MARK_WIDTH}}"


def cell_text(cell: Cell, marks: Marks, measure: Measure = AIS) -> str:
    """A cell in at most five columns, the last one for the mark of significance: `.65*`."""
    if cell.state == "missing":
        return f"{marks.lacking} "
    bounds = measure.bounds(cell.statistics)
    if bounds is None:
        return f"{marks.not_identifiable} "
    if is_open(cell, measure):
        return f"{cell_number(bounds[1])}{marks.open}"
    return f"{cell_number(bounds[1])}{marks.significant if is_significant(cell, measure) else ' '}"


def explained(cell: Cell, marks: Marks, remedy: str, measure: Measure = AIS) -> list[str]:
    """A cell in two lines, the second perhaps empty; the remedy is what computes a missing cell."""
    found = cell.statistics
    if found is None:
        return [f"not computed: {remedy}", ""]
    if measure.of(found.ais_p_reason) is not AIS:
        return _explained_probability(cell, found, marks)
    scores = f"accuracy {share(found.base_score)} {marks.becomes} {share(found.score)}"
    if found.chance is not None:
        scores += f", chance {number(found.chance)}"
    second = f"{scores}; {_random_text(cell)}"
    if cell.state == "not_identifiable":
        return [safe_line(found.reason), second]
    first = f"AIS {ais_with_interval(found)}  p {probability(found.p_value)}"
    if cell.q_value is not None:
        first += f"  q {probability(cell.q_value)}"
    if cell.holm_p is not None:
        first += f"  Holm {probability(cell.holm_p)}{cell_mark(cell)}"
    return [f"{first}  {_n_text(cell, found)}", second]


def _explained_probability(cell: Cell, found: CellStatistics, marks: Marks) -> list[str]:
    """The same by AIS_p; AIS stands beside it."""
    second = control_text(cell, AIS_P)
    if found.p_right is not None and found.base_p_right is not None:
        second = f"p(right) {share(found.base_p_right)} {marks.becomes} {share(found.p_right)}; {second}"
    if found.ais_p is None:
        return [safe_line(found.ais_p_reason), second]
    first = f"AIS_p {ais_with_interval(found, AIS_P)}{cell_mark(cell, AIS_P)}"
    return [f"{first}  AIS {ais_with_interval(found)}  {_n_text(cell, found)}", second]


def _n_text(cell: Cell, found: CellStatistics) -> str:
    """How many items it has, and whether they settle it: `n 64: no link`."""
    if found.until is None or not cell.is_shown:
        return f"n {found.n:,}"
    return f"n {found.n:,}: {settled_words(found, is_over=not cell.is_unfinished)}"


def settled_line(cell: Cell, most: int) -> str:
    """What it means that a run stopped, or has not yet; empty for others.

    Args:
        cell: the cell.
        most: items at the limit.
    """
    found = cell.statistics
    if found is None or found.until is None or (found.ais is None and found.ais_p is None):
        return ""
    least, word = number(found.until), settled_words(found, is_over=not cell.is_unfinished)
    wholly = {"link": "is wholly above", "no link": "is wholly below"}
    where = wholly.get(word, "does not settle whether it is above")
    far = f"{found.n:,} of {most:,} items"
    end = "; x goes on" if cell.is_unfinished else ", however often it was looked at"
    return f"{word}: after {far} the interval {where} {least}{end}"


def cell_words(matrix: Matrix, cell: tuple[str, str], remedy: str, marks: Marks, measure: Measure) -> Text:
    """What is said about a cell: a heading and two lines; the remedy is what computes a missing one."""
    text = Text(pair_name(*cell), style="bold")
    if cell[0] in matrix.collapsed:
        text.append(f"  {marks.collapsed} {COLLAPSED}", style="not bold")
    shown = matrix.shown.get(cell[0])
    if shown is not None and not shown.is_shown:
        text.append(f"  {marks.not_shown} not shown by this model: {shown_text(shown)}", style="not bold")
    lines = explained(matrix.cells[cell], marks, remedy, measure)
    return text.append("\n" + "\n".join(lines), style="not bold")


def detail_lines(
    cell: Cell,
    specificity: Specificity | None,
    generation_quality: GenerationQuality | None,
    measure: Measure = AIS,
) -> list[str]:
    """What is known about a cell besides its figures, one line each; None for what is unknown."""
    lines = []
    if cell.empirical is not None:
        p, masks = cell.empirical.p_value, cell.empirical.masks
        few = "" if masks >= ENOUGH else f": m runs {ENOUGH}, which can show .05"
        lines.append(f"empirical p {probability(p)} from {random_masks(masks)}{few}")
    if measure is AIS and cell.statistics is not None and cell.statistics.ais_p is not None:
        effect = ais_with_interval(cell.statistics, AIS_P)
        lines.append(f"AIS_p {effect}: the AIS of the probability of the right answer")
    if cell.statistics is not None and cell.statistics.detectable_ais is not None:
        least = number(cell.statistics.detectable_ais)
        lines.append(detectable_text(f"{cell.statistics.n:,}", least))
    if cell.statistics is not None and cell.statistics.truncated:
        lines.append(cut_text(cell.statistics.truncated, cell.statistics.n))
    if specificity is not None:
        ends = interval(specificity.low, specificity.high)
        n = specificity.masks
        others = "another ability's mask" if n == 1 else f"the mean of {n} other abilities"
        lines.append(
            f"specific {number(specificity.difference)} {ends}: its {measure.name} less "
            f"{number(specificity.others)}, {others}"
        )
    if generation_quality is not None:
        lines.append(f"quality: {quality_text(generation_quality)}")
    return lines


def _random_text(cell: Cell) -> str:
    """The empirical p of several random masks of the same size, or the AIS of the only one."""
    if cell.empirical is not None and cell.empirical.masks > 1:
        return f"empirical p {probability(cell.empirical.p_value)} ({cell.empirical.masks} masks)"
    return control_text(cell)


def control_text(cell: Cell, measure: Measure = AIS) -> str:
    """The effect of as many weights drawn at random."""
    if cell.control is None:
        return "random control not computed"
    return f"random {ais_with_interval(cell.control, measure)}"


def summary_text(matrix: Matrix, measure: Measure = AIS) -> str:
    """A few figures about a matrix, as far as it is computed."""
    cells, found = matrix.cells.values(), matrix.summary
    stored = [cell for cell in cells if cell.state != "missing"]
    parts = [f"{len(stored)} of {len(cells)} cells"]
    marked = sum(is_significant(cell, measure) for cell in cells)
    if measure is AIS:
        parts += [f"{marked} q < {number(SIGNIFICANT)}", f"{found.holm_significant} Holm"]
        means = {"own": found.mean_own, "others": found.mean_others}
    else:
        # As the tables of a profile count them, which know no other word for a cell without an AIS.
        still_open = sum(cell.link is None for cell in stored)
        more = "" if matrix.until is None else f", {still_open} open"
        parts += [f"{measure.name}: {marked} {'link' if marked == 1 else 'links'}{more}"]
        means = {"own": found.mean_own_p, "others": found.mean_others_p}
    known = [f"{name} {number(mean)}" for name, mean in means.items() if mean is not None]
    return ", ".join([*parts, " ".join(known)] if known else parts)


def mean_effect(found: Sequence[CellStatistics | None], measure: Measure = AIS) -> float | None:
    """The mean of those that are defined; None if none is."""
    values = [bounds[1] for statistics in found if (bounds := measure.bounds(statistics)) is not None]
    return sum(values) / len(values) if values else None


def legend(
    marks: Marks,
    *,
    measure: Measure = AIS,
    until: float | None = None,
    has_not_shown: bool = False,
    room: int | None = None,
) -> str:
    """What the marks mean, on one line: all of them, or in as many words as there is room for.

    Args:
        marks: the signs.
        measure: what the cells show.
        until: the least AIS of interest at which runs stop, or None.
        has_not_shown: whether there are abilities that the model does not show.
        room: columns; None: as many as it takes.
    """
    significant, is_until = measure.short_legend, until is not None and measure is not AIS
    if until is not None and is_until:
        significant = f"> {number(until)}"

    def line(whole: str, nothing: str, lacking: str, shown: str) -> str:
        pairs = [f"{marks.significant} {significant}", whole, f"{marks.open} open" if is_until else ""]
        pairs += [f"{marks.not_identifiable} {nothing}", lacking and f"{marks.lacking} {lacking}"]
        pairs += [f"{marks.collapsed} collapsed", f"{marks.not_shown} {shown}" if has_not_shown else ""]
        return "  ".join(filter(None, pairs))

    shorter = (
        ("not identifiable", "not computed", NOT_SHOWN),
        ("not identifiable", "not computed", "not shown"),
        ("no AIS", "not computed", "not shown"),
        ("no AIS", "", "not shown"),  # how many are not computed is said below
    )
    lines = [line(whole, *words) for whole in (measure.whole_legend, "") for words in shorter]
    return next((one for one in lines if room is None or len(one) <= room), lines[-1])


def status_text(
    matrix: Matrix, marks: Marks, *, room: int | None, is_outdated: bool = False, measure: Measure = AIS
) -> str:
    """The legend, and what is missing from the matrix, unless more was stored since it was read."""
    has_not_shown = bool(not_shown(matrix))
    lines = [
        legend(marks, measure=measure, until=matrix.until, has_not_shown=has_not_shown, room=room),
    ]
    if matrix.missing and is_outdated:
        lines.append(f"{marks.lacking} was missing when this was read: reading what is stored now")
    elif matrix.missing:
        what = "run is" if len(matrix.missing) == 1 else "runs are"
        lines.append(
            f"{marks.lacking} {len(matrix.missing):,} {what} missing, controls included: x runs them"
        )
    if matrix.damaged:
        lines.append(f"{len(matrix.damaged):,} cache entries are damaged and count as missing")
    return "\n".join(lines)


def not_shown(matrix: Matrix) -> set[str]:
    """The abilities that the intact model does not show."""
    return {ability for ability, one in matrix.shown.items() if not one.is_shown}


def flag_of(matrix: Matrix, ability: str, marks: Marks) -> str:
    """The flag behind an ability: its mask collapses every benchmark, or the model does not show it."""
    if ability in matrix.collapsed:
        return marks.collapsed
    return marks.not_shown if ability in not_shown(matrix) else ""


def matrix_title(matrix: Matrix) -> str:
    """Variant, selection and k of a matrix."""
    order = order_words(matrix.mask.selection, matrix.mask.scope)
    until = "" if matrix.until is None else f", until {number(matrix.until)}"
    return f"{VARIANT_WORDS[matrix.mask.variant]}, {order}, k {k_text(matrix.mask.k)}{until}"


def pair_name(ability: str, benchmark: str) -> str:
    """The name of a cell."""
    return f"without {short_benchmark(ability)}, on {short_benchmark(benchmark)}"
