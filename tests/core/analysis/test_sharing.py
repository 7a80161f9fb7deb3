"""Results for other programs: what each format asks for, and that figures are those of the profile."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from lm_eval.utils import (
    get_file_task_name,
    get_results_filenames,
    get_sample_results_filenames,
    sanitize_model_name,
)

from cache.folder import Store
from core.analysis.profile import write_profile
from core.analysis.rounds import run_profile
from core.analysis.sharing import NOT_IN_NAMES, ModelRun
from core.benchmarks.benchmark import BenchmarkOptions
from core.benchmarks.registry import find_benchmarks
from core.models.spec import ModelSpec
from core.run.plan import Plan
from core.run.runner import Runner
from core.run.specs import ImportanceSpec
from tests.core.tiny_models import byte_tokenizer, save_model
from tests.tui.calling import called

ROWS = Path(__file__).parents[2] / "data" / "benchmarks"
N = 3
ABLATED = "spatial_reasoning-mlp-random-k0.1-seed0"


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of a random model and one random mask on a generated, a choice and a written benchmark."""
    folder = tmp_path_factory.mktemp("sharing")
    save_model(folder / "model", "llama", byte_tokenizer(), max_position_embeddings=2048)
    plan = Plan(
        abilities=("spatial_reasoning",),
        variants=("mlp",),
        selections=("random",),
        ks=(0.1,),
        benchmarks=find_benchmarks(
            ("spatial_reasoning", "arc_easy", "gsm8k"), BenchmarkOptions(str(ROWS), shots=0)
        ),
        limit=N,
    )
    spec = ModelSpec(str(folder / "model"), device="cpu").settled("text", "plain")
    runner = Runner(spec, Store(folder / "cache"), ImportanceSpec(n_items=4))
    found = run_profile(plan, runner)
    assert found is not None
    write_profile(found, runner, folder / "out")
    return folder / "out"


def exported(capsys: pytest.CaptureFixture[str], profile: Path, to: Path) -> None:
    code, _, err = called(capsys, "export", str(profile), "--to", str(to))
    assert code == 0, err


@pytest.mark.slow
def test_layout_of_the_harness(capsys: pytest.CaptureFixture[str], profile: Path, tmp_path: Path) -> None:
    exported(capsys, profile, tmp_path)
    model = str(profile.parent / "model")
    assert NOT_IN_NAMES.sub("__", model) == sanitize_model_name(model)
    folders = {path.name: path for path in tmp_path.iterdir()}
    assert set(folders) == {sanitize_model_name(model), f"{sanitize_model_name(model)}__{ABLATED}"}
    cells = {row["benchmark"]: row for row in pl.read_parquet(profile / "cells.parquet").to_dicts()}
    for name, folder in folders.items():
        paths = [str(path) for path in folder.iterdir()]
        (results,) = get_results_filenames(paths)
        document = json.loads(Path(results).read_text("utf-8"))
        score = "score" if name.endswith(ABLATED) else "base_score"
        assert document["results"]["arc_easy"]["acc,none"] == pytest.approx(cells["arc_easy"][score])
        tasks = {}
        for path in get_sample_results_filenames(paths):
            lines = [json.loads(line) for line in Path(path).read_text("utf-8").splitlines()]
            tasks[get_file_task_name(Path(path).name)] = lines
        assert set(tasks) == set(document["results"])
        for task, lines in tasks.items():
            assert len(lines) == document["n-samples"][task]["effective"] == N
            assert {"doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "doc_hash"} <= set(
                lines[0]
            )
        arc = tasks["arc_easy"]
        assert sum(line["acc"] for line in arc) / N == pytest.approx(
            document["results"]["arc_easy"]["acc,none"]
        )
        assert all(len(line["resps"]) == len(line["doc"]["options"]) for line in arc)


def test_names_of_a_file_that_anyone_may_have_written_stay_in_the_folder() -> None:
    mask = {"ability": "../../x", "variant": "mlp", "selection": "a/b\\c", "k": 0.1, "seed": None}
    name = ModelRun(mask, pl.DataFrame(), pl.DataFrame()).name
    assert Path(name).name == name
    assert "\\" not in name
