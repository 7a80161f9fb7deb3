"""The keys of the lens: each opens a dialog or turns the lens. `keys.py` says what each does."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from tui.inspector.key_order import KeysInOrder
from tui.inspector.questions import (
    how_many_items,
    how_many_scored,
    which_benchmark,
    which_k,
    which_selection,
    which_until,
)
from tui.inspector.widgets.lens_panel import AbilityList

if TYPE_CHECKING:
    from textual.screen import ModalScreen

    from tui.inspector.controller import Controller

T = TypeVar("T")


class LensKeys(KeysInOrder):
    """An app with a lens."""

    controller: Controller

    def ask(self, dialog: ModalScreen[T | None], then: Callable[[T], Any]) -> None:
        """Opens a dialog, and hands on its answer if it has one to a function or coroutine."""

        def take(answer: T | None) -> Any:
            return None if answer is None else then(answer)

        self.push_screen(dialog, take)

    def action_ability(self) -> None:
        """Puts the focus on the abilities; there j and k, or the arrows, choose."""
        self.screen.add_class("-drawer")
        self.screen.query_one(AbilityList).focus()

    def action_variant(self) -> None:
        self.controller.next_variant()

    def action_selection(self) -> None:
        self.ask(which_selection(self.controller), self.controller.set_selection)

    def action_step_k(self, step: int) -> None:
        self.controller.step_k(step)

    def action_enter_k(self) -> None:
        # mypy infers no T from a union.
        self.ask(which_k(self.controller), self.controller.enter_k)  # type: ignore[misc]

    def action_benchmark(self) -> None:
        self.ask(which_benchmark(self.controller), lambda one: self.controller.turn(benchmark=one))

    def action_items(self) -> None:
        self.ask(how_many_items(self.controller), self.controller.set_limit)

    def action_until(self) -> None:
        self.ask(which_until(self.controller), self.controller.set_until)

    def action_scored(self) -> None:
        self.ask(how_many_scored(self.controller), self.controller.set_n_items)

    def action_drawer(self) -> None:
        self.screen.toggle_class("-drawer")
