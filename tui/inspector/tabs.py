"""The tabs, in order."""

from __future__ import annotations

from tui.inspector.pane import Pane
from tui.inspector.panes.ais import AisPane
from tui.inspector.panes.cache import CachePane
from tui.inspector.panes.overlap import OverlapPane
from tui.inspector.panes.playground import PlaygroundPane
from tui.inspector.panes.run import RunPane
from tui.inspector.panes.samples import SamplesPane
from tui.inspector.panes.weights import WeightsPane

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
