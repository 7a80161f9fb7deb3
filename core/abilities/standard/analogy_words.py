"""Word tables of the analogies: things and their attributes, word pairs, systems, ordered lists."""

from __future__ import annotations

from core.abilities.standard.tables import blocks, rows

MISSING = "-"
"""A cell that has no good word."""

THINGS = blocks("""
horse    | foal      | stable    | neigh   | hoof        | herd   | gallop
dog      | puppy     | kennel    | bark    | paw         | pack   | -
cow      | calf      | barn      | moo     | udder       | herd   | -
sheep    | lamb      | pen       | bleat   | fleece      | flock  | -
pig      | piglet    | sty       | oink    | snout       | drove  | -
goose    | gosling   | -         | honk    | webbed foot | gaggle | waddle
duck     | duckling  | pond      | quack   | bill        | -      | waddle
hen      | chick     | coop      | cluck   | comb        | brood  | strut
lion     | cub       | den       | roar    | mane        | pride  | prowl
wolf     | pup       | lair      | howl    | fang        | pack   | -
frog     | tadpole   | pond      | croak   | -           | -      | hop
bee      | larva     | hive      | buzz    | sting       | swarm  | hover
owl      | owlet     | -         | hoot    | talon       | -      | glide
elephant | calf      | -         | trumpet | trunk       | herd   | lumber
deer     | fawn      | forest    | bellow  | antler      | herd   | bound
eagle    | eaglet    | eyrie     | screech | talon       | -      | soar
mouse    | pup       | hole      | squeak  | tail        | -      | scurry
donkey   | foal      | stable    | bray    | long ears   | drove  | trot
whale    | calf      | ocean     | song    | blowhole    | pod    | dive
turkey   | poult     | -         | gobble  | wattle      | flock  | strut
swan     | cygnet    | lake      | hiss    | long neck   | -      | glide

baker        | bakery        | oven           | bread      | flour       | knead
tailor       | fitting room  | needle         | suit       | cloth       | sew
painter      | studio        | brush          | portrait   | oil colours | sketch
blacksmith   | forge         | anvil          | horseshoe  | iron        | hammer
potter       | pottery       | wheel          | vase       | clay        | mould
cobbler      | shoe shop     | awl            | boot       | leather     | stitch
weaver       | cloth mill    | loom           | carpet     | yarn        | weave
winemaker    | vineyard      | wine press     | wine       | grapes      | ferment
brewer       | brewery       | vat            | beer       | barley      | brew
miller       | mill          | millstone      | flour      | grain       | grind
glassblower  | glassworks    | blowpipe       | bottle     | sand        | blow
sculptor     | atelier       | chisel         | statue     | marble      | carve
bricklayer   | building site | trowel         | wall       | bricks      | plaster
chef         | kitchen       | frying pan     | meal       | ingredients | cook
photographer | darkroom      | camera         | photograph | film        | develop
butcher      | butcher's     | cleaver        | sausage    | meat        | mince
farmer       | field         | plough         | harvest    | seed        | sow
printer      | print shop    | printing press | newspaper  | paper       | print
shipbuilder  | shipyard      | welding torch  | ferry      | steel       | weld
florist      | flower shop   | secateurs      | bouquet    | roses       | arrange
pharmacist   | pharmacy      | mortar         | ointment   | herbs       | mix
joiner       | woodshop      | saw            | cupboard   | timber      | plane

knife      | blade       | steel    | cut    | kitchen drawer  | cutlery
book       | page        | paper    | read   | library         | publication
armchair   | armrest     | -        | sit    | living room     | furniture
shirt      | sleeve      | cotton   | wear   | wardrobe        | clothing
bicycle    | pedal       | -        | ride   | bike shed       | vehicle
piano      | key         | -        | play   | concert hall    | instrument
shoe       | sole        | leather  | walk   | shoe rack       | footwear
hammer     | handle      | iron     | pound  | toolbox         | tool
pencil     | point       | wood     | write  | pencil case     | stationery
necklace   | clasp       | silver   | adorn  | jewel box       | jewellery
tent       | pole        | canvas   | camp   | campsite        | shelter
candle     | wick        | wax      | burn   | candlestick     | lighting
kettle     | spout       | copper   | boil   | stove           | kitchenware
bottle     | neck        | glass    | pour   | cellar          | container
teddy bear | button eye  | plush    | cuddle | nursery         | toy
mattress   | spring      | foam     | sleep  | bedroom         | bedding
ship       | anchor      | -        | sail   | harbour         | vessel
aeroplane  | wing        | -        | fly    | airport         | aircraft
guitar     | string      | wood     | strum  | music room      | instrument
coin       | -           | nickel   | pay    | purse           | money
sword      | hilt        | steel    | fence  | scabbard        | weapon
tyre       | tread       | rubber   | roll   | garage          | car part
football   | valve       | leather  | kick   | sports ground   | sports gear

France         | Paris       | French     | Europe        | euro    | the Eiffel Tower
Japan          | Tokyo       | Japanese   | Asia          | yen     | Mount Fuji
Egypt          | Cairo       | Arabic     | Africa        | pound   | the Great Pyramid
Brazil         | Brasília    | Portuguese | South America | real    | the statue of Christ the Redeemer
China          | Beijing     | Chinese    | Asia          | yuan    | the Great Wall
India          | New Delhi   | Hindi      | Asia          | rupee   | the Taj Mahal
Russia         | Moscow      | Russian    | -             | rouble  | the Kremlin
Mexico         | Mexico City | Spanish    | North America | peso    | Chichén Itzá
Peru           | Lima        | Spanish    | South America | sol     | Machu Picchu
Italy          | Rome        | Italian    | Europe        | euro    | the Colosseum
Greece         | Athens      | Greek      | Europe        | euro    | the Acropolis
Turkey         | Ankara      | Turkish    | -             | lira    | the Hagia Sophia
Poland         | Warsaw      | Polish     | Europe        | zloty   | Wawel Castle
Denmark        | Copenhagen  | Danish     | Europe        | krone   | the Little Mermaid
Hungary        | Budapest    | Hungarian  | Europe        | forint  | Lake Balaton
Thailand       | Bangkok     | Thai       | Asia          | baht    | Wat Arun
Vietnam        | Hanoi       | Vietnamese | Asia          | dong    | Ha Long Bay
Cambodia       | Phnom Penh  | Khmer      | Asia          | riel    | Angkor Wat
Australia      | Canberra    | English    | Oceania       | dollar  | Uluru
United Kingdom | London      | English    | Europe        | pound   | Big Ben
Iran           | Tehran      | Persian    | Asia          | rial    | Persepolis
Chile          | Santiago    | Spanish    | South America | peso    | Easter Island
Germany        | Berlin      | German     | Europe        | euro    | the Brandenburg Gate
Spain          | Madrid      | Spanish    | Europe        | euro    | the Alhambra
Jordan         | Amman       | Arabic     | Asia          | dinar   | Petra
Romania        | Bucharest   | Romanian   | Europe        | leu     | Bran Castle
""")
"""Blocks of things of one kind: the thing, then its attributes, one relation a column.

Animals: young, home, sound, part, group, gait. Workers: place, tool, product, material, doing.
Objects: part, material, use, place, kind. Countries: capital, language, continent, currency, sight.
"""

