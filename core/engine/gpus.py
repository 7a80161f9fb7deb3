"""Figures of the GPUs that a model is on, from torch and the driver; a driver that hangs holds nothing up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from core.run.events import GpuFacts

if TYPE_CHECKING:
    import torch


class Gpus:
    """The GPUs of one loaded model; none if it is on a CPU."""

    def __init__(self, devices: Iterable[torch.device]) -> None:
        """Asks nothing yet.

        Args:
            devices: of the model's parameters.
        """
        found = {device for device in devices if device.type != "cpu"}
        self._devices = sorted(found, key=lambda device: device.index or 0)
        self._driver: Any = None
        """The module pynvml; False without a driver, None before the first question."""
        self._handles: list[Any] = []
        self._asking: threading.Thread | None = None
        self._answer: tuple[GpuFacts, ...] = ()

    def held_bytes(self) -> int | None:
        """Memory that torch holds on them; None if there are none, or torch does not know."""
        import torch

        kinds = {device.type for device in self._devices}
        if kinds == {"cuda"}:
            return sum(int(torch.cuda.memory_allocated(device)) for device in self._devices)
        if kinds == {"mps"}:
            return int(torch.mps.current_allocated_memory())
        return None

    def facts(self) -> tuple[GpuFacts, ...]:
        """Load, memory and temperature of each as of the last call; asks the driver for the next one.

        Returns at once. Empty without a driver, at the first call, and as long as the driver does not answer.
        """
        if not any(device.type == "cuda" for device in self._devices):
            return ()
        if self._asking is not None and self._asking.is_alive():
            return ()
        answer = self._answer
        # A daemon: an engine that ends does not wait for a driver that hangs.
        self._asking = threading.Thread(target=self._ask, name="gpus", daemon=True)
        self._asking.start()
        return answer

    def _ask(self) -> None:
        if self._driver is None:
            self._driver = self._connect()
        self._answer = tuple(_facts_of(self._driver, handle) for handle in self._handles)

    def _connect(self) -> Any:
        """The driver's module, with which the handles were found; False if the driver fails."""
        import pynvml

        try:
            pynvml.nvmlInit()
            self._handles = [pynvml.nvmlDeviceGetHandleByUUID(_uuid(device)) for device in self._devices]
        except pynvml.NVMLError:
            return False
        return pynvml


def _uuid(device: torch.device) -> str:
    """The driver's name of a GPU, whatever numbers torch and CUDA_VISIBLE_DEVICES give it."""
    import torch

    return f"GPU-{torch.cuda.get_device_properties(device).uuid}"


def _facts_of(pynvml: Any, handle: Any) -> GpuFacts:
    def asked(question: Callable[[], Any]) -> int | None:
        try:
            return int(question())
        except pynvml.NVMLError:  # each by itself: not every card answers everything
            return None

    return GpuFacts(
        load=asked(lambda: pynvml.nvmlDeviceGetUtilizationRates(handle).gpu),
        used_bytes=asked(lambda: pynvml.nvmlDeviceGetMemoryInfo(handle).used),
        total_bytes=asked(lambda: pynvml.nvmlDeviceGetMemoryInfo(handle).total),
        celsius=asked(lambda: pynvml.nvmlDeviceGetTemperature(handle, pynvml.NVML_TEMPERATURE_GPU)),
    )
