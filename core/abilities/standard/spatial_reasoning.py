"""Standard items of spatial reasoning: rows, grids, directions, routes, turns, containers and points of view.

The options are the same whichever of them is right (the four things, corners, directions or people that are
spoken of), or the golds of four contexts that differ in one number: only the context decides.
"""

from __future__ import annotations

import random

from core.abilities.item import Draft, Family
from core.abilities.standard import place_words as words
from core.abilities.standard.moving import carried_along, photo_moves, stack_moves, way_back
from core.abilities.standard.names import NAMES
from core.abilities.standard.numeric import (
    NUMBER_WORDS,
    counted,
    draft_of,
    four_numbers,
    listed,
    with_article,
)
from core.abilities.standard.ordering import clues_key, draw_clues, gives_away

VECTORS: tuple[tuple[int, int], ...] = ((0, 1), (1, 0), (0, -1), (-1, 0))
"""East and north parts of a step north, east, south and west."""


def _row_order(rng: random.Random) -> Draft:
    """Four things in a row, told by clues: which is at a place."""
    clues, place = draw_clues(rng), rng.randrange(4)
    if gives_away(clues, place):
        return _row_order(rng)
    things = rng.sample(words.THINGS, 4)
    told = [rng.choice(words.ROW_CLUES[c.kind]).format(a=things[c.a], b=things[c.b]) for c in clues]
    named = listed([with_article(t) for t in rng.sample(things, 4)])
    context = f"Four things stand in a row on a shelf: {named}. {' '.join(told)}"
    question = f"Which of the four is {words.ROW_PLACES[place]}?"
    options = [things[place], *(t for t in things if t != things[place])]
    steps = f"From left to right: {', '.join(things)}."
    return draft_of(f"row_order {clues_key(clues, place)}", context, question, options, steps)


