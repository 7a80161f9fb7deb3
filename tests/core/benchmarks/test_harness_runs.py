"""Whole runs equal those of lm-evaluation-harness's own `hf` backend: log-likelihoods, answers, scores."""

from __future__ import annotations

import dataclasses
import json
import shutil
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from cache.folder import Store
from core.abilities import generate_items
from core.benchmarks.benchmark import Benchmark, BenchmarkOptions
from core.benchmarks.evaluation import Outcome, evaluate, prepare
from core.benchmarks.registry import find_benchmarks
from core.benchmarks.task import HARNESS_SEED
from core.benchmarks.task_source import task_benchmark
from core.benchmarks.tasks import TASKS
from core.models.loading import LoadedModel, load
from core.models.spec import ModelSpec
from core.run.runner import Runner
from core.run.runs import outcomes_of
from tests.core.benchmarks.conftest import DATA, rows_of, shot_rows_of, subjects
from tests.core.benchmarks.harness import harness_tasks
from tests.core.tiny_models import byte_tokenizer, save_model, with_bos

pytestmark = [pytest.mark.harness, pytest.mark.slow]

pytest.importorskip("accelerate", reason="lm-evaluation-harness's hf backend needs accelerate")

TOKENS = 32
"""Tokens of a written answer, in place of what the tasks allow, so that the tests are fast."""

CLOSE = {"abs": 1e-4, "rel": 3e-7}
"""Tolerances of log-likelihoods in nats; the second is float32's precision, and counts beyond 300 nats."""

SUBTASK = "navigate"
"""A subtask of BIG-Bench Hard."""

CHOICES = [
    ("arc_easy", "", 0),
    ("arc_easy", "", 2),
    ("hellaswag", "", 0),
    ("hellaswag", "", 1),
    ("winogrande", "", 0),
    ("winogrande", "", 3),
    ("mmlu", "first", 0),
    ("mmlu", "first", 5),
    ("truthfulqa_mc1", "", 0),
    ("truthfulqa_mc2", "", 0),
]


MODELS: dict[str, dict[str, Any]] = {
    "no bos": {"max_position_embeddings": 4096},
    "bos, few positions": {"max_position_embeddings": 192},
    "bos, window": {"architecture": "mistral", "max_position_embeddings": 4096, "sliding_window": 48},
    "bos, window in some layers": {
        "architecture": "gemma3_text",
        "max_position_embeddings": 1024,
        "sliding_window": 48,
        "layer_types": ["sliding_attention", "full_attention"],
    },
}
"""Random models. Most prompts are longer than the few positions and the windows."""


