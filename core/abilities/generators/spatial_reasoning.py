"""Spatial reasoning: rows, grids, directions, routes, turns, containers and points of view.

The options are the same whichever of them is right (the four things, corners, directions or people in the
context), or the right ones of four contexts that differ in one number: only the context decides.
"""

from __future__ import annotations

import itertools
import random
from itertools import permutations

from core.abilities.drafting import (
    BASIC_NAMES,
    NAMES,
    NUMBER_WORDS,
    capital,
    clues_key,
    counted,
    draft_from,
    draft_of,
    draw_clues,
    families,
    four_numbers,
    gives_away,
    group_family,
    kind_family,
    listed,
    pick,
    with_article,
)
from core.abilities.item import Draft, Family
from core.abilities.tables import entries, read_tables
from core.models.spec import Level

# Basic space: the other point of view, what is between, neighbours in a row, the compass.

BASIC_TABLES = read_tables("basic/spatial_reasoning")
OBJECTS, FACING, SIDE_FORMS = (
    BASIC_TABLES["objects"].texts,
    BASIC_TABLES["facing"].texts,
    BASIC_TABLES["sides"].texts,
)
BASIC_PAIRS = list(itertools.combinations(OBJECTS, 2))
OPPOSITE_SIDE = {"left": "right", "right": "left", "above": "below", "below": "above"}
BASIC_WAYS = ("north", "east", "south", "west")
BASIC_SIDES = {"right": 1, "behind": 2, "left": 3}
"""Directions of the sides, in quarter turns clockwise from straight ahead."""


def _viewpoint(rng: random.Random) -> Draft:
    number = rng.randrange(len(BASIC_PAIRS))
    a, b = pick(rng, BASIC_PAIRS[number], 2)
    side = rng.choice(list(OPPOSITE_SIDE))
    swapped = rng.random() < 0.5
    near, far = (a, b) if swapped else (b, a)
    answer = OPPOSITE_SIDE[side] if swapped else side
    key, member = f"view:{side}:{swapped}", (number, len(BASIC_PAIRS))
    context = f"from the {b} the {a} is {side} ."
    steps = "the other view" if swapped else "the same view"
    question = f"from the {near} the {far} is"
    return draft_from(rng, key, context, question, answer, list(OPPOSITE_SIDE), steps, member)


def _between(rng: random.Random) -> Draft:
    row, index = pick(rng, OBJECTS, 5), rng.randrange(1, 4)
    ends = pick(rng, (row[index - 1], row[index + 1]), 2)
    others = [thing for thing in row if thing not in ends]
    options = [*others, rng.choice([thing for thing in OBJECTS if thing not in row])]
    steps = f"{row[index - 1]} then {row[index]} then {row[index + 1]}"
    key = f"row:{','.join(sorted(row))}"
    context = f"in a row stand {' '.join(row)} ."
    return draft_from(rng, key, context, f"between {ends[0]} and {ends[1]}", row[index], options, steps)


def _row(rng: random.Random) -> Draft:
    row = pick(rng, OBJECTS, 5)
    to_right = rng.random() < 0.5
    asked = rng.randrange(4) if to_right else rng.randrange(1, 5)
    answer = row[asked + 1 if to_right else asked - 1]
    side = "right" if to_right else "left"
    others = [thing for thing in row if thing != row[asked]]
    first, second = (row[asked], answer) if to_right else (answer, row[asked])
    key = f"row:{','.join(sorted(row))}"
    context = f"from left to right stand {' '.join(row)} ."
    steps = f"{first} then {second}"
    return draft_from(rng, key, context, f"next on the {side} of {row[asked]}", answer, others, steps)


def _compass(rng: random.Random) -> Draft:
    heading, side = rng.randrange(4), rng.choice(list(BASIC_SIDES))
    told, asked = rng.randrange(len(FACING)), rng.randrange(len(SIDE_FORMS))
    context = FACING[told].format(name=rng.choice(BASIC_NAMES), way=BASIC_WAYS[heading])
    answer = BASIC_WAYS[(heading + BASIC_SIDES[side]) % 4]
    key, member = f"compass:{BASIC_WAYS[heading]}:{side}", (3 * told + asked, 12)
    steps = f"{BASIC_WAYS[heading]} ahead {side} {answer}"
    question = SIDE_FORMS[asked].format(side=side)
    return draft_from(rng, key, context, question, answer, BASIC_WAYS, steps, member)


