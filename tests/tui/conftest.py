"""Fixtures of the tests of command line and inspector."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def calibration_cache(made_once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """A made-up calibration, as the command and the inspector ask for it; never to be written to."""
    from core.phantom import DIAGNOSTIC_ITEMS, HELDOUT_ITEMS
    from core.phantom.calibration import calibration_plan
    from tests.core.phantom.calibration.made_up import fill

    plan = calibration_plan(HELDOUT_ITEMS, 0, every=False)
    return made_once("calibration_cache", lambda root: fill(root, plan, DIAGNOSTIC_ITEMS))
