"""What is told of loading, against the bytes that are in the files."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers.utils import logging

from core.models import loading
from core.models.checkpoint import FourBit
from core.models.files import ModelFilesError
from core.models.loading import load
from core.models.spec import ModelSpec
from tests.core.four_bit_models import checkpoint
from tests.core.tiny_models import save_model

Told = list[tuple[str, int, int]]


@pytest.fixture(autouse=True)
def every_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """So small a model is loaded before a second word would be due."""
    monkeypatch.setattr(loading, "REPORT_EVERY_S", 0.0)


def told_of(folder: Path, **changes: str) -> Told:
    told: Told = []
    spec = ModelSpec(str(folder), **{"device": "cpu", **changes})  # type: ignore[arg-type]
    load(spec, lambda *words: told.append(words))
    return told


def bytes_in(folder: Path) -> int:
    return sum(tensor.nbytes for file in folder.glob("*.safetensors") for tensor in load_file(file).values())


@pytest.mark.parametrize("is_sharded", [False, True])
@pytest.mark.parametrize("dtype", ["auto", "bfloat16"])
def test_weights_are_counted_one_by_one(tmp_path: Path, is_sharded: bool, dtype: str) -> None:
    model = save_model(tmp_path)
    if is_sharded:
        (tmp_path / "model.safetensors").unlink()
        model.save_pretrained(tmp_path, max_shard_size="20KB")
        assert len(list(tmp_path.glob("*.safetensors"))) > 1
    told = [(done, total) for _, done, total in told_of(tmp_path, dtype=dtype) if total]
    sizes = [tensor.nbytes for tensor in model.state_dict().values()]
    assert {total for _, total in told} == {bytes_in(tmp_path)} == {sum(sizes)}
    steps = [after - before for (before, _), (after, _) in zip([(0, 0), *told], told, strict=False)]
    assert sorted(step for step in steps if step) == sorted(sizes)
    assert told[-1][0] == told[-1][1]


def test_4_bit_weights_are_counted_with_their_scales(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path, FourBit("nf4"))
    told = [(done, total) for _, done, total in told_of(folder) if total]
    assert {total for _, total in told} == {bytes_in(folder)}
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-2][0] == told[-1][0] == told[-1][1]  # the count itself comes to all of it


def test_whose_dtype_it_is_is_told(tmp_path: Path) -> None:
    save_model(tmp_path).to(torch.float16).save_pretrained(tmp_path)
    words = "reading weights as float16"
    assert any(doing == f"{words}, the checkpoint's dtype" for doing, _, _ in told_of(tmp_path))
    assert any(doing == words for doing, _, _ in told_of(tmp_path, dtype="float16"))


def test_afterwards_transformers_makes_its_own_bars_again(tmp_path: Path) -> None:
    def mine(factory: object, arguments: object, named: object) -> object:
        raise AssertionError("nobody asks for a bar here")

    model = save_model(tmp_path)
    before = logging.set_tqdm_hook(mine)
    try:
        load(ModelSpec(str(tmp_path), device="cpu"))
        tensors = dict(model.state_dict())
        tensors.pop("model.norm.weight")
        save_file(tensors, tmp_path / "model.safetensors", metadata={"format": "pt"})
        with pytest.raises(ModelFilesError):
            load(ModelSpec(str(tmp_path), device="cpu"))
        assert logging.set_tqdm_hook(before) is mine
    finally:
        logging.set_tqdm_hook(before)