WORD_FORMS = rows("""
strong    | weak      | mighty      | strength   | strengthen | strongly
large     | small     | enormous    | size       | enlarge    | largely
sad       | happy     | heartbroken | sadness    | sadden     | sadly
angry     | calm      | furious     | anger      | enrage     | angrily
tired     | rested    | exhausted   | fatigue    | tire       | tiredly
dark      | light     | pitch-black | darkness   | darken     | darkly
bright    | dim       | dazzling    | brightness | brighten   | brightly
hard      | soft      | rock-hard   | hardness   | harden     | -
wet       | dry       | soaked      | moisture   | moisten    | -
dirty     | clean     | filthy      | dirt       | soil       | dirtily
weak      | strong    | feeble      | weakness   | weaken     | weakly
deep      | shallow   | bottomless  | depth      | deepen     | deeply
high      | low       | towering    | height     | heighten   | highly
loud      | quiet     | deafening   | loudness   | amplify    | loudly
sharp     | blunt     | razor-sharp | sharpness  | sharpen    | sharply
cold      | hot       | freezing    | coldness   | chill      | coldly
small     | big       | tiny        | smallness  | shrink     | -
dangerous | safe      | deadly      | danger     | endanger   | dangerously
afraid    | brave     | terrified   | fear       | frighten   | -
pretty    | ugly      | gorgeous    | beauty     | beautify   | prettily
bad       | good      | terrible    | badness    | worsen     | badly
good      | bad       | excellent   | goodness   | improve    | well
sweet     | bitter    | sugary      | sweetness  | sweeten    | sweetly
fast      | slow      | supersonic  | speed      | accelerate | -
easy      | difficult | effortless  | ease       | facilitate | easily
""")
"""Adjective, then its opposite, a stronger one, its noun, its verb, its adverb."""

