"""A second process that takes part in a calibration, from its other end: they share the cache, not memory."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from cache.folder import Store
from core.models.devices import device_kind
from core.models.spec import ModelSpec
from core.phantom.calibration.plan import CalibrationPlan
from core.phantom.calibration.run import run_calibration
from core.phantom.calibration.subject import runners, truth_of
from core.runner.loaded import Cancelled


@contextmanager
def computed_beside(plan: CalibrationPlan, spec: ModelSpec, root: Path, n_items: int) -> Iterator[None]:
    """While the body computes a calibration, another process computes what the body comes to last.

    What it stores the body finds, and no run is computed by both. It is ended with the body, done or not;
    if it fails, the body computes what is lacking, and meets the same problem itself. There is none where
    there is one processor alone, or where the model is not on a CPU, which an embedded model fills no more
    than a core of.

    Args:
        plan: what is computed.
        spec: the phantom.
        root: of the cache.
        n_items: diagnostic items of each ability.
    """
    if not _has_room(spec):
        yield
        return
    arguments = (replace(plan, is_backwards=True), spec, root, n_items)
    helper = multiprocessing.get_context("spawn").Process(target=_compute, args=arguments, daemon=True)
    helper.start()
    try:
        yield
    finally:
        helper.terminate()
        helper.join()


def _has_room(spec: ModelSpec) -> bool:
    return device_kind(spec.device) == "cpu" and len(os.sched_getaffinity(0)) > 1


def _compute(plan: CalibrationPlan, spec: ModelSpec, root: Path, n_items: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the other process is interrupted, and ends this one
    runner_for = runners(spec, Store(root), n_items, plan.seed, cancelled=_is_alone)
    with suppress(Cancelled):
        run_calibration(plan, truth_of(spec), runner_for)


def _is_alone() -> bool:
    """Whether the process that began this one was killed."""
    parent = multiprocessing.parent_process()
    return parent is None or not parent.is_alive()
