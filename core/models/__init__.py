"""Models: asked for, found, described, loaded; the flat address space of candidate weights."""
