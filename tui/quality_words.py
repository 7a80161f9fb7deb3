"""Generation quality in words: whether the model can still write under a mask, and which k that allows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.analysis.generation_quality import GenerationQuality
    from core.runner.auto_k import FoundK, TriedK


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


def tried_k_text(tried: TriedK) -> str:
    """One k of the search: `k 0.01: 10 masks acceptable, perplexity up to x1.4`, or which mask is not."""
    mask = tried.unacceptable
    if mask is not None:
        found = quality_text(tried.qualities[mask])
        return f"k {tried.k:g}: {mask.ability} · {mask.selection} is not acceptable: {found}"
    times = max(one.times for one in tried.qualities.values() if one.times is not None)
    masks = "mask" if len(tried.qualities) == 1 else "masks"
    return f"k {tried.k:g}: {len(tried.qualities)} {masks} acceptable, perplexity up to {times_text(times)}"


def found_k_text(found: FoundK) -> str:
    """The chosen k, and why it is not larger, in a sentence."""
    chosen = f"k auto, {found.variant} ({', '.join(found.selections)}): {found.k:g}"
    if found.tried[-1].unacceptable is None:
        return f"{chosen}, the largest of the grid; every mask is acceptable, so a larger --k may be too."
    return f"{chosen}; at {tried_k_text(found.tried[-1])}."
