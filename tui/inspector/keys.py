"""The tabs in their order, and the keys that work everywhere."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple, cast

from textual.binding import Binding, BindingType

if TYPE_CHECKING:
    from tui.inspector.pane import Pane


class PaneSource(NamedTuple):
    """Where a tab is defined: the first screen imports no other tab than the one in front."""

    title: str
    module: str
    name: str

    def load(self) -> type[Pane]:
        """The tab's class, imported now at the latest."""
        return cast("type[Pane]", getattr(import_module(f"tui.inspector.{self.module}"), self.name))


PANES: tuple[tuple[str, PaneSource], ...] = (
    ("run", PaneSource("Run", "run.pane", "RunPane")),
    ("samples", PaneSource("Samples", "samples.pane", "SamplesPane")),
    ("ais", PaneSource("AIS", "ais.pane", "AisPane")),
    ("weights", PaneSource("Weights", "masks.weights_pane", "WeightsPane")),
    ("overlap", PaneSource("Overlap", "masks.overlap_pane", "OverlapPane")),
    ("playground", PaneSource("Playground", "playground.pane", "PlaygroundPane")),
    ("cache", PaneSource("Cache", "stored.pane", "CachePane")),
)
"""The id of each tab, and where it is."""


def _hidden(key: str, action: str, word: str, binding_id: str, tooltip: str) -> Binding:
    """A binding that the key line does not show."""
    return Binding(key, action, word, id=binding_id, show=False, tooltip=tooltip)


KEYS: list[BindingType] = [
    *(
        _hidden(str(number), f"tab('{pane_id}')", pane.title, f"tab.{pane_id}", pane.title)
        for number, (pane_id, pane) in enumerate(PANES, start=1)
    ),
    _hidden("slash", "search", "search", "screen.search", "Search in this tab"),
    _hidden("y", "copy", "copy", "screen.copy", "Copy to the clipboard"),
    _hidden("e", "export", "export", "screen.export", "Write to a file"),
    _hidden("z", "zoom", "zoom", "screen.zoom", "This tab alone, or all"),
    _hidden("t", "theme", "theme", "screen.theme", "Next theme"),
    _hidden("C", "calibration", "calibrate", "screen.calibration", "The method where the truth is known"),
    _hidden("escape", "put_away", "back", "screen.put_away", "Put a message away"),
    _hidden("d", "detach", "detach", "screen.detach", "Leave; the engine goes on"),
    Binding("question_mark", "help", "help", id="screen.help", tooltip="Keys and marks of this tab"),
    Binding("R", "restart_engine", "restart engine", id="engine.restart", tooltip="Start the engine again"),
    Binding("r", "run", "run", id="engine.run", tooltip="Run what the lens looks at; queued if busy"),
    Binding("c", "cancel", "cancel", id="engine.cancel", tooltip="Cancel the running job"),
    Binding("p", "pause", "pause", id="engine.pause", tooltip="Pause, or go on"),
    Binding("q", "leave", "quit", id="screen.quit", tooltip="Quit; a running job goes on"),
    Binding(
        "m", "enqueue", "run several", id="engine.enqueue", tooltip="Run several benchmarks or abilities"
    ),
    _hidden("Q", "queue", "queue", "engine.queue", "What runs and waits: cancel or move any of it"),
    _hidden("X", "code", "code", "engine.code", "Let programs that the model writes run, or no longer"),
    _hidden(
        "M", "second_model", "model B", "model.second", "Choose a second model to look at beside the first"
    ),
    _hidden("B", "turn_model", "A, B, B - A", "model.turn", "Look at model A, B, or what B does otherwise"),
    _hidden("a", "ability", "ability", "lens.ability", "Choose an ability"),
    _hidden("v", "variant", "variant", "lens.variant", "MLP-only, all layers, base"),
    _hidden("s", "selection", "select", "lens.selection", "Choose a selection: which weights are ablated"),
    _hidden("left_square_bracket", "step_k(-1)", "less", "lens.less", "Smaller k"),
    _hidden("right_square_bracket", "step_k(1)", "more", "lens.more", "Larger k"),
    _hidden("K", "enter_k", "k", "lens.enter_k", "Type a k"),
    _hidden("b", "benchmark", "benchmark", "lens.benchmark", "Choose a benchmark"),
    _hidden("I", "items", "items", "lens.items", "How many items"),
    _hidden("U", "until", "until", "lens.until", "Stop each run as soon as it is known"),
    _hidden("S", "scored", "scoring", "lens.scored", "How many items score the weights"),
    _hidden("L", "drawer", "lens", "lens.drawer", "Lens in or out"),
    _hidden("ctrl+p", "command_palette", "palette", "screen.palette", "Everything, by name"),
]
"""The app's own bindings, in the order of the help; settings files name their ids."""
