"""The tabs, in order."""

from __future__ import annotations

from tui.inspector.ais.pane import AisPane
from tui.inspector.masks.overlap_pane import OverlapPane
from tui.inspector.masks.weights_pane import WeightsPane
from tui.inspector.pane import Pane
from tui.inspector.playground.pane import PlaygroundPane
from tui.inspector.run.pane import RunPane
from tui.inspector.samples.pane import SamplesPane
from tui.inspector.stored.pane import CachePane

PANES: tuple[tuple[str, type[Pane]], ...] = (
    ("run", RunPane),
    ("samples", SamplesPane),
    ("ais", AisPane),
    ("weights", WeightsPane),
    ("overlap", OverlapPane),
    ("playground", PlaygroundPane),
    ("cache", CachePane),
)
"""The id of each tab, and what it is."""
