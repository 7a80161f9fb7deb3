"""The phantom: a Llama in which it is known which neurons an ability needs, to calibrate the instrument."""
