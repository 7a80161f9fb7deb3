"""What a person sees: the inspector and the command line. Never imports torch."""
