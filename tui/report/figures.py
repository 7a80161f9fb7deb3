"""The pictures of a report as SVG, PDF and PNG, as a paper wants them. Needs matplotlib (extra `report`)."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cache.files import write_atomically
from tui.numbers import k_text, number
from tui.report.document import Answer, Report
from tui.report.drawing import LEAST, MOST, NAMED_LINES
from tui.report.matrices import Matrix
from tui.report.shades import LINES, NEGATIVE, POSITIVE
from tui.report.words import fitted, word

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS: dict[str, dict[str, Any]] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}
"""File formats with metadata that leaves out when they were made: the same results give the same files."""

TEXT_WIDTH = 6.3
"""Inches of a page's text; a figure is no wider, so that its letters keep their size."""

POINTS = 8
FONTS = ("Arial", "Liberation Sans", "DejaVu Sans")
"""Sans-serif fonts that journals take; the last comes with matplotlib. The first that is here is used, and
the others for characters that it lacks."""

STYLE = {
    "font.size": POINTS,
    "axes.titlesize": POINTS,
    "axes.labelsize": POINTS,
    "xtick.labelsize": POINTS - 1,
    "ytick.labelsize": POINTS - 1,
    "axes.linewidth": 0.6,
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "abilityscope",
    "savefig.dpi": 300,
    "figure.constrained_layout.use": True,
}
"""Text stays text."""

DASHES = ("-", "--", ":")
MARKERS = ("o", "s", "^")


def write_figures(report: Report, folder: Path) -> int:
    """Writes every figure in every format, and returns how many figures there are.

    Raises:
        ValueError: matplotlib is not installed, or nothing was ablated.
        OSError: the folder cannot be written to.
    """
    try:
        import matplotlib
        from matplotlib import font_manager
    except ImportError:
        raise ValueError(
            "Figures need matplotlib: install the extra report (uv sync --extra report)."
        ) from None
    if not report.answers:
        raise ValueError("There is nothing to draw: this profile has no mask of an ability.")
    matplotlib.use("agg")
    matrices = [one.matrix for one in report.answers] + [other.matrix for other in report.others]
    made = 0
    here = set(font_manager.get_font_names())
    with matplotlib.rc_context({**STYLE, "font.family": [one for one in FONTS if one in here]}), _calm():
        for answer in report.answers:
            for name, draw in _figures(answer, matrices).items():
                _save(draw(), folder / f"{name}-{answer.matrix.kind.variant}")
                made += 1
    return made


