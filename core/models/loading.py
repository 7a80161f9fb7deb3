"""Loads a model and its tokenizer, from GGUF too, ready to be evaluated and ablated; says how far it is."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from huggingface_hub.errors import StrictDataclassError
from tokenizers import pre_tokenizers
from torch import Tensor
from transformers import (
    MODEL_FOR_CAUSAL_LM_MAPPING,
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
)
from transformers.utils import logging

from core.models.chat_template import read_chat_template
from core.models.checkpoint import DTYPE_BYTES, FourBit, four_bit_in_memory, owner, stored_tensors
from core.models.description import ModelInfo, describe_model, read_config
from core.models.devices import layers_over_gpus, no_room
from core.models.files import ModelFilesError, is_gguf, model_folder, tokenizer_path, weight_files
from core.models.gguf import (
    TOKENS,
    GgufHeader,
    GgufTensor,
    family_of,
    gguf_config,
    parameters_of,
    read_header,
    special_tokens,
)
from core.models.spec import ModelSpec
from core.models.weight_space import scales_bytes

OnProgress = Callable[[str, int, int], None]
"""Called with the current step in a few words, and its bytes done and in total; 0 of 0 where unknown."""

OnBytes = Callable[[int, int], None]
"""Called with bytes done and in total."""

REPORT_EVERY_S = 0.1
"""Seconds between two reports of the same step."""

LOADING_BAR = "Loading weights"
"""Title of transformers' progress bar over the parameters that it reads from the files."""


@dataclass(frozen=True)
class LoadedModel:
    """A model in memory."""

    spec: ModelSpec
    model: PreTrainedModel
    """In eval mode; no parameter requires a gradient."""
    tokenizer: PreTrainedTokenizerBase
    info: ModelInfo
    warning: str = ""
    """What is wrong with the tokenizer, and what to do; empty if nothing is known to be."""


@dataclass(frozen=True)
class Target:
    """Where a model will be; as text, its devices."""

    device: torch.device
    """The device of all of it, or of its embedding."""
    gpus: Mapping[str, int] | None = None
    """The GPU number of each part, if it is spread over several."""

    def __str__(self) -> str:
        if self.gpus is None:
            return str(self.device)
        return ", ".join(f"{self.device.type}:{number}" for number in sorted(set(self.gpus.values())))


def load(spec: ModelSpec, on_progress: OnProgress | None = None, memory: Path | None = None) -> LoadedModel:
    """The model that a spec asks for, from local files.

    Where the device is `auto` and the first of several GPUs cannot hold the weights, they are spread.

    Args:
        spec: what is asked for.
        on_progress: called before each step, and during loading with the bytes done.
        memory: the file that remembers fingerprints, so that weights are not read twice.

    Raises:
        ValueError: the files are missing or not usable, the device is not available or too small, or the
            weights are quantized in another way than is asked for.
    """
    emit = on_progress or (lambda step, done, total: None)
    device = _device(spec.device)
    if spec.is_embedded and device.type == "cpu":
        # Its matrices are so small that several threads wait for each other more than they compute.
        torch.set_num_threads(1)
    emit("finding the files", 0, 0)
    folder = model_folder(spec)
    emit("reading the fingerprint", 0, 0)
    info = describe_model(replace(spec, device=str(device)), memory)
    target = _target(spec, device, folder, info)
    model = _load(folder, spec, info, target, emit)
    model.eval().requires_grad_(False)
    info = replace(
        info,
        parameters=model.num_parameters(),
        dtype=str(model.dtype).removeprefix("torch."),
        device=str(target),
        bytes=model.get_memory_footprint(return_buffers=False) + scales_bytes(model),
    )
    emit("reading the tokenizer", 0, 0)
    source = tokenizer_path(spec)
    tokenizer = load_tokenizer(source)
    if spec.tokenizer:
        check_vocabulary(tokenizer, source, info.vocabulary)
    return LoadedModel(spec, model, tokenizer, info, tokenizer_warning(tokenizer, source))