# Plain space: what is where at a thing, which way somebody goes, shapes, the other side.
#
# A held-out key is a landmark, a deed, a thing with a shape, or two things.

ABILITY = "spatial_reasoning"
PLAIN_TABLES = read_tables("plain/spatial_reasoning")
PLAIN_LANDMARKS = [
    [(place, thing) for place, thing in (entry.split(": ") for entry in entries(row))]
    for _, row in PLAIN_TABLES["landmarks"].pairs
]
"""Each landmark's places, and what is there."""

PLAIN_WAYS = PLAIN_TABLES["ways"].lists
PLAIN_PAIRS, PLAIN_SIDES = list(permutations(PLAIN_TABLES["things"].texts, 2)), PLAIN_TABLES["sides"].rows


def _way(rng: random.Random) -> Draft:
    way = rng.choice(list(PLAIN_WAYS))
    number = rng.randrange(len(PLAIN_WAYS[way]))
    name = rng.choice(NAMES)
    question = rng.choice(PLAIN_TABLES["way questions"].texts).format(name=name)
    answer, *options = (f"{name} goes {other}" for other in (way, *PLAIN_WAYS))
    context, member = f"{name} {PLAIN_WAYS[way][number]}.", (number, len(PLAIN_WAYS[way]))
    return draft_from(rng, f"way:{way}", context, question, answer, options, f"The way leads {way}.", member)


def _other_side(rng: random.Random) -> Draft:
    number = rng.randrange(len(PLAIN_PAIRS))
    a, b = PLAIN_PAIRS[number]
    here, opposite, side = rng.choice(PLAIN_SIDES)
    question = rng.choice(PLAIN_TABLES["side questions"].texts).format(a=a, b=b)
    sides, member = [name for name, *_ in PLAIN_SIDES], (number, len(PLAIN_PAIRS))
    context = f"The {a} is {side} the {b}."
    steps = f"The opposite of {here} is {opposite}."
    return draft_from(rng, "side", context, question, opposite, sides, steps, member)


# Spatial families in which things are moved or turned: what is where afterwards.

TABLES = read_tables("standard/spatial_reasoning")
ROOMS, CONTAINERS, SMALL_THINGS = (TABLES[name].texts for name in ("rooms", "containers", "small things"))
LANDMARKS, COLOURS = TABLES["landmarks"].texts, TABLES["colours"].texts
THINGS, VILLAGES = TABLES["things"].texts, TABLES["villages"].texts
PHOTO_MOVES, STACK_MOVES = dict(TABLES["photo moves"].pairs), dict(TABLES["stack moves"].pairs)
STACK_POSITIONS = TABLES["stack positions"].texts


def _carried_along(rng: random.Random) -> Draft:
    rooms, boxes = rng.sample(ROOMS, 4), rng.sample(CONTAINERS, 2)
    things = rng.sample(SMALL_THINGS, 2)
    room_of, box_of, seen = [0, 1], [0, 1], 2
    events: list[tuple[int, int]] = []
    told = [f"The {boxes[i]} is in the {rooms[i]}, and in it is the {things[i]}." for i in range(2)]
    for _ in range(4):
        which = rng.randrange(2)
        if rng.random() < 0.4:
            old, box_of[which] = box_of[which], 1 - box_of[which]
            events.append((which, -1))
            told.append(
                f"The {things[which]} is taken out of the {boxes[old]} and put into the {boxes[1 - old]}."
            )
        else:
            room_of[which] = rng.choice([r for r in range(min(4, seen + 1)) if r != room_of[which]])
            seen = max(seen, room_of[which] + 1)
            events.append((which, room_of[which]))
            told.append(f"{rng.choice(NAMES)} carries the {boxes[which]} to the {rooms[room_of[which]]}.")
    asked = rng.randrange(2)
    box = box_of[asked]
    gold = rooms[room_of[box]]
    moved_to = [room for _, room in events if room >= 0]
    # The room named last would be right too often: most of those drafts are drawn anew.
    is_too_easy = moved_to[-1:] == [room_of[box]] and rng.random() < 0.65
    if seen < 4 or len(moved_to) == len(events) or is_too_easy:
        return _carried_along(rng)
    return draft_of(
        f"carried_along {events} {asked}",
        " ".join(told),
        f"In which room is the {things[asked]} at the end?",
        rooms,
        room_of[box],
        f"At the end the {things[asked]} is in the {boxes[box]}, and the {boxes[box]} is in the {gold}.",
    )


