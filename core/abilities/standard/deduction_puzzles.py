"""The puzzles of deductive reasoning: only one case fits everything that is said."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from itertools import combinations, permutations

from core.abilities.drafting import NAMES, capital, draft_of, families, listed
from core.abilities.item import Draft
from core.abilities.tables import Row, read_tables

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
    """Who of four people is the one liar, from what each says about the others."""
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
    """Which of four boxes holds the prize, when it is known how many of the signs on them are true."""
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
    """Who of five people has a rank, from comparisons and counts that fix the whole order."""
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
    """What someone drinks, four people drinking four things, by ruling out."""
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
    """Which of four rosters keeps all the rules."""
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


PUZZLES = families(_liar, _signs, _ranking, _drinks, _roster)
"""The puzzle families."""
