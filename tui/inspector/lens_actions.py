"""The keys that turn the lens."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from core.masks.choices import SELECTIONS
from core.models.matrices import VARIANTS
from tui.inspector.lens import k_grid, next_k
from tui.inspector.screens.dialogs import Choose, EnterCount, EnterNumber, Option
from tui.inspector.shell import Shell
from tui.inspector.widgets.lens_panel import AbilityList
from tui.numbers import k_text

if TYPE_CHECKING:
    from core.benchmarks.benchmark import Benchmark


class LensActions(Shell):
    """Ability, variant, selection, k, benchmark and number of items."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "ability", "ability", id="lens.ability", show=False, tooltip="Choose an ability"),
        Binding(
            "v", "variant", "variant", id="lens.variant", show=False, tooltip="MLP-only, all layers, base"
        ),
        Binding("s", "selection", "select", id="lens.selection", show=False, tooltip="Which weights"),
        Binding("left_square_bracket", "step_k(-1)", "less", id="lens.less", show=False, tooltip="Smaller k"),
        Binding("right_square_bracket", "step_k(1)", "more", id="lens.more", show=False, tooltip="Larger k"),
        Binding("K", "enter_k", "k", id="lens.enter_k", show=False, tooltip="Type a k"),
        Binding("b", "benchmark", "benchmark", id="lens.benchmark", show=False, tooltip="Choose a benchmark"),
        Binding("I", "items", "items", id="lens.items", show=False, tooltip="How many items"),
        Binding("L", "drawer", "lens", id="lens.drawer", show=False, tooltip="Lens in or out"),
    ]

    def action_ability(self) -> None:
        """Puts the focus on the abilities; there j and k, or the arrows, choose."""
        self.screen.add_class("-drawer")
        self.screen.query_one(AbilityList).focus()

    def action_variant(self) -> None:
        """The next variant."""
        variant = VARIANTS[(VARIANTS.index(self.lens.variant) + 1) % len(VARIANTS)]
        self.set_lens(replace(self.lens, variant=variant))

    def action_selection(self) -> None:
        """The next selection."""
        selection = SELECTIONS[(SELECTIONS.index(self.lens.selection) + 1) % len(SELECTIONS)]
        self.set_lens(replace(self.lens, selection=selection))

    def action_step_k(self, step: int) -> None:
        """The next k of the grid."""
        self.set_lens(replace(self.lens, k=next_k(self.lens.k, k_grid(self.session.spec.model), step)))

    def action_enter_k(self) -> None:
        """Asks for a k."""

        def take(k: float | None) -> None:
            if k is not None:
                self.set_lens(replace(self.lens, k=k))

        hint = f"A share of all parameters: 0.5 %, 0.005 or 5e-3. Now {k_text(self.lens.k)}."
        self.push_screen(EnterNumber("k", hint, self._wrong_k), take)

    def action_benchmark(self) -> None:
        """Asks for a benchmark."""

        def take(benchmark: str | None) -> None:
            if benchmark is not None:
                self.set_lens(replace(self.lens, benchmark=benchmark))

        options = [
            Option(b.id, b.name, self._note_on(b), b.id in self.known.benchmarks)
            for b in self.session.benchmarks
        ]
        self.push_screen(Choose("benchmark", options, self.lens.benchmark, self.session.marks), take)

    def action_items(self) -> None:
        """Asks for the number of items."""

        def take(limit: int | None) -> None:
            if limit is not None:
                whole = self.session.benchmark(self.lens.benchmark).n_items
                self.set_lens(replace(self.lens, limit=None if limit >= whole else limit))

        benchmark = self.session.benchmark(self.lens.benchmark)
        hint = f"Of each benchmark; {benchmark.name} has {benchmark.n_items:,}."
        self.push_screen(EnterCount("items", hint), take)

    def action_drawer(self) -> None:
        """Shows or hides the lens where the terminal is narrow."""
        self.screen.toggle_class("-drawer")

    def _note_on(self, benchmark: Benchmark) -> str:
        """What a benchmark asks, and what it needs."""
        if not self.session.runs_code(benchmark.id):
            return benchmark.about
        need = "which is allowed" if self.session.code.allowed else "and asks first"
        return f"{benchmark.about} (runs what the model writes, {need})"

    def _wrong_k(self, k: float) -> str:
        """Why a k cannot be used; empty if it can."""
        from core.models.description import selectable_weights

        if self.info is None or self.lens.variant == "base":
            return "" if 0 < k <= 1 else "k is a share of all parameters: above 0 and up to 100 %."
        try:
            selectable_weights(k, self.lens.variant, self.info)
        except ValueError as error:
            return str(error)
        return ""
