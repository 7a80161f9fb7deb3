"""Contextual recall: a fact stated in the context, found among facts that look alike, or by chaining facts.

Nothing but the context decides: the options are values of the same kind that the context gives to others.
A key holds where the facts are and how they hang together, never names or values.
"""

from __future__ import annotations

import random
from collections.abc import Iterable

from core.abilities.drafting import (
    BASIC_NAMES,
    NAMES,
    capital,
    draft_from,
    draft_of,
    families,
    family,
    pick,
    sentence,
    set_key,
)
from core.abilities.item import Draft, Family
from core.abilities.tables import Table, entries, read_tables
from core.models.spec import Level

# Basic recall: a value by its name, a name by its value, a neighbour in a list, the ends of a list.

BASIC_TABLES = read_tables("basic/contextual_recall")
COLORS, BASIC_THINGS = BASIC_TABLES["colors"].texts, BASIC_TABLES["things"].texts


def _value_of_name(rng: random.Random) -> Draft:
    names, colors = pick(rng, BASIC_NAMES, 4), pick(rng, COLORS, 4)
    asked = rng.randrange(4)
    told = " , ".join(f"{name} {color}" for name, color in zip(names, colors, strict=True))
    question = f"recall the key color of {names[asked]}"
    return draft_from(rng, set_key(colors), f"the key colors are : {told} .", question, colors[asked], colors)


def _name_of_value(rng: random.Random) -> Draft:
    names, colors = pick(rng, BASIC_NAMES, 4), pick(rng, COLORS, 4)
    asked = rng.randrange(4)
    told = " , ".join(f"{color} {name}" for name, color in zip(names, colors, strict=True))
    question = f"recall the owner of {colors[asked]}"
    return draft_from(rng, set_key(colors), f"the key owners are : {told} .", question, names[asked], names)


def _next_in_list(rng: random.Random) -> Draft:
    things = pick(rng, BASIC_THINGS, 5)
    asked = rng.randrange(4)
    others = [thing for thing in things if thing != things[asked]]
    context, question = f"the list reads : {' '.join(things)} .", f"recall what follows {things[asked]}"
    return draft_from(rng, set_key(things), context, question, things[asked + 1], others)


def _end_of_list(rng: random.Random) -> Draft:
    things, first = pick(rng, BASIC_THINGS, 5), rng.random() < 0.5
    answer = things[0] if first else things[-1]
    context, question = (
        f"the list reads : {' '.join(things)} .",
        f"recall the {'first' if first else 'last'} of them",
    )
    return draft_from(rng, set_key(things), context, question, answer, things)


# Plain recall: where a thing is, which thing is there, what a thing is like, which thing is like that.
#
# Each option joins the question's words with one of the four things or values that the context names.

PLAIN_TABLES = read_tables("plain/contextual_recall")
PLACES, PLAIN_TRAITS, PLAIN_THINGS = (
    PLAIN_TABLES["places"],
    PLAIN_TABLES["traits"],
    PLAIN_TABLES["things"].texts,
)


def _recall(rng: random.Random, table: Table, *, asks_thing: bool) -> Draft:
    """One end of one of four facts, by the other end; the key is the set of values, whatever has them."""
    told, asks_value, asks_name, pool = rng.choice(table.rows)
    things, values, asked = pick(rng, PLAIN_THINGS, 4), pick(rng, entries(pool), 4), rng.randrange(4)
    facts = [told.format(thing=t, value=v) for t, v in zip(things, values, strict=True)]
    question = (asks_name if asks_thing else asks_value).format(thing=things[asked], value=values[asked])
    ends = [(t, values[asked]) for t in things] if asks_thing else [(things[asked], v) for v in values]
    options = [capital(told.format(thing=t, value=v)) for t, v in ends]
    context = " ".join(map(sentence, facts))
    return draft_of(set_key(values), context, f"{capital(question)}?", options, asked)


TABLES = read_tables("standard/contextual_recall")
TRAITS = {kind: (fact, question, entries(values)) for kind, fact, question, values in TABLES["traits"].rows}
CUSTOMS = {kind: (fact, question, entries(values)) for kind, fact, question, values in TABLES["customs"].rows}
JOBS, RELATIONS, COLOURS = TABLES["jobs"].texts, TABLES["relations"].texts, TABLES["colours"].texts
THINGS, HOLDERS, ROOMS = TABLES["things"].texts, TABLES["holders"].texts, TABLES["rooms"].texts
EVENTS, DISHES, GOODS = TABLES["events"].texts, TABLES["dishes"].texts, TABLES["goods"].texts
PROJECTS, PEOPLES = TABLES["projects"].texts, TABLES["peoples"].texts
PLAN_VALUES = {"day": TABLES["days"].texts, "room": ROOMS, "leader": NAMES}
"""The values that each kind of plan has."""


