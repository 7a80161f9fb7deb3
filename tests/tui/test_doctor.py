from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from core.models.description import candidate_weights, stored_matrices
from core.models.loading import load
from core.models.spec import ModelSpec
from core.models.weight_space import WeightSpace
from tests.core.tiny_models import ARCHITECTURES, random_model, save_model
from tui.command_line import run
from tui.machine import Gpu, Machine, Memory, parse_gpus, this_machine
from tui.model_plan import plan_use

Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tiny")
    save_model(path)
    return path


def machine(free_bytes: int | None = 10**9, *gpus: Gpu) -> Machine:
    return Machine("3.11.0", "Linux x86_64", {"torch": "2.11"}, 4, Memory(10**10, free_bytes), gpus)


def test_as_json_it_agrees_with_the_loaded_model(folder: Path, tmp_path: Path, capsys: Captured) -> None:
    assert (
        run(["doctor", "--model", str(folder), "--cache-dir", str(tmp_path), "--device", "cpu", "--json"])
        == 0
    )
    out, err = capsys.readouterr()
    assert err == ""
    found = json.loads(out)
    loaded = load(ModelSpec(str(folder), device="cpu"))
    space = WeightSpace(loaded.model)
    assert found["packages"]["torch"].split("+")[0] == torch.__version__.split("+")[0]
    assert found["model"]["parameters"] == loaded.info.parameters
    assert found["model"]["fingerprint"] == loaded.info.fingerprint
    assert found["plan"]["candidate_weights"] == space.size
    loading, importance = found["plan"]["needs"]
    assert (loading["step"], loading["main_bytes"]) == ("load", loaded.info.bytes)
    parts = {need["part"]: need["host_bytes"] for need in found["plan"]["importance"]["needs"]}
    largest = max(matrix.size for matrix in space.matrices)
    assert parts["weights"] == loaded.info.bytes
    assert parts["maps"] == 8 * space.size + 4 * largest
    assert importance["main_bytes"] == sum(parts.values())
    assert found["plan"]["problem"] is found["problem"] is None


