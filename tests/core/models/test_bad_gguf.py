"""GGUF files that are cut, damaged, or contradict themselves: one sentence each, soon, in little memory."""

from __future__ import annotations

import struct
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from gguf import GGUFReader, GGUFWriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.models.description import describe_folder
from core.models.files import ModelFilesError
from core.models.gguf import read_header
from core.models.loading import load
from core.models.spec import ModelSpec
from tests.core.gguf_models import write_gguf
from tests.core.tiny_models import byte_tokenizer, lively_model

MOST_BYTES = 20_000_000
"""Memory that reading the header of a small file may take, whatever it claims."""

each = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole file of a tiny Llama."""
    tokenizer = byte_tokenizer()
    path = tmp_path_factory.mktemp("whole") / "m.gguf"
    return write_gguf(path, lively_model("llama", len(tokenizer)), tokenizer)


def problem_of(path: Path) -> str:
    """The one line that describing the file ends with."""
    tracemalloc.start()
    try:
        with pytest.raises(ModelFilesError) as caught:
            describe_folder(path, "m")
        assert tracemalloc.get_traced_memory()[1] < MOST_BYTES
    finally:
        tracemalloc.stop()
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    return str(caught.value)


def last_byte_of(path: Path) -> int:
    return max(tensor.start + tensor.size_bytes for tensor in read_header(path).tensors)


def test_the_header_is_what_the_gguf_package_reads(whole: Path) -> None:
    header, theirs = read_header(whole), GGUFReader(whole)
    assert [(one.name, one.shape, one.kind, one.start, one.size_bytes) for one in header.tensors] == [
        (one.name, tuple(one.shape.tolist())[::-1], one.tensor_type.name, one.data_offset, one.n_bytes)
        for one in theirs.tensors
    ]
    for key, field in theirs.fields.items():
        contents = field.contents()
        if key.startswith("GGUF."):
            continue
        if isinstance(contents, list):
            assert contents in (header.texts(key), list(header.numbers(key))), key
        else:
            assert header.metadata[key] == contents, key


@each
@given(st.data())
def test_a_cut_file_is_refused_wherever_it_is_cut(whole: Path, tmp_path: Path, data: st.DataObject) -> None:
    content = whole.read_bytes()
    end = data.draw(st.integers(0, 3000) | st.integers(0, last_byte_of(whole) - 1))
    path = tmp_path / "cut.gguf"
    path.write_bytes(content[:end])
    assert "is not a whole GGUF file" in problem_of(path)


@each
@given(st.data())
def test_damage_in_the_header_is_refused_or_describes_another_model(
    whole: Path, tmp_path: Path, data: st.DataObject
) -> None:
    content = bytearray(whole.read_bytes())
    header_bytes = min(tensor.start for tensor in read_header(whole).tensors)
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, header_bytes - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged.gguf"
    path.write_bytes(content)
    with suppress(ModelFilesError):
        assert describe_folder(path, "m").parameters < len(content)


def put(form: str, offset: int, value: int) -> Callable[[bytearray], None]:
    """An edit that writes a number at an offset."""
    return lambda content: struct.pack_into(form, content, offset, value)


def array_of(length: int) -> Callable[[bytearray], None]:
    """An edit that changes the length of the vocabulary."""

    def edit(content: bytearray) -> None:
        key = b"tokenizer.ggml.tokens"
        struct.pack_into("<Q", content, content.index(key) + len(key) + 8, length)

    return edit


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (put("<I", 0, 0x46554747 + 1), "is no GGUF file, whatever its name says: give another file"),
        (put("<I", 4, 1), "GGUF of version 1"),
        (put(">I", 4, 3), "or of another byte order"),
        (put("<Q", 8, 2**63), "its header ends early or holds nonsense"),
        (put("<Q", 16, 2**63), "its header ends early or holds nonsense"),
        (array_of(2**62), "its header ends early or holds nonsense"),
        (array_of(2**32), "its header ends early or holds nonsense"),
        (put("<Q", 24, 2**61), "its header ends early or holds nonsense"),
    ],
)
def test_numbers_that_lie(edit: Callable[[bytearray], None], words: str, whole: Path, tmp_path: Path) -> None:
    content = bytearray(whole.read_bytes())
    edit(content)
    path = tmp_path / "lies.gguf"
    path.write_bytes(content)
    assert words in problem_of(path)


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({"block_count": 0}, "its llama.block_count is 0"),
        ({"block_count": 3}, "it has tensors of 2 layers, and says 3"),
        ({"block_count": 2**31 - 1}, "it has tensors of 2 layers, and says 2147483647"),
        ({"block_count": None}, "its llama.block_count is None"),
        ({"embedding_length": 64}, "token_embd.weight is 320x32, and its sizes ask for 320x64"),
        ({"feed_forward_length": 2**30}, "ffn_gate.weight is 64x32, and its sizes ask for 1073741824x32"),
        ({"attention.head_count": 0}, "its llama.attention.head_count is 0"),
        ({"attention.head_count": 2**31}, "its llama.attention.head_count is 2147483648"),
        ({"attention.head_count": 3}, "it has 3 heads for 2 of keys"),
        ({"attention.head_count_kv": 4}, "attn_k.weight is 16x32, and its sizes ask for 32x32"),
        ({"rope.dimension_count": 4}, "attn_q.weight is 32x32, and its sizes ask for 16x32"),
        ({"attention.key_length": 16}, "8 of 16 dimensions of a head have positions"),
        ({"attention.layer_norm_rms_epsilon": 0.0}, "layer_norm_rms_epsilon is 0.0"),
        ({"context_length": "long"}, "its llama.context_length is long"),
        ({"rope.freq_base": float("nan")}, "its llama.rope.freq_base is nan"),
        ({"rope.scaling.type": "yarn"}, "stretches positions by 'yarn', which is not tested as GGUF: use"),
        ({"attention.scale": 0.5}, "sets llama.attention.scale, which is not tested as GGUF: use"),
        ({"attention.sliding_window": 16}, "sets llama.attention.sliding_window, which is not tested"),
    ],
)
def test_metadata_that_contradicts_the_tensors(
    metadata: dict[str, object], words: str, tmp_path: Path
) -> None:
    tokenizer = byte_tokenizer()
    path = tmp_path / "m.gguf"
    write_gguf(path, lively_model("llama", len(tokenizer)), tokenizer, **metadata)
    assert words in problem_of(path)


def expert(writer: GGUFWriter) -> None:
    writer.add_tensor("blk.0.ffn_gate_exps.weight", np.zeros((2, 4, 4), np.float32))


def parts(writer: GGUFWriter) -> None:
    writer.add_uint16("split.count", 3)


def other_factors(writer: GGUFWriter) -> None:
    writer.add_tensor("rope_freqs.weight", np.array([1, 2, 3, 4], np.float32))


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (expert, "holds blk.0.ffn_gate_exps.weight, which no llama that is tested has: use a model without"),
        (parts, "is one of 3 parts: join them with llama-gguf-split --merge"),
        (other_factors, "stretches positions in another way than Llama 3.1 and 3.2, which is not tested"),
    ],
)
def test_files_of_other_models(edit: Callable[[GGUFWriter], None], words: str, tmp_path: Path) -> None:
    tokenizer = byte_tokenizer()
    path = write_gguf(tmp_path / "m.gguf", lively_model("llama", len(tokenizer)), tokenizer, edit=edit)
    assert words in problem_of(path)


def test_an_architecture_that_is_not_tested(tmp_path: Path) -> None:
    writer = GGUFWriter(tmp_path / "m.gguf", "falcon")
    writer.add_tensor("token_embd.weight", np.zeros((4, 4), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    words = "is a model of architecture 'falcon', which is not tested as GGUF: use one of llama, qwen2"
    assert words in problem_of(tmp_path / "m.gguf")


def test_a_type_that_nobody_knows(whole: Path, tmp_path: Path) -> None:
    content = bytearray(whole.read_bytes())
    name = b"token_embd.weight"
    struct.pack_into("<I", content, content.index(name) + len(name) + 4 + 16, 999)
    path = tmp_path / "m.gguf"
    path.write_bytes(content)
    assert "stores token_embd.weight as type 999, which is not known: use a file of a common" in problem_of(
        path
    )


def test_tensors_that_are_missing_or_there_twice(whole: Path, tmp_path: Path) -> None:
    for name, other, words in (
        (b"blk.1.ffn_norm", b"blk.7.ffn_norm", "it has tensors of 3 layers, and says 2"),
        (b"blk.1.attn_norm", b"blk.0.attn_norm", "two of its tensors have one name"),
        (b"output_norm", b"output_more", "holds output_more.weight, which no llama that is tested has"),
    ):
        path = tmp_path / "m.gguf"
        path.write_bytes(whole.read_bytes().replace(name, other))
        assert words in problem_of(path)
    tokenizer = byte_tokenizer()
    model = lively_model("llama", len(tokenizer))
    del model.model.layers[1].input_layernorm.weight
    assert "it lacks blk.1.attn_norm.weight" in problem_of(write_gguf(tmp_path / "m.gguf", model, tokenizer))


def test_a_vocabulary_that_lacks_its_special_token(whole: Path, tmp_path: Path) -> None:
    content = bytearray(whole.read_bytes())
    key = b"tokenizer.ggml.eos_token_id"
    struct.pack_into("<I", content, content.index(key) + len(key) + 4, 5000)
    path = tmp_path / "m.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelFilesError, match="its eos token is 5000 of 320 tokens"):
        load(ModelSpec(str(path), device="cpu"))
