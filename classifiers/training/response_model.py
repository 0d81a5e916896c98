"""Trains the response model: compliance, ethical, technical, epistemic or partial."""

from __future__ import annotations

import random

import torch
from torch import Tensor
from torch.nn import functional

import responses as source
from encoder import Judge
from fit import Plan, train
from responses import KINDS, Response

HEADS = {"refusal": len(KINDS)}


def losses(smooth: float = 0.03):
    """Cross-entropy over the kinds, plus how well refused separates from complied."""

    def loss_of(outputs: tuple[Tensor, ...], examples: list[Response]) -> Tensor:
        logits = outputs[0]
        kind = torch.tensor([example.kind for example in examples])
        weight = torch.tensor([example.weight for example in examples])
        each = functional.cross_entropy(logits, kind, reduction="none", label_smoothing=smooth)
        refused = torch.logsumexp(logits[:, 1:], dim=-1) - logits[:, 0]
        target = (kind > 0).float() * (1 - 2 * smooth) + smooth
        binary = functional.binary_cross_entropy_with_logits(refused, target, reduction="none")
        return ((each + 0.5 * binary) * weight).sum() / weight.sum()

    return loss_of


def fit(plan: Plan, everything: list[Response]) -> Judge:
    """Trains on what is not held out."""
    chosen = [[response] for response in everything if not response.held_out]

    def draw(random_: random.Random) -> tuple[list[list[Response]], list[list[str]]]:
        return chosen, [[source.vary(unit[0], random_)] for unit in chosen]

    torch.manual_seed(plan.seed)
    return train(Judge(HEADS), draw, losses(), plan, log=lambda line: print(line, flush=True))
