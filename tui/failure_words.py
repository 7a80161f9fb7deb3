"""How ablated answers differ from base answers, in words; may quote models and data, to be shown as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.analysis.choices import ChoiceDiagnosis, ChoiceSums
    from core.analysis.diagnosis import Share, TagName
    from core.run.events import TokenDivergence

TAG_WORDS: dict[TagName, str] = {
    "repetition": "repeats itself",
    "gibberish": "gibberish",
    "truncated": "truncated",
    "empty": "no answer",
    "format_lost": "format lost",
    "overcounting": "overcounts",
    "wrong_option": "wrong answer",
}
"""The tags of one answer."""

TAG_VERBS: dict[TagName, str] = {
    "repetition": "repeat themselves",
    "gibberish": "are gibberish or in another language",
    "truncated": "are truncated",
    "empty": "give no answer",
    "format_lost": "lose the format",
    "overcounting": "overcount",
    "wrong_option": "give a wrong answer",
}
"""What answers with a main tag do."""


def share_text(share: Share, other: str = "base") -> str:
    """A share of the answers with its interval: `41 % [34, 48] overcount (base 12 %)`.

    Args:
        share: of the answers of one model.
        other: the model that they are compared with.
    """
    part = share.share
    verb = TAG_VERBS[share.name] if share.name else "do not fail"
    interval = f"[{100 * part.low:.0f}, {100 * part.high:.0f}]"
    base = "" if share.base is None else f" ({other} {100 * share.base:.0f} %)"
    return f"{100 * part.score:.0f} % {interval} {verb}{base}"


def margin_text(base: float, ablated: float) -> str:
    """Such as `margin +2.1 → -0.3 nats`."""
    return f"margin {base:+.1f} → {ablated:+.1f} nats"


def choice_text(choice: ChoiceDiagnosis, options: Sequence[str], other: str = "base") -> str:
    """What happened to one multiple-choice item, in a sentence.

    Args:
        choice: of an item with one right option.
        options: the options' texts, in their order.
        other: the model that the answer is compared with.
    """
    margins = margin_text(choice.base_margin, choice.margin)
    if choice.winner is None:
        return f"Prefers the right option: {margins}."
    winner = options[choice.winner]
    if not choice.is_flip:
        return f"Prefers “{winner}” to the right option, as {other} does: {margins}."
    begins = "Now prefers" if other == "base" else "Prefers"
    return f"{begins} “{winner}” to the right option: {margins}."


def choice_lines(sums: ChoiceSums, other: str = "base") -> list[str]:
    """The mean margin of a benchmark's items, what won among the broken ones, and what is preferred."""
    lines = []
    if sums.mean_margins is not None:
        lines.append(f"Mean {margin_text(*sums.mean_margins)} (n {sums.n}).")
    if sums.names and sums.broken:
        winner = int(sums.winners.argmax())
        won = int(sums.winners[winner])
        share = f"{won} ({100 * won / sums.broken:.0f} %)"
        lines.append(f"Of {sums.broken} broken items, {share} went to {sums.names[winner]}.")
    return [*lines, *sums.preferences(other)]


def divergence_text(divergence: TokenDivergence) -> str:
    """Where two answers part.

    Such as: Parts at token 5: base writes “ 12” (p 0.91; ablated 0.04), ablated “ 7” (p 0.88; base 0.02).
    """
    base_p, ablated_p = divergence.base_probabilities, divergence.ablated_probabilities
    base = _does("base", "writes ", divergence.base_token, base_p[0])
    base += _sure(base_p[0], "ablated", ablated_p[0])
    verb = "writes " if divergence.base_token is None else ""
    ablated = _does("ablated", verb, divergence.ablated_token, ablated_p[1])
    ablated += _sure(ablated_p[1], "base", base_p[1])
    return f"Parts at token {divergence.index + 1}: {base}, {ablated}."


def probability_text(p: float) -> str:
    """Two decimals, but never 0.00 or 1.00 for what is not quite so."""
    if 0 < p < 0.005:
        return "<0.01"
    return ">0.99" if 0.995 <= p < 1 else f"{p:.2f}"


def _does(model: str, verb: str, token: str | None, own: float | None) -> str:
    """What a model does there; without a probability of its own, an end came from outside."""
    if token is not None:
        return f"{model} {verb}“{token}”"
    return f"{model} ends" if own is not None else f"{model} has ended"


def _sure(own: float | None, other: str, others: float | None) -> str:
    """How sure both models are of it; empty where nothing is known."""
    known = [f"p {probability_text(own)}"] if own is not None else []
    known += [f"{other} {probability_text(others)}"] if others is not None else []
    return f" ({'; '.join(known)})" if known else ""