def _order(rng: random.Random, n: int) -> list[int]:
    """The numbers below n in random order."""
    return rng.sample(range(n), n)


def _code(parts: Iterable[object]) -> str:
    return "-".join(map(str, parts))


def _roles(numbers: Iterable[int]) -> list[int]:
    """The numbers with 0 kept and the others named 1, 2 … as they come: the same for other names."""
    roles = {0: 0}
    return [roles.setdefault(number, len(roles)) for number in numbers]


def _two_clues(rng: random.Random) -> Draft:
    kinds = rng.sample([kind for kind in TRAITS if kind != "city"], 3)
    jobs, cities = rng.sample(JOBS, 2), rng.sample(TRAITS["city"][2], 3)
    # Person 0 is asked about; 1 to 3 share job or city with 0.
    people = [(job, city) for city in cities for job in jobs]
    names = rng.sample(NAMES, 6)
    values = [rng.sample(TRAITS[kind][2], 6) for kind in kinds]
    order = _order(rng, 6)
    told = []
    for i in order:
        facts = [TRAITS[kind][0].format(value[i]) for kind, value in zip(kinds, values, strict=True)]
        told.append(
            f"{names[i]} is a {people[i][0]} in {people[i][1]}, {facts[0]}, {facts[1]} and {facts[2]}."
        )
    asked = rng.randrange(3)
    key = f"two_clues/{asked}/{_code(['0', '1', 'job', 'none', 'job', 'none'][i] for i in order)}"
    question = TRAITS[kinds[asked]][1].format(f"the {jobs[0]} in {cities[0]}")
    return draft_of(key, " ".join(told), question, values[asked][:4])


def _similar_codes(rng: random.Random) -> Draft:
    p, q = rng.sample("BCDFGHKLMNPRSTVXZ", 2)
    a, b, c = rng.sample("123456789", 3)
    codes = [f"{p}{q}-{a}{b}{c}", f"{p}{q}-{a}{c}{b}", f"{q}{p}-{a}{b}{c}", f"{p}{q}-{b}{a}{c}"]
    codes += [f"{q}{p}-{a}{c}{b}", f"{p}{q}-{c}{b}{a}"]
    cities, names = rng.sample(TRAITS["city"][2], 6), rng.sample(NAMES, 6)
    shelves = rng.sample([f"{letter}{number}" for letter in "ABCDEF" for number in range(1, 10)], 6)
    order, asked = _order(rng, 6), rng.randrange(4)
    question, values = (
        (f"From which city did parcel {codes[0]} come?", cities),
        (f"To whom is parcel {codes[0]} addressed?", names),
        (f"On which shelf does parcel {codes[0]} lie?", shelves),
        (f"Which parcel is addressed to {names[0]}?", codes),
    )[asked]
    context = " ".join(
        f"Parcel {codes[i]} came from {cities[i]}, is addressed to {names[i]} and lies on shelf {shelves[i]}."
        for i in order
    )
    return draft_of(f"similar_codes/{asked}/{_code(order)}", context, question, values[:4])


def _relations(rng: random.Random) -> Draft:
    first, second = rng.sample(RELATIONS, 2)
    kind = rng.choice(list(TRAITS))
    fact, question, pool = TRAITS[kind]
    names, values = rng.sample(NAMES, 12), rng.sample(pool, 4)
    sentences = []
    for i, value in enumerate(values):
        start, middle, end = names[3 * i : 3 * i + 3]
        sentences.append(f"{middle} is {start}'s {first}.")
        sentences.append(f"{end} is {middle}'s {second}.")
        sentences.append(f"{end} {fact.format(value)}.")
    order = _order(rng, 12)
    key = f"relations/{kind}/{_code([order.index(i) for i in range(3)])}"
    question = question.format(f"the {second} of {names[0]}'s {first}")
    return draft_of(key, " ".join(sentences[i] for i in order), question, values)