def _photo_moves(rng: random.Random) -> Draft:
    x, y = start = (rng.choice((-1, 1)), rng.choice((-1, 1)))
    moves = [rng.choice(list(PHOTO_MOVES)) for _ in range(rng.randint(2, 3))]
    out = []
    for move in moves:
        x, y = {
            "clockwise": (y, -x),
            "counterclockwise": (-y, x),
            "half": (-x, -y),
            "sideways": (-x, y),
            "upside": (x, -y),
        }[move]
        out.append(_corner(x, y))
    gold = out[-1]
    corners = [_corner(*corner) for corner in ((-1, 1), (1, 1), (-1, -1), (1, -1))]
    told = ", then ".join(PHOTO_MOVES[move] for move in moves)
    mark = rng.choice(("star", "cross", "circle", "moon", "heart", "triangle"))
    return draft_of(
        f"photo_moves {start} {moves}",
        f"A square picture on a screen has a {mark} in its {_corner(*start)} corner. The picture is {told}.",
        f"In which corner of the screen is the {mark} now?",
        corners,
        corners.index(gold),
        f"The {mark} goes from {_corner(*start)} to {', then to '.join(out)}.",
    )


def _corner(x: int, y: int) -> str:
    """The name of a corner; x grows to the right and y upwards."""
    return f"{'top' if y > 0 else 'bottom'} {'right' if x > 0 else 'left'}"


def _way_back(rng: random.Random) -> Draft:
    turned = {"left": "right", "right": "left", "straight": "straight"}
    there = [rng.choice(list(turned)) for _ in range(rng.randint(3, 5))]
    back = [turned[way] for way in reversed(there)]
    sequences = [", ".join(s) for s in (back, there, there[::-1], back[::-1])]
    if len(set(sequences)) < 4:
        return _way_back(rng)
    places = rng.sample(LANDMARKS, len(there) + 2)
    told = [
        f"goes straight on at the {place}" if way == "straight" else f"turns {way} at the {place}"
        for way, place in zip(there, places[2:], strict=True)
    ]
    name = rng.choice(NAMES)
    steps = (
        f"On the way back the order is reversed: {', '.join(reversed(there))}. Left and right change places."
    )
    return draft_of(
        f"way_back {min(sequences)}",
        f"On the way from the {places[0]} to the {places[1]}, {name} {listed(told)}. "
        f"Later {name} returns the same way.",
        f"Which way does {name} go at each of these places on the way back, in order?",
        sequences,
        steps=steps,
    )


def _stack_moves(rng: random.Random) -> Draft:
    stack = colours = rng.sample(COLOURS, 4)
    moves = rng.sample(list(STACK_MOVES), rng.randint(2, 3))
    out = []
    for move in moves:
        a, b, c, d = stack
        stack = {
            "top down": [d, a, b, c],
            "bottom up": [b, c, d, a],
            "swap top": [a, b, d, c],
            "swap bottom": [b, a, c, d],
            "swap middle": [a, c, b, d],
            "reverse": [d, c, b, a],
        }[move]
        out.append(f"{', '.join(stack)}.")
    position = rng.randrange(4)
    told = ". ".join(
        capital(f"{when}{STACK_MOVES[move]}")
        for when, move in zip(("first ", "then ", "finally "), moves, strict=False)
    )
    return draft_of(
        f"stack_moves {moves} {position}",
        f"Four blocks are stacked. From the bottom to the top they are {listed(colours)}. {told}.",
        f"Which block is {STACK_POSITIONS[position]} now?",
        colours,
        colours.index(stack[position]),
        f"From the bottom to the top: {' Then '.join(out)}",
    )


