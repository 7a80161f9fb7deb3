from __future__ import annotations

import json
import os
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from core.analysis.probe import every_question
from core.cluster.ray_options import LocalWorkers
from core.models.devices import Gpu
from core.models.loading import load
from core.models.spec import ModelSpec
from core.models.weight_space import WeightSpace
from tests.core.gguf_models import write_gguf
from tests.core.made_up_machine import machine
from tests.core.tiny_models import byte_tokenizer, save_model
from tui.command_line import run
from tui.ray_options import ray_text

EOS = "tokenizer.ggml.eos_token_id"

Captured = pytest.CaptureFixture[str]


def test_as_json_it_agrees_with_the_loaded_model(word_model: Path, tmp_path: Path, capsys: Captured) -> None:
    assert (
        run(["doctor", "--model", str(word_model), "--cache-dir", str(tmp_path), "--device", "cpu", "--json"])
        == 0
    )
    out, err = capsys.readouterr()
    assert err == ""
    found = json.loads(out)
    loaded = load(ModelSpec(str(word_model), device="cpu"))
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


def test_of_a_gguf_file_it_says_its_type_and_what_is_wrong_with_its_tokenizer(
    tmp_path: Path, capsys: Captured
) -> None:
    tokenizer = byte_tokenizer()
    model = save_model(tmp_path / "dense", tokenizer=tokenizer)
    path = write_gguf(
        tmp_path / "m.gguf", model, tokenizer, "F16", edit=lambda writer: writer.kv_data[0].pop(EOS)
    )
    options = ["doctor", "--model", str(path), "--cache-dir", str(tmp_path), "--device", "cpu"]
    assert run(options) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "file GGUF, F16 stored as float32, " in out
    assert "tokenizer The tokenizer rebuilt from m.gguf has no token that ends a text: give the" in out
    assert run([*options, "--json"]) == 0
    assert "has no token that ends a text" in json.loads(capsys.readouterr().out)["warning"]
    assert run([*options, "--tokenizer", str(tmp_path / "dense")]) == 0
    assert "rebuilt" not in capsys.readouterr().out


def test_for_people(word_model: Path, tmp_path: Path, capsys: Captured) -> None:
    assert (
        run(["doctor", "--model", str(word_model), "--cache-dir", str(tmp_path), "--dtype", "bfloat16"]) == 0
    )
    lines = capsys.readouterr().out.splitlines()
    assert f"  cache           {tmp_path} (0 entries, 0 B)" in lines
    assert "  architecture    Llama, 2 layers, hidden size 32" in lines
    assert any(line.startswith("  load") and line.endswith("fits") for line in lines)
    assert any(line.startswith("  score weights") and line.endswith("fits") for line in lines)
    parts = ("weights", "accumulators", "activations", "maps", "how")
    found = [line.split()[0] for line in lines if line.startswith("    ")]
    assert [part for part in found if part in parts] == list(parts)
    assert "    how           in one pass, batches of 16 items" in lines
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


def test_what_does_not_fit_is_said_for_people(
    word_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    little = machine(4 * 21_344, Gpu("small", 10**5, 10**5, "1"))
    monkeypatch.setattr("core.models.devices.this_machine", lambda: little)
    assert run(["doctor", "--model", str(word_model), "--cache-dir", str(tmp_path)]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "score weights DOES NOT FIT: Importance takes at least" in text
    assert "use a smaller model" in text


@pytest.mark.slow
def test_the_probe_is_a_table_by_level_and_form(tmp_path: Path, capsys: Captured) -> None:
    save_model(tmp_path / "model", tokenizer=byte_tokenizer(), max_position_embeddings=2048)
    words = ["doctor", "--model", str(tmp_path / "model"), "--cache-dir", str(tmp_path / "cache"), "--probe"]
    assert run([*words, "--json"]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)["probe"]
    assert "probing prompts: 0 of " in err
    assert len(found["answers"]) == len(every_question())
    assert found["auto"]["prompt"] in ("letters", "text")
    assert run(words) == 0
    out, err = capsys.readouterr()
    assert "probing" not in err, "it is stored"
    lines = out.splitlines()
    table = lines[lines.index("Prompts") + 1 :]
    assert max(map(len, table)) <= 80
    first = found["answers"][0]
    share = f"{first['right'] / 20:.2f}".lstrip("0")
    assert table[2].split()[:2] == ["analog", share]
    assert table[-1].strip().startswith("auto takes ")


def test_an_embedded_model_is_not_probed(capsys: Captured) -> None:
    assert run(["doctor", "--probe"]) == 2
    assert "'demo' has one prompt form and one level" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("version", "workers", "words"),
    [
        ("2.60.0", LocalWorkers(1, 8, on_gpu=False), "2.60.0, --ray local starts 1 worker for all CPUs (8)"),
        ("2.60.0", LocalWorkers(1, 8, on_gpu=True), "2.60.0, --ray local starts 1 worker on the GPU"),
        ("2.60.0", LocalWorkers(4, 8, on_gpu=True), "2.60.0, --ray local starts 4 workers, one on each GPU"),
        (None, LocalWorkers(1, 8, on_gpu=False), "not installed, for --ray: pip install 'abilityscope[ray]'"),
    ],
)
def test_ray_is_a_line(version: str | None, workers: LocalWorkers, words: str) -> None:
    assert ray_text(version, workers) == words
    assert len(words) <= 80 - 18


def test_of_ray_it_says_what_would_be_started(tmp_path: Path, capsys: Captured) -> None:
    assert run(["doctor", "--cache-dir", str(tmp_path), "--device", "cpu", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["ray"]
    assert found["local"] == {"n": 1, "threads": os.cpu_count(), "on_gpu": False}
    assert (found["version"] is None) == (find_spec("ray") is None)
