"""What is compared with lm-evaluation-harness: benchmarks, a random or a real model, and both sides."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from core.abilities.custom_rows import Row
from core.benchmarks.benchmark import ChoiceDocument, Document, GenerationDocument
from core.benchmarks.rendering import render
from core.benchmarks.rows import load_rows
from core.benchmarks.tasks import TASKS
from core.inference.choice_plan import plan_choices
from core.inference.encoding import encode_options, longest_row
from core.inference.generation import generate
from core.inference.loglikelihood import loglikelihoods
from core.models.loading import load
from core.models.spec import ModelSpec
from tests.core.benchmarks.conftest import context_of
from tests.performance.peaks import peak_memory_bytes

VOCABULARY = 8192
RANDOM = "random"
MAX_NEW_TOKENS = 64
"""Tokens of the random model's answers, so that they end in minutes: it never stops by itself."""


@dataclass(frozen=True)
class Case:
    """A benchmark as it is compared."""

    task: str
    what: str
    items: int
    """At most."""
    aim: float
    """How many times the harness's speed is wanted."""
    real_only: bool = False
    """Whether it says nothing of a random model."""
    one_family: bool = False
    """Whether all rows count as one subject: a sample has few of each, where MMLU has 246 on average."""


CASES = {
    "arc_challenge": Case("arc_challenge", "0-shot ARC-Challenge", 100, 4),
    "hellaswag": Case("hellaswag", "0-shot HellaSwag", 100, 4),
    "mmlu": Case("mmlu", "5-shot MMLU, one subject", 100, 10, one_family=True),
    "winogrande": Case("winogrande", "0-shot WinoGrande", 100, 1),
    "gsm8k": Case("gsm8k", "5-shot GSM8K", 32, 1.5),
    "bbh": Case("bbh", "BBH with its worked examples", 32, 1.5, real_only=True),
    "mbpp": Case("mbpp", "MBPP with its worked examples", 32, 1.5, real_only=True),
}

Answers = list[list[float]] | list[str]
"""For each item the log-likelihoods of its options, or the text written."""


@dataclass(frozen=True)
class Measured:
    """One side's run over some items."""

    answers: Answers
    seconds: float
    cpu_seconds: float
    """CPU time of the process: what else runs on the machine disturbs it less."""
    peak_bytes: int | None
    """The most that was resident, the model and all libraries included."""

    def to_json(self) -> str:
        return json.dumps(asdict(self))


def documents(case: Case, data_dir: Path) -> tuple[Document, ...]:
    """The items, rendered with the worked examples that the case is named after."""
    task = TASKS[case.task]
    shots = task.shots.count if case.real_only else 5 if case.what.startswith("5-shot") else 0
    rows = load_rows(task, task.split, data_dir)
    shot_rows = load_rows(task, task.shots.split, data_dir) if shots and task.shots.split else ()
    if case.one_family:
        subject = _middle_subject(shot_rows)
        rows = tuple(row._replace(fields={**row.fields, "subject": subject}) for row in rows)
    return render(task, rows, limit=case.items, shots=shots, shot_rows=shot_rows)


def _middle_subject(shot_rows: Sequence[Row]) -> str:
    """The subject whose worked examples are neither the longest nor the shortest."""
    lengths: Counter[str] = Counter()
    for row in shot_rows:
        lengths[row.fields["subject"]] += len(str(row.fields))
    return sorted(lengths, key=lengths.__getitem__)[len(lengths) // 2]


def random_model() -> LlamaForCausalLM:
    """About 98 million float32 parameters, always the same."""
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=768,
        intermediate_size=2048,
        num_hidden_layers=12,
        num_attention_heads=12,
        max_position_embeddings=4096,
        initializer_range=0.05,
        bos_token_id=None,
        eos_token_id=0,
        pad_token_id=0,
    )
    torch.manual_seed(0)
    return LlamaForCausalLM(config).eval().requires_grad_(False)


