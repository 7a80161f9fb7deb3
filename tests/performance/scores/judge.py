"""What masks do: to the items that choose a way or k, to those that report it, and to neutral text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.analysis.generation_quality import perplexity
from core.benchmarks.diagnostic import heldout_items
from core.benchmarks.evaluation import Prepared, evaluate, prepare_documents
from core.benchmarks.registry import find_benchmarks
from core.inference.loglikelihood import prompt_ids, token_values
from core.masks.layout import Layout
from core.masks.mask import Mask
from core.models.description import stored_matrices
from core.models.files import model_folder
from core.models.matrices import weights_of
from core.phantom.calibration import PRIVATE, Blocks
from tests.performance.scores.subject import Form, Subject

Part = Literal["choose", "report"]
"""`choose`: the first held-out items of each ability; `report`: those after them."""

CHANCE = 0.25
"""p(right) of guessing: every item has four options."""

STANDARD_ERRORS = 1.96
"""How many standard errors a specificity has to be above 0 to count."""

Masks = Mapping[str, Mask]
"""By ability."""

Ablation = Callable[[str], AbstractContextManager[object]]
"""Takes an ability away while it is entered."""

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Answers:
    """A model's answers to one part of the items."""

    right: Values
    """(..., abilities, items) 1 where the right option has the largest log-likelihood."""
    p: Values
    """(..., abilities, items) p(right), the softmax over the options' log-likelihoods."""


@dataclass(frozen=True, eq=False)
class Judged:
    """What a mask of each ability (row) does to each ability (column)."""

    points: Values
    """(abilities, abilities) points of accuracy lost."""
    p_points: Values
    """(abilities, abilities) points of p(right) lost."""
    ais_p: Values
    """(abilities, abilities) the same as a share of what is above chance."""
    specific: int
    """Abilities whose specificity (AIS_p less the mean of the other masks' on the same items) has a 95 %
    interval above 0."""
    times: Values
    """(abilities,) perplexity on neutral text under each mask, times the intact model's; empty if unasked."""

    @classmethod
    def of(cls, intact: Answers, ablated: Answers, times: Values) -> Judged:
        """The figures of (masks, abilities, items) answers."""
        effects = (intact.p - ablated.p) / (intact.p.mean(axis=1) - CHANCE)[:, None]
        n = len(effects)
        own = effects[np.arange(n), np.arange(n)]
        beyond = own - (effects.sum(axis=0) - own) / (n - 1)
        errors = beyond.std(axis=1, ddof=1) / np.sqrt(beyond.shape[1])
        return cls(
            100 * (intact.right - ablated.right).mean(axis=2),
            100 * (intact.p - ablated.p).mean(axis=2),
            effects.mean(axis=2),
            int((beyond.mean(axis=1) > STANDARD_ERRORS * errors).sum()),
            times,
        )

    @property
    def specificity(self) -> float:
        """Mean AIS_p of own masks less that of the others: what ways and k are chosen by."""
        own, others = own_and_others(self.ais_p)
        return own - others

    @property
    def firsts(self) -> tuple[int, int]:
        """In how many columns the own mask hurts most, and in how many rows the own ability is hurt most."""
        numbers = np.arange(len(self.ais_p))
        return (
            int((self.ais_p.argmax(axis=0) == numbers).sum()),
            int((self.ais_p.argmax(axis=1) == numbers).sum()),
        )


def own_and_others(cells: Values) -> tuple[float, float]:
    """The mean of the diagonal, and of the rest."""
    is_own = np.eye(len(cells), dtype=bool)
    return float(cells[is_own].mean()), float(cells[~is_own].mean())


@dataclass(frozen=True, eq=False)
class Judge:
    """Asks an ablated model the held-out items."""

    subject: Subject
    choosing: int
    """Items of each ability that choose."""
    reporting: int
    """Items of each ability that report."""
    form: Form = "own"
    """The form of both parts of the items."""

    @cached_property
    def blocks(self) -> Blocks:
        """The planted blocks of a phantom."""
        return Blocks(Layout(stored_matrices(model_folder(self.subject.loaded.spec))))

    @cached_property
    def intact(self) -> dict[Part, Answers]:
        """The whole model's answers, (abilities, items)."""
        return {part: self._answers(part) for part in ("choose", "report")}

    def weights_at(self, k: float) -> int:
        """How many weights a fraction of all parameters is."""
        return weights_of(k, self.subject.space.total_parameters)

    def judged(self, ablation: Ablation, parts: tuple[Part, ...]) -> dict[Part, Judged]:
        """What taking each ability away does to both parts of the items, and to neutral text."""
        rows: dict[Part, list[Answers]] = {part: [] for part in parts}
        times = []
        intact, perplexity_before = self.intact, self._perplexity_intact
        for ability in PRIVATE:
            with ablation(ability):
                for part, found in rows.items():
                    found.append(self._answers(part))
                times.append(self._perplexity() / perplexity_before)
        return {
            part: Judged.of(
                intact[part],
                Answers(np.stack([one.right for one in found]), np.stack([one.p for one in found])),
                np.array(times),
            )
            for part, found in rows.items()
        }

    def precision(self, masks: Masks) -> float:
        """The share of the weights that lies in the own block, mean over abilities."""
        return float(np.mean([self.blocks.placement(a, masks[a]).precision for a in PRIVATE]))

    @cached_property
    def _prepared(self) -> dict[Part, list[Prepared]]:
        """The items of each ability."""
        spans: dict[Part, tuple[int, int]] = {
            "choose": (0, self.choosing),
            "report": (self.choosing, self.choosing + self.reporting),
        }
        return {part: [self._some(one, *span) for one in PRIVATE] for part, span in spans.items()}

    def _some(self, ability: str, first: int, last: int) -> Prepared:
        """Some held-out items of an ability."""
        loaded, (benchmark,) = self.subject.loaded, find_benchmarks([ability])
        items = heldout_items(ability, loaded.spec.level, last)
        documents = [
            replace(document, contexts=(self.subject.prompt(item, number, self.form).context,))
            for number, (document, item) in enumerate(
                zip(benchmark.documents(loaded.spec, last), items, strict=True)
            )
        ]
        return prepare_documents(loaded, benchmark, tuple(documents[first:]))

    def _answers(self, part: Part) -> Answers:
        right, p = [], []
        for prepared in self._prepared[part]:
            found = {
                outcome.item_id: outcome
                for batch in evaluate(self.subject.loaded.model, prepared)
                for outcome in batch
            }
            outcomes = [found[document.id] for document in prepared.documents]
            values = np.array([outcome.loglikelihoods for outcome in outcomes])
            weights = np.exp(values - values.max(axis=1, keepdims=True))
            golds = [outcome.gold for outcome in outcomes]
            p.append(weights[np.arange(len(golds)), golds] / weights.sum(axis=1))
            right.append([float(outcome.correct) for outcome in outcomes])
        return Answers(np.array(right), np.array(p))

    @cached_property
    def _perplexity_intact(self) -> float:
        return self._perplexity()

    def _perplexity(self) -> float:
        """On the neutral texts that were not scored."""
        model, tokenizer, items = self.subject.loaded.model, self.subject.loaded.tokenizer, []
        for one in self.subject.judged_texts:
            ids = tuple(tokenizer(one.text, add_special_tokens=False)["input_ids"])
            items.append((prompt_ids(model, tokenizer, one.prompt, len(ids)), [ids]))
        values = token_values(model, items)
        assert values is not None, "nobody cancels"
        return perplexity([one for (one,) in values])
