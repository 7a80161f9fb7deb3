"""Words for the items of inductive reasoning: things with something in common, figures, a language."""

from __future__ import annotations

COMMON: dict[str, tuple[str, tuple[str, ...]]] = {
    "yellow": (
        "food plant yellow",
        (
            "lemon", "banana", "egg yolk", "sunflower", "mustard",
            "dandelion", "sweetcorn", "daffodil", "custard",
        ),
    ),
    "red": (
        "food plant traffic",
        ("tomato", "strawberry", "cherry", "ketchup", "ruby", "blood", "poppy", "raspberry", "stop sign"),
    ),
    "wheels": (
        "traffic clothes",
        (
            "bicycle", "car", "tram", "pram", "roller skate",
            "wheelbarrow", "bus", "tractor", "skateboard", "lorry",
        ),
    ),
    "flies": (
        "animal",
        ("eagle", "bee", "butterfly", "bat", "mosquito", "swallow", "moth", "dragonfly", "owl", "seagull"),
    ),
    "lives in water": (
        "animal food",
        (
            "shark", "trout", "octopus", "crab", "dolphin",
            "jellyfish", "lobster", "whale", "squid", "seahorse",
        ),
    ),
    "cuts": (
        "tool",
        ("knife", "razor", "scissors", "axe", "sword", "saw", "dagger", "scalpel", "scythe", "guillotine"),
    ),
    "gives light": (
        "hot building yellow",
        ("candle", "lantern", "torch", "sun", "light bulb", "lighthouse", "bonfire", "headlight", "star"),
    ),
    "cold": (
        "food building home",
        ("ice cube", "snowman", "freezer", "glacier", "hailstone", "iceberg", "sorbet", "icicle", "igloo"),
    ),
    "measures": (
        "tool",
        ("ruler", "thermometer", "clock", "scales", "stopwatch", "barometer", "tape measure", "sundial"),
    ),
    "on the head": (
        "clothes",
        ("hat", "crown", "helmet", "cap", "turban", "beret", "wig", "bonnet", "tiara", "headscarf"),
    ),
    "on the feet": (
        "clothes",
        ("boot", "sandal", "slipper", "sock", "clog", "trainer", "flip-flop", "moccasin", "high heel"),
    ),
    "paper": (
        "paper",
        (
            "newspaper", "envelope", "banknote", "postcard", "map",
            "ticket", "notebook", "calendar", "magazine",
        ),
    ),
    "makes music": (
        "sound",
        ("violin", "drum", "flute", "trumpet", "harp", "guitar", "piano", "clarinet", "accordion", "banjo"),
    ),
    "sticky": (
        "food",
        ("glue", "honey", "jam", "adhesive tape", "toffee", "tar", "syrup", "resin", "chewing gum"),
    ),
    "building": (
        "building",
        ("castle", "church", "barn", "hospital", "school", "palace", "cottage", "factory", "hotel", "temple"),
    ),
    "heals": (
        "person",
        ("doctor", "nurse", "dentist", "surgeon", "vet", "paramedic", "pharmacist", "midwife"),
    ),
    "relative": (
        "person",
        ("aunt", "uncle", "cousin", "niece", "nephew", "sister", "grandfather", "brother", "grandmother"),
    ),
    "metal": (
        "yellow",
        ("iron", "gold", "copper", "silver", "tin", "lead", "zinc", "nickel", "aluminium", "platinum"),
    ),
    "joint or limb": (
        "body",
        ("knee", "elbow", "ankle", "wrist", "shoulder", "arm", "leg", "hip", "thumb", "toe"),
    ),
    "feeling": (
        "mind",
        ("joy", "anger", "fear", "envy", "pride", "grief", "shame", "love", "boredom", "relief"),
    ),
    "grows underground": (
        "food plant",
        ("potato", "carrot", "turnip", "radish", "beetroot", "parsnip", "ginger", "peanut", "truffle"),
    ),
    "tree": (
        "plant",
        ("oak", "birch", "willow", "pine", "maple", "beech", "cedar", "poplar", "larch", "elm"),
    ),
    "game": (
        "game",
        ("chess", "draughts", "poker", "dominoes", "roulette", "backgammon", "ludo", "snakes and ladders"),
    ),
    "loud": (
        "sound hot",
        ("thunder", "siren", "explosion", "jackhammer", "alarm bell", "gunshot", "foghorn", "firework"),
    ),
    "furniture": (
        "home",
        ("table", "chair", "sofa", "wardrobe", "bookcase", "armchair", "desk", "stool", "bed", "bench"),
    ),
    "holds drink": (
        "home tool",
        ("cup", "mug", "glass", "bottle", "jug", "flask", "goblet", "carafe", "tankard", "thermos"),
    ),
}  # fmt: skip
"""Things by what they have in common, with the fields that they touch: things of two rows that touch the
same field are never in one item, since something else might then be common to them."""

COLOURS: tuple[str, ...] = ("red", "blue", "green", "yellow", "white", "black", "orange", "purple", "pink")
"""Colours of figures."""

SHAPES: tuple[str, ...] = ("circle", "square", "triangle", "star", "heart", "diamond", "hexagon", "arrow")
"""Shapes of figures; the plural takes an s, the article is put before the size or the colour."""

FEATURES: dict[str, tuple[str, ...]] = {
    "size": ("small", "large", "huge", "tiny"),
    "colour": ("red", "blue", "green", "yellow", "white", "black"),
    "pattern": ("striped", "dotted", "plain", "chequered"),
    "shape": SHAPES,
}
"""Features of a figure in the order in which they are said; no value begins with a vowel before shape."""

NOUNS: tuple[str, ...] = (
    "dog", "bird", "tree", "house", "boat", "stone", "river", "horse", "goat", "king", "spoon", "road",
    "flower", "bridge", "ship", "cow",
)  # fmt: skip
"""Nouns whose plural takes an s."""

ADJECTIVES: tuple[str, ...] = ("red", "old", "big", "white", "small", "young", "new", "black", "good", "tall")
"""Adjectives that go with any of the nouns."""

FOREIGN: tuple[str, ...] = (
    "mika", "tolo", "sune", "raki", "velo", "pamu", "dori", "kesa", "luno", "baki", "fero", "nadu", "zimo",
    "hane", "gulo", "wiri", "jomu", "seta", "poli", "tuka",
)  # fmt: skip
"""Stems of an invented language."""

AFFIXES: tuple[str, ...] = (
    "ba",
    "do",
    "fi",
    "gu",
    "ke",
    "lo",
    "mi",
    "nu",
    "pa",
    "ri",
    "so",
    "tu",
    "ve",
    "za",
)
"""Affixes of an invented language."""