def trained_tokenizer(data_dir: Path) -> PreTrainedTokenizerFast:
    """Byte-level BPE, trained on the benchmarks' own texts."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=["<eos>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train([str(file) for file in sorted(data_dir.glob("*.jsonl"))], trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<eos>", pad_token="<eos>")


def model_and_tokenizer(name: str, data_dir: Path) -> tuple[Any, Any]:
    """The random model, or a real one in float32: `smollm2`, a folder, a GGUF file."""
    if name == RANDOM:
        return random_model(), trained_tokenizer(data_dir)
    loaded = load(ModelSpec(name, dtype="float32", device="cpu"))
    return loaded.model, loaded.tokenizer


def longest_answer(name: str, case: Case) -> int:
    """Tokens that an answer has at most."""
    return MAX_NEW_TOKENS if name == RANDOM else TASKS[case.task].max_new_tokens


def run_ours(name: str, items: Sequence[Document], data_dir: Path, longest: int) -> Measured:
    """Our way, from texts to answers of at most `longest` tokens."""
    model, tokenizer = model_and_tokenizer(name, data_dir)
    if isinstance(items[0], GenerationDocument):
        return _measured(lambda: _our_texts(model, tokenizer, items, longest))
    return _measured(lambda: _our_scores(model, tokenizer, items))


def _our_scores(model: Any, tokenizer: Any, items: Sequence[Document]) -> Answers:
    encoded = [
        encode_options(item.id, item.contexts, item.continuations, min(item.gold), tokenizer)
        for item in items
        if isinstance(item, ChoiceDocument)
    ]
    plan = plan_choices(encoded, "cpu", "auto", pad_id=0, max_length=longest_row(model.config))
    found = {
        number: list(values)
        for scores in loglikelihoods(model, plan)
        for number, values in zip(scores.items, scores.loglikelihoods, strict=True)
    }
    return [found[number] for number in range(len(encoded))]


def _our_texts(model: Any, tokenizer: Any, items: Sequence[Document], longest: int) -> Answers:
    asked = [item for item in items if isinstance(item, GenerationDocument)]
    answers = generate(
        model,
        tokenizer,
        [item.prompt for item in asked],
        max_new_tokens=longest,
        stop=asked[0].until,
    )
    return [answer.text for answer in answers]


def run_harness(
    name: str, items: Sequence[Document], data_dir: Path, longest: int, batch_size: int
) -> Measured:
    """The harness's `hf` backend on the same requests, from texts to answers of at most `longest` tokens."""
    from lm_eval.models.huggingface import HFLM

    model, tokenizer = model_and_tokenizer(name, data_dir)
    backend = HFLM(
        pretrained=model, tokenizer=tokenizer, batch_size=batch_size, device="cpu", softmax_dtype="float64"
    )
    if isinstance(items[0], GenerationDocument):
        return _measured(lambda: _harness_texts(backend, items, longest))
    return _measured(lambda: _harness_scores(backend, items))


def _harness_scores(backend: Any, items: Sequence[Document]) -> Answers:
    requests, counts = [], []
    for number, item in enumerate(items):
        if isinstance(item, ChoiceDocument):
            counts.append(len(item.continuations))
            for option, text in enumerate(item.continuations):
                requests.append(_instance("loglikelihood", (context_of(item, option), text), option, number))
    values = iter(backend.loglikelihood(requests, disable_tqdm=True))
    return [[next(values)[0] for _ in range(count)] for count in counts]


def _harness_texts(backend: Any, items: Sequence[Document], longest: int) -> Answers:
    requests = []
    for number, item in enumerate(items):
        if isinstance(item, GenerationDocument):
            settings = {"until": list(item.until), "max_gen_toks": longest, "do_sample": False}
            requests.append(_instance("generate_until", (item.prompt, settings), 0, number))
    texts: list[str] = backend.generate_until(requests, disable_tqdm=True)
    return texts


def _instance(kind: str, arguments: tuple[Any, ...], index: int, number: int) -> Any:
    from lm_eval.api.instance import Instance

    return Instance(kind, doc={}, arguments=arguments, idx=index, metadata=("compared", number, 1))


def _measured(run: Callable[[], Answers]) -> Measured:
    start, cpu_start = time.perf_counter(), time.process_time()
    answers = run()
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
    return Measured(answers, seconds, cpu_seconds, peak_memory_bytes())
