"""Verbs and sentence patterns with roles (who did what to whom), for the semantic relations.

In every pattern the braces are people: {a} and {b} are the first and the second role.
"""

from __future__ import annotations

from core.abilities.standard.tables import rows

VERBS = (
    "help", "thank", "invite", "warn", "visit", "photograph", "interview", "phone", "follow", "train",
    "rescue", "congratulate", "greet", "interrupt", "consult", "hug", "scold", "nominate", "recommend",
    "praise", "criticise", "recognise", "examine", "mention",
)  # fmt: skip
"""Regular verbs between two people."""

WANTED = ("photograph", "interview", "examine", "train", "visit")
"""The verbs for what a person may wish or be told to undergo."""

NOT_CHOSEN = ("recognise",)
"""The verbs for what nobody can be told to do."""

PATTERNS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("{A}, whom {B} had {0}, was {1} by {C}, who then {2} {D}.", ("BA", "CA", "CD")),
    ("{A} was {0} by {B}, whom {C}, {2} by {D}, had {1}.", ("BA", "CB", "DC")),
    ("It was {A} who {0} {B}, and it was {C} whom {D} {1}.", ("AB", "DC")),
    ("The person who {0} {A} was {B}, and the one whom {C} {1} was {D}.", ("BA", "CD")),
    (
        "{A}, who had {0} {B}, was later {1} by the very person whom {C} had {2}, namely {D}.",
        ("AB", "DA", "CD"),
    ),
    ("{A} {0} {B}, but not before being {1} by {C}, whom {D} had {2}.", ("AB", "CA", "DC")),
    ("Having been {0} by {A}, {B} {1} {C}, by whom {D} in turn was {2}.", ("AB", "BC", "CD")),
    ("What {A} did not know was that {B}, {0} by {C} the day before, had {1} {D}.", ("CB", "BD")),
    ("By the time {A} was {0} by {B}, {C}, not {B}, had been {1} by {D}.", ("BA", "DC")),
    ("{A} {0} the one by whom {B} had been {1}, that is to say {C}, and {D} {2} {B}.", ("AC", "CB", "DB")),
)
"""Sentences with numbered events, and for every event who did it to whom."""

TRANSFERS = (
    "{b} bought the {x} from {a}.",
    "{a} sold the {x} to {b}.",
    "{b} received the {x} from {a} as a present.",
    "The {x} was given to {b} by {a}.",
    "{b} borrowed the {x} from {a}.",
    "{a} lent {b} the {x}.",
    "{b} inherited the {x} from {a}.",
    "The {x} was stolen from {a} by {b}.",
    "It was {b} to whom {a} passed on the {x}.",
    "{b} was handed the {x} by {a}.",
    "{a} traded the {x} away to {b}.",
    "{b} won the {x} from {a} in a bet.",
)
"""How a thing goes from {a} to {b}."""

THINGS = (
    "guitar",
    "camera",
    "bicycle",
    "telescope",
    "ring",
    "dictionary",
    "sledge",
    "chess set",
    "lamp",
    "tent",
)
"""What changes hands."""

CONTROL: tuple[tuple[str, str], ...] = (
    ("{a} promised {b} to {do}", "a"),
    ("{a} told {b} to {do}", "b"),
    ("{b} was persuaded by {a} to {do}", "b"),
    ("{a} gave in to {b}'s pleas to {do}", "a"),
    ("{a} made {b} promise to {do}", "b"),
    ("{a} was made by {b} to promise to {do}", "a"),
    ("{a} vowed in front of {b} to {do}", "a"),
    ("{a} gave {b} orders to {do}", "b"),
    ("{a} was under orders from {b} to {do}", "a"),
    ("{a} reminded {b} to {do}", "b"),
    ("{a} followed {b}'s advice to {do}", "a"),
    ("it was {b} whom {a} had forced to {do}", "b"),
    ("{a} got {b}'s permission to {do}", "a"),
    ("{a} allowed {b} to {do}", "b"),
    ("{a} assured {b} of being willing to {do}", "a"),
    ("{a} encouraged {b} to {do}", "b"),
    ("{a} swore to {b} to {do}", "a"),
    ("{a} appointed {b} to {do}", "b"),
)
"""Clauses in which {a} or {b} is the one meant to {do}, and which of the two it is."""

