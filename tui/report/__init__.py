"""A report of a profile's folder: one HTML or Markdown file, and figures for a paper. No torch."""
