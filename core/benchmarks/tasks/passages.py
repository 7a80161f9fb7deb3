"""BoolQ and SQuAD: questions on a given passage."""

from __future__ import annotations

import hashlib

from core.abilities.custom_rows import Row
from core.benchmarks.fields import fail, number_of, text_of, texts_of
from core.benchmarks.scoring import squad_scores
from core.benchmarks.task import Choice, DataSet, Shots, Task, Writing

NO_YES = ("no", "yes")


def read_boolq(row: Row) -> Choice:
    """A passage and a question; right is `label` (0 or 1), or `answer` (a boolean) in BoolQ's own files."""
    passage = text_of(row, "passage")
    context = f"{passage}\nQuestion: {text_of(row, 'question')}?\nAnswer:"
    answer = row.fields.get("answer") if "label" not in row.fields else None
    if answer is not None and not isinstance(answer, bool):
        fail(row, ("answer",), "has to be true or false")
    right = number_of(row, "label", below=2) if answer is None else int(answer)
    return Choice((context,), NO_YES, (right,), cluster=_digest(passage))


def read_squad(row: Row) -> Writing:
    """A passage and a question; the answer is a span of the passage."""
    passage = text_of(row, "context")
    prompt = (
        f"Title: {text_of(row, 'title')}\n\nBackground: {passage}\n\n"
        f"Question: {text_of(row, 'question')}\n\nAnswer:"
    )
    answers = texts_of(row, "answers", "text")
    return Writing(prompt, answers[0], answers, cluster=_digest(passage))


def _digest(passage: str) -> str:
    return hashlib.blake2b(passage.encode(), digest_size=6).hexdigest()


BOOLQ = Task(
    id="boolq",
    name="BoolQ",
    about="yes or no questions that people asked, on a passage that answers them",
    harness="boolq",
    kind="multiple_choice",
    data=DataSet(
        "aps/super_glue", "boolq", config="boolq", revision="3de24cf8022e94f4ee4b9d55a6f539891524d646"
    ),
    split="validation",
    shots=Shots(0, "train", without_item=True),
    metrics=("acc",),
    chance=0.5,
    plausible_range=(0.3, 1.0),
    n_items=3270,
    read=read_boolq,
)

SQUAD = Task(
    id="squad",
    name="SQuAD v1.1",
    about="questions whose answer is a piece of a passage of Wikipedia",
    # lm-evaluation-harness has SQuAD 2 (squadv2), which asks unanswerable questions too, and a completion
    # task on other texts. The prompt is squadv2's; the scores are those of v1.1's official script.
    harness=None,
    kind="generation",
    data=DataSet("rajpurkar/squad", "squad", revision="7b6d24c440a36b6815f21b70d25016731768db1f"),
    split="validation",
    shots=Shots(0, "train"),
    metrics=("exact_match", "f1"),
    version=2,
    chance=0.0,
    plausible_range=(0.005, 1.0),
    n_items=10570,
    read=read_squad,
    until=("\n",),
    judge=squad_scores,
)
