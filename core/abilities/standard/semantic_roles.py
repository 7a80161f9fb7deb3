"""Who did what to whom: families of the semantic relations whose options are the names of people.

Names are drawn anew for every item, so an option by itself is as often right as wrong.
"""

from __future__ import annotations

import random

from core.abilities.item import Draft, Family
from core.abilities.standard.names import NAMES
from core.abilities.standard.role_words import (
    ACTIONS,
    CONTROL,
    CONVERSES,
    IMPLICATIVES,
    NOT_CHOSEN,
    PATTERNS,
    REPORTS,
    THINGS,
    TRANSFERS,
    VERBS,
    WANTED,
)
from core.abilities.standard.tables import capital, draft_of

PLACES = ("first", "second", "third", "last")
"""The order of four owners."""


def past(verb: str) -> str:
    """The past tense of one of the VERBS, which is its past participle too."""
    return {"hug": "hugged"}.get(verb) or verb + ("d" if verb.endswith("e") else "ed")


def _events(rng: random.Random) -> Draft:
    """The doer or the target of an event in a sentence with passives and relative clauses."""
    number = rng.randrange(len(PATTERNS))
    pattern, roles = PATTERNS[number]
    verbs = [past(verb) for verb in rng.sample(VERBS, 3)]
    people = rng.sample(NAMES, 4)
    named = dict(zip("ABCD", people, strict=True))
    event = rng.randrange(len(roles))
    role = rng.randrange(2)
    question = f"Who was {verbs[event]}?" if role else f"Who {verbs[event]} someone?"
    key = f"events:{number}:{event}:{role}:{verbs[event]}"
    gold = "ABCD".index(roles[event][role])
    return draft_of(key, pattern.format(*verbs, **named), question, people, gold)


def _transfers(rng: random.Random) -> Draft:
    """The first, second, third or last holder of a thing that changed hands three times."""
    people = rng.sample(NAMES, 4)
    verbs = rng.sample(range(len(TRANSFERS)), 3)
    thing = rng.choice(THINGS)
    told = [TRANSFERS[v].format(a=people[i], b=people[i + 1], x=thing) for i, v in enumerate(verbs)]
    order = rng.sample(range(3), 3)
    gold = rng.randrange(4)
    context = (
        f"Over the years a {thing} changed hands three times. The facts are these, not always in the order "
        f"of time. {' '.join(told[i] for i in order)}"
    )
    question = f"Who was the {PLACES[gold]} of the four to have the {thing}?"
    key = f"transfers:{verbs}:{order}:{gold}"
    return draft_of(key, context, question, people, gold)


def _control(rng: random.Random) -> Draft:
    """Who was meant to act, or to be acted on, in a clause with an infinitive."""
    number, report = rng.randrange(len(CONTROL)), rng.randrange(len(REPORTS))
    pattern, doer = CONTROL[number]
    passive = rng.random() < 0.5
    verb = rng.choice(WANTED if passive else [verb for verb in VERBS if verb not in NOT_CHOSEN])
    people = rng.sample(NAMES, 4)
    a, b, c, d = people
    infinitive = f"be {past(verb)} by {c}" if passive else f"{verb} {c}"
    clause = pattern.format(a=a, b=b, do=infinitive)
    asks_target = rng.random() < 0.5
    gold = "ab".index(doer) if passive == asks_target else 2
    question = f"Who was to be {past(verb)}?" if asks_target else f"Who was to {verb} someone?"
    key = f"control:{number}:{verb}:{passive}:{asks_target}"
    return draft_of(key, capital(REPORTS[report].format(d=d, clause=clause)), question, people, gold)


def _converses(rng: random.Random) -> Draft:
    """Who has a role in one of two facts, each told from one of its two sides."""
    numbers = rng.sample(range(len(CONVERSES)), 2)
    people = rng.sample(NAMES, 4)
    sides = [rng.randrange(2) for _ in numbers]
    facts = [
        CONVERSES[number][side].format(a=people[2 * i], b=people[2 * i + 1])
        for i, (number, side) in enumerate(zip(numbers, sides, strict=True))
    ]
    gold = rng.randrange(4)
    role = CONVERSES[numbers[gold // 2]][2 + gold % 2]
    joint = rng.choice((", and ", ", while ", "; "))
    context = f"{capital(joint.join(facts))}."
    asked = gold // 2
    key = f"converses:{role}:{sides[asked]}:{numbers[1 - asked]}:{sides[1 - asked]}"
    return draft_of(key, context, f"Who is the {role}?", people, gold)


def _implicatives(rng: random.Random) -> Draft:
    """The one of four people who did, or who did not do, what the others did not, or did."""
    done = rng.random() < 0.5
    ones = rng.sample([i for i, (_, fact) in enumerate(IMPLICATIVES) if fact == done], 1)
    others = rng.sample([i for i, (_, fact) in enumerate(IMPLICATIVES) if fact != done], 3)
    people = rng.sample(NAMES, 4)
    act, acted = rng.choice(ACTIONS)
    told = [IMPLICATIVES[i][0].format(p=p, do=act) for i, p in zip(ones + others, people, strict=True)]
    context = " ".join(f"{text}." for text in rng.sample(told, 4))
    question = f"Who {acted}?" if done else f"Three of the four {acted}. Who did not?"
    key = f"implicatives:{ones}:{sorted(others)}:{act}"
    return draft_of(key, context, question, people, 0)


ROLE_FAMILIES: tuple[Family, ...] = (
    Family("events", _events),
    Family("transfers", _transfers),
    Family("control", _control),
    Family("converses", _converses),
    Family("implicatives", _implicatives),
)
"""The families whose options are people."""
