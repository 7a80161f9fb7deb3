"""HellaSwag, CommonsenseQA, WinoGrande, PIQA and Social IQa: everyday knowledge."""

from __future__ import annotations

import re

from core.abilities.custom_rows import Row
from core.benchmarks.fields import fail, index_of, number_of, text_of, texts_of
from core.benchmarks.task import Choice, DataSet, Shots, Task

LETTERS = ("A", "B", "C", "D", "E")


def read_hellaswag(row: Row) -> Choice:
    """The beginning of a scene and its possible endings, without WikiHow's markup."""
    scene = f"{text_of(row, 'ctx_a')} {text_of(row, 'ctx_b').capitalize()}"
    endings = tuple(_without_marks(text) for text in texts_of(row, "endings", least=2))
    right = number_of(row, "label", below=len(endings))
    return Choice((_without_marks(f"{text_of(row, 'activity_label')}: {scene}"),), endings, (right,))


def read_commonsense_qa(row: Row) -> Choice:
    """A question with five listed options; the letter is scored."""
    texts = texts_of(row, "choices", "text", least=len(LETTERS))[: len(LETTERS)]
    lines = [f"{letter}. {text}" for letter, text in zip(LETTERS, texts, strict=True)]
    context = "\n".join([f"Question: {text_of(row, 'question').strip()}", *lines, "Answer:"])
    right = index_of(row, text_of(row, "answerKey"), LETTERS, "answerKey")
    return Choice((context,), LETTERS, (right,), options=texts)


def read_winogrande(row: Row) -> Choice:
    """The sentence up to the blank, once with each option; the rest of the sentence is scored after both."""
    sentence = text_of(row, "sentence")
    if "_" not in sentence:
        fail(row, ("sentence",), "has no blank (_)")
    before, _, rest = sentence.partition("_")
    options = (text_of(row, "option1"), text_of(row, "option2"))
    right = number_of(row, "answer", start=1, below=3) - 1
    contexts = tuple(before + option for option in options)
    return Choice(contexts, (rest.strip(), rest.strip()), (right,), options=options, asked=sentence)


def read_piqa(row: Row) -> Choice:
    """A goal and two ways to reach it."""
    context = f"Question: {text_of(row, 'goal')}\nAnswer:"
    return Choice(
        (context,), (text_of(row, "sol1"), text_of(row, "sol2")), (number_of(row, "label", below=2),)
    )


def read_social_iqa(row: Row) -> Choice:
    """A situation and a question about it."""
    context = f"Q: {text_of(row, 'context')} {text_of(row, 'question')}\nA:"
    answers = tuple(text_of(row, name) for name in ("answerA", "answerB", "answerC"))
    return Choice((context,), answers, (number_of(row, "label", start=1, below=4) - 1,))


def _without_marks(text: str) -> str:
    bare = re.sub(r"\[.*?\]", "", text.strip().replace(" [title]", ". "))
    return bare.replace("  ", " ")


HELLASWAG = Task(
    id="hellaswag",
    name="HellaSwag",
    about="what happens next in an everyday scene",
    harness="hellaswag",
    kind="multiple_choice",
    data=DataSet("Rowan/hellaswag", "hellaswag", revision="218ec52e09a7e7462a5400043bb9a69a41d06b76"),
    split="validation",
    shots=Shots(0, "train", without_item=True),
    metrics=("acc", "acc_norm"),
    chance=0.25,
    plausible_range=(0.1, 1.0),
    n_items=10042,
    read=read_hellaswag,
)

COMMONSENSE_QA = Task(
    id="commonsense_qa",
    name="CommonsenseQA",
    about="questions on the relations of everyday things",
    harness="commonsense_qa",
    kind="multiple_choice",
    data=DataSet("tau/commonsense_qa", "commonsense_qa", revision="94630fe30dad47192a8546eb75f094926d47e155"),
    split="validation",
    shots=Shots(0, "train", without_item=True),
    metrics=("acc",),
    chance=0.2,
    plausible_range=(0.06, 1.0),
    n_items=1221,
    read=read_commonsense_qa,
)

WINOGRANDE = Task(
    id="winogrande",
    name="WinoGrande",
    about="which of two things a word in a sentence stands for",
    harness="winogrande",
    kind="multiple_choice",
    data=DataSet(
        "allenai/winogrande",
        "winogrande",
        config="winogrande_xl",
        revision="01e74176c63542e6b0bcb004dcdea22d94fb67b5",
    ),
    split="validation",
    shots=Shots(0, "train", without_item=True),
    metrics=("acc",),
    chance=0.5,
    plausible_range=(0.3, 1.0),
    n_items=1267,
    read=read_winogrande,
)

PIQA = Task(
    id="piqa",
    name="PIQA",
    about="how to do everyday things with one's hands",
    harness="piqa",
    kind="multiple_choice",
    data=DataSet("baber/piqa", "piqa", revision="142f6d7367fd9877f0fb3b5734ea6a545f54cdd1"),
    split="validation",
    shots=Shots(0, "train", without_item=True),
    metrics=("acc", "acc_norm"),
    chance=0.5,
    plausible_range=(0.3, 1.0),
    n_items=1838,
    read=read_piqa,
)

SOCIAL_IQA = Task(
    id="social_iqa",
    name="Social IQa",
    about="why people act as they do, and what they feel",
    harness="social_iqa",
    kind="multiple_choice",
    data=DataSet("lighteval/siqa", "social_iqa"),
    split="validation",
    shots=Shots(0, "train", without_item=True),
    metrics=("acc",),
    chance=1 / 3,
    plausible_range=(0.15, 1.0),
    n_items=1954,
    read=read_social_iqa,
)
