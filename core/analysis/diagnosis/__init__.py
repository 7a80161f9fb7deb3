"""How an ablated answer fails, and how it differs from the base answer. No torch."""
