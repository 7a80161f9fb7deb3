"""Whether what a person decides of importance makes sense, and what of it changes numbers. No torch."""

from __future__ import annotations

from typing import Any

from core.importance.plan import Wishes


def check_wishes(wishes: Wishes) -> None:
    """Makes sure that the wishes go together.

    Raises:
        ValueError: they do not.
    """
    if wishes.accumulators == "host" and wishes.maps == "disk":
        raise ValueError(
            "--sums host adds up in the maps themselves, which --maps disk puts on the disk: leave one of "
            "them out."
        )


def check_wishes_for(wishes: Wishes, layers: int, *, on_gpu: bool) -> None:
    """Makes sure that the wishes make sense for a model.

    Args:
        wishes: what is decided.
        layers: of the model.
        on_gpu: whether it is on a GPU.

    Raises:
        ValueError: they do not.
    """
    if wishes.passes is not None and wishes.passes > layers:
        raise ValueError(
            f"--passes {wishes.passes} asks for more passes than the model has layers: give 1 to {layers}."
        )
    if wishes.accumulators == "device" and not on_gpu:
        raise ValueError("--sums device is for models on a GPU, and this one is on the CPU: leave it out.")


def rounding_of(wishes: Wishes, *, on_gpu: bool) -> dict[str, Any]:
    """What of the wishes a ranking depends on: what rounds the sums in another way.

    That is the rows of a batch, and on a GPU sums in main memory; passes, maps and checkpointing change no
    bit. As with the batch size of outcomes, what a person names is in the key, and what is chosen by itself
    is not: how much memory happens to be free must not make a ranking another one.
    """
    found: dict[str, Any] = {}
    if wishes.rows is not None:
        found["rows"] = wishes.rows
    if on_gpu and wishes.accumulators is not None:
        found["sums"] = wishes.accumulators
    return found
