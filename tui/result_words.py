"""Results in words: the marks and lines of AIS matrices, legends, generation quality."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.abilities.catalogue import ABILITIES
from tui.names import SHORT_NAMES
from tui.numbers import interval, number, percent
from tui.safe_text import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import polars as pl

    from core.analysis.generation_quality import GenerationQuality
    from core.analysis.shown import Shown
    from core.analysis.statistics.cells import CellStatistics
    from tui.measures import Measure

ENOUGH = 19
"""Fewest random masks that can show an empirical p of .05."""

MEANS_LEGEND = (
    "own, others: mean {0} on the ability's own and on the other abilities' benchmarks.  specific: own minus "
    "the effect of the other abilities' masks on that benchmark.  "
)

COLLAPSED_LEGEND = "collapsed: masks that take every benchmark down to chance"

SUMMARY_LEGEND = {
    "AIS": MEANS_LEGEND.format("AIS") + "Holm: cells with p < .05 (Holm).  top 3: abilities whose own "
    f"benchmark is among the three most hurt.  |AIS|: mean of all cells.  {COLLAPSED_LEGEND}",
    "AIS_p": MEANS_LEGEND.format("AIS_p") + "links: cells with a whole interval above .05.  first: abilities "
    f"whose own mask hurts their benchmark most.  {COLLAPSED_LEGEND}",
}
"""What the columns of the summary of matrices mean, by measure."""

ATTRIBUTION_LEGEND = (
    "A cell names its ability if the whole interval of its AIS_p is above .05 (link), or if it is above that "
    "of the other abilities' masks by the whole interval of the difference, and above random ones where "
    "these were run (specific). In brackets: abilities that the items of a compound benchmark need by "
    "construction.  precision: needed among the named.  recall: named among the needed.  F1: their harmonic "
    "mean; naming every ability everywhere gives {}"
)

SILENT = (
    "Cells that are not identifiable or under a collapsed mask name nothing: up to {:,} of {:,} cells of a "
    "matrix."
)


def cut_text(truncated: int, n: int) -> str:
    """How many of n prompts were cut, and why."""
    were = "was" if truncated == 1 else "were"
    return f"{truncated:,} of {n:,} prompts {were} too long for the model: cut from the left"


def new_tokens_text(before: int, after: int) -> str:
    """Says that answers are shorter than the benchmark's own number of tokens."""
    return f"answers have at most {after:,} new tokens, not the benchmark's {before:,}: the model's room"


def detectable_text(n: str, ais: str) -> str:
    """The minimum detectable AIS of so many items."""
    return f"minimum detectable AIS with n {n}: {ais} (80 % power)"


def detectable_line(rows: pl.DataFrame) -> str:
    """The minimum detectable AIS of a matrix; empty if no AIS is defined."""
    found = rows.filter("defined").select("n", "detectable_ais").drop_nulls()
    if not len(found):
        return ""
    ns = _span([f"{n:,}" for n in sorted(found["n"].unique())])
    least = _span([number(value) for value in sorted(found["detectable_ais"].unique())])
    text = detectable_text(ns, least)
    return f"{text[0].upper()}{text[1:]}."


def until_line(rows: pl.DataFrame, most: int) -> str:
    """How many items it took to settle a matrix whose runs stop when it is known; empty for others.

    Args:
        rows: the cells of one matrix.
        most: items of all cells at the limit.
    """
    least: float | None = rows["until"][0]
    if least is None:
        return ""
    used, still_open = int(rows["n"].sum()), rows["link"].null_count()
    return (
        f"Stopped once it was known whether an effect is above {number(least)}: {used:,} of {most:,} items "
        f"({used / most:.0%}); {still_open} of {len(rows)} cells are open."
    )


def settled_words(cell: CellStatistics, *, is_over: bool = True) -> str:
    """Whether it is settled that an effect is above the least AIS of interest: `link`, `no link`, `open`.

    Args:
        cell: of a run that stops when it is known.
        is_over: whether it has stopped; else an open one may yet be settled.
    """
    if cell.ais is None and cell.ais_p is None:
        return "no AIS"
    link = settled_link(cell)
    if link is None:
        return "open" if is_over else "open so far"
    return "link" if link else "no link"


def settled_link(cell: CellStatistics) -> bool | None:
    """Whether its whole interval is above the least AIS of interest, or below; None: neither.

    Of AIS_p, or of AIS where there is no p(right); see `core.analysis.table.with_links`.
    """
    by_score = cell.p_right is None
    low, high = (cell.ais_low, cell.ais_high) if by_score else (cell.ais_p_low, cell.ais_p_high)
    if low is None or high is None or cell.until is None:
        return None
    return True if low > cell.until else False if high < cell.until else None


def _span(texts: Sequence[str]) -> str:
    return texts[0] if texts[0] == texts[-1] else f"{texts[0]} to {texts[-1]}"


def collapse_line(rows: pl.DataFrame) -> str:
    """The collapsed masks of a matrix; empty if there are none."""
    collapsed = rows.filter("collapsed")["ability"].unique(maintain_order=True).to_list()
    if not collapsed:
        return ""
    names = ", ".join(SHORT_NAMES[ability] for ability in collapsed)
    return (
        f"! {names}: within two standard errors of chance on every benchmark, which says nothing about "
        "abilities: choose a smaller k or max_minus_shared."
    )


