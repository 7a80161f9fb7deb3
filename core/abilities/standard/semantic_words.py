"""Word tables of the semantic relations: related words, labelled pairs, categories, levels, scales."""

from __future__ import annotations

from core.abilities.standard.tables import blocks, rows

MISSING = "-"
"""A cell that has no good word."""

CLUES: tuple[tuple[str, ...], ...] = (
    (
        "another word for “{w}”",
        "a word that means the same as “{w}”",
        "a word that can stand in place of “{w}” and leaves the sense as it is",
    ),
    (
        "the very reverse of “{w}”",
        "a word with the contrary sense of “{w}”",
        "what stands at the other end from “{w}”",
    ),
    (
        "a more general word, of which “{w}” is one case among many",
        "the wider class that “{w}” falls under",
        "what “{w}” is a kind of",
    ),
    (
        "a special kind of what “{w}” stands for",
        "a narrower word, one of many that “{w}” takes in",
        "a word for one particular sort of “{w}”",
    ),
    (
        "one of the pieces of what is called “{w}”",
        "something that belongs to the make-up of what “{w}” names, as a bit of the whole",
        "a word for a component of what “{w}” stands for",
    ),
)
"""Wordings of the relations in RELATED, one tuple a column: same, opposite, class, kind, part."""

RELATED = rows("""
car       | automobile      | -         | vehicle            | convertible    | steering wheel
boat      | vessel          | -         | means of transport | canoe          | keel
aeroplane | plane           | -         | aircraft           | jumbo jet      | wing
bicycle   | bike            | -         | two-wheeler        | tandem         | pedal
lorry     | truck           | -         | vehicle            | tanker         | driver's cab
sofa      | couch           | -         | furniture          | love seat      | cushion
forest    | wood            | -         | habitat            | jungle         | tree
street    | road            | -         | way                | boulevard      | pavement
insect    | bug             | -         | animal             | beetle         | feeler
snake     | serpent         | -         | reptile            | cobra          | scale
pig       | hog             | -         | mammal             | wild boar      | snout
dog       | hound           | -         | mammal             | poodle         | paw
stomach   | belly           | -         | body part          | paunch         | lining
violin    | fiddle          | -         | instrument         | Stradivarius   | string
rabbit    | bunny           | -         | mammal             | Angora rabbit  | long ears
donkey    | ass             | -         | beast of burden    | jenny          | hoof
picture   | image           | -         | work of art        | portrait       | foreground
rich man  | wealthy man     | pauper    | person             | millionaire    | -
book      | volume          | -         | publication        | novel          | chapter
newspaper | daily           | -         | publication        | tabloid        | front page
shop      | store           | -         | business           | bakery         | counter
theatre   | playhouse       | -         | building           | opera house    | stage
house     | dwelling        | -         | building           | bungalow       | roof
hut       | cabin           | palace    | building           | log house      | door
prison    | jail            | -         | institution        | labour camp    | cell
school    | place of learning | -       | institution        | academy        | classroom
box       | case            | -         | container          | crate          | lid
film      | movie           | -         | work of art        | western        | scene
song      | tune            | -         | piece of music     | lullaby        | refrain
letter    | written message | -         | piece of writing   | love note      | salutation
telephone | phone           | -         | device             | smartphone     | receiver
fridge    | icebox          | -         | appliance          | minibar        | vegetable drawer
trousers  | pants           | -         | clothing           | jeans          | waistband
glasses   | spectacles      | -         | visual aid         | monocle        | lens
sea       | ocean           | dry land  | body of water      | Mediterranean  | wave
flower    | blossom         | -         | plant              | tulip          | petal
bush      | shrub           | -         | plant              | lilac          | twig
mountain  | peak            | valley    | landform           | volcano        | slope
clock     | timepiece       | -         | instrument         | sundial        | minute hand
army      | armed forces    | -         | organisation       | cavalry        | regiment
child     | kid             | adult     | person             | toddler        | -
friend    | pal             | enemy     | person             | pen friend     | -
giant     | titan           | dwarf     | creature           | Goliath        | -
victory   | triumph         | defeat    | outcome            | landslide      | -
joy       | delight         | sorrow    | emotion            | ecstasy        | -
love      | affection       | hatred    | emotion            | infatuation    | -
war       | armed conflict  | peace     | struggle           | crusade        | battle
exit      | way out         | entrance  | opening            | fire door      | door handle
boss      | superior        | subordinate | person           | foreman        | -
student   | learner         | teacher   | person             | freshman       | -
talk      | speech          | silence   | communication      | lecture        | sentence
fear      | dread           | courage   | emotion            | panic          | -
buyer     | purchaser       | seller    | person             | bargain hunter | -
drought   | dry spell       | flood     | disaster           | -              | rainless day
day       | daytime         | night     | period             | Monday         | hour
meal      | repast          | fast      | occasion           | breakfast      | course
""")
"""A word, then the same, the opposite, its class, a kind of it, a part of it."""

