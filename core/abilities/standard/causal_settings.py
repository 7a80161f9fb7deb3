"""Everyday undertakings and what can go wrong in them, for the causal items."""

from __future__ import annotations

from core.abilities.standard.tables import blocks

SETTINGS = blocks("""
baking a cake
the oven was set far too hot | the outside was burnt while the middle was still raw | checking the dial
the baking powder was left out | the cake stayed as flat as a pancake
 | going through the list of ingredients
salt was taken for sugar | the first bite was spat out at once | labelling the jars
the tin was not greased | the cake could only be scraped out in pieces | brushing the tin with butter

cycling to work on a dark winter morning
the lamp was missing | a driver pulling out of a side road saw nothing coming | fitting a light
the road was covered with ice | the wheels slipped away in the bend
 | waiting until the road had been gritted
broken glass lay on the path | there was a bang, and the front tyre was flat
 | taking a way that had been swept
the chain was quite dry | every turn of the pedals squeaked | a few drops of oil

growing tomatoes
it did not rain for weeks | the leaves hung down limp | filling the watering can every evening
there was a night of frost in May | in the morning all the seedlings were black
 | bringing the pots indoors overnight
slugs came out after dark | big holes had been eaten in the leaves
 | spreading a ring of sharp sand round the stems
the stems were not tied to anything | the plants lay on the ground under the weight of the fruit
 | using poles

camping in the mountains
the tent was put up in a hollow | after the rainstorm the floor stood under water
 | choosing a place higher up
the pegs were only pushed in halfway | the gale carried the tent away | hammering every peg in to the end
the food was left open outside | in the night a fox emptied all the bags
 | hanging the provisions in a closed tin
the sleeping bags were thin summer ones | nobody slept because everyone was shivering
 | packing thick bedding

washing the laundry
a red sock got in among the whites | all the shirts came out pink | sorting everything by colour
the wool pullover was washed at ninety degrees | one garment would now fit a doll
 | choosing the cold programme
a paper tissue was still in a pocket | everything was covered with little white flakes
 | emptying the pockets
far too much powder was poured in | foam came out onto the floor | measuring with the cup

painting the kitchen
the window was shut all day | a headache set in from the fumes | letting fresh air in
the floor was not covered | it took hours to scrub the spots off the tiles | spreading out old newspapers
the grease was not wiped off the wall first | the new coat came off in flakes
 | scrubbing the surface beforehand
the chairs were put back against the wall too early | their backs stuck to it
 | giving the paint a night to dry

driving through the desert
the tank was almost empty at the start | the engine died far from any village | filling up before leaving
the water in the radiator leaked away | steam rose from under the bonnet | having the cooling system checked
the car left the track | the wheels sank in up to the axle | staying on firm ground
no map was on board | after hours they were back at the same crossroads | bringing a compass and a plan

giving a talk
the microphone was not switched on | the back rows could not follow a word | trying out the sound beforehand
the slides were written in tiny letters | people screwed up their eyes and leaned forward
 | using a larger print
the talk was twice as long as allowed | the moderator broke it off before the conclusion
 | timing a rehearsal
the notes fell and got mixed up | the third point came before the first | numbering the sheets

keeping an aquarium
the heating broke down | the tropical fish lay stiff and slow on the bottom | watching the thermometer
far too much food was thrown in | rotting flakes turned the water foul | giving only a pinch a day
a pike was put in as well | one small fish after another was missing
 | keeping the hunter in a tank of its own
the tank stood in full sun | green algae covered the panes | putting the whole tank into the shade

hiking up a mountain
the boots were brand-new | both heels were covered with blisters | breaking the shoes in at home
there was no cloud and no hat was worn | the forehead was red and peeling by evening | putting on sun cream
the start was only in the afternoon | night fell long before the hut was reached | getting up at dawn
just one small bottle was taken along | halfway up, dry mouths were all they thought of
 | carrying more to drink

moving house
the box was packed with books to the top | its bottom gave way on the stairs
 | spreading the weight over several boxes
the glasses were not wrapped | something tinkled at every step | using crumpled newspaper
the sofa was not measured | something got stuck in the doorway | finding out the width beforehand
none of the boxes was labelled | it took a week to find the coffee pot | writing the contents on the lids

looking after a puppy
the shoes were left on the floor | the laces and heels were chewed to bits | putting footwear in a cupboard
the garden gate stood open | the neighbours brought the animal back from the main road | closing the latch
nobody took the puppy out all day | there was a puddle on the carpet | going for a walk at noon
a bar of chocolate was within reach | the vet had to treat it for poisoning | storing sweets on a high shelf

sailing across the lake
the wind died down completely | the boat lay still in the middle of the water | taking oars along
a small leak was not sealed | everyone was bailing with cups | having the hull repaired in time
the sail was torn already | in the first gust only rags were left of it
 | sewing up the cloth before departure
the rope was tied with a sloppy knot | at night the boat drifted away from the pier | mooring properly

cooking pasta for guests
the pot was forgotten for half an hour | the noodles were a soft mush | setting a kitchen timer
the pot was filled to the brim | hissing water ran over the hot plate | choosing a bigger pot
the drained noodles were left to stand | they formed one sticky lump | stirring in a spoonful of oil
a whole chilli went into the sauce | the guests gasped and asked for milk | tasting and using less spice

going on holiday by plane
the passport had run out | the officer at the desk refused to let the traveller board
 | renewing the papers in spring
the taxi was stuck in a jam | the plane was already in the air on arrival | leaving two hours earlier
the suitcase weighed forty kilos | a large extra fee was due at the counter | packing half as much
no name was on the suitcase | the lost bag never found its way back to its owner | attaching a tag

skating on a frozen pond
there had been only one night of frost | the surface gave way with a crack | waiting for a week of hard cold
the blades were blunt | the skates slid sideways on every push | having the edges ground
no gloves were worn | the fingers turned white and numb | putting on mittens
a branch was frozen into the surface | the skater tripped and fell headlong | looking over the course first

keeping bees
the hive was opened without a veil | the face was swollen for days | wearing protective clothing
all the honey was taken out in autumn | the whole colony starved in winter | leaving enough in the combs
the neighbouring field was sprayed with poison | dead insects covered the ground
 | agreeing on a date with the farmer
the hive became too crowded | half of them flew off with a new queen | adding another box of frames

working on the computer
the file was not saved | when the power failed, a day's writing was gone | saving every few minutes
an attachment from a stranger was opened | a virus locked all the data | deleting the mail unread
a cup of coffee was knocked over | the keys stuck and gave no sign of life | keeping drinks off the desk
the fan was blocked by dust | the machine got hot and switched itself off | cleaning the vents

lighting a campfire
the wood was wet | there was thick smoke but hardly a flame | collecting dry twigs
no stones were laid around it | the flames crept into the grass | marking off a ring
only big logs were used | the match burnt down and nothing caught | starting with kindling
a strong wind was blowing | each match went out at once | seeking shelter behind a wall

running a marathon
the first ten kilometres were run at full sprint | at half-time all strength was gone
 | dividing up the effort
nothing was drunk despite the heat | the runner collapsed dizzy at the roadside | using the water stations
the shoelaces were loose | the runner stumbled over them | making a double knot
there had been hardly any training | every muscle ached for a week | practising for months

repairing a lamp
the fuse was not taken out | the repairer got an electric shock | switching off the current
a bulb that was too strong was screwed in | the paper shade was scorched | looking up the permitted wattage
one of the wires was not connected | the lamp stayed dark | comparing everything with the wiring plan
the chair under the feet was shaky | the repairer landed on the floor | using a proper ladder

holding a garden party
no tent had been put up | the shower soaked cake and guests alike | renting a roof of canvas
the music was loud until three | the police rang at the gate | turning down the sound at ten
lemonade stood open in the sun | the drinks were full of wasps | covering the jugs
the invitations had the wrong date | on the day not a single guest turned up | having the text proofread

keeping hens
the coop was not shut at dusk | in the morning only feathers were left by the fox
 | closing the flap each evening
no shells or chalk were in the feed | the eggs broke at a touch | mixing in some lime
the straw was never changed | mites crawled all over the birds | mucking out weekly
the water trough froze | the birds pecked at the ice in vain | filling in lukewarm water twice a day

making a snowman
the snow was dry powder | not even a ball would hold together | waiting for wetter snow
the head was larger than the body | the top rolled off at the first knock
 | making each ball smaller than the one below
the snowman stood on the sunny side | by noon there was just a puddle | choosing the north side
the carrot was the real thing | a hare had gnawed off the nose | taking a wooden peg

taking photographs at a wedding
the battery was not charged | the camera went dead during the vows | plugging it in overnight
a finger was in front of the lens | a pink blur covered a corner of every picture
 | gripping the camera at the edge
the couple stood with their back to the sun | their faces were black shapes
 | turning the couple towards the light
the camera was not held still | all outlines were smeared | using a tripod

travelling by train
the wrong platform was taken | the journey went north instead of south | reading the departure board
no ticket had been bought | the inspector demanded a fine | stopping at the machine
the traveller fell asleep | the right station had long been passed | setting an alarm
a rucksack stayed in the luggage rack | at home there were no clean clothes to be unpacked
 | counting the pieces on leaving

learning the violin
the strings were not tuned | every melody sounded sour | turning the pegs beforehand
the practising was done at midnight | the people next door banged on the wall | playing in the afternoon
the bow was never rubbed with rosin | the bow slid over the strings without a sound
 | preparing the hair of the bow
the violin was kept on the radiator | the wood cracked | storing the instrument in a cool place

sewing a dress
the measurements were noted down wrongly | the dress could not be closed at the waist | using the tape twice
the cloth was not washed beforehand | after the first wash the hem ended above the knee
 | shrinking it before cutting
a blunt needle was used | the fabric was full of pulled threads | putting in a new needle
one thread end was not knotted | the seam came open during the dance | securing each end

running a small shop
the till was left unwatched | at closing time two hundred euros were missing | staying at the counter
too much milk was ordered | half of the stock turned sour on the shelf | buying by last week's sales
the pavement was not cleared of snow | a customer slipped and broke a wrist | sweeping before opening
the fridge door was left ajar | the ice cream was soup in the morning | fitting an automatic closer

mowing the lawn
a stone was lying in the grass | something shot out and smashed a window | clearing the ground beforehand
the grass was still dripping with dew | wet clumps blocked the blades | starting at noon
the blades were set too low | brown bare earth was left in strips | raising the cut
the mower's cable lay in the way | there was a flash and the motor went silent
 | leading the cable over the shoulder

swimming in the sea
the current was strong | the swimmer was carried far out from the beach
 | asking the lifeguard where it is safe
jellyfish were in the bay | the legs were covered with burning red marks | wearing a full suit
the clothes lay close to the water at low tide | everything was soaked on the swimmer's return
 | leaving the clothes on the dunes
a heavy meal had just been eaten | cramps in the stomach forced the swimmer to turn back
 | resting for an hour

storing apples for winter
one rotten apple was put in with the rest | by January the whole crate was brown | picking out bad fruit
the cellar was warm and dry | the skins were wrinkled like old leather | choosing a cool, damp room
the crate stood open on the floor | mice had gnawed at the fruit | stretching wire mesh over the fruit
onions were kept in the same crate | the apple pie had an odd sharp taste | storing each kind alone

knitting a jumper
stitches were dropped in the third row | a hole ran up the front | counting after every row
the yarn was a coarse one | the jumper itched on the skin | buying soft merino
only half of the wool was bought at first | the sleeves came out in another shade
 | getting all balls from one batch
the kitten was alone with the basket | all the wool was one big tangle | closing the lid of the basket

holding a football match
the field had not been drained | the ball stuck in the puddles | digging a ditch along the side
the referee did not turn up | nobody could agree who had handled the ball | naming a substitute
both teams came in red | passes kept going to opponents | handing out bibs
the goalkeeper faced the low sun | the long shot went in unseen | wearing a cap

carrying out a chemistry experiment
the goggles stayed in the drawer | a splash hurt the eyes | protecting the face
the two bottles had been mixed up | there was a bang instead of a change of colour
 | reading the labels aloud
the scales had not been set to zero | every weight was three grams too high | adjusting the balance
the flask was sealed tight and heated | the glass burst | leaving an opening for the gas

babysitting two toddlers
the pan handle stuck out over the stove's edge | hot soup came down on a child
 | turning the handle to the wall
the felt pens were within reach | the wallpaper had a new pattern | locking the pens away
there was a long nap in the late afternoon | at ten both were still wide awake
 | waking the little ones after half an hour
the pills were kept on the bedside table | the emergency doctor had to pump out a stomach
 | keeping medicine in a locked cabinet

running an office
the printer was out of paper | the contract could not be signed on the spot | keeping a spare pack
a meeting was entered on the wrong day | the client sat there alone | confirming the date by telephone
the passwords were stuck to the screen | a stranger read the secret mails | memorising the passwords
the heating was turned off over the weekend | on Monday everyone typed in coats | leaving the heating on low

building a bookshelf
the shelf was fixed to the wall with short screws | one day all the books came down
 | using long screws with plugs
the feet were of different lengths | the whole thing wobbled | sawing all from one measure
the boards were thin | they sagged in the middle like hammocks | buying thicker wood
the edges were not sanded | splinters stuck in the fingers | smoothing the wood

visiting a big museum
the day was a public holiday | the doors were locked | looking up the opening hours
a large rucksack was worn | a vase was swept off its stand | leaving luggage in the cloakroom
a flash was used | a guard demanded the camera | reading the sign on pictures
it was the first day of a famous show | the queue went twice round the building | booking a time slot

planting an apple tree
the pole beside it was forgotten | the storm bent the trunk to the ground | supporting the trunk
deer could get at the bark | the trunk was gnawed bare all round | wrapping the trunk in wire
the tree was planted beneath a huge beech | the tree stayed thin and pale for lack of light
 | picking an open spot
no other apple tree grew for miles | the tree blossomed each year and bore nothing
 | planting a second one for the pollen

making jam
the jars had not been boiled | after a month there was mould under the lids | scalding them first
the sugar was cut to a tenth | the jam was sour enough to make one shiver | keeping to the recipe
nobody stirred the pot | a black crust had formed at the bottom | moving a spoon round all the time
boiling jam was poured into ice-cold glass | the jar cracked | warming the jars

keeping a cat in a flat
the balcony had no net | the cat fell from the third floor | closing the gaps
the curtain reached the floor | the fabric hung in shreds | offering a scratching post
the litter was not changed for days | the visitors held their noses | cleaning the tray each morning
the goldfish bowl had no cover | the bowl was found empty | putting a lid on

walking in a strange city at night
the telephone was empty | no map and no taxi could be called up | charging the telephone in the hotel
the purse was in the open back pocket | at the bar there was nothing to pay with | wearing a belt bag
the name of the hotel was forgotten | every driver just shrugged | carrying the hotel's card
the shoes had high thin heels | one broke off in the cobblestones | putting on flat shoes
""")
"""Blocks of what somebody was doing, then four mishaps: cause, effect, what would have prevented it."""
