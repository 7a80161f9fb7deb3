"""Every prompt and continuation equals lm-evaluation-harness's, on the same rows."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

import pytest

from core.benchmarks.benchmark import ChoiceDocument, Document, GenerationDocument
from core.benchmarks.rendering import render
from core.benchmarks.task import HARNESS_SEED
from core.benchmarks.tasks import SUBTASKS, TASKS
from tests.core.benchmarks.conftest import context_of, rows_of, shot_rows_of, subjects, whole_program

pytestmark = [pytest.mark.harness, pytest.mark.slow]

SHOTS = {
    **{task.id: (0,) if task.shots.fixed else (0, task.shots.count or 3) for task in TASKS.values()},
    "mmlu": (0, 5),
}
del SHOTS["squad"]
CASES = [
    pytest.param(task, family, shots, id="-".join(filter(None, (task, family, f"{shots}shot"))))
    for task, counts in SHOTS.items()
    for family in {"mmlu": subjects(), "bbh": SUBTASKS}.get(task, [""])
    for shots in counts
]


def template(messages: list[dict[str, str]], add_generation_prompt: bool = True) -> str:
    return json.dumps(messages) + str(add_generation_prompt)


def ours(task: str, family: str, shots: int, chat: Any = None) -> list[Document]:
    documents = render(TASKS[task], rows_of(task), shots=shots, shot_rows=shot_rows_of(task), chat=chat)
    return [document for document in documents if document.family == family]


def theirs(task: Any, shots: int, **chat: Any) -> list[list[Any]]:
    """The harness's requests of each document, built as its evaluator builds them."""
    task.set_config(key="num_fewshot", value=shots)
    task.set_fewshot_seed(seed=HARNESS_SEED)
    task.build_all_requests(**chat)
    requests = defaultdict(list)
    for instance in task.instances:
        requests[instance.doc_id].append(instance.args)
    return [requests[number] for number in sorted(requests)]


def as_requests(document: Document) -> list[tuple[Any, ...]]:
    if isinstance(document, ChoiceDocument):
        return [(context_of(document, index), text) for index, text in enumerate(document.continuations)]
    return [(document.prompt, {"until": list(document.until), "max_gen_toks": document.max_new_tokens})]


def plain(requests: list[Any]) -> list[tuple[Any, ...]]:
    """The harness's requests without the settings of sampling, which say greedy everywhere."""
    if isinstance(requests[0][1], str):
        return list(requests)
    ((prompt, settings),) = requests
    assert not settings["do_sample"]
    return [(prompt, {"until": settings["until"], "max_gen_toks": settings.get("max_gen_toks", 256)})]


@pytest.mark.parametrize(("task", "family", "shots"), CASES)
def test_prompts_are_the_harness_s(harness: dict[str, Any], task: str, family: str, shots: int) -> None:
    documents = ours(task, family, shots)
    expected = theirs(harness["/".join(filter(None, (task, family)))], shots)
    assert len(documents) == len(expected) > 0
    for document, requests in zip(documents, expected, strict=True):
        assert as_requests(document) == plain(requests)


@pytest.mark.parametrize(
    ("task", "family", "shots"),
    [
        ("mmlu", subjects()[0], 5),
        ("winogrande", "", 2),
        ("gsm8k", "", 5),
        ("bbh", "navigate", 3),
        ("truthfulqa_mc1", "", 0),
    ],
)
def test_chat_prompts_are_the_harness_s(harness: dict[str, Any], task: str, family: str, shots: int) -> None:
    chat = {"apply_chat_template": True, "fewshot_as_multiturn": True, "chat_template": template}
    expected = theirs(harness["/".join(filter(None, (task, family)))], shots, **chat)
    documents = ours(task, family, shots, template)
    assert [as_requests(document) for document in documents] == [plain(requests) for requests in expected]


def test_code_is_tried_as_the_harness_would(harness: dict[str, Any]) -> None:
    for task in ("humaneval", "mbpp"):
        oracle = harness[task]
        for document, row in zip(ours(task, "", TASKS[task].shots.count), oracle.eval_docs, strict=True):
            assert isinstance(document, GenerationDocument)
            assert document.code is not None
            assert document.targets == (oracle.doc_to_target(row),)
            prediction = (row["prompt"] if task == "humaneval" else "") + "    pass"
            assert whole_program(document.code, "    pass") == f"{prediction}\n{document.targets[0]}"


def test_squad_is_asked_as_the_harness_asks_squad_2(harness: dict[str, Any]) -> None:
    from lm_eval.tasks.squadv2.task import SQuAD2

    for document, row in zip(render(TASKS["squad"], rows_of("squad")), rows_of("squad"), strict=True):
        assert isinstance(document, GenerationDocument)
        assert document.prompt == SQuAD2.doc_to_text(None, row.fields)
