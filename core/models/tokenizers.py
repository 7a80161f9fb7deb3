"""Loads a tokenizer, and checks one that is rebuilt from a GGUF file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tokenizers import pre_tokenizers
from transformers import AutoTokenizer, PreTrainedTokenizerBase, PreTrainedTokenizerFast

from core.models.chat_template import read_chat_template
from core.models.files import ModelFilesError, is_gguf
from core.models.gguf_header import TOKENS, GgufHeader, read_header, special_tokens

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
