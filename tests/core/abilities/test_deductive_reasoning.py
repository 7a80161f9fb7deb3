"""Gold of the deductive items, checked by going through every case that their text allows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from itertools import permutations, product

import numpy as np
import pytest

from core.abilities.generate import draw_items
from core.abilities.generators.deductive_reasoning import FAMILIES
from core.abilities.item import Item

Truth = np.ndarray
"""Truth of a sentence in every case."""

BY_NAME = {family.name: family for family in FAMILIES["standard"]}


@cache
def items_of(family: str) -> tuple[Item, ...]:
    by_split = {"train": 60, "heldout": 30}
    return tuple(
        item
        for split, n in by_split.items()
        for item in draw_items("deductive_reasoning", [BY_NAME[family]], "standard", split, n, seed=5)
    )


def sentences(text: str) -> list[str]:
    return [part.strip() for part in re.findall(r"[^.]+\.", text)]


class Table:
    """The truth table over the names that are asked for."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = sorted(set(names))
        self.rows = np.arange(2 ** len(self.names))

    def __getitem__(self, name: str) -> Truth:
        return (self.rows >> self.names.index(name) & 1).astype(bool)

    def entails(self, premises: list[Truth], conclusion: Truth) -> bool:
        possible = np.logical_and.reduce(premises)
        assert possible.any(), "the premises contradict each other"
        return bool(conclusion[possible].all())


def conclusions(item: Item) -> list[str]:
    return [part.rstrip(".") for part in re.findall(r", so ([^.]+\.)", item.steps)]


def kinds(item: Item) -> list[str]:
    *rules, fact = sentences(item.context)
    words = set(re.findall(r"\b[a-z]+\b", item.context)) - {"is", "a", "that"}
    table = Table(words)

    def noun_phrase(text: str) -> Truth:
        return np.logical_and.reduce([table[word] for word in text.split(" that is a ")])

    def predicate(text: str) -> Truth:
        bare = text.removeprefix("not ").removeprefix("a ")
        return table[bare] != text.startswith("not ")

    premises = []
    for rule in rules:
        quantifier, subject, verb = re.fullmatch(
            r"(Every|No) (\w+(?: that is a \w+)?) is ((?:a )?\w+)\.", rule
        ).groups()
        premises.append(~noun_phrase(subject) | (predicate(verb) != (quantifier == "No")))
    creature, kind = re.fullmatch(r"(\w+) is (a \w+)\.", fact).groups()
    premises.append(predicate(kind))

    def holds(sentence: str) -> bool:
        subject, verb = sentence.split(" is ", 1)
        assert subject == creature
        return table.entails(premises, predicate(verb))

    assert all(holds(sentence) for sentence in conclusions(item))
    return [option for option in item.options if holds(option)]


def guests(item: Item) -> list[str]:
    _, *rules = sentences(item.context)
    table = Table(re.findall(r"(\w+) (?:comes|does not come)", item.context))

    def literals(text: str) -> Truth:
        found = re.findall(r"(\w+) (comes|does not come)", text)
        return np.logical_and.reduce([table[name] == (verb == "comes") for name, verb in found])

    premises = []
    for rule in rules:
        given, _, then = rule.removeprefix("If ").rpartition(", ")
        premises.append(~literals(given) | literals(then) if given else literals(then))
    assert all(table.entails(premises, literals(sentence)) for sentence in conclusions(item))
    return [option for option in item.options if table.entails(premises, table[option])]


def places(item: Item) -> list[str]:
    place = r"[Tt]he ([\w ]+?)"
    rules = sentences(item.context)
    names = [name for rule in rules for name in re.findall(place + r"(?= is | and )", rule)]
    table, premises = Table(names), []
    for rule in rules:
        if match := re.fullmatch(rf"If {place} is open, {place} is open\.", rule):
            premises.append(~table[match[1]] | table[match[2]])
        elif match := re.fullmatch(rf"At least one of {place} and {place} is open\.", rule):
            premises.append(table[match[1]] | table[match[2]])
        else:
            premises.append(~table[re.fullmatch(rf"{place} is closed\.", rule)[1]])
    is_open = item.question == "Which of these is certainly open?"
    for sentence in conclusions(item):
        assert table.entails(premises, ~table[re.fullmatch(rf"{place} is closed", sentence)[1]])
    return [o for o in item.options if table.entails(premises, table[o.removeprefix("the ")] == is_open)]


