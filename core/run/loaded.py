"""An experiment with its model in memory: loads it, ablates it, verifies that the weights are restored."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from cache.journals import journal_path
from cache.upkeep import delete
from core.inference.cancelling import Cancelled, check_between_layers
from core.models.spec import AskedLevel, AskedPrompt
from core.run.events import ModelLoaded, ModelLoading
from core.run.experiment import Experiment
from core.run.progress import Progress

if TYPE_CHECKING:
    from cache.entries import EntryFolder
    from core.masks.ablation import Ablation, Ablator
    from core.masks.mask import Mask
    from core.models.loading import LoadedModel
    from core.models.matrices import Matrix
    from core.models.weight_space import LoadedWeights, WeightSpace


class WeightsChangedError(ValueError):
    """Weights differ from those that were loaded, after all masks were restored."""

    def __init__(self, matrices: Sequence[Matrix], deleted: int) -> None:
        """The error in a sentence.

        Args:
            matrices: those that changed.
            deleted: number of cache entries that were deleted because of it.
        """
        others = f" and {len(matrices) - 1:,} more" if len(matrices) > 1 else ""
        super().__init__(
            f"The weights of {matrices[0].name}{others} are not those that were loaded, though every mask "
            f"was restored: {deleted:,} cache entries written since are deleted, and the model is loaded "
            "again. Run this once more; if it comes back, test the machine's memory."
        )


@contextmanager
def _uncollected() -> Iterator[None]:
    """A context for imports: they make no garbage, and looking for it takes a sixth of torch's time."""
    is_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if is_enabled:
            gc.enable()


