"""Words of many senses, for the semantic relations: four senses each, with an example sentence."""

from __future__ import annotations

from core.abilities.standard.tables import blocks

SENSES = blocks("""
light | not heavy | The suitcase was so light that a child could carry it.
light | pale | The walls were painted in a light shade of blue.
light | set on fire | It took five matches to light the damp wood.
light | lamp | Please switch off the light before you go to bed.

run | move fast on foot | You will have to run to catch the last train.
run | manage | They run a small hotel near the harbour.
run | flow | Tears began to run down the old man's cheeks.
run | damage in a stocking | There was an ugly run in her new tights.

bank | money institute | The bank charges five per cent for such a loan.
bank | edge of a river | We sat on the bank and watched the barges go by.
bank | tilt in flight | The pilot made the plane bank to the left over the bay.
bank | rely | You can bank on her; she has never been late.

fair | just | The referee was strict, but fair to both teams.
fair | blond | He had blue eyes and fair hair like his mother.
fair | funfair | The children rode the carousel at the fair.
fair | fairly good | Her marks in maths were excellent, those in French only fair.

fine | penalty payment | The driver got a fine for parking on the pavement.
fine | very thin | The net was woven from fine threads.
fine | in good health | I had a cold last week, but today I am fine.
fine | sunny | If the weather stays fine, we will eat in the garden.

charge | price asked | There is no charge for children under six.
charge | accusation | The charge against the man was armed robbery.
charge | attack at speed | The bull lowered its head and made a charge at the fence.
charge | fill with electricity | I forgot to charge my telephone last night.

draw | make a picture | The little girl likes to draw horses with crayons.
draw | pull | Two oxen had to draw the heavy cart.
draw | even result | The match ended in a draw, two goals each.
draw | attract | The new exhibition will draw thousands of visitors.

break | pause | After two hours of work we had a short break.
break | fall to pieces | The vase will break if you drop it.
break | fail to keep | She would never break a promise.
break | lucky chance | A small part in a film was the actor's big break.

hard | not soft | The bread was so hard that nobody could bite it.
hard | difficult | The last question of the exam was too hard for me.
hard | with great effort | She worked hard all summer to pay for the trip.
hard | full of lime | The tap water here is hard and leaves white marks in the kettle.

sharp | with a good edge | Be careful, the knife is sharp.
sharp | sudden and tight | After the bridge there is a sharp bend to the left.
sharp | a semitone higher | The tune begins on F sharp.
sharp | exactly on time | The tour starts at nine o'clock sharp.

cold | low in temperature | Put on a scarf, it is cold outside.
cold | illness with a runny nose | Half the class had a cold and was sneezing.
cold | unfriendly | He gave the visitors a cold look and went away.
cold | no longer fresh to follow | By autumn the trail of the thieves had gone cold.

flat | level | The land here is so flat that you can see for miles.
flat | apartment | They rent a flat on the third floor.
flat | without bubbles | The lemonade had been open for days and was flat.
flat | without air | We had to stop because a tyre was flat.

match | sports game | Both teams were tired at the end of the match.
match | stick for making fire | He struck a match and lit the candle.
match | go well together | These shoes do not match that green dress.
match | equal opponent | At chess nobody in the village is a match for her.

note | musical tone | The singer could not reach the highest note.
note | short message | She left a note on the fridge for her brother.
note | banknote | He paid with a fifty-pound note.
note | notice | Please note that the shop closes at noon.

point | sharp end | The point of the needle was bent.
point | score | Our team won by a single point.
point | purpose | There is no point in waiting any longer.
point | aim a finger | It is rude to point at people.

right | correct | All her answers in the test were right.
right | not left | In England the driver sits on the right side of the car.
right | legal claim | Every citizen has the right to vote.
right | set upright again | It took three people to right the capsized boat.

spring | season after winter | In spring the meadow is full of crocuses.
spring | metal coil | A spring in the old mattress had snapped.
spring | natural well | The hikers filled their bottles at a spring.
spring | jump | The cat got ready to spring onto the shelf.

park | green public place | We fed the ducks in the park.
park | leave a car | You cannot park in front of the fire station.
park | amusement ground | The new theme park has three roller coasters.
park | put aside for later | Let us park this question until the next meeting.

wave | moving ridge of water | A huge wave threw the surfer off the board.
wave | move the hand in greeting | The children ran to the window to wave to the postman.
wave | curl in hair | Her hair had a natural wave.
wave | sudden increase | A wave of burglaries worried the town.

plant | thing that grows | The plant on the windowsill needs water.
plant | factory | Two thousand people work at the car plant.
plant | put into the soil | In October we plant tulip bulbs.
plant | secretly placed spy | The new secretary turned out to be a plant sent by a rival firm.

season | quarter of the year | Autumn is my favourite season.
season | add salt and spices | Taste the soup and season it before you serve it.
season | series of episodes | The last season of the show had ten episodes.
season | dry wood for use | Carpenters season oak for years before they build with it.

block | obstruct | A fallen tree seemed to block the whole road.
block | solid piece | The statue was cut from a single block of marble.
block | group of houses | The baker's is at the other end of the block.
block | inability to think | The novelist had a block and wrote nothing all year.

clear | transparent | The water was so clear that we saw every stone.
clear | easy to understand | Her instructions were clear, and nobody had a question.
clear | take things away from | Please clear the table after dinner.
clear | jump over without touching | The horse was able to clear the highest fence.

cross | annoyed | Father was cross because we came home late.
cross | go to the other side of | Look both ways before you cross the street.
cross | hybrid | A mule is a cross between a donkey and a horse.
cross | sign of two lines | Mark the right answer with a cross.

deck | floor of a ship | The sailors scrubbed the deck every morning.
deck | pack of cards | She shuffled the deck and dealt.
deck | decorate | They used to deck the hall with holly.
deck | knock down | One more word, and the boxer would deck him.

drop | tiny amount of liquid | There was not a drop of milk left in the jug.
drop | let fall | Do not drop the eggs on the way home.
drop | decline | There has been a sharp drop in prices.
drop | stop doing | After one term she decided to drop Latin.

express | fast train | The express does not stop at small stations.
express | put into words | He could hardly express his gratitude.
express | explicit | The letter was opened against her express wish.
express | squeeze out | They press the olives to express the oil.

file | folder of papers | The lawyer took a thick file from the drawer.
file | tool for smoothing | He rounded the metal edge with a file.
file | walk one behind another | The prisoners had to file into the yard.
file | hand in officially | You must file your complaint within a week.

fire | flames | The fire destroyed the whole barn.
fire | dismiss from a job | The boss had to fire two workers for stealing.
fire | shoot | The soldiers were ordered not to fire at anyone.
fire | bake in a kiln | Potters fire their bowls at a thousand degrees.

head | top part of the body | He bumped his head on the low door.
head | leader | She is the head of the sales department.
head | go towards | At dusk the ships head for the harbour.
head | foam on beer | The barman poured a glass with a fine white head.

key | thing that opens a lock | I cannot get in, I have lost the key.
key | part of a piano that is pressed | One black key of the old piano was stuck.
key | crucial | The goalkeeper was the key player of the evening.
key | scale of a piece of music | The sonata is written in the key of G.

land | ground | After three weeks at sea they saw land.
land | come down from the air | The plane had to land in thick fog.
land | country | He came back from a distant land.
land | manage to get | With luck she will land a job in television.

mean | unkind | It was mean of them to laugh at the boy.
mean | signify | What does this Latin word mean?
mean | average | The mean temperature in July is twenty degrees.
mean | intend | I did not mean to hurt you.

pitch | sports field | The players ran onto the pitch.
pitch | highness of a tone | A bat's cry has a very high pitch.
pitch | put up | We will pitch the tent beside the stream.
pitch | tar | They sealed the planks with pitch.

plain | simple | She wore a plain black dress without any lace.
plain | large level land | Bison used to roam across the plain.
plain | obvious | It was plain to everyone that he was lying.
plain | stitch in knitting | Knit one row plain and the next one purl.

plot | story of a book | The plot of the novel is full of surprises.
plot | piece of ground | They bought a plot to build a house on.
plot | conspiracy | The plot to kill the king was discovered in time.
plot | draw on a chart | Plot the values against time on squared paper.

pool | place to swim | The hotel has a pool with a diving board.
pool | game on a table with pockets | They played pool in the bar until midnight.
pool | combine for common use | If we pool our savings, we can buy the boat.
pool | puddle | The wounded man lay in a pool of blood.

press | newspapers | The minister refused to speak to the press.
press | push | To call the lift, press this button.
press | crushing machine | The grapes are put into the press.
press | iron | I must press my shirt before the interview.

ring | piece of jewellery | He gave her a ring with a small diamond.
ring | telephone | I will ring you when I arrive.
ring | place for boxing | The two boxers climbed into the ring.
ring | gang | The police broke up a ring of smugglers.

rock | stone | The ship ran onto a rock and sank.
rock | loud guitar music | My uncle plays the drums in a rock band.
rock | swing gently | She began to rock the cradle with her foot.
rock | shock deeply | The scandal will rock the whole government.

scale | plate on a fish | The cook scraped every scale off the carp.
scale | climb | Nobody was able to scale the castle wall.
scale | series of tones | Each lesson began with a scale in C major.
scale | ratio of a map | The map has a scale of one to fifty thousand.

stable | building for horses | The groom led the mare into the stable.
stable | unlikely to fall | Make sure that the ladder is stable.
stable | steady over time | Prices have been stable for three years.
stable | owned group | Both champions come from the same stable of a boxing promoter.

table | piece of furniture | Six chairs stood around the table.
table | rows and columns | The results are listed in a table on page nine.
table | put forward for debate | A member rose to table an amendment.
table | sums learnt by heart | She can say the seven times table.

tie | strip worn round the neck | He wore a suit and a silk tie.
tie | fasten with a knot | He knelt down to tie his shoelaces.
tie | equal score | The vote ended in a tie, so it was held again.
tie | bond | There is a strong tie between the twins.

watch | small timepiece | Her watch was ten minutes slow.
watch | look at | They like to watch the birds in the garden.
watch | turn on guard | The first mate had the watch from midnight to four.
watch | take care about | Watch your step, the stairs are icy.
""")
"""Blocks of one word: the word, a sense, a sentence."""
