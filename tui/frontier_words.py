"""The search for a k in words and tables: own against others, and what was chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tui import output
from tui.numbers import interval, k_text, number
from tui.output import plain_table, wrapped
from tui.progress_words import left_text
from tui.result_words import quality_text, times_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.table import Table

    from core.analysis.auto_k import FoundK, TriedK
    from core.analysis.results import SearchRecord
    from core.analysis.statistics.frontier import Estimate, Point
    from core.run.plan import ChosenK

RULE = "the smallest k within one standard error of the largest own - others"

LEGEND = (
    "own, others: mean AIS_p of the masks on their own ability's {0} choosing items, and on the {0} of each "
    f"other ability; no benchmark has these items. Chosen (>): {RULE}, of those at which every mask leaves "
    "the model able to write."
)

HEADS = ("", "k", "own", "others", "own - others", "can write")


class FrontierRow(NamedTuple):
    """One k of a search in words."""

    k: float
    own: str
    others: str
    gain: str
    can_write: str
    is_chosen: bool


def frontier_rows(search: SearchRecord) -> list[FrontierRow]:
    """The k that were tried; empty of searches that chose by generation quality alone."""
    if search.best_k is None:
        return []
    return [
        FrontierRow(
            one.k,
            _estimate(one.own),
            _estimate(one.others),
            _estimate(one.gain),
            "yes" if one.acceptable else "no",
            one.k == search.k,
        )
        for one in search.tried
    ]


def frontier_table(search: SearchRecord) -> Table:
    """Own and others at each k that was tried."""
    title = f"k auto · {search.variant} · {', '.join(search.selections)}: own against others"
    table = plain_table(HEADS, left=("",), title=title, wraps=True)
    for row in frontier_rows(search):
        mark = ">" if row.is_chosen else ""
        table.add_row(mark, f"{row.k:g}", row.own, row.others, row.gain, row.can_write)
    return table


def write_frontiers(found: Iterable[ChosenK]) -> None:
    """Writes own and others at each k that was tried, for each variant; nothing if k was given."""
    import msgspec

    from cache.keys import as_plain
    from core.analysis.results import SearchRecord

    searches = [msgspec.convert(as_plain(one.record), SearchRecord) for one in found]
    for search in searches:
        output.write_table(frontier_table(search))
    if searches:
        output.write(wrapped(LEGEND.format(searches[0].choosing_items)) + "\n\n")


def own_and_others(point: Point) -> str:
    """Such as `own .24 [.18, .30], others .03 [.01, .05]`."""
    return f"own {_estimate(point.own)}, others {_estimate(point.others)}"


def search_text(seconds: float) -> str:
    """How long a search takes: `at most about 12 min`."""
    return f"at most about {left_text(seconds)}" if seconds else "all of it is stored"


def tried_k_text(tried: TriedK) -> str:
    """One k of the search: what its masks take and how well they write, or which of them does not."""
    mask = tried.unacceptable
    if mask is not None:
        found = quality_text(tried.qualities[mask])
        return f"k {tried.k:g}: {mask.ability} · {mask.selection} is not acceptable: {found}"
    times = max(one.times for one in tried.qualities.values() if one.times is not None)
    masks = "mask" if len(tried.qualities) == 1 else "masks"
    taken = "" if tried.point is None else f"{own_and_others(tried.point)}; "
    written = f"{len(tried.qualities)} {masks} acceptable, perplexity up to {times_text(times)}"
    return f"k {tried.k:g}: {taken}{written}"


def found_k_text(found: FoundK) -> str:
    """The chosen k, what its masks take, and why it is no other, in sentences."""
    k, point = found.at
    best = f"own - others {_estimate(point.gain)} is the largest"
    if k != found.best_k:
        best = f"{RULE} ({number(dict(found.frontier)[found.best_k].gain.value)} at {found.best_k:g})"
    said = f"k auto, {found.variant} ({', '.join(found.selections)}): {k:g}: {own_and_others(point)}; {best}."
    if point.gain.low <= 0:
        said += " Own is not told from others: the interval has 0 inside."
    if (last := found.tried[-1]).unacceptable is not None:
        said += f" The search ends at {tried_k_text(last)}."
    return said


def so_far_text(search: FoundK) -> str:
    """The last k that was tried: `k 1 %: own .24, others .03`."""
    last = search.tried[-1]
    if last.point is None:
        return f"k {k_text(last.k)} is too large"
    return f"k {k_text(last.k)}: own {number(last.point.own.value)}, others {number(last.point.others.value)}"


def _estimate(found: Estimate | None) -> str:
    return "·" if found is None else f"{number(found.value)} {interval(found.low, found.high)}"
