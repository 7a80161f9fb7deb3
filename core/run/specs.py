"""Specs of what is asked: how importance is computed, which mask, which run. No torch."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal
from typing import Any

import msgspec

from cache.keys import canonical_json
from core.abilities import ABILITIES, ABILITY_IDS, GENERATOR_VERSION, Item, find_ability, generate_items
from core.benchmarks.drawn import Part
from core.importance.scoring_rule import DEFAULT_RULE, PAPER_RULE, Loss, Reduction, ScoringRule
from core.masks.choices import DEFAULT_SELECTION, Scope, Selection
from core.models.checkpoint import dtype_in_memory, quantization_in_memory
from core.models.description import ModelInfo, selectable_weights
from core.models.devices import device_kind
from core.models.matrices import Variant
from core.models.spec import Level, ModelSpec, PromptStyle


@dataclass(frozen=True)
class DiagnosticSet:
    """The items from which an ability's importance is computed."""

    ability: str
    level: Level
    style: PromptStyle
    """The form in which they are scored."""
    n: int
    seed: int
    custom: tuple[Item, ...] = ()
    """Custom items; empty for the generated ones of the `train` split."""

    def items(self) -> tuple[Item, ...]:
        """The items: none that a benchmark evaluates, unless they are custom ones."""
        return self.custom or generate_items(self.ability, self.level, "train", self.n, self.seed)

    def key_inputs(self) -> dict[str, Any]:
        """Everything that the items and their prompts depend on."""
        if self.custom:
            digest = hashlib.sha256(canonical_json(list(self.custom)).encode()).hexdigest()
            return {"ability": self.ability, "custom_items": digest, "style": self.style}
        return {
            "ability": self.ability,
            "level": self.level,
            "style": self.style,
            "n": self.n,
            "seed": self.seed,
            "generator": GENERATOR_VERSION,
        }


EMBEDDED_ITEMS = 1000
"""Default diagnostic items of each ability for the embedded models, which score them in seconds."""

CPU_ITEMS, GPU_ITEMS = 50, 200
"""The same for real models: minutes for ten abilities of a model that suits the device."""


def usual_n_items(spec: ModelSpec) -> int:
    """Diagnostic items of each ability where no number is given."""
    if spec.is_embedded:
        return EMBEDDED_ITEMS
    return CPU_ITEMS if device_kind(spec.device) == "cpu" else GPU_ITEMS


@dataclass(frozen=True)
class ImportanceSpec:
    """How importance is computed."""

    n_items: int = EMBEDDED_ITEMS
    """Items of each ability."""
    loss: Loss = DEFAULT_RULE.loss
    reduction: Reduction = DEFAULT_RULE.reduction
    seed: int = 0
    """Decides which items are generated."""

    @property
    def usual_selection(self) -> Selection:
        """The selection of masks where none is named: the paper's with the paper's rule."""
        is_papers = ScoringRule(self.loss, self.reduction) == PAPER_RULE
        return "top" if is_papers else DEFAULT_SELECTION


@dataclass(frozen=True)
class MaskSpec:
    """Which weights are ablated."""

    ability: str
    variant: Variant
    selection: Selection
    k: float
    """Fraction of all parameters of the model."""
    seed: int = 0
    """Decides the random controls."""
    scope: Scope = "global"
    n_items: int | None = None
    """Diagnostic items of each ability that score the weights; None for as many as the experiment says."""

    def __str__(self) -> str:
        """The mask in words, as tables show it."""
        words = f"{self.ability} · {self.variant} · {self.selection} · k {self.k:g}"
        return words if self.scope == "global" else f"{words} · scope {self.scope}"

    @property
    def is_contrast(self) -> bool:
        """Whether its ranking is made from the importance of all abilities."""
        return self.selection == "max_minus_shared"

    @property
    def control(self) -> MaskSpec:
        """As many weights of the same candidates, drawn at random."""
        return replace(self, selection="random", n_items=None)

    @property
    def random_seed(self) -> int:
        """The seed of the random controls, a different one for each ability."""
        index = ABILITY_IDS.index(find_ability(self.ability).id)
        return self.seed * len(ABILITY_IDS) + index


def mask_weights(mask: MaskSpec, info: ModelInfo) -> int:
    """How many weights a mask takes; one of heads and neurons may take fewer, if the next does not fit.

    Raises:
        ValueError: k is out of range, asks for more weights than there are candidates, or for less than one
            unit; or heads are asked for and not known.
    """
    n = selectable_weights(mask.k, mask.variant, info)
    if mask.scope != "units":
        return n
    size = info.unit_sizes.get(mask.variant)
    if size is None:
        raise ValueError("The heads of this model are not known: --scope units takes the variant mlp.")
    if n < size:
        unit = "neuron" if mask.variant == "mlp" else "head"
        raise ValueError(
            f"k {mask.k:g} is {n:,} weights, and a {unit} has {size:,}: choose k from "
            f"{rounded_up(size / info.parameters)} on."
        )
    return n - n % size if mask.variant == "mlp" else n


def rounded_up(k: float) -> str:
    """The least fraction of two digits from k on, as text."""
    step = Decimal(1).scaleb(Decimal(k).adjusted() - 1)
    return f"{float(Decimal(k).quantize(step, ROUND_CEILING)):g}"


def alike_ks(mask: MaskSpec, masks: Iterable[MaskSpec | None]) -> list[float]:
    """The k of all masks that are cut from the same ranking as a mask."""
    return [one.k for one in masks if one and replace(one, k=mask.k, seed=mask.seed) == mask]


def own_first(ability: str) -> list[str]:
    """The ids of all abilities, this one's first."""
    return [ability, *(one.id for one in ABILITIES if one.id != ability)]


def drawn_seed(seed: int, draw: int) -> int:
    """The `MaskSpec.seed` of one of several random masks of one size.

    Args:
        seed: the first mask's, from which the others are derived.
        draw: index of the mask.
    """
    if draw == 0:
        return seed
    # Hashed, not counted up: two profiles with neighbouring seeds share no random mask.
    return int.from_bytes(hashlib.blake2b(f"{seed}/{draw}".encode(), digest_size=4).digest())


@dataclass(frozen=True)
class ModelIdentity:
    """Everything about a model that can change a number, whatever it is asked."""

    fingerprint: str
    quantization: str
    dtype: str
    device: str
    """`cpu`, `cuda` …: kernels differ between them, and so do the last digits."""

    @classmethod
    def of(cls, spec: ModelSpec, info: ModelInfo, device: str) -> ModelIdentity:
        """The identity of a model on a kind of device.

        Raises:
            ValueError: it is stored with another quantization than is asked for.
        """
        quantization = quantization_in_memory(spec.quantization, info.quantization)
        dtype = dtype_in_memory(spec.dtype, quantization, info.dtype)
        return cls(info.fingerprint, quantization, dtype, device)


class Run(msgspec.Struct, frozen=True):
    """One mask (None: the intact model) on the first n items of one benchmark."""

    mask: MaskSpec | None
    benchmark: str
    """Its id."""
    n: int
    part: Part | None = None
    """Which n items; None: the first in the benchmark's own order."""

    def is_within(self, whole: Run) -> bool:
        """Whether it is another run, or a part of it."""
        if self.part is None or whole.part is None:
            return self == whole
        its, all_of_it = self.part, whole.part
        is_same = (self.mask, self.benchmark) == (whole.mask, whole.benchmark)
        return is_same and (its.seed, its.of) == (all_of_it.seed, all_of_it.of)
