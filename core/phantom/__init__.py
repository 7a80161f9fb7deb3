"""The embedded models (demo, phantoms) and the calibration of the method on the phantoms."""