@contextmanager
def _calm() -> Iterator[None]:
    """A context in which characters that no font has are drawn as boxes, without a warning."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph \d+", UserWarning)
        yield


def _figures(answer: Answer, matrices: Sequence[Matrix]) -> dict[str, Callable[[], Figure]]:
    """The figures of an answer, by name."""
    same = sorted(
        (one for one in matrices if one.kind[:2] == answer.matrix.kind[:2]), key=lambda one: one.kind.k
    )
    found: dict[str, Callable[[], Figure]] = {
        "links": partial(_links, answer.matrix),
        "matrix": partial(_heat_map, answer.matrix),
    }
    return found | ({"sweeps": partial(_sweeps, answer, same)} if answer.sweeps else {})


def _save(figure: Figure, stem: Path) -> None:
    for name, metadata in FORMATS.items():
        write = partial(figure.savefig, format=name, metadata=metadata)
        write_atomically(stem.with_name(f"{stem.name}.{name}"), write)


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height))


def _text(axes: Any, x: float, y: float, text: str, **how: Any) -> None:
    """A text that is shown as it is, `$` too."""
    axes.text(x, y, text, parse_math=False, **how)


def _links(matrix: Matrix) -> Figure:
    """Abilities at the left, benchmarks at the right, a line for each link."""
    abilities, benchmarks = list(matrix.rows), [one.benchmark for one in matrix.columns]
    rows = max(len(abilities), len(benchmarks))
    figure = _figure(TEXT_WIDTH * 0.6, 0.21 * rows + 0.3)
    axes = figure.add_subplot()
    at = {
        side: {name: (place + 0.5) / len(names) for place, name in enumerate(names)}
        for side, names in (("left", abilities), ("right", benchmarks))
    }
    steps = [step / 40 for step in range(41)]
    bend = [(1 - math.cos(math.pi * step)) / 2 for step in steps]
    for cell in sorted(matrix.links, key=lambda cell: (cell.is_specific, cell.effect or ())):
        left, right = at["left"][cell.ability], at["right"][cell.benchmark]
        strength = min(cell.effect.value if cell.effect else 0.0, 1.2)
        colour, dash = (POSITIVE, "-") if cell.is_specific else ("#8a929b", (0, (3, 2)))
        width = 0.5 + 3 * strength if cell.is_specific else 0.6
        ys = [left + (right - left) * part for part in bend]
        axes.plot(steps, ys, color=colour, linestyle=dash, linewidth=width, alpha=0.7)
    for side, x, align in (("left", -0.03, "right"), ("right", 1.03, "left")):
        for name, y in at[side].items():
            _text(axes, x, y, fitted(name), ha=align, va="center")
        axes.plot([float(side == "right")] * len(at[side]), list(at[side].values()), "k.", markersize=4)
    axes.set_ylim(1, 0)
    axes.set_xlim(-0.02, 1.02)
    axes.axis("off")
    return figure


def _heat_map(matrix: Matrix) -> Figure:
    """Abilities by benchmarks with numbers; bold where there is a link."""
    from matplotlib.colors import LinearSegmentedColormap

    n_columns, n_rows = len(matrix.columns), len(matrix.rows)
    figure = _figure(min(TEXT_WIDTH, 1.2 + 0.42 * n_columns), 0.9 + 0.22 * n_rows)
    axes = figure.add_subplot()
    blank = LinearSegmentedColormap.from_list("effect", [NEGATIVE, "#ffffff", POSITIVE])
    colours = blank.with_extremes(bad="#eceef0")
    values = [
        [cell.effect.value if cell.effect else math.nan for cell in row] for row in matrix.rows.values()
    ]
    image = axes.imshow(values, cmap=colours, vmin=-1, vmax=1, aspect="auto")
    size = POINTS - 1 if n_columns <= 12 else POINTS - 2
    for y, row in enumerate(matrix.rows.values()):
        for x, cell in enumerate(row):
            value = cell.effect.value if cell.effect else 0.0
            how = {
                "weight": "bold" if cell.is_link else "normal",
                "color": "white" if abs(value) > 0.6 else "black",
            }
            _text(
                axes, x, y, number(value) if cell.effect else "·", ha="center", va="center", size=size, **how
            )
    heads = [fitted(one.benchmark) for one in matrix.columns]
    axes.set_xticks(
        range(n_columns), heads, rotation=45, ha="right", rotation_mode="anchor", parse_math=False
    )
    axes.set_yticks(range(n_rows), [word(one) for one in matrix.rows])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(image, ax=axes, shrink=0.8, pad=0.02)
    bar.set_label(" or ".join(sorted({one.measure.name for one in matrix.columns})), parse_math=False)
    bar.outline.set_linewidth(0.6)
    return figure


def _sweeps(answer: Answer, same: Sequence[Matrix]) -> Figure:
    """The effect on each benchmark over k; the strongest abilities named."""
    places = [
        place
        for place, one in enumerate(answer.matrix.columns)
        if any(c.effect for c in answer.matrix.of(one.benchmark))
    ]
    across = min(3, len(places))
    down = math.ceil(len(places) / across)
    figure = _figure(TEXT_WIDTH, 1.5 * down + 0.2)
    grid = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
    for axes in grid.flat[len(places) :]:
        axes.set_visible(False)
    for axes, place in zip(grid.flat, places, strict=False):
        _sweep(axes, answer.matrix, same, place)
    for axes in grid[:, 0]:
        axes.set_ylabel("effect")
    return figure


def _sweep(axes: Any, matrix: Matrix, same: Sequence[Matrix], place: int) -> None:
    benchmark = matrix.columns[place].benchmark
    strongest = [one.ability for one in matrix.of(benchmark) if one.effect][:NAMED_LINES]
    for ability in (*(one for one in matrix.rows if one not in strongest), *strongest):
        cells = [one.rows[ability][place] for one in same]
        known = [(one.kind.k, cell.effect) for one, cell in zip(same, cells, strict=True) if cell.effect]
        ks, values = [k for k, _ in known], [effect.value for _, effect in known]
        if ability not in strongest:
            axes.plot(ks, values, color="#b5bcc4", linewidth=0.5)
            continue
        style = strongest.index(ability)
        ends = [
            [max(0.0, effect.value - max(effect.low, -9)) for _, effect in known],
            [max(0.0, min(effect.high, 9) - effect.value) for _, effect in known],
        ]
        how = {"color": LINES[style], "linestyle": DASHES[style], "marker": MARKERS[style], "markersize": 3}
        axes.errorbar(ks, values, ends, linewidth=1, elinewidth=0.6, label=word(ability), **how)
    random = [
        (one.kind.k, one.columns[place].random) for one in same if one.columns[place].random is not None
    ]
    if random:
        axes.plot(
            *zip(*random, strict=True), color="black", linestyle=(0, (1, 3)), linewidth=1, label="random"
        )
    axes.axhline(0, color="#57606a", linewidth=0.5)
    axes.set_xscale("log")
    axes.set_xticks([one.kind.k for one in same], [k_text(one.kind.k) for one in same])
    axes.minorticks_off()
    axes.set_ylim(LEAST, MOST)
    axes.set_title(fitted(benchmark), parse_math=False)
    axes.legend(frameon=False, fontsize=POINTS - 2, loc="best", handlelength=1.8)
    axes.spines[["top", "right"]].set_visible(False)
