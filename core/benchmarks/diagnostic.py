"""Generated benchmarks: the ten diagnostic ones (held-out items of one ability) and their compounds.

A compound item needs two or three abilities at once, so the true need is known.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from core.abilities import ABILITIES, GENERATOR_VERSION, Ability, Item, find_ability, generate_items
from core.abilities.compound import COMPOUND_ITEMS, PAIRS, TRIPLES, CompoundItem, compound_id, compound_items
from core.abilities.prompts import LETTERS, render_choice
from core.benchmarks.benchmark import Benchmark, ChoiceDocument, Document, GenerationDocument, Judged
from core.benchmarks.scoring import choice_metric
from core.models.spec import FORM, Level, ModelSpec, PromptStyle

if TYPE_CHECKING:
    import polars as pl

    from core.benchmarks.benchmark import AnswerFormat

HELDOUT_ITEMS = 500
"""Distinct held-out items of every ability at either level."""

DIAGNOSTIC_CHANCE = 0.25
"""The score of guessing on diagnostic items: one of four options."""

PROBE_ITEMS = 20
"""Items of the probe for each ability, the last held-out ones: a run of up to 480 items sees none of them."""

PLAUSIBLE_RANGE = (0.05, 1.0)
"""Plausible scores of diagnostic benchmarks; the lowest is far below what guessing gives (0.25)."""

COMPOUND_VERSION = 2
"""Raised whenever a compound item or its prompt changes though its parts do not."""

PLAUSIBLE_SHARE_OF_CHANCE = 0.2
"""Lowest plausible score of a compound benchmark as a share of chance, as for the diagnostic ones."""

BLANK = "_"
"""Stands for the answer to an earlier question in a prompt as shown to a person."""

ORDINALS = ("First", "Second", "Third")

METRICS = ("acc", "acc_norm")

Scored = tuple[tuple[str, ...], tuple[str, ...], tuple[tuple[int, ...], ...]]
"""Contexts, continuations and sums of a `ChoiceDocument`."""


def diagnostic_benchmarks(style: PromptStyle | None = None) -> tuple[Benchmark, ...]:
    """One benchmark per ability, under the ability's id.

    Args:
        style: the form of the items, which is then part of the id; None: the one that the model has.
    """
    return tuple(_diagnostic(ability, style) for ability in ABILITIES)


def pair_benchmarks() -> tuple[Benchmark, ...]:
    """One benchmark for each of the 45 pairs of abilities."""
    return tuple(_compound(needs) for needs in PAIRS)


def triple_benchmarks() -> tuple[Benchmark, ...]:
    """One benchmark for each of ten triples of abilities."""
    return tuple(_compound(needs) for needs in TRIPLES)


def compound_benchmarks() -> tuple[Benchmark, ...]:
    """The pairs, then the triples."""
    return pair_benchmarks() + triple_benchmarks()


def in_form(ability: str, style: PromptStyle) -> str:
    """The id of an ability's benchmark in one form."""
    return f"{ability}{FORM}{style}"


def probe_benchmark(ability: str, style: PromptStyle, level: Level) -> Benchmark:
    """The probe's items of an ability in one form and at one level, whatever those of the model are."""
    source = ItemSource(
        lambda level, n: heldout_items(ability, level, HELDOUT_ITEMS)[-PROBE_ITEMS:][:n],
        PROBE_ITEMS,
        DIAGNOSTIC_CHANCE,
        style,
        level,
    )
    return replace(_diagnostic(find_ability(ability), style), id=f"{ability}{FORM}probe", source=source)


def is_compound(benchmark: Benchmark) -> bool:
    """Whether its items need several abilities by construction."""
    return len(benchmark.needs) > 1


def heldout_items(ability: str, level: Level, n: int) -> tuple[Item, ...]:
    """The first n held-out items of an ability at a level."""
    return generate_items(ability, level, "heldout", n)


