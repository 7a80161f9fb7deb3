"""How long work took on this machine, kept in the cache folder: what times are estimated from. No torch."""

from __future__ import annotations

import platform
from contextlib import suppress
from typing import cast

import msgspec

from cache.files import write_atomically
from core.run.experiment import Experiment
from core.run.pace import Kind, Paces, Phase

MOST_KEPT = 100
"""Most models and settings to remember: the least recent are forgotten."""

WEIGHT = 20.0
"""Units that what was measured before counts for: less than a run of today."""

Kept = dict[str, dict[str, tuple[float, float]]]
"""By model and settings: for each kind of work its units and their seconds."""


def known_paces(experiment: Experiment) -> Paces:
    """The paces of the model on this machine, as far as they were measured before.

    Raises:
        ValueError: the model's files are unusable.
    """
    paces = Paces()
    take_in_known(experiment, paces)
    return paces


def take_in_known(experiment: Experiment, paces: Paces) -> None:
    """Takes what was measured before into paces that lack it, with little weight."""
    for name, (units, seconds) in _read(experiment).get(_key(experiment), {}).items():
        phase, _, about = name.partition("/")
        kind: Kind = cast(Phase, phase), about
        if units > 0 and not paces.has(kind):
            paces.note(kind, min(units, WEIGHT), seconds * min(units, WEIGHT) / units)


def keep_paces(experiment: Experiment, paces: Paces) -> None:
    """Remembers paces for the next time; where nothing can be written, nothing is remembered."""
    kept, key = _read(experiment), _key(experiment)
    kept[key] = kept.pop(key, {}) | {"/".join(kind): measured for kind, measured in paces.measured().items()}
    newest = dict(list(kept.items())[-MOST_KEPT:])
    with suppress(OSError):  # as with fingerprints: only convenience is lost
        write_atomically(experiment.store.pace_memory, msgspec.json.format(msgspec.json.encode(newest)))


def _key(experiment: Experiment) -> str:
    """Everything that a pace depends on much."""
    model, spec = experiment.identity, experiment.spec
    parts = (model.fingerprint, model.quantization, model.dtype, model.device, spec.prompt, spec.level_asked)
    return " ".join([*parts, platform.node()])


def _read(experiment: Experiment) -> Kept:
    """What is kept; nothing if the file is missing or damaged, which costs only an estimate."""
    try:
        return msgspec.json.decode(experiment.store.pace_memory.read_bytes(), type=Kept)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return {}