PAIRS = blocks("""
petal  | flower
wheel  | car
roof   | house
keel   | ship
finger | hand
page   | book
branch | tree
sleeve | shirt
string | violin
act    | play
wing   | aeroplane
pedal  | bicycle

calf     | cow
foal     | horse
kitten   | cat
puppy    | dog
lamb     | sheep
piglet   | pig
gosling  | goose
cygnet   | swan
tadpole  | frog
fawn     | deer
joey     | kangaroo
duckling | duck

scalpel | surgeon
brush   | painter
plough  | farmer
chisel  | sculptor
needle  | tailor
whisk   | cook
camera  | photographer
saw     | carpenter
net     | fisherman
baton   | conductor
razor   | barber
trowel  | bricklayer

heavy rain  | flood
virus       | illness
joke        | laughter
spark       | fire
insult      | anger
practice    | skill
poison      | death
drought     | famine
earthquake  | tsunami
sunbathing  | sunburn
overeating  | stomach ache
noise       | headache

hot      | cold
early    | late
rich     | poor
full     | empty
brave    | cowardly
rough    | smooth
deep     | shallow
sharp    | blunt
guilty   | innocent
ancient  | modern
generous | stingy
rare     | common

warm   | scorching
damp   | soaked
tired  | exhausted
pretty | gorgeous
big    | gigantic
hungry | starving
angry  | furious
cool   | freezing
scared | terrified
funny  | hilarious
bad    | dreadful
clever | brilliant

baker       | bread
potter      | vase
author      | novel
composer    | symphony
blacksmith  | horseshoe
brewer      | beer
cobbler     | shoe
weaver      | cloth
poet        | verse
winemaker   | wine
cheesemaker | cheese
jeweller    | ring

thermometer | temperature
clock       | time
scales      | weight
ruler       | length
speedometer | speed
barometer   | air pressure
ammeter     | electric current
protractor  | angle
rain gauge  | rainfall
odometer    | distance
voltmeter   | voltage
light meter | brightness

desert    | water
beggar    | money
orphan    | parents
hermit    | company
bald head | hair
vacuum    | air
darkness  | light
anarchy   | government
silence   | sound
insomniac | sleep
novice    | experience
coward    | courage

bird     | nest
bee      | hive
fox      | den
rabbit   | burrow
spider   | web
pig      | sty
hen      | coop
beaver   | lodge
ant      | anthill
eagle    | eyrie
bat      | cave
squirrel | drey

purse    | coins
quiver   | arrows
library  | books
wardrobe | clothes
tank     | petrol
album    | photographs
silo     | grain
aquarium | fish
envelope | letter
sheath   | dagger
toolbox  | tools
bin      | rubbish

helmet     | head
glove      | hand
boot       | foot
goggles    | eyes
earplugs   | ears
sunscreen  | skin
knee pad   | knee
visor      | face
scarf      | neck
mouthguard | teeth
thimble    | finger
shin guard | shin
""")
"""Blocks of word pairs, one relation a block, all of the same length.

Part and whole, young and adult, tool and user, cause and effect, opposites, weak and strong, maker and
product, gauge and quantity, thing and its lack, animal and home, container and content, guard and guarded.
"""

