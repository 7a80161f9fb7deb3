"""The lens, tab and prompt of each model, so that the inspector opens as it was left."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import platformdirs

from cache.files import write_atomically
from core.abilities.catalogue import ABILITIES
from core.masks.choices import Selection
from tui.inspector.lens import FEWEST_SCORED, UNTILS, Lens

if TYPE_CHECKING:
    from core.models.spec import ModelSpec

ENVIRONMENT_VARIABLE = "ABILITYSCOPE_STATE"
"""Names the file that keeps them."""

MOST_MODELS = 100
"""Most models to remember: the least recent are forgotten."""


class Remembered(msgspec.Struct, frozen=True):
    """How the inspector of one model was left."""

    lens: Lens
    tab: str = "run"
    """The tab's id; an older version may name one that is gone."""
    prompt: str = ""
    """The playground's prompt."""

    def fits(self, benchmarks: Collection[str]) -> bool:
        """Whether ability, benchmark (one of these ids) and numbers of the lens are still valid."""
        lens = self.lens
        return (
            lens.ability in {ability.id for ability in ABILITIES}
            and lens.benchmark in benchmarks
            and 0 < lens.k <= 1
            and (lens.limit is None or lens.limit >= 1)
            and (lens.n_items is None or lens.n_items >= FEWEST_SCORED)
            and lens.until in UNTILS
        )


def state_path() -> Path:
    """The file: $ABILITYSCOPE_STATE, else in the platform's folder for state."""
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    if named:
        return Path(named).expanduser().absolute()
    return Path(platformdirs.user_state_dir("abilityscope", appauthor=False)) / "inspector.json"


def load_remembered(model_key: str) -> Remembered | None:
    """How the inspector of a model was left; None if unknown."""
    kept = _read(state_path()).get(_written(model_key))
    # As in _read: what cannot be decoded, perhaps from an older version, counts as missing.
    try:
        return None if kept is None else msgspec.json.decode(kept, type=Remembered)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def remember(model_key: str, what: Remembered) -> None:
    """Keeps how the inspector of a model was left: for a thread.

    Raises:
        OSError: it cannot be written.
    """
    path = state_path()
    kept = _read(path)
    name = _written(model_key)
    kept.pop(name, None)
    kept[name] = msgspec.Raw(msgspec.json.encode(what))
    write_atomically(path, msgspec.json.encode(dict(list(kept.items())[-MOST_MODELS:])))


def first_lens(
    remembered: Remembered | None,
    spec: ModelSpec,
    benchmarks: Collection[str],
    seed: int = 0,
    n_items: int | None = None,
    selection: Selection | None = None,
) -> Lens:
    """The lens of an inspector that opens: as it was left if that still fits.

    Args:
        remembered: how it was left.
        spec: the model.
        benchmarks: ids of the available benchmarks, in order.
        seed: seed of the random control; never the remembered one, since the person has just given it.
        n_items: diagnostic items that the person has just asked for; None for the remembered number.
        selection: of a lens that is not remembered; None for the model's default.
    """
    if remembered is not None and remembered.fits(benchmarks):
        lens = replace(remembered.lens, seed=seed)
    else:
        lens = Lens.first(spec, next(iter(benchmarks)), seed, selection)
    return lens if n_items is None else replace(lens, n_items=n_items)


def _written(model_key: str) -> str:
    """The model's name as text that can be encoded: a folder's name may have any bytes."""
    return model_key.encode(errors="backslashreplace").decode()


def _read(path: Path) -> dict[str, msgspec.Raw]:
    """What is kept, by model; empty if the file is missing or damaged.

    Damage is not reported, unlike everywhere else: only convenience is lost, and nobody can repair it.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, msgspec.Raw])
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return {}