LABELS = (
    "The two words mean nearly the same.",
    "The two words mean the opposite.",
    "The first word names a kind of the second.",
    "The first word names a part of the second.",
)
"""What the columns of LABELLED are, two words a cell."""

LABELLED = rows("""
big large         | wide narrow         | oak tree          | petal flower
quick fast        | noisy silent        | trout fish        | keel ship
begin start       | arrive depart       | violin instrument | sleeve coat
clever smart      | ancient modern      | ruby gemstone     | chapter novel
rich wealthy      | generous stingy     | tango dance       | hub wheel
sick ill          | victory defeat      | sparrow bird      | toe foot
error mistake     | remember forget     | hammer tool       | lid pot
gift present      | public private      | copper metal      | stanza poem
reply answer      | praise blame        | cobra snake       | pupil eye
brave courageous  | rough smooth        | sonnet poem       | blade knife
house dwelling    | expand shrink       | waltz dance       | roof house
hide conceal      | permit forbid       | hepatitis disease | yolk egg
correct right     | guilty innocent     | dagger weapon     | stage theatre
shy timid         | shallow deep        | sandal shoe       | cockpit plane
buy purchase      | import export       | cedar tree        | province country
angry furious     | float sink          | lemonade drink    | minute hour
hurry rush        | plural singular     | moth insect       | string guitar
weird strange     | broad narrow        | cathedral church  | antler stag
pupil student     | borrow lend         | helium gas        | branch tree
gather collect    | cheap expensive     | anger emotion     | engine car
glad pleased      | temporary permanent | chess game        | altar church
stone rock        | attack defend       | carrot vegetable  | crust bread
end finish        | maximum minimum     | Arabic language   | page book
ocean sea         | fertile barren      | sergeant soldier  | gill fish
help assist       | hostile friendly    | diamond jewel     | lens camera
woods forest      | polite rude         | pistol firearm    | chin face
sofa couch        | optimist pessimist  | kettle vessel     | trigger gun
soil earth        | knowledge ignorance | eagle bird        | mast ship
riddle puzzle     | natural artificial  | basil herb        | strap bag
wedding marriage  | tight loose         | jazz music        | syllable word
jump leap         | summit foot         | comedy play       | peel orange
shout yell        | ally enemy          | beret hat         | fin shark
silent quiet      | success failure     | square shape      | drawer desk
border frontier   | vertical horizontal | linen fabric      | screen laptop
rubbish trash     | major minor         | colonel officer   | nail finger
peaceful calm     | solid liquid        | maize cereal      | verse song
journey trip      | senior junior       | whale mammal      | wick candle
tasty delicious   | reveal conceal      | bungalow house    | joint skeleton
enormous huge     | create destroy      | oxygen element    | step staircase
doctor physician  | flexible rigid      | tulip flower      | hand clock
lucky fortunate   | hero coward         | granite stone     | spoke wheel
wrath anger       | stale fresh         | crimson red       | sting bee
choose select     | dawn dusk           | ketchup sauce     | kernel nut
lazy idle         | wealth poverty      | hurricane storm   | cuff shirt
funny amusing     | hasten delay        | pneumonia illness | hoof horse
odour smell       | compulsory optional | falcon bird       | scene film
vanish disappear  | amateur professional | sofa furniture   | letter alphabet
""")
"""Pairs of words, one relation a column; the two words of a pair stand in the order of LABELS."""

