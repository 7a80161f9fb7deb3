"""The commands that use a model, on the embedded one."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from tests.core.tiny_models import byte_tokenizer, save_model
from tests.tui.calling import called, document

SMALL = ("--n-items", "40", "--limit", "30")


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ABILITYSCOPE_CACHE", str(tmp_path_factory.getbasetemp() / "commands-cache"))


PROFILE = (
    "profile", "--abilities", "analogical_reasoning", "--variants", "mlp", "--k", "0.03",
    "--selections", "top,random", "--benchmarks", "analogical_reasoning,temporal_reasoning", *SMALL,
)  # fmt: skip


def test_profile_writes_tables_and_files(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, err = called(capsys, *PROFILE, "--out", str(tmp_path / "out"))
    assert code == 0, err
    assert "AIS_p · mlp · top · k 0.03" in out
    assert "(random)" in out
    assert "Margin of the right option in nats · top · k 0.03" in out
    assert "6 runs" in err
    cells = pl.read_parquet(tmp_path / "out" / "cells.parquet")
    assert len(cells) == 4
    settings = json.loads((tmp_path / "out" / "profile.json").read_text())
    assert settings["k"] == [0.03]


def test_profile_as_json_is_one_document(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    found = document(capsys, *PROFILE, "--out", str(tmp_path / "out"))
    assert {cell["selection"] for cell in found["cells"]} == {"top", "random"}
    assert len(found["summaries"]) == 2
    assert [row["selection"] for row in found["failures"]["choices"]] == ["top", "random"]
    assert found["failures"]["written"] == []


def test_bench_of_the_intact_model(capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, "bench", "--benchmark", "temporal_reasoning", "--limit", "30")
    assert found["n"] == len(found["outcomes"]) == 30
    right = sum(outcome["gold"] == outcome["prediction"] for outcome in found["outcomes"])
    assert found["score"] == found["metrics"]["acc"] == right / 30
    assert found["effect"] is None


def test_bench_under_a_mask_gives_the_effect(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("bench", "--benchmark", "analogical_reasoning", "--ability", "analogical_reasoning", *SMALL)
    found = document(capsys, *words)
    effect = found["effect"]
    assert effect["ais"] == pytest.approx(
        (effect["base_score"] - found["score"]) / (effect["base_score"] - 0.25)
    )
    code, out, _ = called(capsys, *words)
    assert code == 0
    assert "AIS" in out


def test_importance_says_where_the_weights_lie(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("importance", "--ability", "spatial_reasoning", "--k", "0.01", "--n-items", "40")
    found = document(capsys, *words)
    assert sum(row["selected"] for row in found["by_matrix"]) == found["weights"]
    assert 0 < found["split_half_overlap"] < 1
    code, out, _ = called(capsys, *words)
    assert code == 0
    assert "Split-half overlap of the 40 items: " in out


def test_importance_of_ones_custom_items(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    row = {
        "context": "the topic is gold .",
        "question": "the symbol is",
        "options": ["Au", "Ag"],
        "answer": "Au",
    }
    rows = [dict(row, context=f"the topic is {x} .") for x in ("gold", "tin", "lead")]
    path = tmp_path / "own.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    words = ("importance", "--ability", "long_term_knowledge", "--k", "0.01", "--items", str(path))
    found = document(capsys, *words)
    assert found["items"] == 3
    path.write_text('{"question": "?"}\n')
    code, out, err = called(capsys, *words)
    assert (code, out) == (1, "")
    assert "own.jsonl" in err
    assert "line 1" in err


def test_generate_shows_base_and_ablated(capsys: pytest.CaptureFixture[str]) -> None:
    prompt = "see : seed bell seed rock seed . count of seed think :"
    words = ("generate", "--ability", "quantitative_reasoning", "--n-items", "40", prompt)
    found = document(capsys, *words)
    assert [answer["mask"] and answer["mask"]["variant"] for answer in found["answers"]] == [
        None,
        "mlp",
        "all",
    ]
    base, *ablated = found["answers"]
    assert base["tags"] == []
    assert base["divergence"] is None
    for answer in ablated:
        assert (answer["text"] == base["text"]) == (answer["tags"][0]["name"] == "same")
        assert (answer["divergence"] is None) == (answer["text"] == base["text"])
    divergence = next(answer["divergence"] for answer in ablated if answer["divergence"])
    kept, lost = divergence["base_probabilities"]
    assert kept > lost  # greedy: the base model prefers its own token
    code, out, err = called(capsys, *words, "--variants", "mlp,all,base")
    assert f"  {divergence['sentence']}\n" in out
    assert out.index("all · ") < out.index("base\n"), "in the order that was asked for"
    code, out, err = called(capsys, *words, "--variants", "mlp")
    assert (code, out.count("Parts at token")) == (0, 0)
    code, out, err = called(capsys, "generate", "Anna zorps")
    assert code == 0
    assert out.startswith("base\n")
    assert "zorps" in err


def test_generate_is_plain_unless_it_is_to_chat(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    tokenizer = byte_tokenizer()
    tokenizer.chat_template = "{% for m in messages %}[{{ m.role }}] {{ m.content }}{% endfor %} [reply]"
    save_model(tmp_path, tokenizer=tokenizer)
    words = ("generate", "the cat", "--max-new-tokens", "2", "--model", str(tmp_path))
    found = document(capsys, *words)
    assert (found["prompt"], found["chat"]) == ("the cat", False)
    found = document(capsys, *words, "--chat")
    assert (found["prompt"], found["chat"]) == ("[user] the cat [reply]", True)
    assert "Prompt: plain, as in benchmarks; --chat puts it into" in called(capsys, *words)[2]
    assert "Prompt: in the model's chat template." in called(capsys, *words, "--chat")[2]
    code, _, err = called(capsys, "generate", "the cat", "--chat")
    assert (code, "has no chat template: leave --chat out" in err) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("bench", "--benchmark", "spacial_reasoning"), 2, "Did you mean spatial_reasoning"),
        (("profile", "--abilities", "logic"), 2, "Unknown ability 'logic'"),
        (("profile", "--k", "0"), 2, "choose it above 0"),
        (("profile", "--k", "one"), 2, "'one' in --k is not a number"),
        (("profile", "--variants", "mpl"), 2, "Did you mean mlp"),
        (("profile", "--selections", "best"), 2, "Unknown selection 'best'"),
        (("importance", "--ability", "spatial_reasoning", "--variant", "base"), 2, "has no candidates"),
        (
            ("importance", "--ability", "spatial_reasoning", "--k", "0.999"),
            1,
            "candidates: choose a smaller k",
        ),
        (("bench", "--benchmark", "spatial_reasoning", "--model", "no/where/model"), 1, "no/where/model"),
        (("generate", " "), 2, "The prompt is empty"),
    ],
)
def test_bad_words_get_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    found, out, err = called(capsys, *arguments)
    assert found == code
    assert out == ""
    assert sentence in err
    assert "Traceback" not in err
