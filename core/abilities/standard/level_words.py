"""Chains of kinds and of parts, and scales of degree, for the semantic relations."""

from __future__ import annotations

from core.abilities.standard.tables import rows

KINDS = rows("""
poodle | dog | mammal | vertebrate | animal
cobra | snake | reptile | vertebrate | animal
barn owl | owl | bird of prey | bird | animal
stag beetle | beetle | insect | arthropod | animal
tiger | big cat | carnivore | mammal | living thing
rainbow trout | trout | fish | vertebrate | living being
red oak | oak | broad-leaved tree | tree | plant
Granny Smith | apple | fruit | food | merchandise
espresso | coffee | hot drink | drink | foodstuff
Chardonnay | white wine | wine | alcoholic drink | liquid
sports car | car | motor vehicle | vehicle | machine
racing bike | bicycle | two-wheeler | vehicle | means of transport
bread knife | knife | cutting tool | tool | object
armchair | chair | seat | furniture | household goods
skyscraper | high-rise | building | structure | man-made thing
Stradivarius | violin | string instrument | musical instrument | instrument
love sonnet | sonnet | poem | literary work | text
detective story | crime novel | novel | book | publication
heart surgeon | surgeon | doctor | professional | person
rage | anger | emotion | mental state | state
ankle boot | boot | shoe | footwear | clothing
Viennese waltz | waltz | ballroom dance | dance | movement
malaria | infection | disease | disorder | condition
square | rectangle | quadrilateral | polygon | shape
prime number | natural number | integer | number | mathematical object
""")
"""Chains in which each word names a kind of the next one."""

PARTS = rows("""
fingernail | finger | hand | arm | body
eyelash | eyelid | eye | face | head
letter | word | sentence | paragraph | chapter
verse line | stanza | poem | anthology | library
second | minute | hour | day | week
shot | scene | episode | season | television series
room | flat | block of flats | street | town
village | district | province | country | continent
moon | planetary system | solar system | galaxy | universe
spoke | wheel | bicycle | peloton | bicycle race
soldier | squad | platoon | battalion | army
pupil | class | year group | school | school district
atom | molecule | cell | organ | organism
petal | flower | branch | tree | forest
pixel | letter on the screen | line of text | page | document
point | game | set | tennis match | tournament
brick | wall | house | estate | suburb
thread | cloth | sleeve | shirt | outfit
note | bar | movement | symphony | concert
button | keypad | telephone | office | company headquarters
feather | wing | bird | flock | bird population
tooth | lower jaw | skull | skeleton | human being
drop | wave | sea | hydrosphere | Earth
keyhole | lock | door | house front | row of houses
""")
"""Chains in which each word names a part of the next one."""

UP = (
    "the next step up from “{w}”",
    "one level above “{w}”",
    "what comes directly after “{w}” on the way up",
)
"""Wordings for the next word of a chain."""

DOWN = (
    "the next step down from “{w}”",
    "one level below “{w}”",
    "what comes directly before “{w}” on the way up",
)
"""Wordings for the previous word of a chain."""

SCALES = rows("""
freezing | cool | warm | hot
never | seldom | often | always
none | few | many | all
impossible | unlikely | likely | certain
tiny | small | large | gigantic
whisper | murmur | speak | shout
overlook | glance at | look at | scrutinise
dislike | tolerate | like | adore
hate | dislike | like | love
terrible | poor | good | excellent
crawl | walk | jog | sprint
dry | damp | wet | soaked
no rain at all | drizzle | steady rain | cloudburst
breeze | wind | storm | hurricane
calm | irritated | angry | furious
content | happy | delighted | ecstatic
carefree | uneasy | afraid | terrified
full | peckish | hungry | starving
broke | hard up | well off | filthy rich
request | urge | demand | compel
suspect | believe | be convinced | know for certain
cottage | house | mansion | palace
hamlet | village | town | metropolis
pebble | stone | rock | mountain
forbidden | discouraged | allowed | compulsory
novice | learner | skilled worker | master
smile | chuckle | laugh | roar with laughter
soft | firm | hard | as hard as rock
acquaintance | friend | close friend | best friend in the world
nibble at | eat | gobble | devour whole
sip | drink | gulp | drain in one go
drowsy | asleep | fast asleep | in a deep coma
spark | flame | blaze | inferno
soundless | quiet | loud | deafening
slightly | fairly | very | extremely
baby | toddler | teenager | adult
pale pink | pink | red | deep crimson
mediocre | decent | great | sublime
tap | knock | hammer | smash
scratch | cut | deep wound | lost limb
quarrel | brawl | battle | world war
worthless | cheap | costly | priceless
dim | bright | glaring | blinding
stupid | average | clever | brilliant
unknown | little known | well known | world-famous
clumsy | able | skilled | masterly
drip | trickle | stream | torrent
""")
"""Four words from the least to the most."""

RANKS = (
    ("the weakest or smallest of the four", "the one that comes first", "the word below the three others"),
    (
        "the second from the bottom",
        "the one with exactly one weaker or smaller word",
        "number two of the four",
    ),
    (
        "the second from the top",
        "the one with exactly two weaker or smaller words",
        "number three of the four",
    ),
    ("the strongest or largest of the four", "the one that comes last", "the word above the three others"),
)
"""Wordings for the places on a scale."""
