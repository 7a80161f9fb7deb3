from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from core.models import files
from core.models.description import describe_folder, stored_matrices
from core.models.files import ModelFilesError, identity_files, model_folder, weight_files
from core.models.loading import load
from core.models.spec import ModelSpec, Unsettled
from core.models.weight_space import WeightSpace
from tests.core.tiny_models import ARCHITECTURES, save_model

MLP_KINDS = ("gate", "up", "gate_up", "down")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_model(tmp_path)
    return tmp_path


def spec_of(folder: Path, **changes: str) -> ModelSpec:
    return ModelSpec(str(folder), **{"device": "cpu", **changes})  # type: ignore[arg-type]


def edit_config(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_level_and_form_of_an_embedded_model_are_settled_and_its_own() -> None:
    demo = ModelSpec("demo")
    assert (demo.is_settled, demo.level, demo.style) == (True, "basic", "cloze")
    assert demo.settled("text", "standard") == demo
    with pytest.raises(ValueError, match="'demo' has a prompt form of its own: leave out --prompt"):
        ModelSpec("demo", prompt="text")
    with pytest.raises(ValueError, match="'phantom' only knows the words of basic items: leave out --level"):
        ModelSpec("phantom", level_asked="plain")


def test_a_real_model_is_settled_by_words_that_keep_what_was_asked_for() -> None:
    asked = ModelSpec("a/b", prompt="text")
    assert not asked.is_settled
    assert asked.style == "text"
    with pytest.raises(Unsettled, match="level of the items of 'a/b' is not settled: give --level"):
        _ = asked.level
    with pytest.raises(Unsettled, match="prompt form of 'a/b' is not settled: give --prompt"):
        _ = ModelSpec("a/b").style
    settled = asked.settled("letters", "plain")
    assert (settled.is_settled, settled.style, settled.level) == (True, "text", "plain")


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("tied", [False, True])
def test_description_from_headers_agrees_with_the_loaded_model(
    tmp_path: Path, architecture: str, tied: bool
) -> None:
    model = save_model(tmp_path, architecture, tie_word_embeddings=tied)
    info = describe_folder(tmp_path, "mine")
    assert info.parameters == model.num_parameters() == sum(p.numel() for p in model.parameters())
    assert info.bytes == 4 * info.parameters
    assert (info.name, info.architecture.lower(), info.dtype) == ("mine", architecture, "float32")
    assert (info.layers, info.hidden_size, info.vocabulary) == (2, 32, model.config.vocab_size)
    loaded = load(spec_of(tmp_path))
    assert loaded.info.parameters == info.parameters
    assert loaded.info.fingerprint == info.fingerprint
    assert loaded.info.device == "cpu"


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_shapes_from_the_headers_are_those_of_the_loaded_matrices(tmp_path: Path, architecture: str) -> None:
    space = WeightSpace(save_model(tmp_path, architecture))
    shapes = stored_matrices(tmp_path)
    assert shapes == space.matrices
    assert [shape.is_mlp for shape in shapes] == [matrix.kind in MLP_KINDS for matrix in space.matrices]


def test_a_stored_copy_of_a_tied_head_counts_once(tmp_path: Path) -> None:
    model = save_model(tmp_path, tie_word_embeddings=True)
    tensors = load_file(tmp_path / "model.safetensors")
    tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"].clone()
    tensors["model.layers.0.self_attn.rotary_emb.inv_freq"] = torch.ones(4)
    save_file(tensors, tmp_path / "model.safetensors", metadata={"format": "pt"})
    assert describe_folder(tmp_path, "mine").parameters == model.num_parameters()
    assert load(spec_of(tmp_path)).info.parameters == model.num_parameters()


def test_loaded_model_is_the_saved_one_and_frozen(folder: Path) -> None:
    loaded = load(spec_of(folder))
    saved = load_file(folder / "model.safetensors")
    assert all(torch.equal(saved[name], tensor) for name, tensor in loaded.model.state_dict().items())
    assert not loaded.model.training
    assert not any(parameter.requires_grad for parameter in loaded.model.parameters())
    assert loaded.tokenizer("the cat")["input_ids"][0] == loaded.tokenizer.bos_token_id


def test_dtype_is_the_checkpoints_unless_named(tmp_path: Path) -> None:
    model = save_model(tmp_path)
    model.to(torch.bfloat16).save_pretrained(tmp_path)
    loaded = load(spec_of(tmp_path))
    assert (loaded.info.dtype, loaded.info.bytes) == ("bfloat16", 2 * model.num_parameters())
    assert load(spec_of(tmp_path, dtype="float32")).model.dtype == torch.float32


def test_progress_is_told_and_nothing_else_is_printed(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    told: list[tuple[str, int, int]] = []
    load(spec_of(folder), lambda *progress: told.append(progress))
    assert told
    assert capfd.readouterr() == ("", "")


def test_shards_are_found_and_loaded(tmp_path: Path) -> None:
    model = save_model(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    model.save_pretrained(tmp_path, max_shard_size="20KB")
    shards = weight_files(tmp_path)
    assert len(shards) > 1
    assert set(shards) == set(tmp_path.glob("*.safetensors"))
    assert load(spec_of(tmp_path)).info.parameters == model.num_parameters()
    shards[1].unlink()
    with pytest.raises(ModelFilesError, match=shards[1].name):
        model_folder(spec_of(tmp_path))


def test_fingerprint_changes_with_weights_config_and_tokenizer(folder: Path) -> None:
    seen = {describe_folder(folder, "m").fingerprint}
    edit_config(folder, rms_norm_eps=1e-5)
    seen.add(describe_folder(folder, "m").fingerprint)
    tensors = load_file(folder / "model.safetensors")
    tensors["lm_head.weight"][0, 0] += 1
    save_file(tensors, folder / "model.safetensors")
    seen.add(describe_folder(folder, "m").fingerprint)
    path = folder / "tokenizer.json"
    path.write_text(path.read_text().replace('"cat"', '"cow"'))
    seen.add(describe_folder(folder, "m").fingerprint)
    assert len(seen) == 4
    (folder / "notes.txt").write_text("nothing to do with it")
    assert describe_folder(folder, "m").fingerprint in seen
    assert {path.name for path in identity_files(folder)} >= {"config.json", "tokenizer_config.json"}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("demoo", "Did you mean demo"),
        ("/nowhere/at/all", "existing folder"),
        ("word", "existing folder"),
        ("nobody/nothing-of-this-name", "hub cannot be reached"),
    ],
)
def test_a_model_that_is_not_there_is_one_sentence(
    name: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ModelFilesError, match=words) as caught:
        model_folder(ModelSpec(name))
    assert "\n" not in str(caught.value)


def test_a_model_in_the_hub_cache_is_used_without_a_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    commit = "0123456789abcdef0123456789abcdef01234567"
    repository = tmp_path / "models--owner--name"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(commit)
    snapshot = repository / "snapshots" / commit
    save_model(snapshot)
    assert model_folder(ModelSpec("owner/name")) == snapshot
    (snapshot / "model.safetensors").unlink()
    with pytest.raises(ModelFilesError, match="lacks its weights"):
        model_folder(ModelSpec("owner/name"))


def test_an_embedded_model_that_is_not_shipped_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "EMBEDDED_FOLDER", tmp_path)
    with pytest.raises(ModelFilesError, match="'phantom' does not come with this version"):
        model_folder(ModelSpec("phantom"))