@dataclass(eq=False, repr=False)
class LoadedExperiment(Experiment):
    """An experiment whose model is loaded when it is first needed."""

    cancelled: Callable[[], bool] = field(default=lambda: False, kw_only=True)
    """Asked between the batches of evaluation and importance, which it may hold up; True ends them."""
    is_cancelled: Callable[[], bool] = field(default=lambda: False, kw_only=True)
    """The same, asked between the layers of a batch, which it must not hold up."""
    unverified: list[tuple[EntryFolder, str]] = field(default_factory=list, init=False)
    """Entries stored since the weights were last known to be as loaded."""
    base_logprobs: dict[str, list[tuple[float, ...]]] = field(default_factory=dict, init=False)
    """Log-probability of each token of the intact model's written answers, item by item, by the key of their
    run: noted while they were written, or computed when they were first compared with others."""
    _has_ablated: bool = field(default=False, init=False)
    """Whether a mask was applied since then."""

    @cached_property
    def progress(self) -> Progress:
        """How far the work is."""
        return Progress(lambda event: self.emit(event))

    @cached_property
    def loaded(self) -> LoadedModel:
        """The model in memory.

        Raises:
            ValueError: it cannot be loaded, torch put it on another device than the drivers suggest.
        """
        started = time.monotonic()
        identity = self.identity  # unusable files are reported before seconds go into torch
        self.emit(ModelLoading(self.spec.name, "importing torch and transformers"))
        with _uncollected():
            from core.models.loading import load
            from core.models.weight_space import WeightSpace

        loaded = load(
            self.spec,
            lambda doing, done, total: self.emit(ModelLoading(self.spec.name, doing, done, total)),
            memory=self.store.fingerprint_memory,
        )
        if loaded.model.device.type != identity.device:
            raise ValueError(
                f"torch put the model on '{loaded.model.device}', though the drivers here speak for "
                f"'{identity.device}': give --device {loaded.model.device.type}, or install a torch that "
                "sees the GPU."
            )
        check_between_layers(WeightSpace(loaded.model).layers, lambda: self.is_cancelled())
        seconds = time.monotonic() - started
        info = loaded.info
        self.emit(ModelLoaded(self.spec.name, seconds, info.device or "", info.bytes, loaded.warning))
        return loaded

    def settle(self, prompt: AskedPrompt, level: AskedLevel) -> None:
        """Settles prompt form and level where they are `auto`, of the model in memory too."""
        super().settle(prompt, level)
        if "loaded" in vars(self):
            self.loaded = replace(self.loaded, spec=self.spec)

    @cached_property
    def space(self) -> WeightSpace:
        """The model's candidate weights."""
        from core.models.weight_space import WeightSpace

        return WeightSpace(self.loaded.model)

    @cached_property
    def _as_loaded(self) -> LoadedWeights:
        """Checksums of the weights before the first mask is applied."""
        from core.models.weight_space import LoadedWeights

        with self.progress.phase("checking", total=len(self.space.matrices)):
            return LoadedWeights(self.space)

    @cached_property
    def _ablator(self) -> Ablator:
        from core.masks.ablation import Ablator

        _ = self._as_loaded  # while no mask was ever applied
        return Ablator(self.space)

    @contextmanager
    def ablated(self, mask: Mask | None, factor: float = 0.0) -> Iterator[Ablation | None]:
        """The model under a mask, the intact one without; restored afterwards, whatever happened.

        Args:
            mask: which weights.
            factor: what they are multiplied by; 0 ablates.
        """
        if mask is None:
            yield None
            return
        self._has_ablated = True
        with self._ablator.applied(mask, factor) as ablation:
            yield ablation

    @contextmanager
    def mask_set_aside(self) -> Iterator[None]:
        """A context in the middle of other work in which the model is intact, and can be used for something.

        Afterwards the mask that was applied is applied again.

        Raises:
            ValueError: the model was loaded again meanwhile, so that the work cannot go on.
        """
        loaded, unverified = vars(self).get("loaded"), list(self.unverified)
        ablator: Ablator | None = vars(self).get("_ablator")
        applied = None if ablator is None else ablator.applied_now
        if ablator is not None:
            ablator.restore()
        yield
        if vars(self).get("loaded") is not loaded:
            raise ValueError("The model was loaded again while this job was paused: run it once more.")
        self.unverified = unverified + self.unverified
        if ablator is not None and applied is not None:
            self._has_ablated = True
            ablator.apply(*applied)

    def check_cancelled(self) -> None:
        """Raises `Cancelled` if the computation was cancelled."""
        if self.cancelled():
            raise Cancelled

    def note_stored(self, entries: EntryFolder, key: str) -> None:
        """Notes an entry that has to be deleted if the weights turn out not to be as loaded."""
        self.unverified.append((entries, key))

    def verify_restored(self) -> None:
        """Verifies that the weights are as loaded, if a mask was applied since they last were.

        If they are not, everything stored since is deleted, and the model is loaded again when it is next
        needed.

        Raises:
            WeightsChangedError: they are not.
        """
        changed = self._changed() if self._has_ablated and "_ablator" in vars(self) else ()
        unverified, self.unverified, self._has_ablated = self.unverified, [], False
        if changed:
            self.forget_model()
            raise WeightsChangedError(changed, self._delete(unverified))

    def _changed(self) -> tuple[Matrix, ...]:
        """The candidate matrices that are not as loaded."""
        matrices, as_loaded = self.space.matrices, self._as_loaded
        changed: list[Matrix] = []
        with self.progress.phase("checking", total=len(matrices)) as running:
            for done, matrix in enumerate(matrices, start=1):
                changed += as_loaded.changed([matrix])
                running.advance(done)
        return tuple(changed)

    def forget_model(self) -> None:
        """Drops the model and what was made from it."""
        for name in ("loaded", "space", "_ablator", "_as_loaded"):
            vars(self).pop(name, None)
        self.base_logprobs.clear()

    def _delete(self, entries: Sequence[tuple[EntryFolder, str]]) -> int:
        """Deletes entries and the journals of unfinished runs that exist; returns how many.

        Raises:
            OSError: one cannot be deleted.
        """
        written, held = set(), set()
        for folder, key in entries:
            if folder.held.pop(key, None) is not None:
                held.add(key)
            if (folder.has(key) and not folder.is_shipped(key)) or journal_path(folder, key).is_file():
                written.add(key)
        for key in written:
            delete(self.store.root, key)
        return len(written | held)
