"""How far the method finds again what was planted in a phantom."""

DIAGNOSTIC_ITEMS = 100
"""Default number of items of each ability that score the weights."""

HELDOUT_ITEMS = 40
"""Default number of items of each benchmark."""