def test_for_people(folder: Path, tmp_path: Path, capsys: Captured) -> None:
    assert run(["doctor", "--model", str(folder), "--cache-dir", str(tmp_path), "--dtype", "bfloat16"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"  cache           {tmp_path} (0 entries, 0 B)" in lines
    assert "  architecture    Llama, 2 layers, hidden size 32" in lines
    assert any(line.startswith("  load") and line.endswith("fits") for line in lines)
    assert any(line.startswith("  score weights") and line.endswith("fits") for line in lines)
    parts = ("weights", "accumulators", "activations", "maps", "how")
    found = [line.split()[0] for line in lines if line.startswith("    ")]
    assert [part for part in found if part in parts] == list(parts)
    assert "    how           in one pass, batches of 16 rows" in lines
    assert all(len(line) <= 80 for line in lines if str(tmp_path) not in line)


def test_a_problem_with_the_model_ends_the_rest_is_still_said(tmp_path: Path, capsys: Captured) -> None:
    arguments = ["doctor", "--model", str(tmp_path), "--cache-dir", str(tmp_path)]
    assert run(arguments) == 1
    out, err = capsys.readouterr()
    assert "  memory " in out
    assert err == f"abilityscope: {json_problem([*arguments, '--json'], capsys)}\n"
    assert "There is no config.json" in err


def json_problem(arguments: list[str], capsys: Captured) -> str:
    run(arguments)
    found = json.loads(capsys.readouterr().out)
    assert found["model"] is None
    problem: str = found["problem"]
    return problem


def test_a_hub_model_that_is_not_here_is_not_downloaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    assert run(["doctor", "--model", "nobody/nothing", "--cache-dir", str(tmp_path)]) == 1
    assert "'nobody/nothing' is not on this computer" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_candidate_weights_are_those_of_the_weight_space(architecture: str, tmp_path: Path) -> None:
    changes = {} if architecture == "qwen2" else {"head_dim": 16}
    model = random_model(architecture, 50, intermediate_size=40, **changes)
    model.save_pretrained(tmp_path)
    space = WeightSpace(model)
    mlp = sum(matrix.size for matrix in space.candidates("mlp"))
    assert candidate_weights(stored_matrices(tmp_path)) == {"mlp": mlp, "all": space.size}


def test_on_a_gpu_the_sums_lie_there_and_the_scores_in_main_memory(folder: Path) -> None:
    gpu = Gpu("NVIDIA H100 80GB HBM3", 85 * 10**9, 80 * 10**9, "550.54.15")
    plan = plan_use(ModelSpec(dtype="float16"), folder, machine(10**9, gpu))
    assert (plan.device, plan.dtype) == ("cuda:0", "float16")
    assert plan.importance is not None
    weights, accumulators, activations, maps = plan.importance.needs
    assert weights.device_bytes == 2 * 21_344
    assert accumulators.device_bytes == 4 * plan.candidate_weights
    assert maps.host_bytes >= 8 * plan.candidate_weights
    importance = plan.needs[1]
    on_gpu = weights.device_bytes + accumulators.device_bytes + activations.device_bytes
    assert (importance.gpu_bytes, importance.main_bytes) == (on_gpu, maps.host_bytes)
    assert importance.fits


def test_what_does_not_fit_or_is_unknown_is_said(folder: Path) -> None:
    def fits(*there: object) -> list[bool | None]:
        plan = plan_use(ModelSpec(), folder, machine(*there))  # type: ignore[arg-type]
        return [need.fits for need in plan.needs]

    assert fits(4 * 21_344) == [True]
    assert fits(4 * 21_343) == [False]
    assert fits(None) == [None, None]
    assert fits(10**9, Gpu("shared", None, None, "1")) == [None, None]
    assert fits(0, Gpu("large", 10**9, 10**9, "1")) == [True]
    problem = plan_use(ModelSpec(), folder, machine(4 * 21_344)).problem
    assert problem is not None
    assert "Importance takes at least" in problem


def test_maps_that_main_memory_has_no_room_for_go_to_the_cache_folder(folder: Path, tmp_path: Path) -> None:
    gpu = Gpu("large", 10**9, 10**9, "1")
    plan = plan_use(ModelSpec(), folder, machine(10**5, gpu), tmp_path / "not" / "made")
    assert plan.importance is not None
    assert plan.importance.maps == "disk"
    assert plan.needs[1].disk_bytes == 8 * plan.candidate_weights


def test_what_does_not_fit_is_said_for_people(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    little = machine(4 * 21_344, Gpu("small", 10**5, 10**5, "1"))
    monkeypatch.setattr("tui.machine.this_machine", lambda: little)
    assert run(["doctor", "--model", str(folder), "--cache-dir", str(tmp_path)]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "score weights DOES NOT FIT: Importance takes at least" in text
    assert "use a smaller model" in text


def test_4_bit_weights_take_their_packed_bytes_and_scales(folder: Path) -> None:
    plan = plan_use(ModelSpec(quantization="nf4"), folder, machine(10**9))
    assert plan.dtype == "nf4, bfloat16"
    candidates = plan.candidate_weights
    beside = 2 * (21_344 - candidates)
    # 14 matrices, each with scales of a byte for 64 weights, one float32 of theirs, and code tables.
    assert plan.needs[0].main_bytes == beside + candidates // 2 + candidates // 64 + 14 * (4 + 64 + 1024 + 4)


def test_a_gpu_that_is_not_here_is_said(folder: Path) -> None:
    with pytest.raises(ValueError, match="1 GPUs found"):
        plan_use(ModelSpec(device="cuda:1"), folder, machine(10**9, Gpu("one", 1, 1, "1")))


def test_without_the_package_for_gpus_it_says_so(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    def text(packages: dict[str, str | None], *gpus: Gpu) -> str:
        here = replace(machine(10**9, *gpus), packages=packages)
        monkeypatch.setattr("tui.machine.this_machine", lambda: here)
        assert run(["doctor", "--model", str(folder), "--cache-dir", str(tmp_path)]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert all(len(line) <= 80 for line in lines if str(tmp_path) not in line)
        return " ".join(" ".join(lines).split())

    sentence = "without nvidia-ml-py (extra gpu), load and temperature are not shown"
    card = Gpu("one", 10**9, 10**9, "1")
    assert sentence in text({"nvidia-ml-py": None}, card)
    assert sentence not in text({"nvidia-ml-py": "13.0"}, card)
    assert sentence not in text({"nvidia-ml-py": None})


def test_a_model_that_one_gpu_cannot_hold_is_spread(folder: Path) -> None:
    small, large = (Gpu(name, 10**9, free, "1") for name, free in (("small", 60_000), ("large", 10**9)))
    plan = plan_use(ModelSpec(), folder, machine(10**9, small, small))
    assert (plan.device, plan.needs[0].fits) == ("cuda:0, cuda:1", True)
    assert plan_use(ModelSpec(), folder, machine(10**9, large, small)).device == "cuda:0"
    nowhere = plan_use(ModelSpec(), folder, machine(10**9, Gpu("tiny", 1, 30_000, "1"), small))
    assert (nowhere.device, nowhere.needs[0].fits) == ("cuda:0, cuda:1", True)
    full = Gpu("full", 10**9, 10, "1")
    assert plan_use(ModelSpec(), folder, machine(10**9, full, full)).needs[0].fits is False
    assert plan_use(ModelSpec(device="cuda:1"), folder, machine(10**9, small, small)).needs[0].fits is False


def test_whose_dtype_it_is(folder: Path) -> None:
    assert plan_use(ModelSpec(), folder, machine()).is_own_dtype
    assert not plan_use(ModelSpec(dtype="float32"), folder, machine()).is_own_dtype
    assert not plan_use(ModelSpec(quantization="nf4"), folder, machine()).is_own_dtype


def test_this_machine() -> None:
    here = this_machine()
    assert 1 <= here.cores <= (os.cpu_count() or 1)
    assert here.memory.free_bytes is None or 0 < here.memory.free_bytes <= here.memory.total_bytes


def test_gpus_are_read_from_nvidia_smis_list() -> None:
    listing = "NVIDIA H100 80GB HBM3, 81559, 81079, 550.54.15\nNVIDIA GB10, [N/A], [N/A], 580.95\n"
    assert parse_gpus(listing) == (
        Gpu("NVIDIA H100 80GB HBM3", 81559 * 2**20, 81079 * 2**20, "550.54.15"),
        Gpu("NVIDIA GB10", None, None, "580.95"),
    )
    assert parse_gpus("No devices were found\n") == ()


def test_an_nvidia_smi_that_finds_no_driver_means_no_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho NVIDIA-SMI has failed\nexit 9\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert this_machine().gpus == ()
