"""How far the method finds again what was planted in a phantom."""
