"""Whether programs that the model writes may run: asked once, before the first job that runs any."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from textual.binding import Binding, BindingType

from core.benchmarks.program_tests import UNCONFINED
from core.engine.commands import StartRuns
from tui.inspector.session import CodePermission
from tui.inspector.shell import Shell
from tui.inspector.widgets.frame import Header
from tui.safe_text import safe_line

if TYPE_CHECKING:
    from core.engine.commands import Command

WARNED_S = 10.0
"""How long the warning stays that there is no sandbox."""


class CodeActions(Shell):
    """Asks before jobs that run code, and lets the person take the answer back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "X",
            "code",
            "code",
            id="engine.code",
            show=False,
            tooltip="Let programs that the model writes run, or no longer",
        ),
    ]

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._asking = asyncio.Lock()

    def emit_engine(self, command: Command) -> None:
        """Sends a command; of a job that runs code only what the person allows, who is asked if need be."""
        can_start = not self.session.readonly and self.session.activity.link != "lost"
        if isinstance(command, StartRuns) and can_start and self._code_in(command):
            self._begin(partial(self._ask_first, command), "code", exclusive=False)
        else:
            super().emit_engine(command)

    def action_code(self) -> None:
        """Takes back that programs may run, or asks whether they may."""
        if self.session.readonly:
            self.say_problem("This inspector was started with --readonly: it only looks.")
        elif self.session.code.allowed:
            self._permit(CodePermission())
            kept = "those of jobs that were asked for still do" if self.session.activity.is_busy else ""
            self.notify(f"Programs run no longer{'; ' if kept else '.'}{kept}", markup=False)
        else:
            self._begin(self._ask, "code", exclusive=False)

    async def _ask(self) -> None:
        await self._may_run([])

    async def _ask_first(self, command: StartRuns) -> None:
        """Sends a job whole, or without what may not run."""
        names = self._code_in(command)
        if await self._may_run(names):
            permission = self.session.code
            super().emit_engine(
                msgspec.structs.replace(command, allow_code=True, without_sandbox=permission.without_sandbox)
            )
            return
        rest = tuple(run for run in command.runs if not self.session.runs_code(run.benchmark))
        self.notify(f"Not run: {safe_line(', '.join(names))}.", markup=False)
        if rest:
            super().emit_engine(msgspec.structs.replace(command, runs=rest, allow_code=False))

    async def _may_run(self, names: Sequence[str]) -> bool:
        """Whether programs may run, in the way that this machine has; asks unless that was answered.

        Args:
            names: of the benchmarks that are to run them; none if it is about all.
        """
        from tui.inspector.screens.allow_code import AllowCode, Sandboxing

        async with self._asking:  # who asks twice at once gets one dialog
            sandboxing = await asyncio.to_thread(Sandboxing.found)
            code = self.session.code
            if code.without_sandbox and sandboxing.kind is not None:
                self.notify(f"A sandbox works here ({sandboxing.kind}), and is used.", markup=False)
                code = self._permit(replace(code, without_sandbox=False))
            is_answered = sandboxing.kind is not None or (code.without_sandbox and not sandboxing.problem)
            if not (code.allowed and is_answered):
                answer = await self.push_screen_wait(AllowCode(names, sandboxing))
                if answer is None:
                    return False
                code = self._permit(answer)
            if code.without_sandbox:
                self.notify(UNCONFINED, severity="warning", timeout=WARNED_S, markup=False)
            return True

    def _permit(self, permission: CodePermission) -> CodePermission:
        self.session.code = permission
        self.screen_stack[0].query_one(Header).refresh()
        return permission

    def _code_in(self, command: StartRuns) -> list[str]:
        """The names of a job's benchmarks that run code."""
        ids = dict.fromkeys(run.benchmark for run in command.runs)
        return self.session.names([one for one in ids if self.session.runs_code(one)])
