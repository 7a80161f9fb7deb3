"""Whether a model can still write under a mask. No torch."""
