"""A model that the inspector has open: what of it is known, and what its engine does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tui.inspector.activity import Activity

if TYPE_CHECKING:
    from core.analysis.auto_k import FoundK
    from core.engine.protocol import Command, EngineSpec
    from core.models.description import ModelInfo
    from core.run.events import PromptsSettled
    from core.run.experiment import Experiment
    from core.run.specs import MaskSpec

SHORT_DTYPES = {"float32": "f32", "bfloat16": "bf16", "float16": "f16"}


@dataclass(eq=False)
class OpenModel:
    """One open model. Its experiment is only read: what has to be computed is asked of the engine."""

    spec: EngineSpec
    experiment: Experiment
    send: Callable[[Command], None] = lambda command: None
    """Sends a command to its engine; a read-only screen says why it does not."""
    activity: Activity = field(default_factory=Activity)
    info: ModelInfo | None = None
    """Its description; None until its files were read."""
    settled: PromptsSettled | None = None
    """Prompt form and level of the items; None for an embedded model, and until they are settled."""
    auto: MaskSpec | None = None
    """The mask with the k that the last search for one chose."""
    search: FoundK | None = None
    """The search that is asked for, as far as it is; None where none is."""
    memory: tuple[str, ...] = ()
    """Two lines on the memory that the model needs and whether it fits; empty until known."""

    @property
    def name(self) -> str:
        """The last part of its name."""
        return self.spec.model.name.rstrip("/").rpartition("/")[2]

    @property
    def form(self) -> str:
        """Its form in memory, shortly: `f32`, or `nf4`."""
        if self.info is None or self.info.quantization != "none":
            return self.spec.model.quantization if self.info is None else self.info.quantization
        return SHORT_DTYPES.get(self.info.dtype, self.info.dtype)
