"""Which phantom is calibrated beside an open model, and the workbenches that its weights are scored on."""

from __future__ import annotations

from collections.abc import Callable

from cache.folder import Store
from core.experiment.events import Event
from core.experiment.specs import ImportanceSpec
from core.importance.scoring_rule import Loss, Reduction
from core.models.files import model_folder
from core.models.spec import EMBEDDED, ModelSpec
from core.phantom.true_matrix import TRUTH_FILE, Truth, read_truth
from core.runner.runner import Runner

BenchFor = Callable[[Loss, Reduction], Runner]
"""Makes the runner that scores weights in one way."""

PHANTOMS = tuple(name for name in EMBEDDED if name.startswith("phantom"))
"""The names of the models in which it is known what each ability needs."""


def phantom_of(spec: ModelSpec) -> ModelSpec:
    """The model itself if it is a phantom, else the first phantom, on the same device."""
    return spec if spec.name in PHANTOMS else ModelSpec(PHANTOMS[0], device=spec.device)


def truth_of(spec: ModelSpec) -> Truth:
    """What was measured on a phantom.

    Raises:
        ValueError: the model is none, or is not here.
    """
    if not spec.is_embedded or not (model_folder(spec) / TRUTH_FILE).is_file():
        raise ValueError(
            f"Nobody knows which weights of '{spec.name}' an ability needs, so it calibrates nothing: "
            f"give --model {' or '.join(PHANTOMS)}."
        )
    return read_truth(model_folder(spec))


def runners(
    spec: ModelSpec,
    store: Store,
    n_items: int,
    seed: int,
    emit: Callable[[Event], None] = lambda event: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> BenchFor:
    """What makes the workbenches of a calibration; nothing is read or loaded yet.

    Args:
        spec: the phantom.
        store: the cache.
        n_items: diagnostic items of each ability.
        seed: of these items.
        emit: is told what happens.
        cancelled: asked between batches.
    """

    def runner_for(loss: Loss, reduction: Reduction) -> Runner:
        importance = ImportanceSpec(n_items, loss, reduction, seed)
        return Runner(spec, store, importance, emit=emit, cancelled=cancelled)

    return runner_for
