"""The tabs Weights and Overlap: where masks lie, and what they share."""
