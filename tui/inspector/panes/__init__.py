"""The inspector's tabs, one file or folder each."""
