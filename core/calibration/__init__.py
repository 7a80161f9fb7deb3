"""How far the method finds again what was planted in a phantom: which abilities, and in which weights."""

DIAGNOSTIC_ITEMS = 200
"""Of each ability, unless a person says otherwise."""

HELDOUT_ITEMS = 50
"""Of each benchmark, unless a person says otherwise."""
