"""Which model is asked for and how it is stored, and checks of words that a person gives. No torch."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Level = Literal["basic", "standard"]
"""`basic` has a closed vocabulary, for the embedded models; `standard` is for real models."""

PromptStyle = Literal["cloze", "listed"]
"""`cloze`: the prompt ends and the option's own text continues it (embedded models); `listed`: options are
listed with letters, and the letter is scored (real models; as lm-evaluation-harness renders MMLU)."""

Quantization = Literal["none", "nf4", "fp4"]
DType = Literal["auto", "bfloat16", "float16", "float32"]

LEVELS: tuple[Level, ...] = ("basic", "standard")
QUANTIZATIONS: tuple[Quantization, ...] = ("none", "nf4", "fp4")
DTYPES: tuple[DType, ...] = ("auto", "bfloat16", "float16", "float32")

EMBEDDED: tuple[str, ...] = ("demo", "phantom", "phantom-1")
"""Names of the models that come with the project."""

LONGEST_WORD = 100
"""Characters of a person's word that a message repeats."""


@dataclass(frozen=True)
class ModelSpec:
    """A model as a person asks for it."""

    name: str = "demo"
    """`demo`, `phantom`, `phantom-1`, a local folder, or a hub id (owner/name)."""
    quantization: Quantization = "none"
    dtype: DType = "auto"
    """`auto`: the checkpoint's own."""
    device: str = "auto"
    """`auto`: the first GPU if there is one, else the CPU."""
    revision: str | None = None
    """Branch, tag or commit of a hub id; None for its main branch."""

    @property
    def is_embedded(self) -> bool:
        """Whether the model comes with the project."""
        return self.name in EMBEDDED

    def keeps_dtype(self, in_memory: Quantization) -> bool:
        """Whether weights that are so quantized in memory have the checkpoint's dtype."""
        return self.dtype == "auto" and in_memory == "none"

    @property
    def level(self) -> Level:
        """The level of the diagnostic items that suit the model."""
        return "basic" if self.is_embedded else "standard"

    @property
    def style(self) -> PromptStyle:
        """The prompt style that suits the model."""
        return "cloze" if self.is_embedded else "listed"


def shortened(word: str) -> str:
    """A person's word as messages repeat it: at most LONGEST_WORD characters."""
    return word if len(word) <= LONGEST_WORD else f"{word[: LONGEST_WORD - 1]}…"


def one_of(word: str, allowed: Iterable[str], what: str) -> str:
    """The word itself, if it is allowed.

    Raises:
        ValueError: it is not; the message lists the allowed words and suggests the nearest.
    """
    words = list(allowed)
    if word in words:
        return word
    near = difflib.get_close_matches(word, words, n=1, cutoff=0.4)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise ValueError(f"Unknown {what} '{shortened(word)}'.{hint} Known: {', '.join(words)}.")
