"""Trains the response model: compliance, ethical, technical, epistemic or partial."""

from __future__ import annotations

import random
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

import responses as source
from encoder import Judge
from fit import Plan, note_errors, thin, train
from responses import KINDS, Response

Keep = Callable[[Judge, int], None] | None
HEADS = {"refusal": len(KINDS)}


def losses(smooth: float = 0.03):
    """Cross-entropy over the kinds, plus how well refused separates from complied."""

    def loss_of(outputs: tuple[Tensor, ...], examples: list[Response]) -> Tensor:
        logits = outputs[0]
        kind = torch.tensor([example.kind for example in examples])
        weight = torch.tensor([example.weight for example in examples])
        each = functional.cross_entropy(logits, kind, reduction="none", label_smoothing=smooth)
        note_errors(examples, 1 - functional.softmax(logits, dim=-1).gather(1, kind[:, None]).squeeze(1))
        refused = torch.logsumexp(logits[:, 1:], dim=-1) - logits[:, 0]
        target = (kind > 0).float() * (1 - 2 * smooth) + smooth
        binary = functional.binary_cross_entropy_with_logits(refused, target, reduction="none")
        return ((each + 0.5 * binary) * weight).sum() / weight.sum()

    return loss_of


def fit(plan: Plan, everything: list[Response], start: Judge | None = None, keep: Keep = None) -> Judge:
    """Trains on what is not held out, from `start` if given."""
    whole = [[response] for response in everything if not response.held_out]

    def draw(random_: random.Random, epoch: int) -> tuple[list[list[Response]], list[list[str]]]:
        chosen = whole if epoch == 0 else thin(whole, random_, plan.later)
        return chosen, [[source.vary(unit[0], random_)] for unit in chosen]

    torch.manual_seed(plan.seed)
    return train(
        start or Judge(HEADS), draw, losses(), plan, None, keep, lambda line: print(line, flush=True)
    )
