"""Computes what is asked, stores it, and resumes: rankings, masks, outcomes."""
