"""Where the shipped cache lies: what a newcomer would wait for on small models. No torch."""

from __future__ import annotations

from pathlib import Path

SHIPPED_CACHE = Path(__file__).with_name("shipped_cache")
"""A cache folder that is only read; made by `python -m core.phantom.ship_cache`."""
