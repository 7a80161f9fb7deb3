"""Semantic relations: same and opposite, kind and part, senses, categories, degrees, and roles of people.

The four options are all related to the word that is asked about; the context says in other words which
relation, sense or place is meant. The question never tells, so question and options alone give nothing away.
"""

from __future__ import annotations

import random

from core.abilities.item import Draft, Family
from core.abilities.standard.level_words import DOWN, KINDS, PARTS, RANKS, SCALES, UP
from core.abilities.standard.names import NAMES
from core.abilities.standard.semantic_roles import ROLE_FAMILIES
from core.abilities.standard.semantic_words import CLUES, GROUPS, LABELLED, LABELS, MISSING, RELATED
from core.abilities.standard.sense_words import SENSES
from core.abilities.standard.tables import draft_of

CATEGORIES = tuple(tuple(tuple(line.split(", ")) for (line,) in group) for group in GROUPS)
"""Groups of four neighbouring categories, each a tuple of its members."""

LADDERS = tuple(("kind", chain) for chain in KINDS) + tuple(("part", chain) for chain in PARTS)
"""Chains, and what each word of a chain is of the next one."""


def _related(rng: random.Random) -> Draft:
    """The word that has the relation to a given word which the context describes."""
    word, *relatives = rng.choice(RELATED)
    columns = rng.sample([i for i, relative in enumerate(relatives) if relative != MISSING], 4)
    gold = rng.randrange(4)
    clue = rng.choice(CLUES[columns[gold]]).format(w=word)
    name = rng.choice(NAMES)
    context = rng.choice((
        f"{name} is doing a crossword. One line asks for {clue}.",
        f"For an essay, {name} has written “{word}” and is now searching a thesaurus for {clue}.",
        f"On a card in a party game stands: “Find {clue.replace('“', '‘').replace('”', '’')}.” It is "
        f"{name}'s turn.",
        f"The teacher wants to hear {clue}. {name} raises a hand.",
    ))  # fmt: skip
    question = rng.choice(("Which word is meant?", "Which answer fits?", "What should the answer be?"))
    return draft_of(f"related:{word}", context, question, [relatives[i] for i in columns], gold)


def _labels(rng: random.Random) -> Draft:
    """What the first of two words is to the second."""
    row = rng.choice(LABELLED)
    gold = rng.randrange(4)
    first, second = row[gold].split()
    name = rng.choice(NAMES)
    context = rng.choice((
        f"{name} puts two word cards on the table. The first says “{first}”, the second “{second}”.",
        f"In a dictionary of related words, {name} comes across the entry “{first} – {second}”.",
        f"The first word is “{first}” and the second is “{second}”. {name} thinks about their meanings.",
        f"A language test gives the words “{first}” and “{second}”, in this order.",
    ))  # fmt: skip
    question = rng.choice(("How are the two words related?", "Which statement about the two words is true?"))
    return draft_of(f"labels:{' / '.join(row)}", context, question, LABELS, gold)


def _senses(rng: random.Random) -> Draft:
    """The sense that a word of many senses has in a sentence."""
    block = rng.choice(SENSES)
    gold = rng.randrange(4)
    word, _, example = block[gold]
    name = rng.choice(NAMES)
    context = rng.choice((
        f"{name} reads this sentence and stops at the word “{word}”: {example}",
        f"“{example}” {name} looks up “{word}” in a dictionary and finds several entries.",
        f"{name} has to translate the following: {example} The difficulty is the word “{word}”.",
    ))  # fmt: skip
    question = rng.choice(("Which sense does the word have here?", "What does the word mean here?"))
    return draft_of(f"senses:{word}", context, question, [sense for _, sense, _ in block], gold)


def _categories(rng: random.Random) -> Draft:
    """The word that belongs with four others, among words of neighbouring categories."""
    group = rng.randrange(len(CATEGORIES))
    shown = rng.randrange(len(CATEGORIES[group][0]))
    gold = rng.randrange(4)
    members = CATEGORIES[group][gold]
    options = [category[shown] for category in CATEGORIES[group]]
    given = rng.sample([member for i, member in enumerate(members) if i != shown], 4)
    name = rng.choice(NAMES)
    context = rng.choice((
        f"{name} sorts word cards. On one pile there are already: {', '.join(given)}.",
        f"The following words stand under one heading, which has become unreadable: {', '.join(given)}.",
        f"{name} listed {given[0]}, {given[1]}, {given[2]} and {given[3]}, and would like to add one more "
        "of the same sort.",
    ))  # fmt: skip
    question = rng.choice(("Which of these belongs there as well?", "Which word goes with them?"))
    return draft_of(f"categories:{' / '.join(options)}", context, question, options, gold)


def _levels(rng: random.Random) -> Draft:
    """The next wider or narrower word in a chain of kinds or of parts."""
    relation, chain = rng.choice(LADDERS)
    gold = rng.randrange(len(chain))
    asked = rng.choice([i for i in (gold - 1, gold + 1) if 0 <= i < len(chain)])
    clue = rng.choice(UP if asked < gold else DOWN).format(w=chain[asked])
    options = [word for i, word in enumerate(chain) if i != asked]
    shuffled = ", ".join(f"“{word}”" for word in rng.sample(chain, len(chain)))
    context = (
        f"Five words form a ladder: on it, each word names a {relation} of the word directly above it. In "
        f"no order, they are {shuffled}. {rng.choice(NAMES)} looks for {clue}."
    )
    question = rng.choice(("Which word is it?", "What is found there?"))
    return draft_of(f"levels:{relation}:{chain[0]}", context, question, options, options.index(chain[gold]))


def _scales(rng: random.Random) -> Draft:
    """The word with a given place among four that differ in degree."""
    scale = rng.choice(SCALES)
    gold = rng.randrange(4)
    place = rng.choice(RANKS[gold])
    name = rng.choice(NAMES)
    context = rng.choice((
        f"{name} sorts four expressions by degree, from the least to the most, and is interested in {place}.",
        "Four expressions differ in strength, size or degree. They are put in order, beginning with the "
        f"lowest. {name} has to name {place}.",
        "In an exercise on shades of meaning, four words are written one above the other, the lowest "
        f"degree at the bottom. {name} is asked for {place}.",
    ))  # fmt: skip
    question = rng.choice(("Which one is meant?", "Which expression is that?"))
    return draft_of(f"scales:{'<'.join(scale)}", context, question, scale, gold)


FAMILIES: tuple[Family, ...] = (
    Family("related", _related),
    Family("labels", _labels),
    Family("senses", _senses),
    Family("categories", _categories),
    Family("levels", _levels),
    Family("scales", _scales),
    *ROLE_FAMILIES,
)
"""The ways of thinking of this ability."""
