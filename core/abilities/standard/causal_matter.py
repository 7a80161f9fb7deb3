"""What happens to things, how people feel, and chains of events, for the causal items."""

from __future__ import annotations

from core.abilities.standard.tables import blocks, rows

MATTER = blocks("""
{p} bumped against the shelf, and {x} fell onto the stone floor. | breaks to pieces | jumps back up | spills all over the floor | lies there unharmed
a wine glass | a tennis ball | an open carton of milk | a feather pillow
a china cup | a basketball | a paper cup full of coffee | a woollen hat
a mirror | a rubber ball | an open tin of paint | a bath towel
a light bulb | a golf ball | a bucket of water | a teddy bear
a glass vase | a table-tennis ball | a plastic beaker of juice | a rolled-up sock
an hourglass | a squash ball | a bowl of soup made of plastic | a silk scarf
a clay pipe | a volleyball | a watering can without a lid | a sheepskin
a test tube | a beach ball | an open bag of flour | a leather glove
a porcelain plate | a toy ball of rubber | a paper cup of lemonade | a folded blanket
a glass Christmas bauble | a handball | an uncorked wineskin | a sponge

{p} put {x} into a bucket of water and came back an hour later. | swims on top | lies on the bottom as before | can no longer be seen | is full of water
a cork | a pebble | a lump of sugar | a dry sponge
a wax candle | a gold ring | a spoonful of salt | a woollen sock
a plastic duck | an iron nail | a handful of bath salts | a bread roll
a table-tennis ball | a coin | an effervescent tablet | a paper handkerchief
a piece of polystyrene | a glass marble | a spoonful of instant coffee | a cotton pad
an empty closed bottle | a brass key | a measure of washing powder | a bath mat
a pine board | a steel spoon | a spoonful of icing sugar | a dry dishcloth
an apple | a lead weight | a spoonful of baking soda | a cotton glove
a toy boat | a hammer head | a cube of cane sugar | a dry towel
a fishing float | a porcelain saucer | a pinch of table salt | a woollen cap

{p} slid {x} into an oven at two hundred degrees for half an hour. | runs and becomes liquid | becomes firm | becomes shrivelled | is hot but otherwise unchanged
a lump of butter | some bread dough | a bunch of grapes | an iron pan
a bar of chocolate | a tin of cake batter | a few basil leaves | a brick
a candle stub | some beaten egg | a sliced mushroom | a steel spoon
a block of lard | some biscuit dough | some apple rings | a stoneware dish
a slice of soft cheese | a pizza base | a plum cut in half | a pebble
some margarine | a meringue mixture | a handful of parsley | a cast-iron pot
a cube of coconut fat | an egg custard | some slices of banana | a granite slab
a ball of beeswax | a tray of scone dough | some spinach leaves | a copper mould
a scoop of ice cream | some waffle batter | a strip of red pepper | a roof tile
a piece of nougat cream | some sponge mixture | a sprig of rosemary | a horseshoe

{p} forgot {x} on the ground at the edge of the garden and saw it again two years later. | has rusted | has rotted away | has taken root and grown | is only dirty
an iron nail | a pile of cut grass | a fresh acorn | a glass marble
a bicycle chain | an apple core | a willow cutting | a gold coin
a steel saw | a cabbage | a daffodil bulb | a block of granite
a roll of barbed wire | a banana skin | a sunflower seed | a porcelain cup
a horseshoe | a slice of bread | a ripe chestnut | a plastic brick
an iron hinge | a dead mouse | a walnut fresh from the tree | a ceramic tile
a steel file | a bunch of cut roses | a strawberry runner | a glass bottle
a cast-iron pan | a paper bag | a crocus bulb | a pebble
an old spade | a cut melon | a handful of oat grains | a plastic bucket
a steel spring | a slice of ham | a handful of grass seed | a piece of slate

{p} squeezed {x} with one hand as hard as possible and then let go. | returns to its old shape | stays squashed | has lost its juice | has not changed at all
a rubber ring | a lump of dough | half an orange | a pebble
a foam ball | a piece of wet clay | a ripe tomato | a billiard ball
a bath sponge | a sheet of paper | half a lemon | an iron bolt
a tennis ball | a ball of marzipan | a ripe peach | a brass key
a steel spring | a handful of snow | a bunch of grapes | a glass marble
a stress ball | a sheet of tin foil | a slice of melon | a door knob
a pair of rubber gloves | a lump of putty | a handful of raspberries | a dice
a soft cushion | an empty drinks can | half a grapefruit | a coin
a squeaky rubber duck | a piece of soft butter | an overripe plum | a hammer head
a rubber bulb | a paper cup | a peeled kiwi | a porcelain button

A strong gust of wind swept over the terrace, on which {p} had left {x}. | is carried off | tips over where it is | flaps but stays where it is | does not move at all
a sheet of newspaper | a tall thin vase | a flag on a pole | a stone bench
a paper napkin | a music stand | some washing pegged to a line | a concrete flowerpot
a straw hat | a bicycle on its stand | a curtain hung on a rail | an iron stove
a plastic bag | a flip chart | an awning fixed to the wall | a marble statue
a dry leaf | a floor lamp | a pennant nailed to a post | an anvil
a receipt | a clothes horse | a banner tied to two posts | a stone table
a feather | an upright ironing board | a tarpaulin roped down at its corners | a brick grill
a silk scarf | a cardboard figure | a windsock on its mast | a full rain barrel
a paper plate | a broom leaning on a chair | some bunting nailed to a beam | a parked tractor
a toy balloon | a folding screen | a hammock tied to two trees | a cast-iron bench
""")
"""Blocks of an event and its four outcomes, then rows of four things, one for each outcome."""

