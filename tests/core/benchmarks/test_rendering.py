from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from core.abilities.custom_rows import Row
from core.benchmarks.benchmark import ChoiceDocument, GenerationDocument
from core.benchmarks.rendering import Rows, ShotSampler, chance_over, render
from core.benchmarks.task import Shots, Task
from core.benchmarks.tasks import TASKS
from tests.core.benchmarks.conftest import DATA, rows_of, shot_rows_of


@pytest.mark.parametrize("task", TASKS)
def test_a_smaller_limit_gives_the_first_of_a_larger_one(task: str) -> None:
    shot_rows = shot_rows_of(task)
    whole = render(TASKS[task], rows_of(task), shot_rows=shot_rows)
    assert render(TASKS[task], rows_of(task), limit=3, shot_rows=shot_rows) == whole[:3]
    assert len({document.id for document in whole}) == len(whole) == len(rows_of(task))


@pytest.mark.parametrize("task", ["mmlu", "bbh"])
def test_families_take_turns(task: str) -> None:
    documents = render(TASKS[task], rows_of(task))
    families = list(dict.fromkeys(document.family for document in documents))
    assert [document.family for document in documents[: len(families) * 2]] == families * 2
    assert documents[len(families)].id == f"{task}/{families[0]}/1"


def test_passages_that_several_items_share_are_one_cluster() -> None:
    rows = rows_of("squad")
    twice = [rows[0], Row("again", {**rows[0].fields, "question": "Who?"}), *rows[1:3]]
    clusters = [document.cluster for document in render(TASKS["squad"], twice)]
    assert clusters[0] == clusters[1] != clusters[2]
    assert {document.cluster for document in render(TASKS["arc_easy"], rows_of("arc_easy"))} == {""}


@pytest.mark.parametrize(
    ("task", "gold"),
    [
        ("gsm8k", lambda row: f" {row['answer']}"),
        ("squad", lambda row: f" {row['answers']['text'][0]}"),
        ("humaneval", lambda row: row["canonical_solution"]),
        ("mbpp", lambda row: f"{row['code']}\n[DONE]"),
        ("bbh", lambda row: ""),  # its rows have no steps
    ],
)
def test_right_answers_have_the_form_of_the_worked_examples(
    task: str, gold: Callable[[Mapping[str, Any]], str]
) -> None:
    rows = rows_of(task)
    (document,) = render(TASKS[task], rows, limit=1, shot_rows=shot_rows_of(task))
    assert isinstance(document, GenerationDocument)
    assert document.gold == gold(rows[0].fields)
    (in_chat,) = render(
        TASKS[task], rows, limit=1, shot_rows=shot_rows_of(task), chat=lambda turns: turns[-1]["content"]
    )
    assert isinstance(in_chat, GenerationDocument)
    assert in_chat.gold == document.gold.removeprefix(" ") if task != "humaneval" else document.gold


def test_a_person_reads_the_options_not_their_letters() -> None:
    (document,) = render(TASKS["mmlu"], rows_of("mmlu"), limit=1)
    assert isinstance(document, ChoiceDocument)
    assert document.continuations == (" A", " B", " C", " D")
    assert document.options == tuple(rows_of("mmlu")[0].fields["choices"])


def chance(task: str) -> float | None:
    return chance_over(Rows.of(TASKS[task], TASKS[task].split, str(DATA)))


def test_chance_is_the_mean_over_items_where_the_number_of_options_varies() -> None:
    documents = render(TASKS["truthfulqa_mc1"], rows_of("truthfulqa_mc1"))
    counts = [len(document.continuations) for document in documents if isinstance(document, ChoiceDocument)]
    assert len(set(counts)) > 1
    assert chance("truthfulqa_mc1") == pytest.approx(sum(1 / count for count in counts) / len(counts))
    assert chance("truthfulqa_mc2") is None
    assert chance("mmlu") == 0.25


