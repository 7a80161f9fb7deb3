"""Long-term knowledge: items whose context does not state the fact that they ask for.

The key is fact and phrasing, so a held-out item asks for a fact that another wording may have asked for in
`train`. Where the question itself names the subject (two in five phrasings, as in any quiz), a classifier on
pairs of question and option words therefore exceeds chance: it has stored the fact in the other wording,
which is the ability itself. Words of the options alone, lengths, places and frequencies tell nothing
(`knowledge_forms` says why).
"""

from __future__ import annotations

from core.abilities.item import Family
from core.abilities.standard import facts_groups, facts_history, facts_nature, facts_places, facts_science
from core.abilities.standard import facts_works as works
from core.abilities.standard.knowledge_forms import (
    Fact,
    Table,
    member_family,
    order_family,
    pair_family,
    statement_family,
)
from core.abilities.standard.knowledge_phrasings import PHRASINGS

AD_EVENTS: tuple[Fact, ...] = tuple((event, str(year)) for event, year in facts_history.EVENTS if year > 1000)
"""Event and year, without the ancient ones."""

CENTURIES: dict[str, tuple[str, ...]] = {
    f"{century}th": tuple(event for event, year in facts_history.EVENTS if (year - 1) // 100 + 1 == century)
    for century in range(15, 21)
}
"""Century and its events."""

ATOMIC_NUMBERS: tuple[Fact, ...] = tuple(
    (element, str(number)) for number, (element, _) in enumerate(facts_science.ELEMENTS, start=1)
)
"""Element and atomic number; hydrogen is asked about in the singular only (not "has 1 protons")."""

NUMBERS_BY_SYMBOL: tuple[Fact, ...] = tuple(
    (symbol, str(number)) for number, (_, symbol) in enumerate(facts_science.ELEMENTS, start=1)
)
"""Symbol and atomic number: two facts in a chain."""

CURRENCY_BY_CAPITAL: tuple[Fact, ...] = tuple(
    (dict(facts_places.CAPITALS)[country], currency)
    for country, currency in facts_places.CURRENCIES
    if country in dict(facts_places.CAPITALS)
)
"""Capital and the currency of its country: two facts in a chain."""


def swapped(facts: tuple[Fact, ...]) -> tuple[Fact, ...]:
    """The facts asked the other way round."""
    return tuple((answer, subject) for subject, answer in facts)


TABLES: tuple[Table, ...] = (
    Table("capital", facts_places.CAPITALS, ("{a} is the capital of {s}.", "The capital of {s} is {a}.")),
    Table(
        "currency",
        facts_places.CURRENCIES,
        ("The currency of {s} is the {a}.", "In {s}, prices are given in the unit called {a}."),
    ),
    Table(
        "river",
        facts_places.RIVER_MOUTHS,
        ("The river {s} flows into {a}.", "The mouth of the river {s} lies on {a}."),
    ),
    Table(
        "city on river",
        facts_places.CITY_RIVERS,
        ("The city of {s} lies on the {a}.", "The {a} flows through the city of {s}."),
    ),
    Table(
        "place",
        facts_places.PLACES,
        ("The country to travel to for a visit to {s} is {a}.", "A visitor to {s} is in {a}."),
    ),
    Table(
        "symbol",
        facts_science.ELEMENTS,
        ("The chemical symbol of {s} is {a}.", "In formulas, {a} stands for {s}."),
    ),
    Table(
        "atomic number",
        ATOMIC_NUMBERS,
        ("The atomic number of {s} is {a}.", "The number of protons in an atom of {s} is {a}."),
    ),
    Table("book", works.BOOKS, ('{a} wrote "{s}".', '"{s}" was written by {a}.')),
    Table("painting", works.PAINTINGS, ('{a} created the picture "{s}".', 'The picture "{s}" is by {a}.')),
    Table("music", works.MUSIC, ("{a} composed {s}.", "The composer of {s} is {a}.")),
    Table("discovery", facts_science.DISCOVERIES, ("{a} {s}.", "It was {a} who {s}.")),
    Table("year", AD_EVENTS, ("The year of {s} was {a}.", "{a} was the year of {s}.")),
    Table("planet", facts_science.PLANETS, ("Of the eight planets, {a} {s}.", "{a} is the planet that {s}.")),
    Table("body", facts_nature.BODY_PARTS, ("The {a} {s}.", "What {s} is the {a}.")),
    Table(
        "young",
        facts_nature.YOUNG_ANIMALS,
        ("The word for the young of the {s} is '{a}'.", "The word '{a}' names a young {s}."),
    ),
    Table(
        "quantity",
        facts_science.QUANTITIES,
        ("The {s} measures {a}.", "The quantity that the {s} measures is {a}."),
    ),
)
"""The facts that true and false statements are made of."""

FAMILIES: tuple[Family, ...] = (
    pair_family("capital_of_country", facts_places.CAPITALS, PHRASINGS["capital_of_country"]),
    pair_family("country_of_capital", swapped(facts_places.CAPITALS), PHRASINGS["country_of_capital"]),
    pair_family("currency_of_country", facts_places.CURRENCIES, PHRASINGS["currency_of_country"]),
    pair_family("currency_by_capital", CURRENCY_BY_CAPITAL, PHRASINGS["currency_by_capital"]),
    pair_family("river_mouth", facts_places.RIVER_MOUTHS, PHRASINGS["river_mouth"]),
    pair_family("river_of_city", facts_places.CITY_RIVERS, PHRASINGS["river_of_city"]),
    pair_family("country_of_place", facts_places.PLACES, PHRASINGS["country_of_place"], near=20),
    pair_family(
        "symbol_of_element", tuple(sorted(facts_science.ELEMENTS)), PHRASINGS["symbol_of_element"], near=8
    ),
    pair_family("element_of_number", swapped(ATOMIC_NUMBERS[1:]), PHRASINGS["element_of_number"]),
    pair_family("number_of_symbol", NUMBERS_BY_SYMBOL, PHRASINGS["number_of_symbol"], near=8),
    pair_family("author_of_book", works.BOOKS, PHRASINGS["author_of_book"]),
    pair_family("book_of_author", swapped(works.BOOKS), PHRASINGS["book_of_author"]),
    pair_family("artist_of_painting", works.PAINTINGS, PHRASINGS["artist_of_painting"]),
    pair_family("composer_of_music", works.MUSIC, PHRASINGS["composer_of_music"]),
    pair_family("who_did_it", facts_science.DISCOVERIES, PHRASINGS["who_did_it"]),
    pair_family("what_they_did", swapped(facts_science.DISCOVERIES), PHRASINGS["what_they_did"]),
    pair_family("year_of_event", AD_EVENTS, PHRASINGS["year_of_event"], near=8),
    pair_family("planet", facts_science.PLANETS, PHRASINGS["planet"], near=24),
    pair_family("part_of_body", facts_nature.BODY_PARTS, PHRASINGS["part_of_body"]),
    pair_family("young_of_animal", facts_nature.YOUNG_ANIMALS, PHRASINGS["young_of_animal"], near=24),
    pair_family("animal_of_word", facts_nature.ANIMAL_WORDS, PHRASINGS["animal_of_word"], near=24),
    pair_family("measured_quantity", facts_science.QUANTITIES, PHRASINGS["measured_quantity"], near=24),
    member_family("event_of_century", CENTURIES, PHRASINGS["event_of_century"]),
    member_family("language_of_family", facts_groups.LANGUAGE_FAMILIES, PHRASINGS["language_of_family"]),
    member_family("element_of_group", facts_groups.ELEMENT_GROUPS, PHRASINGS["element_of_group"]),
    member_family("country_of_continent", facts_groups.CONTINENTS, PHRASINGS["country_of_continent"]),
    member_family("animal_of_class", facts_nature.ANIMAL_CLASSES, PHRASINGS["animal_of_class"]),
    order_family(
        "order_of_events",
        facts_history.EVENTS,
        PHRASINGS["earliest_event"],
        PHRASINGS["latest_event"],
        gap=4,
    ),
    order_family(
        "order_of_latitudes",
        facts_places.LATITUDES,
        PHRASINGS["farthest_south"],
        PHRASINGS["farthest_north"],
        gap=4,
    ),
    statement_family("true_statement", TABLES, PHRASINGS["true_statement"], gold=True),
    statement_family("false_statement", TABLES, PHRASINGS["false_statement"], gold=False),
)
