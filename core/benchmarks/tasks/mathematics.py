"""GSM8K: word problems with written steps."""

from __future__ import annotations

from core.abilities.custom_rows import Row
from core.benchmarks.tasks.answers import ExactMatch
from core.benchmarks.tasks.fields import text_of
from core.benchmarks.tasks.task import DataSet, RegexFilter, Shots, Task, Writing


def read_gsm8k(row: Row) -> Writing:
    """A problem; the answer has its steps, and ends in `#### N`."""
    answer = text_of(row, "answer")
    return Writing(f"Question: {text_of(row, 'question')}\nAnswer:", answer, (answer,))


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
    version=1,
    read=read_gsm8k,
    until=("Question:", "</s>", "<|im_end|>"),
    filters=(
        RegexFilter("strict-match", r"#### (\-?[0-9\.\,]+)"),
        RegexFilter("flexible-extract", r"(-?[$0-9.,]{2,})|(-?[0-9]+)", pick=-1),
    ),
    asks="a number after '####'",
    judge=ExactMatch((",", r"\$", r"(?s).*#### ", r"\.$"), ignore_case=True),
)
