"""Texts that ask for no ability in particular: what perplexity is measured on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from core.abilities import ABILITIES
from core.abilities.generate import generate_items
from core.abilities.prompts import render_generation
from core.abilities.tables import read_tables
from core.models.spec import Level

ITEMS = 3
"""Items of each ability that the embedded model's texts are made of."""


@dataclass(frozen=True)
class NeutralText:
    """A text, of which a part is measured."""

    prompt: str
    """What comes before and is not measured; empty where everything is."""
    text: str
    """What is measured."""

    @property
    def beginning(self) -> str:
        """What a model is made to write on from: the prompt, or else the first half of the text's words."""
        words = self.text.split()
        return self.prompt or " ".join(words[: len(words) // 2])


@cache
def neutral_texts(level: Level) -> tuple[NeutralText, ...]:
    """The texts for models of a level, always the same.

    The embedded model (`basic`) has only ever learnt to continue its own kind of text. It gets held-out items
    of all abilities in equal parts, of which the worked solution and the answer are measured.
    """
    if level != "basic":
        return tuple(NeutralText("", text) for text in read_tables("neutral_texts")["texts"].texts)
    rendered = [
        render_generation(item, "cloze")
        for ability in ABILITIES
        for item in generate_items(ability.id, level, "heldout", ITEMS)
    ]
    return tuple(NeutralText(prompt.context, prompt.target) for prompt in rendered)
