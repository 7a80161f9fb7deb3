"""Diagnostic items for small real models: one step, everyday English, short contexts; one file an ability."""
