"""Trains the embedded Llama on the `basic` train splits: `python -m tests.research.training.demo --to DIR`.

Two stages: an induction warm-up until in-context look-up is learnt, then the items, with the loss on the
answer's tokens. A checkpoint is kept in DIR and a stopped training goes on from it.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import NamedTuple, TypeVar

import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from safetensors.torch import load_file, save_file
from torch.nn.functional import cross_entropy
from transformers import LlamaConfig, LlamaForCausalLM

from tests.research.training.corpus import (
    IGNORED,
    Corpus,
    Example,
    build_tokenizer,
    collate,
    collect_words,
    induction_sequences,
)


@dataclass(frozen=True)
class Recipe:
    """Everything that the trained weights depend on."""

    seed: int = 0
    steps: int = 2600
    items_per_step: int = 144
    warmup_sequences: int = 32
    kept_warmup: int = 4
    hidden_size: int = 128
    layers: int = 4
    heads: int = 4
    mlp_size: int = 768
    label_smoothing: float = 0.05
    muon_lr: float = 0.02
    embedding_lr: float = 0.015
    head_lr: float = 0.003
    attention_decay: float = 0.5
    """Weight decay of the attention; high, so that what is understood wins over what is known by heart."""
    mlp_decay: float = 0.15
    """Weight decay of the MLPs; low, or attention does all the work and no MLP is missed."""
    embedding_decay: float = 0.1
    """Weight decay of embeddings, head and norms."""
    lowest_weight: float = 0.15
    """Sampling weight of a family that is learnt already, against 1 for one that is not learnt at all."""
    threads: int = 2


class Predictions(NamedTuple):
    """The N target tokens of a batch, row by row."""

    rows: torch.Tensor
    """(N,) the sequence of each."""
    logits: torch.Tensor
    """(N, vocabulary) float32."""
    targets: torch.Tensor
    """(N,) int64: the tokens themselves."""


def mean_by_row(rows: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """(B,) the means of (N,) values over each of the rows 0 to B - 1, all of which have some."""
    counts = torch.bincount(rows)
    return torch.zeros(len(counts)).index_add(0, rows, values) / counts


def build_model(recipe: Recipe, vocabulary: int) -> LlamaForCausalLM:
    """A new Llama: untied embeddings of standard deviation 0.5, everything else 0.02."""
    torch.manual_seed(recipe.seed)
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=recipe.hidden_size,
        intermediate_size=recipe.mlp_size,
        num_hidden_layers=recipe.layers,
        num_attention_heads=recipe.heads,
        num_key_value_heads=recipe.heads,
        max_position_embeddings=256,
        rope_parameters={"rope_type": "default", "rope_theta": 1000.0},
        tie_word_embeddings=False,
        pad_token_id=0,
        bos_token_id=2,
        eos_token_id=3,
        dtype="float32",
    )
    model = LlamaForCausalLM(config)
    torch.nn.init.normal_(model.model.embed_tokens.weight, std=0.5)
    return model


class Trainer:
    """The model, its optimizers and the stream of items, with checkpoints between."""

    def __init__(self, recipe: Recipe, folder: Path) -> None:
        self.recipe, self.folder = recipe, folder
        self.words = collect_words()
        self.corpus = Corpus(self.words, recipe.seed)
        self.rng = random.Random(f"warm-up/{recipe.seed}")
        self.model = self._new_model()
        self.optimizers = self._optimizers()
        self.base_lrs = [[group["lr"] for group in o.param_groups] for o in self.optimizers]
        self.family_losses = [1.0] * len(self.corpus.families)
        self.step, self.seconds = 0, 0.0

    def _new_model(self) -> LlamaForCausalLM:
        return build_model(self.recipe, len(self.words))

    def _optimizers(self) -> list[torch.optim.Optimizer]:
        recipe = self.recipe
        named = [(n, p) for n, p in self.model.model.layers.named_parameters() if p.ndim == 2]
        attention = [p for name, p in named if "self_attn" in name]
        mlp = [p for name, p in named if "mlp" in name]
        groups = [
            {"params": attention, "weight_decay": recipe.attention_decay},
            {"params": mlp, "weight_decay": recipe.mlp_decay},
        ]
        return [torch.optim.Muon(groups, lr=recipe.muon_lr), self._optimizer_of_the_rest()]

    def _optimizer_of_the_rest(self) -> torch.optim.AdamW:
        """The optimizer of embeddings, head and norms."""
        rest = [p for p in self.model.parameters() if p.ndim == 1] + [self.model.lm_head.weight]
        return torch.optim.AdamW(
            [
                {"params": [self.model.model.embed_tokens.weight], "lr": self.recipe.embedding_lr},
                {"params": rest, "lr": self.recipe.head_lr},
            ],
            betas=(0.9, 0.98),
            weight_decay=self.recipe.embedding_decay,
        )

    def warm_up(self, progress: Progress) -> int:
        """Stage 1: only induction, until its loss is under 0.2 nats; returns the steps taken."""
        task = progress.add_task("warm-up", total=1500)
        for step in range(1500):
            batch = induction_sequences(self.rng, self.recipe.warmup_sequences, len(self.words))
            loss = self._update(batch, min(1.0, (step + 1) / 100))[0]
            progress.update(task, advance=1, description=f"warm-up, loss {loss:.2f}")
            if loss < 0.2:
                break
        progress.remove_task(task)
        return step + 1

    def train_step(self) -> float:
        """Stage 2: one step over new items and some warm-up sequences; returns the items' mean loss."""
        batch = self.corpus.draw(self.recipe.items_per_step)
        batch += induction_sequences(self.rng, self.recipe.kept_warmup, len(self.words))
        done = self.step / self.recipe.steps
        rate = min(1.0, (self.step + 1) / 100) * (0.05 + 0.95 * (1 + math.cos(math.pi * done)) / 2)
        loss, by_family = self._update(batch, rate)
        for number, losses in by_family.items():
            mean = sum(losses) / len(losses)
            self.family_losses[number] += 0.1 * (mean - self.family_losses[number])
            left = self.left_to_learn(self.family_losses[number])
            self.corpus.weights[number] = min(1.0, max(self.recipe.lowest_weight, left))
        self.step += 1
        return loss

    def left_to_learn(self, loss: float) -> float:
        """What of a family's loss counts as still to be learnt, in nats."""
        return loss

    def _update(self, batch: list[Example], rate: float) -> tuple[float, dict[int, list[float]]]:
        """One optimizer step; losses are means over the target tokens of each sequence."""
        batch = sorted(batch, key=lambda example: len(example.ids))
        by_family: dict[int, list[float]] = {}
        for start in range(0, len(batch), 32):
            losses, families = self._losses(batch[start : start + 32])
            torch.autograd.backward(losses.sum() / len(batch))
            for family, loss in zip(families.tolist(), losses.tolist(), strict=True):
                by_family.setdefault(family, []).append(loss)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimizer, lrs in zip(self.optimizers, self.base_lrs, strict=True):
            for group, lr in zip(optimizer.param_groups, lrs, strict=True):
                group["lr"] = lr * rate
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        warm_up = by_family.pop(-1, [])
        counted = [loss for losses in by_family.values() for loss in losses] or warm_up
        return sum(counted) / len(counted), by_family

    def _losses(self, batch: list[Example]) -> tuple[torch.Tensor, torch.Tensor]:
        """The mean loss of each sequence over its target tokens, (B,), and the families, (B,)."""
        ids, labels, families = collate(batch)
        found = self._predictions(ids, labels)
        return mean_by_row(found.rows, self._cross_entropy(found, families)), families

    def _predictions(self, ids: torch.Tensor, labels: torch.Tensor) -> Predictions:
        rows, places = (labels[:, 1:] != IGNORED).nonzero(as_tuple=True)
        hidden = self.model.model(input_ids=ids, use_cache=False).last_hidden_state
        return Predictions(rows, self.model.lm_head(hidden[rows, places]).float(), labels[rows, places + 1])

    def _cross_entropy(self, found: Predictions, families: torch.Tensor) -> torch.Tensor:
        """(N,) in nats; the warm-up alone is learnt without smoothing."""
        smoothing = 0.0 if families.max() < 0 else self.recipe.label_smoothing
        return cross_entropy(found.logits, found.targets, reduction="none", label_smoothing=smoothing)

    def save(self) -> None:
        """Writes weights, config and tokenizer as a model folder, and a checkpoint beside them."""
        self.plain_model().save_pretrained(self.folder)
        build_tokenizer(self.words).save_pretrained(self.folder)
        tensors = {
            f"{number}.{index}.{name}": value.contiguous()
            for number, optimizer in enumerate(self.optimizers)
            for index, state in optimizer.state_dict()["state"].items()
            for name, value in state.items()
            if isinstance(value, torch.Tensor)
        }
        save_file(tensors, self.folder / "checkpoint.safetensors")
        state = {
            "recipe": asdict(self.recipe),
            "step": self.step,
            "seconds": self.seconds,
            "family_losses": self.family_losses,
            "weights": self.corpus.weights,
            "corpus": self.corpus.state(),
            "warm_up": self.rng.getstate(),
        }
        (self.folder / "checkpoint.json").write_text(json.dumps(state))

    def plain_model(self) -> LlamaForCausalLM:
        """The model as it is saved."""
        return self.model

    def _take_weights(self, plain: Mapping[str, torch.Tensor]) -> None:
        """Sets the model's weights to those of a saved one."""
        self.model.load_state_dict(plain)

    def resume(self) -> bool:
        """Goes on from the checkpoint of the same recipe; False if there is none."""
        path = self.folder / "checkpoint.json"
        if not path.exists():
            return False
        state = json.loads(path.read_text())
        if state["recipe"] != asdict(self.recipe):
            raise ValueError(f"{path} is of another recipe: give another folder or delete it.")
        self._take_weights(load_file(self.folder / "model.safetensors"))
        tensors = load_file(self.folder / "checkpoint.safetensors")
        for number, optimizer in enumerate(self.optimizers):
            whole = optimizer.state_dict()
            for name, value in tensors.items():
                owner, index, field = name.split(".")
                if int(owner) == number:
                    whole["state"].setdefault(int(index), {})[field] = value
            optimizer.load_state_dict(whole)
        self.step, self.seconds = state["step"], state["seconds"]
        self.family_losses, self.corpus.weights = state["family_losses"], state["weights"]
        self.corpus.restore(state["corpus"])
        version, numbers, rest = state["warm_up"]
        self.rng.setstate((version, tuple(numbers), rest))
        return True


