"""Computes what is asked of a model, stores it, and resumes: tasks, cache keys, rankings, masks, outcomes."""
