"""Word tables for the quantitative items: kinds of thing, and small scenes with places for numbers."""

from __future__ import annotations

KINDS: dict[str, tuple[str, ...]] = {
    "fruit": (
        "apple", "pear", "plum", "cherry", "banana", "peach", "mango", "lemon", "grape", "melon", "fig",
    ),
    "animals": (
        "dog", "cow", "horse", "goat", "rabbit", "tiger", "zebra", "fox", "camel", "otter", "bear",
    ),
    "tools": (
        "hammer", "saw", "screwdriver", "drill", "spade", "rake", "axe", "chisel", "wrench", "mallet",
    ),
    "pieces of clothing": (
        "shirt", "coat", "scarf", "skirt", "sweater", "hat", "jacket", "sock", "dress", "glove", "blouse",
    ),
    "musical instruments": (
        "violin", "flute", "trumpet", "piano", "drum", "harp", "guitar", "cello", "oboe", "banjo", "tuba",
    ),
    "vehicles": (
        "car", "bus", "truck", "tram", "van", "tractor", "bicycle", "scooter", "taxi", "ambulance", "moped",
    ),
    "pieces of furniture": (
        "chair", "table", "sofa", "bed", "wardrobe", "desk", "bookcase", "armchair", "stool", "dresser",
    ),
}  # fmt: skip
"""Kinds of thing and their members; no member belongs to two kinds."""

PICTURE_SCENES: tuple[str, ...] = (
    "A page of a picture book shows {things}.",
    "{name} cut these pictures out of a magazine: {things}.",
    "The cards that {name} drew from the pack show {things}.",
    "Painted on the wall of the nursery are {things}.",
    "{name} has stamps with pictures of {things}.",
)
"""Where things of all kinds are seen together."""

TALLY_SCENES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "{name} noted the colour of each car that passed: {marks}.",
        "How many of the cars were {mark}?",
        ("red", "blue", "white", "black", "silver", "green"),
    ),
    (
        "{name} kept a record of the weather, one word a day: {marks}.",
        "How many of the days were {mark}?",
        ("sunny", "rainy", "cloudy", "windy", "foggy"),
    ),
    (
        "At the bird table {name} wrote down every visitor in turn: {marks}.",
        "How many times was the visitor a {mark}?",
        ("robin", "sparrow", "finch", "magpie", "wren", "blackbird"),
    ),
    (
        "The guests ordered one after another, and {name} wrote: {marks}.",
        "How many of the orders were for {mark}?",
        ("soup", "salad", "pasta", "rice", "fish"),
    ),
    (
        "{name} threads beads on a string in this order: {marks}.",
        "How many of the beads are {mark}?",
        ("yellow", "purple", "orange", "pink", "brown"),
    ),
)
"""A record (`{marks}`), what is asked of it, and the words that it is made of."""

MEASURE_SCENES: tuple[tuple[str, str, str, str], ...] = (
    ("These are the heights of the children in centimetres: {values}.", "taller than", "shorter than", "cm"),
    ("The test results were as follows: {values}.", "above", "below", "points"),
    (
        "The parcels on the scales had these weights in kilograms: {values}.",
        "heavier than",
        "lighter than",
        "kg",
    ),
    ("The club wrote down the ages of its members: {values}.", "older than", "younger than", "years"),
)
"""A list of named values, the words for more and for less, and the unit."""

TOTAL_SCENES: tuple[tuple[str, str], ...] = (
    (
        "On the last {count} days the museum shop sold {values} postcards.",
        "How many postcards did it sell in all?",
    ),
    (
        "{name} drove {values} kilometres on the {count} parts of the trip.",
        "How many kilometres was the whole trip?",
    ),
    ("The {count} classes of the school have {values} pupils.", "How many pupils are there altogether?"),
    ("{name} read {values} pages on {count} evenings.", "How many pages is that in total?"),
    ("The {count} shelves of the bookcase hold {values} books.", "How many books does the bookcase hold?"),
)
"""Lists of numbers to add, and the question."""

