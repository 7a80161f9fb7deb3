"""Runs generated code where it can do no harm, and refuses where it could. Linux; no torch."""