def _containers(rng: random.Random) -> Draft:
    things, tins = rng.sample(THINGS, 4), [f"{c} tin" for c in rng.sample(COLOURS, 4)]
    holders, rooms = rng.sample(HOLDERS, 4), rng.sample(ROOMS, 4)
    sentences = []
    for thing, tin, holder, room in zip(things, tins, holders, rooms, strict=True):
        sentences.append(f"The {thing} is in the {tin}.")
        sentences.append(f"The {tin} is in the {holder}.")
        sentences.append(f"The {holder} is in the {room}.")
    holder_of, room_of = list(range(4)), list(range(4))
    moves, kinds, code = [], [], []
    for _ in range(2):
        moved, target = rng.sample(range(4), 2)
        kinds.append(rng.random() < 0.5)
        if kinds[-1]:
            holder_of[moved] = target
            moves.append(f"the {tins[moved]} was put into the {holders[target]}")
        else:
            room_of[moved] = target
            moves.append(f"the {holders[moved]} was carried into the {rooms[target]}")
        code += [moved, target]
    asked = rng.choice([i for i in range(4) if room_of[holder_of[i]] != i] or [0])
    order = _order(rng, 12)
    indices = [order.index(3 * asked + i) for i in range(3)]
    key = f"containers/{_code(kinds)}/{_code(_roles((i - asked) % 4 for i in code))}/{_code(indices)}"
    context = " ".join(sentences[i] for i in order) + f" Then {moves[0]}. After that, {moves[1]}."
    question = f"In which room is the {things[asked]} now?"
    return draft_of(key, context, question, rooms, room_of[holder_of[asked]])


def _revisions(rng: random.Random) -> Draft:
    kind, first, change, question = rng.choice(TABLES["plans"].rows)
    events = rng.sample(EVENTS, 3)
    shared = rng.sample(PLAN_VALUES[kind], 5)  # the first is never a value of the event that is asked about
    values = [rng.sample(shared[1:], 3), rng.sample([shared[0], *rng.sample(shared[1:], 2)], 3)]
    values.append(rng.sample(shared, 3))
    turns = rng.sample([0, 0, 0, 1, 1, 1, 2, 2, 2], 9)
    notes, stage = [], [0, 0, 0]
    for number, turn in enumerate(turns, start=1):
        note = (change if stage[turn] else first).format(e=events[turn], v=values[turn][stage[turn]])
        notes.append(f"Note {number}: {note}")
        stage[turn] += 1
    asked = rng.randrange(3)
    when = ("at first", "after the first change", "in the end")[asked]
    key = f"revisions/{asked}/{_code(_roles(turns))}"
    question = question.format(e=events[0], when=when)
    return draft_of(key, " ".join(notes), question, [*values[0], shared[0]], asked)


def _orders(rng: random.Random) -> Draft:
    depth, others = rng.randint(1, 3), rng.randint(1, 2)
    names, dishes = rng.sample(NAMES, 4 + depth + others), rng.sample(DISHES, 4)
    follows = {4: 0} | {i: i - 1 for i in range(5, 4 + depth)}  # 0 to 3 name a dish, 4 wants what 0 wants …
    for i in range(4 + depth, len(names)):
        follows[i] = rng.randrange(1, 4)
    lines = [f"{name}: I will have {dish}." for name, dish in zip(names, dishes, strict=False)]
    for i, other in follows.items():
        wish = rng.choice(("For me the same as for {}.", "I will have what {} is having."))
        lines.append(f"{names[i]}: {wish.format(names[other])}")
    order = _order(rng, len(names))
    key = f"orders/{depth}/{_code([order.index(i) for i in range(4 + depth)])}"
    context = "At the restaurant:\n" + "\n".join(lines[i] for i in order)
    return draft_of(key, context, f"What does {names[3 + depth]} order?", dishes)


