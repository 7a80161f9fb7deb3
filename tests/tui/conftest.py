"""Fixtures of the tests of command line and inspector."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def calibration_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made-up calibration, as the command and the inspector ask for it; never to be written to."""
    from core.phantom.calibration import DIAGNOSTIC_ITEMS, HELDOUT_ITEMS
    from core.phantom.calibration.plan import calibration_plan
    from tests.core.phantom.calibration.made_up import fill

    root = tmp_path_factory.mktemp("calibration_cache")
    fill(root, calibration_plan(HELDOUT_ITEMS, 0, every=False), DIAGNOSTIC_ITEMS)
    return root
