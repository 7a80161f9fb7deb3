"""Files that the inspector writes: whole or not at all, and never over another one unasked."""

from __future__ import annotations

import uuid
from datetime import datetime
from pathlib import Path

from cache.files import TEMPORARY_SUFFIX
from tui.inspector.pane import Exported

SCREEN_STEM = "abilityscope-screen"


def default_name(exported: Exported, now: datetime) -> str:
    """What a file is called unless the person names it: what it is, when, and in the usual format."""
    return f"{exported.stem}-{now:%Y-%m-%d-%H%M}{exported.suffixes[0]}"


def export_path(typed: str, exported: Exported, folder: Path) -> Path:
    """The file that a person means.

    Args:
        typed: a path; `~` is the home folder; without a suffix the usual one is put behind it.
        exported: what is to be written.
        folder: where a relative path begins.

    Raises:
        ValueError: it is no path of a file in a folder that there is, or of no format that there is.
    """
    if not typed.strip():
        raise ValueError("Write the path of a file.")
    path = folder / Path(typed.strip()).expanduser()
    if path.is_dir():
        raise ValueError(f"{path} is a folder: write the name of a file behind it.")
    if not path.suffix:
        path = path.with_name(f"{path.name}{exported.suffixes[0]}")
    if path.suffix.lower() not in exported.suffixes:
        known = ", ".join(exported.suffixes)
        raise ValueError(f"There is no format '{path.suffix}' for this: end the name in {known}.")
    if not path.parent.is_dir():
        raise ValueError(f"There is no folder {path.parent}: make it, or choose another one.")
    return path


def other_suffix(typed: str, suffixes: tuple[str, ...]) -> str:
    """The same path in the next of the formats."""
    path = Path(typed)
    if path.suffix in suffixes:
        following = suffixes[(suffixes.index(path.suffix) + 1) % len(suffixes)]
        return typed.removesuffix(path.suffix) + following
    return f"{typed}{suffixes[0]}"


def write_export(exported: Exported, path: Path) -> None:
    """Writes the file, over one that is there; waits for the disk: for a thread.

    Raises:
        OSError: it cannot be written; what was there before is untouched.
    """
    # The suffix stays the last part of the name, since it says in which format to write.
    temporary = path.with_name(f".{uuid.uuid4().hex}{TEMPORARY_SUFFIX}{path.suffix}")
    try:
        exported.write(temporary)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def screen_picture(svg: str) -> Exported:
    """The whole screen as a picture.

    Args:
        svg: as `App.export_screenshot` gives it, taken before any dialog lies over the screen.
    """
    return Exported(SCREEN_STEM, (".svg",), lambda path: _write_text(path, svg))


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