def _diagnostic(ability: Ability, style: PromptStyle | None) -> Benchmark:
    items = functools.partial(heldout_items, ability.id)
    return Benchmark(
        id=ability.id if style is None else in_form(ability.id, style),
        name=f"diagnostic: {ability.name}" if style is None else f"as {style}: {ability.name}",
        about=ability.definition,
        kind="multiple_choice",
        metrics=METRICS,
        plausible_range=PLAUSIBLE_RANGE,
        version=GENERATOR_VERSION,
        source=ItemSource(items, HELDOUT_ITEMS, DIAGNOSTIC_CHANCE, style),
        needs=(ability.id,),
    )


def _compound(needs: tuple[str, ...]) -> Benchmark:
    names = [find_ability(ability).name for ability in needs]
    source = CompoundSource(needs)
    return Benchmark(
        id=compound_id(needs),
        name=f"compound: {' + '.join(names)}",
        about=f"{'both' if len(needs) == 2 else 'all three'} have to be right: {', '.join(names)}",
        kind="multiple_choice",
        metrics=METRICS,
        plausible_range=(PLAUSIBLE_SHARE_OF_CHANCE * source.chance, 1.0),
        version=COMPOUND_VERSION,
        source=source,
        needs=needs,
    )


class GeneratedChoices:
    """Scoring shared by the sources of generated multiple-choice items. Members: see `Source`."""

    @property
    def needs_greedy(self) -> bool:
        """False."""
        return False

    def judge_choice(
        self, document: ChoiceDocument, loglikelihoods: Sequence[float], greedy: Sequence[bool] | None
    ) -> Judged:
        """`acc`."""
        return Judged(choice_metric(METRICS[0], document, loglikelihoods))

    @property
    def answer_format(self) -> AnswerFormat | None:
        """None: nothing is written."""
        return None

    def check(self) -> None:
        """Accepts every machine."""

    def judge(self, document: GenerationDocument, text: str) -> Judged:
        """Never called: nothing is written.

        Raises:
            TypeError: always.
        """
        raise TypeError(f"Item {document.id} is multiple choice.")

    def metric_means(self, documents: Sequence[Document], outcomes: pl.DataFrame) -> dict[str, float]:
        """`acc` and `acc_norm`."""
        return choice_means(METRICS, outcomes)


@dataclass(frozen=True)
class ItemSource(GeneratedChoices):
    """Diagnostic items as documents."""

    items: Callable[[Level, int], tuple[Item, ...]]
    """Gives the first n items of a level, in a fixed order."""
    n_items: int
    chance: float | None
    style: PromptStyle | None = None
    """The form of the items; None: the one that the model has."""
    level: Level | None = None
    """Their level; None: the model's."""

    def documents(self, spec: ModelSpec, n: int) -> tuple[Document, ...]:
        """The first n items in their form."""
        style, items = self.style or spec.style, self.items(self.level or spec.level, n)
        return tuple(item_document(item, style) for item in items)

    def key_inputs(self, spec: ModelSpec, n: int) -> dict[str, Any]:
        """Level and form."""
        return {"level": self.level or spec.level, "style": self.style or spec.style}


@dataclass(frozen=True)
class CompoundSource(GeneratedChoices):
    """Compound items as documents, in the model's form and at its level."""

    needs: tuple[str, ...]

    @property
    def n_items(self) -> int:
        """As many as there are held-out items of each ability."""
        return COMPOUND_ITEMS

    @property
    def chance(self) -> float:
        """One right option of all: 0.25 for two abilities, 0.125 for three."""
        return float(0.5 ** len(self.needs))

    def documents(self, spec: ModelSpec, n: int) -> tuple[Document, ...]:
        """The first n items in the model's form."""
        return tuple(
            compound_document(item, spec.style) for item in compound_items(self.needs, spec.level, n)
        )

    def key_inputs(self, spec: ModelSpec, n: int) -> dict[str, Any]:
        """Level, form, and the version of the parts."""
        return {"level": spec.level, "style": spec.style, "generator": GENERATOR_VERSION}