ROLES = (
    "decides what is to be done",
    "keeps harm from getting in",
    "brings things from one place to another",
    "notices what is going on around",
    "gets rid of waste",
    "holds a stock for later",
    "bears the weight of all the rest",
)
"""What the parts of a system are for, one for each column of SYSTEMS."""

SYSTEMS = rows("""
a human body | brain | skin | blood | pair of eyes | pair of kidneys | layer of fat | skeleton
a living cell | nucleus | membrane | transport protein | receptor | lysosome | starch granule | cytoskeleton
a castle | lord | moat | ox cart | watchman | drain | granary | foundation wall
a computer | processor | firewall | data cable | webcam | - | hard disk | metal frame
a ship | captain | hull | cargo crane | radar | bilge pump | hold | keel
a city | mayor | police force | fleet of vans | network of street cameras | refuse service | warehouse | -
an army | general | suit of armour | supply truck | scout | - | depot | -
a spacecraft | commander | heat shield | robot arm | star sensor | air filter | oxygen tank | inner frame
a company | director | security guard | courier | market researcher | cleaner | stockroom | -
a house | head of the family | lock | lift | doorbell camera | waste pipe | larder | oak beam
a car | driver | bumper | - | mirror | exhaust pipe | fuel tank | chassis
a country | government | border fence | railway | spy | sewage works | grain reserve | -
a beehive | - | guard bee | nectar carrier | scout bee | cleaner bee | honeycomb | -
a robot | control chip | casing | gripper arm | light sensor | dust blower | battery | steel skeleton
""")
"""A system, then the part that has each of the ROLES."""

ORDERED = rows("""
waters, from smallest to largest | puddle | pond | lake | ocean
army ranks, from lowest to highest | private | sergeant | captain | general
stretches of time, from shortest to longest | second | minute | hour | day
stages of life, from earliest to latest | baby | child | teenager | adult
stages of an oak, from earliest to latest | acorn | sprout | sapling | full-grown tree
pieces of text, from smallest to largest | letter | word | sentence | chapter
temperatures, from lowest to highest | icy | cool | warm | boiling
times of day, from earliest to latest | dawn | noon | dusk | late evening
settlements, from smallest to largest | hamlet | village | town | capital city
winds, from weakest to strongest | breeze | stiff wind | gale | hurricane
schools, from first to last | nursery | primary school | secondary school | university
numbers, from smallest to largest | ten | hundred | thousand | million
meals, from first to last in the day | breakfast | lunch | afternoon tea | supper
gaits, from slowest to fastest | crawl | walk | jog | sprint
voices, from softest to loudest | whisper | murmur | normal speech | shout
bits of rock, from smallest to largest | grain of sand | pebble | boulder | mountain
animals, from smallest to largest | ant | mouse | sheep | elephant
American coins, from least to most valuable | cent | nickel | dime | quarter
ways to have a steak, from least to most cooked | raw | rare | medium | well done
stages of a butterfly, from earliest to latest | egg | caterpillar | chrysalis | winged insect
floors of a house, from bottom to top | cellar | ground floor | upper floor | attic
joints, from lowest to highest in the body | ankle | knee | hip | shoulder
movers, from slowest to fastest | snail | bicycle | racing car | jet plane
weights, from lightest to heaviest | milligram | gram | kilogram | tonne
lengths, from shortest to longest | millimetre | centimetre | metre | kilometre
planets, from nearest to farthest from the Sun | Mercury | Venus | Earth | Mars
things in the sky, from smallest to largest | moon | planet | star | galaxy
groups of players, from smallest to largest | solo | duet | trio | quartet
chances, from smallest to largest | impossible | unlikely | likely | certain
frequencies, from lowest to highest | never | seldom | often | always
steps of making bread, from earliest to latest | wheat | flour | dough | loaf
amounts of data, from smallest to largest | bit | byte | kilobyte | megabyte
""")
"""What a list holds and how it is sorted, then its four members in that order."""
