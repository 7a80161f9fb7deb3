"""A second model beside the first: chosen, opened, and which of both is looked at."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, cast, get_args

from core.models.spec import DType, ModelSpec, Quantization
from tui.inspector.look.text import one_line
from tui.inspector.open_model import OpenModel
from tui.located import located

if TYPE_CHECKING:
    from tui.inspector.engine_link import View
    from tui.inspector.engines import Engines
    from tui.inspector.session import Session, Shown

ORDER: tuple[Shown, ...] = ("A", "B", "B - A")

HINT = (
    "A name as for --model, a form (none nf4 fp4 bfloat16 float16 float32),\n"
    "or both: smollm2 nf4. Without a name it is A in another form."
)

UNSETTLED = "The prompts of the first model are not settled yet: wait for its probe."

SAME = "That is A itself: give another name or another form."

EMBEDDED = "An embedded model has prompts of its own: compare it with another such."


class SecondModel:
    """What the keys of the second model do."""

    def __init__(
        self, session: Session, view: View, engines: Engines, look_again: Callable[[], None]
    ) -> None:
        """There is none yet.

        Args:
            session: gets the model.
            view: the screen.
            engines: get a line to its engine, which starts once something is asked of it.
            look_again: shows everything anew.
        """
        self._session, self._view, self._engines, self._look_again = session, view, engines, look_again

    def parse(self, text: str) -> ModelSpec:
        """The model in a text; see `HINT`.

        Raises:
            ValueError: there is no such model, or it cannot be compared with the first one.
        """
        if not self._session.is_settled:
            raise ValueError(UNSETTLED)
        first = self._session.a.experiment.spec
        asked = _asked(text, first)
        if asked.is_embedded != first.is_embedded:
            raise ValueError(EMBEDDED)
        spec = located(asked.settled(first.prompt, first.level_asked))
        if spec == located(first):
            raise ValueError(SAME)
        return spec

    def open(self, spec: ModelSpec) -> None:
        """Opens a model as the second one, in place of an earlier one, and looks at it."""
        self._view.begin(partial(self._open, spec), "second model")

    async def _open(self, spec: ModelSpec) -> None:
        first = self._session.a
        experiment = replace(first.experiment, spec=spec)
        model = OpenModel(replace(first.spec, model=spec), experiment, settled=first.settled)
        model.activity.link = "resting"
        try:
            model.info = await asyncio.to_thread(lambda: model.experiment.info)
            if model.experiment.identity == first.experiment.identity:
                raise ValueError(SAME)
        except (ValueError, OSError) as error:
            self._view.say_problem(one_line(error))
            return
        await self._engines.replace_second(model)
        if self._view.is_running:
            self._session.b = model
            self._show("B")

    def turn(self) -> None:
        """Looks at the next of A, B, and what B does otherwise."""
        self._show(ORDER[(ORDER.index(self._session.shown) + 1) % len(ORDER)])

    def _show(self, shown: Shown) -> None:
        self._session.shown = shown
        self._look_again()


def _asked(text: str, first: ModelSpec) -> ModelSpec:
    """The model in a text, on the device of the first one.

    Raises:
        ValueError: there is nothing, or something twice.
    """
    found: dict[str, str] = {}
    for word in shlex.split(text):
        kind = (
            "quantization"
            if word in get_args(Quantization)
            else "dtype"
            if word in get_args(DType)
            else "name"
        )
        if kind in found:
            raise ValueError(f"'{word}' is a second {kind}: give one.")
        found[kind] = word
    if not found:
        raise ValueError("Write a model, or a form of A such as nf4.")
    quantization = cast(Quantization, found.get("quantization", "none"))
    dtype = cast(DType, found.get("dtype", "auto"))
    if "name" in found:
        return ModelSpec(
            found["name"],
            quantization,
            dtype,
            first.device,
            prompt=first.prompt,
            level_asked=first.level_asked,
        )
    return replace(first, quantization=quantization, dtype=dtype)