COMPASS, TURNS = TABLES["compass"].texts, TABLES["turns"].texts
ROW_CLUES, ROW_POSITIONS = TABLES["row clues"].lists, TABLES["row positions"].texts
TABLE_SIDES = {side: views for side, *views in TABLES["table sides"].rows}


def _row_order(rng: random.Random) -> Draft:
    clues, position = draw_clues(rng), rng.randrange(4)
    if gives_away(clues, position):
        return _row_order(rng)
    things = rng.sample(THINGS, 4)
    told = [rng.choice(ROW_CLUES[c.kind]).format(a=things[c.a], b=things[c.b]) for c in clues]
    named = listed([with_article(t) for t in rng.sample(things, 4)])
    context = f"Four things stand in a row on a shelf: {named}. {' '.join(told)}"
    question = f"Which of the four is {ROW_POSITIONS[position]}?"
    steps = f"From left to right: {', '.join(things)}."
    return draft_of(f"row_order {clues_key(clues, position)}", context, question, things, position, steps)


def _compass_corner(rng: random.Random) -> Draft:
    vertical, horizontal = rng.choice((0, 2)), rng.choice((1, 3))
    chain = [vertical, horizontal, *rng.choices((vertical, horizontal), k=rng.randint(0, 2))]
    rng.shuffle(chain)
    turned = [rng.random() < 0.5 for _ in chain]
    places = rng.sample(LANDMARKS, len(chain) + 1)
    told = [
        f"The {a} is directly {COMPASS[(way + 2) % 4]} of the {b}."
        if is_turned
        else f"The {b} is directly {COMPASS[way]} of the {a}."
        for way, is_turned, a, b in zip(chain, turned, places, places[1:], strict=False)
    ]
    rng.shuffle(told)
    gold = COMPASS[vertical] + COMPASS[horizontal]
    corners = ("northeast", "northwest", "southeast", "southwest")
    return draft_of(
        f"compass_corner {chain} {turned}",
        " ".join(told),
        f"In which direction from the {places[0]} does the {places[-1]} lie?",
        corners,
        corners.index(gold),
        f"From the {places[0]} one goes {', then '.join(COMPASS[way] for way in chain)}.",
    )


def _walk_end(rng: random.Random) -> Draft:
    near, far = sorted(rng.sample(range(1, 10), 2))
    way, out = rng.randrange(4), rng.choice((1, 3))
    net = rng.choice((near, far))
    first = rng.choice([n for n in range(2, 10) if n not in (near, far)])
    rest = net - first
    along = [(way, first), (way, rest) if rest > 0 else ((way + 2) % 4, -rest)]
    rng.shuffle(along)
    side = rng.randint(1, 9)
    moves = [((way + out) % 4, side), along[0], ((way + out + 2) % 4, side), along[1]]
    told = [f"{counted(n, 'block')} {COMPASS[w]}" for w, n in moves]
    options = [
        f"{counted(n, 'block')} {COMPASS[w]}" for n in (net, near + far - net) for w in (way, (way + 2) % 4)
    ]
    name, place = rng.choice(NAMES), rng.choice(LANDMARKS)
    return draft_of(
        f"walk_end {moves}",
        f"From the {place}, {name} walks {', then '.join(told)}.",
        f"Where is {name} now, seen from the {place}?",
        options,
        steps=f"{told[0].capitalize()} and {told[2]} cancel. What is left is {told[1]} and {told[3]}.",
    )


def _facing(rng: random.Random) -> Draft:
    heading = start = rng.randrange(4)
    turns = [rng.choice((1, 2, 3)) for _ in range(rng.randint(3, 4))]
    places = rng.sample(LANDMARKS, len(turns))
    name = rng.choice(NAMES)
    told, out = [], []
    for turn, place in zip(turns, places, strict=True):
        heading = (heading + turn) % 4
        told.append(f"makes a U-turn at the {place}" if turn == 2 else f"turns {TURNS[turn]} at the {place}")
        out.append(COMPASS[heading])
    return draft_of(
        f"facing {start} {turns}",
        f"{name} sets out heading {COMPASS[start]}, then {listed(told)}.",
        f"In which direction is {name} heading at the end?",
        COMPASS,
        heading,
        f"At first {COMPASS[start]}, then {', then '.join(out)}.",
    )


