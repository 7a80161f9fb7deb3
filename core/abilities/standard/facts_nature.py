"""Facts about animals and the human body."""

from __future__ import annotations

ANIMAL_CLASSES: dict[str, tuple[str, ...]] = {
    "mammal": (
        "bat", "beaver", "dolphin", "dormouse", "dugong", "echidna", "hedgehog", "koala", "manatee", "mole",
        "otter", "pangolin", "platypus", "porpoise", "sea lion", "shrew", "sloth", "walrus", "wombat", "yak",
    ),
    "bird": (
        "albatross", "bittern", "cassowary", "cormorant", "emu", "grebe", "heron", "hoopoe", "ibis", "jay",
        "kingfisher", "kiwi", "lapwing", "ostrich", "penguin", "puffin", "rhea", "swift", "vulture", "wren",
    ),
    "reptile": (
        "adder", "alligator", "anaconda", "boa constrictor", "caiman", "chameleon", "cobra", "crocodile",
        "gecko", "gharial", "iguana", "Komodo dragon", "python", "rattlesnake", "skink", "slow-worm",
        "terrapin", "tortoise", "tuatara", "viper",
    ),
    "amphibian": (
        "axolotl", "bullfrog", "caecilian", "cane toad", "fire salamander", "hellbender", "marsh frog",
        "midwife toad", "mudpuppy", "natterjack", "newt", "olm", "poison dart frog", "spadefoot",
        "spring peeper", "tree frog",
    ),
    "fish": (
        "anchovy", "barracuda", "carp", "cod", "eel", "flounder", "grouper", "halibut", "herring", "mackerel",
        "moray", "perch", "pike", "pufferfish", "salmon", "seahorse", "stingray", "sturgeon", "swordfish",
        "trout",
    ),
    "insect": (
        "ant", "aphid", "bumblebee", "cicada", "cockroach", "cricket", "dragonfly", "earwig", "firefly",
        "flea", "hornet", "lacewing", "ladybug", "locust", "louse", "mayfly", "mosquito", "moth", "stonefly",
        "termite",
    ),
    "mollusk": (
        "abalone", "chiton", "clam", "cockle", "conch", "cuttlefish", "limpet", "mussel", "nautilus",
        "octopus", "oyster", "periwinkle", "scallop", "slug", "snail", "squid", "whelk",
    ),
    "crustacean": (
        "barnacle", "brine shrimp", "crayfish", "fiddler crab", "hermit crab", "krill", "langoustine",
        "lobster", "mantis shrimp", "pill bug", "prawn", "water flea", "woodlouse",
    ),
}  # fmt: skip
"""Members of eight classes of animals, which share none."""

YOUNG_ANIMALS: tuple[tuple[str, str], ...] = (
    ("cow", "calf"), ("bison", "calf"), ("elephant", "calf"), ("giraffe", "calf"), ("hippopotamus", "calf"),
    ("rhinoceros", "calf"), ("moose", "calf"), ("whale", "calf"), ("dolphin", "calf"), ("manatee", "calf"),
    ("horse", "foal"), ("donkey", "foal"), ("zebra", "foal"), ("sheep", "lamb"), ("goat", "kid"),
    ("white-tailed deer", "fawn"), ("fallow deer", "fawn"), ("lion", "cub"), ("tiger", "cub"),
    ("bear", "cub"), ("leopard", "cub"), ("cheetah", "cub"), ("kangaroo", "joey"), ("wallaby", "joey"),
    ("koala", "joey"), ("wombat", "joey"), ("opossum", "joey"), ("llama", "cria"), ("alpaca", "cria"),
    ("vicuña", "cria"), ("hare", "leveret"), ("swan", "cygnet"), ("goose", "gosling"), ("pigeon", "squab"),
    ("turkey", "poult"), ("frog", "tadpole"), ("toad", "tadpole"), ("butterfly", "caterpillar"),
    ("moth", "caterpillar"), ("housefly", "maggot"), ("blowfly", "maggot"), ("eel", "elver"),
    ("salmon", "smolt"), ("dog", "puppy"), ("cat", "kitten"),
)  # fmt: skip
"""Animal and the word for its young; no animal's young has another of these names too."""

