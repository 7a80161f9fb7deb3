"""Paths as a person gives them."""

from __future__ import annotations

from pathlib import Path


def expanded(path: str | Path) -> Path:
    """The path as a person gives it, with the home that a `~` stands for.

    Raises:
        ValueError: there is no such home.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise ValueError(
            f"'{path}' begins with a home folder that is not there: give the whole path."
        ) from None
