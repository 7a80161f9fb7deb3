"""How far the loading of weights is: counts them as transformers takes them up."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import PreTrainedModel
from transformers.utils import logging

from core.models.files import weight_files
from core.models.headers import owner, stored_tensors

OnProgress = Callable[[str, int, int], None]
"""Is told what is done just now in a few words, how many bytes of it are done, and of how many; 0 of 0 where
that is not known."""

OnBytes = Callable[[int, int], None]
"""Is told how many bytes of how many are done."""

TELL_EVERY_S = 0.1
"""Seconds between two words on the same thing."""

TAKING_UP = "Loading weights"
"""What transformers calls its loop over the parameters, whose values come from the files in it."""


@contextmanager
def counted(folder: Path, emit: OnBytes) -> Iterator[None]:
    """Inside, what transformers takes up of a folder's weight files is told, in bytes of the files."""
    sizes = _stored_bytes(folder)

    def make_bar(factory: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        if named.get("desc") != TAKING_UP:
            return factory(*arguments, **named)
        return _counting(arguments[0], sizes, emit)

    before = logging.set_tqdm_hook(make_bar)
    try:
        yield
    finally:
        logging.set_tqdm_hook(before)


def move(model: PreTrainedModel, device: torch.device, emit: OnBytes) -> None:
    """Moves a model to a device, as `model.to` does, module by module."""
    total, told = model.get_memory_footprint(), _Paced(emit)
    seen: set[int] = set()
    done = 0
    for module in model.modules():
        if next(module.children(), None) is not None:
            continue
        own = {id(tensor): tensor.nbytes for tensor in _tensors(module)}
        done += sum(size for tensor, size in own.items() if tensor not in seen)
        seen |= own.keys()
        module.to(device)
        told(done, total)
    model.to(device)  # what is in no leaf
    emit(total, total)


def _tensors(module: nn.Module) -> list[torch.Tensor]:
    return [*module.parameters(recurse=False), *module.buffers(recurse=False)]


def _counting(
    parts: Iterable[tuple[str, Any]], sizes: Mapping[str, int], emit: OnBytes
) -> Iterator[tuple[str, Any]]:
    """The parts, each counted when the next one is asked for."""
    total, done, told = sum(sizes.values()), 0, _Paced(emit)
    for name, part in parts:
        yield name, part
        done += sizes.get(name, 0)
        told(done, total)
    emit(total, total)


class _Paced:
    """Passes on a count now and then."""

    def __init__(self, emit: OnBytes) -> None:
        self._emit, self._next = emit, 0.0

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() >= self._next:
            self._emit(done, total)
            self._next = time.monotonic() + TELL_EVERY_S


def _stored_bytes(folder: Path) -> Counter[str]:
    """The bytes in the files of each parameter, its scales with it, by its name."""
    sizes: Counter[str] = Counter()
    for tensor in stored_tensors(weight_files(folder)):
        sizes[owner(tensor.name)] += tensor.size_bytes
    return sizes
