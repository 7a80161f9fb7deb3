"""Importance: what scores every candidate weight by gradient times weight, and the plan of its memory."""
