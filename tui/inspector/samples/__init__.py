"""The tab Samples: every item, what base and ablated model did, and what flipped."""
