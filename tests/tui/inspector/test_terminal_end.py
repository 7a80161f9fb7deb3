"""The inspector in a terminal that goes away."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from core.engine.protocol import EngineSpec
from core.engine.runtime import living_engines
from tests.tui.inspector.whole import engine_spec as engine_spec

DEADLINE_S = 60


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs pseudo-terminals")
def test_when_its_terminal_is_gone_the_inspector_ends_and_the_engine_goes_on(engine_spec: EngineSpec) -> None:
    master, slave = pty.openpty()
    command = [
        sys.executable,
        "-c",
        "from tui.command_line import main; main()",
        "tui",
        "--cache-dir",
        engine_spec.cache,
    ]
    environment = {**os.environ, "TERM": "xterm-256color"}
    # In a session of its own that the terminal does not control: nothing tells it by a signal.
    app = subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
    )
    os.close(slave)
    seen = b""
    while b"Playground" not in seen:
        seen += os.read(master, 1 << 16)
    while not living_engines():
        os.read(master, 1 << 16)
    os.close(master)
    assert app.wait(DEADLINE_S) < 0
    assert len(living_engines()) == 1
