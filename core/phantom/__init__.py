"""The embedded models (demo, phantoms) and the calibration of the method on the phantoms."""

from pathlib import Path

SHIPPED_CACHE = Path(__file__).with_name("shipped_cache")
"""A cache folder that is only read: what a newcomer would wait for on small models."""

DIAGNOSTIC_ITEMS = 100
"""Default number of items of each ability that score the weights."""

HELDOUT_ITEMS = 40
"""Default number of items of each benchmark."""
