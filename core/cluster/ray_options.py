"""How Ray is used: plain facts, for whoever asks for it. No torch, no Ray."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import NamedTuple

LOCAL = "local"
"""Address of a Ray that is started on this machine, and ends with the driver."""


@dataclass(frozen=True)
class RayOptions:
    """Where Ray's workers are, and how many."""

    address: str = LOCAL
    """The address of a cluster's head node, or `local`."""
    workers: int | None = None
    """None for one on each GPU; without any GPU, on each node."""
    cpus_per_worker: int | None = None
    """None for all processors, divided among the workers of a node."""


class RayMissing(ValueError):  # noqa: N818 (it names what is wrong)
    """The extra is not installed."""

    def __init__(self) -> None:
        super().__init__("Ray is not installed: install the extra 'ray', as 'pip install abilityscope[ray]'.")


def require_ray() -> None:
    """Checks that Ray is installed.

    Raises:
        RayMissing: it is not.
    """
    if find_spec("ray") is None:
        raise RayMissing


class Machine(NamedTuple):
    """What a machine of a cluster has."""

    cpus: int
    gpus: int


class LocalWorkers(NamedTuple):
    """The workers that are started on this machine if nothing else is asked for."""

    n: int
    threads: int
    """CPU threads of each."""
    on_gpu: bool
    """Whether each has a GPU."""


def local_workers(gpus: int, *, on_gpu: bool) -> LocalWorkers:
    """The workers of `local`, where the model is on a GPU or not."""
    machine = Machine(os.cpu_count() or 1, gpus)
    return LocalWorkers(*sizes([machine], None, None, on_gpu), on_gpu)


def sizes(machines: Sequence[Machine], n: int | None, cpus: int | None, on_gpu: bool) -> tuple[int, int]:
    """How many workers there are, and the CPUs of each.

    Args:
        machines: those of the cluster.
        n: workers that are asked for; None for one on each GPU, or without GPUs on each machine with CPUs.
        cpus: CPUs that are asked for; None for the most with which all workers have room.
        on_gpu: whether the model is on a GPU.
    """
    places = [one for one in machines if one.gpus or (one.cpus and not on_gpu)]
    workers = n or max(1, sum(one.gpus for one in places) if on_gpu else len(places))

    def room(each: int) -> int:
        """Workers of so many CPUs that have room."""
        own = ((one.cpus // each, one.gpus if on_gpu else workers) for one in places)
        return sum(map(min, own))

    most = max((one.cpus for one in places), default=1)
    fitting = next((each for each in range(most, 0, -1) if room(each) >= workers), 1)
    return workers, cpus or fitting
