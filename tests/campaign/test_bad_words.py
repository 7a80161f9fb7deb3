"""Arguments that make no sense: one sentence each, and nothing is started."""

from __future__ import annotations

import pytest

from tests.campaign.refusing import refusal

SPATIAL = ("--benchmark", "spatial_reasoning")
OF_SPATIAL = ("--ability", "spatial_reasoning")

USAGE: dict[str, tuple[tuple[str, ...], str]] = {
    "no such command": (("profil",), "profile"),
    "no such option": (("bench", *SPATIAL, "--limt", "3"), "--limit"),
    "an option without its value": (("bench", "--benchmark"), "--benchmark"),
    "nothing that is needed": (("bench",), "--benchmark"),
    "a word too many": (("bench", *SPATIAL, "and"), "and"),
    "a benchmark misspelt": (
        ("bench", "--benchmark", "spacial_reasoning"),
        "Did you mean spatial_reasoning?",
    ),
    "a custom benchmark without its file": (("bench", "--benchmark", "no.yaml"), "cannot be read"),
    "a compound of one ability": (
        ("bench", "--benchmark", "spatial_reasoning+spatial_reasoning"),
        "two different abilities",
    ),
    "no benchmark": (("profile", "--benchmarks", ","), "No benchmark is named"),
    "programs without permission": (("bench", "--benchmark", "humaneval"), "--allow-code-execution"),
    "an ability misspelt": (
        ("profile", "--abilities", "spatial_resoning"),
        "Did you mean spatial_reasoning?",
    ),
    "no ability": (("profile", "--abilities", ","), "No ability is named"),
    "an ability that is empty": (("bench", *SPATIAL, "--ability", ""), "Unknown ability ''"),
    "an ability with an escape": (("data", "--ability", "\x1b[2J"), "Unknown ability"),
    "an endless ability": (("data", "--ability", "x" * 100_000), "Unknown ability"),
    "a variant misspelt": (("profile", "--variants", "mpl"), "Did you mean mlp?"),
    "no variant": (("profile", "--variants", ""), "No variant is named"),
    "no variant to generate with": (("generate", "x", *OF_SPATIAL, "--variants", ","), "No variant is named"),
    "a variant that ablates nothing": (("overlap", "--variant", "base"), "base"),
    "a selection misspelt": (("profile", "--selections", "tpo"), "Did you mean top?"),
    "no selection": (("profile", "--selections", " , "), "No selection is named"),
    "an unknown scope": (("profile", "--scope", "layer"), "layer"),
    "k of 0": (("profile", "--k", "0"), "choose it above 0 and up to 1"),
    "k below 0": (("bench", *SPATIAL, *OF_SPATIAL, "--k", "-0.1"), "choose it above 0 and up to 1"),
    "k above 1": (("overlap", "--k", "1.5"), "choose it above 0 and up to 1"),
    "k that is no number": (("profile", "--k", "0.01,nan"), "choose it above 0 and up to 1"),
    "an infinite k": (("profile", "--k", "inf"), "choose it above 0 and up to 1"),
    "k of words": (("importance", *OF_SPATIAL, "--k", "much"), "'much' in --k is not a number"),
    "k with a gap": (("profile", "--k", "0.01,,0.03"), "'' in --k is not a number"),
    "k auto with controls": (("profile", "--k", "auto", "--selections", "random"), "k auto"),
    "no items": (("bench", *SPATIAL, "--limit", "0"), "--limit"),
    "less than no items": (("profile", "--limit", "-5"), "--limit"),
    "items in words": (("profile", "--limit", "all"), "--limit"),
    "one item to score with": (("importance", *OF_SPATIAL, "--n-items", "1"), "--n-items"),
    "a seed that is no number": (("profile", "--seed", "0x1"), "--seed"),
    "a seed below 0": (("profile", "--seed", "-1"), "--seed"),
    "no random masks": (("profile", "--random-seeds", "0"), "--random-seeds"),
    "examples below 0": (("bench", *SPATIAL, "--few-shot", "-1"), "--few-shot"),
    "an unknown device": (("doctor", "--device", "gpu"), "Unknown device 'gpu'"),
    "a device with a space": (("doctor", "--device", "cuda: 0"), "Unknown device"),
    "an unknown dtype": (("doctor", "--dtype", "int8"), "int8"),
    "an unknown quantization": (("doctor", "--quantization", "int4"), "int4"),
    "an empty batch": (("bench", *SPATIAL, "--batch-size", "0"), "The batch size is '0'"),
    "a batch in words": (("bench", *SPATIAL, "--batch-size", "big"), "The batch size is 'big'"),
    "an empty prompt": (("generate", " \n"), "The prompt is empty"),
    "a temperature below 0": (("generate", "x", "--temperature", "-1"), "--temperature"),
    "a temperature that is no number": (("generate", "x", "--temperature", "nan"), "--temperature"),
    "no tokens": (("generate", "x", "--max-new-tokens", "0"), "--max-new-tokens"),
    "no diagnostic items": (("data", *OF_SPATIAL, "--n", "0"), "--n"),
    "an unknown split": (("data", *OF_SPATIAL, "--split", "test"), "test"),
    "a size in words": (("cache", "prune", "--max-size", "much"), "much"),
    "a size below 0": (("cache", "prune", "--max-size", "-1GB"), "-1GB"),
    "an infinite size": (("cache", "prune", "--max-size", "1e999GB"), "1e999GB"),
    "rows in an unknown home folder": (
        ("bench", *SPATIAL, "--data-dir", "~nobody-of-this-name/x"),
        "begins with a home folder that is not there",
    ),
    "a missing folder of rows": (
        ("bench", *SPATIAL, "--data-dir", "no/where"),
        "There is no folder",
    ),
}

