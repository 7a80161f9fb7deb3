"""GSM8K, BIG-Bench Hard, HumanEval and MBPP: solutions written in steps or as programs. Runs no code."""

from __future__ import annotations

from core.abilities.custom_rows import Row, short
from core.benchmarks.benchmark import CodeReference
from core.benchmarks.fields import bundled, bundled_examples, fail, text_of, texts_of
from core.benchmarks.scoring import ExactMatch
from core.benchmarks.task import DataSet, RegexFilter, Shots, Task, Writing

PROMPTS = "bbh_prompts.json"
"""A line on each subtask, and three examples that think in steps."""

SUBTASKS: tuple[str, ...] = tuple(bundled(PROMPTS)["preambles"])

MBPP_TESTS = 3
"""Number of a row's tests that are shown and run; a few rows have more."""


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


def read_humaneval(row: Row) -> Writing:
    """The head and description of a function; the answer continues with its body."""
    prompt, solution = text_of(row, "prompt"), text_of(row, "canonical_solution")
    tests = f"{text_of(row, 'test')}\ncheck({text_of(row, 'entry_point')})"
    return Writing(prompt, solution, (tests,), CodeReference(prompt, tests, solution))


def read_mbpp(row: Row) -> Writing:
    """A task in words with three tests; the answer is a whole program."""
    tests = "\n".join(texts_of(row, "test_list", least=MBPP_TESTS)[:MBPP_TESTS])
    prompt = (
        f"You are an expert Python programmer, and here is your task: {text_of(row, 'text')} "
        f"Your code should pass these tests:\n\n{tests}\n[BEGIN]\n"
    )
    code = text_of(row, "code")
    # As in lm-evaluation-harness without `test_setup_code`: no answer to the few rows that need it passes.
    return Writing(prompt, f"{code}\n[DONE]", (tests,), CodeReference("", tests, code))


def mbpp_examples(family: str) -> tuple[Row, ...]:
    """The three programs shown before every task."""
    return bundled_examples("mbpp_examples.json", "mbpp")


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
    answers_in_form=False,  # without the steps that the model is asked for
    until=("</s>", "Q", "\n\n"),
    max_new_tokens=1024,
    filters=(RegexFilter("get-answer", "(?<=the answer is )(.*)(?=.)"),),
    asks="an answer after 'the answer is'",
    judge=ExactMatch(),
)

HUMANEVAL = Task(
    id="humaneval",
    name="HumanEval",
    about="Python functions from their head and description",
    harness="humaneval",
    kind="generation",
    data=DataSet("openai/openai_humaneval", "humaneval", revision="7dce6050a7d6d172f3cc5c32aa97f52fa1a2e544"),
    split="test",
    shots=Shots(0, fixed=True),
    metrics=("pass@1",),
    chance=0.0,
    plausible_range=(0.005, 1.0),
    n_items=164,
    version=2,
    read=read_humaneval,
    until=("\nclass", "\ndef", "\n#", "\nif", "\nprint"),
    max_new_tokens=1024,
)

MBPP = Task(
    id="mbpp",
    name="MBPP",
    about="short Python programs from one sentence and three tests",
    harness="mbpp",
    kind="generation",
    data=DataSet(
        "google-research-datasets/mbpp",
        "mbpp",
        config="full",
        revision="4bb6404fdc6cacfda99d4ac4205087b89d32030c",
    ),
    split="test",
    shots=Shots(3, order="first", bundled=mbpp_examples),
    metrics=("pass@1",),
    chance=0.0,
    plausible_range=(0.005, 1.0),
    n_items=500,
    version=2,
    read=read_mbpp,
    delimiter="",
    until=("[DONE]",),
)