@pytest.fixture(scope="module", params=MODELS)
def loaded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    folder = tmp_path_factory.mktemp("model")
    tokenizer = byte_tokenizer()
    tokenizer = with_bos(tokenizer) if "no bos" not in request.param else tokenizer
    save_model(folder, tokenizer=tokenizer, eos_token_id=tokenizer.eos_token_id, **MODELS[request.param])
    return load(ModelSpec(str(folder), device="cpu", dtype="float32").settled("letters", "standard"))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The committed rows, with the splits that examples are drawn from."""
    folder = tmp_path_factory.mktemp("rows")
    shutil.copytree(DATA, folder, dirs_exist_ok=True)
    for task in ("arc_easy", "hellaswag", "winogrande"):
        rows = [json.dumps(row.fields) for row in shot_rows_of(task)]
        (folder / f"{task}_train.jsonl").write_text("\n".join(rows) + "\n", "utf-8")
    for task, family in (("mmlu", subjects()[0]), ("bbh", SUBTASK)):
        chosen = [row for row in rows_of(task) if row.fields[TASKS[task].family or ""] == family]
        rows = [json.dumps(row.fields) for row in chosen]
        (folder / f"{task}.jsonl").write_text("\n".join(rows) + "\n", "utf-8")
    return str(folder)


@pytest.fixture(autouse=True)
def _foreign_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def theirs(loaded: LoadedModel, task: Any, shots: int, limit: int) -> dict[str, Any]:
    """What the harness finds with its own backend: its metrics, and a sample of each document."""
    from lm_eval.evaluator import evaluate as harness_evaluate
    from lm_eval.models.huggingface import HFLM

    task.set_config(key="num_fewshot", value=shots)
    task.set_fewshot_seed(seed=HARNESS_SEED)
    # In float64, because in float32 its softmax over a real vocabulary is off by 1e-3 nats.
    model = HFLM(
        loaded.model, tokenizer=loaded.tokenizer, batch_size=8, device="cpu", softmax_dtype="float64"
    )
    name = task.config.task
    found = harness_evaluate(model, {name: task}, limit=limit, bootstrap_iters=0, log_samples=True)
    samples = sorted(found["samples"][name], key=lambda sample: sample["doc_id"])
    return {"metrics": found["results"][name], "samples": samples}


def ours(loaded: LoadedModel, benchmark: Benchmark, n: int, **changes: Any) -> list[Outcome]:
    prepared = dataclasses.replace(prepare(loaded, benchmark, n), **changes)
    found = {one.item_id: one for batch in evaluate(loaded.model, prepared) for one in batch}
    return [found[document.id] for document in prepared.documents]


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


@pytest.mark.parametrize(("task", "family", "shots"), CHOICES)
def test_choices_are_the_harness_s(
    harness: Mapping[str, Any], loaded: LoadedModel, data: str, task: str, family: str, shots: int
) -> None:
    family = subjects()[0] if family else ""
    benchmark = task_benchmark(TASKS[task], BenchmarkOptions(data_dir=data, shots=shots))
    outcomes = ours(loaded, benchmark, min(12, benchmark.n_items))
    found = theirs(loaded, harness["/".join(filter(None, (task, family)))], shots, len(outcomes))
    assert len(found["samples"]) == len(outcomes) >= 4
    for outcome, sample in zip(outcomes, found["samples"], strict=True):
        expected = [float(responses[0][0]) for responses in sample["resps"]]
        assert outcome.loglikelihoods == pytest.approx(expected, **CLOSE)
    score = found["metrics"]["acc,none"]
    if task == "truthfulqa_mc2":
        assert mean([one.score for one in outcomes]) == pytest.approx(score, abs=1e-4)
    else:
        assert mean([one.correct for one in outcomes]) == score == mean([one.score for one in outcomes])
    if "acc_norm" in TASKS[task].metrics:
        assert mean([bool(one.correct_norm) for one in outcomes]) == found["metrics"]["acc_norm,none"]


@pytest.mark.parametrize(("task", "family"), [("gsm8k", ""), ("bbh", SUBTASK)])
def test_written_answers_are_the_harness_s(
    harness: Mapping[str, Any], loaded: LoadedModel, data: str, task: str, family: str
) -> None:
    oracle = harness["/".join(filter(None, (task, family)))]
    settings = {**oracle.config.generation_kwargs, "max_gen_toks": TOKENS}
    oracle.set_config(key="generation_kwargs", value=settings)
    shots = 3
    described = dataclasses.replace(TASKS[task], max_new_tokens=TOKENS)
    benchmark = task_benchmark(described, BenchmarkOptions(data_dir=data, shots=shots))
    outcomes = ours(loaded, benchmark, min(6, benchmark.n_items))
    found = theirs(loaded, oracle, shots, len(outcomes))
    first = TASKS[task].metrics[0].partition(",")[2]
    samples = [sample for sample in found["samples"] if sample["filter"] == first]
    assert len(samples) == len(outcomes) > 0
    for outcome, sample in zip(outcomes, samples, strict=True):
        assert outcome.text == sample["resps"][0][0]
        assert [outcome.answer] == sample["filtered_resps"]
    assert mean([one.score for one in outcomes]) == found["metrics"][f"exact_match,{first}"]


YAML = """task: demo_items
dataset_path: json
output_type: multiple_choice
test_split: test
doc_to_text: "{{text}}"
doc_to_target: "{{answer}}"
doc_to_choice: "{{options}}"
metric_list:
  - {metric: acc, aggregation: mean, higher_is_better: true}
  - {metric: acc_norm, aggregation: mean, higher_is_better: true}
"""


def test_the_embedded_model_is_scored_as_the_harness_scores_it(tmp_path: Path) -> None:
    loaded = load(ModelSpec("demo", device="cpu"))
    items = generate_items("spatial_reasoning", "basic", "heldout", 40)
    rows = [
        {"text": f"{i.context} {i.question}".strip(), "options": list(i.options), "answer": i.answer_index}
        for i in items
    ]
    folder = tmp_path / "tasks"
    folder.mkdir()
    (tmp_path / "items.yaml").write_text(YAML, "utf-8")
    task = harness_tasks(folder, {"demo_items": str(tmp_path / "items.yaml")}, {"demo_items": {"test": rows}})
    found = theirs(loaded, task["demo_items"], 0, 40)
    (benchmark,) = find_benchmarks(["spatial_reasoning"])
    outcomes = ours(loaded, benchmark, 40)
    for outcome, sample in zip(outcomes, found["samples"], strict=True):
        expected = [float(responses[0][0]) for responses in sample["resps"]]
        assert outcome.loglikelihoods == pytest.approx(expected, **CLOSE)
    assert mean([one.correct for one in outcomes]) == found["metrics"]["acc,none"] > 0.9
    assert mean([bool(one.correct_norm) for one in outcomes]) == found["metrics"]["acc_norm,none"]


LAST_WORD = """task: last_word
dataset_path: json
output_type: loglikelihood
test_split: test
doc_to_text: "{{text.rsplit(' ', 1)[0]}}"
doc_to_target: "{{' ' + text.rsplit(' ', 1)[1]}}"
metric_list:
  - {metric: perplexity, aggregation: perplexity, higher_is_better: false}
  - {metric: acc, aggregation: mean, higher_is_better: true}
