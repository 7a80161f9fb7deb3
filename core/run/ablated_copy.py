"""A copy of the model with the weights of a mask at 0, as a checkpoint folder that runs elsewhere."""

from __future__ import annotations

import shutil
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from cache.files import temporary_beside
from core.abilities import find_ability
from core.run.specs import MaskSpec

if TYPE_CHECKING:
    from core.masks.mask import Mask
    from core.run.runner import Runner

FILE_MODE = 0o644

VARIANTS = {"mlp": "the MLP matrices", "all": "all matrices of the decoder layers"}


def check_copy(runner: Runner, folder: Path) -> None:
    """Checks, before anything is loaded or scored, that a copy can be written.

    Raises:
        ValueError: the model is quantized in memory, the folder exists, or the disk is too full.
    """
    if runner.identity.quantization != "none":
        raise ValueError(
            f"{runner.spec.name} is {runner.identity.quantization} in memory, and its 4-bit codes are no "
            "checkpoint: give --quantization none."
        )
    if folder.exists():
        raise ValueError(f"'{folder}' exists already: give a folder that does not.")
    parent = next(one for one in folder.absolute().parents if one.exists())
    free, needed = shutil.disk_usage(parent).free, runner.info.bytes
    if free < needed:
        raise ValueError(
            f"The copy takes {needed / 1e9:.1f} GB, and {parent} has {free / 1e9:.1f} GB free: give a folder "
            "on another disk."
        )


def write_copy(runner: Runner, spec: MaskSpec, mask: Mask, folder: Path) -> None:
    """Writes weights (safetensors, in the dtype in memory), config, tokenizer and a model card.

    The folder appears when it is whole. Weights outside the mask are those of the model to the bit.

    Args:
        runner: the model, as `check_copy` allows it.
        spec: the mask, for the card.
        mask: which weights.
        folder: does not exist yet.

    Raises:
        OSError: it cannot be written; nothing is left behind.
        ValueError: it exists by now.
        WeightsChangedError: the weights were not restored.
    """
    temporary = temporary_beside(folder)
    try:
        with runner.ablated(mask):
            runner.loaded.model.save_pretrained(temporary)
        runner.loaded.tokenizer.save_pretrained(temporary)
        (temporary / "README.md").write_text(model_card(runner, spec, len(mask)), encoding="utf-8")
        for file in temporary.iterdir():  # safetensors are written for the owner's eyes alone
            file.chmod(FILE_MODE)
        runner.verify_restored()
        if folder.exists():
            raise ValueError(f"'{folder}' was made meanwhile: give a folder that does not exist.")
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def model_card(runner: Runner, spec: MaskSpec, weights: int) -> str:
    """The card: what the model is, and everything that says how its mask was made."""
    ability, scoring = find_ability(spec.ability), runner.importance
    rows = {
        "model": runner.spec.name,
        "fingerprint of its weights": runner.identity.fingerprint,
        "ability": spec.ability,
        "weights at 0": f"{weights:,} of {VARIANTS[spec.variant]} (variant {spec.variant})",
        "k": f"{spec.k:g} of {runner.info.parameters:,} parameters",
        "selection": f"{spec.selection}, scope {spec.scope}, seed {spec.seed}",
        "importance": f"loss {scoring.loss}, reduction {scoring.reduction}, {scoring.n_items} items, seed "
        f"{scoring.seed}",
        "items": f"level {runner.spec.level}, prompt {runner.spec.style}",
        "dtype": runner.identity.dtype,
        "made by": f"abilityscope {version('abilityscope')}, transformers {version('transformers')}",
    }
    table = "\n".join(f"| {name} | {value} |" for name, value in rows.items())
    return (
        f"# {Path(runner.spec.name).name} without {ability.name.lower()}\n\n"
        f"A copy in which the weights that matter most for {ability.name.lower()} are exactly 0. All other "
        "weights are those of the original. It is made to be measured, not to be used: under the mask the "
        "model may repeat itself or write nothing that can be read. The licence is that of the original.\n\n"
        f"| | |\n| --- | --- |\n{table}\n"
    )
