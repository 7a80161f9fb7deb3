"""A profile of written and chosen answers by the embedded model: its sums are those of the single items."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from cache.folder import Store
from core.abilities import generate_items
from core.abilities.prompts import render_generation
from core.analysis.diagnosis import frequent_failures, main_tag, shares
from core.analysis.failures import (
    CHOICES_SCHEMA,
    SHARES_SCHEMA,
    TAGS_SCHEMA,
    ItemFailure,
    failures,
    item_failure,
)
from core.analysis.profile import FILES, Profile, write_profile
from core.analysis.rounds import run_profile
from core.analysis.samples import Samples
from core.benchmarks.registry import find_benchmarks
from core.models.spec import ModelSpec
from core.run.plan import Plan
from core.run.runner import Runner
from core.run.specs import ImportanceSpec, MaskSpec
from tests.told import write_told
from tui.failure_words import share_text
from tui.profile_tables import write_failures

ABILITY, N = "quantitative_reasoning", 24
MASK_COLUMNS = ("ability", "variant", "selection", "k")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Runner, Profile]:
    root = tmp_path_factory.mktemp("failures")
    prompts = [render_generation(item, "cloze") for item in generate_items(ABILITY, "basic", "heldout", N)]
    rows = [{"prompt": one.context, "answer": one.answer} for one in prompts]
    told = write_told(root, rows)
    plan = Plan(
        abilities=(ABILITY,),
        variants=("mlp", "all"),
        selections=("top", "random"),
        ks=(0.03,),
        benchmarks=find_benchmarks([told, ABILITY, "spatial_reasoning"]),
        limit=N,
    )
    runner = Runner(ModelSpec(), Store(root / "cache"), ImportanceSpec(n_items=60))
    profile = run_profile(plan, runner)
    assert profile is not None
    return runner, profile


def single(runner: Runner, profile: Profile, mask: MaskSpec) -> list[ItemFailure]:
    samples = Samples.open(runner, profile.plan.benchmarks[0], N, mask)
    assert samples is not None
    found = [item_failure(samples, samples.sample(place)) for place in range(N)]
    return [one for one in found if one is not None]


def test_the_ways_of_each_mask_are_those_of_its_items(finished: tuple[Runner, Profile]) -> None:
    runner, profile = finished
    rows = profile.failures.shares
    for sums in profile.failures.sums:
        items = single(runner, profile, sums.mask)
        assert len(items) == N
        assert sums.names == Counter(main_tag(one.tags) for one in items)
        of_mask = rows.filter(variant=sums.mask.variant, selection=sums.mask.selection)
        assert of_mask["count"].sum() == N
        assert of_mask["n"].unique().to_list() == [N]
        assert dict(of_mask["tag", "count"].rows()) == sums.names
        assert of_mask["count"][0] == max(sums.names.values())


def test_an_ablation_does_more_than_the_random_control(finished: tuple[Runner, Profile]) -> None:
    _, profile = finished
    whole = {(one.mask.variant, one.mask.selection): one.names[None] for one in profile.failures.sums}
    assert whole["all", "top"] < N / 4
    assert whole["all", "random"] > N / 2


def test_every_tag_has_a_row_and_one_of_an_item_counts(finished: tuple[Runner, Profile]) -> None:
    runner, profile = finished
    for sums in profile.failures.sums:
        tags = profile.failures.tags.filter(variant=sums.mask.variant, selection=sums.mask.selection)
        items = single(runner, profile, sums.mask)
        assert tags["tag"].to_list() == [tag.name for one in items for tag in one.tags]
        assert tags["evidence"].to_list() == [tag.evidence for one in items for tag in one.tags]
        mains = [main for one in items if (main := main_tag(one.tags))]
        assert tags.filter("is_main")["tag"].to_list() == mains


def test_margins_are_those_of_the_items(finished: tuple[Runner, Profile]) -> None:
    runner, profile = finished
    assert len(profile.failures.choices) == 2 * len(profile.failures.sums)
    for row in profile.failures.choices.to_dicts():
        (benchmark,) = (one for one in profile.plan.benchmarks if one.id == row["benchmark"])
        mask = MaskSpec(row["ability"], row["variant"], row["selection"], row["k"])
        samples = Samples.open(runner, benchmark, N, mask)
        assert samples is not None
        found = (item_failure(samples, samples.sample(place)) for place in range(N))
        choices = [one.choice for one in found if one]
        assert row["n"] == len(choices) == N
        assert row["base_margin"] == pytest.approx(sum(one.base_margin for one in choices if one) / N)
        assert row["margin"] == pytest.approx(sum(one.margin for one in choices if one) / N)
        assert row["broken"] == samples.counts["broken"]
        assert failures(samples) is not None


def test_a_second_run_says_the_same(finished: tuple[Runner, Profile]) -> None:
    runner, profile = finished
    again = run_profile(profile.plan, Runner(runner.spec, runner.store, runner.importance))
    assert again is not None
    assert again.failures.shares.equals(profile.failures.shares)
    assert again.failures.tags.equals(profile.failures.tags)
    assert again.failures.sums == profile.failures.sums


def test_all_of_it_is_in_the_folder(finished: tuple[Runner, Profile], tmp_path: Path) -> None:
    runner, profile = finished
    write_profile(profile, runner, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(FILES)
    for name, schema in (("failures", SHARES_SCHEMA), ("tags", TAGS_SCHEMA), ("choices", CHOICES_SCHEMA)):
        assert pl.read_parquet_schema(tmp_path / f"{name}.parquet") == dict(schema)
    said = json.loads((tmp_path / "profile.json").read_text())["failures"]
    assert said["written"] == profile.failures.shares.to_dicts()
    assert (said["written_benchmarks"], said["choice_benchmarks"]) == (
        ["told"],
        [ABILITY, "spatial_reasoning"],
    )
    assert [row["n"] for row in said["choices"]] == [2 * N] * 4


def test_the_table_has_the_frequent_failures_and_the_control_apart(
    finished: tuple[Runner, Profile], capsys: pytest.CaptureFixture[str]
) -> None:
    _, profile = finished
    write_failures(profile)
    out = capsys.readouterr().out.splitlines()
    assert out[0] == f"How written answers fail · top · k 0.03 · told · n {N}"
    assert out[1].split() == ["ablated", "MLP-only", "all", "layers"]
    (whole,) = (
        one for one in profile.failures.sums if (one.mask.variant, one.mask.selection) == ("all", "top")
    )
    most = frequent_failures(shares(whole.names, whole.base_names))[0]
    assert share_text(most) in out[2]
    assert out[3].startswith("(random)")
    named = f"{ABILITY}, spatial_reasoning"
    assert out[4:6] == ["", f"Margin of the right option in nats · top · k 0.03 · {named} · n {2 * N}"]
    assert len(out) == 9


def test_a_profile_of_the_intact_model_has_no_failures(finished: tuple[Runner, Profile]) -> None:
    runner, profile = finished
    plan = Plan((ABILITY,), ("base",), ("top",), (0.03,), profile.plan.benchmarks, N)
    found = run_profile(plan, runner)
    assert found is not None
    assert found.failures.sums == ()
    assert (len(found.failures.shares), len(found.failures.tags), len(found.failures.choices)) == (0, 0, 0)