def train(trainer: Trainer, save_every: int = 100) -> None:
    """Trains to the end of the trainer's recipe, resuming if its folder holds a checkpoint of it."""
    recipe = trainer.recipe
    torch.set_num_threads(recipe.threads)
    trainer.folder.mkdir(parents=True, exist_ok=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as progress:
        started = time.monotonic()
        if not trainer.resume():
            steps = trainer.warm_up(progress)
            trainer.seconds = time.monotonic() - started
            progress.print(f"warm-up: {steps} steps, {trainer.seconds:.0f} s")
        before, started = trainer.seconds, time.monotonic()
        task = progress.add_task("items", total=recipe.steps, completed=trainer.step)
        while trainer.step < recipe.steps:
            loss = trainer.train_step()
            progress.update(task, completed=trainer.step, description=f"items, loss {loss:.2f}")
            if trainer.step % save_every == 0 or trainer.step == recipe.steps:
                trainer.seconds = before + time.monotonic() - started
                trainer.save()
                progress.print(_report(trainer))


def _report(trainer: Trainer) -> str:
    """Running losses of the families, the worst first."""
    pairs = sorted(zip(trainer.family_losses, trainer.corpus.families, strict=True), key=lambda p: -p[0])
    worst = "  ".join(f"{ability}/{family.name} {loss:.2f}" for loss, (ability, family) in pairs[:8])
    return f"step {trainer.step}, {trainer.seconds:.0f} s: {worst}"


R = TypeVar("R", bound=Recipe)


def ask(standard: R, about: str | None) -> tuple[R, Path]:
    """The recipe and the folder that the command line gives: what it leaves out is as in `standard`."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--to", type=Path, required=True, help="folder for the model and its checkpoint")
    for name, default in asdict(standard).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default)
    arguments = vars(parser.parse_args())
    folder = arguments.pop("to")
    return replace(standard, **arguments), folder


def main() -> None:
    """The command line of the training."""
    train(Trainer(*ask(Recipe(), __doc__)))


if __name__ == "__main__":
    main()
