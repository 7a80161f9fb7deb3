"""The tables of a profile. No torch."""
