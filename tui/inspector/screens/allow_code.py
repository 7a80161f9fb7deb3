"""Asks whether code that the model writes may run, and says in which sandbox."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option as Row

from core.sandbox.bubblewrap import DEFAULT_LIMITS
from tui.inspector.screens.dialogs import FRAME_CSS
from tui.numbers import size_text
from tui.safe_text import safe_line

if TYPE_CHECKING:
    from textual.app import ComposeResult


class AllowCode(ModalScreen[bool]):
    """Whether they may: enter and esc mean no at first."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "no", "no", id="code.no", tooltip="Let no program run"),
        Binding("n", "no", "no", id="code.no_letter", show=False, tooltip="Let no program run"),
        Binding("y", "yes", "yes", id="code.yes", show=False, tooltip="Let programs run in the sandbox"),
    ]

    SCOPED_CSS: ClassVar[bool] = False
    DEFAULT_CSS = f"""
    {FRAME_CSS.format(name="AllowCode")}
    AllowCode #frame {{ overflow-y: auto; scrollbar-size-vertical: 1; }}
    AllowCode Static {{ height: auto; margin-bottom: 1; }}
    AllowCode OptionList {{ height: 2; border: none; padding: 0; background: $surface; }}
    AllowCode OptionList:focus {{ border: none; }}
    """

    def __init__(self, benchmarks: Sequence[str]) -> None:
        """Makes the dialog for the named benchmarks; without names it is about all."""
        super().__init__()
        self._benchmarks = benchmarks

    def compose(self) -> ComposeResult:
        with Vertical(id="frame") as frame:
            frame.border_title = "Run the model's code?"
            frame.border_subtitle = "y runs them   n, esc back"
            yield Static(safe_line(_question(self._benchmarks)), markup=False)
            yield Static(f"{SANDBOX}\n{_limits()}", markup=False)
            yield Static(HOLDS, markup=False)
            yield OptionList(Row("No", id="no"), Row("Yes, in the sandbox", id="yes"))

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()

    @on(OptionList.OptionSelected)
    def _choose(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option.id == "yes")

    def action_yes(self) -> None:
        """Allows code in the sandbox."""
        self.dismiss(True)

    def action_no(self) -> None:
        """Allows nothing."""
        self.dismiss(False)


SANDBOX = (
    "Sandbox: bubblewrap. Each program runs in its own process and empty folder, "
    "without network or access to your files."
)

HOLDS = "Valid until you leave the inspector or withdraw it (ctrl+p, code)."


def _question(benchmarks: Sequence[str]) -> str:
    names = " and ".join(benchmarks) or "HumanEval and MBPP"
    run = "runs" if len(benchmarks) == 1 else "run"
    return f"{names} {run} programs that the model writes, with their tests, on this machine."


def _limits() -> str:
    limits = DEFAULT_LIMITS
    return (
        f"Limits: {limits.cpu_seconds} s of computing, {limits.wall_seconds:g} s in all, "
        f"{size_text(limits.memory_bytes)} of memory and {limits.processes} processes at a time, "
        f"{size_text(limits.output_bytes)} of output."
    )
