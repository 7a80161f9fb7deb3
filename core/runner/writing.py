"""What a model writes after a person's prompt."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.inference.generation import Generated
    from core.runner.runner import Runner


def prompt_for(runner: Runner, text: str) -> tuple[str, tuple[str, ...]]:
    """The prompt as the model is used to it, in its chat template if it has one, and the words it lacks.

    Raises:
        ValueError: the text is empty, or the model cannot be loaded.
    """
    from core.inference.encoding import unknown_words

    if not text.strip():
        raise ValueError("The prompt is empty: give the text that the model goes on from.")
    tokenizer = runner.loaded.tokenizer
    if tokenizer.chat_template:
        messages = [{"role": "user", "content": text}]
        prompt = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        return str(prompt), ()
    return text, tuple(unknown_words(tokenizer, text))


def write_on(
    runner: Runner,
    prompt: str,
    *,
    max_new_tokens: int,
    temperature: float,
    seed: int,
    on_text: Callable[[str], None],
) -> Generated:
    """What the model as it is now writes after a prompt; cut short when the bench is cancelled.

    Args:
        runner: the model; whoever calls has applied the mask.
        prompt: as `prompt_for` gives it.
        max_new_tokens: of the answer.
        temperature: 0 takes the most likely token.
        seed: of the sampling above temperature 0.
        on_text: told each new piece of the answer.

    Raises:
        ValueError: max_new_tokens leaves no room for the prompt, or the temperature is below 0.
    """
    from core.inference.generation import generate

    return generate(
        runner.loaded.model,
        runner.loaded.tokenizer,
        [prompt],
        max_new_tokens=max_new_tokens,
        temperature=temperature,
        seed=seed,
        cancelled=runner.cancelled,
        on_text=lambda _, piece: on_text(piece),
    )[0]
