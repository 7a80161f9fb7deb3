"""A copy of the ablated model: read by transformers alone, and evaluated as any other model."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from cache.folder import Store
from core.benchmarks.registry import find_benchmarks
from core.masks.layout import Layout
from core.models.spec import ModelSpec
from core.run.ablated_copy import check_copy, write_copy
from core.run.runner import Runner
from core.run.runs import outcomes_of
from core.run.specs import ImportanceSpec, MaskSpec
from tests.core.tiny_models import byte_tokenizer, save_model
from tests.tui.calling import called

MASK = MaskSpec("spatial_reasoning", "all", "random", 0.05)


def new_runner(source: Path, root: Path) -> Runner:
    spec = ModelSpec(str(source), device="cpu").settled("text", "plain")
    return Runner(spec, Store(root), ImportanceSpec(n_items=4))


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "original"
    save_model(folder, "llama", byte_tokenizer())
    return folder


@pytest.fixture(scope="module")
def copied(original: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Runner, Path]:
    folder = tmp_path_factory.mktemp("copies")
    runner = new_runner(original, folder / "cache")
    check_copy(runner, folder / "copy")
    write_copy(runner, MASK, runner.mask(MASK), folder / "copy")
    return runner, folder / "copy"


def test_it_differs_in_the_mask_alone(original: Path, copied: tuple[Runner, Path]) -> None:
    runner, folder = copied
    before, after = (AutoModelForCausalLM.from_pretrained(one).state_dict() for one in (original, folder))
    positions = runner.mask(MASK).by_matrix(Layout(runner.space.matrices))
    chosen = {runner.space.matrices[index].name: local for index, local in positions}
    assert sum(map(len, chosen.values())) == len(runner.mask(MASK)) > 0
    assert before.keys() == after.keys()
    for name, value in before.items():
        flat = value.flatten().clone()
        if (local := chosen.pop(name, None)) is not None:
            flat[torch.from_numpy(local)] = 0.0
        assert torch.equal(after[name].flatten(), flat), name
    assert not chosen
    assert (
        AutoTokenizer.from_pretrained(folder)("a cat").input_ids == runner.loaded.tokenizer("a cat").input_ids
    )
    runner.verify_restored()


def test_it_answers_as_the_model_does_under_the_mask(copied: tuple[Runner, Path], tmp_path: Path) -> None:
    runner, folder = copied
    (benchmark,) = find_benchmarks(["spatial_reasoning"])
    under_mask = outcomes_of(runner, runner.request(MASK, benchmark, 6))
    copy = new_runner(folder, tmp_path)
    intact = outcomes_of(copy, copy.request(None, benchmark, 6))
    assert under_mask["loglikelihoods"].to_list() == intact["loglikelihoods"].to_list()


def test_the_card_says_how_it_was_made(copied: tuple[Runner, Path]) -> None:
    runner, folder = copied
    card = (folder / "README.md").read_text("utf-8")
    for words in (
        "original without spatial reasoning",
        runner.identity.fingerprint,
        "k | 0.05 of ",
        "random",
    ):
        assert words in card
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o644}


def test_what_cannot_be_copied_is_refused(
    capsys: pytest.CaptureFixture[str], original: Path, copied: tuple[Runner, Path], tmp_path: Path
) -> None:
    command = ("export-model", "--model", str(original), "--prompt", "text", "--level", "plain")
    named = (*command, "--ability", "spatial", "--selection", "random", "--k", "0.05")
    code, _, err = called(capsys, *named, "--to", str(copied[1]))
    assert code == 1
    assert "exists already: give a folder that does not" in err
    code, _, err = called(capsys, *named, "--quantization", "nf4", "--to", str(tmp_path / "new"))
    assert code == 1
    assert "4-bit codes are no checkpoint: give --quantization none" in err
    code, _, err = called(capsys, *command, "--ability", "cooking", "--to", str(tmp_path / "new"))
    assert code == 2
    assert list(tmp_path.iterdir()) == []


def test_a_failed_copy_leaves_nothing(copied: tuple[Runner, Path], tmp_path: Path) -> None:
    runner, _ = copied
    (tmp_path / "new").mkdir()
    with pytest.raises(ValueError, match="was made meanwhile"):
        write_copy(runner, MASK, runner.mask(MASK), tmp_path / "new")
    assert [one.name for one in tmp_path.iterdir()] == ["new"]
    runner.verify_restored()
