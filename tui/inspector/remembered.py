"""What was looked at last, by model, so that one finds the inspector as one left it."""

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
from tui.inspector.lens import Lens

if TYPE_CHECKING:
    from core.models.spec import ModelSpec

ENVIRONMENT_VARIABLE = "ABILITYSCOPE_STATE"
"""Names the file, unless the usual one is meant."""

MOST_MODELS = 100
"""Models that are remembered; of more, those are forgotten that were looked at the longest ago."""


class Remembered(msgspec.Struct, frozen=True):
    """How the inspector of one model was left."""

    lens: Lens
    tab: str = "run"
    """The tab's id; there may be no such tab any more."""
    prompt: str = ""
    """Of the playground."""

    def fits(self, benchmarks: Collection[str]) -> bool:
        """Whether all that the lens names is still there.

        Args:
            benchmarks: the ids of those that can be chosen.
        """
        lens = self.lens
        return (
            lens.ability in {ability.id for ability in ABILITIES}
            and lens.benchmark in benchmarks
            and 0 < lens.k <= 1
            and (lens.limit is None or lens.limit >= 1)
        )


def state_path() -> Path:
    """Where it is kept: $ABILITYSCOPE_STATE, else in the platform's folder for such things."""
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    if named:
        return Path(named).expanduser().absolute()
    return Path(platformdirs.user_state_dir("abilityscope", appauthor=False)) / "inspector.json"


def load_remembered(model_key: str) -> Remembered | None:
    """How the inspector of a model was left; None if that is not known."""
    kept = _read(state_path()).get(_written(model_key))
    # As in _read: what cannot be understood, of an older version perhaps, is as good as not there.
    try:
        return None if kept is None else msgspec.json.decode(kept, type=Remembered)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def remember(model_key: str, what: Remembered) -> None:
    """Keeps how the inspector of a model was left. Waits for the disk: not for the event loop.

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
    remembered: Remembered | None, spec: ModelSpec, benchmarks: Collection[str], seed: int = 0
) -> Lens:
    """What the inspector looks at when it opens: as it was left, where all of that is still there.

    Args:
        remembered: how it was left.
        spec: the model.
        benchmarks: the ids of those that can be chosen, in order.
        seed: of the random control; never the remembered one, since the person has just given it.
    """
    if remembered is not None and remembered.fits(benchmarks):
        return replace(remembered.lens, seed=seed)
    return Lens.first(spec, next(iter(benchmarks)), seed)


def _written(model_key: str) -> str:
    """The model's name as a file can hold it: a folder's name may have bytes that are no letters."""
    return model_key.encode(errors="backslashreplace").decode()


def _read(path: Path) -> dict[str, msgspec.Raw]:
    """What is kept, by model. A file that is not there or damaged is empty, and is written anew.

    In silence, unlike everything else that is damaged: only convenience is lost, and nobody can mend it.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, msgspec.Raw])
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return {}
