from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from core.run.events import Job, JobChanged
from tests.tui.inspector.host import demo_session
from tui.inspector.app import Inspector
from tui.inspector.lens import Lens
from tui.inspector.palette import commands_of
from tui.inspector.settings import Settings

JOB = Job("ab12-1", "runs", "deductive on spatial", "running", total=10)


def inspector(folder: Path, *, readonly: bool = False) -> Inspector:
    """An inspector that is not on any screen."""
    session, _ = demo_session(folder, readonly=readonly)
    return Inspector(
        session, Lens("deductive_reasoning", "mlp", "top", 0.03, "spatial_reasoning"), Settings()
    )


def titles(app: Inspector) -> list[str]:
    return [command.title for command in commands_of(app, app.controller)]


def test_it_offers_what_the_lens_does_not_look_at_already(tmp_path: Path) -> None:
    app = inspector(tmp_path)
    offered = titles(app)
    assert len(set(offered)) == len(offered)
    assert {
        "ability: temporal reasoning",
        "variant: all layers",
        "k: 1 %",
        "selection: max_minus_shared",
    } <= set(offered)
    assert {"benchmark: diagnostic: deductive reasoning", "tab: AIS", "theme: abilityscope-light"} <= set(
        offered
    )
    already = ("ability: deductive reasoning", "variant: MLP-only", "selection: top", "k: 3 %")
    assert "theme: abilityscope-dark" not in offered
    assert not {*already, "benchmark: diagnostic: spatial reasoning", "theme: abilityscope-dark"} & set(
        offered
    )
    app.controller.lens = replace(app.lens, variant="base")
    assert "variant: MLP-only" in titles(app)


def test_what_the_engine_does_decides(tmp_path: Path) -> None:
    app = inspector(tmp_path)
    assert {"run: pause", "run: go on", "run: cancel"} & set(titles(app)) == set()
    app.session.activity.fold(JobChanged(JOB))
    assert {"run: pause", "run: cancel"} <= set(titles(app))
    app.session.activity.fold(JobChanged(Job("ab12-1", "runs", "deductive on spatial", "paused", total=10)))
    assert "run: go on" in titles(app)
    assert "engine: restart" not in titles(app)
    app.session.activity.lose("The engine was killed.")
    assert "engine: restart" in titles(app)


def test_where_one_may_only_look_nothing_can_be_run(tmp_path: Path) -> None:
    app = inspector(tmp_path, readonly=True)
    app.session.activity.fold(JobChanged(JOB))
    assert [title for title in titles(app) if title.startswith("run: ")] == []