def _compass_corner(rng: random.Random) -> Draft:
    """Places north, east … of one another: the diagonal direction between the ends of the chain."""
    vertical, horizontal = rng.choice((0, 2)), rng.choice((1, 3))
    chain = [vertical, horizontal, *rng.choices((vertical, horizontal), k=rng.randint(0, 2))]
    rng.shuffle(chain)
    turned = [rng.random() < 0.5 for _ in chain]
    places = rng.sample(words.LANDMARKS, len(chain) + 1)
    told = [
        f"The {a} is directly {words.COMPASS[(way + 2) % 4]} of the {b}."
        if is_turned
        else f"The {b} is directly {words.COMPASS[way]} of the {a}."
        for way, is_turned, a, b in zip(chain, turned, places, places[1:], strict=False)
    ]
    rng.shuffle(told)
    gold = words.COMPASS[vertical] + words.COMPASS[horizontal]
    corners = ("northeast", "northwest", "southeast", "southwest")
    return draft_of(
        f"compass_corner {chain} {turned}",
        " ".join(told),
        f"In which direction from the {places[0]} does the {places[-1]} lie?",
        [gold, *(c for c in corners if c != gold)],
        f"From the {places[0]} one goes {', then '.join(words.COMPASS[way] for way in chain)}.",
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
    told = [f"{counted(n, 'block')} {words.COMPASS[w]}" for w, n in moves]
    options = [
        f"{counted(n, 'block')} {words.COMPASS[w]}"
        for n in (net, near + far - net)
        for w in (way, (way + 2) % 4)
    ]
    name, place = rng.choice(NAMES), rng.choice(words.LANDMARKS)
    return draft_of(
        f"walk_end {moves}",
        f"From the {place}, {name} walks {', then '.join(told)}.",
        f"Where is {name} now, seen from the {place}?",
        options,
        f"{told[0].capitalize()} and {told[2]} cancel. What is left is {told[1]} and {told[3]}.",
    )


def _facing(rng: random.Random) -> Draft:
    """A start direction and some turns: the direction at the end."""
    heading = start = rng.randrange(4)
    turns = [rng.choice((1, 2, 3)) for _ in range(rng.randint(3, 4))]
    places = rng.sample(words.LANDMARKS, len(turns))
    name = rng.choice(NAMES)
    told, out = [], []
    for turn, place in zip(turns, places, strict=True):
        heading = (heading + turn) % 4
        told.append(
            f"makes a U-turn at the {place}" if turn == 2 else f"turns {words.TURNS[turn]} at the {place}"
        )
        out.append(words.COMPASS[heading])
    gold = words.COMPASS[heading]
    return draft_of(
        f"facing {start} {turns}",
        f"{name} sets out heading {words.COMPASS[start]}, then {listed(told)}.",
        f"In which direction is {name} heading at the end?",
        [gold, *(w for w in words.COMPASS if w != gold)],
        f"At first {words.COMPASS[start]}, then {', then '.join(out)}.",
    )


def _side_in_view(rng: random.Random) -> Draft:
    """Where a landmark is, in the view of someone who faces some way and turns."""
    target, faced = rng.sample(range(4), 2)
    turns = [rng.choice((1, 2, 3)) for _ in range(rng.randint(1, 2))]
    name = rng.choice(NAMES)
    place, other = rng.sample(words.LANDMARKS, 2)
    by_landmark = rng.random() < 0.5
    told = [f"{name} stands in the middle of a square. The {place} is on its {words.COMPASS[target]} side"]
    if by_landmark:
        told.append(
            f" and the {other} on its {words.COMPASS[faced]} side. At first {name} faces the {other},"
        )
    else:
        told.append(f". At first {name} faces {words.COMPASS[faced]},")
    told.append(" then turns " + ", then turns ".join(words.TURNS[turn] for turn in turns) + ".")
    heading = (faced + sum(turns)) % 4
    sides = ("in front", "on the right", "behind", "on the left")
    gold = sides[(target - heading) % 4]
    return draft_of(
        f"side_in_view {target} {faced} {turns}",
        "".join(told),
        f"Where is the {place} now, as {name} sees it?",
        [gold, *(s for s in sides if s != gold)],
        f"{name} now faces {words.COMPASS[heading]}, and the {place} is in the {words.COMPASS[target]}.",
    )


def _opposite_seats(rng: random.Random) -> Draft:
    """Two people face each other: which thing is on a side, told from either seat."""
    a, b = rng.sample(NAMES, 2)
    sides = rng.sample(list(words.TABLE_SIDES), 4)
    asked, is_told, is_swapped = sides[0], rng.random() < 0.5, rng.random() < 0.5
    things = dict(zip(sides, rng.sample(words.THINGS, 4), strict=True))
    views = {side: 1 if side == asked else rng.randrange(2) for side in words.TABLE_SIDES}
    told = [
        f"The {things[s]} is {words.TABLE_SIDES[s][views[s]].format(a=a, b=b)}."
        for s in sides
        if s != asked or is_told
    ]
    rng.shuffle(told)
    if not is_told:
        told.append(f"The {things[asked]} is on the remaining side.")
    if is_swapped:
        told.append("Then the two change seats, and the things stay where they are.")
    first, second = rng.sample((a, b), 2)
    where = words.TABLE_SIDES[asked][0].format(a=b if is_swapped else a, b=a if is_swapped else b)
    before = words.TABLE_SIDES[asked][0].format(a=a, b=b)
    turned = words.TABLE_SIDES[asked][1].format(a=a, b=b)
    steps = f"What is {before} is {turned}."
    if is_swapped:
        steps = f"What is {where} now was {before} at first. {steps}"
    return draft_of(
        f"opposite_seats {asked} {views} {is_told} {is_swapped}",
        f"{first} and {second} sit opposite each other at a square table, with one thing on each side of it. "
        + " ".join(told),
        f"Which thing is {where}{' now' if is_swapped else ''}?",
        [things[side] for side in sides],
        steps,
    )


def _grid_path(rng: random.Random) -> Draft:
    """Nine things on three shelves: what is reached by some moves."""
    x, y = start = (rng.randrange(3), rng.randrange(3))
    things = rng.sample(words.THINGS, 9)
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
        f"From the {origin}: {', '.join(out)}.",
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
    villages = rng.sample(words.VILLAGES, len(moves) + 1)
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
        [str(d) for d in distances],
        f"{', '.join(sums)}.",
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
        f"From {people[start]} one comes to {path}.",
    )


FAMILIES: tuple[Family, ...] = (
    Family("row_order", _row_order),
    Family("compass_corner", _compass_corner),
    Family("walk_end", _walk_end),
    Family("facing", _facing),
    Family("side_in_view", _side_in_view),
    Family("opposite_seats", _opposite_seats),
    Family("grid_path", _grid_path),
    Family("road_distance", _road_distance),
    Family("round_table", _round_table),
    Family("carried_along", carried_along),
    Family("photo_moves", photo_moves),
    Family("way_back", way_back),
    Family("stack_moves", stack_moves),
)
"""All families, each a way of thinking about space."""
