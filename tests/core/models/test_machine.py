"""This computer, and GPUs as a driver that is made up lists them."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from core.models import devices
from core.models.devices import Gpu, nvidia_gpus, this_machine


class FailedError(Exception):
    """In place of pynvml.NVMLError."""


def fails(*_: Any) -> Any:
    raise FailedError


def driver(monkeypatch: pytest.MonkeyPatch, **functions: Callable[..., Any]) -> None:
    """Puts a driver of two GPUs in place of pynvml; the functions replace its own."""
    module: Any = ModuleType("pynvml")
    module.NVMLError = FailedError
    usual: dict[str, Callable[..., Any]] = {
        "Init": lambda: None,
        "SystemGetDriverVersion": lambda: "550.54.15",
        "DeviceGetCount": lambda: 2,
        "DeviceGetHandleByIndex": lambda index: index,
        "DeviceGetName": lambda handle: ("NVIDIA H100 80GB HBM3", "NVIDIA GB10")[handle],
        "DeviceGetMemoryInfo": lambda handle: SimpleNamespace(total=85, free=80),
    }
    for name, function in (usual | functions).items():
        setattr(module, f"nvml{name}", function)
    monkeypatch.setitem(sys.modules, "pynvml", module)


def test_this_machine() -> None:
    here = this_machine()
    assert 1 <= here.cores <= (os.cpu_count() or 1)
    assert here.memory.free_bytes is None or 0 < here.memory.free_bytes <= here.memory.total_bytes


def test_gpus_are_those_of_the_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    def memory(handle: int) -> SimpleNamespace:
        return SimpleNamespace(total=85, free=80) if handle == 0 else fails()

    driver(monkeypatch, DeviceGetMemoryInfo=memory)
    assert nvidia_gpus() == (
        Gpu("NVIDIA H100 80GB HBM3", 85, 80, "550.54.15"),
        Gpu("NVIDIA GB10", None, None, "550.54.15"),
    )


@pytest.mark.parametrize("function", ["Init", "SystemGetDriverVersion", "DeviceGetHandleByIndex"])
def test_without_a_driver_that_works_there_is_no_gpu(monkeypatch: pytest.MonkeyPatch, function: str) -> None:
    driver(monkeypatch, **{function: fails})
    assert nvidia_gpus() == ()


def test_a_driver_that_hangs_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()
    driver(monkeypatch, Init=ended.wait)
    monkeypatch.setattr(devices, "DRIVER_TIMEOUT_S", 0.01)
    with pytest.raises(OSError, match=r"did not answer within 0\.01 s"):
        nvidia_gpus()
    ended.set()