CHANGE_SCENES: tuple[tuple[str, tuple[str, ...], tuple[str, ...], str], ...] = (
    (
        "A bus sets out with {n} passengers.",
        ("At the next stop {n} people get on.", "Outside the hospital {n} people get on."),
        ("At the market {n} people get off.", "At the bridge {n} people get off."),
        "How many passengers are on the bus now?",
    ),
    (
        "In the morning the car park holds {n} cars.",
        ("Then {n} cars drive in.", "After a while {n} more cars arrive."),
        ("Some time later {n} cars leave.", "After that {n} cars drive away."),
        "How many cars are in the car park at the end?",
    ),
    (
        "{name} has {n} stamps in an album.",
        ("A cousin gives {name} {n} stamps.", "At a fair {name} buys {n} stamps."),
        ("Then {name} sells {n} stamps.", "A friend gets {n} stamps from {name}."),
        "How many stamps does {name} have in the end?",
    ),
    (
        "A baker starts the day with {n} rolls.",
        ("From the oven come {n} more rolls.", "A fresh batch brings {n} rolls."),
        ("A café takes {n} rolls.", "Walk-in customers buy {n} rolls."),
        "How many rolls does the baker have left?",
    ),
)
"""A start, gains, losses, and the question."""

RANGE_SCENES: tuple[tuple[str, str], ...] = (
    (
        "The hikers walked {values} kilometres.",
        "By how many kilometres does the longest walk exceed the shortest?",
    ),
    (
        "The trees in the park are {values} metres tall.",
        "How many metres taller is the tallest than the shortest?",
    ),
    ("The players scored {values} points.", "How many points lie between the best score and the worst?"),
    (
        "The guests at the party are {values} years old.",
        "How many years older is the oldest than the youngest?",
    ),
)
"""Lists of numbers whose extremes are compared."""

PAIR_SCENES: tuple[tuple[str, str, str], ...] = (
    (
        "{name} picked {a} apples in the morning and {b} in the afternoon.",
        "Who picked the most apples that day?",
        "Who picked the fewest apples that day?",
    ),
    (
        "{name} read {a} pages on Saturday and {b} on Sunday.",
        "Who read the most pages at the weekend?",
        "Who read the fewest pages at the weekend?",
    ),
    (
        "{name} scored {a} points in the first round and {b} in the second.",
        "Who scored the most points in the two rounds?",
        "Who scored the fewest points in the two rounds?",
    ),
    (
        "{name} sold {a} tickets by phone and {b} at the door.",
        "Who sold the most tickets?",
        "Who sold the fewest tickets?",
    ),
)
"""A person's two amounts, the question for the most and for the least."""

CHAIN_NOUNS: tuple[str, ...] = ("marbles", "stickers", "books", "shells", "postcards", "coins", "badges")
"""What people have more or fewer of."""

RATIO_SCENES: tuple[tuple[str, str], ...] = (
    (
        "A recipe takes {a} cups of flour for every {b} cups of milk. {name} uses {x} cups of flour.",
        "How many cups of milk are needed?",
    ),
    (
        "A fabric has {a} white stripes for every {b} black ones. A piece of it has {x} white stripes.",
        "How many black stripes does the piece have?",
    ),
    (
        "For every {a} adults on the trip, {b} children may come along. There are {x} adults.",
        "How many children may come along?",
    ),
    (
        "{name} mixes paint from {a} parts of blue and {b} parts of yellow. Today {x} litres of blue go in.",
        "How many litres of yellow go in?",
    ),
)
"""Two amounts in a ratio a to b, and x of the first."""

PART_SCENES: tuple[tuple[str, str], ...] = (
    (
        "For every {a} red tulips in the bed there are {b} yellow ones. Altogether there are {x} tulips.",
        "How many of the tulips are red?",
    ),
    (
        "{name} and a partner share their winnings {a} to {b}. Together they won {x} dollars.",
        "How many dollars does {name} get?",
    ),
    (
        "In a choir there are {a} women to every {b} men. The choir has {x} members.",
        "How many women sing in it?",
    ),
    (
        "Out of every {whole} tickets, {a} are for children, the others for adults. {x} tickets were sold.",
        "How many tickets for children were sold?",
    ),
)
"""A ratio a to b (whole = a + b), and x as the total."""

GOODS: tuple[str, ...] = ("pen", "notebook", "candle", "mug", "ribbon", "postcard", "roll", "folder", "bulb")
"""What is bought by the piece; the plural takes an s."""

