"""Contextual recall: a fact stated in the context, found among facts that look alike, or by chaining facts.

Nothing but the context decides: the options are values of the same kind that the context gives to others.
A key holds where the facts stand and how they hang together, never names or values.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

from core.abilities.item import Draft, Family
from core.abilities.standard import recall_words as words
from core.abilities.standard.names import NAMES


def _order(rng: random.Random, n: int) -> list[int]:
    """The numbers below n in random order."""
    return rng.sample(range(n), n)


def _code(parts: Iterable[object]) -> str:
    return "-".join(map(str, parts))


def _roles(numbers: Iterable[int]) -> list[int]:
    """The numbers with 0 kept and the others named 1, 2 … as they come: the same for other names."""
    roles = {0: 0}
    return [roles.setdefault(number, len(roles)) for number in numbers]


def _three(values: Sequence[str]) -> tuple[str, str, str]:
    first, second, third = values
    return first, second, third


def _two_clues(rng: random.Random) -> Draft:
    """A person known by job and city alone, among others with the same job or the same city."""
    kinds = rng.sample([kind for kind in words.TRAITS if kind != "city"], 3)
    jobs, cities = rng.sample(words.JOBS, 2), rng.sample(words.TRAITS["city"].values, 3)
    people = [
        (job, city) for city in cities for job in jobs
    ]  # 0 is asked; 1 to 3 share a job or city with it
    names = rng.sample(NAMES, 6)
    values = [rng.sample(words.TRAITS[kind].values, 6) for kind in kinds]
    order = _order(rng, 6)
    sentences = [
        f"{names[i]} is a {people[i][0]} in {people[i][1]}, "
        + "{}, {} and {}.".format(
            *(words.TRAITS[kind].fact.format(value[i]) for kind, value in zip(kinds, values, strict=True))
        )
        for i in order
    ]
    asked = rng.randrange(3)
    return Draft(
        key=f"two_clues/{asked}/{_code(['0', '1', 'job', 'none', 'job', 'none'][i] for i in order)}",
        context=" ".join(sentences),
        question=words.TRAITS[kinds[asked]].question.format(f"the {jobs[0]} in {cities[0]}"),
        answer=values[asked][0],
        distractors=_three(values[asked][1:4]),
    )


def _similar_codes(rng: random.Random) -> Draft:
    """A parcel among parcels with nearly the same code."""
    p, q = rng.sample("BCDFGHKLMNPRSTVXZ", 2)
    a, b, c = rng.sample("123456789", 3)
    codes = [f"{p}{q}-{a}{b}{c}", f"{p}{q}-{a}{c}{b}", f"{q}{p}-{a}{b}{c}", f"{p}{q}-{b}{a}{c}"]
    codes += [f"{q}{p}-{a}{c}{b}", f"{p}{q}-{c}{b}{a}"]
    cities, names = rng.sample(words.TRAITS["city"].values, 6), rng.sample(NAMES, 6)
    shelves = rng.sample([f"{letter}{number}" for letter in "ABCDEF" for number in range(1, 10)], 6)
    order, asked = _order(rng, 6), rng.randrange(4)
    questions = (
        (f"From which city did parcel {codes[0]} come?", cities),
        (f"To whom is parcel {codes[0]} addressed?", names),
        (f"On which shelf does parcel {codes[0]} lie?", shelves),
        (f"Which parcel is addressed to {names[0]}?", codes),
    )
    question, values = questions[asked]
    return Draft(
        key=f"similar_codes/{asked}/{_code(order)}",
        context=" ".join(
            f"Parcel {codes[i]} came from {cities[i]}, is addressed to {names[i]} "
            f"and lies on shelf {shelves[i]}."
            for i in order
        ),
        question=question,
        answer=values[0],
        distractors=_three(values[1:4]),
    )


def _relations(rng: random.Random) -> Draft:
    """A fact about a person two relations away, the three sentences apart from one another."""
    first, second = rng.sample(words.RELATIONS, 2)
    kind = rng.choice(list(words.TRAITS))
    names, values = rng.sample(NAMES, 12), rng.sample(words.TRAITS[kind].values, 4)
    sentences = []
    for i in range(4):
        start, middle, end = names[3 * i : 3 * i + 3]
        sentences.append(f"{middle} is {start}'s {first}.")
        sentences.append(f"{end} is {middle}'s {second}.")
        sentences.append(f"{end} {words.TRAITS[kind].fact.format(values[i])}.")
    order = _order(rng, 12)
    return Draft(
        key=f"relations/{kind}/{_code([order.index(i) for i in range(3)])}",
        context=" ".join(sentences[i] for i in order),
        question=words.TRAITS[kind].question.format(f"the {second} of {names[0]}'s {first}"),
        answer=values[0],
        distractors=_three(values[1:]),
    )


def _containers(rng: random.Random) -> Draft:
    """The room of a thing in a tin in a holder, after a tin or a holder was moved."""
    things, tins = rng.sample(words.THINGS, 4), [f"{c} tin" for c in rng.sample(words.COLOURS, 4)]
    holders, rooms = rng.sample(words.HOLDERS, 4), rng.sample(words.ROOMS, 4)
    sentences = []
    for thing, tin, holder, room in zip(things, tins, holders, rooms, strict=True):
        sentences.append(f"The {thing} is in the {tin}.")
        sentences.append(f"The {tin} is in the {holder}.")
        sentences.append(f"The {holder} is in the {room}.")
    holder_of, room_of = list(range(4)), list(range(4))
    moves, code = [], []
    for _ in range(2):
        moved, target = rng.sample(range(4), 2)
        if rng.random() < 0.5:
            holder_of[moved] = target
            moves.append(f"the {tins[moved]} was put into the {holders[target]}")
        else:
            room_of[moved] = target
            moves.append(f"the {holders[moved]} was carried into the {rooms[target]}")
        code += [moved, target]
    asked = rng.choice([i for i in range(4) if room_of[holder_of[i]] != i] or [0])
    gold = room_of[holder_of[asked]]
    order = _order(rng, 12)
    places = [order.index(3 * asked + i) for i in range(3)]
    kinds = ["put" in move for move in moves]
    return Draft(
        key=f"containers/{_code(kinds)}/{_code(_roles((i - asked) % 4 for i in code))}/{_code(places)}",
        context=" ".join(sentences[i] for i in order) + f" Then {moves[0]}. After that, {moves[1]}.",
        question=f"In which room is the {things[asked]} now?",
        answer=rooms[gold],
        distractors=_three([room for i, room in enumerate(rooms) if i != gold]),
    )


def _revisions(rng: random.Random) -> Draft:
    """What held first, after one change or in the end, among notes on three events that changed twice."""
    kind = rng.choice(list(words.PLANS))
    first, change, question, pool = words.PLANS[kind]
    events = rng.sample(words.EVENTS, 3)
    shared = rng.sample(pool, 5)  # the first is never a value of the event that is asked about
    values = [rng.sample(shared[1:], 3), rng.sample([shared[0], *rng.sample(shared[1:], 2)], 3)]
    values.append(rng.sample(shared, 3))
    turns = rng.sample([0, 0, 0, 1, 1, 1, 2, 2, 2], 9)
    notes, stage = [], [0, 0, 0]
    for turn in turns:
        form = change if stage[turn] else first
        notes.append(form.format(e=events[turn], v=values[turn][stage[turn]]))
        stage[turn] += 1
    asked = rng.randrange(3)
    others = [value for i, value in enumerate(values[0]) if i != asked]
    others.append(shared[0])
    return Draft(
        key=f"revisions/{asked}/{_code(_roles(turns))}",
        context=" ".join(f"Note {i}: {note}" for i, note in enumerate(notes, 1)),
        question=question.format(
            e=events[0], when=("at first", "after the first change", "in the end")[asked]
        ),
        answer=values[0][asked],
        distractors=_three(others),
    )


def _orders(rng: random.Random) -> Draft:
    """What a guest orders who wants what another wants, over one to three guests."""
    depth, others = rng.randint(1, 3), rng.randint(1, 2)
    names, dishes = rng.sample(NAMES, 4 + depth + others), rng.sample(words.DISHES, 4)
    follows = {4: 0} | {i: i - 1 for i in range(5, 4 + depth)}  # 0 to 3 name a dish, 4 wants what 0 wants …
    for i in range(4 + depth, len(names)):
        follows[i] = rng.randrange(1, 4)
    lines = [f"{name}: I will have {dish}." for name, dish in zip(names, dishes, strict=False)]
    for i, other in follows.items():
        lines.append(
            f"{names[i]}: " + rng.choice(("For me the same as for {}.", "I will have what {} is having."))
        )
        lines[-1] = lines[-1].format(names[other])
    order = _order(rng, len(names))
    return Draft(
        key=f"orders/{depth}/{_code([order.index(i) for i in range(4 + depth)])}",
        context="At the restaurant:\n" + "\n".join(lines[i] for i in order),
        question=f"What does {names[3 + depth]} order?",
        answer=dishes[0],
        distractors=_three(dishes[1:]),
    )


def _groups(rng: random.Random) -> Draft:
    """The room of a member of a group, where groups and members make exceptions."""
    colours, rooms, names = rng.sample(words.COLOURS, 4), rng.sample(words.ROOMS, 4), rng.sample(NAMES, 12)
    home = {name: i // 3 for i, name in enumerate(names)}
    guest = dict(home)
    movers = rng.sample(range(12), 4)
    notes, code = [], []
    for mover in movers:
        target = rng.choice([i for i in range(4) if i != mover // 3])
        guest[names[mover]] = target
        notes.append(f"{names[mover]} goes with the {colours[target]} group today.")
        code.append(f"{mover}{target}")
    swapped = rng.sample(range(4), 2)
    place = list(range(4))
    place[swapped[0]], place[swapped[1]] = swapped[1], swapped[0]
    asked = rng.choice([*movers, *rng.sample(range(12), 2)])
    gold = place[guest[names[asked]]]
    context = " ".join(
        f"The {colour} group ({', '.join(names[3 * i : 3 * i + 3])}) meets in the {rooms[i]}."
        for i, colour in enumerate(colours)
    )
    swap = "The {} group and the {} group, however, have exchanged their rooms.".format(
        *(colours[i] for i in swapped)
    )
    return Draft(
        key=f"groups/{asked}/{_code(sorted(swapped))}/{'-'.join(sorted(code))}",
        context=" ".join([context, swap, *notes]),
        question=f"In which room is {names[asked]} today?",
        answer=rooms[gold],
        distractors=_three([room for i, room in enumerate(rooms) if i != gold]),
    )


def _two_tables(rng: random.Random) -> Draft:
    """A row of one table that leads to a row of another."""
    n, asked = rng.randint(6, 9), rng.randrange(2)
    names, projects = rng.sample(NAMES, n), rng.sample(words.PROJECTS, n)
    rooms = [str(number) for number in rng.sample(range(101, 400), n)]
    upper, lower = _order(rng, n), _order(rng, n)
    staff = "\n".join(f"{names[i]} | {projects[i]}" for i in upper)
    plan = "\n".join(f"{projects[i]} | {rooms[i]}" for i in lower)
    questions = (
        f"In which room does {names[0]}'s project meet?",
        f"Who works on the project that meets in room {rooms[0]}?",
    )
    values = (rooms, names)[asked]
    return Draft(
        key=f"two_tables/{asked}/{n}/{upper.index(0)}/{lower.index(0)}",
        context=f"Person | Project\n{staff}\n\nProject | Room\n{plan}",
        question=questions[asked],
        answer=values[0],
        distractors=_three(values[1:4]),
    )


def _peoples(rng: random.Random) -> Draft:
    """A custom of the people that is known by another custom, its name in between."""
    given, asked, third = rng.sample(list(words.CUSTOMS), 3)
    peoples = rng.sample(words.PEOPLES, 5)
    values = {kind: rng.sample(words.CUSTOMS[kind][2], 5) for kind in (given, asked, third)}
    sentences = [
        f"The {people} {words.CUSTOMS[kind][0].format(values[kind][i])}."
        for kind in (given, asked, third)
        for i, people in enumerate(peoples)
    ]
    order = _order(rng, 15)
    known_by = words.CUSTOMS[given][0].format(values[given][0])
    return Draft(
        key=f"peoples/{given}/{asked}/{order.index(0)}/{order.index(5)}",
        context=" ".join(sentences[i] for i in order),
        question=words.CUSTOMS[asked][1].format(known_by),
        answer=values[asked][0],
        distractors=_three(values[asked][1:4]),
    )


def _renamed(rng: random.Random) -> Draft:
    """A name in a world where names went round, from the thing to its name or back."""
    intro, kind, pool = rng.choice(words.RENAMED)
    ring = rng.sample(pool, 6)  # ring[i] bears the name of ring[i + 1]
    order = _order(rng, 6)
    forms = [rng.randrange(2) for _ in ring]
    sentences = []
    for i in order:
        thing, name = ring[i], ring[(i + 1) % 6]
        sentences.append((f"{thing} is called {name}.", f"{name} is the name for {thing}.")[forms[i]])
    asked = rng.randrange(2)
    question = (
        f"By what name does the {kind} that we call {ring[0]} go there?",
        f"Which {kind} goes by the name of {ring[0]} there?",
    )[asked]
    gold = (ring[1], ring[5])[asked]
    return Draft(
        key=f"renamed/{asked}/{_code(order)}",
        context=" ".join([intro, *(s[0].upper() + s[1:] for s in sentences)]),
        question=question,
        answer=gold,
        distractors=_three([name for name in (ring[1], ring[5], ring[2], ring[4]) if name != gold]),
    )


def _lists(rng: random.Random) -> Draft:
    """The neighbour of a thing on one of three lists of the same things."""
    names, things = rng.sample(NAMES, 3), rng.sample(words.GOODS, 7)
    side = rng.choice((-1, 1))
    while True:
        lists = [_order(rng, 7) for _ in names]
        places = [one.index(0) for one in lists]
        if any(place in (0, 6) for place in places):
            continue
        near = [lists[0][places[0] + side], lists[0][places[0] - side]]
        near += [one[place + side] for one, place in zip(lists[1:], places[1:], strict=True)]
        if len(set(near)) == 4:
            break
    shown, where = _order(rng, 3), "after" if side == 1 else "before"
    context = " ".join(f"{names[i]}'s packing list: {', '.join(things[t] for t in lists[i])}." for i in shown)
    return Draft(
        key=f"lists/{side}/{shown.index(0)}/{_code(places[i] for i in shown)}",
        context=context,
        question=f"What comes directly {where} {things[0]} on {names[0]}'s list?",
        answer=things[near[0]],
        distractors=_three([things[i] for i in near[1:]]),
    )


FAMILIES: tuple[Family, ...] = (
    Family("two_clues", _two_clues),
    Family("similar_codes", _similar_codes),
    Family("relations", _relations),
    Family("containers", _containers),
    Family("revisions", _revisions),
    Family("orders", _orders),
    Family("groups", _groups),
    Family("two_tables", _two_tables),
    Family("peoples", _peoples),
    Family("renamed", _renamed),
    Family("lists", _lists),
)
"""The families of contextual recall at level standard."""
