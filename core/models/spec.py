"""Which model is asked for and how it is stored, and checks of words that a person gives. No torch."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

Level = Literal["basic", "plain", "standard"]
"""`basic` has a closed vocabulary, for the embedded models; `plain` is one step in everyday English, for
small real models; `standard` is harder, for large ones."""

PromptStyle = Literal["cloze", "letters", "text"]
"""The form of an item's prompt. `cloze`: it ends and the option's own text continues it (embedded models);
`letters`: options are listed with letters, and the letter is scored (as lm-evaluation-harness renders MMLU);
`text`: options are not listed, and the text of each is scored (as it renders ARC)."""

RealStyle = Literal["letters", "text"]
"""The forms of real models."""

AskedPrompt = Literal["auto", "letters", "text"]
AskedLevel = Literal["auto", "basic", "plain", "standard"]

Quantization = Literal["none", "nf4", "fp4"]
DType = Literal["auto", "bfloat16", "float16", "float32"]

FORM = "@"
"""Separates ability and form in the id of a benchmark that has a form of its own."""

OTHER_STYLE: Mapping[PromptStyle, RealStyle] = {"letters": "text", "text": "letters"}
"""The other form of a real model's items."""

LEVELS: tuple[Level, ...] = ("basic", "plain", "standard")
"""The easiest first."""

EMBEDDED: tuple[str, ...] = ("demo", "phantom", "phantom-1")
"""Names of the models that come with the project."""

SMOLLM2 = "smollm2"
"""Name of the real model that comes in a package of its own."""

LONGEST_WORD = 100
"""Characters of a person's word that a message repeats."""


class Unsettled(ValueError):  # noqa: N818 (it names the state that is wrong)
    """Prompt form or level of a real model is still `auto`, where one of them decides a number."""


@dataclass(frozen=True)
class ModelSpec:
    """A model as a person asks for it, and the form and level of the items that it gets.

    For a real model both are `auto` until they are settled. What depends on them, every cache key included,
    cannot be made before.
    """

    name: str = "demo"
    """`demo`, `phantom`, `phantom-1`, `smollm2`, a local folder or GGUF file, or a hub id (owner/name)."""
    quantization: Quantization = "none"
    dtype: DType = "auto"
    """`auto`: the checkpoint's own; for GGUF files float32 on a CPU, bfloat16 on a GPU."""
    device: str = "auto"
    """`auto`: the first GPU if there is one, else the CPU."""
    revision: str | None = None
    """Branch, tag or commit of a hub id; None for its main branch."""
    prompt: AskedPrompt = "auto"
    """Form of the generated items; `auto` for the embedded models, which have one of their own."""
    level_asked: AskedLevel = "auto"
    """Level of the generated items."""
    gguf: str | None = None
    """Name of the GGUF file in the folder or on the hub; None for safetensors, or the only GGUF file."""
    tokenizer: str | None = None
    """Folder, GGUF file or hub id whose tokenizer is used; None for the model's own."""

    def __post_init__(self) -> None:
        """Checks that an embedded model gets its own form and level.

        Raises:
            ValueError: it does not.
        """
        if self.is_embedded and self.prompt != "auto":
            raise ValueError(f"'{self.name}' has a prompt form of its own: leave out --prompt.")
        if self.is_embedded and self.level_asked not in ("auto", "basic"):
            raise ValueError(f"'{self.name}' only knows the words of basic items: leave out --level.")

    @property
    def is_embedded(self) -> bool:
        """Whether the model comes with the project."""
        return self.name in EMBEDDED

    def keeps_dtype(self, in_memory: Quantization) -> bool:
        """Whether weights that are so quantized in memory have the checkpoint's dtype."""
        return self.dtype == "auto" and in_memory == "none"

    @property
    def is_settled(self) -> bool:
        """Whether form and level of the items are known."""
        return self.is_embedded or "auto" not in (self.prompt, self.level_asked)

    def settled(self, prompt: AskedPrompt, level: AskedLevel) -> ModelSpec:
        """The spec with these in place of `auto`; what a person gave stays."""
        if self.is_embedded:
            return self
        return replace(
            self,
            prompt=prompt if self.prompt == "auto" else self.prompt,
            level_asked=level if self.level_asked == "auto" else self.level_asked,
        )

    @property
    def level(self) -> Level:
        """The level of the generated items.

        Raises:
            Unsettled: it is still `auto`.
        """
        if self.is_embedded:
            return "basic"
        if self.level_asked == "auto":
            raise Unsettled(f"The level of the items of '{self.name}' is not settled: give --level.")
        return self.level_asked

    @property
    def style(self) -> PromptStyle:
        """The form of the generated items.

        Raises:
            Unsettled: it is still `auto`.
        """
        if self.is_embedded:
            return "cloze"
        if self.prompt == "auto":
            raise Unsettled(f"The prompt form of '{self.name}' is not settled: give --prompt.")
        return self.prompt


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
