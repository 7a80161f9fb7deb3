"""Spatial reasoning: rows, grids, directions, routes, turns, containers and points of view.

The options are the same whichever of them is right (the four things, corners, directions or people in the
context), or the right ones of four contexts that differ in one number: only the context decides.
"""

from __future__ import annotations

import random

from core.abilities.drafting import (
    NAMES,
    NUMBER_WORDS,
    clues_key,
    counted,
    draft_of,
    draw_clues,
    families,
    four_numbers,
    gives_away,
    listed,
    with_article,
)
from core.abilities.item import Draft
from core.abilities.standard.moving import MOVES
from core.abilities.tables import read_tables

TABLES = read_tables("standard/spatial_reasoning")
THINGS, LANDMARKS, VILLAGES = TABLES["things"].texts, TABLES["landmarks"].texts, TABLES["villages"].texts
COMPASS, TURNS = TABLES["compass"].texts, TABLES["turns"].texts
ROW_CLUES, ROW_POSITIONS = TABLES["row clues"].lists, TABLES["row positions"].texts
TABLE_SIDES = {side: views for side, *views in TABLES["table sides"].rows}


def _row_order(rng: random.Random) -> Draft:
    """Four things in a row, known from clues: which has a position."""
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
    """Places north, east … of one another: the diagonal direction between the ends of the chain."""
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
    """A walk on a grid whose sideways parts cancel: how far and where from the start it ends."""
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
    """A start direction and some turns: the direction at the end."""
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
    """Where a landmark is, in the view of someone who faces some way and turns."""
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
    """Two people face each other: which thing is on a side, as seen from either seat."""
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
    """Nine things on three shelves: what is reached by some moves."""
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
    """Villages along a road, east or west of one another: the distance between the ends of the chain."""
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
    """People round a table: who sits some seats from, or opposite, someone."""
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


FAMILIES = (
    *families(_row_order, _compass_corner, _walk_end, _facing, _side_in_view, _opposite_seats),
    *families(_grid_path, _road_distance, _round_table),
    *MOVES,
)
