"""Word tables for the temporal items: events, days, months, and small scenes with places for times."""

from __future__ import annotations

EVENTS: tuple[str, ...] = (
    "the parade", "the concert", "the raffle", "the speech", "the dance", "the quiz", "the auction",
    "the picnic", "the race", "the play", "the workshop", "the prize-giving", "the boat trip",
    "the cooking contest", "the puppet show", "the tree planting", "the chess match", "the magic show",
)  # fmt: skip
"""Things that take place on a festival day, one after another."""

EVENT_CLUES: dict[str, tuple[str, ...]] = {
    "first": ("The day opened with {a}.", "Nothing took place before {a}."),
    "last": ("The day ended with {a}.", "Nothing took place after {a}."),
    "before": (
        "At some time before {b} there was {a}.",
        "At some time after {a} there was {b}.",
        "When {b} began, {a} was already over.",
    ),
    "next": ("Right after {a} came {b}.", "The event right before {b} was {a}."),
    "apart": (
        "Exactly one event came between {a} and {b}.",
        "Between {b} and {a} there was exactly one event.",
    ),
}
"""How each kind of clue is told of a day."""

EVENT_PLACES: tuple[str, ...] = ("first", "second", "third", "last")
"""The four places of a day."""

PROGRAMME: tuple[tuple[str, ...], ...] = (
    ("breakfast", "the hike", "lunch", "the swim", "tea", "the games", "supper"),
    ("the welcome", "the first talk", "coffee", "the second talk", "lunch", "the tour", "the farewell"),
    (
        "the overture",
        "the first act",
        "the first interval",
        "the second act",
        "the second interval",
        "the third act",
        "the applause",
    ),
    (
        "the opening",
        "the short film",
        "the debate",
        "the long film",
        "the vote",
        "the prizes",
        "the last song",
    ),
)
"""Programmes: what follows on what."""

WEEKDAYS: tuple[str, ...] = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
"""The days of the week."""

MONTHS: tuple[str, ...] = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip
"""The months of the year."""

DATE_SCENES: tuple[tuple[str, str], ...] = (
    ("{name} ordered a sofa on {date}. It came exactly {n} days later.", "On which date did the sofa come?"),
    ("The exam was on {date}. The results came exactly {n} days later.", "On which date did they come?"),
    (
        "{name} sowed beans on {date} and picked the first ones exactly {n} days later.",
        "On which date did {name} pick the first beans?",
    ),
    (
        "The show opened on {date}. The last day to buy tickets was exactly {n} days earlier.",
        "On which date was the last day to buy tickets?",
    ),
    (
        "{name} moved house on {date}. The new key had been handed over exactly {n} days earlier.",
        "On which date was the key handed over?",
    ),
)
"""A date, a number of days later (the first three) or earlier (the last two), and the question."""

N_DATE_SCENES_LATER = 3
"""How many of the date scenes go forward; the others go back."""

MONTH_SCENES: tuple[tuple[str, str], ...] = (
    (
        "{name} joined the firm in {month} and left it {n} months later.",
        "In which month and year did {name} leave?",
    ),
    (
        "The bridge was begun in {month}. Building it took {n} months.",
        "In which month and year was it finished?",
    ),
    (
        "{name} planted a vineyard in {month}, and {n} months later came the first harvest.",
        "In which month and year was the first harvest?",
    ),
)
"""A month, a number of months later, and the question."""

SPAN_SCENES: tuple[tuple[str, str], ...] = (
    ("The film began at {a} and ended at {b}.", "How long did the film last?"),
    ("{name} boarded the ferry at {a} and went ashore at {b}.", "How long was {name} on the ferry?"),
    ("The power failed at {a} and came back at {b}.", "How long was there no power?"),
    ("{name} put a stew on at {a} and took it off at {b}.", "How long was the stew on?"),
)
"""A start, an end, and the question for the time between."""

FINISH_SCENES: tuple[tuple[str, tuple[str, str, str], str], ...] = (
    (
        "{name} starts to make a pie at {a}.",
        ("Making the dough takes {t}", "chopping the apples takes {t}", "the baking takes {t}"),
        "The steps follow one another without a break. When is the pie done?",
    ),
    (
        "The tour sets out at {a}.",
        ("The walk through the old town takes {t}", "the castle takes {t}", "the boat ride takes {t}"),
        "Nothing else lies between. When does the tour end?",
    ),
    (
        "{name} leaves the office at {a}.",
        ("The bus takes {t}", "shopping takes {t}", "the walk home takes {t}"),
        "There are no other stops. When does {name} get home?",
    ),
    (
        "A film night starts at {a}.",
        ("The opening film lasts {t}", "the second film lasts {t}", "the last film lasts {t}"),
        "There are no breaks. When does the film night end?",
    ),
)
"""A start, two or three things that take time, and the question for the end."""

LEAVE_SCENES: tuple[tuple[str, tuple[str, str], str], ...] = (
    (
        "{name} wants to be at the airport at {b}.",
        ("The train to the airport takes {t}", "the walk to the train takes {t}"),
        "At what time does {name} have to leave, if there is no waiting?",
    ),
    (
        "The roast has to be on the table at {b}.",
        ("It has to be in the oven for {t}", "before that, preparing it takes {t}"),
        "At what time does {name} have to start?",
    ),
    (
        "{name} has an appointment at {b}.",
        ("The drive there takes {t}", "getting dressed before it takes {t}"),
        "At what time does {name} have to begin to get dressed?",
    ),
)
"""A goal, two things that take time before it, and the question for the start."""

VISIT_PLACES: tuple[str, ...] = (
    "in the library",
    "at the pool",
    "in the office",
    "at the museum",
    "in the gym",
)
"""Where people stay for a while."""

LINES: tuple[tuple[str, str], ...] = (
    ("bus", "the bus stop"),
    ("ferry", "the pier"),
    ("tram", "the tram stop"),
    ("shuttle", "the car park"),
)
"""What leaves at regular intervals, and from where."""

ARRIVAL_SCENES: tuple[tuple[str, str], ...] = (
    ("arrived at the party", "arrived"),
    ("crossed the finish line", "finished"),
    ("handed in the test", "handed in the test"),
    ("woke up", "woke up"),
)
"""What four people did one after another, in full and in short."""

LESSONS: tuple[str, ...] = (
    "English",
    "history",
    "biology",
    "music",
    "physics",
    "art",
    "chemistry",
    "geography",
)
"""Lessons of a school day."""

LIVES: tuple[tuple[str, str, str, str], ...] = (
    (
        "moved to the capital at the age of {n}",
        "opened a shop there {n} years later",
        "sold it {n} years after that",
        "sell the shop",
    ),
    (
        "began to paint at the age of {n}",
        "had a first exhibition {n} years later",
        "gave up painting {n} years after that",
        "give up painting",
    ),
    (
        "went to sea at the age of {n}",
        "became a captain {n} years later",
        "retired {n} years after that",
        "retire",
    ),
    (
        "joined the orchestra at the age of {n}",
        "became its conductor {n} years later",
        "left it {n} years after that",
        "leave the orchestra",
    ),
)
"""Three stations of a life, and the last one as a question puts it."""
