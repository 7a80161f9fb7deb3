"""The families of each ability, at all three levels."""