def how_many(item: Item) -> list[str]:
    """A case is the set of kinds of member that occur; a kind of member is a set of groups."""
    _, *premises = sentences(item.context)
    form = r"(All|None of the|Some of the) ([\w ]+) are ([\w ]+)\."
    said = [re.fullmatch(form, premise).groups() for premise in premises]
    first, last = re.fullmatch(r"How many of the ([\w ]+) are ([\w ]+)\?", item.question).groups()
    groups = sorted({name for _, *pair in said for name in pair})
    members = [frozenset(g for g, inside in zip(groups, bits, strict=True) if inside)
               for bits in product((0, 1), repeat=len(groups))]  # fmt: skip

    def forbidden(member: frozenset[str]) -> bool:
        return any(
            (q == "All" and a in member and b not in member) or (q == "None of the" and {a, b} <= member)
            for q, a, b in said
        )

    allowed = [member for member in members if not forbidden(member)]
    needed = [{a, b} for q, a, b in said if q == "Some of the"] + [{g} for g in groups]

    def possible(within: list[frozenset[str]]) -> bool:
        """Whether what must exist can, with members of these kinds alone (more members never hurt)."""
        return all(any(need <= member for member in within) for need in needed)

    assert possible(allowed)
    can_be_all = possible([m for m in allowed if not (first in m and last not in m)])
    can_be_none = possible([m for m in allowed if not {first, last} <= m])
    has_both = any({first, last} <= m for m in allowed) and any(first in m and last not in m for m in allowed)
    can = {"All of them": can_be_all, "None of them": can_be_none, "Only some of them": has_both}
    sure = [answer for answer, is_possible in can.items() if is_possible]
    assert set(item.options) == {*can, "This cannot be known"}
    return sure if len(sure) == 1 else ["This cannot be known"]


def regulation(item: Item) -> list[str]:
    rule_text, facts_text = item.context.split(" Nobody else qualifies. ")
    people = {}
    for sentence in sentences(facts_text):
        name, rest = sentence.rstrip(".").split(" ", 1)
        people[name] = re.split(r", | and ", rest)

    def qualifies(facts: list[str]) -> bool:
        rules = re.split(r"\. The same holds for", rule_text.rstrip("."))
        return any(meets(rule.split("anyone who ")[1], facts) for rule in rules)

    def meets(rule: str, facts: list[str]) -> bool:
        conditions, _, bar = rule.partition(", unless that person ")
        parts = re.split(r" and who also | and ", conditions)
        met = all(any(one in facts for one in part.split(" or ")) for part in parts)
        return met and bar not in facts

    right = [name for name, facts in people.items() if qualifies(facts)]
    assert set(re.findall(r"so (\w+) does not qualify", item.steps)) == set(people) - set(right)
    return right


def lamps(item: Item) -> list[str]:
    lamp = r"[Tt]he (\w+) lamp"
    table, premises = Table(re.findall(lamp, item.context)), []

    def is_in_state(text: str) -> Truth:
        name, state = re.fullmatch(lamp + r" is (on|off)", text).groups()
        return table[name] == (state == "on")

    for sentence in sentences(item.context):
        if match := re.fullmatch(rf"Exactly one of {lamp} and {lamp} is on\.", sentence):
            premises.append(table[match[1]] != table[match[2]])
        elif match := re.fullmatch(rf"{lamp} is on if and only if {lamp} is on\.", sentence):
            premises.append(table[match[1]] == table[match[2]])
        else:
            premises.append(is_in_state(sentence.rstrip(".")))
    asked = item.question.rstrip("?").rsplit(" ", 1)[1]
    assert all(table.entails(premises, is_in_state(sentence)) for sentence in conclusions(item))
    return [o for o in item.options if table.entails(premises, is_in_state(f"{o} is {asked}"))]


def liar(item: Item) -> list[str]:
    said = re.findall(r'(\w+) says: "([^"]+)\."', item.context)
    assert len(said) == 4

    def is_true(text: str, suspect: str) -> bool:
        named = suspect in re.findall(r"[A-Z]\w+", text)
        return named != ("not" in text or "Neither" in text)

    return [
        suspect
        for suspect, _ in said
        if all(is_true(text, suspect) == (speaker != suspect) for speaker, text in said)
    ]


def signs(item: Item) -> list[str]:
    number = {"one": 1, "two": 2, "three": 3}[re.search(r"Exactly (\w+) of the four", item.context)[1]]
    said = re.findall(r'The sign on (the \w+ box) says: "([^"]+)\."', item.context)
    assert len(said) == 4

    def n_true(prize: str) -> int:
        count = 0
        for box, text in said:
            named = prize in re.findall(r"the \w+ box", text.replace("this box", box))
            count += named != ("not" in text)
        return count

    words = {"none": 0, "one": 1, "two": 2, "three": 3, "all": 4}
    counted = re.findall(r"If the prize is in (the \w+ box), (\w+)", item.steps)
    assert {box: words[word] for box, word in counted} == {box: n_true(box) for box, _ in said}
    return [box for box, _ in said if n_true(box) == number]


