from __future__ import annotations

import random
from collections import Counter

import pytest

from core.abilities.generate import split_of
from core.abilities.generators.long_term_knowledge import (
    CAPITALS,
    CURRENCIES,
    DISCOVERIES,
    ELEMENTS,
    EVENTS,
    FACTS,
    FAMILIES,
    LATITUDES,
    NATURE,
    PLACES,
    QUESTIONS,
    SCIENCE,
    SENTENCES,
    phrasings_of,
    swapped,
)
from core.abilities.item import Draft, Family

Facts = tuple[tuple[str, str], ...]

NUMBERS: Facts = tuple((name, str(i + 1)) for i, (name, _) in enumerate(ELEMENTS))

TABLES_OF_FACTS: dict[str, Facts] = {
    "capitals": CAPITALS,
    "currencies": CURRENCIES,
    "rivers": FACTS["river"],
    "cities": FACTS["city on river"],
    "places": FACTS["place"],
    "elements": ELEMENTS,
    "quantities": FACTS["quantity"],
    "planets": FACTS["planet"],
    "discoveries": DISCOVERIES,
    "books": FACTS["book"],
    "paintings": FACTS["painting"],
    "music": FACTS["music"],
    "young": FACTS["young"],
    "words": NATURE["animal words"].pairs,
    "body": FACTS["body"],
}
ONE_TO_ONE = ("capitals", "currencies", "elements", "discoveries", "body")


CAPITAL_OF = dict(CAPITALS)

PAIRS: dict[str, Facts] = {
    "capital_of_country": CAPITALS,
    "country_of_capital": swapped(CAPITALS),
    "currency_of_country": CURRENCIES,
    "currency_by_capital": tuple((CAPITAL_OF.get(c, "-"), unit) for c, unit in CURRENCIES),
    "river_mouth": FACTS["river"],
    "river_of_city": FACTS["city on river"],
    "country_of_place": FACTS["place"],
    "symbol_of_element": ELEMENTS,
    "element_of_number": swapped(NUMBERS),
    "number_of_symbol": tuple((s, str(i + 1)) for i, (_, s) in enumerate(ELEMENTS)),
    "author_of_book": FACTS["book"],
    "book_of_author": swapped(FACTS["book"]),
    "artist_of_painting": FACTS["painting"],
    "composer_of_music": FACTS["music"],
    "who_did_it": DISCOVERIES,
    "what_they_did": swapped(DISCOVERIES),
    "year_of_event": tuple((event, str(year)) for event, year in EVENTS),
    "planet": FACTS["planet"],
    "part_of_body": FACTS["body"],
    "young_of_animal": FACTS["young"],
    "animal_of_word": NATURE["animal words"].pairs,
    "measured_quantity": tuple((f"the {s}", quantity) for s, quantity in FACTS["quantity"]),
}
GROUPS: dict[str, dict[str, tuple[str, ...]]] = {
    "language_of_family": NATURE["language families"].lists,
    "element_of_group": SCIENCE["element groups"].lists,
    "country_of_continent": PLACES["continents"].lists,
    "animal_of_class": NATURE["animal classes"].lists,
}
BY_NAME = {family.name: family for family in FAMILIES["standard"]}


def drafts(family: Family, n: int = 400) -> list[Draft]:
    rng = random.Random(7)
    return [family.draw(rng) for _ in range(n)]


def said(draft: Draft) -> str:
    return f"{draft.context} {draft.question}"


def longest_in(text: str, words: list[str]) -> str:
    """The longest of the words that the text holds as whole words, whatever their first letter's case."""
    padded = f" {_spaced(text)} "
    return max((w for w in words if any(f" {_spaced(v)} " in padded for v in _cases(w))), key=len)


def _spaced(text: str) -> str:
    return "".join(c if c.isalnum() else " " for c in text)


def _cases(word: str) -> tuple[str, str]:
    return word, word[:1].upper() + word[1:]


@pytest.mark.parametrize("name", TABLES_OF_FACTS)
def test_no_subject_stands_twice(name: str) -> None:
    counts = Counter(subject.lower() for subject, _ in TABLES_OF_FACTS[name])
    assert [subject for subject, n in counts.items() if n > 1] == []


@pytest.mark.parametrize("name", ONE_TO_ONE)
def test_no_answer_stands_twice_where_the_facts_go_both_ways(name: str) -> None:
    counts = Counter(answer for _, answer in TABLES_OF_FACTS[name])
    assert [answer for answer, n in counts.items() if n > 1] == []


@pytest.mark.parametrize("name", GROUPS)
def test_no_member_is_in_two_groups(name: str) -> None:
    counts = Counter(member for members in GROUPS[name].values() for member in members)
    assert [member for member, n in counts.items() if n > 1] == []


