"""What each kind of entry depends on is in its key, and nothing else is."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from cache.entries import KINDS, EntryFolder, Manifest
from cache.folder import Store
from cache.keys import key_of
from cache.upkeep import manifest_of
from core.abilities import Item
from core.benchmarks.registry import find_benchmarks
from core.models.spec import ModelSpec, Unsettled
from core.run.experiment import (
    VERSIONS,
    Experiment,
    KeyKind,
    OutcomesRequest,
    cache_key,
    divergences_request,
    ranking_key_inputs,
)
from core.run.runner import Runner
from core.run.runs import compute_runs
from core.run.specs import DiagnosticSet, ImportanceSpec, MaskSpec, ModelIdentity
from core.run.storing import ensure_items
from tui.command_line import run

MODEL = ModelIdentity("0f" * 16, "none", "float32", "cpu")
PLAIN_MODEL = {
    "fingerprint": "0f" * 16,
    "quantization": "none",
    "dtype": "float32",
    "device": "cpu",
}
ITEM = Item("own/1", "spatial_reasoning", "own", "a box", "where", ("in", "out"), 0)
TOP = MaskSpec("spatial_reasoning", "mlp", "top", 0.01)
SPATIAL, TEMPORAL = find_benchmarks(["spatial_reasoning", "temporal_reasoning"])
REAL = ModelSpec("some/model", device="cpu", prompt="letters", level_asked="standard")
N = 10


# These pin what each kind of key is made of: if one changes, all entries of that kind are lost.


def test_the_golden_key_of_a_ranking() -> None:
    written = {
        "model": PLAIN_MODEL,
        "ability": "spatial_reasoning",
        "loss": "margin",
        "reduction": "abs-sum",
        "items": [
            {
                "ability": "spatial_reasoning",
                "level": "basic",
                "style": "cloze",
                "n": 1000,
                "seed": 0,
                "generator": 1,
            },
        ],
        "variant": "mlp",
        "selection": "top",
    }
    assert cache_key("ranking", written) == "d78c636a5fb7a5521a3378faa84233ad"
    one = DiagnosticSet("spatial_reasoning", "basic", "cloze", 1000, 0)
    made = ranking_key_inputs(MODEL, ImportanceSpec(reduction="abs-sum"), [one], TOP)
    generator = made["items"][0]["generator"]
    written["items"] = [{**written["items"][0], "generator": generator}]  # type: ignore[index]
    assert cache_key("ranking", made) == cache_key("ranking", written)


def test_the_golden_key_of_outcomes() -> None:
    written = {
        "model": PLAIN_MODEL,
        "ablated": "spatial_reasoning · mlp · top · k 0.01",
        "mask": {"ranking": "1e" * 16, "n": 1234},
        "benchmark": "temporal_reasoning",
        "benchmark_version": 1,
        "n": 500,
        "level": "basic",
        "style": "cloze",
        "batch_size": "auto",
    }
    assert cache_key("outcomes", written) == "72f3dbfbb97a0b31524f020fd43759bc"


def test_the_golden_key_of_divergences() -> None:
    written = {
        "base_outcomes": "2d" * 16,
        "ablated_outcomes": "3c" * 16,
        "ablated": "spatial_reasoning · mlp · top · k 0.01",
        "benchmark": "gsm8k",
        "n": 1319,
    }
    assert cache_key("divergences", written) == "a767508917b3241f3e282e74afcfd428"
    assert divergences_of(1319) == (cache_key("divergences", written), written)


def test_the_golden_key_of_generation_quality(tmp_path: Path) -> None:
    mask = {"random": 7, "variant": "mlp", "n": 1234}
    written = {"model": PLAIN_MODEL, "level": "basic", "ablated": str(TOP), "mask": mask}
    assert cache_key("generation_quality", written) == "423f2ffcacba329f68c524f258d1c7a7"
    experiment = with_identity(new_runner(tmp_path), **PLAIN_MODEL)
    key, made = experiment.generation_quality_request(None)
    assert key == cache_key("generation_quality", written | {"ablated": "base", "mask": None})
    assert set(made) == set(written)


def test_the_golden_key_of_items() -> None:
    written = {"benchmark": "gsm8k", "benchmark_version": 1, "n": 1319, "documents": "4b" * 32}
    assert cache_key("items", written) == "b515ba1ceefc135ccb319e6c0335821e"


# What is changed, one thing at a time, in the experiment that everything is asked of.


def new_runner(
    root: Path,
    spec: ModelSpec | None = None,
    importance: ImportanceSpec | None = None,
    **options: Any,
) -> Runner:
    return Runner(spec or ModelSpec(), Store(root), importance or ImportanceSpec(n_items=20), **options)


def with_identity(experiment: Experiment, **changed: str) -> Experiment:
    experiment.identity = replace(experiment.identity, **changed)  # type: ignore[arg-type]
    return experiment


OTHER_MODELS: list[dict[str, str]] = [
    {"fingerprint": "ab" * 16},
    {"quantization": "nf4"},
    {"dtype": "bfloat16"},
    {"device": "cuda"},
]


def keys_of(experiment: Experiment, mask: MaskSpec = TOP, n: int = N) -> dict[str, str]:
    """The key of each kind of entry that one mask on one benchmark has."""
    base, ablated = (experiment.request(one, SPATIAL, n) for one in (None, mask))
    return {
        "ranking": experiment.ranking_key(mask),
        "base outcomes": base.key,
        "outcomes": ablated.key,
        "divergences": divergences_request(base, ablated)[0],
        "base generation quality": experiment.generation_quality_request(None)[0],
        "generation_quality": experiment.generation_quality_request(mask)[0],
    }


def changed_kinds(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {kind for kind in before if before[kind] != after[kind]}


EVERY = {
    "ranking",
    "base outcomes",
    "outcomes",
    "divergences",
    "base generation quality",
    "generation_quality",
}
OF_MASK = EVERY - {"base outcomes", "base generation quality"}


@pytest.mark.parametrize("changed", OTHER_MODELS, ids=lambda changed: next(iter(changed)))
def test_another_model_has_other_keys_of_all_kinds(changed: dict[str, str], tmp_path: Path) -> None:
    other = with_identity(new_runner(tmp_path), **changed)
    assert changed_kinds(keys_of(new_runner(tmp_path)), keys_of(other)) == EVERY


def of_a_real_model(root: Path, spec: ModelSpec) -> Runner:
    """An experiment whose keys can be made without the files of its model."""
    runner = new_runner(root, spec)
    runner.identity, runner.info = MODEL, new_runner(root).info  # type: ignore[misc]
    return runner


@pytest.mark.parametrize("changed", [{"prompt": "text"}, {"level_asked": "plain"}], ids=str)
def test_form_and_level_are_in_the_key_of_what_is_made_of_items(
    changed: dict[str, Any], tmp_path: Path
) -> None:
    before, after = (keys_of(of_a_real_model(tmp_path, spec)) for spec in (REAL, replace(REAL, **changed)))
    found = changed_kinds(before, after)
    assert found == (EVERY if "level_asked" in changed else EVERY - {"base generation quality"})
    own = {"spatial_reasoning": (ITEM,)}
    rankings = []
    for spec in (REAL, replace(REAL, **changed)):
        runner = of_a_real_model(tmp_path, spec)
        runner.custom_items = own
        rankings.append(runner.ranking_key(TOP))
    assert (rankings[0] != rankings[1]) == ("prompt" in changed)  # a level's items are not in it


@pytest.mark.parametrize("asked", [{"prompt": "auto"}, {"level_asked": "auto"}], ids=str)
def test_an_unsettled_model_has_no_keys_of_what_is_made_of_items(
    asked: dict[str, Any], tmp_path: Path
) -> None:
    runner = of_a_real_model(tmp_path, replace(REAL, **asked))
    with pytest.raises(Unsettled):
        runner.ranking_key(TOP)
    with pytest.raises(Unsettled):
        runner.request(None, SPATIAL, N)
    with pytest.raises(Unsettled):
        runner.items_request(SPATIAL, N)


def test_the_other_form_is_a_benchmark_of_its_own(tmp_path: Path) -> None:
    runner = of_a_real_model(tmp_path, REAL)
    (as_text,) = find_benchmarks(["spatial_reasoning@text"])
    assert as_text.key_inputs(REAL, N)["style"] == "text"
    base, other = (runner.request(None, one, N).key for one in (SPATIAL, as_text))
    assert base != other
    as_other = of_a_real_model(tmp_path, replace(REAL, prompt="text"))
    assert as_other.request(None, as_text, N).key == other  # whatever form the model's own is


@pytest.mark.parametrize(
    "changed",
    [
        ImportanceSpec(21),
        ImportanceSpec(20, loss="full"),
        ImportanceSpec(20, reduction="abs-sum"),
        ImportanceSpec(20, seed=1),
    ],
    ids=["n_items", "loss", "reduction", "seed"],
)
def test_another_way_of_scoring_changes_all_that_is_ablated(changed: ImportanceSpec, tmp_path: Path) -> None:
    other = new_runner(tmp_path, importance=changed)
    assert changed_kinds(keys_of(new_runner(tmp_path)), keys_of(other)) == OF_MASK


def test_custom_items_change_all_that_is_ablated(tmp_path: Path) -> None:
    before = keys_of(new_runner(tmp_path))
    own = new_runner(tmp_path, custom_items={"spatial_reasoning": (ITEM,)})
    assert changed_kinds(before, keys_of(own)) == OF_MASK
    text = new_runner(tmp_path, custom_items={"spatial_reasoning": (replace(ITEM, context="a tin"),)})
    assert changed_kinds(keys_of(own), keys_of(text)) == OF_MASK


@pytest.mark.parametrize(
    "changed",
    [
        {"ability": "temporal_reasoning"},
        {"variant": "all"},
        {"selection": "bottom"},
        {"selection": "max_minus_shared"},
        {"scope": "units"},
    ],
    ids=str,
)
def test_another_mask_has_other_keys(changed: dict[str, Any], tmp_path: Path) -> None:
    experiment = new_runner(tmp_path)
    assert changed_kinds(keys_of(experiment), keys_of(experiment, replace(TOP, **changed))) == OF_MASK


def test_k_and_seed_count_where_they_make_another_mask(tmp_path: Path) -> None:
    experiment = new_runner(tmp_path)
    before = keys_of(experiment)
    # The ranking serves every k, and needs no seed.
    assert changed_kinds(before, keys_of(experiment, replace(TOP, k=0.02))) == OF_MASK - {"ranking"}
    assert changed_kinds(before, keys_of(experiment, replace(TOP, seed=1))) == set()
    drawn = replace(TOP, selection="random")
    found = changed_kinds(keys_of(experiment, drawn), keys_of(experiment, replace(drawn, seed=1)))
    assert found == {"outcomes", "divergences", "generation_quality"}


def test_benchmark_items_and_batches_change_what_is_evaluated(tmp_path: Path) -> None:
    experiment = new_runner(tmp_path)
    of_runs = {"base outcomes", "outcomes", "divergences"}
    before = keys_of(experiment)
    assert changed_kinds(before, keys_of(experiment, n=N + 1)) == of_runs
    assert changed_kinds(before, keys_of(new_runner(tmp_path, batch_size=2))) == of_runs
    others = [
        TEMPORAL,
        replace(SPATIAL, version=SPATIAL.version + 1),
    ]
    keys = [experiment.request(None, one, N).key for one in (SPATIAL, *others)]
    assert len(set(keys)) == len(keys)


def test_what_decides_a_table_of_items_is_in_its_key(tmp_path: Path) -> None:
    def key(experiment: Experiment, benchmark: Any = SPATIAL, n: int = N) -> str:
        return cache_key("items", benchmark.key_inputs(experiment.spec, n))

    experiment = new_runner(tmp_path)
    lettered = new_runner(tmp_path, REAL)
    others = [
        key(experiment, n=N + 1),
        key(experiment, TEMPORAL),
        key(experiment, replace(SPATIAL, version=9)),
        key(lettered),
        key(new_runner(tmp_path, replace(REAL, prompt="text"))),
        key(new_runner(tmp_path, replace(REAL, level_asked="plain"))),
    ]
    assert len({key(experiment), *others}) == 1 + len(others)
    assert key(new_runner(tmp_path, ModelSpec(quantization="nf4"))) == key(experiment)


def test_nothing_else_changes_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = keys_of(new_runner(tmp_path / "a"))
    monkeypatch.chdir(tmp_path)
    threads = torch.get_num_threads()
    torch.set_num_threads(threads + 1)
    try:
        other = new_runner(
            Path("another"),
            emit=lambda event: None,
            cancelled=lambda: True,
        )
        assert keys_of(other) == before
    finally:
        torch.set_num_threads(threads)


def turned(value: Any) -> Any:
    """The same with the names of every mapping in the opposite order."""
    if isinstance(value, dict):
        return {name: turned(part) for name, part in reversed(value.items())}
    return [turned(part) for part in value] if isinstance(value, list) else value


KEY_KINDS: dict[str, KeyKind] = {
    "rankings": "ranking",
    "outcomes": "outcomes",
    "divergences": "divergences",
    "generation_quality": "generation_quality",
    "items": "items",
}


def divergences_of(n: int) -> tuple[str, dict[str, Any]]:
    """The divergences of made-up runs of a benchmark with written answers."""
    gsm8k = replace(SPATIAL, id="gsm8k")
    base, ablated = (
        OutcomesRequest(mask, gsm8k, n, key * 16, {}) for mask, key in ((None, "2d"), (TOP, "3c"))
    )
    return divergences_request(base, ablated)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with entries of all kinds, from a real run, but for the divergences."""
    root = tmp_path_factory.mktemp("cache")
    experiment = new_runner(root)
    list(compute_runs(experiment, {TOP: [experiment.request(TOP, SPATIAL, N)]}))
    ensure_items(experiment, SPATIAL, N)
    empty: dict[str, list[Any]] = {name: [] for name in experiment.store.divergences.schema}
    experiment.store.divergences.save(*divergences_of(N), empty)
    return root


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind.name in KEY_KINDS], ids=lambda kind: kind.name
)
def test_an_entry_shows_all_that_its_key_is_made_of(
    kind: Any, filled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = KEY_KINDS[kind.name]
    keys = EntryFolder(filled, kind).stored_keys()
    assert keys
    for stored in keys:
        manifest: Manifest = manifest_of(filled, stored)[1]
        assert key_of(name, VERSIONS[name], manifest.key_inputs) == stored
        assert cache_key(name, turned(manifest.key_inputs)) == stored
        assert run(["cache", "info", stored, "--cache-dir", str(filled), "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["key_inputs"] == manifest.key_inputs
        assert run(["cache", "info", stored, "--cache-dir", str(filled)]) == 0
        shown = capsys.readouterr().out
        assert all(f"\n  {key_input} " in shown for key_input in manifest.key_inputs)