def _side_in_view(rng: random.Random) -> Draft:
    target, faced = rng.sample(range(4), 2)
    turns = [rng.choice((1, 2, 3)) for _ in range(rng.randint(1, 2))]
    name = rng.choice(NAMES)
    place, other = rng.sample(LANDMARKS, 2)
    by_landmark = rng.random() < 0.5
    told = [f"{name} stands in the middle of a square. The {place} is on its {COMPASS[target]} side"]
    if by_landmark:
        told.append(f" and the {other} on its {COMPASS[faced]} side. At first {name} faces the {other},")
    else:
        told.append(f". At first {name} faces {COMPASS[faced]},")
    told.append(" then turns " + ", then turns ".join(TURNS[turn] for turn in turns) + ".")
    heading = (faced + sum(turns)) % 4
    sides = ("in front", "on the right", "behind", "on the left")
    return draft_of(
        f"side_in_view {target} {faced} {turns}",
        "".join(told),
        f"Where is the {place} now, as {name} sees it?",
        sides,
        (target - heading) % 4,
        f"{name} now faces {COMPASS[heading]}, and the {place} is in the {COMPASS[target]}.",
    )


def _opposite_seats(rng: random.Random) -> Draft:
    a, b = rng.sample(NAMES, 2)
    sides = rng.sample(list(TABLE_SIDES), 4)
    asked, is_told, is_swapped = sides[0], rng.random() < 0.5, rng.random() < 0.5
    things = dict(zip(sides, rng.sample(THINGS, 4), strict=True))
    views = {side: 1 if side == asked else rng.randrange(2) for side in TABLE_SIDES}
    told = [
        f"The {things[s]} is {TABLE_SIDES[s][views[s]].format(a=a, b=b)}."
        for s in sides
        if s != asked or is_told
    ]
    rng.shuffle(told)
    if not is_told:
        told.append(f"The {things[asked]} is on the remaining side.")
    if is_swapped:
        told.append("Then the two change seats, and the things stay where they are.")
    first, second = rng.sample((a, b), 2)
    where = TABLE_SIDES[asked][0].format(a=b if is_swapped else a, b=a if is_swapped else b)
    before = TABLE_SIDES[asked][0].format(a=a, b=b)
    turned = TABLE_SIDES[asked][1].format(a=a, b=b)
    steps = f"What is {before} is {turned}."
    if is_swapped:
        steps = f"What is {where} now was {before} at first. {steps}"
    return draft_of(
        f"opposite_seats {asked} {views} {is_told} {is_swapped}",
        f"{first} and {second} sit opposite each other at a square table, with one thing on each side of it. "
        + " ".join(told),
        f"Which thing is {where}{' now' if is_swapped else ''}?",
        [things[side] for side in sides],
        steps=steps,
    )


def _grid_path(rng: random.Random) -> Draft:
    x, y = start = (rng.randrange(3), rng.randrange(3))
    things = rng.sample(THINGS, 9)
    moves: list[tuple[str, int]] = []
    out: list[str] = []
    for axis in rng.choice(("xy", "yx", "xyx", "yxy")):
        to = rng.choice([p for p in range(3) if p != (x if axis == "x" else y)])
        by = to - (x if axis == "x" else y)
        x, y = (to, y) if axis == "x" else (x, to)
        moves.append(
            (("left" if by < 0 else "right") if axis == "x" else ("up" if by < 0 else "down"), abs(by))
        )
        out.append(f"{moves[-1][1]} {moves[-1][0]} to the {things[3 * y + x]}")
    shelves = [listed([with_article(t) for t in things[3 * r : 3 * r + 3]]) for r in range(3)]
    told = (
        f"From left to right, the top shelf holds {shelves[0]}, the middle shelf {shelves[1]}, "
        f"and the bottom shelf {shelves[2]}."
    )
    origin, gold = things[3 * start[1] + start[0]], things[3 * y + x]
    path = ", then ".join(
        f"{counted(n, 'place')} {'to the ' * (w in ('left', 'right'))}{w}" for w, n in moves
    )
    return draft_of(
        f"grid_path {start} {moves}",
        f"{told} Begin at the {origin} and go {path}.",
        "Which thing do you come to?",
        [gold, *rng.sample([t for t in things if t not in (origin, gold)], 3)],
        steps=f"From the {origin}: {', '.join(out)}.",
    )


