"""ARC and OpenBookQA: school science."""

from __future__ import annotations

from core.abilities.custom_rows import Row
from core.benchmarks.tasks.fields import fail, place_of, text_of, texts_of
from core.benchmarks.tasks.task import Choice, DataSet, Shots, Task

ARC_REVISION = "210d026faf9955653af8916fad021475a3f00453"


def read_arc(row: Row) -> Choice:
    """A question, and the options' own texts as continuations."""
    return _labelled(row, f"Question: {text_of(row, 'question')}\nAnswer:", text_of(row, "answerKey"))


def read_openbookqa(row: Row) -> Choice:
    """The beginning of a sentence, and its possible ends."""
    return _labelled(row, text_of(row, "question_stem"), text_of(row, "answerKey").lstrip())


def _labelled(row: Row, context: str, label: str) -> Choice:
    texts, labels = texts_of(row, "choices", "text", least=2), texts_of(row, "choices", "label")
    if len(texts) != len(labels):
        fail(row, ("choices", "label"), f"has {len(labels)} labels for {len(texts)} texts")
    return Choice((context,), texts, (place_of(row, label, labels, "answerKey"),))


ARC_EASY = Task(
    id="arc_easy",
    name="ARC-Easy",
    about="school science questions that simple methods answer",
    harness="arc_easy",
    kind="multiple_choice",
    data=DataSet("allenai/ai2_arc", "arc_easy", config="ARC-Easy", revision=ARC_REVISION),
    split="test",
    shots=Shots(0, "train"),
    metrics=("acc", "acc_norm"),
    chance="by item",
    plausible_range=(0.1, 1.0),
    n_items=2376,
    version=1,
    read=read_arc,
)

ARC_CHALLENGE = Task(
    id="arc_challenge",
    name="ARC-Challenge",
    about="school science questions that retrieval and word statistics get wrong",
    harness="arc_challenge",
    kind="multiple_choice",
    data=DataSet("allenai/ai2_arc", "arc_challenge", config="ARC-Challenge", revision=ARC_REVISION),
    split="test",
    shots=Shots(0, "train"),
    metrics=("acc", "acc_norm"),
    chance="by item",
    plausible_range=(0.1, 1.0),
    n_items=1172,
    version=1,
    read=read_arc,
)

OPENBOOKQA = Task(
    id="openbookqa",
    name="OpenBookQA",
    about="elementary science facts, applied to a new situation",
    harness="openbookqa",
    kind="multiple_choice",
    data=DataSet(
        "allenai/openbookqa", "openbookqa", config="main", revision="388097ea7776314e93a529163e0fea805b8a6454"
    ),
    split="test",
    shots=Shots(0, "train"),
    metrics=("acc", "acc_norm"),
    chance=0.25,
    plausible_range=(0.1, 1.0),
    n_items=500,
    version=1,
    read=read_openbookqa,
)
