"""GPU figures: none without a GPU; a driver that fails, hangs or is missing ends nothing.

The driver's own answers are not tested: there is no GPU here. A module that replaces pynvml has only to fail
and to hang.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch

from core.engine.gpus import Gpus
from core.run.events import GpuFacts

GPU = torch.device("cuda:0")


class FailedError(Exception):
    """In the place of pynvml.NVMLError."""


def fails(*_: Any) -> Any:
    raise FailedError


def driver(monkeypatch: pytest.MonkeyPatch, **functions: Callable[..., Any]) -> None:
    """Puts a module in the place of pynvml, each of whose functions fails but for those given."""
    names = ("Init", "DeviceGetHandleByUUID", "DeviceGetUtilizationRates", "DeviceGetMemoryInfo")
    module: Any = ModuleType("pynvml")
    module.NVMLError, module.NVML_TEMPERATURE_GPU = FailedError, 0
    for name in (*names, "DeviceGetTemperature"):
        setattr(module, f"nvml{name}", functions.get(name, fails))
    monkeypatch.setitem(sys.modules, "pynvml", module)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: SimpleNamespace(uuid="0-1"))


def answer(gpus: Gpus) -> tuple[GpuFacts, ...]:
    """The figures once the driver has answered."""
    gpus.facts()
    deadline = time.monotonic() + 10
    while any(thread.name == "gpus" for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.001)
    return gpus.facts()


def test_a_cpu_has_none_and_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    driver(monkeypatch, Init=lambda: pytest.fail("asked"))
    gpus = Gpus([torch.device("cpu"), torch.device("cpu")])
    assert (answer(gpus), gpus.held_bytes()) == ((), None)


def test_a_driver_that_fails_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    driver(monkeypatch)
    assert answer(Gpus([GPU])) == ()


def test_what_a_card_does_not_emit_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    driver(
        monkeypatch,
        Init=lambda: None,
        DeviceGetHandleByUUID=asked.append,
        DeviceGetMemoryInfo=lambda handle: SimpleNamespace(used=3, total=4),
    )
    assert answer(Gpus([GPU, GPU, torch.device("cuda:1")])) == (GpuFacts(None, 3, 4, None),) * 2
    assert asked == ["GPU-0-1"] * 2  # by what the driver knows them by, each once


def test_a_driver_that_hangs_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    going_on = threading.Event()
    driver(
        monkeypatch,
        Init=lambda: going_on.wait(10),
        DeviceGetHandleByUUID=lambda uuid: uuid,
        DeviceGetTemperature=lambda handle, sensor: 61,
    )
    gpus = Gpus([GPU])
    began = time.monotonic()
    assert [gpus.facts() for _ in range(3)] == [()] * 3
    assert time.monotonic() - began < 5
    assert sum(thread.name == "gpus" for thread in threading.enumerate()) == 1
    going_on.set()
    assert answer(gpus) == (GpuFacts(None, None, None, 61),)
