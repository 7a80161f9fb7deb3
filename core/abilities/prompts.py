"""Renders an item as the text that a model sees, the same for importance and for benchmarks."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.abilities.item import Item
from core.models.spec import PromptStyle

LETTERS = "ABCDEFGH"


@dataclass(frozen=True)
class ChoicePrompt:
    """A multiple-choice item as text."""

    item_id: str
    context: str
    """What every option follows; never ends in a space."""
    continuations: tuple[str, ...]
    """What is scored, one for each option; each begins with a space."""
    answer_index: int


@dataclass(frozen=True)
class GenerationPrompt:
    """An item in the form for generation."""

    item_id: str
    context: str
    target: str
    """The right completion, its steps before its answer."""
    answer: str


def render_choice(item: Item, style: PromptStyle) -> ChoicePrompt:
    """The item as prompt and continuations in a style."""
    if style == "cloze":
        context = f"{item.context} {item.question}".strip()
        continuations = tuple(f" {option}" for option in item.options)
    elif style == "text":
        context = f"{_question(item)}\nAnswer:"
        continuations = tuple(f" {option}" for option in item.options)
    else:
        lines = [f"{letter}. {option}" for letter, option in zip(LETTERS, item.options, strict=False)]
        context = "\n".join([_question(item), *lines, "Answer:"])
        continuations = tuple(f" {letter}" for letter in LETTERS[: len(item.options)])
    return ChoicePrompt(item.id, context, continuations, item.answer_index)


def render_generation(item: Item, style: PromptStyle) -> GenerationPrompt:
    """The item as a prompt that asks for the steps and the answer, and the right completion."""
    if style == "cloze":
        context = f"{item.context} {item.question} think :".strip()
        steps = f"{item.steps} " if item.steps else ""
        target = f" {steps}so {item.answer}"
    else:
        context = (
            f"{_question(item)}\nThink step by step. End with a line that begins with 'Answer:' "
            "and holds the answer alone.\n"
        )
        target = f"{item.steps}\nAnswer: {item.answer}".lstrip()
    return GenerationPrompt(item.id, context, target, item.answer)


def extract_answer(text: str, style: PromptStyle) -> str | None:
    """The answer that a generated text ends in; None if it states none."""
    marker = r"(?:^|\s)so\s" if style == "cloze" else r"answer\s*:"
    found = list(re.finditer(marker, text, flags=re.IGNORECASE))
    if not found:
        return None
    rest = text[found[-1].end() :].strip()
    return rest.splitlines()[0].strip() if rest else None


def is_quasi_exact(answer: str | None, gold: str) -> bool:
    """Whether two answers are equal without case, articles, punctuation and spare spaces (as SQuAD's)."""
    return answer is not None and _normal(answer) == _normal(gold)


def _question(item: Item) -> str:
    return f"{item.context}\nQuestion: {item.question}" if item.context else f"Question: {item.question}"


def _normal(text: str) -> str:
    bare = re.sub(r"[^\w\s.-]|\.(?!\d)", "", text.lower())  # a decimal point stays: 3.5 is not 35
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", bare).split())
