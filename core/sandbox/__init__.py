"""Runs programs that a model wrote where they do no harm: bubblewrap confines them."""
