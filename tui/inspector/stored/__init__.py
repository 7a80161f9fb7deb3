"""The tab Cache: what is stored."""
