"""Deductive reasoning: what follows from stated rules and facts, whatever the world is like.

Every item has exactly one option that is true in all the cases that the context allows. The families of
rules are here, the puzzles in `deduction_puzzles`. A key holds the form of rules and facts, without names.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise

from core.abilities.drafting import NAMES, capital, draft_of, families, listed
from core.abilities.item import Draft
from core.abilities.standard.deduction_puzzles import PUZZLES
from core.abilities.tables import Row, read_tables

TABLES = read_tables("standard/deductive_reasoning")
KINDS, CREATURES, TRAITS = TABLES["kinds"].texts, TABLES["creatures"].texts, TABLES["traits"].texts
PLACES, GROUPS, COLOURS = TABLES["places"].texts, TABLES["groups"].texts, TABLES["colours"].texts
REGULATIONS = TABLES["regulations"].blocks
"""Grants and four conditions on each: three in favour and the last one against."""


def _kinds(rng: random.Random) -> Draft:
    """A creature goes up a chain of kinds to a trait; the other traits are of kinds that it need not be."""
    length = rng.randint(2, 4)
    nouns, creature = rng.sample(KINDS, length + 6), rng.choice(CREATURES)
    chain, side = nouns[:length], nouns[length:]
    traits = [f"{rng.choice(('', 'not '))}{trait}" for trait in rng.sample(TRAITS, 4)]
    rules = [f"Every {a} is a {b}." for a, b in pairwise(chain)]
    rules.append(_trait_rule(f"{chain[-1]}", traits[0]))
    wrong = []
    for j, trait in enumerate(traits[1:]):
        way, i = rng.choice(("below", "apart", "joint")), rng.randrange(length)
        wrong.append(f"{way}{i}{trait[:3] == 'not'}")
        noun = side[2 * j]
        if way == "joint":
            rules.append(_trait_rule(f"{chain[i]} that is a {noun}", trait))
            continue
        link = f"Every {noun} is a {chain[i]}." if way == "below" else f"No {noun} is a {chain[i]}."
        rules += [link, _trait_rule(noun, trait)]
    steps = [f"{creature} is a {chain[0]}."]
    steps += [f"Every {a} is a {b}, so {creature} is a {b}." for a, b in pairwise(chain)]
    return draft_of(
        f"kinds/{length}/{traits[0][:3] == 'not'}/{'-'.join(sorted(wrong))}",
        " ".join([*rng.sample(rules, len(rules)), f"{creature} is a {chain[0]}."]),
        "Which of these must be true?",
        [f"{creature} is {trait}" for trait in traits],
        steps=" ".join([*steps, _trait_rule(chain[-1], traits[0])]),
    )


def _trait_rule(noun: str, trait: str) -> str:
    bare = trait.removeprefix("not ")
    return f"No {noun} is {bare}." if bare != trait else f"Every {noun} is {bare}."


def _comes(name: str, sign: bool) -> str:
    return f"{name} comes" if sign else f"{name} does not come"


def _guests(rng: random.Random) -> Draft:
    """Who comes, by a chain of conditions, some of them on two guests."""
    length = rng.randint(2, 4)
    names = rng.sample(NAMES, 2 * length + 4)
    chain, helpers, wrong = names[: length + 1], names[length + 1 : 2 * length + 1], names[2 * length + 1 :]
    signs = [True, *(rng.random() < 0.6 for _ in range(length - 1)), True]
    facts, rules, code = [f"{chain[0]} comes."], [], []
    steps = [f"{chain[0]} comes"]
    for i in range(length):
        so_far, then = _comes(chain[i], signs[i]), _comes(chain[i + 1], signs[i + 1])
        kind = rng.choice(("plain", "with", "without"))
        code.append(f"{kind}{signs[i]}")
        if kind != "plain":
            helper = _comes(helpers[i], kind == "with")
            facts.append(f"{helper}.")
            so_far = f"{so_far} and {helper}"
        rules.append(f"If {so_far}, {then}.")
        steps.append(f"{capital(so_far)}, so {then}" if i < length - 1 else f"If {so_far}, {then}")
    ends = []
    for name in wrong:
        way, i = rng.choice(("unmet", "converse", "barred")), rng.randrange(length)
        ends.append(f"{way}{i}")
        rules.append(
            {
                "unmet": f"If {_comes(chain[i], not signs[i])}, {_comes(name, True)}.",
                "converse": f"If {_comes(name, True)}, {_comes(chain[i + 1], signs[i + 1])}.",
                "barred": f"If {_comes(chain[i], signs[i])}, {_comes(name, False)}.",
            }[way]
        )
    statements = [*rng.sample(rules, len(rules)), *rng.sample(facts, len(facts))]
    return draft_of(
        f"guests/{'-'.join(code)}/{'-'.join(sorted(ends))}",
        " ".join(["These rules hold for the guests of a party.", *statements]),
        "Which of these people certainly comes?",
        [chain[-1], *wrong],
        steps=". ".join(steps) + ".",
    )


def _places(rng: random.Random) -> Draft:
    """What is closed or open, by going back along conditions whose consequence fails."""
    length, is_open = rng.randint(2, 4), rng.random() < 0.5
    names = rng.sample(PLACES, length + 5)
    chain, gold, wrong = [f"the {n}" for n in names[: length + 1]], f"the {names[length + 1]}", names[-3:]
    rules = [f"If {a} is open, {b} is open." for a, b in pairwise(chain)]
    if is_open:
        rules.append(f"At least one of {chain[0]} and {gold} is open.")
    else:
        rules.append(f"If {gold} is open, {chain[0]} is open.")
    ways = []
    for name in wrong:
        way, i = rng.choice(("same", "shut" if is_open else "either")), rng.randrange(length + 1)
        ways.append(f"{way}{i}")
        rules.append(
            {
                "same": f"If {chain[i]} is open, the {name} is open.",
                "shut": f"If the {name} is open, {chain[i]} is open.",
                "either": f"At least one of {chain[i]} and the {name} is open.",
            }[way]
        )
    steps = [f"{capital(chain[-1])} is closed."]
    for b, a in pairwise(chain[::-1]):
        steps.append(f"If {a} were open, {b} would be open, so {a} is closed.")
    steps.append(rules[length])
    return draft_of(
        f"places/{length}/{is_open}/{'-'.join(sorted(ways))}",
        " ".join([*rng.sample(rules, len(rules)), f"{capital(chain[-1])} is closed."]),
        f"Which of these is certainly {'open' if is_open else 'closed'}?",
        [gold, *(f"the {name}" for name in wrong)],
        steps=" ".join(steps),
    )


HOW_MANY = ("All of them", "Only some of them", "None of them", "This cannot be known")
"""The four answers to how many members of a group are in another."""


def _how_many(rng: random.Random) -> Draft:
    """How many of a group are in another, from categorical premises: all, only some, none, or unknown."""
    gold = rng.randrange(4)
    first, last, *middle = rng.sample(GROUPS, 8)
    form, premises, more = (_all, _only_some, _none, _unknown)[gold](rng, first, last, middle)
    extras = [_extra(rng, fresh, [first, last, middle[0]]) for fresh in middle[-2:]]
    shown = [*premises, *(text for _, text in extras)]
    return draft_of(
        f"how_many/{gold}/{form}/{'-'.join(sorted(code for code, _ in extras))}",
        "Each of these groups of a club has members. " + " ".join(rng.sample(shown, len(shown))),
        f"How many of the {first} are {last}?",
        HOW_MANY,
        gold,
        " ".join([*premises, *more]),
    )


Premises = tuple[str, list[str], list[str]]
"""Their form, the premises in the order of thought, and a conclusion for the steps."""


def _upward(*chain: str) -> list[str]:
    """The premises that put each group into the next one."""
    return [f"All {a} are {b}." for a, b in pairwise(chain)]


def _apart(first: str, last: str, turned: int) -> str:
    return f"None of the {last} are {first}." if turned else f"None of the {first} are {last}."


def _all(rng: random.Random, first: str, last: str, middle: Sequence[str]) -> Premises:
    length = rng.randint(1, 3)
    return f"{length}", _upward(first, *middle[:length], last), [f"So the {first} lie within the {last}."]


def _only_some(rng: random.Random, first: str, last: str, middle: Sequence[str]) -> Premises:
    length, turned, back = rng.randint(0, 1), rng.randrange(2), rng.randrange(2)
    some = f"Some of the {middle[0]} are {first}." if back else f"Some of the {first} are {middle[0]}."
    into = _upward(middle[0], *middle[2 : 2 + length], last)
    others = [f"Some of the {first} are {middle[1]}.", _apart(middle[1], last, turned)]
    more = [f"So there are {first} among the {last} and {first} outside."]
    return f"{length}{turned}{back}", [some, *into, *others], more


def _none(rng: random.Random, first: str, last: str, middle: Sequence[str]) -> Premises:
    length, turned = rng.randint(1, 3), rng.randrange(2)
    premises = [*_upward(first, *middle[:length]), _apart(middle[length - 1], last, turned)]
    return f"{length}{turned}", premises, [f"So the {first} lie outside the {last}."]


def _unknown(rng: random.Random, first: str, last: str, middle: Sequence[str]) -> Premises:
    way, turned, length = rng.randrange(4), rng.randrange(2), rng.randint(0, 1)
    into = _upward(first, *middle[1 : 1 + length], middle[0])
    apart = _apart(first, middle[0], turned)
    form, premises = {
        0: (f"0{length}", [*into, f"All {last} are {middle[0]}."]),
        1: (f"1{length}", [*into, f"Some of the {middle[0]} are {last}."]),
        2: (f"2{turned}", [apart, f"Some of the {middle[0]} are {last}."]),
        3: (f"3{turned}", [apart, f"All {middle[0]} are {last}."]),
    }[way]
    return form, premises, [f"So the {first} may lie within the {last}, outside, or both."]


def _extra(rng: random.Random, fresh: str, others: Sequence[str]) -> tuple[str, str]:
    """A premise on a group that no other premise names, which settles nothing: its form, its text."""
    other, form = rng.randrange(len(others)), rng.randrange(4)
    premise = (
        f"All {fresh} are {others[other]}.",
        f"All {others[other]} are {fresh}.",
        f"Some of the {fresh} are {others[other]}.",
        f"None of the {fresh} are {others[other]}.",
    )[form]
    return f"{form}{other}", premise


Case = tuple[bool, ...]
"""Which of the conditions a person meets."""

Clauses = tuple[tuple[int, ...], ...]
"""Conditions; one of each tuple has to hold. -3 is condition 3 not met."""

RULES: tuple[tuple[str, Clauses], ...] = (
    ("{0} and {1}, unless that person {3}.", ((0,), (1,), (-3,))),
    ("{0} and who also {1} or {2}.", ((0,), (1, 2))),
    ("{0} or {1}, unless that person {3}.", ((0, 1), (-3,))),
    ("{0} and who also {1} or {2}, unless that person {3}.", ((0,), (1, 2), (-3,))),
    (
        "{0} and {1}. The same holds for anyone who {2}, unless that person {3}.",
        ((0, 2), (0, -3), (1, 2), (1, -3)),
    ),
)
"""Rules on conditions 0 to 3, in words and as clauses."""


def _regulation(rng: random.Random) -> Draft:
    """Who meets a rule on several conditions, among four people who differ in them."""
    ((grant, question), conditions), shape = rng.choice(REGULATIONS), rng.randrange(len(RULES))
    text, clauses = RULES[shape]
    said = [*rng.sample(conditions[:3], 3), conditions[3]]
    cases = [tuple(bool(case >> i & 1) for i in range(4)) for case in range(16)]
    good = [case for case in cases if not _failing(case, clauses)]
    gold = rng.choice(good)
    wrong = rng.sample([case for case in cases if _failing(case, clauses)], 3)
    names = rng.sample(NAMES, 4)
    people = dict(zip(names, [gold, *wrong], strict=True))
    told, order = rng.sample(names, 4), rng.sample(range(4), 4)
    facts = [f"{name} {listed([said[i][not people[name][i]] for i in order])}." for name in told]
    rule = text.format(*(yes for yes, _ in said))
    return draft_of(
        f"regulation/{shape}/{_bits(gold)}/{'-'.join(sorted(map(_bits, wrong)))}",
        f"{grant} {rule} Nobody else qualifies. {' '.join(facts)}",
        question,
        names,
        steps=" ".join(_verdict(name, people[name], said, clauses) for name in told),
    )


def _verdict(name: str, case: Case, said: Sequence[Row], clauses: Clauses) -> str:
    """Why a person qualifies or does not, in a sentence."""
    if clause := _failing(case, clauses):
        reasons = " and ".join(said[abs(i)][i >= 0] for i in clause)
        return f"{name} {reasons}, so {name} does not qualify."
    met = sorted({next(i for i in clause if case[abs(i)] == (i >= 0)) for clause in clauses}, key=abs)
    return f"{name} {listed([said[abs(i)][i < 0] for i in met])}."


def _failing(case: Case, clauses: Clauses) -> tuple[int, ...] | None:
    """The first clause that the case does not meet."""
    return next((c for c in clauses if not any(case[abs(i)] == (i >= 0) for i in c)), None)


def _bits(case: Case) -> str:
    return "".join(str(int(bit)) for bit in case)


def _lamps(rng: random.Random) -> Draft:
    """Which lamp is on: each lamp is tied to an earlier one, alike or opposite, and one is seen."""
    n, asked = rng.randint(5, 7), rng.random() < 0.5
    lamps = [f"the {colour} lamp" for colour in rng.sample(COLOURS, n)]
    parents, opposite, states = _tied(rng, n)
    while states[1:].count(asked) == 0 or states[1:].count(not asked) < 3:
        parents, opposite, states = _tied(rng, n)
    gold = rng.choice([i for i in range(1, n) if states[i] == asked])
    wrong = rng.sample([i for i in range(1, n) if states[i] != asked], 3)
    rules = []
    for i in range(1, n):
        a, b = rng.sample((lamps[i], lamps[parents[i]]), 2)
        same = f"{capital(a)} is on if and only if {b} is on"
        rules.append(f"Exactly one of {a} and {b} is on" if opposite[i] else same)
    fact = f"{capital(lamps[0])} is {_on(states[0])}."
    path = [gold]
    while parents[path[-1]]:
        path.append(parents[path[-1]])
    steps = [f"{rules[i - 1]}, so {lamps[i]} is {_on(states[i])}." for i in path[:0:-1]]
    return draft_of(
        f"lamps/{states[0]}/{asked}/{_tree(0, parents, opposite, gold)}",
        " ".join([*(f"{rule}." for rule in rng.sample(rules, n - 1)), fact]),
        f"Which of these lamps is {_on(asked)}?",
        [lamps[i] for i in (gold, *wrong)],
        steps=" ".join([fact, *steps, f"{rules[gold - 1]}."]),
    )


def _tied(rng: random.Random, n: int) -> tuple[list[int], list[bool], list[bool]]:
    """For each of n lamps: the one it is tied to, whether opposite, and whether it is on."""
    parents, opposite, states = [0], [False], [rng.random() < 0.5]
    for i in range(1, n):
        parents.append(rng.randrange(max(0, i - 2), i))
        opposite.append(rng.random() < 0.5)
        states.append(states[parents[i]] != opposite[i])
    return parents, opposite, states


def _on(state: bool) -> str:
    return "on" if state else "off"


def _tree(node: int, parents: Sequence[int], opposite: Sequence[bool], gold: int) -> str:
    """The ties below a lamp as text, the same however the lamps are numbered."""
    below = [i for i in range(node + 1, len(parents)) if parents[i] == node]
    parts = sorted(f"{'-' if opposite[i] else '+'}{_tree(i, parents, opposite, gold)}" for i in below)
    return f"{'*' if node == gold else ''}({''.join(parts)})"


FAMILIES = (*families(_kinds, _guests, _places, _how_many, _regulation, _lamps), *PUZZLES)