GROUPS = blocks("""
sparrow, robin, thrush, heron, owl, magpie, stork, finch, raven
salmon, trout, herring, cod, eel, carp, tuna, pike, sardine
beetle, ant, wasp, moth, cricket, ladybird, gnat, grasshopper, hornet
badger, otter, hedgehog, hare, weasel, stoat, beaver, mole, squirrel

violin, cello, harp, guitar, lute, banjo, mandolin, viola, ukulele
trumpet, trombone, tuba, bugle, French horn, cornet, flugelhorn, saxhorn, sousaphone
drum, cymbal, gong, triangle, tambourine, castanets, timpani, maracas, bongo
flute, clarinet, oboe, recorder, bassoon, piccolo, pan pipes, cor anglais, fife

apple, pear, cherry, plum, peach, apricot, quince, mango, grape
carrot, cabbage, leek, spinach, turnip, parsnip, broccoli, cauliflower, lettuce
basil, thyme, parsley, oregano, dill, sage, chives, rosemary, tarragon
wheat, rye, barley, oats, maize, millet, rice, sorghum, spelt

gold, silver, iron, copper, zinc, tin, lead, nickel, platinum
ruby, emerald, sapphire, topaz, opal, amethyst, garnet, turquoise, aquamarine
oxygen, nitrogen, helium, neon, hydrogen, argon, chlorine, methane, krypton
silk, cotton, wool, linen, velvet, denim, nylon, felt, satin

hammer, saw, chisel, pliers, screwdriver, drill, wrench, file, axe
whisk, ladle, spatula, grater, sieve, rolling pin, colander, corkscrew, tin opener
rake, spade, hoe, watering can, lawnmower, shears, wheelbarrow, hosepipe, pruning knife
pencil, stapler, eraser, ruler, highlighter, hole punch, paper clip, ballpoint, folder

surgeon, nurse, dentist, midwife, pharmacist, vet, physiotherapist, optician, anaesthetist
plumber, electrician, roofer, bricklayer, carpenter, plasterer, glazier, tiler, scaffolder
violinist, drummer, soprano, conductor, pianist, cellist, choirmaster, guitarist, organist
judge, barrister, notary, prosecutor, solicitor, bailiff, juror, magistrate, attorney

joy, anger, fear, sadness, envy, pride, shame, disgust, grief
measles, flu, malaria, mumps, cholera, tetanus, asthma, typhoid, pneumonia
honesty, patience, courage, modesty, loyalty, generosity, diligence, fairness, kindness
algebra, chemistry, history, biology, geography, physics, geology, astronomy, linguistics

helmet, beret, bonnet, turban, cap, bowler, sombrero, top hat, beanie
boot, sandal, slipper, trainer, clog, moccasin, loafer, flip-flop, court shoe
coat, anorak, cloak, parka, blazer, raincoat, cardigan, duffel, poncho
ring, bracelet, necklace, earring, brooch, bangle, pendant, anklet, tiara

yacht, ferry, canoe, liner, tanker, dinghy, frigate, gondola, trawler
lorry, taxi, bus, motorbike, tractor, van, jeep, scooter, ambulance
glider, helicopter, airship, jet, biplane, hang-glider, hot-air balloon, drone, seaplane
goods train, tram, locomotive, express, dining car, monorail, steam engine, underground, handcar

novel, essay, biography, memoir, short story, fable, thriller, saga, novella
sonnet, ode, haiku, ballad, elegy, limerick, epic, couplet, epigram
waltz, tango, polka, foxtrot, samba, rumba, minuet, flamenco, jive
portrait, still life, landscape, fresco, mural, sketch, watercolour, etching, self-portrait
""")
"""Groups of four neighbouring categories; a category is one line of nine members."""
