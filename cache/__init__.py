"""The store: fingerprints, keys, atomic files, locks, rankings and outcomes. Knows no model and no screen."""
