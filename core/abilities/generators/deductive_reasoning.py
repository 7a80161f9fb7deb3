"""Deductive reasoning: what follows from stated rules and facts, whatever the world is like.

Every item has exactly one option that is true in all the cases that the context allows. A key of a standard
item holds the form of rules and facts, without names.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from itertools import combinations, pairwise, permutations

from core.abilities.drafting import (
    BASIC_NAMES,
    NAMES,
    capital,
    draft_from,
    draft_of,
    families,
    family,
    listed,
    pick,
    set_key,
)
from core.abilities.item import Draft, Family
from core.abilities.tables import Row, Table, read_tables
from core.models.spec import Level

# Basic deduction: from a rule, back from an only-rule, against a rule, the other of two.

BASIC_TABLES = read_tables("basic/deductive_reasoning")
BASIC_KINDS, DEEDS, BASIC_PLACES = (
    BASIC_TABLES["kinds"].texts,
    BASIC_TABLES["deeds"].texts,
    BASIC_TABLES["places"].texts,
)


def _rules(kinds: list[str], deeds: list[str]) -> str:
    return " . ".join(f"every {k} {d}" for k, d in zip(kinds, deeds, strict=True))


def _from_rule(rng: random.Random) -> Draft:
    kinds, deeds = pick(rng, BASIC_KINDS, 4), pick(rng, DEEDS, 4)
    asked, name = rng.randrange(4), rng.choice(BASIC_NAMES)
    kind, deed = kinds[asked], deeds[asked]
    context = f"{_rules(kinds, deeds)} . {name} is a {kind} ."
    steps = f"{name} is a {kind} and every {kind} {deed}"
    question = rng.choice((f"therefore this {kind}", f"therefore {name}"))
    return draft_from(rng, set_key(deeds), context, question, deed, deeds, steps)


def _only_rule(rng: random.Random) -> Draft:
    kinds, deeds = pick(rng, BASIC_KINDS, 4), pick(rng, DEEDS, 4)
    asked, name = rng.randrange(4), rng.choice(BASIC_NAMES)
    kind, deed = kinds[asked], deeds[asked]
    rules = " . ".join(f"{d} only a {k}" for k, d in zip(kinds, deeds, strict=True))
    steps = f"{name} {deed} and {deed} only a {kind}"
    context = f"{rules} . what is {name} ?"
    return draft_from(rng, set_key(kinds), context, f"{name} {deed}", kind, kinds, steps)


def _against_rule(rng: random.Random) -> Draft:
    kinds, deeds = pick(rng, BASIC_KINDS, 4), pick(rng, DEEDS, 4)
    asked, name = rng.randrange(4), rng.choice(BASIC_NAMES)
    kind, deed = kinds[asked], deeds[asked]
    rules = " . ".join(f"{d} every {k}" for k, d in zip(kinds, deeds, strict=True))
    steps = f"never {deed} and {deed} every {kind}"
    question = f"{name} never {deed}"
    context = f"{rules} . which kind is {name} not ?"
    return draft_from(rng, set_key(kinds), context, question, kind, kinds, steps)


def _basic_either_or(rng: random.Random) -> Draft:
    places, names = pick(rng, BASIC_PLACES, 4), pick(rng, BASIC_NAMES, 2)
    asked, ruled_out = rng.randrange(2), rng.randrange(2)
    pair = places[2 * asked : 2 * asked + 2]
    context = " . ".join(f"{n} in {places[2 * i]} or {places[2 * i + 1]}" for i, n in enumerate(names))
    answer = pair[1 - ruled_out]
    steps = f"{pair[0]} or {pair[1]} and not {pair[ruled_out]}"
    question = f"{names[asked]} not in {pair[ruled_out]} but"
    return draft_from(rng, set_key(places), f"{context} .", question, answer, places, steps)


# Plain deduction: what a rule says of a case, what holds for one of a kind, the other one of two.
#
# Every option names the case and one of the four conclusions that the context knows.

PLAIN_TABLES = read_tables("plain/deductive_reasoning")
WEATHER, DESTINATIONS = PLAIN_TABLES["weather"].texts, PLAIN_TABLES["destinations"].texts
ANIMALS, COLORS = PLAIN_TABLES["animals"].texts, PLAIN_TABLES["colors"].texts
THINGS, ROOMS = PLAIN_TABLES["things"].texts, PLAIN_TABLES["rooms"].texts


def _apply(rng: random.Random, wordings: Table, cases: Sequence[str], results: Sequence[str]) -> Draft:
    """The conclusion of the one of four rules that the fact fits."""
    rule, fact, question, conclusion = rng.choice(wordings.rows)
    ifs, thens, asked = pick(rng, cases, 4), pick(rng, results, 4), rng.randrange(4)
    words = {"name": rng.choice(BASIC_NAMES), "if": ifs[asked]}
    rules = [rule.format(**{"if": i, "then": then}) for i, then in zip(ifs, thens, strict=True)]
    options = [capital(conclusion.format(**words, then=then)) for then in thens]
    context = " ".join((*rules, fact.format(**words)))
    steps = f"{fact.format(**words)} {rules[asked]}"
    return draft_of(set_key(thens), context, question.format(**words), options, asked, steps)


def _plain_either_or(rng: random.Random) -> Draft:
    things, rooms = pick(rng, THINGS, 2), pick(rng, ROOMS, 4)
    asked, ruled_out = rng.randrange(2), rng.randrange(2)
    thing, out, left = things[asked], rooms[2 * asked + ruled_out], rooms[2 * asked + 1 - ruled_out]
    told = [f"The {t} is in the {rooms[2 * i]} or in the {rooms[2 * i + 1]}." for i, t in enumerate(things)]
    told.insert(asked, f"The {thing} is not in the {out}.")
    options = [f"The {thing} is in the {room}" for room in rooms]
    steps = f"{told[asked + 1]} It is not in the {out}."
    question = f"Where is the {thing}?"
    return draft_of(set_key(rooms), " ".join(told), question, options, rooms.index(left), steps)


# The puzzles of deductive reasoning: only one case fits everything that is said.

TABLES = read_tables("standard/deductive_reasoning")
COLOURS, DRINKS, WEEKDAYS = TABLES["colours"].texts, TABLES["drinks"].texts, TABLES["weekdays"].texts


Clue = tuple[str, tuple[int, ...]]
"""A kind of clue and what it is about, as numbers of people, boxes, days or drinks."""


def _form(clues: Iterable[Clue], n: int, fixed: Sequence[int]) -> str:
    """The clues as text that stays the same when the numbers below n that are not fixed are renamed."""
    known, free = list(clues), [i for i in range(n) if i not in fixed]

    def renamed(order: Sequence[int]) -> list[Clue]:
        to = {old: new for new, old in enumerate([*fixed, *order])}
        return sorted((kind, (to[who], *sorted(to[i] for i in rest))) for kind, (who, *rest) in known)

    best = min(renamed(order) for order in permutations(free))
    return "-".join(f"{kind}{','.join(map(str, about))}" for kind, about in best)


def _needed(rng: random.Random, pool: Sequence[Clue], enough: Callable[[Sequence[Clue]], bool]) -> list[Clue]:
    """A random part of the clues that is enough, but not if any of it is left out."""
    chosen: list[Clue] = []
    for clue in rng.sample(pool, len(pool)):
        chosen.append(clue)
        if enough(chosen):
            break
    for clue in list(chosen):
        rest = [other for other in chosen if other is not clue]
        if enough(rest):
            chosen = rest
    return chosen


def _accuses(clue: Clue, suspect: int) -> bool:
    """Whether what is said is true if the suspect is the one."""
    kind, about = clue
    return (suspect in about[1:]) != (kind in ("not", "neither"))


def _liar(rng: random.Random) -> Draft:
    said = [_statement(rng, speaker) for speaker in range(4)]
    while any(all(_fits(clue, liar) for clue in said) for liar in (1, 2, 3)):
        said = [_statement(rng, speaker) for speaker in range(4)]
    names = rng.sample(NAMES, 4)
    order = rng.sample(range(4), 4)
    steps = []
    for suspect in (i for i in order if i):
        speaker = next(clue for clue in said if not _fits(clue, suspect))[1][0]
        false = f"what {names[speaker]} says would be false as well"
        why = f"what {names[suspect]} says would be true" if speaker == suspect else false
        steps.append(f"If {names[suspect]} were the liar, {why}.")
    told = " ".join(f'{names[i]} says: "{capital(_accusation(said[i], names))}."' for i in order)
    return draft_of(
        f"liar/{_form(said, 4, (0,))}",
        f"Exactly one of four people is a liar and says what is false; the others tell the truth. {told}",
        "Who is the liar?",
        names,
        steps=" ".join([*steps, "For the fourth person everything fits."]),
    )


def _statement(rng: random.Random, speaker: int) -> Clue:
    """What a speaker says of one or two others if person 0 is the liar."""
    others = [i for i in range(4) if i != speaker]
    while True:
        kind = rng.choice(("is", "not", "or", "neither"))
        clue = kind, (speaker, *rng.sample(others, 2 if kind in ("or", "neither") else 1))
        if _fits(clue, 0):
            return clue


def _fits(clue: Clue, liar: int) -> bool:
    """Whether what the speaker says is false if it is the liar, and true if another is."""
    return _accuses(clue, liar) == (clue[1][0] != liar)


def _accusation(clue: Clue, names: Sequence[str]) -> str:
    kind, about = clue
    first, last = names[about[1]], names[about[-1]]
    return {
        "is": f"{first} is the liar",
        "not": f"{first} is not the liar",
        "or": f"the liar is {first} or {last}",
        "neither": f"neither {first} nor {last} is the liar",
    }[kind]


def _signs(rng: random.Random) -> Draft:
    while True:
        signs: list[Clue] = []
        for box in range(4):
            kind = rng.choice(("is", "not", "or"))
            signs.append((kind, (box, *sorted(rng.sample(range(4), 2 if kind == "or" else 1)))))
        true = [[box for box in range(4) if _accuses(signs[box], prize)] for prize in range(4)]
        n_true = len(true[0])
        if n_true in (1, 2, 3) and all(len(one) != n_true for one in true[1:]):
            break
    boxes = [f"the {colour} box" for colour in rng.sample(COLOURS, 4)]
    order = rng.sample(range(4), 4)
    steps = []
    for prize in order:
        n = len(true[prize])
        which = f" (on {listed([boxes[i] for i in order if i in true[prize]])})" if n in (1, 2, 3) else ""
        steps.append(f"If the prize is in {boxes[prize]}, {HOW_MANY_TRUE[n]}{which}.")
    told = " ".join(f'The sign on {boxes[i]} says: "{_sign(signs[i], boxes)}."' for i in order)
    exactly = ("one of the four signs is", "two of the four signs are", "three of the four signs are")
    return draft_of(
        f"signs/{n_true}/{_form(signs, 4, (0,))}",
        f"One of four boxes holds a prize. Exactly {exactly[n_true - 1]} true. {told}",
        "Which box holds the prize?",
        boxes,
        steps=" ".join(steps),
    )


HOW_MANY_TRUE = (
    "none of the signs is true",
    "one sign is true",
    "two signs are true",
    "three signs are true",
    "all four signs are true",
)


def _sign(clue: Clue, boxes: Sequence[str]) -> str:
    kind, (box, *about) = clue
    where = " or in ".join("this box" if i == box else boxes[i] for i in about)
    return f"The prize is {'not ' if kind == 'not' else ''}in {where}"


def _ranking(rng: random.Random) -> Draft:
    measure, names, asked = rng.choice(TABLES["measures"].rows), rng.sample(NAMES, 5), rng.randrange(5)
    pool: list[Clue] = [("more", pair) for pair in combinations(range(5), 2)]  # names[i] has rank i
    pool.append(("count", (rng.choice([i for i in range(5) if i != asked]),)))
    pool.append(("inner", (rng.choice([i for i in range(1, 4) if i != asked]),)))
    chosen = _needed(rng, pool, _fixes_order)
    chosen += rng.sample([clue for clue in pool if clue not in chosen], 1)
    clues = [_comparison(clue, names, measure, rng.random() < 0.5) for clue in chosen]
    plain, _, _, most, least = measure
    rank = (most, f"second {most}", f"third {most}", f"second {least}", least)[asked]
    told = " ".join(rng.sample(clues, len(clues)))
    return draft_of(
        f"ranking/{asked}/{_form(chosen, 5, range(5))}",
        f"No two of {listed(sorted(names))} are equally {plain}. {told}",
        f"Who is the {rank} of the five?",
        [names[asked], *rng.sample([name for name in names if name != names[asked]], 3)],
        steps=" ".join([*clues, f"Only one order fits, from the {most} to the {least}: {', '.join(names)}."]),
    )


OTHER_ORDERS = tuple(permutations(range(5)))[1:]
"""All ranks of five people but 0 to 4 in order."""


def _fixes_order(clues: Sequence[Clue]) -> bool:
    """Whether only the order 0 to 4 fits the clues."""
    return not any(_is_ranked(ranks, clues) for ranks in OTHER_ORDERS)


def _is_ranked(ranks: Sequence[int], clues: Sequence[Clue]) -> bool:
    """Whether the clues hold when person i has rank ranks[i]."""
    for kind, about in clues:
        rank = ranks[about[0]]
        if kind == "more" and rank > ranks[about[1]]:
            return False
        if kind == "count" and rank != about[0]:
            return False
        if kind == "inner" and rank in (0, 4):
            return False
    return True


def _comparison(clue: Clue, names: Sequence[str], measure: Row, turned: bool) -> str:
    kind, about = clue
    _, more, less, most, least = measure
    name = names[about[0]]
    if kind == "more":
        other = names[about[1]]
        return f"{other} is {less} than {name}." if turned else f"{name} is {more} than {other}."
    if kind == "inner":
        return f"{name} is neither the {most} nor the {least}."
    n, word = (4 - about[0], less) if turned else (about[0], more)
    return f"{capital(HOW_MANY_ARE[n])} {word} than {name}."


HOW_MANY_ARE = (
    "nobody is",
    "exactly one person is",
    "exactly two people are",
    "exactly three people are",
    "everyone else is",
)
"""How many of the four others are, from none to all."""


def _drinks(rng: random.Random) -> Draft:
    names, drinks = rng.sample(NAMES, 4), rng.sample(DRINKS, 4)  # names[i] drinks drinks[i]
    pairs = list(permutations(range(4), 2))
    pool: list[Clue] = [("not", pair) for pair in pairs]
    pool += [("drinks", (i, *sorted((i, j)))) for i, j in pairs]
    pool += [("people", (i, *sorted((i, j)))) for i, j in pairs]
    clues = _needed(rng, pool, lambda some: len(_ruled_out(some)) == 4)
    found = _ruled_out(clues)
    last = rng.choice((2, 3))
    asked = found[last][0]
    steps = [_ruling(names, drinks, who, by_person, so=True) for who, by_person in found[:last]]
    told = " ".join(_order(clue, names, drinks) for clue in rng.sample(clues, len(clues)))
    return draft_of(
        f"drinks/{_form(clues, 4, (asked,))}",
        f"Four people, {listed(sorted(names))}, have ordered four different drinks: "
        f"{listed(sorted(drinks))}. {told}",
        f"What does {names[asked]} drink?",
        drinks,
        asked,
        " ".join([*steps, _ruling(names, drinks, *found[last], so=False)]),
    )


def _ruled_out(clues: Sequence[Clue]) -> list[tuple[int, bool]]:
    """Who is settled one after the other, and whether by having one drink left (or by being left for it)."""
    rows = [0b1111] * 4  # the drinks that each person may still have, one bit each
    for kind, (first, *rest) in clues:
        if kind == "not":
            rows[first] &= ~(1 << rest[0])
        elif kind == "drinks":
            rows[first] &= sum(1 << drink for drink in rest)
        else:
            rows = [row if i in rest else row & ~(1 << first) for i, row in enumerate(rows)]
    found: list[tuple[int, bool]] = []
    waiting = list(range(4))
    while True:
        for i in waiting:
            bit = 1 << i
            if rows[i] == bit or not any(rows[j] & bit for j in range(4) if j != i):
                found.append((i, rows[i] == bit))
                rows = [bit if j == i else row & ~bit for j, row in enumerate(rows)]
                waiting.remove(i)
                break
        else:
            return found


def _ruling(names: Sequence[str], drinks: Sequence[str], who: int, by_person: bool, *, so: bool) -> str:
    others = [i for i in range(4) if i != who]
    if by_person:
        why = f"{names[who]} does not drink {listed([drinks[i] for i in others], 'or')}"
    else:
        why = f"{listed([names[i] for i in others])} do not drink {drinks[who]}"
    return f"{why}, so {names[who]} drinks {drinks[who]}." if so else f"{why}."


def _order(clue: Clue, names: Sequence[str], drinks: Sequence[str]) -> str:
    kind, (first, *rest) = clue
    if kind == "not":
        return f"{names[first]} does not drink {drinks[rest[0]]}."
    if kind == "drinks":
        return f"{names[first]} drinks {drinks[rest[0]]} or {drinks[rest[1]]}."
    return f"Either {names[rest[0]]} or {names[rest[1]]} drinks {drinks[first]}."


def _roster(rng: random.Random) -> Draft:
    names = rng.sample(NAMES, 4)  # names[i] has day i in the right roster
    wrong = rng.sample(list(permutations(range(4)))[1:], 3)
    pairs = list(combinations(range(4), 2))
    pool: list[Clue] = [("before", pair) for pair in pairs]
    pool += [("next" if second == first + 1 else "apart", (first, second)) for first, second in pairs]
    pool += [("off", pair) for pair in permutations(range(4), 2)]
    clues = _needed(rng, pool, lambda some: not any(_keeps(roster, some) for roster in wrong))
    clues += rng.sample([clue for clue in pool if clue[1] not in {about for _, about in clues}], 2)
    rosters = [", ".join(names[i] for i in roster) for roster in wrong]
    steps = []
    for roster, text in zip(wrong, rosters, strict=True):
        broken = next(clue for clue in clues if not _keeps(roster, [clue]))
        steps.append(f"{text}: this breaks the rule that {_rule(broken, names)}.")
    told = " ".join(f"{capital(_rule(clue, names))}." for clue in rng.sample(clues, len(clues)))
    return draft_of(
        f"roster/{_form(clues, 4, range(4))}/{sorted(wrong)}",
        f"Four people share the duty from Monday to Thursday, one on each day. {told}",
        "Which roster, from Monday to Thursday, keeps all the rules?",
        [", ".join(names), *rosters],
        steps=" ".join(rng.sample(steps, 3)),
    )


def _keeps(roster: Sequence[int], clues: Sequence[Clue]) -> bool:
    """Whether a roster, the people in the order of their days, keeps the rules."""
    for kind, (first, second) in clues:
        day, other = roster.index(first), roster.index(second)
        kept = {
            "before": day < other,
            "next": day + 1 == other,
            "apart": abs(day - other) > 1,
            "off": day != second,
        }
        if not kept[kind]:
            return False
    return True


def _rule(clue: Clue, names: Sequence[str]) -> str:
    kind, (first, second) = clue
    return {
        "before": f"{names[first]} is on duty before {names[second]}",
        "next": f"{names[second]} is on duty on the day after {names[first]}",
        "apart": f"{names[first]} and {names[second]} are not on duty on days that follow each other",
        "off": f"{names[first]} is not on duty on {WEEKDAYS[second]}",
    }[kind]


KINDS, CREATURES, TRAITS = TABLES["kinds"].texts, TABLES["creatures"].texts, TABLES["traits"].texts
PLACES, GROUPS = TABLES["places"].texts, TABLES["groups"].texts
REGULATIONS = TABLES["regulations"].blocks
"""Grants and four conditions on each: three in favour and the last one against."""


def _kinds(rng: random.Random) -> Draft:
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


FAMILIES: dict[Level, tuple[Family, ...]] = {
    "basic": families(_from_rule, _only_rule, _against_rule, _basic_either_or),
    "plain": (
        family("condition", _apply, PLAIN_TABLES["conditions"], WEATHER, DESTINATIONS),
        family("class", _apply, PLAIN_TABLES["classes"], ANIMALS, ROOMS),
        family("goods", _apply, PLAIN_TABLES["goods"], THINGS, COLORS),
        *families(_plain_either_or),
    ),
    "standard": (
        *families(_kinds, _guests, _places, _how_many, _regulation, _lamps),
        *families(_liar, _signs, _ranking, _drinks, _roster),
    ),
}