def test_there_are_several_hundred_facts() -> None:
    assert sum(len(facts) for facts in TABLES_OF_FACTS.values()) > 900
    assert len(EVENTS) > 100


def test_no_capital_gives_its_country_away() -> None:
    for country, capital in CAPITALS:
        words = country.lower().split()
        assert not any(word[:4] == capital.lower()[:4] for word in words if len(word) > 3), country


def test_what_is_ordered_is_sorted_and_events_are_once_there() -> None:
    years = [year for _, year in EVENTS]
    degrees = [degree for _, degree in LATITUDES]
    assert years == sorted(years)
    assert degrees == sorted(degrees)
    assert len(dict(EVENTS)) == len(years)
    assert not any(year % 100 == 0 and year > 1400 for year in years)  # a year that two centuries could claim


def test_elements_of_groups_are_elements() -> None:
    known = {name for name, _ in ELEMENTS} | {"americium", "curium"}
    assert {e for members in GROUPS["element_of_group"].values() for e in members} <= known


@pytest.mark.parametrize("name", PAIRS)
def test_of_a_pair_the_answer_is_right_and_no_distractor_is(name: str) -> None:
    facts = PAIRS[name]
    subjects = sorted({subject for subject, _ in facts})
    for draft in drafts(BY_NAME[name]):
        subject = longest_in(said(draft), subjects)
        right = {answer for s, answer in facts if s == subject}
        assert draft.answer in right, said(draft)
        assert not right & set(draft.distractors), said(draft)


@pytest.mark.parametrize("name", GROUPS)
def test_of_a_group_only_the_answer_belongs_to_it(name: str) -> None:
    for draft in drafts(BY_NAME[name]):
        members = GROUPS[name][longest_in(said(draft), list(GROUPS[name]))]
        assert draft.answer in members
        assert not set(members) & set(draft.distractors)


def test_the_event_of_a_century_is_the_only_one_of_its_century() -> None:
    year_of = dict(EVENTS)
    for draft in drafts(BY_NAME["event_of_century"]):
        first = 100 * (int(longest_in(said(draft), [f"{c}th" for c in range(15, 21)])[:2]) - 1) + 1
        in_century = [first <= year_of[o] <= first + 99 for o in (draft.answer, *draft.distractors)]
        assert in_century == [True, False, False, False]


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        (
            "order_of_events",
            ("first", "earliest", "farthest", "left"),
            ("last", "latest", "recent", "least", "right"),
        ),
        ("order_of_latitudes", ("south", "southernmost", "lowest"), ("north", "northernmost", "highest")),
    ],
)
def test_the_first_or_last_of_an_order(name: str, low: tuple[str, ...], high: tuple[str, ...]) -> None:
    values: dict[str, float] = dict(EVENTS if name.endswith("events") else LATITUDES)
    for draft in drafts(BY_NAME[name]):
        options = (draft.answer, *draft.distractors)
        asked = (draft.context if "comes last" in draft.question else draft.question).lower()
        # "on the far left" and "least far back" hold the other end's word too, so the longer words decide.
        wanted = longest_in(asked.replace("far left", "left").replace("far right", "right"), [*low, *high])
        best = min if wanted in low else max
        assert draft.answer == best(options, key=values.__getitem__), said(draft)
        assert all(abs(values[draft.answer] - values[other]) >= 4 for other in draft.distractors)


def test_exactly_one_statement_is_true_or_false() -> None:
    true = {
        sentence.format(s=subject, a=answer).lower()
        for kind, facts in FACTS.items()
        for subject, answer in facts
        for sentence in SENTENCES[kind]
    }
    for draft in drafts(BY_NAME["true_statement"], 1000):
        assert [o.lower() in true for o in (draft.answer, *draft.distractors)] == [True, False, False, False]
    for draft in drafts(BY_NAME["false_statement"], 1000):
        assert [o.lower() in true for o in (draft.answer, *draft.distractors)] == [False, True, True, True]


@pytest.mark.parametrize("family", FAMILIES["standard"], ids=lambda family: family.name)
def test_texts_are_clean_and_keys_fill_both_splits(family: Family) -> None:
    made = drafts(family, 600)
    for draft in made:
        text = said(draft).strip()
        assert not set("{}|_") & set(text)
        assert "  " not in text
        assert text[0].isupper() or not text[0].isalpha()
        assert text[-1] in "?…"
        assert len({draft.answer, *draft.distractors}) == 4
        assert draft.steps == ""
    keys = {split: {d.key for d in made if split_of("long_term_knowledge", d.key) == split}
            for split in ("train", "heldout")}  # fmt: skip
    assert len(keys["train"]) >= 60
    assert len(keys["heldout"]) >= 30


