"""GSM8K and BIG-Bench Hard: answers that are thought through in written steps."""

from __future__ import annotations

from core.abilities.custom_rows import Row
from core.benchmarks.fields import bundled, bundled_examples, fail, short, text_of
from core.benchmarks.scoring import ExactMatch
from core.benchmarks.task import DataSet, RegexFilter, Shots, Task, Writing

PROMPTS = "bbh_prompts.json"
"""A line on each subtask, and three examples that think in steps."""

SUBTASKS: tuple[str, ...] = tuple(bundled(PROMPTS)["preambles"])


def read_gsm8k(row: Row) -> Writing:
    """A problem; the answer has its steps and ends in `#### N`."""
    answer = text_of(row, "answer")
    return Writing(f"Question: {text_of(row, 'question')}\nAnswer:", answer, (answer,))


def read_bbh(row: Row) -> Writing:
    """A problem; the model should think step by step and end in `So the answer is …`."""
    target = text_of(row, "target")
    return Writing(f"Q: {text_of(row, 'input')}\nA: Let's think step by step.\n", target, (target,))


def bbh_preamble(row: Row) -> str:
    """The line on the row's subtask."""
    preambles: dict[str, str] = bundled(PROMPTS)["preambles"]
    subtask = text_of(row, "task")
    if subtask not in preambles:
        fail(row, ("task",), f"is {short(subtask)}, which is no subtask of BIG-Bench Hard")
    return preambles[subtask]


def bbh_examples(subtask: str) -> tuple[Row, ...]:
    """The three few-shot examples of a subtask."""
    return bundled_examples(PROMPTS, subtask)


GSM8K = Task(
    id="gsm8k",
    name="GSM8K",
    about="grade school mathematics in words, solved in steps",
    harness="gsm8k",
    kind="generation",
    data=DataSet("openai/gsm8k", "gsm8k", config="main", revision="740312add88f781978c0658806c59bc2815b9866"),
    split="test",
    shots=Shots(5, "train"),
    metrics=("exact_match,strict-match", "exact_match,flexible-extract"),
    chance=0.0,
    plausible_range=(0.005, 1.0),
    n_items=1319,
    read=read_gsm8k,
    until=("Question:", "</s>", "<|im_end|>"),
    filters=(
        RegexFilter("strict-match", r"#### (\-?[0-9\.\,]+)"),
        RegexFilter("flexible-extract", r"(-?[$0-9.,]{2,})|(-?[0-9]+)", pick=-1),
    ),
    asks="a number after '####'",
    judge=ExactMatch((",", r"\$", r"(?s).*#### ", r"\.$"), ignore_case=True),
)

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
    shots=Shots(3, order="first", bundled=bbh_examples),
    metrics=("exact_match,get-answer",),
    chance=0.0,
    plausible_range=(0.005, 1.0),
    n_items=6511,
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
