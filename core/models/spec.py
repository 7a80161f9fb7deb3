"""Which model is asked for, and in what form. Plain words, no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["basic", "standard"]
"""`basic` has a closed vocabulary, for the embedded model; `standard` is for real models."""

PromptStyle = Literal["cloze", "listed"]
"""`cloze`: the prompt ends and the option's own text goes on (the embedded models); `listed`: the options
are listed with letters, and the letter is scored (real models; as lm-evaluation-harness renders MMLU)."""

Quantization = Literal["none", "nf4", "fp4"]
DType = Literal["auto", "bfloat16", "float16", "float32"]

LEVELS: tuple[Level, ...] = ("basic", "standard")
QUANTIZATIONS: tuple[Quantization, ...] = ("none", "nf4", "fp4")
DTYPES: tuple[DType, ...] = ("auto", "bfloat16", "float16", "float32")

EMBEDDED: tuple[str, ...] = ("demo", "phantom", "phantom-1")
"""The names of the models that come with the project."""


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
        """The form of the prompts that suits the model."""
        return "cloze" if self.is_embedded else "listed"
