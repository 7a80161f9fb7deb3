"""A model, its items, and the gradients of its MLPs; the neutral texts count as one more ability."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from core.abilities.item import Item
from core.abilities.neutral_texts import NeutralText, neutral_texts
from core.abilities.prompts import ChoicePrompt, render_choice, render_generation
from core.importance.gradients import Batch, LossItem, last_hidden, loss_item, losses, plan_batches
from core.inference.encoding import EncodedChoice, encode_choice, encode_prompt, longest_row
from core.models.loading import LoadedModel, load
from core.models.spec import EMBEDDED, ModelSpec
from core.models.weight_space import WeightSpace
from core.run.specs import DiagnosticSet
from tests.performance.scores.gim import modified_backward
from tests.performance.scores.sums import Map, sums_of

ROWS = 64
"""Rows in a batch."""

NEUTRAL = "neutral"
"""Stands for an ability: every other neutral text, with the loss of all tokens. The rest are judged on."""

LOUD = "loud"
"""Stands for an ability: weight times activation on the same texts, as Wanda has it."""

ABSOLUTE, SIGNED, LOST, GIM = "absolute", "signed", "lost", "gim"
"""Sums over items of |gradient x weight|, of it with its sign, of its losses, and of GIM's absolute value."""

Form = Literal["own", "written", "both"]
"""Forms of items: the model's own; that in which it writes, all but the answer written; or each in turn."""


@dataclass(frozen=True, eq=False)
class Subject:
    """What scores are made of; losses are `margin`, in nats, summed over items."""

    name: str
    n_items: int
    """Diagnostic items of each ability."""
    folder: Path | None = None
    """Where sums over items are kept from run to run; None: in memory."""
    form: Form = "own"
    """The form of the diagnostic items."""
    _items: dict[str, list[LossItem]] = field(default_factory=dict)
    _sums: dict[str, dict[str, Map]] = field(default_factory=dict)

    @property
    def is_embedded(self) -> bool:
        """Whether it is small, and its items have a form of their own."""
        return self.name in EMBEDDED

    @cached_property
    def loaded(self) -> LoadedModel:
        """The model; nothing of it but its MLPs' matrices has a gradient."""
        spec = ModelSpec(self.name)
        if not self.is_embedded:
            spec = replace(spec, dtype="bfloat16", prompt="text", level_asked="plain")
        loaded = load(spec)
        loaded.model.requires_grad_(False)
        space = WeightSpace(loaded.model)
        for matrix in space.candidates("mlp"):
            space.linear(matrix).weight.requires_grad_(True)
        return loaded

    @cached_property
    def space(self) -> WeightSpace:
        """Its candidate weights."""
        return WeightSpace(self.loaded.model)

    @cached_property
    def linears(self) -> list[nn.Linear]:
        """The modules of the MLPs' matrices."""
        return [self.space.linear(matrix) for matrix in self.space.candidates("mlp")]

    @cached_property
    def weights(self) -> list[Tensor]:
        """The matrices of the MLPs themselves."""
        return [linear.weight for linear in self.linears]

    def items(self, ability: str) -> list[LossItem]:
        """The diagnostic items of an ability, or the neutral texts that are not judged on."""
        if ability not in self._items:
            found = self._neutral_items() if ability == NEUTRAL else self._diagnostic_items(ability)
            self._items[ability] = found
        return self._items[ability]

    @cached_property
    def judged_texts(self) -> list[NeutralText]:
        """The other half of the neutral texts."""
        return list(neutral_texts(self.loaded.spec.level)[1::2])

    def sums(self, ability: str, kind: str) -> Map:
        """A sum over an ability's items, for each matrix of the MLPs; all kinds of a pass are kept.

        Args:
            ability: whose items.
            kind: `ABSOLUTE`, `SIGNED`, `LOST` or `GIM`.
        """
        if (path := self._path(ability, kind)) is not None and path.exists():
            return _read(path, self.weights)
        if ability not in self._sums or kind not in self._sums[ability]:
            absolute, signed, lost = self.summed(ability, is_gim=kind == GIM)
            plain = {ABSOLUTE: absolute, SIGNED: signed, LOST: lost}
            found = {GIM: absolute} if kind == GIM else plain
            if path is not None:
                for name, one in found.items():
                    np.save(path.with_name(f"{ability}-{name}.npy"), torch.cat([m.flatten() for m in one]))
                return _read(path, self.weights)
            self._sums.setdefault(ability, {}).update(found)
        return self._sums[ability][kind]

    def summed(self, ability: str, *, is_gim: bool = False) -> tuple[Map, Map, Map]:
        """The three sums over an ability's items, computed now."""
        with modified_backward(self.loaded.model) if is_gim else nullcontext():
            return sums_of(self.loaded.model, self.space, self.batches(ability))

    def batches(self, ability: str) -> list[Batch]:
        """All items of an ability, some at once."""
        return plan_batches(self.items(ability), ROWS, "cpu")

    def one_by_one(self, ability: str) -> list[Batch]:
        """Each item of an ability alone."""
        return [Batch((item,), 0) for item in self.items(ability)]

    def loss(self, batch: Batch) -> Tensor:
        """() the sum of the items' losses."""
        return torch.stack([*losses(self.loaded.model, batch, last_hidden(self.loaded.model, batch))]).sum()

    def products(self, batches: Sequence[Batch]) -> Iterator[Map]:
        """Gradient times weight of each batch: what its loss falls by, to first order, if a weight goes."""
        for batch in batches:
            gradients = torch.autograd.grad(self.loss(batch), self.weights)
            yield [g * w.detach() for g, w in zip(gradients, self.weights, strict=True)]

    def _path(self, ability: str, kind: str) -> Path | None:
        return None if self.folder is None else self.folder / f"{ability}-{kind}.npy"

    def _diagnostic_items(self, ability: str) -> list[LossItem]:
        spec, tokenizer = self.loaded.spec, self.loaded.tokenizer
        longest = longest_row(self.loaded.model.config)
        return [
            loss_item(encode_choice(self.prompt(item, number), tokenizer), "margin", longest)
            for number, item in enumerate(
                DiagnosticSet(ability, spec.level, spec.style, self.n_items, 0).items()
            )
        ]

    def prompt(self, item: Item, number: int = 0, form: Form | None = None) -> ChoicePrompt:
        """An item in a form, that of the diagnostic ones by default; of both it has one by its number."""
        style, form = self.loaded.spec.style, form or self.form
        prompt = render_choice(item, style)
        if form == "own" or (form == "both" and number % 2 == 0):
            return prompt
        text = render_generation(item, style)
        return replace(prompt, context=f"{text.context}{text.target.removesuffix(item.answer)}".rstrip())

    def _neutral_items(self) -> list[LossItem]:
        tokenizer, found = self.loaded.tokenizer, []
        for number, one in enumerate(neutral_texts(self.loaded.spec.level)[::2]):
            prompt = encode_prompt(one.prompt, tokenizer)
            ids = tuple(tokenizer(one.text, add_special_tokens=False)["input_ids"])
            found.append(
                LossItem(EncodedChoice(str(number), prompt, (ids,), 0), (-1.0 / len(ids),), is_cut=False)
            )
        return found


def _read(path: Path, like: Sequence[Tensor]) -> Map:
    """A stored map, read from the disk as it is used."""
    whole = torch.from_numpy(np.load(path, mmap_mode="c"))
    parts = whole.split([one.numel() for one in like])
    return [part.view(one.shape) for part, one in zip(parts, like, strict=True)]