def _device(name: str) -> torch.device:
    """The torch device of a name, which has to be available."""
    if name == "auto":
        return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ValueError(f"Unknown device '{name}': give auto, cpu, cuda:0 or mps.") from error
    here = torch.accelerator.current_accelerator(check_available=True)
    count = torch.accelerator.device_count() if here is not None and here.type == device.type else 0
    if device.type != "cpu" and (device.index or 0) >= count:
        raise ValueError(f"Device '{name}' is not here ({count} GPUs found): use cpu.")
    return device


def _target(spec: ModelSpec, device: torch.device, folder: Path, info: ModelInfo) -> Target:
    """The device, or the GPUs, that the weights will be on, and that have room for them."""
    if device.type != "cuda":
        return Target(device)
    if spec.device == "auto":
        free = [torch.cuda.mem_get_info(number)[0] for number in range(torch.cuda.device_count())]
        gpus = layers_over_gpus(read_config(folder), info.bytes, DTYPE_BYTES[info.dtype], free)
        if gpus is not None:
            return Target(device, gpus)
    free_bytes = torch.cuda.mem_get_info(device)[0]
    if info.bytes > free_bytes:
        raise ValueError(no_room(info.bytes, free_bytes, str(device)))
    return Target(device)


def _load(
    folder: Path, spec: ModelSpec, info: ModelInfo, target: Target, emit: OnProgress
) -> PreTrainedModel:
    """The model of a folder on its target."""
    words = f"reading weights as {info.stored_as}"
    if spec.keeps_dtype(info.quantization) and not is_gguf(folder):
        words += ", the checkpoint's dtype"
    if target.gpus is not None:
        words += f", over {target}"
    emit(words, 0, 0)
    four_bit = four_bit_in_memory(spec.quantization, read_config(folder))

    def loaded(done: int, total: int) -> None:
        emit(words, done, total)

    if four_bit:
        return _load_four_bit(folder, four_bit, info.dtype, target, loaded)
    if target.gpus is not None:
        return _load_model(folder, info.dtype, loaded, device_map=dict(target.gpus))
    model = _load_model(folder, info.dtype, loaded)
    if target.device.type != "cpu":
        emit(f"moving them to {target}", 0, 0)
        model.to(target.device)
    return model


def _load_four_bit(
    folder: Path, four_bit: FourBit, dtype: str, target: Target, loaded: OnBytes
) -> PreTrainedModel:
    """The model of a folder on its target, its candidate weights as 4-bit."""
    # Imported here: transformers' quantization and bitsandbytes take seconds.
    from core.models.four_bit import four_bit_arguments, settle

    arguments = four_bit_arguments(folder, four_bit, target.device, dtype)
    if target.gpus is not None:
        arguments["device_map"] = dict(target.gpus)
    try:
        model = _load_model(folder, dtype, loaded, **arguments)
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:  # transformers' for everything that fails while weights are put together
        raise ModelFilesError(
            f"The {four_bit.kind} weights of {folder} cannot be put together: copy or download the model "
            "again."
        ) from error
    settle(model, folder, four_bit, dtype)
    return model


