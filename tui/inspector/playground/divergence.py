"""Where an answer of the playground parts from base's, by its tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len

from tui.failure_words import probability_text
from tui.inspector.look.text import fitted
from tui.safe_text import safe_line

if TYPE_CHECKING:
    from core.analysis.samples.written import TokenDivergence
    from core.experiment.events import TextCompared

TOKEN_WIDTH = 10
"""Columns of a token that are shown."""


def token_divergence(compared: TextCompared) -> TokenDivergence | None:
    """The divergence that the engine told; None if the answers have the same tokens."""
    if compared.index is None:
        return None
    from core.analysis.samples.written import TokenDivergence

    return TokenDivergence(
        compared.index,
        compared.base_token,
        compared.ablated_token,
        compared.base_probabilities,
        compared.ablated_probabilities,
    )


def divergence_words(compared: TextCompared) -> str:
    """The first token that differs, and how likely either one was to base and to the ablated model.

    Short enough for one line; empty if the answers have the same tokens.
    """
    divergence = token_divergence(compared)
    if divergence is None:
        return ""
    base, here = (
        f"{name} {_token_words(token)}{_chance_words(chances)}"
        for name, token, *chances in zip(
            ("base", "here"),
            (divergence.base_token, divergence.ablated_token),
            divergence.base_probabilities,
            divergence.ablated_probabilities,
            strict=True,
        )
    )
    return f"token {divergence.index + 1}: {base}, {here}"


def _token_words(token: str | None) -> str:
    if token is None:
        return "ends"
    words = safe_line(token)
    return f'"{words if cell_len(words) <= TOKEN_WIDTH else fitted(words, TOKEN_WIDTH, "…")}"'


def _chance_words(chances: list[float | None]) -> str:
    """The probabilities of a token under base and under the ablated model; nothing if neither is known."""
    if chances == [None, None]:
        return ""
    shown = ["?" if chance is None else probability_text(chance).replace("0.", ".") for chance in chances]
    return " " + "→".join(shown)