FEELINGS = blocks("""
proud | ashamed | envious | relieved
My chess puzzle was printed in the newspaper. | I was caught reading my sister's letters. | My neighbour won exactly the car that I cannot afford. | The lump turned out to be harmless.
Out of ninety runners I came in first. | At the party I made fun of a man who was standing behind me. | My friend got the part that I had tried out for. | The lost child came round the corner, safe and sound.
The wall that I built stands straight as a die. | I had sworn to stop and was seen smoking again. | Everyone crowded round my cousin's new telephone, not mine. | The brakes did work in the last second.
My daughter played the whole sonata by heart. | My lie came out in front of the class. | My colleague does less and earns twice as much. | The letter from the tax office was only a refund.
The museum bought one of my pictures. | I had forgotten my mother's birthday. | Their garden blooms, and mine is bare. | The exam is over, and I have passed, just.
The mayor shook my hand for saving the swimmer. | I was found asleep on guard. | All of them can afford to go to the sea except me. | The dog that chased me was called back.
I repaired the radio all by myself. | I took the last piece of cake and let my brother be blamed. | My twin is praised for every drawing. | The storm passed without touching our roof.
They named the new rose after me. | My trousers had been open during the whole speech. | Her hair is thick and curly, and I have what I have. | My keys were in the other pocket after all.
My essay was read out as a model. | I shouted at a waiter who was not to blame. | He was given my favourite teacher, and I was not. | The plane touched down after an hour of shaking.
I climbed the rock face without a rope from above. | I had copied, and the professor recognised her own text. | The others have a father who plays with them. | The court found me not guilty.
I taught my grandfather to read. | I laughed at his stammer, and he began to cry. | My rival now lives in the house of my dreams. | The test for the infection was negative.
Our choir won gold, and I had the solo. | I let my old friend pay although I am better off. | Everybody in the office was promoted before me. | The bomb was an old thermos flask.
I have not missed a day of work in thirty years. | I ran away and left the smaller boys behind. | My sister gets letters from admirers every day. | My son rang at last; he had only missed the bus.
I grew the heaviest pumpkin in the county. | The whole table saw me pocket the spoon. | Their team has a real coach and a real pitch. | The ladder slid, but I had just got off it.
The model ship took me three years, and now it is done. | I broke the promise I had given to my dying aunt. | With half my effort he plays twice as well. | The file was not deleted; it was in another folder.

grateful | disappointed | bored | nervous
A stranger gave me her seat when my foot hurt. | The film that I had waited for was a mess. | It is the fourth hour of waiting, with nothing to read. | In ten minutes I have to go on stage.
My neighbours cooked for me while I was ill. | The parcel held socks again instead of the game. | The speaker reads out one table after another. | The doctor will call with the results any moment.
Somebody handed in my purse with all the money in it. | Our team lost in the last minute. | I have sorted the same screws since morning. | Tomorrow I meet her parents for the first time.
My teacher stayed late to explain it once more. | The famous restaurant served cold chips. | Rain, no visitors, and all the puzzles are done. | The examiner is turning over my paper.
A farmer pulled my car out of the mud and took nothing. | I had hoped for a letter, and the box was empty. | I know this lesson by heart and must sit through it again. | My first jump with a parachute is next.
My brother gave me one of his kidneys. | After all that training I was not selected. | The road is straight, the fields are flat, and it goes on for six hours. | I can hear the dentist's drill through the door.
An old lady lent me her umbrella in the downpour. | The view from the tower was nothing but fog. | Nothing has happened in this office for a week. | My name is the next one on the list of speakers.
The team shared its last water with me. | He had promised to come and did not. | They have talked about lawnmowers since noon. | The last penalty is mine to take.
A nurse held my hand all night. | The new flat is half as big as in the pictures. | It is the tenth time that I see this play. | The police car has been behind me for two miles.
My friends paid for the ticket home. | The strawberries look lovely and taste of water. | I watch the clock and the clock does not move. | I am to carry the crown on a cushion past five hundred guests.
A colleague took over my night shift on my birthday. | The concert was called off when we got there. | The museum guard's day is long: nobody came in. | I have asked her to marry me and she is thinking.
Somebody I hardly know found me this job. | My dearest friend liked the cheap copy better than my gift. | We wait at the lake, and not one fish bites. | The jury comes back in a moment.
The hosts took us in when all inns were full. | The signed first edition was a reprint. | I have read all the magazines in here, even the ones on fishing. | The baby is due today.
My grandmother left me her recipes, all written out for me. | I got the lowest of all the bonuses. | My task is to press a button every two minutes. | I must tell the boss that I scratched his car.
They stopped the train and helped me look for my ring. | The tiger slept in its hut the whole time we were there. | The committee discusses the colour of the folder. | I have never driven on the left, and the lorry is coming closer.

lonely | angry | frightened | surprised
Nobody has called me since I moved here. | Someone has scratched my new car on purpose. | There are steps in the attic, and I live alone. | I opened the door and forty friends shouted my name.
All of them went home for the holidays except me. | The builders left a week ago and took the money along. | The branch under me is cracking. | My shy nephew has become a wrestler.
At lunch I sit at the table by myself every day. | My brother has read my diary aloud to his friends. | A bull is running across the field towards me. | My old teacher was sitting in the seat next to mine on the plane.
My wife died in spring, and the house is silent. | They cut down my tree without a word. | The lift stopped and the light went out. | It snowed in July.
On the island there is no one who speaks my language. | The man in front pushed past a blind woman. | Something large is swimming below our boat. | The cat that we buried last year walked in at the door; it had been another one.
My friends have all married and moved away. | The shop sold me spoiled meat for the third time. | The car does not slow down, however hard I brake. | In the old coat I found a banknote of five hundred.
I celebrated my birthday with the radio. | He keeps kicking the back of my seat and grins. | The rope that holds me is fraying. | The tiny seed packet grew a plant three metres high.
The night watch is long, with not one voice to be heard. | The landlord lets himself in when I am out. | A wolf howled, and a second one right behind the tent. | The beggar turned out to be a count.
At the new school no one has yet spoken to me. | They blamed me for what they had done themselves. | Smoke is coming in from under the door. | The parrot suddenly answered in Latin.
Since the children left, I set the table for one. | Somebody stole the flowers from my mother's grave. | The ice is groaning beneath my feet. | My letter to the king was answered by hand.
The lighthouse has no visitors from October to May. | My team was cheated out of the goal. | The man with the knife has seen me. | Behind the wallpaper there was a door.
I have a thousand contacts and no one to have coffee with. | The drunk driver hit my dog and drove on. | The wave is higher than the house, and it comes closer. | The quiet girl at the back won the shouting contest.
Among all the couples I was the only one without a partner. | I waited two hours, and he did not even apologise. | The snake has raised its head in front of my boot. | Under the Christmas tree stood a live pony.
In the hospital every bed but mine had visitors. | They threw rubbish over my fence once more. | The plane has dropped like a stone twice now. | My worst rival voted for me.
Pen and paper are the only company in this cell. | My boss sold my idea as his own. | We hear shots in the street. | The box that I thought empty began to tick.
""")
"""Blocks of four feelings, then rows of four diary lines, one for each feeling."""

