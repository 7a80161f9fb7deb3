"""Where the shipped cache lies: what a newcomer would wait for on the demo model. No torch."""

from __future__ import annotations

from pathlib import Path

SHIPPED_CACHE = Path(__file__).with_name("shipped_cache")
"""A cache folder that is only read; made by `python -m core.phantom.ship_cache`."""

SHIPPED_MODEL = "demo"
"""The model that its entries are of."""
