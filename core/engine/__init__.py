"""The engine: a process of its own that holds one model and does jobs, told by commands, telling events."""
