"""What Ray's workers for an engine do before Ray is needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from cache.folder import Store
from core.cluster import standing
from core.cluster.ray_options import RayOptions
from core.cluster.standing import StandingCrew
from core.models.spec import ModelSpec
from core.run.runner import Runner


def test_answers_that_another_process_stored_meanwhile_settle_the_driver(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = Runner(ModelSpec("owner/name"), Store(tmp_path))
    crew = StandingCrew(RayOptions(), driver)
    monkeypatch.setattr(standing, "known_prompts", lambda runner: ("text", "plain"))
    crew.settle()
    assert (driver.spec.prompt, driver.spec.level_asked) == ("text", "plain")
