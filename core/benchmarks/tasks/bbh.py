"""BIG-Bench Hard: 27 subtasks, each with a line on what it asks and three examples that think in steps."""

from __future__ import annotations

from core.abilities.custom_rows import Row
from core.benchmarks.tasks.answers import ExactMatch
from core.benchmarks.tasks.fields import fail, short, text_of
from core.benchmarks.tasks.shipped import shipped, shipped_examples
from core.benchmarks.tasks.task import DataSet, RegexFilter, Shots, Task, Writing

PROMPTS = "bbh_prompts.json"
SUBTASKS: tuple[str, ...] = tuple(shipped(PROMPTS)["preambles"])


def read_bbh(row: Row) -> Writing:
    """A problem; the model is to think step by step and to end in `So the answer is …`."""
    target = text_of(row, "target")
    return Writing(f"Q: {text_of(row, 'input')}\nA: Let's think step by step.\n", target, (target,))


def bbh_preamble(row: Row) -> str:
    """What the row's subtask asks."""
    preambles: dict[str, str] = shipped(PROMPTS)["preambles"]
    subtask = text_of(row, "task")
    if subtask not in preambles:
        fail(row, ("task",), f"is {short(subtask)}, which is no subtask of BIG-Bench Hard")
    return preambles[subtask]


def bbh_examples(subtask: str) -> tuple[Row, ...]:
    """The three worked examples of a subtask."""
    return shipped_examples(PROMPTS, subtask)


BBH = Task(
    id="bbh",
    name="BIG-Bench Hard",
    about="27 kinds of problem that language models found hard, thought through step by step",
    harness="bbh_cot_fewshot",
    kind="generation",
    data=DataSet(
        "SaylorTwift/bbh", "bbh", configs=SUBTASKS, revision="b5306be6f827cfafbb545ff5a51f96916029b0fd"
    ),
    split="test",
    shots=Shots(3, order="first", own=bbh_examples),
    metrics=("exact_match,get-answer",),
    chance=0.0,
    plausible_range=(0.005, 1.0),
    n_items=6511,
    version=1,
    read=read_bbh,
    family="task",
    preamble=bbh_preamble,
    delimiter="",
    until=("</s>", "Q", "\n\n"),
    max_new_tokens=1024,
    filters=(RegexFilter("get-answer", "(?<=the answer is )(.*)(?=.)"),),
    asks="an answer after 'the answer is'",
    judge=ExactMatch(),
)
