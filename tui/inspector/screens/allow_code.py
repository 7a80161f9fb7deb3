"""Asks whether code that the model writes may run, and says in which sandbox, if any."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option as Row

from core.benchmarks.program_tests import UNCONFINED
from core.sandbox.programs import DEFAULT_LIMITS
from tui.inspector.screens.dialogs import FRAME_CSS
from tui.inspector.session import CodePermission, Sandboxing
from tui.numbers import size_text
from tui.safe_text import safe_line

if TYPE_CHECKING:
    from textual.app import ComposeResult

INSISTING = "unsafe"
"""Typed to run code without a sandbox."""


class AllowCode(ModalScreen[CodePermission | None]):
    """Gives the permission, or None: enter and esc mean no at first."""

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

    def __init__(self, benchmarks: Sequence[str], sandboxing: Sandboxing) -> None:
        """Makes the dialog for the named benchmarks; without names it is about all."""
        super().__init__()
        self._benchmarks, self._sandboxing = benchmarks, sandboxing

    def compose(self) -> ComposeResult:
        sandboxing = self._sandboxing
        with Vertical(id="frame") as frame:
            frame.border_title = "Run the model's code?"
            yield Static(safe_line(_question(self._benchmarks)), markup=False)
            if sandboxing.kind is not None:
                frame.border_subtitle = "y runs them   n, esc back"
                yield Static(f"{_kept_apart(sandboxing.kind)}\n{_limits()}", markup=False)
                yield Static(HOLDS, markup=False)
                yield OptionList(Row("No", id="no"), Row("Yes, in the sandbox", id="yes"))
                return
            yield Static(safe_line(sandboxing.reason), markup=False)
            if sandboxing.problem:
                frame.border_subtitle = "esc back"
                yield Static(safe_line(sandboxing.problem), classes="problem", markup=False)
                return
            frame.border_subtitle = "esc back"
            yield Static(UNCONFINED, classes="problem", markup=False)
            yield Static(f"{_limits()} {HOLDS}", markup=False)
            yield Static(f"To run them anyway, type {INSISTING} and enter:", id="ask", markup=False)
            yield Input(compact=True)

    def on_mount(self) -> None:
        for widget in self.query("OptionList, Input"):
            widget.focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """No single key allows code outside of a sandbox."""
        return self._sandboxing.kind is not None if action == "yes" else True

    @on(OptionList.OptionSelected)
    def _choose(self, event: OptionList.OptionSelected) -> None:
        if event.option.id == "yes":
            self.action_yes()
        else:
            self.action_no()

    @on(Input.Submitted)
    def _insist(self, event: Input.Submitted) -> None:
        if event.value.strip().casefold() == INSISTING:
            self.dismiss(CodePermission(allowed=True, without_sandbox=True))
        else:
            self.query_one("#ask", Static).update(f"Nothing runs: type {INSISTING} and enter, or esc.")

    def action_yes(self) -> None:
        """Allows code in the sandbox."""
        self.dismiss(CodePermission(allowed=True))

    def action_no(self) -> None:
        """Allows nothing."""
        self.dismiss(None)


HOLDS = "Valid until you leave the inspector or withdraw it (ctrl+p, code)."


def _question(benchmarks: Sequence[str]) -> str:
    names = " and ".join(benchmarks) or "HumanEval and MBPP"
    run = "runs" if len(benchmarks) == 1 else "run"
    return f"{names} {run} programs that the model writes, with their tests, on this machine."


def _kept_apart(kind: str) -> str:
    return (
        f"Sandbox: {kind}. Each program runs in its own process and empty folder, "
        "without network or access to your files."
    )


def _limits() -> str:
    limits = DEFAULT_LIMITS
    return (
        f"Limits: {limits.cpu_seconds} s of computing, {limits.wall_seconds:g} s in all, "
        f"{size_text(limits.memory_bytes)} of memory and {limits.processes} processes at a time, "
        f"{size_text(limits.output_bytes)} of output."
    )
