"""Word tables for the spatial items: things, places, and how a position or a move is told."""

from __future__ import annotations

THINGS: tuple[str, ...] = (
    "vase", "clock", "lamp", "mug", "radio", "candle", "bowl", "basket", "teapot", "globe", "camera",
    "trophy", "jar", "kettle", "mirror", "statue", "puppet", "violin", "helmet", "lantern", "telescope",
)  # fmt: skip
"""Things that stand on a shelf or a table."""

SMALL_THINGS: tuple[str, ...] = (
    "ring", "key", "coin", "letter", "watch", "pearl", "ticket", "button", "whistle", "map", "photo",
)  # fmt: skip
"""Things that fit into a container."""

CONTAINERS: tuple[str, ...] = ("box", "basket", "suitcase", "chest", "bag", "crate", "bucket", "tin")
"""What is carried with what lies in it."""

ROOMS: tuple[str, ...] = (
    "kitchen", "cellar", "attic", "garage", "bathroom", "bedroom", "study", "hall", "library", "pantry",
)  # fmt: skip
"""Where containers stand."""

LANDMARKS: tuple[str, ...] = (
    "church", "mill", "school", "station", "museum", "bakery", "library", "bank", "theatre", "hotel",
    "market", "castle", "harbour", "stadium", "fountain", "park", "pharmacy",
)  # fmt: skip
"""Places in a town."""

VILLAGES: tuple[str, ...] = (
    "Ashford", "Birchwood", "Coldwell", "Dunmore", "Elmhurst", "Fernley", "Greyfield", "Hazelton", "Kingsby",
    "Larkhill", "Millbrook", "Northam", "Oakham", "Redcliff", "Stonebridge", "Thornby", "Westbury", "Yarrow",
)  # fmt: skip
"""Names of villages."""

COLOURS: tuple[str, ...] = (
    "red",
    "blue",
    "green",
    "yellow",
    "white",
    "black",
    "orange",
    "purple",
    "brown",
    "grey",
)
"""Colours of blocks."""

COMPASS: tuple[str, ...] = ("north", "east", "south", "west")
"""The four directions, clockwise."""

TURNS: tuple[str, ...] = ("straight", "right", "around", "left")
"""Turns by the number of quarter turns clockwise."""

ROW_CLUES: dict[str, tuple[str, ...]] = {
    "first": ("The {a} is the one farthest to the left.", "Nothing stands to the left of the {a}."),
    "last": ("The {a} is the one farthest to the right.", "Nothing stands to the right of the {a}."),
    "before": (
        "The {a} is somewhere to the left of the {b}.",
        "The {b} is somewhere to the right of the {a}.",
    ),
    "next": ("The {a} is directly to the left of the {b}.", "The {b} is directly to the right of the {a}."),
    "apart": (
        "Exactly one thing stands between the {a} and the {b}.",
        "Between the {b} and the {a} there is exactly one other thing.",
    ),
}
"""How each kind of clue is told of a row, from left to right."""

ROW_PLACES: tuple[str, ...] = (
    "farthest to the left",
    "second from the left",
    "second from the right",
    "farthest to the right",
)
"""The four places of a row."""

TABLE_SIDES: dict[str, tuple[str, ...]] = {
    "left": ("on {a}'s left", "on {b}'s right"),
    "right": ("on {a}'s right", "on {b}'s left"),
    "near": ("closest to {a}", "farthest from {b}"),
    "far": ("farthest from {a}", "closest to {b}"),
}
"""The four sides of a table, as seen from a and from b, who sit opposite each other."""

PHOTO_MOVES: dict[str, str] = {
    "clockwise": "rotated a quarter turn clockwise",
    "counterclockwise": "rotated a quarter turn counterclockwise",
    "half": "rotated by half a turn",
    "sideways": "mirrored so that left and right change places",
    "upside": "mirrored so that top and bottom change places",
}
"""What is done to a picture on a screen."""

STACK_MOVES: dict[str, str] = {
    "top down": "the top block is put under all the others",
    "bottom up": "the bottom block is put on top of all the others",
    "swap top": "the two upper blocks change places",
    "swap bottom": "the two lower blocks change places",
    "swap middle": "the two middle blocks change places",
    "reverse": "the whole stack is turned upside down",
}
"""What is done to a stack of four blocks."""

STACK_PLACES: tuple[str, ...] = (
    "at the very bottom",
    "second from the bottom",
    "second from the top",
    "on top",
)
"""The four places of a stack, from the bottom."""
