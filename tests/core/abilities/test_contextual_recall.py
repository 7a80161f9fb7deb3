"""Gold of the recall items, found by reading the facts out of the text again."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

import pytest

from core.abilities.generate import draw_items
from core.abilities.generators.contextual_recall import EVENTS, FAMILIES
from core.abilities.item import Item

BY_NAME = {family.name: family for family in FAMILIES["standard"]}


@cache
def items_of(family: str) -> tuple[Item, ...]:
    by_split = {"train": 60, "heldout": 40}
    return tuple(
        item
        for split, n in by_split.items()
        for item in draw_items("contextual_recall", [BY_NAME[family]], "standard", split, n, seed=5)
    )


def one(pattern: str, text: str) -> tuple[str, ...]:
    """The groups of the one place where the pattern is found."""
    (match,) = re.finditer(pattern, text)
    return match.groups()


def trait_of(item: Item) -> str:
    """The pattern of the fact that the question asks for."""
    verbs = {
        "live": "lives in",
        "keep": "keeps",
        "play": "plays",
        "collect": "collects",
        "learning": "is learning",
    }
    return f"{verbs[item.question.rstrip('?').split()[-1]]} ([^,.]+?)(?:,| and |\\.)"


def two_clues(item: Item) -> str:
    job, city = one(r"the (\w+) in (\w+)", item.question)
    (person,) = [s for s in re.findall(r"[^.]+\.", item.context) if f"is a {job} in {city}," in s]
    return one(trait_of(item), person)[0]


def similar_codes(item: Item) -> str:
    form = r"Parcel (\S+) came from (\w+), is addressed to (\w+) and lies on shelf (\w+)\."
    rows = re.findall(form, item.context)
    if item.question.startswith("Which parcel"):
        (name,) = one(r"addressed to (\w+)", item.question)
        return {row[2]: row[0] for row in rows}[name]
    (code,) = one(r"parcel (\S+?)(?:\?| )", item.question)
    column = {"From": 1, "To": 2, "On": 3}[item.question.split()[0]]
    return {row[0]: row[column] for row in rows}[code]


def relations(item: Item) -> str:
    second, start, first = one(
        r"the ([a-z ]+) of (\w+)'s ([a-z ]+?)(?: live| keep| play| collect| learning)", item.question
    )
    (middle,) = one(rf"(\w+) is {start}'s {first}\.", item.context)
    (end,) = one(rf"(\w+) is {middle}'s {second}\.", item.context)
    return one(rf"{end} {trait_of(item)}", item.context)[0]


def containers(item: Item) -> str:
    inside: dict[str, str] = {}
    for thing, place in re.findall(
        r"[Tt]he ([\w ]+?) (?:is in|was put into|was carried into) the ([\w ]+)\.", item.context
    ):
        inside[thing] = place
    (place,) = one(r"In which room is the ([\w ]+) now\?", item.question)
    while place in inside:
        place = inside[place]
    return place


def revisions(item: Item) -> str:
    (event,) = [event for event in EVENTS if event in item.question]
    notes = [note for note in re.findall(r"Note \d+: ([^.]+)\.", item.context) if event in note]
    stage = ("at first", "after the first change", "in the end")
    (when,) = [i for i, text in enumerate(stage) if text in item.question]
    values = [option for option in item.options if re.search(rf"\b{option}\b", notes[when])]
    (value,) = values
    return value


def orders(item: Item) -> str:
    said = dict(re.findall(r"^(\w+): (.+)\.$", item.context, flags=re.MULTILINE))
    (name,) = one(r"What does (\w+) order\?", item.question)
    while not (found := re.fullmatch(r"I will have (the .+)", said[name])):
        (name,) = re.findall(r"[A-Z]\w+", said[name].removeprefix("For me"))[-1:]
    return found[1]


def groups(item: Item) -> str:
    room, group = {}, {}
    for colour, members, place in re.findall(
        r"The (\w+) group \(([^)]+)\) meets in the (\w+)\.", item.context
    ):
        room[colour] = place
        group |= dict.fromkeys(members.split(", "), colour)
    a, b = one(r"The (\w+) group and the (\w+) group, however, have exchanged", item.context)
    room[a], room[b] = room[b], room[a]
    group |= dict(re.findall(r"(\w+) goes with the (\w+) group today\.", item.context))
    return room[group[one(r"In which room is (\w+) today\?", item.question)[0]]]


def two_tables(item: Item) -> str:
    upper, lower = (table.splitlines()[1:] for table in item.context.split("\n\n"))
    project = dict(row.split(" | ") for row in upper)
    room = dict(row.split(" | ") for row in lower)
    if item.question.startswith("In"):
        return room[project[one(r"does (\w+)'s", item.question)[0]]]
    (number,) = one(r"room (\d+)", item.question)
    (name,) = [name for name, one_project in project.items() if room[one_project] == number]
    return name


def peoples(item: Item) -> str:
    verbs = ("live in", "trade in", "pay with", "celebrate the Feast of")
    facts: dict[str, dict[str, str]] = {}
    for people, verb, value in re.findall(rf"The (\w+) ({'|'.join(verbs)}) ([^.]+)\.", item.context):
        facts.setdefault(people, {})[verb] = value
    given, value, rest = one(
        rf"people who ({'|'.join(verbs)}) (.+) (live in|trade in|pay with|celebrate)\?", item.question
    )
    (found,) = [fact for fact in facts.values() if fact.get(given) == value]
    return found["celebrate the Feast of" if rest == "celebrate" else rest]


def renamed(item: Item) -> str:
    name_of = {}
    for sentence in re.findall(r"[^.]+\.", item.context)[1:]:
        text = sentence.strip(" .")
        if " is called " in text:
            thing, name = text.split(" is called ")
        else:
            name, thing = text.split(" is the name for ")
        name_of[thing.lower()] = name.lower()
    assert len(name_of) == 6
    asked = one(r"(?:we call|the name of) (\w+) (?:go )?there\?", item.question)[0].lower()
    table = name_of if "By what name" in item.question else {name: thing for thing, name in name_of.items()}
    (gold,) = [option for option in item.options if option.lower() == table[asked]]
    return gold


def lists(item: Item) -> str:
    where, thing, name = one(r"directly (after|before) ([\w ]+) on (\w+)'s list", item.question)
    things = one(rf"{name}'s packing list: ([^.]+)\.", item.context)[0].split(", ")
    return things[things.index(thing) + (1 if where == "after" else -1)]


SOLVERS: dict[str, Callable[[Item], str]] = {
    solver.__name__: solver
    for solver in (
        two_clues, similar_codes, relations, containers, revisions, orders, groups, two_tables, peoples,
        renamed, lists,
    )
}  # fmt: skip


def test_every_family_is_checked() -> None:
    assert set(SOLVERS) == set(BY_NAME)


@pytest.mark.parametrize("family", list(SOLVERS))
def test_gold_is_what_the_text_says(family: str) -> None:
    for item in items_of(family):
        assert SOLVERS[family](item) == item.answer, item


@pytest.mark.parametrize("family", list(SOLVERS))
def test_every_option_is_in_the_context(family: str) -> None:
    for item in items_of(family):
        for option in item.options:
            assert option.lower() in item.context.lower()
