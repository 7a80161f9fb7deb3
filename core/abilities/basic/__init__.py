"""Diagnostic items with a closed vocabulary, for the embedded models: one file an ability."""
