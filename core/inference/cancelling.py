"""Cancelling within a pass over a model: every decoder layer asks before it begins. No torch by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn


class Cancelled(Exception):  # noqa: N818 (what a person asked for is no error)
    """The computation was cancelled; nothing of the batch in hand was stored."""


def check_between_layers(layers: Iterable[nn.Module], is_cancelled: Callable[[], bool]) -> None:
    """Makes decoder layers raise `Cancelled` before their forward or backward pass, from now on.

    A batch of a large model takes minutes on a CPU, a layer of it seconds.

    Args:
        layers: of a loaded model.
        is_cancelled: must not wait; called twice per layer and pass.
    """

    def check(*_: Any) -> None:
        if is_cancelled():
            raise Cancelled

    def check_backward(_: nn.Module, __: tuple[Any, ...], output: Any) -> None:
        hidden = output[0] if isinstance(output, tuple) else output
        if hidden.requires_grad:
            hidden.register_hook(check)

    for layer in layers:
        layer.register_forward_pre_hook(check)
        layer.register_forward_hook(check_backward)