CHAINS = rows("""
it rained for a week | the river rose over its banks | the bridge was washed away | the village could not be reached by road | food had to be flown in
a cat chased a mouse across the shelf | the jug was knocked over | oil ran out on the floor | the cook slipped | the cook's arm was put in plaster
the alarm clock did not ring | Mina overslept | the train left without her | she came late to the interview | another applicant got the job
a storm brought down a tree | the power line tore | the pumps in the mine stopped | water filled the shafts | the miners had to be brought up
the frost killed the blossoms | hardly any fruit ripened | apples became scarce | their price doubled | the bakery took apple pie off the menu
the summer was extremely dry | the grass withered | the cows found nothing to eat | they gave little milk | cheese became dear
a cigarette was thrown away in the woods | the dry leaves caught fire | the flames reached a cabin | a gas bottle inside exploded | windows broke a mile away
the river was poisoned by a factory | the fish died | the herons left the valley | frogs were no longer hunted | the ponds were full of croaking
a nail lay on the motorway | a tyre of the lorry burst | the lorry turned over | its load of oranges rolled across both lanes | traffic stood still for hours
the heating in the hall broke down | the water pipes froze | one of them burst | the dance floor was soaked and warped | the ball was moved to the school
the baby had a tooth coming | it cried all night | the father got no sleep | he nodded off at his desk | he missed the call of an important client
the king raised the tax on salt | people could no longer preserve fish | the fishermen sold less | they could not pay for their boats | the shipyards went bankrupt
the wind turned to the east | the smoke drifted into the town | people closed all the windows | the rooms grew stuffy | many had a headache
a wolf pack settled in the forest | the deer became fewer | young trees were no longer nibbled off | the slopes grew thick with wood | less soil slid down in heavy rain
a spark flew out of the chimney | the thatched roof burned | the family had to leave the house | they moved in with relatives | the children changed schools
the ship ran onto a rock | the hull was torn open | oil flowed into the bay | the birds' feathers stuck together | volunteers washed thousands of gulls
the lid was left off the honey | ants came into the kitchen | the owner sprayed poison | the cat licked the floor and fell ill | the vet had to be called at midnight
the pianist broke a finger | the concert was cancelled | the tickets were paid back | the orchestra had no money for the rent | it had to leave its hall
the snow on the slope became too heavy | an avalanche broke loose | it buried the railway line | the skiers could not leave | the hotel ran out of beds
the guard fell asleep | the gate stayed open | the elephants walked out | they trampled a field of maize | the farmer demanded money from the zoo
a virus spread among the bees | fewer blossoms were pollinated | the almond harvest was poor | the marzipan makers ran short | sweets for Christmas cost more
the mechanic forgot to tighten a screw | a wheel came off during the race | the car spun into the barrier | the leading driver was out | an outsider took the cup
the teacher lost her voice | she wrote everything on the board | the chalk was used up | the caretaker drove to the shop | the front gate was left unlocked in the meantime
a crane hit an overhead cable | all the traffic lights went dark | cars got wedged on the main crossing | the ambulance came late | the patient was born in the back of a taxi
the tide was unusually high | salt water got into the wells | the wells could not be used | people queued at tank lorries | offices opened two hours late
the company's best engineer quit | the new engine was not finished in time | the order went to a rival | the workshop had nothing to do | half the staff were sent home
the boy climbed over the fence | his jacket caught on the wire | a sleeve was torn off | he was cold on the way home | he was in bed with a cough for a week
the volcano threw ash into the sky | the sunlight was dimmed | the summer stayed cool | the grain did not ripen | bread was rationed in the winter
somebody left a bag at the station | the police cleared the platforms | all trains were held back | the violinist could not get to the hall | the audience was sent home
the dam had a crack | the reservoir was drained for repair | the power plant stood still | electricity had to be bought abroad | households got higher bills
the old oak was cut down | the owls lost their nest | they moved to another wood | the mice multiplied | the stored grain was eaten up
a tourist fed the monkeys | they lost their fear of people | they came into the kitchens | cooks put bars on all the windows | the smith had work for a year
the postman was bitten by a dog | he avoided the street from then on | a letter was not delivered | the heir did not learn of the will | the house went to the state
the harbour froze up | coal ships could not land | the gasworks ran out of fuel | the street lamps stayed dark | burglars had an easy time
the goalkeeper was sent off | a striker had to guard the goal | four simple shots went in | the team dropped out of the league | its sponsor looked for another club
the potter used too much water | the clay was soft | the jars sank in on themselves | the shipment was not ready | the merchant bought elsewhere
a comet was announced | crowds drove to the hills | all the parking places were taken | cars were left in the meadow | the hay could not be mown
the singer ate a spoiled oyster | she was sick before the show | her understudy stepped in | a critic heard the unknown girl | the girl was engaged in Milan
the beaver built a dam | the stream backed up | the meadow turned to marsh | storks found plenty of frogs | a pair of them nested on the barn
the roof gutter was full of leaves | rainwater ran down the wall | the plaster grew damp | mould spread in the bedroom | the child had trouble breathing
the price of oil fell | driving became cheap | people took the car instead of the bus | the bus company lost passengers | the line to the village was closed
the wedding cake was left in the sun | the cream melted | the upper tier slid down | the little sugar couple broke | the baker made a new pair in a hurry
the sculptor was given a cheap block of marble | it had a hidden crack | the statue's arm fell off | the museum refused to accept it | the sculptor had to pay back the advance
""")
"""Five events a row, each the cause of the next one."""
