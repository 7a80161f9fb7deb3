"""What a program in the sandbox can see of this machine: Python, and the libraries of the system."""

from __future__ import annotations

import sys
from pathlib import Path

from core.sandbox.inside.order import DEVICES, Kind

INSIDE = Path(__file__).resolve().parent / "inside"
"""The part of this package that runs in the sandbox's process."""

FOLDER = "/box"
"""The program's own folder, where it is apart."""

_LIBRARIES = ("/usr/lib", "/etc/ld.so.cache")
_MAYBE_LINKS = ("/lib", "/lib64", "/lib32", "/usr/lib64", "/usr/lib32")

_START = "import sys; sys.path.insert(0, sys.argv[1]); from inside.entry import main; del sys.path[0]; main()"


def interpreter() -> Path:
    """The Python that this environment was made of, without links."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    found = Path(sys.base_prefix) / "bin" / name
    return (found if found.exists() else Path(sys.executable)).resolve()


def visible() -> tuple[str, ...]:
    """What a program may read, without links, the outer before the inner."""
    prefix = Path(sys.base_prefix).resolve()
    wanted = {Path(path).resolve() for path in (*_LIBRARIES, *_MAYBE_LINKS)}
    wanted |= {prefix / "lib", prefix / sys.platlibdir, interpreter()}
    there = sorted(path for path in wanted if path.exists())
    return tuple(str(path) for path in there if not any(path.is_relative_to(o) for o in there if o != path))


def links() -> tuple[tuple[str, str], ...]:
    """Symbolic links of the root that lead to libraries: where, to what."""
    return tuple((path, str(Path(path).readlink())) for path in _MAYBE_LINKS if Path(path).is_symlink())


def command(kind: Kind, folder_bytes: int) -> list[str]:
    """What starts the sandbox's process; the numbers of its channels are to be added."""
    if kind == "bubblewrap":
        return [*_bubblewrap(folder_bytes), *_python("/")]
    return _python(str(INSIDE.parent))


def _python(folder: str) -> list[str]:
    """An interpreter without site packages or settings of this user, with unbuffered output."""
    return [str(interpreter()), "-I", "-S", "-u", "-c", _START, folder]


def _bubblewrap(folder_bytes: int) -> list[str]:
    # With --as-pid-1 our supervisor is the first process of the namespace, which no signal from within
    # reaches. --disable-userns and --size need bubblewrap 0.8.
    options = ["--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session"]
    options += ["--as-pid-1", "--cap-drop", "ALL"]
    for path in visible():
        options += ["--ro-bind", path, path]
    for place, target in links():
        options += ["--symlink", target, place]
    for device in DEVICES:
        options += ["--dev-bind", device, device]
    options += ["--ro-bind", str(INSIDE), f"/{INSIDE.name}"]
    options += ["--size", str(folder_bytes), "--tmpfs", FOLDER, "--remount-ro", "/", "--chdir", FOLDER]
    return ["bwrap", *options, "--"]
