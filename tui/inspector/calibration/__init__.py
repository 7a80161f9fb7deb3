"""The calibration of the method on the phantom: what was planted beside what is found."""