FAILURES: dict[str, tuple[tuple[str, ...], str]] = {
    "more weights than there are": (
        ("bench", *SPATIAL, *OF_SPATIAL, "--k", "0.9", "--selection", "random"),
        "choose a smaller k",
    ),
    "more weights than there are, to generate with": (
        ("generate", "x", *OF_SPATIAL, "--k", "0.9"),
        "choose a smaller k",
    ),
    "less than a neuron": (
        ("bench", *SPATIAL, *OF_SPATIAL, "--scope", "units", "--k", "0.0001"),
        "choose k from 0.00024 on",
    ),
    "a model misspelt": (("bench", *SPATIAL, "--model", "dmeo"), "Did you mean demo?"),
    "a missing model folder": (
        ("bench", *SPATIAL, "--model", "./no/where"),
        "Unknown model './no/where'",
    ),
    "a model that is empty": (("bench", *SPATIAL, "--model", ""), "Unknown model ''"),
    "an endless model": (("bench", *SPATIAL, "--model", "x" * 5_000), "Unknown model"),
    "a model with a zero in its name": (("bench", *SPATIAL, "--model", "a\0b"), "Unknown model"),
    "an unknown home folder": (
        ("bench", *SPATIAL, "--model", "~nobody-of-this-name/x"),
        "Unknown model",
    ),
    "a hub id without a network": (("bench", *SPATIAL, "--model", "no-owner/no-model"), "the hub"),
    "a revision of the embedded model": (("bench", *SPATIAL, "--revision", "v1"), "leave --revision out"),
    "a missing GPU": (("bench", *SPATIAL, "--device", "cuda:99"), "'cuda:99' is not here"),
    "no key at all": (("cache", "info", "../../etc/passwd"), "No entry of the cache"),
    "a key that is too short": (("cache", "rm", "ab"), "is too short"),
    "a key that is not stored": (("cache", "rm", "abcdef"), "No entry of the cache"),
    "an unknown job": (("stop", "none-1"), "none-1"),
    "an unknown engine": (("attach", "none"), "No engine is running"),
}


@pytest.mark.parametrize("case", USAGE)
def test_a_usage_error_is_one_sentence(capsys: pytest.CaptureFixture[str], ends: None, case: str) -> None:
    arguments, fragment = USAGE[case]
    code, said = refusal(capsys, *arguments)
    assert code == 2, said
    assert fragment in said


@pytest.mark.parametrize("case", FAILURES)
def test_what_is_missing_is_one_sentence(capsys: pytest.CaptureFixture[str], ends: None, case: str) -> None:
    arguments, fragment = FAILURES[case]
    _, said = refusal(capsys, *arguments)
    assert fragment in said