RATE_SCENES: tuple[tuple[str, str, str, str, str], ...] = (
    (
        "A machine fills {n} bottles in {t} minutes, always at the same pace. Today it {job}.",
        "runs for {x} minutes",
        "has to fill {x} bottles",
        "How many bottles does it fill today?",
        "How many minutes does it run today?",
    ),
    (
        "A printer prints {n} pages in {t} minutes and never slows down. This afternoon it {job}.",
        "prints for {x} minutes",
        "gets a job of {x} pages",
        "How many pages does it print this afternoon?",
        "How many minutes does it print this afternoon?",
    ),
    (
        "A cyclist covers {n} kilometres in {t} hours. On a tour at the same speed the cyclist {job}.",
        "rides for {x} hours",
        "covers {x} kilometres",
        "How many kilometres long is the tour?",
        "How many hours does the tour take?",
    ),
    (
        "A pump moves {n} litres of water in {t} minutes. To empty a tank, the same pump {job}.",
        "runs for {x} minutes",
        "moves {x} litres",
        "How many litres were in the tank?",
        "How many minutes does it run for that?",
    ),
)
"""A steady pace, what is to be done (for a time or up to an amount), and the question for each of the two."""

FRACTIONS: tuple[tuple[int, int, str], ...] = (
    (1, 2, "half"), (1, 3, "one third"), (2, 3, "two thirds"), (1, 4, "a quarter"), (3, 4, "three quarters"),
    (1, 5, "one fifth"), (2, 5, "two fifths"), (3, 5, "three fifths"), (1, 6, "one sixth"),
    (5, 6, "five sixths"), (3, 8, "three eighths"), (1, 10, "10 percent"), (3, 10, "30 percent"),
    (1, 5, "20 percent"), (1, 4, "25 percent"), (3, 4, "75 percent"), (2, 5, "40 percent"),
)  # fmt: skip
"""Numerator, denominator and words."""

FRACTION_SCENES: tuple[tuple[str, str, str], ...] = (
    (
        "A school has {x} pupils, and {part} of them come by bus.",
        "How many pupils come by bus?",
        "How many pupils do not come by bus?",
    ),
    (
        "Of the {x} seats in a theatre, {part} are taken.",
        "How many seats are taken?",
        "How many seats are free?",
    ),
    (
        "{name} has a book of {x} pages and has read {part} of it.",
        "How many pages has {name} read?",
        "How many pages are left to read?",
    ),
    (
        "Out of {x} eggs, {part} were sold at the market.",
        "How many eggs were sold?",
        "How many eggs were not sold?",
    ),
)
"""A whole x, its part, the question for the part and for the rest."""

MEAN_SCENES: tuple[tuple[str, str], ...] = (
    ("In {count} games a player scored {values} points.", "How many points is that on average?"),
    ("On {count} days {name} walked {values} minutes.", "How many minutes a day is that on average?"),
    ("The {count} boxes weigh {values} kilograms.", "What is their average weight in kilograms?"),
    ("{name} paid {values} dollars for {count} tickets.", "What did a ticket cost on average, in dollars?"),
)
"""Lists of numbers whose mean is asked."""

BOX_SCENES: tuple[tuple[str, str, str, str], ...] = (
    (
        "{name} packs {x} eggs into boxes of {size}.",
        "How many boxes can be filled completely?",
        "How many eggs are left over when the full boxes are packed?",
        "How many boxes are needed for all the eggs?",
    ),
    (
        "A club of {x} people goes rafting, and a raft carries {size} people.",
        "How many rafts can be filled completely?",
        "How many people are left over when the full rafts have left?",
        "How many rafts are needed to take everyone?",
    ),
    (
        "A gardener has {x} bulbs and plants them in rows of {size}.",
        "How many full rows are there?",
        "How many bulbs are left over after the full rows?",
        "How many rows are needed to plant every bulb?",
    ),
)
"""x things in groups of a size; questions for the full groups, the remainder and the groups needed."""

ROW_SCENES: tuple[tuple[str, str], ...] = (
    ("A hall has {a} rows of {b} seats. {c} seats are taken.", "How many seats are free?"),
    ("{name} bought {a} packs of {b} screws. {c} screws have been used.", "How many screws are left?"),
    ("A farmer filled {a} baskets with {b} apples each. {c} apples were sold.", "How many apples remain?"),
    (
        "A wall has {a} rows of {b} tiles. {c} tiles are already painted.",
        "How many tiles are not painted yet?",
    ),
)
"""a groups of b, of which c are gone."""
