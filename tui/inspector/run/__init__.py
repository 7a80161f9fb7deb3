"""The tab Run: base, ablated and random control beside each other while they run."""