REPORTS = (
    "As {d} remembers, {clause}.",
    "{d} had heard from a friend that {clause}.",
    "According to what {d} wrote in a letter, {clause}.",
    "{d} was standing at the door when {clause}.",
    "That {clause} came as a surprise to {d}.",
    "“I know for certain that {clause},” said {d}.",
)
"""Sentences that hold a clause, and a fourth person."""

CONVERSES = rows("""
{a} rents a room to {b} | {b} rents a room from {a} | landlord | tenant
{a} teaches {b} the piano | {b} takes piano lessons from {a} | piano teacher | piano pupil
{a} treats {b} for a bad back | {b} is being treated by {a} for a bad back | doctor | patient
{a} has taken {b} on as a bookkeeper | {b} has found work as a bookkeeper with {a} | employer | employee
{a} lent {b} a thousand euros | {b} owes {a} a thousand euros | lender | debtor
{a} sold {b} an old car | {b} got an old car from {a} for a good price | seller | buyer
{a} has {b} to stay for the weekend | {b} is staying at {a}'s house for the weekend | host
 | guest for the weekend
{a} gives {b} legal advice | {b} gets legal advice from {a} | lawyer | lawyer's client
{a} coaches {b} for the marathon | {b} is trained by {a} for the marathon | coach | athlete
{a} wrote a long letter to {b} | {b} got a long letter from {a} | sender | addressee
{a} is showing {b} round the museum | {b} is being shown round the museum by {a} | guide
 | visitor of the museum
{a} voted for {b} as mayor | {b} ran for mayor and had {a}'s vote | voter | candidate
{a} cut {b}'s hair | {b} had a haircut at {a}'s | hairdresser | customer of the hairdresser
{a} left {b} a house in a will | {b} came into a house by {a}'s will | deceased owner | heir
{a} took the office over from {b} | {b} handed the office over to {a} | successor in office
 | predecessor in office
{a} painted {b} in oils | {b} sat for a portrait by {a} | painter | model
{a} is suing {b} for damages | {b} is being sued by {a} for damages | plaintiff | defendant
{a} beat {b} in the chess final | {b} lost the chess final to {a} | winner of the final | loser of the final
{a} brought {b} up from infancy | {b} was raised by {a} from infancy | foster parent | foster child
{a} lives on {b}'s spare vegetables | {b} keeps {a} in vegetables | eater of vegetables | giver of vegetables
{a} knelt down and kissed {b}'s royal hand | {b} held out a royal hand for {a} to kiss | subject | monarch
{a} drove {b} to the airport in a taxi | {b} was taken by {a}'s taxi to the airport | taxi driver | passenger
{a} questioned {b} for the radio | {b} answered {a}'s questions on the radio | reporter | interviewee
{a} marked {b}'s paper in physics | {b} had a physics paper marked by {a} | examiner | examinee
""")
"""One fact in two wordings, then the role of {a} and the role of {b}."""

IMPLICATIVES: tuple[tuple[str, bool], ...] = (
    ("{p} managed to {do}", True),
    ("{p} remembered to {do}", True),
    ("{p} did not forget to {do}", True),
    ("{p} did not fail to {do}", True),
    ("{p} took the trouble to {do}", True),
    ("{p} was made to {do}, like it or not", True),
    ("{p} went so far as to {do}", True),
    ("{p} did not hesitate to {do}", True),
    ("{p} had the courage to {do}", True),
    ("{p} failed to {do}", False),
    ("{p} forgot to {do}", False),
    ("{p} refused to {do}", False),
    ("{p} only pretended to {do}", False),
    ("{p} neglected to {do}", False),
    ("{p} was just about to {do}, but was called away", False),
    ("{p} declined to {do}", False),
    ("{p} did not manage to {do}", False),
    ("{p} promised to {do}, but did not keep the promise", False),
    ("{p} was prevented from trying to {do}", False),
    ("{p} was too timid to {do}", False),
)
"""What someone did about an action, and whether the action was done."""

ACTIONS = rows("""
post the parcel | posted the parcel
lock the shed | locked the shed
sign the petition | signed the petition
water the tomatoes | watered the tomatoes
pay the bill | paid the bill
climb the tower | climbed the tower
hand in the essay | handed in the essay
call the landlord | called the landlord
feed the rabbits | fed the rabbits
return the library book | returned the library book
speak at the meeting | spoke at the meeting
swim across the bay | swam across the bay
taste the soup | tasted the soup
repair the fence | repaired the fence
apologise to the neighbour | apologised to the neighbour
book a table | booked a table
""")
"""An action, and that it was done."""