ANIMAL_WORDS: tuple[tuple[str, str], ...] = (
    ("cygnet", "swan"), ("gosling", "goose"), ("gander", "goose"), ("anserine", "goose"), ("drake", "duck"),
    ("squab", "pigeon"), ("tercel", "falcon"), ("eyas", "falcon"), ("aquiline", "eagle"),
    ("corvine", "crow"), ("leveret", "hare"), ("warren", "rabbit"), ("hutch", "rabbit"), ("vixen", "fox"),
    ("vulpine", "fox"), ("lupine", "wolf"), ("ursine", "bear"), ("leonine", "lion"), ("stallion", "horse"),
    ("mare", "horse"), ("filly", "horse"), ("equine", "horse"), ("ewe", "sheep"), ("ram", "sheep"),
    ("ovine", "sheep"), ("heifer", "cow"), ("bullock", "cow"), ("byre", "cow"), ("bovine", "cow"),
    ("sty", "pig"), ("shoat", "pig"), ("porcine", "pig"), ("nanny", "goat"), ("hircine", "goat"),
    ("fawn", "deer"), ("stag", "deer"), ("hind", "deer"), ("cervine", "deer"), ("sett", "badger"),
    ("drey", "squirrel"), ("sciurine", "squirrel"), ("holt", "otter"), ("lutrine", "otter"),
    ("lodge", "beaver"), ("joey", "kangaroo"), ("cria", "llama"), ("simian", "ape"), ("murine", "mouse"),
    ("phocine", "seal"), ("serpentine", "snake"), ("tadpole", "frog"), ("ranine", "frog"), ("elver", "eel"),
    ("smolt", "salmon"), ("hive", "bee"), ("apiary", "bee"), ("vespiary", "wasp"), ("formicary", "ant"),
    ("nit", "louse"),
)  # fmt: skip
"""Word for a young, male or female animal, its home or its likeness, and the one animal here that it fits."""

BODY_PARTS: tuple[tuple[str, str], ...] = (
    ("pumps the blood through the body", "heart"),
    ("makes insulin", "pancreas"),
    ("makes bile", "liver"),
    ("stores bile until it is needed", "gallbladder"),
    ("filters the blood and makes urine", "kidney"),
    ("stores urine", "bladder"),
    ("passes oxygen from the inhaled air to the blood", "lung"),
    ("mixes food with strong acid", "stomach"),
    ("absorbs most of the nutrients from food", "small intestine"),
    ("takes water out of undigested food", "large intestine"),
    ("carries food from the throat to the stomach", "esophagus"),
    ("carries air from the larynx down to the chest", "trachea"),
    ("holds the vocal cords", "larynx"),
    ("closes over the windpipe when one swallows", "epiglottis"),
    ("coordinates movement and balance, below the back of the large brain", "cerebellum"),
    ("makes the hormone melatonin", "pineal gland"),
    ("makes cortisol, on top of a kidney", "adrenal gland"),
    ("makes hormones that contain iodine", "thyroid gland"),
    ("makes growth hormone, at the base of the brain", "pituitary gland"),
    ("lets T cells mature", "thymus"),
    ("removes worn-out red blood cells, to the left of the stomach", "spleen"),
    ("makes the blood cells of an adult", "bone marrow"),
    ("is the largest organ of the human body", "skin"),
    ("changes its shape to focus light in the eye", "lens"),
    ("holds the rods and cones of the eye", "retina"),
    ("widens and narrows the pupil", "iris"),
    ("is the clear window at the very front of the eye", "cornea"),
    ("carries signals from the eye to the brain", "optic nerve"),
    ("turns sound into nerve signals, in a spiral of the inner ear", "cochlea"),
    ("separates the ear canal from the middle ear", "eardrum"),
    ("drives breathing, between chest and abdomen", "diaphragm"),
    ("takes the blood straight from the left ventricle", "aorta"),
    ("holds the unborn child", "uterus"),
    ("releases egg cells", "ovary"),
    ("lies in the thigh as the longest bone", "femur"),
    ("covers the front of the knee joint as a bone", "patella"),
    ("joins the breastbone to the shoulder blade", "clavicle"),
    ("is also known as the shoulder blade", "scapula"),
    ("is also known as the breastbone", "sternum"),
    ("is the bone of the upper arm", "humerus"),
    ("is the bone of the lower jaw", "mandible"),
    ("is also known as the shinbone", "tibia"),
    ("is the thinner bone of the lower leg", "fibula"),
    ("is the smallest bone, in the middle ear", "stapes"),
    ("is the bone of the forearm on the thumb's side", "radius"),
    ("is the bone of the forearm on the little finger's side", "ulna"),
    ("is also known as the heel bone", "calcaneus"),
    ("is also known as the tailbone", "coccyx"),
    ("ties the calf muscles to the heel", "Achilles tendon"),
    ("straightens the elbow, at the back of the upper arm", "triceps"),
    ("bends the elbow, at the front of the upper arm", "biceps"),
    ("straightens the knee, at the front of the thigh", "quadriceps"),
)
"""What is true of one part of the body (after "the part that"), and that part."""
