"""Ways to score weights that are not in the program, tried on models where the calibration can judge them."""