MEASURES = {
    "tall": ("taller", "tallest", "shortest"),
    "old": ("older", "oldest", "youngest"),
    "fast": ("faster", "fastest", "slowest"),
    "rich": ("richer", "richest", "poorest"),
    "strong": ("stronger", "strongest", "weakest"),
}


def ranking(item: Item) -> list[str]:
    intro, *clues = sentences(item.context)
    names_text, plain = re.fullmatch(r"No two of (.+) are equally (\w+)\.", intro).groups()
    names = re.split(r", | and ", names_text)
    more, most, least = MEASURES[plain]
    counts = {"Nobody is": 0, "Exactly one person is": 1, "Exactly two people are": 2,
              "Exactly three people are": 3, "Everyone else is": 4}  # fmt: skip

    def fits(order: tuple[str, ...], clue: str) -> bool:
        if match := re.fullmatch(r"(\w+) is neither the \w+ nor the \w+\.", clue):
            return match[1] not in (order[0], order[-1])
        subject, comparative, name = re.fullmatch(r"(.+) (\w+) than (\w+)\.", clue).groups()
        place = order.index(name)
        if subject in counts:
            return counts[subject] == (place if comparative == more else 4 - place)
        other = order.index(subject.removesuffix(" is"))
        return other < place if comparative == more else other > place

    asked = re.fullmatch(r"Who is the (.+) of the five\?", item.question)[1]
    rank = {most: 0, f"second {most}": 1, f"third {most}": 2, f"second {least}": 3, least: 4}[asked]
    fitting = [order for order in permutations(names) if all(fits(order, clue) for clue in clues)]
    return sorted({order[rank] for order in fitting})


def drinks(item: Item) -> list[str]:
    intro, *clues = sentences(item.context)
    form = r"Four people, (.+), have ordered four different drinks: (.+)\."
    names, things = (re.split(r", | and ", part) for part in re.fullmatch(form, intro).groups())

    def fits(has: dict[str, str], clue: str) -> bool:
        if match := re.fullmatch(r"(\w+) does not drink (\w+)\.", clue):
            return has[match[1]] != match[2]
        if match := re.fullmatch(r"Either (\w+) or (\w+) drinks (\w+)\.", clue):
            return match[3] in (has[match[1]], has[match[2]])
        name, one, other = re.fullmatch(r"(\w+) drinks (\w+) or (\w+)\.", clue).groups()
        return has[name] in (one, other)

    cases = [dict(zip(names, order, strict=True)) for order in permutations(things)]
    fitting = [case for case in cases if all(fits(case, clue) for clue in clues)]
    for sentence in conclusions(item):
        name, thing = sentence.split(" drinks ")
        assert all(case[name] == thing for case in fitting)
    asked = re.fullmatch(r"What does (\w+) drink\?", item.question)[1]
    return sorted({case[asked] for case in fitting})


def roster(item: Item) -> list[str]:
    _, *rules = sentences(item.context)
    days = ["Monday", "Tuesday", "Wednesday", "Thursday"]

    def keeps(option: str, rule: str) -> bool:
        order = option.split(", ")
        day = {name: i for i, name in enumerate(order)}
        if match := re.fullmatch(r"(\w+) is on duty before (\w+)\.", rule):
            return day[match[1]] < day[match[2]]
        if match := re.fullmatch(r"(\w+) is on duty on the day after (\w+)\.", rule):
            return day[match[1]] == day[match[2]] + 1
        if match := re.fullmatch(r"(\w+) and (\w+) are not on duty on days that follow each other\.", rule):
            return abs(day[match[1]] - day[match[2]]) != 1
        name, weekday = re.fullmatch(r"(\w+) is not on duty on (\w+)\.", rule).groups()
        return order[days.index(weekday)] != name

    for option, rule in re.findall(r"([^.:]+): this breaks the rule that ([^.]+)\.", item.steps):
        assert not keeps(option.strip(), f"{rule}.")
    return [option for option in item.options if all(keeps(option, rule) for rule in rules)]


SOLVERS: dict[str, Callable[[Item], list[str]]] = {
    solver.__name__: solver
    for solver in (
        kinds, guests, places, how_many, regulation, lamps, liar, signs, ranking, drinks, roster
    )
}  # fmt: skip


def test_every_family_is_checked() -> None:
    assert set(SOLVERS) == set(BY_NAME)


@pytest.mark.parametrize("family", list(SOLVERS))
def test_gold_is_the_one_option_that_follows(family: str) -> None:
    for item in items_of(family):
        assert SOLVERS[family](item) == [item.answer], item


@pytest.mark.parametrize("family", list(SOLVERS))
def test_steps_are_there_and_do_not_end_in_the_conclusion(family: str) -> None:
    for item in items_of(family):
        assert item.steps.endswith(".")
        assert ", so " not in sentences(item.steps)[-1] or family == "regulation"
