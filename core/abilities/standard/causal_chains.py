"""Chains of events, and objects with the needs that they meet, for the causal items."""

from __future__ import annotations

from core.abilities.standard.tables import blocks, rows

CHAINS = rows("""
it rained for a week | the river rose over its banks | the bridge was washed away
 | the village could not be reached by road | food had to be flown in
a cat chased a mouse across the shelf | the jug was knocked over | oil ran out on the floor
 | the cook slipped | the cook's arm was put in plaster
the alarm clock did not ring | Mina overslept | the train left without her | she came late to the interview
 | another applicant got the job
a storm brought down a tree | the power line tore | the pumps in the mine stopped | water filled the shafts
 | the miners had to be brought up
the frost killed the blossoms | hardly any fruit ripened | apples became scarce | their price doubled
 | the bakery took apple pie off the menu
the summer was extremely dry | the grass withered | the cows found nothing to eat | they gave little milk
 | cheese became dear
a cigarette was thrown away in the woods | the dry leaves caught fire | the flames reached a cabin
 | a gas bottle inside exploded | windows broke a mile away
the river was poisoned by a factory | the fish died | the herons left the valley
 | frogs were no longer hunted | the ponds were full of croaking
a nail lay on the motorway | a tyre of the lorry burst | the lorry turned over
 | its load of oranges rolled across both lanes | traffic stood still for hours
the heating in the hall broke down | the water pipes froze | one of them burst
 | the dance floor was soaked and warped | the ball was moved to the school
the baby had a tooth coming | it cried all night | the father got no sleep | he nodded off at his desk
 | he missed the call of an important client
the king raised the tax on salt | people could no longer preserve fish | the fishermen sold less
 | they could not pay for their boats | the shipyards went bankrupt
the wind turned to the east | the smoke drifted into the town | people closed all the windows
 | the rooms grew stuffy | many had a headache
a wolf pack settled in the forest | the deer became fewer | young trees were no longer nibbled off
 | the slopes grew thick with wood | less soil slid down in heavy rain
a spark flew out of the chimney | the thatched roof burned | the family had to leave the house
 | they moved in with relatives | the children changed schools
the ship ran onto a rock | the hull was torn open | oil flowed into the bay
 | the birds' feathers stuck together | volunteers washed thousands of gulls
the lid was left off the honey | ants came into the kitchen | the owner sprayed poison
 | the cat licked the floor and fell ill | the vet had to be called at midnight
the pianist broke a finger | the concert was cancelled | the tickets were paid back
 | the orchestra had no money for the rent | it had to leave its hall
the snow on the slope became too heavy | an avalanche broke loose | it buried the railway line
 | the skiers could not leave | the hotel ran out of beds
the guard fell asleep | the gate stayed open | the elephants walked out | they trampled a field of maize
 | the farmer demanded money from the zoo
a virus spread among the bees | fewer blossoms were pollinated | the almond harvest was poor
 | the marzipan makers ran short | sweets for Christmas cost more
the mechanic forgot to tighten a screw | a wheel came off during the race | the car spun into the barrier
 | the leading driver was out | an outsider took the cup
the teacher lost her voice | she wrote everything on the board | the chalk was used up
 | the caretaker drove to the shop | the front gate was left unlocked in the meantime
a crane hit an overhead cable | all the traffic lights went dark | cars got wedged on the main crossing
 | the ambulance came late | the patient was born in the back of a taxi
the tide was unusually high | salt water got into the wells | the wells could not be used
 | people queued at tank lorries | offices opened two hours late
the company's best engineer quit | the new engine was not finished in time | the order went to a rival
 | the workshop had nothing to do | half the staff were sent home
the boy climbed over the fence | his jacket caught on the wire | a sleeve was torn off
 | he was cold on the way home | he was in bed with a cough for a week
the volcano threw ash into the sky | the sunlight was dimmed | the summer stayed cool
 | the grain did not ripen | bread was rationed in the winter
somebody left a bag at the station | the police cleared the platforms | all trains were held back
 | the violinist could not get to the hall | the audience was sent home
the dam had a crack | the reservoir was drained for repair | the power plant stood still
 | electricity had to be bought abroad | households got higher bills
the old oak was cut down | the owls lost their nest | they moved to another wood | the mice multiplied
 | the stored grain was eaten up
a tourist fed the monkeys | they lost their fear of people | they came into the kitchens
 | cooks put bars on all the windows | the smith had work for a year
the postman was bitten by a dog | he avoided the street from then on | a letter was not delivered
 | the heir did not learn of the will | the house went to the state
the harbour froze up | coal ships could not land | the gasworks ran out of fuel
 | the street lamps stayed dark | burglars had an easy time
the goalkeeper was sent off | a striker had to guard the goal | four simple shots went in
 | the team dropped out of the league | its sponsor looked for another club
the potter used too much water | the clay was soft | the jars sank in on themselves
 | the shipment was not ready | the merchant bought elsewhere
a comet was announced | crowds drove to the hills | all the parking places were taken
 | cars were left in the meadow | the hay could not be mown
the singer ate a spoiled oyster | she was sick before the show | her understudy stepped in
 | a critic heard the unknown girl | the girl was engaged in Milan
the beaver built a dam | the stream backed up | the meadow turned to marsh | storks found plenty of frogs
 | a pair of them nested on the barn
the roof gutter was full of leaves | rainwater ran down the wall | the plaster grew damp
 | mould spread in the bedroom | the child had trouble breathing
the price of oil fell | driving became cheap | people took the car instead of the bus
 | the bus company lost passengers | the line to the village was closed
the wedding cake was left in the sun | the cream melted | the upper tier slid down
 | the little sugar couple broke | the baker made a new pair in a hurry
the sculptor was given a cheap block of marble | it had a hidden crack | the statue's arm fell off
 | the museum refused to accept it | the sculptor had to pay back the advance
""")
"""Five events a row, each the cause of the next one."""