def test_names_are_no_part_of_a_key() -> None:
    made = drafts(BY_NAME["capital_of_country"], 4000)
    texts_by_key: dict[str, set[str]] = {}
    for draft in made:
        texts_by_key.setdefault(draft.key, set()).add(said(draft))
    assert max(len(texts) for texts in texts_by_key.values()) > 3


def test_every_option_is_right_in_a_quarter_of_its_items_in_both_splits() -> None:
    for name in ("capital_of_country", "river_mouth", "animal_of_class"):
        shown: Counter[tuple[str, str]] = Counter()
        right: Counter[tuple[str, str]] = Counter()
        for draft in drafts(BY_NAME[name], 20_000):
            split = split_of("long_term_knowledge", draft.key)
            right[split, draft.answer] += 1
            for option in (draft.answer, *draft.distractors):
                shown[split, option] += 1
        # 5 standard deviations of a share of one quarter
        off = [o for o, n in shown.items() if abs(right[o] / n - 0.25) > 5 * (0.1875 / n) ** 0.5]
        assert off == []


def test_families_ask_in_at_least_six_ways() -> None:
    for name in QUESTIONS.keys() - {"sentences"}:
        phrasings = phrasings_of(name)
        assert len(set(phrasings)) == len(phrasings) >= (5 if name.startswith("farthest") else 6)


@pytest.mark.parametrize(
    ("table", "subject", "answer"),
    [
        ("capitals", "Australia", "Canberra"),
        ("capitals", "Turkey", "Ankara"),
        ("capitals", "Canada", "Ottawa"),
        ("capitals", "Pakistan", "Islamabad"),
        ("capitals", "Burkina Faso", "Ouagadougou"),
        ("currencies", "Hungary", "forint"),
        ("currencies", "Thailand", "baht"),
        ("currencies", "Peru", "sol"),
        ("rivers", "Danube", "the Black Sea"),
        ("rivers", "Volga", "the Caspian Sea"),
        ("rivers", "Rhine", "the North Sea"),
        ("rivers", "Ganges", "the Bay of Bengal"),
        ("cities", "Rome", "Tiber"),
        ("cities", "Prague", "Vltava"),
        ("cities", "Baghdad", "Tigris"),
        ("places", "Petra", "Jordan"),
        ("places", "Angkor Wat", "Cambodia"),
        ("places", "Mount Aconcagua", "Argentina"),
        ("elements", "tungsten", "W"),
        ("elements", "antimony", "Sb"),
        ("elements", "potassium", "K"),
        ("quantities", "pascal", "pressure"),
        ("quantities", "anemometer", "speed"),
        ("planets", "has the moon Titan", "Saturn"),
        ("planets", "has the moon Triton", "Neptune"),
        ("discoveries", "discovered penicillin", "Alexander Fleming"),
        ("discoveries", "discovered the neutron", "James Chadwick"),
        ("books", "Middlemarch", "George Eliot"),
        ("books", "The Trial", "Franz Kafka"),
        ("paintings", "The Night Watch", "Rembrandt"),
        ("paintings", "Nighthawks", "Edward Hopper"),
        ("music", "The Planets", "Gustav Holst"),
        ("music", "Aida", "Giuseppe Verdi"),
        ("young", "kangaroo", "joey"),
        ("young", "hare", "leveret"),
        ("words", "vulpine", "fox"),
        ("words", "sett", "badger"),
        ("body", "makes insulin", "pancreas"),
        ("body", "is also known as the shoulder blade", "scapula"),
    ],
)
def test_facts_written_down_a_second_time(table: str, subject: str, answer: str) -> None:
    assert dict(TABLES_OF_FACTS[table])[subject] == answer


@pytest.mark.parametrize(
    ("element", "number"),
    [("hydrogen", 1), ("carbon", 6), ("iron", 26), ("silver", 47), ("gold", 79), ("lead", 82),
     ("uranium", 92), ("xenon", 54), ("tungsten", 74), ("plutonium", 94)],
)  # fmt: skip
def test_atomic_numbers_written_down_a_second_time(element: str, number: int) -> None:
    assert ELEMENTS[number - 1][0] == element


@pytest.mark.parametrize(
    ("event", "year"),
    [("the Battle of Hastings", 1066), ("the sealing of Magna Carta", 1215), ("the Battle of Waterloo", 1815),
     ("the fall of Constantinople to the Ottomans", 1453), ("the sinking of the Titanic", 1912),
     ("the fall of the Berlin Wall", 1989), ("the Great Fire of London", 1666)],
)  # fmt: skip
def test_years_written_down_a_second_time(event: str, year: int) -> None:
    assert dict(EVENTS)[event] == year
