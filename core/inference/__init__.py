"""What a model says: log-likelihoods of continuations, and generation."""

from typing import Literal

Finish = Literal["eos", "stop", "length", "repeats", "cancelled"]
"""Why an answer ended. `eos`: the model ended it; `stop`: a stop string came; `length`: no room for more;
`repeats`: it only repeated itself (`core.inference.answers` has the rule)."""
