"""Which sandbox works on this machine, found by trial: a program tries to get out."""

from __future__ import annotations

import functools
import os
import secrets
import shutil
import socket
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core.sandbox.inside.order import Limits
from core.sandbox.process import SandboxError
from core.sandbox.running import execute

Apart = Literal["bubblewrap", "namespaces"]
"""A sandbox that really confines a program."""


@dataclass(frozen=True)
class Found:
    """Result of the trials."""

    kind: Apart | None
    """The sandbox that works here, if any."""
    reason: str
    """Why none works, and what to do; empty if one does."""


@functools.cache
def find_sandbox() -> Found:
    """The sandbox that works here, bubblewrap first; tried once per process."""
    if sys.platform != "linux":
        return Found(None, f"Generated code can only be confined on Linux, and this is {sys.platform}.")
    reasons = []
    for kind in ("bubblewrap", "namespaces"):
        reason = why_not(kind)
        if reason is None:
            return Found(kind, "")
        reasons.append(f"{kind}: {reason}")
    return Found(None, f"No sandbox works here ({'; '.join(reasons)}). {_way_out()}")


def why_not(kind: Apart) -> str | None:
    """Why a kind of sandbox does not work here; None if it does."""
    if kind == "bubblewrap":
        if shutil.which("bwrap") is None:
            return "not installed"
        if os.getuid() == 0:
            return "limits no processes of root"
    try:
        return _try(kind)
    except SandboxError as error:
        return str(error).rstrip(".")


@functools.cache
def why_not_unconfined() -> str:
    """Why programs cannot run here even without a sandbox; empty if limits hold. Tried once per process."""
    if sys.platform != "linux":
        return f"Programs can only be limited on Linux, and this is {sys.platform}."
    try:
        execution = execute("unconfined", _LIMITS_TRIAL, _LIMITS).execution
    except SandboxError as error:
        return str(error)
    if execution.status != "passed":
        return f"The limits of programs cannot be set here (a trial ended as {execution.status})."
    problem = execution.stdout.strip()
    return f"The limits of programs do not hold here: {problem}." if problem else ""


_LIMITS = Limits(cpu_seconds=10, processes=4)

_TRIAL = """
import os, socket, sys
port, word, outside = input().split(" ", 2)
got_out = []
try:
    socket.create_connection(("127.0.0.1", int(port)), 1).close()
    got_out.append("it reaches the network")
except OSError:
    pass
try:
    with open(outside, "a") as file:
        file.write(word)
    got_out.append("it writes outside its folder")
except OSError:
    pass
if os.path.exists(outside):
    got_out.append("it sees files of yours")
try:
    os.kill(os.getppid(), 9)
except OSError:
    pass
reading, writing = os.pipe()
try:
    for _ in range(50):
        if os.fork() == 0:
            os.read(reading, 1)
            os._exit(0)
    got_out.append("it starts as many processes as it likes")
except OSError:
    pass
with open("inside", "w") as file:
    file.write(word)
print(word, "; ".join(got_out), flush=True)
"""

_LIMITS_TRIAL = """
import os
reading, writing = os.pipe()
try:
    for _ in range(50):
        if os.fork() == 0:
            os.read(reading, 1)
            os._exit(0)
    print("it starts as many processes as it likes", flush=True)
except OSError:
    pass
try:
    bytearray(1 << 40)
    print("it gets as much memory as it likes", flush=True)
except MemoryError:
    pass
"""


def _try(kind: Apart) -> str | None:
    """Runs a program that tries to get out; returns what it could do, or None.

    Raises:
        SandboxError: the sandbox did not start.
    """
    word = secrets.token_hex(8)
    with (
        tempfile.TemporaryDirectory() as folder,
        socket.create_server(("127.0.0.1", 0)) as server,
    ):
        outside = Path(folder) / "outside"
        outside.touch(mode=0o666)
        given = f"{server.getsockname()[1]} {word} {outside}\n"
        execution = execute(kind, _TRIAL, _LIMITS, stdin=given).execution
        changed = outside.read_text() != ""
    begin, _, got_out = execution.stdout.strip().partition(" ")
    if execution.status != "passed" or begin != word:
        return f"a trial ended as {execution.status}"
    if changed or got_out:
        return got_out or "it writes outside its folder"
    return None


_RESTRICTED_BY_APPARMOR = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
_SWITCHES = (
    (Path("/proc/sys/user/max_user_namespaces"), "user.max_user_namespaces=10000"),
    (Path("/proc/sys/kernel/unprivileged_userns_clone"), "kernel.unprivileged_userns_clone=1"),
)
_CONTAINER_MARKS = (Path("/.dockerenv"), Path("/run/.containerenv"))


def _way_out() -> str:
    """What to do where no sandbox works."""
    if _reads(_RESTRICTED_BY_APPARMOR, "1"):
        return (
            "Ubuntu's AppArmor keeps users from creating namespaces. Install bubblewrap; on Ubuntu 24.04 "
            "also apparmor-profiles, and let bubblewrap do it: sudo cp /usr/share/apparmor/extra-profiles/"
            "bwrap-userns-restrict /etc/apparmor.d/ && sudo systemctl reload apparmor"
        )
    for file, setting in _SWITCHES:
        if _reads(file, "0"):
            return f"This system keeps users from creating namespaces: sudo sysctl {setting} lets them."
    if any(mark.exists() for mark in _CONTAINER_MARKS):
        return "This container may not create namespaces: start it so that it may, or run outside it."
    if os.getuid() == 0:
        return "Run it where root may create namespaces, or as another user with bubblewrap 0.8 or newer."
    return "Install bubblewrap 0.8 or newer (the command bwrap), and let it create namespaces."


def _reads(file: Path, content: str) -> bool:
    return file.exists() and file.read_text().strip() == content
