"""Loading a model: from a checkpoint on disk, and made of random numbers where it will be used."""

from __future__ import annotations

import importlib
import tempfile
from pathlib import Path

from core.models.devices import free_on_disk
from core.models.loading import LoadedModel, load
from core.models.spec import DType, ModelSpec
from core.models.weight_space import scales_bytes
from tests.performance.figures import Figure, Measured, ratio
from tests.performance.random_model import number_of_parameters, write_checkpoint
from tests.performance.subject import Subject

SPARE_BYTES = 10**9
"""Bytes of the disk that a checkpoint leaves free, at least."""


def measure_loading(subject: Subject) -> Measured:
    """Both, once each; a bfloat16 checkpoint of this shape is written for it, where the disk has room."""
    clock, parameters = subject.clock, number_of_parameters(subject.config)
    times: list[float] = []
    peak_bytes = None
    if 2 * parameters + SPARE_BYTES < free_on_disk(Path(tempfile.gettempdir())):
        with tempfile.TemporaryDirectory() as folder:
            write_checkpoint(subject.config, Path(folder), subject.device)
            if subject.quantization != "none":
                for name in ("bitsandbytes", "core.models.four_bit"):  # take seconds, which are not counted
                    importlib.import_module(name)

            def timed() -> None:
                times.append(clock.seconds_of(lambda: _load(subject, folder)))

            peak_bytes = clock.peak_of(timed).process_bytes
    make_s = clock.seconds_of(lambda: subject.model)
    size_bytes = subject.model.get_memory_footprint(return_buffers=False) + scales_bytes(subject.model)
    load_s = times[0] if times else None
    return Measured(
        "load",
        (
            Figure("from disk, s", load_s),
            Figure("made on the device, s", make_s),
            Figure("weights, MB", size_bytes / 1e6),
            Figure("main memory for it, MB", ratio(peak_bytes, 1e6)),
        ),
        {"from disk, seconds": load_s, "bytes": size_bytes},
        facts={"parameters": parameters},
    )


def _load(subject: Subject, folder: str) -> LoadedModel:
    dtype: DType = str(subject.dtype).removeprefix("torch.")  # type: ignore[assignment]
    return load(ModelSpec(folder, subject.quantization, dtype, str(subject.device)))
