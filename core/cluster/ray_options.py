"""How Ray is used: plain facts, for whoever asks for it. No torch, no Ray."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

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
    is_shared: bool = True
    """Whether machines use the driver's cache folder where they see it."""


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
