"""Diagnostic items for real models: longer contexts, more steps, open vocabulary; one file an ability."""
