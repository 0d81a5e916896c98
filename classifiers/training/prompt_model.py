"""Trains the prompt model: harm, category of harm and refusal risk in one pass."""

from __future__ import annotations

import random
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

import prompts as source
from encoder import Judge
from fit import Plan, note_errors, thin, train
from prompts import Prompt
from rows import categories

HEADS = {"harm": 1, "category": len(categories()), "risk": 1}
Keep = Callable[[Judge, int], None] | None
UPSTREAMS = ("any", "chatgpt")


class Upstreams(nn.Module):
    """What each upstream adds to the refusal risk: ranks carry over between upstreams, levels don't."""

    def __init__(self) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(len(UPSTREAMS)))
        self.log_scale = nn.Parameter(torch.zeros(len(UPSTREAMS)))

    def forward(self, logit: Tensor, upstream: Tensor) -> Tensor:
        """The logit as this upstream would have it."""
        return logit * self.log_scale[upstream].exp() + self.bias[upstream]


def _margin(logits: Tensor, examples: list[Prompt]) -> Tensor:
    """Pairwise loss: within a minimal pair, every harmful row must outscore every harmless one."""
    members: dict[str, tuple[list[int], list[int]]] = {}
    for index, example in enumerate(examples):
        if example.pair:
            members.setdefault(example.pair, ([], []))[int(example.harm == 1)].append(index)
    losses = [
        functional.softplus(2.0 - (logits[bad] - logits[good]))
        for goods, bads in members.values()
        for good in goods
        for bad in bads
    ]
    return torch.stack(losses).mean() if losses else logits.sum() * 0.0


def losses(upstreams: Upstreams, margin: float = 0.3, smooth: float = 0.03):
    """The loss over all heads; an unknown label leaves its head alone."""

    def loss_of(outputs: tuple[Tensor, ...], examples: list[Prompt]) -> Tensor:
        harm, category, risk, _ = outputs
        harm, risk = harm.squeeze(-1), risk.squeeze(-1)
        weight = torch.tensor([example.weight for example in examples])

        target = torch.tensor([example.harm for example in examples])
        known = (target >= 0).float() * weight
        soft = target.clamp(0, 1) * (1 - 2 * smooth) + smooth
        each = functional.binary_cross_entropy_with_logits(harm, soft, reduction="none")
        note_errors(examples, (torch.sigmoid(harm) - target).abs() * (target >= 0))
        total = (each * known).sum() / known.sum().clamp(min=1.0) + margin * _margin(harm, examples)

        kind = torch.tensor([example.category for example in examples])
        sure = torch.tensor([example.category_weight for example in examples]) * (kind >= 0).float()
        each = functional.cross_entropy(category, kind.clamp(min=0), reduction="none")
        total = total + 0.2 * (each * sure).sum() / sure.sum().clamp(min=1.0)

        chance = torch.tensor([example.risk for example in examples])
        known = (chance >= 0).float()
        upstream = torch.tensor([UPSTREAMS.index(example.upstream) for example in examples])
        each = functional.binary_cross_entropy_with_logits(
            upstreams(risk, upstream), chance.clamp(0, 1), reduction="none"
        )
        return total + 0.4 * (each * known).sum() / known.sum().clamp(min=1.0)

    return loss_of


def fit(plan: Plan, everything: list[Prompt], start: Judge | None = None, keep: Keep = None) -> tuple[Judge, Upstreams]:
    """Trains on what is not held out, from `start` if given."""
    whole = source.units([prompt for prompt in everything if not prompt.held_out])

    def draw(random_: random.Random, epoch: int) -> tuple[list[list[Prompt]], list[list[str]]]:
        chosen = whole if epoch == 0 else thin(whole, random_, plan.later)
        return chosen, [[source.vary(prompt.text, random_) for prompt in unit] for unit in chosen]

    torch.manual_seed(plan.seed)
    upstreams = Upstreams()
    model = train(
        start or Judge(HEADS), draw, losses(upstreams), plan, upstreams, keep, lambda line: print(line, flush=True)
    )
    return model, upstreams