def _load_model(folder: Path, dtype: str, loaded: OnBytes, **arguments: Any) -> PreTrainedModel:
    """The model of a folder or a GGUF file, every weight of it from the files."""
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with _counted(folder, loaded):
            cls, source = _source(folder, dtype)
            model, report = cls.from_pretrained(
                **source,
                dtype=dtype,
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
                ignore_mismatched_sizes=True,
                output_loading_info=True,
                **arguments,
            )
    except (StrictDataclassError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
        # What transformers raises for a bad config, such as an unknown activation.
        raise ModelFilesError(
            f"{folder if is_gguf(folder) else folder / 'config.json'} describes no model that can be built "
            f"({' '.join(str(error).split())}): copy or download the model again."
        ) from error
    absent = sorted(report["missing_keys"]) + sorted(str(key) for key, *_ in report["mismatched_keys"])
    if absent:  # transformers fills these with random numbers
        raise ModelFilesError(
            f"The weight files of {folder} do not fit its config.json ({len(absent)} weights missing or of "
            f"another shape, first {absent[0]}): copy or download the model again."
        )
    return model


def _source(folder: Path, dtype: str) -> tuple[Any, dict[str, Any]]:
    """The class whose `from_pretrained` loads a model, and its arguments that say where the weights are."""
    if not is_gguf(folder):
        return AutoModelForCausalLM, {"pretrained_model_name_or_path": folder}

    # Not its own `gguf_file`: that reads the header several times in up to 14 s each, holds all weights twice
    # while it packs them, and ignores how some models stretch positions.
    config = AutoConfig.for_model(**read_config(folder))
    cls = MODEL_FOR_CAUSAL_LM_MAPPING[type(config)]
    return cls, {
        "pretrained_model_name_or_path": None,
        "config": config,
        "state_dict": stored_weights(folder, getattr(torch, dtype)),
    }


@contextmanager
def _counted(folder: Path, emit: OnBytes) -> Iterator[None]:
    """Inside, the parameters that transformers reads from a folder are counted in bytes of the files."""
    sizes: Counter[str] = Counter()  # of each parameter, its scales included
    if is_gguf(folder):
        sizes.update({name: tensor.size_bytes for name, tensor in parameters_of(folder).items()})
    else:
        for tensor in stored_tensors(weight_files(folder)):
            sizes[owner(tensor.name)] += tensor.size_bytes

    def make_bar(factory: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        if named.get("desc") != LOADING_BAR:
            return factory(*arguments, **named)
        return _counting(arguments[0], sizes, emit)

    before = logging.set_tqdm_hook(make_bar)
    try:
        yield
    finally:
        logging.set_tqdm_hook(before)


def _counting(
    parts: Iterable[tuple[str, Any]], sizes: Counter[str], emit: OnBytes
) -> Iterator[tuple[str, Any]]:
    """The parts, each counted when the next one is asked for."""
    total, done, report = sizes.total(), 0, _Paced(emit)
    for name, part in parts:
        yield name, part
        done += sizes[name]
        report(done, total)
    emit(total, total)


class _Paced:
    """Passes on a count at most every REPORT_EVERY_S."""

    def __init__(self, emit: OnBytes) -> None:
        self._emit, self._next = emit, 0.0

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() >= self._next:
            self._emit(done, total)
            self._next = time.monotonic() + REPORT_EVERY_S


PARAGRAPH = (
    "In 1905, Zoë's naïve café—open 24/7—sold 3,141 crêpes for $2.50 each.\n"
    "Съешь ещё этих мягких булок. Ξεσκεπάζω την ψυχοφθόρα βδελυγμία. نص عربي قصير. שלום עולם. "
    "नमस्ते दुनिया। 我喜欢读书。 日本語の文章です。 한국어 문장입니다. สวัสดีชาวโลก 🎉👩‍💻\n"
    "\tif x  ==  y_1:  # two  spaces\n\t\treturn {'a': [1, 22, 333]}\n"
)
"""Text that a tokenizer has to give back as it was."""

GPT2_SPLITS = ("default", "gpt-2", "gpt2", "mpt", "olmo", "jais", "phi-2", "trillion")
"""Names in GGUF files of rules that split text before byte-level BPE as GPT-2 does, or nearly so."""

DIGIT_SPLITS = ("smollm",)
"""The same where each digit is a piece of its own, which transformers does not know."""

BOS_SPLITS = ("llama-bpe", "llama3", "llama-v3")
"""Those of models whose texts begin with the BOS token, even if the file does not say so."""

CONTROL = 3
"""Type of a token that is no text."""

MOST_NAMED = 60
"""Characters of what is wrong that a warning repeats."""


def load_tokenizer(path: Path) -> PreTrainedTokenizerBase:
    """The tokenizer of a folder or of a GGUF file.

    Raises:
        ModelFilesError: it cannot be read.
    """
    try:
        if not is_gguf(path):
            return AutoTokenizer.from_pretrained(path, local_files_only=True, trust_remote_code=False)
        return _rebuilt(read_header(path))
    except ModelFilesError:
        raise
    # From a file of nonsense, `tokenizers` raises bare exceptions.
    except Exception as error:
        raise ModelFilesError(
            f"The tokenizer in {path} cannot be read: copy or download it again."
        ) from error


def _rebuilt(header: GgufHeader) -> PreTrainedTokenizerBase:
    """The tokenizer that a GGUF file describes."""
    path = header.path
    special_tokens(header)
    # AutoTokenizer would read the header several times in up to 14 s each, and split text in the same way.
    tokenizer = PreTrainedTokenizerFast.from_pretrained(path.parent, gguf_file=path.name)
    if header.metadata.get("tokenizer.ggml.pre") in DIGIT_SPLITS:
        digits = pre_tokenizers.Digits(individual_digits=True)
        bytes_ = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence([digits, bytes_])
    return tokenizer


def check_vocabulary(tokenizer: PreTrainedTokenizerBase, path: Path, vocabulary: int) -> None:
    """Checks that a model has every token of a tokenizer that is not its own.

    Raises:
        ModelFilesError: it does not.
    """
    # To one that it rebuilds, transformers may add an end token that nobody uses.
    tokens = len(read_header(path).texts(TOKENS)) if is_gguf(path) else len(tokenizer)
    if tokens > vocabulary:
        raise ModelFilesError(
            f"The tokenizer in {path} has {tokens:,} tokens, the model {vocabulary:,}: give that of the same "
            "model."
        )


def tokenizer_warning(tokenizer: PreTrainedTokenizerBase, path: Path) -> str:
    """What is wrong with a tokenizer rebuilt from a GGUF file, and what to do; empty if nothing is."""
    problems = list(_problems(tokenizer, read_header(path))) if is_gguf(path) else []
    if not problems:
        return ""
    return (
        f"The tokenizer rebuilt from {path.name} {', and '.join(problems)}: give the original one with "
        "--tokenizer DIR|ID."
    )


def _problems(tokenizer: PreTrainedTokenizerBase, header: GgufHeader) -> Iterator[str]:
    """What is wrong, each in words after "The tokenizer"."""
    said = header.metadata
    rule = said.get("tokenizer.ggml.pre", "default")
    if said.get("tokenizer.ggml.model") == "gpt2" and not _knows(rule):
        yield f"splits text as GPT-2 does, and not by its own rule '{str(rule)[:MOST_NAMED]}'"
    if tokenizer.eos_token_id is None:
        yield "has no token that ends a text"
    for name, token in special_tokens(header).items():
        if getattr(tokenizer, name) != token:
            yield f"has {getattr(tokenizer, name)!r} as {name}, and not {token!r}"
    if (problem := _begins_wrongly(tokenizer, header)) is not None:
        yield problem
    if (cut := _first_cut(tokenizer, header)) is not None:
        yield f"cuts {cut!r} into pieces"
    back = tokenizer.decode(
        tokenizer(PARAGRAPH, add_special_tokens=False).input_ids, clean_up_tokenization_spaces=False
    )
    if back != PARAGRAPH:
        lost = next((word for word in PARAGRAPH.split() if word not in back), "spaces")
        yield f"does not give text back as it was ({lost[:MOST_NAMED]})"
    if tokenizer.chat_template and (problem := _template_problem(header)):
        yield problem


def _knows(rule: object) -> bool:
    """Whether transformers or this module splits text by a rule."""
    from transformers.integrations.gguf.gguf_tokenizer_mapping import GGUF_PRE_TOKENIZER_SPLITS

    return rule in (*GPT2_SPLITS, *DIGIT_SPLITS, *GGUF_PRE_TOKENIZER_SPLITS)


def _begins_wrongly(tokenizer: PreTrainedTokenizerBase, header: GgufHeader) -> str | None:
    """What is wrong with the begin of a text; None if nothing is."""
    said = header.metadata
    is_usual = said.get("tokenizer.ggml.model") == "llama" or said.get("tokenizer.ggml.pre") in BOS_SPLITS
    wanted = bool(said.get("tokenizer.ggml.add_bos_token", is_usual))
    ids = tokenizer("a").input_ids
    begins = tokenizer.bos_token_id is not None and ids[:1] == [tokenizer.bos_token_id]
    if wanted and not begins:
        return "does not begin a text with the BOS token, as the model expects"
    if begins and not wanted:
        return "begins a text with the BOS token, which the model does not expect"
    return None


def _first_cut(tokenizer: PreTrainedTokenizerBase, header: GgufHeader) -> str | None:
    """The first token that is no text, but becomes several tokens or another one; None if there is none."""
    texts = header.texts(TOKENS)
    kinds = header.numbers("tokenizer.ggml.token_type")
    control = [
        (number, text)
        for number, (text, kind) in enumerate(zip(texts, kinds, strict=False))
        if kind == CONTROL
    ]
    for number, text in control:
        if tokenizer(text, add_special_tokens=False).input_ids != [number]:
            return text[:MOST_NAMED]
    return None


def _template_problem(header: GgufHeader) -> str | None:
    """What is wrong with the chat template; None if nothing is."""
    try:
        read_chat_template(header.path, header.path.name)([{"role": "user", "content": "Hello."}])
    except ValueError:
        return "has a chat template that fails"
    return None


CHUNK = 1 << 20
"""Weights that are dequantized together: a few megabytes beside the result, however large the tensor is."""


@dataclass(frozen=True)
class StoredWeights:
    """A parameter that is still in the file. transformers reads it with `[...]`, when its turn comes."""

    path: Path
    tensor: GgufTensor
    dtype: torch.dtype
    heads: int
    """Heads whose rows llama.cpp put into another order; 0 if it did not."""
    subtracted: float
    """What llama.cpp added."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the parameter."""
        return self.tensor.shape

    def __getitem__(self, index: object) -> Tensor:
        """The whole parameter, whatever the index; it is computed in float32 and rounded once."""
        values = torch.empty(self.shape, dtype=self.dtype)
        rows = values.view(-1, self.shape[-1])
        step = max(1, CHUNK // self.shape[-1])
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            part.copy_(torch.from_numpy(self._dequantized(start, len(part))) - self.subtracted)
        if not self.heads:
            return values
        # Rows are pairs of neighbours within a head; here all first ones are before all second ones.
        return values.view(self.heads, -1, 2, *self.shape[1:]).transpose(1, 2).reshape(self.shape)

    def _dequantized(self, first: int, count: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        """(count, columns) rows of the tensor."""
        from gguf.constants import GGMLQuantizationType
        from gguf.quants import dequantize

        row_bytes = self.tensor.size_bytes // math.prod(self.shape[:-1])
        offset = self.tensor.start + first * row_bytes
        raw = np.fromfile(self.path, np.uint8, count * row_bytes, offset=offset)
        found = dequantize(raw.reshape(count, row_bytes), GGMLQuantizationType[self.tensor.kind])
        return found.reshape(count, self.shape[-1])


def stored_weights(path: Path, dtype: torch.dtype) -> dict[str, StoredWeights]:
    """The parameters of a file by their Hugging Face names, none of them read yet.

    Args:
        path: the file.
        dtype: what they become.

    Raises:
        ModelFilesError: the file cannot be read, is not supported, or contradicts itself.
    """
    family, config = family_of(path), gguf_config(path)
    heads = {"q_proj": config["num_attention_heads"], "k_proj": config["num_key_value_heads"]}
    found = {}
    for name, tensor in parameters_of(path).items():
        *_, module, _ = name.split(".")
        permuted = heads.get(module, 0) if family.permutes else 0
        subtracted = float(family.adds_one and module.endswith("norm"))
        found[name] = StoredWeights(path, tensor, dtype, permuted, subtracted)
    return found