OBJECTS = blocks("""
a woollen blanket | somebody who has been pulled out of cold water has to be kept from cooling down further
a metal spoon | the lid of a tin of cocoa is stuck and has to be levered up
an empty bottle | a note has to cross the bay on the current without getting wet
a long rope | a person at the bottom of a shaft has to be pulled up

a newspaper | wet boots have to be stuffed so that they dry overnight
a coin | a slotted screw has to be turned, and no tool is there
a candle | a drawer sticks, and its runners need something waxy rubbed on them
a pillowcase | lettuce leaves have to be swung dry in the yard

a hair dryer | the fog on the bathroom mirror has to go at once
an ice cube | chewing gum on a carpet has to become brittle so that it can be chipped off
a rubber band | a jar lid is too smooth to be gripped
a pin | a splinter sits just under the skin

a ladder | a kitten sits on the roof of the shed and does not dare to jump
a broom | a ball has rolled far under the low bed
a bucket | a small fire has broken out next to the pond
a wheelbarrow | forty bricks have to be taken to the end of the garden

a mirror | a signal has to be given in sunshine to people on the far hill
a whistle | somebody lost in dense fog wants to be found
a magnet | a hundred spilled needles have to be picked out of the rug
a funnel | oil has to get from a can into a narrow opening

an umbrella | a walk has to be taken through a steady downpour
a scarf | an injured arm needs a sling
a hat with a broad brim | the sun burns on someone's bald head
a stick | the depth of a muddy puddle has to be tested before anyone steps in

a sponge | a puddle of milk has to be got off the table
a sieve | pebbles have to be separated from sand
a lid | a pan of burning fat has to be cut off from the air
a thermometer | it has to be decided whether the child has a fever

a brick | the wheel of a car on a slope has to be kept from rolling
a blanket with holes | seedlings need shade but some light as well
a plastic bag | a library book has to be carried home through rain
a pair of thick gloves | a thorny hedge has to be pulled out by hand

a spade | a bush has to be moved together with its roots
an axe | a fallen trunk has to be split for the stove
a pair of scissors | a ribbon is too long by a hand's breadth
a file | the edge of a freshly sawn pipe is dangerously rough

a raft of logs | three people want to get to the island in the lake
a kite | a thin line has to be brought across a gorge
a sledge | an injured walker has to be taken down a snowy slope
a pair of stilts | a painter without a ladder wants to reach a high branch

a drop of oil | a door hinge screams at every move
a strip of sticky tape | a banknote has been torn in two
a piece of chalk | the place of the parked car has to be marked on the asphalt
a drawing pin | a notice has to stay up on a corkboard

a mosquito net | whining keeps everyone awake in the tropical night
a hot-water bottle | the bed is icy and the feet are cold
an alarm clock | a heavy sleeper has to catch a boat before dawn
a night light | a small child is afraid in the dark

a bicycle pump | the football is soft and does not bounce
a needle and thread | a button hangs by its last fibre
a tube of glue | the handle has come off a cup
a clothes brush | the black coat is covered with dog hair

a lemon | apple slices have to be kept from going brown
a slice of bread | the gravy on the plate has to be mopped up
a pinch of flour | a sauce is as thin as water
a cup of ice | the tea is scalding and has to be drunk in a minute

a compass | in thick forest the way north has to be found
a pair of binoculars | the number on a far-off ship has to be read
a magnifying glass | the tiny print on a leaflet is illegible
a stopwatch | it has to be found out which of two swimmers is faster

a horse | a cart has to be pulled up to the farm, and all fuel is used up
a trained pig | truffles are hidden under the leaves of the wood
a sheepdog | a scattered flock has to be driven together
a carrier pigeon | a slip of paper has to leave a besieged tower

a cork | an opened bottle of wine has to last until tomorrow
a straw | someone with a bandaged jaw has to drink
a tray | six full cups have to go upstairs at once
a nutcracker | there are walnuts for dessert

a telephone book | a child sits too low at the table
a curtain | the setting sun blinds everyone at the table
a wedge of wood | the door keeps falling shut while furniture is carried in
a doormat | everyone comes in with muddy soles

a fishing rod | supper has to come out of the lake
a cage trap | a marten has to be caught without hurting it
a pot of honey | ants have to be lured away from the cake
a scarecrow | birds keep pecking the newly sown seed

a crowbar | the planks of a nailed crate have to be prised apart
a jack | a wheel has to be changed on a heavy van
a pulley | a piano has to be raised to the third floor
a tow rope | a car that does not start has to get to the garage

a tarpaulin | half the roof has been blown off and rain is coming
a sandbag | the rising river is about to come in under the door
a shovel | knee-deep snow blocks the drive
a bag of salt | a thin sheet of ice has made the steps treacherous

a pair of skis | a hut has to be reached over deep powder snow
a pair of flippers | a diver has to make headway against the current
a pair of crutches | someone with a broken foot has to get to the bathroom
a parachute | supplies have to come down softly from a plane

a tape measure | it has to be known whether the fridge will fit the niche
a spirit level | the picture rail must not slope at all
a set of scales | the right postage for a parcel has to be worked out
a plumb line | a tall wallpaper strip has to hang exactly upright

a vase | the roses from the visitor are wilting on the table
a basket | ripe cherries have to come down from the tree by the hundred
a sheet of glass | a draught blows in through an empty window frame
a flower pot | the basil has outgrown its beaker

a hosepipe | a bed of lettuce lies thirty metres from the tap
a gas mask | someone has to get through a room full of fumes
a fire blanket | the sleeve of a cook has caught fire
a fuse | the lights went out after a short circuit

a pen with red ink | the mistakes in a typed letter have to stand out
an eraser | a wrong pencil line spoils the drawing
a paper clip | five loose pages have to stay together for a day
an envelope | a private letter has to pass through many hands

a deckchair | someone wants to doze in the garden
a chopping board | onions have to be cut without harming the table
a rolling pin | a lump of dough has to become a thin sheet
a pair of oven gloves | a glowing hot dish has to be taken out

a bridge of planks | a wheelchair has to get over a ditch
a life jacket | a non-swimmer has to come along in a small boat
a bell | a cow must be found again in the mist
a lantern | a path without street lamps has to be walked at midnight

a jar with holes in its lid | a caterpillar has to be watched for some days
a butterfly net | a moth flutters about under the ceiling
a bird box | blue tits look for a hollow to nest in
a hutch | two rabbits need a home that foxes cannot get into

a microphone | a soft-spoken poet will read to a full hall
a screen of cloth | holiday films have to be shown on a rough brown wall
a music stand | a flautist needs both hands and has to see the notes
a metronome | a pupil speeds up at every easy passage

a rubber stamp | the same address has to go on two hundred forms
a calculator | ninety bills have to be added up before noon
a shredder | secret papers must not be readable in the bin
a padlock | the lockers in the gym can be opened by anyone

a pair of tweezers | a tiny tick has to be gripped close to the skin
a sticking plaster | a small cut on the thumb keeps bleeding
a toothpick | a fibre of meat is stuck between two molars
a cotton bud | ointment has to be dabbed into the folds of an ear

a plastic sheet | the floor must stay clean while the ceiling is painted
a wire brush | old rust has to come off a garden gate
a paint roller | a whole wall has to be white by evening
a heat gun | layers of old varnish have to be softened for scraping

a coat hanger | the suit must not get creased overnight
a shoehorn | the heel does not slip into the tight new boot
a lint roller | cat hair sticks to the velvet jacket
an ironing board | the shirts are damp and wrinkled

a grater | a block of cheese has to become fine flakes
a corkscrew | a bottle of old wine is to be served
a ladle | stew has to go from a deep pot to twelve plates
a peeler | three pounds of carrots have to lose their skin

a tent peg | a guy rope needs a hold in the ground
a bunch of daisies | a child has nothing to make a garland from
a drum | the rowers do not find a common rhythm
a piece of string | the path out of a maze has to be found again

a bathtub plug | the water keeps running out although the tap is open
a bath mat | wet feet slip on the tiles
a shower cap | the curls must not get wet
a back brush | an itchy spot between the shoulder blades has to be soaped

a seat belt | the passenger must not be thrown forward when the brakes are hit
a warning triangle | other drivers have to be told of the breakdown from afar
an ice scraper | the windscreen is white with frost
a road map | the navigation system has lost the way

a rubber dinghy | someone has to be brought ashore from a sandbank
a snorkel | a swimmer wants to look at the reef without coming up for air
a beach windbreak | sand keeps blowing over the picnic
a sunshade | the baby lies in glaring light

a hammock | two trees are there and somebody would like to swing and nap
a torch | something fell behind the wardrobe, where it is pitch-dark
a mousetrap | the cheese in the larder is nibbled every night
a stepladder | the top shelf is just out of reach

a fly swatter | a bluebottle keeps landing on the breakfast
a beehive smoker | a swarm has to be calmed before the combs are taken
a milking stool | sitting low beside the goat is needed twice a day
a dovecote | white pigeons need a home on a pole

a bar of soap | a ring will not come off a swollen finger
a bandage | a sprained ankle needs firm support
a cold compress | a bump is swelling on the forehead
a pair of earplugs | the neighbour's drilling makes reading impossible
""")
"""Blocks of four objects, each with a need that it meets and the other three do not."""
