"""Runs in the sandbox's process under a bare interpreter: standard library only, nothing of `core`."""