def _road_distance(rng: random.Random) -> Draft:
    distances = four_numbers(rng, 3, 40, (1, 2, 4))
    net = distances[0] * rng.choice((-1, 1))
    moves = [rng.choice((-1, 1)) * rng.randint(3, 25) for _ in range(rng.randint(1, 2))]
    rests = [abs(d * net // distances[0] - sum(moves)) for d in distances]
    if not 2 <= min(rests) <= max(rests) <= 40:
        return _road_distance(rng)
    moves.append(net - sum(moves))
    villages = rng.sample(VILLAGES, len(moves) + 1)
    told = [
        f"{b} is {abs(move)} km {'east' if move > 0 else 'west'} of {a}."
        for move, a, b in zip(moves, villages, villages[1:], strict=False)
    ]
    total, sums = 0, []
    for village, move in zip(villages[1:], moves, strict=True):
        total += move
        sums.append(f"{village} is {abs(total)} km {'east' if total > 0 else 'west'} of {villages[0]}")
    return draft_of(
        f"road_distance {moves}",
        f"A straight road runs from west to east. {' '.join(told)}",
        f"How many km is it by road from {villages[0]} to {villages[-1]}?",
        distances,
        steps=f"{', '.join(sums)}.",
    )


def _round_table(rng: random.Random) -> Draft:
    n = rng.choice((6, 8))
    people = rng.sample(NAMES, n)
    seat = start = rng.randrange(n)
    phrase, ops = people[start], []
    for _ in range(rng.randint(1, 2)):
        op = rng.randrange(1, n)
        seat = (seat + op) % n
        ops.append(op)
        count = counted(min(op, n - op), "seat").replace(str(min(op, n - op)), NUMBER_WORDS[min(op, n - op)])
        where = f"{count} {'clockwise' if op < n / 2 else 'counterclockwise'} from"
        phrase = f"the person {'directly opposite' if 2 * op == n else where} {phrase}"
    if seat == start:
        return _round_table(rng)
    gold = people[seat]
    others = [p for p in people if p not in (people[start], gold)]
    path = ", then ".join(people[(start + sum(ops[: i + 1])) % n] for i in range(len(ops)))
    return draft_of(
        f"round_table {n} {start} {ops}",
        f"{NUMBER_WORDS[n].capitalize()} friends sit evenly spaced at a round table. Clockwise they are "
        f"{listed(people)}, and next to {people[-1]} sits {people[0]} again.",
        f"Who is {phrase}?",
        [gold, *rng.sample(others, 3)],
        steps=f"From {people[start]} one comes to {path}.",
    )


FAMILIES: dict[Level, tuple[Family, ...]] = {
    "basic": families(_viewpoint, _between, _row, _compass),
    "plain": (
        group_family(
            ABILITY,
            "place_at_thing",
            PLAIN_LANDMARKS,
            PLAIN_TABLES["landmark questions"].texts,
            2,
            "{a} is {s}.",
        ),
        kind_family(
            "shape", PLAIN_TABLES["shapes"].lists, PLAIN_TABLES["shape questions"].texts, "{s} is {a}."
        ),
        *families(_way, _other_side),
    ),
    "standard": (
        *families(_row_order, _compass_corner, _walk_end, _facing, _side_in_view, _opposite_seats),
        *families(_grid_path, _road_distance, _round_table),
        *families(_carried_along, _photo_moves, _way_back, _stack_moves),
    ),
}