@pytest.mark.parametrize(
    ("task", "change", "message"),
    [
        ("arc_easy", {"answerKey": "Z"}, r"line 1, field 'answerKey': is 'Z', which is none of A, B, C, D"),
        ("arc_easy", {"choices": {"text": ["a"], "label": ["A"]}}, r"field 'choices.text': has 1 texts"),
        ("arc_easy", {"choices": None}, r"field 'choices': is missing"),
        ("hellaswag", {"label": "4"}, r"field 'label': has to be a whole number from 0 to 3, not '4'"),
        ("piqa", {"label": True}, r"field 'label': has to be a whole number from 0 to 1, not True"),
        ("piqa", {"sol1": 5}, r"field 'sol1': has to hold text, not 5"),
        ("piqa", {"goal": "\ud800"}, r"field 'goal': holds half of a surrogate pair"),
        ("winogrande", {"sentence": "no place"}, r"field 'sentence': has no blank"),
        ("truthfulqa_mc1", {"mc1_targets": {"choices": ["a", "b"], "labels": [0, 2]}}, "mc1_targets.labels"),
        ("truthfulqa_mc2", {"mc2_targets": {"choices": ["a", "b"], "labels": [0, 0]}}, "marks no choice"),
        ("boolq", {"answer": "yes"}, r"field 'answer': has to be true or false"),
        ("squad", {"answers": {"text": []}}, r"field 'answers.text': has 0 texts"),
        ("mbpp", {"test_list": ["assert True"]}, r"field 'test_list': has 1 texts"),
        ("bbh", {"task": "riddles"}, r"field 'task': is 'riddles', which is no subtask"),
    ],
)
def test_a_bad_row_is_named(task: str, change: dict[str, object], message: str) -> None:
    row = rows_of(task)[0]
    with pytest.raises(ValueError, match=message) as raised:
        render(TASKS[task], [Row(row.where, {**row.fields, **change})])
    assert row.where in str(raised.value)


def test_what_cannot_be_asked_for_is_said() -> None:
    with pytest.raises(ValueError, match="always asked with 0 added examples"):
        render(TASKS["humaneval"], rows_of("humaneval"), shots=2)
    with pytest.raises(ValueError, match="few-shot examples is -1"):
        render(TASKS["piqa"], rows_of("piqa"), shots=-1)
    with pytest.raises(ValueError, match="limit is 0"):
        render(TASKS["piqa"], rows_of("piqa"), limit=0)
    with pytest.raises(ValueError, match="'piqa' has no rows"):
        render(TASKS["piqa"], [])


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_descriptions_hold_together_and_go_to_another_process(task: Task) -> None:
    low, high = task.plausible_range
    assert 0 <= low < high <= 1
    if isinstance(task.chance, float) and task.kind == "multiple_choice":
        assert low < task.chance < high
    assert (task.kind == "generation") == (task.chance == 0.0) == bool(task.until)
    assert (task.judge is None) == (task.kind == "multiple_choice" or task.metrics == ("pass@1",))
    assert pickle.loads(pickle.dumps(task)) == task


POOL = [Row(f"row {number}", {"n": number % 5}) for number in range(8)]  # three of them twice
PIQA = replace(TASKS["piqa"], shots=Shots(0, "train", without_item=True))


@pytest.mark.harness
@pytest.mark.parametrize("count", [1, 2, 3, 4])
@pytest.mark.parametrize("seed", [1234, 7])
def test_the_same_rows_as_the_harness_even_where_the_pool_repeats_the_item(count: int, seed: int) -> None:
    samplers = pytest.importorskip("lm_eval.api.samplers", reason="lm-evaluation-harness is not installed")
    theirs = samplers.ContextSampler([dict(row.fields) for row in POOL], rnd=seed)
    ours = ShotSampler(PIQA, "", count, POOL, seed)
    for item in POOL * 5:
        drawn = [row.fields for row in ours.before(item)]
        assert drawn == theirs.sample(n=count, eval_doc=item.fields)
        assert item.fields not in drawn


def test_too_small_a_pool_is_an_error_that_says_how_many_are_needed() -> None:
    with pytest.raises(ValueError, match=r"'piqa' needs 9 rows to take 8 examples from, but .* has 8"):
        ShotSampler(PIQA, "", 8, POOL, 0)
    with pytest.raises(ValueError, match=r"'mmlu' needs 5 rows of 'anatomy' .* split 'dev' has 0"):
        ShotSampler(TASKS["mmlu"], "anatomy", 5, [], 0)
    with pytest.raises(ValueError, match=r"'piqa' needs 1 rows .* has 0"):
        ShotSampler(PIQA, "", 1, POOL[:1] * 2, 0).before(POOL[0])
    with pytest.raises(ValueError, match=r"'mbpp' bundles 3 examples, not 4"):
        ShotSampler(TASKS["mbpp"], "", 4, [], 0)
