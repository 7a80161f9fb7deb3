"""Whether what a person decides of importance makes sense, and what of it changes numbers. No torch."""

from __future__ import annotations

from typing import Any

from core.importance.plan import MemoryOptions


def check_memory_options(memory_options: MemoryOptions) -> None:
    """Makes sure that the memory options go together.

    Raises:
        ValueError: they do not.
    """
    if memory_options.accumulators == "host" and memory_options.maps == "disk":
        raise ValueError(
            "--accumulate-on host adds up in the maps themselves, which --maps disk puts on the disk: leave "
            "one of them out."
        )


def check_memory_options_for(memory_options: MemoryOptions, layers: int, *, on_gpu: bool) -> None:
    """Makes sure that the memory options make sense for a model.

    Args:
        memory_options: what is decided.
        layers: of the model.
        on_gpu: whether it is on a GPU.

    Raises:
        ValueError: they do not.
    """
    if memory_options.passes is not None and memory_options.passes > layers:
        raise ValueError(
            f"--passes {memory_options.passes} asks for more passes than the model has layers: give 1 to "
            f"{layers}."
        )
    if memory_options.accumulators == "device" and not on_gpu:
        raise ValueError(
            "--accumulate-on device is for models on a GPU, and this one is on the CPU: leave it out."
        )


def rounding_of(memory_options: MemoryOptions, *, on_gpu: bool) -> dict[str, Any]:
    """What of the memory options a ranking depends on: what rounds the sums in another way.

    That is the rows of a batch, and on a GPU sums in main memory; passes, maps and checkpointing change no
    bit. As with the batch size of outcomes, what a person names is in the key, and what is chosen by itself
    is not: how much memory happens to be free must not make a ranking another one.
    """
    found: dict[str, Any] = {}
    if memory_options.rows is not None:
        found["scoring_batch"] = memory_options.rows
    if on_gpu and memory_options.accumulators is not None:
        found["accumulate_on"] = memory_options.accumulators
    return found
