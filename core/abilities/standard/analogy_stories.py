"""Short stories by their pattern, and tasks with remedies by their idea, for the analogies."""

from __future__ import annotations

from core.abilities.standard.tables import blocks, rows

STORIES = tuple(
    tuple(story for (story,) in block)
    for block in blocks("""
A roof tile was missing and nobody replaced it; after two winters the whole attic had rotted.
A cyclist took no notice of a faint click in the wheel, and a month later the axle snapped.
A clerk left one wrong figure in the ledger, and by spring none of the accounts could be trusted.
A gardener let a single weed stand, and the next summer the entire bed was overgrown.
A traveller paid no attention to a tiny toothache and in the end lost three teeth.
A dripping tap was never mended, and one day the ceiling below it came down.
A silly quarrel was never talked over, and years later the two families no longer spoke.

A lifeguard blew the whistle for fun every day; when a swimmer really sank, no one looked up.
A pupil so often pretended to be ill that with a real fever she was sent back to class.
A smoke detector went off at every piece of toast, so when the kitchen burned the family stayed in bed.
A newspaper announced a crash each month; when prices did collapse, its readers only shrugged.
A guard dog barked at each passing leaf, and so its barking at the burglar was ignored.
A manager marked all messages as urgent, and the one that truly was lay unread for days.
A sailor reported pirates on each trip for a laugh; when they came, the harbour sent no help.

A banker once paid for a beggar's meal; years later it was that man who pulled her out of a wreck.
A hiker freed a bird from a net, and weeks later its cries led the lost hiker to water.
A star player trained a shy newcomer, and in the final it was the newcomer who saved the star's career.
A professor lent books to a poor student, who later, as a surgeon, saved the professor's life.
A large firm spared a tiny rival, and when the firm was failing, the rival lent it money.
A farmer fed a stray dog, and one night it woke the farmer before the fire could spread.
A queen pardoned a stable boy, and in the war the boy hid her from the enemy.

A fisherman let a fair catch go to chase a giant one and came home with an empty boat.
A clerk left a steady post for a rumoured better one, which then went to somebody else.
A trader refused a good price in the hope of a record one, and the goods spoiled in the store.
A runner sure of silver risked everything for gold, fell, and got no medal at all.
A gambler with a full purse staked it all to double it and walked home without a penny.
A monkey dropped its nuts to grab a melon, and the melon rolled into the river.
A chess player gave up a safe draw to play for a win and lost the game.

Five relatives each salted the soup when they passed it, and nobody could eat it.
Eight members of the committee rewrote the speech, and in the end no sentence fitted the next.
Three people steered the raft at the same time, so it only turned in circles.
Every neighbour trimmed the shared hedge to taste, until hardly a twig of it was left.
Four doctors each prescribed something of their own, and the mixture made the patient sicker.
Six designers all added a feature to the clock, and no one could read the time any more.
A dozen helpers painted the room, each in a favourite shade, and it looked dreadful.

The quick climber rushed ahead and had to give up; the plodding one reached the summit.
One pupil crammed for a single night and failed, while the one who did ten minutes a day passed.
The fast lorry broke down on the rough road, and the old tractor arrived first.
One writer meant to finish a novel in a week and never did; another wrote a page a day and was published.
The bank that grew wildly went under, while the one that put a little aside each year is still there.
The sister saved a coin every day and bought the house; the brother, after quick profits, lost his.
The sprinting beetle lost its way twice, and the snail was at the finish before it.

A student whom the academy had turned down declared that only fools go there.
A man who could not pay for the sports car said that it was surely noisy and cramped.
A fan who got no ticket claimed that the concert was going to be boring anyway.
A cook who had missed the prize remarked that the cup was ugly and not worth having.
A cat that could not reach the sausage walked off as though it had smelled bad.
A woman whose offer for the villa was refused told everyone that it was damp.
A team that was not let into the league said that it had never wanted to play there.

When thieves had emptied the shop, the owner bought a stronger lock.
The town built its dam the year after the flood had washed the houses away.
Once all the files had been lost, the office began to make copies.
The zoo mended the fence when the tiger was already in the woods.
Badly burnt by the sun, the tourist went to buy sun cream on the last evening.
The school asked for a crossing guard the week after the child had been run over.
The owners ordered more lifeboats when the liner was lying on the sea floor.

To get rid of a wasp, a man set off fireworks indoors and burnt down the flat.
Rabbits were eating the lettuce, so foxes were brought in, and they killed all the hens.
To silence a squeaking hinge, the tenant used so much oil that all the carpets were ruined.
A village killed off its noisy frogs, and then clouds of mosquitoes made life unbearable.
Against a mild headache, a traveller took so many pills that he ended up in hospital.
To remove a small stain, the cleaner used acid, which ate a hole in the tablecloth.
To end a minor traffic jam, the city closed the bridge, and nothing moved for weeks.

A man passed for a pilot with everyone until he was asked to land the plane.
A jackdaw dressed up in peacock feathers, but its croak gave it away.
A guest boasted of speaking Greek and turned red when a Greek diplomat began to chat.
A picture was sold as an old master until a modern pigment was found in it.
The famous healer had shown many diplomas but fainted when the first patient bled.
A café praised its home-made cakes until a customer saw the supermarket boxes.
The great skier told grand tales at the hotel and went down the first slope sitting.

One stick snapped at once, but nobody was able to bend the bundle.
Each shop alone got no discount; when all of them ordered as one, the supplier gave in.
A single musk ox is easy prey, but when the herd stands in a ring, the wolves go away.
No villager could shift the boulder, and when the whole village pushed, it rolled.
The threads tore one by one, yet twisted into a rope they held the ship.
One worker's complaint was laughed at; when the entire staff signed it, wages rose.
An ant cannot move a beetle, but the colony carried it home.

A boy loosened his rival's saddle, but the horses were exchanged and he fell off himself.
A spy bugged the meeting room and was convicted by what he himself had said in it.
A hunter fell into the very pit that he had dug for the wolf.
A company spread a rumour to sink a competitor's shares, and its own fell the most.
A cheat marked the cards, and a sharp-eyed opponent used the marks to win everything from him.
A prankster put salt in a colleague's cup and then drank from it by mistake.
A minister had a law made against his enemies and was the first to be jailed under it.
""")
)
"""Blocks of stories with one pattern; four blocks make a group of patterns that differ clearly.

The patterns: neglect grows, false alarms, kindness returned, greed loses all; too many helpers, steady wins,
belittling the unattainable, precaution too late; cure worse than ill, pretence exposed, union is strength,
trap catches its maker.
"""

