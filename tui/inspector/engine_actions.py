"""The keys that ask the engine for something."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from core.abilities.catalogue import ABILITIES
from core.engine.commands import Cancel, Pause, Resume, StartRuns
from core.experiment.specs import MaskSpec, Run
from tui.inspector.screens.dialogs import Choose, Option
from tui.inspector.shell import Shell
from tui.names import how_words, job_title, short_benchmark

if TYPE_CHECKING:
    from tui.inspector.lens import Lens


class EngineActions(Shell):
    """Run, queue, pause, cancel, restart."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "run", "run", id="engine.run", tooltip="Run what the lens looks at; queued if busy"),
        Binding("m", "enqueue", "more", id="engine.enqueue", tooltip="Run several benchmarks or abilities"),
        Binding("c", "cancel", "cancel", id="engine.cancel", tooltip="Cancel the running job"),
        Binding("p", "pause", "pause", id="engine.pause", tooltip="Pause, or go on"),
        Binding("R", "restart_engine", "restart", id="engine.restart", tooltip="Start the engine again"),
    ]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Which keys are of use just now: the footer shows no others."""
        activity = self.session.activity
        if action == "restart_engine":
            return activity.link == "lost"
        if action in ("cancel", "pause"):
            return activity.is_busy
        return super().check_action(action, parameters)

    def action_run(self) -> None:
        """Runs what the lens looks at, beside base and the random control."""
        title = job_title(self.lens.mask, self.lens.benchmark)
        self._start(title, [self.lens.ability], [self.lens.benchmark])

    def action_enqueue(self) -> None:
        """Asks which of several to run."""
        lens = self.lens
        everything = [b.id for b in self.session.benchmarks]
        abilities = [a.id for a in ABILITIES]
        here, name = short_benchmark(lens.ability), short_benchmark(lens.benchmark)
        choices: dict[str, tuple[str, list[str], list[str]]] = {
            "row": (f"{here} on all {len(everything)} benchmarks", [lens.ability], everything),
            "column": (f"all {len(abilities)} abilities on {name}", abilities, [lens.benchmark]),
            "matrix": (
                f"all {len(abilities)} abilities on all {len(everything)} benchmarks",
                abilities,
                everything,
            ),
        }
        if lens.variant == "base":
            choices = {"row": (f"base on all {len(everything)} benchmarks", [lens.ability], everything)}

        def take(choice: str | None) -> None:
            if choice is not None:
                title, which, on = choices[choice]
                # Jobs are told apart by their titles, here and by whoever lists them.
                how = "" if lens.mask is None else f" · {how_words(lens.mask)}"
                self._start(f"{title}{how}", which, on)

        options = [Option(key, title) for key, (title, _, _) in choices.items()]
        self.push_screen(Choose("run", options, "row", self.session.marks), take)

    def action_cancel(self) -> None:
        """Cancels the running job, or else the one that was queued last."""
        activity = self.session.activity
        job = activity.job or (activity.queued[-1] if activity.queued else None)
        if job is not None:
            self.emit_engine(Cancel(job.id))

    def action_pause(self) -> None:
        """Holds the running job, or lets it go on."""
        job = self.session.activity.job
        if job is not None:
            self.emit_engine(Resume(job.id) if job.state == "paused" else Pause(job.id))

    def action_restart_engine(self) -> None:
        """Starts the engine again, and with it what it had not finished."""
        if self.session.activity.link == "lost":
            self.clear_problem()
            self.connect_engine()

    def _start(self, title: str, abilities: Sequence[str], benchmarks: Sequence[str]) -> None:
        lens = self.lens
        if self.known.problem:
            self.say_problem(self.known.problem)
        elif all(self.session.is_counted(benchmark) for benchmark in benchmarks):
            self.emit_engine(StartRuns(title, self._runs(lens, abilities, benchmarks)))
        else:
            self.notify(f"Counting the items of {len(benchmarks)} benchmarks.", timeout=2, markup=False)
            work = partial(self._count_and_start, lens, title, abilities, benchmarks)
            self._begin(work, "start", exclusive=False)

    async def _count_and_start(
        self, lens: Lens, title: str, abilities: Sequence[str], benchmarks: Sequence[str]
    ) -> None:
        try:
            for benchmark in benchmarks:
                await asyncio.to_thread(self.session.count, benchmark)
        except (ValueError, OSError) as error:
            self.say_problem(" ".join(str(error).split()))
        else:
            self.emit_engine(StartRuns(title, self._runs(lens, abilities, benchmarks)))

    def _runs(self, lens: Lens, abilities: Sequence[str], benchmarks: Sequence[str]) -> tuple[Run, ...]:
        """Base, then each ability's mask, then its control, on each benchmark."""
        items = {name: self.session.items_of(self.session.benchmark(name), lens) for name in benchmarks}
        masks: list[MaskSpec | None] = [None]
        for ability in abilities:
            at = replace(lens, ability=ability)
            masks += [mask for mask in (at.mask, at.control) if mask is not None]
        return tuple(Run(mask, benchmark, n) for mask in masks for benchmark, n in items.items())
