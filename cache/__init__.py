"""The store: cache keys, atomic files, locks, rankings, outcomes and tables. Knows no model and no screen."""
