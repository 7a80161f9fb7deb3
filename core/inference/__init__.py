"""What a model says: log-likelihoods of continuations, and generation."""
