"""Generation: tokens a second of the intact and of an ablated model."""

from __future__ import annotations

import random

from core.inference.generation import generate
from core.masks.ablation import Ablator
from tests.performance.ablation_cycle import random_mask
from tests.performance.figures import Figure, Measured
from tests.performance.random_model import numbered_words
from tests.performance.subject import Subject


def measure_writing(subject: Subject) -> Measured:
    """Greedy answers to prompts of random words, in one batch; the reading of the prompts is counted too."""
    scale, clock = subject.scale, subject.clock
    vocabulary = subject.config.vocab_size
    tokenizer = numbered_words(vocabulary)
    rng = random.Random(0)
    prompts = [
        " ".join(f"w{rng.randrange(3, vocabulary)}" for _ in range(rng.randint(*scale.context)))
        for _ in range(scale.prompts)
    ]

    def write() -> int:
        written = generate(subject.model, tokenizer, prompts, max_new_tokens=scale.new_tokens)
        return sum(len(one.tokens) for one in written)

    tokens = write()
    seconds = clock.best(write)
    with Ablator(subject.space).applied(random_mask(subject.space, scale.k)):
        ablated_tokens = write()
        ablated_s = clock.best(write)
    return Measured(
        "generation",
        (
            Figure("tokens/s", tokens / seconds),
            Figure("tokens/s, ablated", ablated_tokens / ablated_s),
        ),
        {"seconds": seconds},
        facts={"tokens": tokens},
        size=f"{scale.prompts} answers at once",
    )
