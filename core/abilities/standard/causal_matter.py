"""What happens to things, and how people feel, for the causal items."""

from __future__ import annotations

from core.abilities.standard.tables import blocks

MATTER = blocks("""
{p} bumped against the shelf, and {x} fell onto the stone floor. | breaks to pieces | jumps back up
 | spills all over the floor | lies there unharmed
a wine glass | a tennis ball | an open carton of milk | a feather pillow
a china cup | a basketball | a paper cup full of coffee | a woollen hat
a mirror | a rubber ball | an open tin of paint | a bath towel
a light bulb | a golf ball | a bucket of water | a teddy bear
a glass vase | a table-tennis ball | a plastic beaker of juice | a rolled-up sock
an hourglass | a squash ball | a plastic bowl of soup | a silk scarf
a clay pipe | a volleyball | a watering can without a lid | a sheepskin
a test tube | a beach ball | an open bag of flour | a leather glove
a porcelain plate | a toy ball of rubber | a paper cup of lemonade | a folded blanket
a glass Christmas bauble | a handball | an uncorked wineskin | a sponge

{p} put {x} into a bucket of water and came back an hour later. | swims on top
 | lies on the bottom as before | can no longer be seen | is full of water
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

{p} slid {x} into an oven at two hundred degrees for half an hour. | runs and becomes liquid | becomes firm
 | becomes shrivelled | is hot but otherwise unchanged
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

{p} forgot {x} on the ground at the edge of the garden and saw it again two years later. | has rusted
 | has rotted away | has taken root and grown | is only dirty
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

{p} squeezed {x} with one hand as hard as possible and then let go. | returns to its old shape
 | stays squashed | has lost its juice | has not changed at all
a rubber ring | a lump of dough | half an orange | a pebble
a foam ball | a piece of wet clay | a ripe tomato | a billiard ball
a bath sponge | a sheet of paper | half a lemon | an iron bolt
a tennis ball | a ball of marzipan | a ripe peach | a brass key
a steel spring | a handful of snow | a bunch of grapes | a glass marble
a stress ball | a sheet of tin foil | a slice of melon | a door knob
a pair of rubber gloves | a lump of putty | a handful of raspberries | a chess piece
a soft cushion | an empty drinks can | half a grapefruit | a coin
a squeaky rubber duck | a piece of soft butter | an overripe plum | a hammer head
a rubber bulb | a paper cup | a peeled kiwi | a porcelain button

A strong gust of wind swept over the terrace, on which {p} had left {x}. | is carried off
 | tips over where it is | flaps but stays where it is | does not move at all
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

FEELINGS = tuple(
    tuple(line for (line,) in block)
    for block in blocks("""
proud
My chess puzzle was printed in the newspaper.
Out of ninety runners I came in first.
The wall that I built stands straight as a die.
My daughter played the whole sonata by heart.
The museum bought one of my pictures.
The mayor shook my hand for saving the swimmer.
I repaired the radio all by myself.
They named the new rose after me.
My essay was read out as a model.
I climbed the rock face without a rope from above.
I taught my grandfather to read.
Our choir won gold, and I had the solo.
I have not missed a day of work in thirty years.
I grew the heaviest pumpkin in the county.
The model ship took me three years, and now it is done.

ashamed
I was caught reading my sister's letters.
At the party I made fun of a man who was standing behind me.
I had sworn to stop and was seen smoking again.
My lie came out in front of the class.
I had forgotten my mother's birthday.
I was found asleep on guard.
I took the last piece of cake and let my brother be blamed.
My trousers had been open during the whole speech.
I shouted at a waiter who was not to blame.
I had copied, and the professor recognised her own text.
I laughed at his stammer, and he began to cry.
I let my old friend pay although I am better off.
I ran away and left the smaller boys behind.
The whole table saw me pocket the spoon.
I broke the promise I had given to my dying aunt.

envious
My neighbour won exactly the car that I cannot afford.
My friend got the part that I had tried out for.
Everyone crowded round my cousin's new telephone, not mine.
My colleague does less and earns twice as much.
Their garden blooms, and mine is bare.
All of them can afford to go to the sea except me.
My twin is praised for every drawing.
Her hair is thick and curly, and I have what I have.
He was given my favourite teacher, and I was not.
The others have a father who plays with them.
My rival now lives in the house of my dreams.
Everybody in the office was promoted before me.
My sister gets letters from admirers every day.
Their team has a real coach and a real pitch.
With half my effort he plays twice as well.

relieved
The lump turned out to be harmless.
The lost child came round the corner, safe and sound.
The brakes did work in the last second.
The letter from the tax office was only a refund.
The exam is over, and I have passed, just.
The dog that chased me was called back.
The storm passed without touching our roof.
My keys were in the other pocket after all.
The plane touched down after an hour of shaking.
The court found me not guilty.
The test for the infection was negative.
The bomb was an old thermos flask.
My son rang at last; he had only missed the bus.
The ladder slid, but I had just got off it.
The file was not deleted; it was in another folder.

grateful
A stranger gave me her seat when my foot hurt.
My neighbours cooked for me while I was ill.
Somebody handed in my purse with all the money in it.
My teacher stayed late to explain it once more.
A farmer pulled my car out of the mud and took nothing.
My brother gave me one of his kidneys.
An old lady lent me her umbrella in the downpour.
The team shared its last water with me.
A nurse held my hand all night.
My friends paid for the ticket home.
A colleague took over my night shift on my birthday.
Somebody I hardly know found me this job.
The hosts took us in when all inns were full.
My grandmother left me her recipes, all written out for me.
They stopped the train and helped me look for my ring.

disappointed
The film that I had waited for was a mess.
The parcel held socks again instead of the game.
Our team lost in the last minute.
The famous restaurant served cold chips.
I had hoped for a letter, and the box was empty.
After all that training I was not selected.
The view from the tower was nothing but fog.
He had promised to come and did not.
The new flat is half as big as in the pictures.
The strawberries look lovely and taste of water.
The concert was called off when we got there.
My dearest friend liked the cheap copy better than my gift.
The signed first edition was a reprint.
I got the lowest of all the bonuses.
The tiger slept in its hut the whole time we were there.

bored
It is the fourth hour of waiting, with nothing to read.
The speaker reads out one table after another.
I have sorted the same screws since morning.
Rain, no visitors, and all the puzzles are done.
I know this lesson by heart and must sit through it again.
The road is straight, the fields are flat, and it goes on for six hours.
Nothing has happened in this office for a week.
They have talked about lawnmowers since noon.
It is the tenth time that I see this play.
I watch the clock and the clock does not move.
The museum guard's day is long: nobody came in.
We wait at the lake, and not one fish bites.
I have read all the magazines in here, even the ones on fishing.
My task is to press a button every two minutes.
The committee discusses the colour of the folder.

nervous
In ten minutes I have to go on stage.
The doctor will call with the results any moment.
Tomorrow I meet her parents for the first time.
The examiner is turning over my paper.
My first jump with a parachute is next.
I can hear the dentist's drill through the door.
My name is the next one on the list of speakers.
The last penalty is mine to take.
The police car has been behind me for two miles.
I am to carry the crown on a cushion past five hundred guests.
I have asked her to marry me and she is thinking.
The jury comes back in a moment.
The baby is due today.
I must tell the boss that I scratched his car.
I have never driven on the left, and the lorry is coming closer.

lonely
Nobody has called me since I moved here.
All of them went home for the holidays except me.
At lunch I sit at the table by myself every day.
My wife died in spring, and the house is silent.
On the island there is no one who speaks my language.
My friends have all married and moved away.
I celebrated my birthday with the radio.
The night watch is long, with not one voice to be heard.
At the new school no one has yet spoken to me.
Since the children left, I set the table for one.
The lighthouse has no visitors from October to May.
I have a thousand contacts and no one to have coffee with.
Among all the couples I was the only one without a partner.
In the hospital every bed but mine had visitors.
Pen and paper are the only company in this cell.

angry
Someone has scratched my new car on purpose.
The builders left a week ago and took the money along.
My brother has read my diary aloud to his friends.
They cut down my tree without a word.
The man in front pushed past a blind woman.
The shop sold me spoiled meat for the third time.
He keeps kicking the back of my seat and grins.
The landlord lets himself in when I am out.
They blamed me for what they had done themselves.
Somebody stole the flowers from my mother's grave.
My team was cheated out of the goal.
The drunk driver hit my dog and drove on.
I waited two hours, and he did not even apologise.
They threw rubbish over my fence once more.
My boss sold my idea as his own.

frightened
There are steps in the attic, and I live alone.
The branch under me is cracking.
A bull is running across the field towards me.
The lift stopped and the light went out.
Something large is swimming below our boat.
The car does not slow down, however hard I brake.
The rope that holds me is fraying.
A wolf howled, and a second one right behind the tent.
Smoke is coming in from under the door.
The ice is groaning beneath my feet.
The man with the knife has seen me.
The wave is higher than the house, and it comes closer.
The snake has raised its head in front of my boot.
The plane has dropped like a stone twice now.
We hear shots in the street.

surprised
I opened the door and forty friends shouted my name.
My shy nephew has become a wrestler.
My old teacher was sitting in the seat next to mine on the plane.
It snowed in July.
The cat that we buried last year walked in at the door; it had been another one.
In the old coat I found a banknote of five hundred.
The tiny seed packet grew a plant three metres high.
The beggar turned out to be a count.
The parrot suddenly answered in Latin.
My letter to the king was answered by hand.
Behind the wallpaper there was a door.
The quiet girl at the back won the shouting contest.
Under the Christmas tree stood a live pony.
My worst rival voted for me.
The box that I took for empty held a kitten.
""")
)
"""Blocks of a feeling and fifteen diary lines; four blocks make a group of clearly different feelings."""