def test_missing_files_are_named(folder: Path) -> None:
    (folder / "tokenizer.json").rename(folder / "elsewhere.json")
    with pytest.raises(ModelFilesError, match="no tokenizer"):
        model_folder(spec_of(folder))
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelFilesError, match=r"lacks its weights \(model\.safetensors\)"):
        model_folder(spec_of(folder))
    (folder / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(ModelFilesError, match="pickle"):
        model_folder(spec_of(folder))
    (folder / "config.json").unlink()
    with pytest.raises(ModelFilesError, match=r"no config\.json"):
        model_folder(spec_of(folder))


def test_a_cut_weight_file_is_told(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(ModelFilesError, match="not a whole safetensors file"):
        load(spec_of(folder))
    path.write_bytes(b"")
    with pytest.raises(ModelFilesError, match="not a whole safetensors file"):
        load(spec_of(folder))


def test_weights_that_transformers_would_invent_are_refused(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    tensors.pop("model.layers.1.mlp.up_proj.weight")
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelFilesError, match=r"model\.layers\.1\.mlp\.up_proj\.weight"):
        load(spec_of(folder))


def test_weights_of_another_shape_are_refused(folder: Path) -> None:
    edit_config(folder, intermediate_size=48)
    with pytest.raises(ModelFilesError, match=r"mlp\.\w+_proj\.weight"):
        load(spec_of(folder))


def test_unsupported_models_are_refused(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    tensors["lm_head.weight"] = tensors["lm_head.weight"].to(torch.uint8)
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(ModelFilesError, match=r"lm_head\.weight as U8"):
        describe_folder(folder, "m")
    tensors["lm_head.weight"] = tensors["lm_head.weight"].float()
    save_file(tensors, folder / "model.safetensors")
    edit_config(folder, model_type="gpt2")
    with pytest.raises(ModelFilesError, match="'gpt2'"):
        describe_folder(folder, "m")
    (folder / "config.json").write_text("{")
    with pytest.raises(ModelFilesError, match="cannot be read"):
        describe_folder(folder, "m")


def test_a_revision_of_a_folder_is_refused(folder: Path) -> None:
    with pytest.raises(ModelFilesError, match="has no revisions"):
        model_folder(spec_of(folder, revision="v1"))


def test_what_is_not_available_is_told(folder: Path) -> None:
    with pytest.raises(ValueError, match="Unknown device 'gpu'"):
        load(spec_of(folder, device="gpu"))
    with pytest.raises(ValueError, match="'cuda:99' is not here"):
        load(spec_of(folder, device="cuda:99"))


def test_loading_never_runs_code_of_the_folder(folder: Path) -> None:
    (folder / "evil.py").write_text("raise SystemExit('ran')")
    edit_config(folder, auto_map={"AutoModelForCausalLM": "evil.Model", "AutoConfig": "evil.Config"})
    assert type(load(spec_of(folder)).model) is type(AutoModelForCausalLM.from_pretrained(folder))
