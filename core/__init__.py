"""The engine: abilities, importance, selection, ablation, evaluation, AIS. Knows no screen."""
