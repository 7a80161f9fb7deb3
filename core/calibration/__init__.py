"""How far the method finds again what was planted in a phantom: which abilities, and in which weights."""

DIAGNOSTIC_ITEMS = 100
"""Of each ability, unless a person says otherwise."""

HELDOUT_ITEMS = 40
"""Of each benchmark, unless a person says otherwise."""
