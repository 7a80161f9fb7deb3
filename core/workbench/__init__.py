"""One model with its rankings, masks and outcomes: taken from the cache, or computed and stored."""

from core.recipes import DiagnosticSet, ImportanceRecipe, MaskRecipe
from core.workbench.workbench import Workbench

__all__ = ["DiagnosticSet", "ImportanceRecipe", "MaskRecipe", "Workbench"]
