"""HumanEval and MBPP: Python functions, scored by their tests. Nothing here runs code."""

from __future__ import annotations

from core.abilities.custom_rows import Row
from core.benchmarks.benchmark import CodeReference
from core.benchmarks.fields import bundled_examples, text_of, texts_of
from core.benchmarks.task import DataSet, Shots, Task, Writing

MBPP_TESTS = 3
"""Number of a row's tests that are shown and run; a few rows have more."""


def read_humaneval(row: Row) -> Writing:
    """The head and description of a function; the answer continues with its body."""
    prompt, solution = text_of(row, "prompt"), text_of(row, "canonical_solution")
    tests = f"{text_of(row, 'test')}\ncheck({text_of(row, 'entry_point')})"
    return Writing(prompt, solution, (tests,), CodeReference(prompt, "", tests, solution))


def read_mbpp(row: Row) -> Writing:
    """A task in words with three tests; the answer is a whole program."""
    tests = "\n".join(texts_of(row, "test_list", least=MBPP_TESTS)[:MBPP_TESTS])
    prompt = (
        f"You are an expert Python programmer, and here is your task: {text_of(row, 'text')} "
        f"Your code should pass these tests:\n\n{tests}\n[BEGIN]\n"
    )
    code = text_of(row, "code")
    # lm-evaluation-harness omits the setup, so no answer passes if the tests need it.
    setup = text_of(row, "test_setup_code") if row.fields.get("test_setup_code") else ""
    return Writing(prompt, f"{code}\n[DONE]", (tests,), CodeReference("", setup, tests, code))


def mbpp_examples(family: str) -> tuple[Row, ...]:
    """The three programs shown before every task."""
    return bundled_examples("mbpp_examples.json", "mbpp")


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
    read=read_mbpp,
    delimiter="",
    until=("[DONE]",),
)
