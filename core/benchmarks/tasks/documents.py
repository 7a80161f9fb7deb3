"""What a model is given and how it is judged, item by item: the rows of a benchmark after rendering."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ChoiceDocument:
    """A multiple-choice item: the log-likelihood of every continuation after its context is wanted."""

    id: str
    """The benchmark's id, the family if there are families, and the number of the row in it from 0."""
    family: str
    """The subject or subtask of the row; empty where the benchmark has none."""
    cluster: str
    """Items of the same cluster share a passage and are resampled together; empty: the item is on its own."""
    contexts: tuple[str, ...]
    """One for all options, or (WinoGrande) one for each."""
    continuations: tuple[str, ...]
    """What is scored, one for each option, with the space that parts it from its context."""
    gold: frozenset[int]
    """The places of the right options; one but for TruthfulQA mc2."""
    options: tuple[str, ...]
    """The options as a person reads them: the texts, where the continuations are only letters."""
    lengths: tuple[int, ...]
    """Characters of each option without that space: what acc_norm divides by."""
    asked: str = ""
    """The item alone, without what all items have: what a list of items shows of it."""
    steps: str = ""
    """The worked solution; empty without one."""
    read: str = ""
    """The prompt as a person reads it, where the continuations hold a part of what is asked; else empty."""

    def context(self, option: int) -> str:
        """The context of an option."""
        return self.contexts[option if len(self.contexts) > 1 else 0]


@dataclass(frozen=True)
class CodeReference:
    """What it takes to try generated code. Nothing here runs it."""

    head: str
    """What the program begins with, the answer after it (HumanEval: the prompt)."""
    setup: str
    """What runs between the program and its tests; may be empty."""
    tests: str
    """Statements that fail where the program is wrong."""
    solution: str
    """An answer that passes."""

    def program(self, answer: str) -> str:
        """The whole program, tests included, for an answer."""
        return "\n".join(part for part in (self.head + answer, self.setup, self.tests) if part)


@dataclass(frozen=True)
class GenerationDocument:
    """An item whose answer the model writes."""

    id: str
    """As of a ChoiceDocument."""
    family: str
    """As of a ChoiceDocument."""
    cluster: str
    """As of a ChoiceDocument."""
    prompt: str
    until: tuple[str, ...]
    """Strings that end the answer and are no part of it."""
    max_new_tokens: int
    targets: tuple[str, ...]
    """The right answers, one or more, as the scorer takes them; of code, the tests."""
    code: CodeReference | None = None
    """Of code benchmarks."""
    asked: str = ""
    """As of a ChoiceDocument."""


Document = ChoiceDocument | GenerationDocument