def shown_line(shown: Iterable[Shown]) -> str:
    """The abilities that the intact model does not show; empty if it shows all that are known."""
    lacking = [f"{SHORT_NAMES[one.ability]} {shown_text(one)}" for one in shown if not one.is_shown]
    if not lacking:
        return ""
    return f"Not shown by this model, so never starred: {', '.join(lacking)}."


def shown_text(one: Shown) -> str:
    """The items of an ability that are right, with the interval: `41 of 100 right, .41 [.32, .51]`."""
    _, share, low, high = one.accuracy
    return f"{one.right} of {one.n} right, {number(share)} {interval(low, high)}"


def random_line(cells: pl.DataFrame) -> str:
    """The number of random masks behind an empirical p; empty without any."""
    masks = cells["random_masks"].max()
    if not isinstance(masks, int) or not masks:
        return ""
    return f"Empirical p is from {random_masks(masks)} a cell{too_few(masks)}."


def random_masks(masks: int) -> str:
    """Such as `19 random masks`."""
    return f"{masks} random {'mask' if masks == 1 else 'masks'}"


def too_few(masks: int) -> str:
    """The remedy if so many random masks cannot show .05; else empty."""
    return "" if masks >= ENOUGH else f": --random-seeds {ENOUGH} can show .05"


def matrix_title(rows: pl.DataFrame, measure: Measure) -> str:
    """Measure, variant, selection, k and scope of a matrix, the size of its masks, items per benchmark."""
    first = rows.row(0, named=True)
    size = f"{first['weights']:,} weights, {percent(first['share_of_candidates'])} of candidates"
    words = [first["variant"], first["selection"], f"k {first['k']:g}"]
    words += [] if first["scope"] == "global" else [f"scope {first['scope']}"]
    ns = _span([f"{n:,}" for n in sorted(rows["n"].unique())])
    return " · ".join([measure.name, *words, size, f"n {ns}"])


def cell_text(cell: Mapping[str, Any], measure: Measure, *, with_interval: bool = False) -> str:
    """One cell: `.65**`, or `.65** [.52 .77]`; a dot if it is not identifiable."""
    measure = measure.of(cell["ais_p_reason"])
    if cell[measure.effect] is None:
        return "·"
    text = f"{number(cell[measure.effect])}{measure.mark(cell)}"
    low, high = (number(cell[end]) for end in measure.ends)
    return f"{text} [{low} {high}]" if with_interval else text


def mean_effect(cells: pl.DataFrame, measure: Measure) -> float | None:
    """The mean effect of some masks on one benchmark; None without any."""
    values = [cell[measure.of(cell["ais_p_reason"]).effect] for cell in cells.to_dicts()]
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def reasons(cells: pl.DataFrame, measure: Measure) -> str:
    """The reason why cells are not identifiable, one line per benchmark."""
    found: dict[str, str] = {}
    for cell in cells.to_dicts():
        of_cell = measure.of(cell["ais_p_reason"])
        if cell[of_cell.effect] is None:
            found.setdefault(cell["benchmark"], cell[of_cell.reason])
    order = {ability.id: index for index, ability in enumerate(ABILITIES)}
    names = sorted(found, key=lambda name: order.get(name, len(order)))
    return "".join(f"{name}: {shown(found[name])}\n" for name in names)


def times_text(times: float | None) -> str:
    """A ratio of perplexities: `x1.3`, `x12`, `x4e+05`."""
    if times is None:
        return "x?"
    if times < 9.95:
        return f"x{times:.2f}" if times < 1.095 else f"x{times:.1f}"
    return f"x{times:.0f}" if times < 1e4 else f"x{times:.0e}"


def perplexity_text(quality: GenerationQuality) -> str:
    """Such as `perplexity on neutral text x1.3 (1.09 to 1.42)`."""
    base, ablated = (
        "not a number" if value is None else f"{value:.3g}"
        for value in (quality.base_perplexity, quality.perplexity)
    )
    return f"perplexity on neutral text {times_text(quality.times)} ({base} to {ablated})"


def answers_text(quality: GenerationQuality, *, beside_intact: bool = False) -> str:
    """Such as `of 50 answers 18 % repeat themselves (intact 2 %), 2 % unreadable`."""
    before = quality.base_repeating.score if beside_intact else 0
    return (
        f"of {quality.repeating.n} answers {100 * quality.repeating.score:.0f} % repeat themselves"
        + (f" (intact {100 * before:.0f} %)" if before else "")
        + f", {100 * quality.unreadable.score:.0f} % unreadable"
    )


def quality_text(quality: GenerationQuality) -> str:
    """Such as `perplexity x1.3; of 50 answers 18 % repeat themselves, 2 % unreadable`."""
    return f"perplexity {times_text(quality.times)}; {answers_text(quality)}"


def mean_quality_cell(qualities: Sequence[GenerationQuality]) -> str:
    """The means over some masks in a table's cell: `x1.3 18% 2%`."""
    if not qualities:
        return "·"
    times = [one.times for one in qualities if one.times is not None]
    mean = sum(times) / len(times) if len(times) == len(qualities) else None
    shares = [
        sum(getattr(one, name).score for one in qualities) / len(qualities)
        for name in ("repeating", "unreadable")
    ]
    return " ".join([f"{times_text(mean):<5}", *(f"{share:>4.0%}" for share in shares)])