def _groups(rng: random.Random) -> Draft:
    colours, rooms, names = rng.sample(COLOURS, 4), rng.sample(ROOMS, 4), rng.sample(NAMES, 12)
    group_of = [i // 3 for i in range(12)]
    movers = rng.sample(range(12), 4)
    notes, code = [], []
    for mover in movers:
        target = rng.choice([i for i in range(4) if i != mover // 3])
        group_of[mover] = target
        notes.append(f"{names[mover]} goes with the {colours[target]} group today.")
        code.append(f"{mover}{target}")
    a, b = rng.sample(range(4), 2)
    room_of = list(range(4))
    room_of[a], room_of[b] = b, a
    asked = rng.choice([*movers, *rng.sample(range(12), 2)])
    told = [
        f"The {colour} group ({', '.join(names[3 * i : 3 * i + 3])}) meets in the {rooms[i]}."
        for i, colour in enumerate(colours)
    ]
    swap = f"The {colours[a]} group and the {colours[b]} group, however, have exchanged their rooms."
    key = f"groups/{asked}/{_code(sorted((a, b)))}/{'-'.join(sorted(code))}"
    context = " ".join([*told, swap, *notes])
    return draft_of(key, context, f"In which room is {names[asked]} today?", rooms, room_of[group_of[asked]])


def _two_tables(rng: random.Random) -> Draft:
    n, asked = rng.randint(6, 9), rng.randrange(2)
    names, projects = rng.sample(NAMES, n), rng.sample(PROJECTS, n)
    rooms = [str(number) for number in rng.sample(range(101, 400), n)]
    upper, lower = _order(rng, n), _order(rng, n)
    staff = "\n".join(f"{names[i]} | {projects[i]}" for i in upper)
    plan = "\n".join(f"{projects[i]} | {rooms[i]}" for i in lower)
    question, values = (
        (f"In which room does {names[0]}'s project meet?", rooms),
        (f"Who works on the project that meets in room {rooms[0]}?", names),
    )[asked]
    key = f"two_tables/{asked}/{n}/{upper.index(0)}/{lower.index(0)}"
    return draft_of(key, f"Person | Project\n{staff}\n\nProject | Room\n{plan}", question, values[:4])


def _peoples(rng: random.Random) -> Draft:
    kinds = given, asked, _ = rng.sample(list(CUSTOMS), 3)
    peoples = rng.sample(PEOPLES, 5)
    values = {kind: rng.sample(CUSTOMS[kind][2], 5) for kind in kinds}
    sentences = [
        f"The {people} {CUSTOMS[kind][0].format(value)}."
        for kind in kinds
        for people, value in zip(peoples, values[kind], strict=True)
    ]
    order = _order(rng, 15)
    key = f"peoples/{given}/{asked}/{order.index(0)}/{order.index(5)}"
    question = CUSTOMS[asked][1].format(CUSTOMS[given][0].format(values[given][0]))
    return draft_of(key, " ".join(sentences[i] for i in order), question, values[asked][:4])


def _renamed(rng: random.Random) -> Draft:
    intro, kind, pool = rng.choice(TABLES["renamed"].rows)
    ring = rng.sample(entries(pool), 6)  # ring[i] bears the name of ring[i + 1]
    order = _order(rng, 6)
    forms = [rng.randrange(2) for _ in ring]
    told = []
    for i in order:
        thing, name = ring[i], ring[(i + 1) % 6]
        told.append(capital((f"{thing} is called {name}.", f"{name} is the name for {thing}.")[forms[i]]))
    asked = rng.randrange(2)
    question = (
        f"By what name does the {kind} that we call {ring[0]} go there?",
        f"Which {kind} goes by the name of {ring[0]} there?",
    )[asked]
    options = [ring[1], ring[5], ring[2], ring[4]]
    return draft_of(f"renamed/{asked}/{_code(order)}", " ".join([intro, *told]), question, options, asked)


def _lists(rng: random.Random) -> Draft:
    names, things = rng.sample(NAMES, 3), rng.sample(GOODS, 7)
    side = rng.choice((-1, 1))
    while True:
        lists = [_order(rng, 7) for _ in names]
        indices = [one.index(0) for one in lists]
        if any(index in (0, 6) for index in indices):
            continue
        near = [lists[0][indices[0] + side], lists[0][indices[0] - side]]
        near += [one[index + side] for one, index in zip(lists[1:], indices[1:], strict=True)]
        if len(set(near)) == 4:
            break
    shown, where = _order(rng, 3), "after" if side == 1 else "before"
    context = " ".join(f"{names[i]}'s packing list: {', '.join(things[t] for t in lists[i])}." for i in shown)
    key = f"lists/{side}/{shown.index(0)}/{_code(indices[i] for i in shown)}"
    question = f"What comes directly {where} {things[0]} on {names[0]}'s list?"
    return draft_of(key, context, question, [things[i] for i in near])


FAMILIES: dict[Level, tuple[Family, ...]] = {
    "basic": families(_value_of_name, _name_of_value, _next_in_list, _end_of_list),
    "plain": (
        family("place", _recall, PLACES, asks_thing=False),
        family("thing_in_place", _recall, PLACES, asks_thing=True),
        family("trait", _recall, PLAIN_TRAITS, asks_thing=False),
        family("thing_with_trait", _recall, PLAIN_TRAITS, asks_thing=True),
    ),
    "standard": (
        *families(_two_clues, _similar_codes, _relations, _containers, _revisions, _orders, _groups),
        *families(_two_tables, _peoples, _renamed, _lists),
    ),
}
