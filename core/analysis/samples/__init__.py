"""The items of a benchmark and what models answered to them, one by one. No torch."""