def item_document(item: Item, style: PromptStyle) -> ChoiceDocument:
    """A diagnostic item as a document in a form."""
    prompt = render_choice(item, style)
    return ChoiceDocument(
        id=item.id,
        family=item.family,
        cluster="",
        contexts=(prompt.context,),
        continuations=prompt.continuations,
        gold=frozenset((item.answer_index,)),
        options=item.options,
        lengths=tuple(len(continuation.lstrip()) for continuation in prompt.continuations),
        asked=f"{item.context} {item.question}",
        steps=item.steps,
    )


def compound_document(item: CompoundItem, style: PromptStyle) -> ChoiceDocument:
    """A compound item as a document in a form.

    `cloze`: the questions one by one, for the embedded models know no other; an option is an answer to each.
    `letters`: all questions, then lettered options; the letters are scored. `text`: all questions; an option
    is an answer to each.
    """
    options = tuple("; ".join(answer.removesuffix(".") for answer in answers) for answers in item.options)
    questions = [_question(part) for part in item.parts]
    is_cloze = style == "cloze"
    contexts, continuations, sums = _one_by_one(item, questions) if is_cloze else _asked(item, options, style)
    said = [" ".join(answers) for answers in item.options] if is_cloze else continuations
    return ChoiceDocument(
        id=item.id,
        family=" + ".join(part.ability for part in item.parts),
        cluster="",
        contexts=contexts,
        continuations=continuations,
        gold=frozenset((item.answer_index,)),
        options=options,
        lengths=tuple(len(text.lstrip()) for text in said),
        asked=" / ".join(questions),
        steps="\n".join(part.steps for part in item.parts if part.steps),
        read=f" {BLANK} . ".join(questions) if is_cloze else "",
        sums=sums,
    )


def _question(part: Item) -> str:
    return f"{part.context} {part.question}".strip()


def _one_by_one(item: CompoundItem, questions: Sequence[str]) -> Scored:
    """Each question with the answers that the options give to it; an option is the sum of its answers."""
    answers = [tuple(dict.fromkeys(column)) for column in zip(*item.options, strict=True)]
    asked = [(part, answer) for part, some in enumerate(answers) for answer in some]
    return (
        tuple(questions[part] for part, _ in asked),
        tuple(f" {answer}" for _, answer in asked),
        tuple(tuple(asked.index(pair) for pair in enumerate(option)) for option in item.options),
    )


def _asked(item: CompoundItem, options: tuple[str, ...], style: PromptStyle) -> Scored:
    """All questions, and what is scored: the letters of the listed options, or their text."""
    lines = []
    for ordinal, part in zip(ORDINALS, item.parts, strict=False):
        lines += [part.context] if part.context else []
        lines.append(f"{ordinal} question: {part.question}")
    if style == "text":
        return ("\n".join([*lines, "Answer:"]),), tuple(f" {option}" for option in options), ()
    lines += [f"{letter}. {option}" for letter, option in zip(LETTERS, options, strict=False)]
    return ("\n".join([*lines, "Answer:"]),), tuple(f" {letter}" for letter in LETTERS[: len(options)]), ()


def choice_means(metrics: Sequence[str], outcomes: pl.DataFrame) -> dict[str, float]:
    """The means of multiple-choice metrics, the first of which is the score."""
    columns = {metrics[0]: "score", "acc": "correct", "acc_norm": "correct_norm"}
    means = {metric: outcomes[columns[metric]].cast(float).mean() for metric in metrics}
    return {metric: float(mean) for metric, mean in means.items() if isinstance(mean, (int, float))}


CHOOSING_ITEMS = 20
"""Choosing items of each ability. Of ten together they tell own from others to a few hundredths, for about
what it takes to measure the generation quality of a mask."""

