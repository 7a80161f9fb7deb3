"""What ends a computation before it is done, because a person asked for it."""

from __future__ import annotations


class Cancelled(Exception):  # noqa: N818 (what a person asked for is no error)
    """The computation was cancelled between two batches; nothing of it was stored."""
