"""Long-term knowledge: items whose context does not state the fact that they ask for.

An item has one of four forms: a pair, a member of a group, an order, a true or a false statement. In every
form but the order, four facts of one split are drawn, and any of them may become the right one: in both
splits, an option is right in a quarter of the items that show it, so its words alone tell nothing.

The key is fact and phrasing, so a held-out item asks for a fact that another wording may have asked for in
`train`. Where the question itself names the subject (two in five phrasings, as in any quiz), a classifier on
pairs of question and option words therefore exceeds chance: it has stored the fact in the other wording,
which is the ability itself.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from core.abilities.drafting import BASIC_NAMES, NAMES, capital, draft_from, draft_of, fact_family, families
from core.abilities.generate import split_of
from core.abilities.item import SPLITS, Draft, Family
from core.abilities.tables import MISSING, read_tables
from core.models.spec import Level

# Basic knowledge: capitals, countries, continents, symbols of elements, classes of animals.
#
# A held-out key is a fact and a phrasing: the fact is known from other phrasings. What the fact is about
# is in the context, so that question and options alone give nothing away.

BASIC_TABLES = read_tables("basic/long_term_knowledge")
BASIC_CAPITALS, SYMBOLS = dict(BASIC_TABLES["capitals"].pairs), dict(BASIC_TABLES["symbols"].pairs)
CONTINENTS, CLASSES = BASIC_TABLES["continents"].lists, BASIC_TABLES["classes"].lists
CLASS_OF = {animal: name for name, members in CLASSES.items() for animal in members}
CONTEXTS = BASIC_TABLES["contexts"].texts


def _recall(
    rng: random.Random, facts: Mapping[str, str], questions: Sequence[str], pool: Sequence[str]
) -> Draft:
    """A fact in one of the phrasings."""
    subject = rng.choice(list(facts))
    told, asked = rng.randrange(len(CONTEXTS)), rng.randrange(len(questions))
    context = CONTEXTS[told].format(x=subject, name=rng.choice(BASIC_NAMES))
    return draft_from(
        rng, f"{subject}:{questions[asked]}:{told}", context, questions[asked], facts[subject], pool
    )


def _capital(rng: random.Random) -> Draft:
    asked = ("its capital is", "there the government sits in", "the main city is called")
    return _recall(rng, BASIC_CAPITALS, asked, list(BASIC_CAPITALS.values()))


def _country(rng: random.Random) -> Draft:
    facts = {city: country for country, city in BASIC_CAPITALS.items()}
    asked = ("the city lies in", "it is the capital of", "its people live in")
    return _recall(rng, facts, asked, list(BASIC_CAPITALS))


def _continent(rng: random.Random) -> Draft:
    continent = rng.choice(list(CONTINENTS))
    facts = dict.fromkeys(CONTINENTS[continent], continent)
    asked = ("the country is part of", "its continent is", "it belongs to")
    return _recall(rng, facts, asked, list(CONTINENTS))


def _symbol(rng: random.Random) -> Draft:
    asked = ("the symbol is", "chemists write", "its short sign is")
    return _recall(rng, SYMBOLS, asked, list(SYMBOLS.values()))


def _animal_class(rng: random.Random) -> Draft:
    asked = ("this animal is a kind of", "biologists call it", "its class is")
    return _recall(rng, CLASS_OF, asked, list(CLASSES))


# Plain knowledge: facts that most people know, asked for in a short question. A held-out key is a fact.

PLAIN_TABLES = read_tables("plain/long_term_knowledge")


ABILITY = "long_term_knowledge"

Fact = tuple[str, str]
"""What is asked about, and the answer. In a sequence of facts, neighbours resemble each other."""

QUESTIONS = read_tables("standard/knowledge_questions")
NATURE, PLACES = read_tables("standard/knowledge_nature"), read_tables("standard/knowledge_places")
SCIENCE, WORKS = read_tables("standard/knowledge_science"), read_tables("standard/knowledge_works")

CAPITALS, CURRENCIES = PLACES["capitals"].pairs, PLACES["currencies"].pairs
ELEMENTS, DISCOVERIES = SCIENCE["elements"].pairs, SCIENCE["discoveries"].pairs

EVENTS = tuple((event, int(year)) for event, year in WORKS["events"].pairs)
"""Event and year, negative before Christ, in the order of time."""

LATITUDES = tuple((city, float(degrees)) for city, degrees in PLACES["latitudes"].pairs)
"""City and latitude in degrees, from south to north."""

YEARS = tuple((event, str(year)) for event, year in EVENTS if year > 1000)
"""Event and year, without the ancient ones."""

CENTURIES = {
    f"{century}th": tuple(event for event, year in EVENTS if (year - 1) // 100 + 1 == century)
    for century in range(15, 21)
}
"""Century and its events."""

ATOMIC_NUMBERS = tuple((element, str(number)) for number, (element, _) in enumerate(ELEMENTS, start=1))
"""Element and atomic number."""

NUMBERS_BY_SYMBOL = tuple((symbol, str(number)) for number, (_, symbol) in enumerate(ELEMENTS, start=1))
"""Symbol and atomic number: two facts in a chain."""

CURRENCY_BY_CAPITAL = tuple(
    (dict(CAPITALS)[country], currency) for country, currency in CURRENCIES if country in dict(CAPITALS)
)
"""Capital and the currency of its country: two facts in a chain."""

FACTS: dict[str, tuple[Fact, ...]] = {
    "capital": CAPITALS,
    "currency": CURRENCIES,
    "river": PLACES["river mouths"].pairs,
    "city on river": PLACES["city rivers"].pairs,
    "place": PLACES["places"].pairs,
    "symbol": ELEMENTS,
    "atomic number": ATOMIC_NUMBERS,
    "book": WORKS["books"].pairs,
    "painting": WORKS["paintings"].pairs,
    "music": WORKS["music"].pairs,
    "discovery": DISCOVERIES,
    "year": YEARS,
    "planet": SCIENCE["planets"].pairs,
    "body": NATURE["body parts"].pairs,
    "young": NATURE["young animals"].pairs,
    "quantity": SCIENCE["quantities"].pairs,
}
"""The facts that true and false statements are made of, by kind."""

SENTENCES = {kind: sentences for kind, *sentences in QUESTIONS["sentences"].rows}
"""How each kind of fact is stated; `{s}` is what is asked about, `{a}` the answer."""


class Phrasing(NamedTuple):
    """One way to ask; `{s}` is what is asked about, `{name}` a person."""

    context: str
    question: str


class _Pool(NamedTuple):
    """The facts that one split may ask about with one phrasing."""

    phrasing: int
    facts: list[Fact]


def phrasings_of(name: str) -> list[Phrasing]:
    """The ways to ask of a family, or of one end of an order."""
    pairs = QUESTIONS[name].pairs
    return [Phrasing("" if context == MISSING else context, question) for context, question in pairs]


def pair_family(name: str, facts: Sequence[Fact], near: int = 12) -> Family:
    """Asks for the answer of a fact; the other options are the answers of facts near it.

    The four are drawn from `near` neighbours in a row. The key is fact and phrasing.
    """
    phrasings = phrasings_of(name)
    pools = [pool for pool in _pools(name, facts, len(phrasings)) if _variety(pool.facts) >= 4]

    def draw(rng: random.Random) -> Draft:
        pool = rng.choice(pools)
        gold, *others = _unlike_facts(rng, pool.facts, 4, near)
        key = _key(name, pool.phrasing, gold[0])
        options = [fact[1] for fact in (gold, *others)]
        return _draft(rng, key, phrasings[pool.phrasing], gold[0], options)

    return Family(name, draw)


def member_family(name: str, groups: Mapping[str, Sequence[str]]) -> Family:
    """Asks which of four belongs to a group; the others belong to three other groups.

    The key is the right member and the phrasing.
    """
    phrasings = phrasings_of(name)
    facts = [(member, group) for group, members in groups.items() for member in members]
    pools = [pool for pool in _pools(name, facts, len(phrasings)) if _variety(pool.facts) >= 4]

    def draw(rng: random.Random) -> Draft:
        pool = rng.choice(pools)
        groups_here = rng.sample(sorted({group for _, group in pool.facts}), 4)
        members = [rng.choice([m for m, group in pool.facts if group == here]) for here in groups_here]
        key = _key(name, pool.phrasing, members[0])
        return _draft(rng, key, phrasings[pool.phrasing], groups_here[0], members)

    return Family(name, draw)


def order_family(
    name: str, values: Sequence[tuple[str, float]], first: str, last: str, gap: float, near: int = 16
) -> Family:
    """Asks for the first or the last of four in an order; the key is the set of four.

    `first` and `last` name the phrasings for the two ends of the sorted values. The right one's value is at
    least `gap` from any other's, and the others are among the `near` next ones.
    """
    ends = [(phrasings_of(first), values), (phrasings_of(last), values[::-1])]

    def draw(rng: random.Random) -> Draft:
        phrasings, line = rng.choice(ends)
        beyond: list[tuple[str, float]] = []
        while len(beyond) < 3:
            index = rng.randrange(len(line) - 3)
            gold = line[index]
            beyond = [other for other in line[index + 1 :] if abs(other[1] - gold[1]) >= gap][:near]
        options = [gold[0], *(other[0] for other in rng.sample(beyond, 3))]
        return _draft(rng, f"{name}/{'|'.join(sorted(options))}", rng.choice(phrasings), "", options)

    return Family(name, draw)


def statement_family(name: str, gold: bool) -> Family:
    """Asks for the one true statement of four (gold is True) or for the one false statement (gold is False).

    The key is the fact and the sentence that states it, whatever the question; a false statement joins a
    fact's subject to another one's answer. True and false statements share their keys.
    """
    phrasings = phrasings_of(name)
    pools = [
        (kind, pool)
        for kind, facts in FACTS.items()
        for pool in _pools(f"statement/{kind}", facts, len(SENTENCES[kind]))
        if _variety(pool.facts) >= 5
    ]

    def draw(rng: random.Random) -> Draft:
        kind, pool = rng.choice(pools)
        facts = _unlike_facts(rng, pool.facts, 5, near=20)
        subjects, answers = zip(*facts, strict=True)
        order = (0, 2, 3, 1) if gold else (4, 1, 2, 3)
        sentence = SENTENCES[kind][pool.phrasing]
        options = [
            capital(sentence.format(s=subject, a=answers[i]))
            for subject, i in zip(subjects, order, strict=False)
        ]
        key = _key(f"statement/{kind}", pool.phrasing, subjects[0])
        return _draft(rng, key, rng.choice(phrasings), "", options)

    return Family(name, draw)


def _pools(name: str, facts: Sequence[Fact], n_phrasings: int) -> list[_Pool]:
    """For every phrasing and split, the facts whose keys belong to that split, in their order."""
    return [
        _Pool(i, [fact for fact in facts if split_of(ABILITY, _key(name, i, fact[0])) == split])
        for i in range(n_phrasings)
        for split in SPLITS
    ]


def _key(name: str, phrasing: int, subject: str) -> str:
    return f"{name}/{phrasing}/{subject}"


def _variety(facts: Sequence[Fact]) -> int:
    """How many facts can be in one item without sharing a subject or an answer."""
    return min(len({subject for subject, _ in facts}), len({answer for _, answer in facts}))


def _unlike_facts(rng: random.Random, facts: Sequence[Fact], n: int, near: int) -> list[Fact]:
    """Draws n facts that share no subject and no answer, from `near` neighbours if they have that many."""
    start = rng.randrange(max(1, len(facts) - near + 1))
    stretch = facts[start : start + near]
    by_subject = {fact[0]: fact for fact in rng.sample(stretch, len(stretch))}
    by_answer = {fact[1]: fact for fact in by_subject.values()}
    if len(by_answer) < n:
        return _unlike_facts(rng, facts, n, 2 * near)
    return rng.sample(list(by_answer.values()), n)


def _draft(rng: random.Random, key: str, phrasing: Phrasing, subject: str, options: Sequence[str]) -> Draft:
    """The draft of a phrasing filled in; the first option is the right one."""
    name = rng.choice(NAMES)
    context, question = (capital(text.format(s=subject, name=name)) for text in phrasing)
    return draft_of(key, context, question, options)


def swapped(facts: Sequence[Fact]) -> tuple[Fact, ...]:
    """The facts asked the other way round."""
    return tuple((answer, subject) for subject, answer in facts)


FAMILIES: dict[Level, tuple[Family, ...]] = {
    "basic": families(_capital, _country, _continent, _symbol, _animal_class),
    "plain": tuple(
        fact_family("long_term_knowledge", name, PLAIN_TABLES[name].pairs, questions)
        for name, *questions in PLAIN_TABLES["questions"].rows
    ),
    "standard": (
        pair_family("capital_of_country", CAPITALS),
        pair_family("country_of_capital", swapped(CAPITALS)),
        pair_family("currency_of_country", CURRENCIES),
        pair_family("currency_by_capital", CURRENCY_BY_CAPITAL),
        pair_family("river_mouth", FACTS["river"]),
        pair_family("river_of_city", FACTS["city on river"]),
        pair_family("country_of_place", FACTS["place"], near=20),
        pair_family("symbol_of_element", sorted(ELEMENTS), near=8),
        pair_family("element_of_number", swapped(ATOMIC_NUMBERS[1:])),  # hydrogen has not "1 protons"
        pair_family("number_of_symbol", NUMBERS_BY_SYMBOL, near=8),
        pair_family("author_of_book", FACTS["book"]),
        pair_family("book_of_author", swapped(FACTS["book"])),
        pair_family("artist_of_painting", FACTS["painting"]),
        pair_family("composer_of_music", FACTS["music"]),
        pair_family("who_did_it", DISCOVERIES),
        pair_family("what_they_did", swapped(DISCOVERIES)),
        pair_family("year_of_event", YEARS, near=8),
        pair_family("planet", FACTS["planet"], near=24),
        pair_family("part_of_body", FACTS["body"]),
        pair_family("young_of_animal", FACTS["young"], near=24),
        pair_family("animal_of_word", NATURE["animal words"].pairs, near=24),
        pair_family("measured_quantity", FACTS["quantity"], near=24),
        member_family("event_of_century", CENTURIES),
        member_family("language_of_family", NATURE["language families"].lists),
        member_family("element_of_group", SCIENCE["element groups"].lists),
        member_family("country_of_continent", PLACES["continents"].lists),
        member_family("animal_of_class", NATURE["animal classes"].lists),
        order_family("order_of_events", EVENTS, "earliest_event", "latest_event", gap=4),
        order_family("order_of_latitudes", LATITUDES, "farthest_south", "farthest_north", gap=4),
        statement_family("true_statement", gold=True),
        statement_family("false_statement", gold=False),
    ),
}