ALL_CHOOSING_ITEMS = CHOOSING_ITEMS * len(ABILITIES)
"""Those of all abilities together, which each mask is asked."""

CHOOSING_ID = "choosing-items"

CHOOSING_VERSION = 1
"""Raised whenever other items are chosen from the generated ones."""

SPARE_HELDOUT, SPARE_TRAIN = 60, 400
"""Further items among which the choosing ones are looked for."""

TRAIN_SEED = -1
"""Seed of the draw of `train`, which no one else asks for."""


@functools.cache
def choosing_items(ability: str, level: Level, n_scored: int, seed: int) -> tuple[Item, ...]:
    """The items of an ability that choose a k: none that scores weights, or reports, asks the same.

    Weights are scored by the first items of the split `train`; benchmarks, compounds and the probe have the
    first 500 held-out items. The choosing ones come from the held-out items after these. Where those only
    repeat the 500 with other wrong options (long-term knowledge and semantic relationships at the level
    `plain`, which have few questions), they come from another draw of `train`, without what those ask that
    score.

    Args:
        ability: its id.
        level: of the items.
        n_scored: how many train items score the ability's weights.
        seed: the seed of these.

    Raises:
        ValueError: those that score leave too few.
    """
    heldout = generate_items(ability, level, "heldout", HELDOUT_ITEMS + SPARE_HELDOUT)
    asked = {_identity(item) for item in heldout[:HELDOUT_ITEMS]}
    found = [item for item in heldout[HELDOUT_ITEMS:] if _identity(item) not in asked]
    if len(found) < CHOOSING_ITEMS:
        asked |= {_identity(item) for item in generate_items(ability, level, "train", n_scored, seed)}
        further = generate_items(ability, level, "train", SPARE_TRAIN, TRAIN_SEED)
        found += [item for item in further if _identity(item) not in asked]
    if len(found) < CHOOSING_ITEMS:
        raise ValueError(
            f"k auto: the {n_scored:,} items of {ability} ({level}) that score weights leave too few to "
            "choose k: score by fewer (--n-items), or give k as a number."
        )
    return tuple(found[:CHOOSING_ITEMS])


def choosing_benchmark(n_scored: int, seed: int) -> Benchmark:
    """The choosing items of all abilities, one ability after the other in the order of the catalogue.

    Args:
        n_scored: how many train items score the weights of each ability.
        seed: the seed of these.
    """
    return Benchmark(
        id=CHOOSING_ID,
        name="items that choose a k",
        about="items of every ability that neither score nor report",
        kind="multiple_choice",
        metrics=METRICS,
        plausible_range=PLAUSIBLE_RANGE,
        version=CHOOSING_VERSION,
        source=_ChoosingSource(n_scored, seed),
    )


@dataclass(frozen=True)
class _ChoosingSource(GeneratedChoices):
    """The items in the model's form and at its level."""

    n_scored: int
    seed: int

    @property
    def n_items(self) -> int:
        """As many of each ability."""
        return ALL_CHOOSING_ITEMS

    @property
    def chance(self) -> float:
        """One of four options."""
        return DIAGNOSTIC_CHANCE

    def documents(self, spec: ModelSpec, n: int) -> tuple[Document, ...]:
        """The first n items."""
        asked = [
            item
            for ability in ABILITIES
            for item in choosing_items(ability.id, spec.level, self.n_scored, self.seed)
        ]
        return tuple(item_document(item, spec.style) for item in asked[:n])

    def key_inputs(self, spec: ModelSpec, n: int) -> dict[str, Any]:
        """Level, form, the generator's version, and the items that score."""
        items = {"generator": GENERATOR_VERSION, "n_scored": self.n_scored, "seed": self.seed}
        return {"level": spec.level, "style": spec.style, **items}


def _identity(item: Item) -> tuple[str, str, str]:
    """What is asked, and its answer: the question of an analogy alone says little."""
    return item.context, item.question, item.answer