TASKS = rows("""
to move a library to another floor | carry one shelf a day | move a single box and see how that goes
 | hire a firm that moves libraries every week | wait until the students are on holiday
 | book the goods lift as a fallback
to paint a very long fence | paint five metres each evening | paint one board and look at it after a week
 | leave it to a master painter | hold off until a dry week comes
 | buy a spare pot in case the colour runs out
to learn a leading part for the theatre | learn one page a day | perform a short scene to a friend
 | study it with a veteran actor | put it off until the exams are over | have an understudy ready to step in
to switch a school to new software | switch one classroom a week | install it on a single machine as a test
 | call in a specialist from outside | leave it for the summer break
 | keep the old system ready to return to
to serve two hundred guests a new dish | cook it in ten separate batches | offer it to four guests at first
 | engage a chef who knows the dish well | postpone it to the asparagus season
 | have a stew ready should nobody like it
to dig a big pond | dig out one barrow-load each morning | dig a little hole to test the ground
 | give it to an experienced landscape gardener | start after rain has softened the ground
 | get the promise of another digger if this one breaks down
to clean a sooty wall painting | clean one hand's breadth at a time | try the cleaner on a hidden corner
 | entrust it to the museum's restorer | begin only when the wall has dried out
 | make a full copy for safety
to translate a thick manual | translate ten pages a day | translate one page and let users judge it
 | give it to a sworn translator | hold back for the final edition
 | name a stand-in for the translator
to walk a very long trail | walk a short stretch each weekend | go for one afternoon to test the boots
 | go with a seasoned mountain guide | set out after the snow has melted
 | take a paper map as well as the phone
to vaccinate a large herd of cattle | do ten animals each day | do two animals and watch them for a while
 | call in the vet | do nothing during the heat wave | keep an extra batch of vaccine in reserve
to dry the soaked papers of an archive | dry one box after another | dry one worthless sheet to see the effect
 | send them to a laboratory for paper | keep them frozen until the new dryer is delivered
 | set up a second dryer as insurance
to give a speech in a foreign language | practise one paragraph a day | rehearse it in front of two friends
 | work on it with a language teacher | ask for a date after the language course
 | have an interpreter standing by
to sew a wedding dress | sew one seam an evening | make a cheap cotton model of it
 | hand it over to a professional tailor | delay it to the week before the ceremony
 | borrow another dress that would do at a pinch
""")
"""A task, then remedies by five ideas: small portions, a trial, an expert, a better time, a reserve."""
