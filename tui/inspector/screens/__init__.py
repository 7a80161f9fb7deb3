"""What lies over the tabs for a moment: help, a choice, a number, a path."""
