"""Spatial families in which things are moved or turned: what is where afterwards."""

from __future__ import annotations

import random

from core.abilities.drafting import NAMES, capital, draft_of, families, listed
from core.abilities.item import Draft
from core.abilities.tables import read_tables

TABLES = read_tables("standard/spatial_reasoning")
ROOMS, CONTAINERS, THINGS = TABLES["rooms"].texts, TABLES["containers"].texts, TABLES["small things"].texts
LANDMARKS, COLOURS = TABLES["landmarks"].texts, TABLES["colours"].texts
PHOTO_MOVES, STACK_MOVES = dict(TABLES["photo moves"].pairs), dict(TABLES["stack moves"].pairs)
STACK_POSITIONS = TABLES["stack positions"].texts


def _carried_along(rng: random.Random) -> Draft:
    """Two containers are carried about and their contents moved: the room that a thing ends in."""
    rooms, boxes = rng.sample(ROOMS, 4), rng.sample(CONTAINERS, 2)
    things = rng.sample(THINGS, 2)
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
    """A picture is rotated and mirrored: the corner that a star ends in."""
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
    """The turns of a way there: the turns of the way back."""
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
    """Blocks in a stack change places: which has a position at the end."""
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


MOVES = families(_carried_along, _photo_moves, _way_back, _stack_moves)
"""The families in which things are moved or turned."""
