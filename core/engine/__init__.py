"""The engine: a process of its own that holds one model, obeys commands and emits events."""
