from __future__ import annotations

import os
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from core.cluster.ray_options import RayOptions
from core.engine.protocol import EngineSpec
from core.engine.runtime import EngineRecord
from core.models.files import ModelFilesError, model_folder
from core.models.spec import ModelSpec
from tests.core.gguf_models import write_gguf
from tests.core.tiny_models import byte_tokenizer, save_model
from tui.command_line import run
from tui.commands.tui import chosen_engine
from tui.inspector.settings import Settings
from tui.opening import ScreenOptions, engine_spec, spare_slow_line
from tui.options import ModelFlags
from tui.ray_options import RayFlags

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings, state, cache and engines of this test alone."""
    monkeypatch.setenv("ABILITYSCOPE_SETTINGS", str(tmp_path / "settings.toml"))
    monkeypatch.setenv("ABILITYSCOPE_STATE", str(tmp_path / "state.json"))
    monkeypatch.setenv("ABILITYSCOPE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ABILITYSCOPE_RUNTIME", str(tmp_path / "engines"))


@pytest.mark.parametrize("command", ["tui", "attach", "settings"])
def test_every_command_explains_itself(command: str, capsys: Captured) -> None:
    assert run([command, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"Usage: abilityscope {command} ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["tui"], "The inspector needs a terminal: "),
        (["tui", "--model", "no/such/folder"], "Unknown model 'no/such/folder'."),
        (["attach"], "No engine is running: abilityscope tui starts one."),
    ],
)
def test_failures_are_one_sentence(arguments: list[str], said: str, capsys: Captured) -> None:
    assert run(arguments) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"abilityscope: {said}")


def test_the_settings_are_listed_as_a_file_that_could_be_theirs(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "settings.toml").write_text('ascii = true\n[keys]\n"engine.run" = "f5"\n')
    assert run(["settings"]) == 0
    out = capsys.readouterr().out
    assert str(tmp_path / "settings.toml") in out
    listed = tomllib.loads(out)
    assert (listed["ascii"], listed["mouse"]) == (True, True)
    assert listed["keys"]["engine.run"] == "f5"
    assert listed["keys"]["screen.help"] == "question_mark"


def test_wrong_settings_are_a_failure(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "settings.toml").write_text("ascii = 1")
    assert run(["settings"]) == 1
    assert "ascii is 1, but must be true or false" in capsys.readouterr().err


def test_the_command_line_comes_before_the_settings() -> None:
    kept = Settings(theme="nord", mouse=True, keys={"engine.run": "f5"})
    assert ScreenOptions().over(kept) == kept
    said = ScreenOptions(readonly=True, no_mouse=True, ascii_only=True, theme="abilityscope-light")
    assert said.over(kept) == Settings("abilityscope-light", True, False, True, {"engine.run": "f5"})


def test_a_folder_is_the_same_engine_from_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    demo = model_folder(ModelSpec())
    folder = tmp_path / "models" / "own"
    folder.parent.mkdir()
    folder.symlink_to(demo, target_is_directory=True)
    monkeypatch.chdir(folder.parent)
    near = engine_spec(ModelFlags(model=folder.name))
    monkeypatch.chdir(tmp_path)
    assert near == engine_spec(ModelFlags(model=str(folder)))
    assert near.model.name == str(demo)
    assert Path(near.cache) == tmp_path / "cache"
    with pytest.raises(ModelFilesError, match="Unknown model"):
        engine_spec(ModelFlags(model="elsewhere"))


def test_a_file_and_a_tokenizer_are_found_from_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizer = byte_tokenizer()
    model = save_model(tmp_path / "dense", tokenizer=tokenizer)
    path = write_gguf(tmp_path / "m.gguf", model, tokenizer)
    monkeypatch.chdir(tmp_path)
    near = engine_spec(ModelFlags(model="m.gguf", tokenizer="dense")).model
    assert (near.name, near.tokenizer) == (str(path), str(tmp_path / "dense"))
    folder = engine_spec(ModelFlags(model=str(tmp_path), gguf="m.gguf", tokenizer="owner/name")).model
    assert (folder.name, folder.gguf, folder.tokenizer) == (str(path), None, "owner/name")
    assert engine_spec(ModelFlags(model="smollm2")).model.name == "smollm2"


def test_options_without_a_command_are_those_of_the_inspector(capsys: Captured) -> None:
    for arguments in (["--model", "smolm2"], ["--debug", "--model=smolm2"]):
        assert run(arguments) == 1
        assert "Unknown model 'smolm2'. Did you mean smollm2?" in capsys.readouterr().err


def test_of_a_hub_id_nothing_is_looked_up() -> None:
    assert engine_spec(ModelFlags(model="nobody/no-such-model")).model.name == "nobody/no-such-model"


@pytest.mark.parametrize(
    ("environment", "fps"),
    [
        ({}, None),
        ({"SSH_CONNECTION": "1 2 3 4"}, "30"),
        ({"SSH_CONNECTION": "1 2 3 4", "TEXTUAL_FPS": "60"}, "60"),
    ],
)
def test_over_ssh_less_is_drawn_unless_one_says_otherwise(
    environment: dict[str, str], fps: str | None
) -> None:
    spare_slow_line(environment)
    assert environment.get("TEXTUAL_FPS") == fps
    assert ("TEXTUAL_ANIMATIONS" in environment) == (fps == "30")


def record(spec: EngineSpec) -> EngineRecord:
    return EngineRecord(spec.id, os.getpid(), spec, 0.0, "1")


def test_the_engine_that_is_meant_is_found() -> None:
    one, other = (record(EngineSpec(ModelSpec(), folder)) for folder in ("/a", "/b"))
    assert chosen_engine(None, [one]) is one
    assert chosen_engine(other.engine, [one, other]) is other
    assert chosen_engine(f"{other.engine}-3", [one, other]) is other
    with pytest.raises(ValueError, match=rf"Several .* name one of {one.engine} \(demo\), {other.engine}"):
        chosen_engine(None, [one, other])
    with pytest.raises(ValueError, match=rf"Unknown engine 'xyz'. Running: {one.engine} \(demo\)"):
        chosen_engine("xyz", [one])


def test_an_engine_with_ray_is_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.cluster.ray_options.find_spec", lambda name: object())
    plain = engine_spec(ModelFlags())
    spread = engine_spec(ModelFlags(), spreading=RayFlags("local", 2, 1))
    assert spread.ray == RayOptions("local", workers=2, cpus_per_worker=1)
    assert spread.id != plain.id
    assert replace(spread, ray=None) == plain
    monkeypatch.setattr("core.cluster.ray_options.find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"^Ray is not installed: install the extra 'ray'"):
        engine_spec(ModelFlags(), spreading=RayFlags("local"))
