"""The compound benchmarks: items that need two or three abilities at once, so that the true need is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.abilities import GENERATOR_VERSION, Item, find_ability
from core.abilities.compound import (
    COMPOUND_ITEMS,
    PAIRS,
    TRIPLES,
    CompoundItem,
    compound_id,
    compound_items,
)
from core.abilities.prompts import LETTERS
from core.benchmarks.description import Benchmark
from core.benchmarks.diagnostic import METRICS, GeneratedChoices
from core.benchmarks.tasks.documents import ChoiceDocument, Document
from core.models.spec import Level, ModelSpec, PromptStyle

COMPOUND_VERSION = 1
"""Raised whenever a compound item or its prompt changes though its parts do not."""

PLAUSIBLE_RANGE_OF_CHANCE = 0.2
"""The lowest plausible score as a share of chance: as of the diagnostic ones, below what guessing gives."""

BLANK = "_"
"""Where the answer to an earlier question goes in a prompt as a person reads it."""

ORDINALS = ("First", "Second", "Third")


def pair_benchmarks(level: Level) -> tuple[Benchmark, ...]:
    """One benchmark for each of the 45 pairs of abilities, at the level that suits the model."""
    return tuple(_benchmark(needs, level) for needs in PAIRS)


def triple_benchmarks(level: Level) -> tuple[Benchmark, ...]:
    """One benchmark for each of ten triples of abilities, at the level that suits the model."""
    return tuple(_benchmark(needs, level) for needs in TRIPLES)


def compound_benchmarks(level: Level) -> tuple[Benchmark, ...]:
    """The pairs, then the triples."""
    return pair_benchmarks(level) + triple_benchmarks(level)


def is_compound(benchmark: Benchmark) -> bool:
    """Whether its items need several abilities by the way they are made."""
    return len(benchmark.needs) > 1


def _benchmark(needs: tuple[str, ...], level: Level) -> Benchmark:
    names = [find_ability(ability).name for ability in needs]
    source = CompoundSource(needs, level)
    return Benchmark(
        id=compound_id(needs),
        name=f"compound: {' + '.join(names)}",
        about=f"{'both' if len(needs) == 2 else 'all three'} have to be right: {', '.join(names)}",
        kind="multiple_choice",
        metrics=METRICS,
        plausible_range=(PLAUSIBLE_RANGE_OF_CHANCE * source.chance, 1.0),
        version=COMPOUND_VERSION,
        source=source,
        needs=needs,
    )


@dataclass(frozen=True)
class CompoundSource(GeneratedChoices):
    """Compound items as documents, in the style that suits the model."""

    needs: tuple[str, ...]
    level: Level

    @property
    def n_items(self) -> int:
        """As many as there are held-out items of each ability."""
        return COMPOUND_ITEMS

    @property
    def chance(self) -> float:
        """One right option of all: .25 of two abilities, .125 of three."""
        return float(0.5 ** len(self.needs))

    def documents(self, spec: ModelSpec, n: int) -> tuple[Document, ...]:
        """The first n items in the model's style."""
        return tuple(
            compound_document(item, spec.style) for item in compound_items(self.needs, self.level, n)
        )

    def key_inputs(self, spec: ModelSpec, n: int) -> dict[str, Any]:
        """Level, style, and the version of the parts."""
        return {"level": self.level, "style": spec.style, "generator": GENERATOR_VERSION}


def compound_document(item: CompoundItem, style: PromptStyle) -> ChoiceDocument:
    """A compound item as a document in a style.

    `cloze`: the first question is the prompt, and an option goes on with an answer, the next question and an
    answer to that. `listed`: all questions, then the options behind letters, which are scored.
    """
    options = tuple(_option(answers) for answers in item.options)
    context, continuations = _cloze(item) if style == "cloze" else _listed(item, options)
    questions = [_question(part) for part in item.parts]
    return ChoiceDocument(
        id=item.id,
        family=" + ".join(part.ability for part in item.parts),
        cluster="",
        contexts=(context,),
        continuations=continuations,
        gold=frozenset((item.answer_index,)),
        options=options,
        lengths=tuple(len(continuation.lstrip()) for continuation in continuations),
        asked=" / ".join(questions),
        steps="\n".join(part.steps for part in item.parts if part.steps),
        read=f" {BLANK} . ".join(questions) if style == "cloze" else "",
    )


def _option(answers: tuple[str, ...]) -> str:
    """An option as a person reads it: `10; Oslo`."""
    return "; ".join(answer.removesuffix(".") for answer in answers)


def _question(part: Item) -> str:
    return f"{part.context} {part.question}".strip()


def _cloze(item: CompoundItem) -> tuple[str, tuple[str, ...]]:
    first, *rest = (_question(part) for part in item.parts)
    continuations = []
    for answer, *answers in item.options:
        following = (f" . {question} {later}" for question, later in zip(rest, answers, strict=True))
        continuations.append("".join((f" {answer}", *following)))
    return first, tuple(continuations)


def _listed(item: CompoundItem, options: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    lines = []
    for ordinal, part in zip(ORDINALS, item.parts, strict=False):
        lines += [part.context] if part.context else []
        lines.append(f"{ordinal} question: {part.question}")
    lines += [f"{letter}. {option}" for letter, option in zip(LETTERS, options, strict=False)]
    return "\n".join([*lines, "Answer:"]), tuple(f" {letter}" for letter in LETTERS[: len(options)])
