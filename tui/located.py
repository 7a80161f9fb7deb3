"""Models by where their files are, so that an engine finds them, which runs in another folder."""

from __future__ import annotations

from dataclasses import replace

from core.models.spec import SMOLLM2, ModelSpec


def located(spec: ModelSpec) -> ModelSpec:
    """The model, local files by their absolute paths.

    A hub id is not looked up: the engine does that, and shows its progress.

    Raises:
        ModelFilesError: the model is neither on this computer nor a hub id.
    """
    from core.models.files import is_hub_id, model_folder, tokenizer_path

    if spec.tokenizer and not is_hub_id(spec.tokenizer):
        spec = replace(spec, tokenizer=str(tokenizer_path(spec)))
    if is_hub_id(spec.name):
        return spec
    folder = model_folder(spec)
    is_by_name = spec.is_embedded or spec.name == SMOLLM2
    return spec if is_by_name else replace(spec, name=str(folder), gguf=None)