"""


SENTENCES = """task: sentences
dataset_path: json
output_type: multiple_choice
test_split: test
doc_to_text: ""
doc_to_target: 0
doc_to_choice: "{{[sentence_good, sentence_bad]}}"
metric_list:
  - {metric: acc, aggregation: mean, higher_is_better: true}
"""
"""As BLiMP's tasks: whole sentences are scored, behind no context."""

SENTENCE_PAIRS = (
    ("The cats that the dog chases are tired.", "The cats that the dog chases is tired."),
    ("No author who the guests like has ever left.", "The author who no guests like has ever left."),
    ("Some waiters were hiding.", "Some waiters was hiding."),
    ("<eos> It begins oddly.", "It <eos> begins oddly."),
)

SHORT = """include: {gsm8k}
generation_kwargs: {{until: ["Question:"], do_sample: false, max_gen_toks: {tokens}}}
"""


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory, loaded: LoadedModel) -> tuple[Path, dict[str, Any]]:
    """A folder with tasks in the harness's YAML on local rows, and the harness's own objects for them."""
    folder = tmp_path_factory.mktemp("local")
    import lm_eval.tasks

    (folder / "last_word.base").write_text(LAST_WORD, "utf-8")
    (folder / "sentences.base").write_text(SENTENCES, "utf-8")
    gsm8k = Path(lm_eval.tasks.__file__).parent / "gsm8k" / "gsm8k.yaml"
    (folder / "short.base").write_text(SHORT.format(gsm8k=gsm8k, tokens=TOKENS), "utf-8")
    prompts = ["the cat sat on the", "if every dog barks and Rex is a"]
    texts = [f"{prompt} {word}" for prompt in prompts for word in ("mat", "dog")]
    greedy = loaded.tokenizer.decode(_continuation(loaded, "three apples and"))
    rows: dict[str, list[Any]] = {
        "local_arc": [row.fields for row in rows_of("arc_easy")[:6]],
        "local_gsm8k": [row.fields for row in rows_of("gsm8k")[:5]],
        "last_word": [{"text": text} for text in (*texts, f"three apples and{greedy}")],
        "sentences": [{"sentence_good": good, "sentence_bad": bad} for good, bad in SENTENCE_PAIRS],
    }
    splits = {task: dict.fromkeys(("train", "validation", "test"), some) for task, some in rows.items()}
    definitions = {
        "local_arc": "arc/arc_easy.yaml",
        "local_gsm8k": str(folder / "short.base"),
        "last_word": str(folder / "last_word.base"),
        "sentences": str(folder / "sentences.base"),
    }
    return folder, harness_tasks(folder, definitions, splits)


def _continuation(loaded: LoadedModel, prompt: str) -> list[int]:
    ids = loaded.tokenizer(prompt, return_tensors="pt")["input_ids"]
    return [int(loaded.model(ids).logits[0, -1].argmax())]


@pytest.mark.parametrize(
    ("task", "shots"), [("local_arc", 0), ("local_gsm8k", 2), ("last_word", 0), ("sentences", 0)]
)
def test_any_task_runs_on_our_engine_with_its_own_metrics(
    local: tuple[Path, dict[str, Any]], loaded: LoadedModel, tmp_path: Path, task: str, shots: int
) -> None:
    folder, oracles = local
    options = BenchmarkOptions(data_dir=str(folder), shots=shots)
    (benchmark,) = find_benchmarks([f"lm_eval:{task}"], options)
    runner = Runner(loaded.spec, Store(tmp_path))
    runner.loaded = loaded
    frame = outcomes_of(runner, runner.request(None, benchmark, benchmark.n_items))
    run = theirs(loaded, oracles[task], shots, benchmark.n_items)
    expected = {name: run["metrics"][name] for name in benchmark.metrics}
    documents = benchmark.documents(loaded.spec, benchmark.n_items)
    means = benchmark.source.metric_means(documents, frame)
    assert means == pytest.approx(expected, rel=1e-5)
    assert frame["score"].mean() == pytest.approx(expected[benchmark.metrics[0]])
    samples = {sample["doc_id"]: sample for sample in run["samples"]}  # one for each filter
    for row, sample in zip(frame.iter_rows(named=True), samples.values(), strict=True):
        values = [responses[0] for responses in sample["resps"]]
        if benchmark.kind == "multiple_choice":
            assert row["loglikelihoods"] == pytest.approx([float(value) for value, _ in values], **CLOSE)
        else:
            assert [row["text"]] == values
