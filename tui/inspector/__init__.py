"""The inspector: a lens at the left (what is ablated, on what), and tabs that look through it."""
