"""The figures of the tab Run as text, to be pasted elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.inspector.ais.text import ais_with_interval, interval, number, probability, share
from tui.inspector.lens import k_text
from tui.inspector.look.names import VARIANT_WORDS, order_words
from tui.inspector.look.safe_text import safe_line
from tui.inspector.run.figures import SIDE_WORDS, Figures, Side, SideFigures

if TYPE_CHECKING:
    from tui.inspector.lens import Lens


def report_of(model: str, lens: Lens, figures: Figures) -> str:
    """What was ablated, and every figure, one line each."""
    lines = [f"{safe_line(model)} on {lens.benchmark}"]
    if figures.chance is not None:
        lines[0] += f", chance {number(figures.chance)}"
    if lens.variant != "base":
        order = order_words(lens.selection, lens.scope)
        words = f"{VARIANT_WORDS[lens.variant]}, {order}, k {k_text(lens.k)}"
        lines.append(f"ablated: {lens.ability}, {words}")
    lines += [_side_line(side, one, figures) for side, one in figures.sides.items()]
    return "\n".join(lines)


def _side_line(side: Side, one: SideFigures, figures: Figures) -> str:
    name = f"{SIDE_WORDS[side]:<15}"
    if one.accuracy is None:
        return f"{name}not run"
    found = one.accuracy
    items = f"n {figures.n}" if found.n == figures.n else f"{found.n} of {figures.n} items"
    parts = [f"{figures.score_word} {share(found.score)} {interval(found.low, found.high)}", items]
    if one.effect is not None:
        ais = f"AIS {ais_with_interval(one.effect)}" if one.effect.defined else one.effect.reason
        parts += [ais, f"McNemar p {probability(one.effect.p_value)}"]
        parts.append(f"{one.broken} right to wrong, {one.fixed} wrong to right")
    return name + ", ".join(parts)
